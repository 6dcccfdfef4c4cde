"""The door to the search for other features: they add what they want to be found (deals, tasks, orders)."""

from __future__ import annotations

from callcenter.features.search.usecases import Hit, Source, add_source

__all__ = ["Hit", "Source", "add_source"]
