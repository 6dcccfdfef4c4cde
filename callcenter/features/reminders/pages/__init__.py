"""Reminders over HTTP."""
