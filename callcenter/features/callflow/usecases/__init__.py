"""What the page of the call flow shows and does."""
