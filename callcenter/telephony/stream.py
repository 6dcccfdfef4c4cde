"""One bounded queue between the wire and the tracker: keeps the order, waits during a resync, never raises."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from callcenter.telephony.protocol import Fields

log = logging.getLogger(__name__)

# How many events are worked off in one turn of the loop, so that pages and commands are not kept waiting.
BATCH = 200


class EventStream:
    """Events go in by ``put`` and out to ``consume``, one by one and in order.

    ``hold`` keeps them back (a resync reads the state), ``release`` lets them go. When more than ``limit`` wait,
    everything is thrown away and ``overflow`` is called: the state has to be read anew.
    """

    def __init__(self, consume: Callable[[Fields], None], overflow: Callable[[], None], limit: int = 100_000) -> None:
        self._consume = consume
        self._overflow = overflow
        self._limit = limit
        self._waiting: deque[Fields] = deque()
        self._held = True
        self._scheduled = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, events: list[Fields]) -> None:
        """Takes events from the wire."""
        self._waiting.extend(events)
        if len(self._waiting) > self._limit:
            log.error("%d telephony events wait unread: they are dropped, the state is read anew", len(self))
            self.clear()
            self._held = True
            self._overflow()
        elif not self._held:
            self._schedule()

    def clear(self) -> None:
        """Forgets what waits."""
        self._waiting.clear()

    def hold(self) -> None:
        """Keeps events back from now on."""
        self._held = True

    def release(self) -> None:
        """Lets events go, those that waited first (as many as there are, in this very turn)."""
        self._held = False
        self._work(len(self._waiting))
        self._schedule()

    def _schedule(self) -> None:
        if self._waiting and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        if not self._held:
            self._work(BATCH)
            self._schedule()

    def _work(self, most: int) -> None:
        waiting, consume = self._waiting, self._consume
        while waiting and most > 0 and not self._held:
            most -= 1
            fields = waiting.popleft()
            try:
                consume(fields)
            except Exception:
                # One strange event must not take the others with it.
                log.exception("telephony event was skipped: %s", fields)
