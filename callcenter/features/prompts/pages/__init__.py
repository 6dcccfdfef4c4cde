"""What comes in over HTTP: the page of prompts and the API."""
