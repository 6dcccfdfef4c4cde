"""What people and the dialer do with dial lists."""
