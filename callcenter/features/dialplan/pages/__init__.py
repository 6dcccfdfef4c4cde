"""The routing over HTTP: the page and the API."""
