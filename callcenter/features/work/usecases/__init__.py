"""What happens with background jobs."""
