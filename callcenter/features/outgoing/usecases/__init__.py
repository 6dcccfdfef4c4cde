"""What people do with calls out: choose the caller ID, enter and confirm numbers."""
