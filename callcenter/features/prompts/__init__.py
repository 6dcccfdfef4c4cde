"""Prompts: the sound files that callers hear, uploaded, spoken from a text or recorded by phone."""
