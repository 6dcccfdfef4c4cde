"""Sign-in, profile, sign-ins and tokens: pages and their API."""
