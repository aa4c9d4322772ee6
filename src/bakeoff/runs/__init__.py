"""The run folder: one way in, one way out."""
