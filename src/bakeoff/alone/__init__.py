"""What can be used without a run: the training loop on any network, and its state on disk."""
