"""Clients and organisations from files, with a report of what was refused, and undo."""
