"""The calling page: one client after another, by hand (OUT-17 … OUT-22, OUT-28, OUT-29, OUT-31)."""
