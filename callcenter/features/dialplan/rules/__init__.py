"""What a version of the routing is, what changed, what is wrong with it. Pure."""
