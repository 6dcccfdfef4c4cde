"""Call-back in place of waiting in a queue."""
