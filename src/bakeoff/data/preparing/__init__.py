"""What is fitted on training rows."""
