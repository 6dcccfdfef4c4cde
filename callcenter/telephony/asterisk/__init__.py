"""A real Asterisk on this machine: find or make it, give it directories of its own, start and stop it."""
