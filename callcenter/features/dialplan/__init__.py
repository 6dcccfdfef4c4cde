"""Brings the database's numbers, menus, queues and phones into Asterisk's configuration, and into the directory."""
