"""Asterisk's configuration as data: the model, its rendering into files, and their application."""
