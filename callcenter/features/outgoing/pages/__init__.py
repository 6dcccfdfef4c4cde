"""Calls out and confirmations over HTTP."""
