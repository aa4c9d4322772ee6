"""Which rows train, stop and judge; what would leak between them."""
