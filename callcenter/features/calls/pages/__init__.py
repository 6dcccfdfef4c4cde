"""The call log over HTTP: the API (rest) and the pages (site)."""
