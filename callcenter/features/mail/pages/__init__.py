"""Mail over HTTP: servers, letters, files."""
