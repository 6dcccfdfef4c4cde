"""What is done with what is held on a person."""
