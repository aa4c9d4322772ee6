"""What models see."""
