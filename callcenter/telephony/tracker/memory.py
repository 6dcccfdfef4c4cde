"""A memory for what has ended lately, of a fixed size."""

from __future__ import annotations


class Recent:
    """The last ``size`` names that were added."""

    def __init__(self, size: int) -> None:
        self._names: dict[str, None] = {}
        self._size = size

    def add(self, name: str) -> None:
        """Remembers a name; the oldest one is forgotten when there are too many."""
        self._names[name] = self._names.pop(name, None)
        if len(self._names) > self._size:
            del self._names[next(iter(self._names))]

    def forget(self, name: str) -> None:
        """Takes a name back, because it proved alive."""
        self._names.pop(name, None)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)
