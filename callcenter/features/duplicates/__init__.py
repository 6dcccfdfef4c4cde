"""Finding, merging and deleting duplicates of clients and organisations."""
