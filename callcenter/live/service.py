"""The live picture of every business, and the streams that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callcenter.core.bus import Bus
from callcenter.core.calls import Call
from callcenter.core.clock import Clock, utc
from callcenter.core.directory import Directory
from callcenter.live.audience import Audience, Subscription
from callcenter.live.views import AgentView, Snapshot

Translate = Callable[[str, str, dict[str, Any]], str]
"""``translate(language, key, values)`` → the text in that language."""


def _english(_language: str, key: str, values: dict[str, Any]) -> str:
    return key % values if values else key


class Live:
    """Calls, agents and queues of every business now; hands snapshots and deltas to subscribers.

    ``translate`` turns an alert's message into the reader's language. Made by the composition root, which calls
    ``set_directory``, then ``start`` and ``stop``.
    """

    def __init__(self, bus: Bus, clock: Clock, translate: Translate = _english) -> None:
        self._bus = bus
        self._clock = clock
        self._translate = translate
        self._directory = Directory()

    async def start(self) -> None:
        """Starts the clockwork: wrap-ups that end, midnight, batches of deltas."""

    async def stop(self) -> None:
        """Ends the clockwork and all subscriptions."""

    def set_directory(self, directory: Directory) -> None:
        """Takes over new names, members and settings."""
        self._directory = directory

    def subscribe(self, audience: Audience) -> Subscription:
        """A stream for one page; its first frame is a snapshot."""
        return Subscription(audience, lambda: b"", lambda _gone: None)

    def snapshot(self, audience: Audience) -> Snapshot:
        """Everything that ``audience`` may see now."""
        now = utc(self._clock.epoch()).isoformat().replace("+00:00", "Z")
        return Snapshot(rev=0, now=now, link_up=False, calls={}, agents={}, queues={})

    def call(self, business_id: int, call_id: str) -> Call | None:
        """A call that goes on in this business, or None."""
        return None

    def calls_of(self, business_id: int) -> list[Call]:
        """The calls that go on in this business, oldest first."""
        return []

    def agent(self, business_id: int, agent_id: int) -> AgentView | None:
        """An agent of this business now, or None."""
        return None
