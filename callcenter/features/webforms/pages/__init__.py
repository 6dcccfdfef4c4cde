"""Web forms over HTTP."""
