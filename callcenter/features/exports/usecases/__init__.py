"""What is done with exports."""
