"""What people do with prompts."""
