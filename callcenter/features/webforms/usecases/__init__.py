"""What is done with web forms."""
