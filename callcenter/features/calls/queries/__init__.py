"""Reads of the call log: whole calls (stored), lists and counts (lists), and the shapes that people get (views)."""
