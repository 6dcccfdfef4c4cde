"""What is done with duplicates: found, ticked, merged, deleted, told of."""
