"""Reads of cards for finding duplicates, and of what was found."""
