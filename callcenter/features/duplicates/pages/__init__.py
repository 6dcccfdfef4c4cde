"""Duplicates over HTTP: the API and the page."""
