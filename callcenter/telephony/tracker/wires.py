"""Local channels: pairs of halves that connect two bridges, until Asterisk optimises them away."""

from __future__ import annotations


class Wires:
    """Which bridges are one conversation because wires run between them. False when there are no wires."""

    def __init__(self) -> None:
        self._other: dict[str, str] = {}
        self._bridge: dict[str, str] = {}
        self._told: dict[str, dict[str, str]] = {}

    def __bool__(self) -> bool:
        return bool(self._bridge)

    def tell(self, call_id: str, name: str, value: str) -> None:
        """A variable that was set on a wire, before any telephone of its call was there."""
        self._told.setdefault(call_id, {})[name] = value

    def told(self, call_id: str) -> dict[str, str]:
        """The variables that wires hold for a call; gives them away."""
        return self._told.pop(call_id, {})

    def touch(self, half: str) -> None:
        """A half of a Local channel is there."""
        self._bridge.setdefault(half, "")

    def lay(self, one: str, two: str) -> None:
        """The two halves of one Local channel."""
        self._other[one], self._other[two] = two, one
        self.touch(one)
        self.touch(two)

    def enter(self, half: str, bridge: str) -> bool:
        """A half came into a bridge; False when this is no wire."""
        if half not in self._bridge:
            return False
        self._bridge[half] = bridge
        return True

    def leave(self, half: str, bridge: str) -> bool:
        """A half left a bridge; False when this is no wire."""
        if half not in self._bridge:
            return False
        if self._bridge[half] == bridge:
            self._bridge[half] = ""
        return True

    def drop(self, half: str) -> bool:
        """A half is gone; False when this was no wire."""
        self._other.pop(half, None)
        was = self._bridge.pop(half, None) is not None
        if not self._bridge:
            self._told.clear()
        return was

    def rebridge(self, gone: str, into: str) -> None:
        """What was in one bridge is in another now ('' = in none)."""
        for half, bridge in self._bridge.items():
            if bridge == gone:
                self._bridge[half] = into

    def clear(self, alive: set[str]) -> None:
        """Forgets all halves but those that are still there."""
        self._bridge = {half: bridge for half, bridge in self._bridge.items() if half in alive}
        self._other = {half: other for half, other in self._other.items() if half in alive}
        self._told.clear()

    def home(self, bridge: str) -> str:
        """One name for all bridges that wires connect with ``bridge``."""
        if not self._bridge:
            return bridge
        seen = {bridge}
        todo = [bridge]
        while todo:
            here = todo.pop()
            for half, where in self._bridge.items():
                if where != here:
                    continue
                there = self._bridge.get(self._other.get(half, ""), "")
                if there and there not in seen:
                    seen.add(there)
                    todo.append(there)
        return min(seen)
