"""Left pages: every architecture in PyTorch, one file each, and the loop that trains them."""
