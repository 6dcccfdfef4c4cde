"""What the dialer decides. Pure."""
