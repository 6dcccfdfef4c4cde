"""A supervisor's hand: listen, whisper and join; hang up, redirect and reorder calls."""
