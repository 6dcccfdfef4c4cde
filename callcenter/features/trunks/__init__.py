"""Lines to operators and own PBXs: connecting, trying, changing and disconnecting them."""
