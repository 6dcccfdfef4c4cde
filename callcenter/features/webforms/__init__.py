"""Clients from sites: the form to embed (CON-23, API-02) and the address of a list (API-01)."""
