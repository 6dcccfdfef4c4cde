"""Dial lists and the dialer: whom to call, and when."""
