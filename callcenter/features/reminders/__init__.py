"""Reminders: at a time, to oneself or a colleague, of a client or a call (OUT-39)."""
