"""Long work in the background: with progress, at a chosen time, to be cancelled, going on after a restart."""
