"""What people and calls do with clients."""
