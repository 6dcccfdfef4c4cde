"""Dial lists over HTTP."""
