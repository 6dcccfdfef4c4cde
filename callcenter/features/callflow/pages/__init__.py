"""The call flow over HTTP: the page of voice menus, simulated callers."""
