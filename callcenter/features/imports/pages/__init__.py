"""Imports over HTTP: the wizard's pages and the API."""
