"""Clients over HTTP. Each module ends with its ROUTES, which the plugin gathers."""
