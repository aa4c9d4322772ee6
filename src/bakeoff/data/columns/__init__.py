"""What each column holds."""
