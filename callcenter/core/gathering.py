"""What comes in a rush is done together: a transaction costs ten times what one thing more in it costs."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Generic, Protocol, TypeVar

from callcenter.core.bus import Bus

log = logging.getLogger(__name__)

BATCH = 500
"""So many are done together at most."""


class Owned(Protocol):
    """Something of one business."""

    @property
    def business_id(self) -> int:
        """Whose it is."""
        ...


T = TypeVar("T", bound=Owned)


class Gathering(Generic[T]):
    """Things wait ``seconds`` for others of their business and are then given to ``work``, in their order.

    Nobody who puts something in waits. ``work`` that raises is logged, and those after it go on. The bus counts what
    waits by ``name``.
    """

    def __init__(self, bus: Bus, name: str, seconds: float, work: Callable[[int, list[T]], Awaitable[None]]) -> None:
        self._name, self._seconds, self._work = name, seconds, work
        self._waiting: deque[T] = deque()
        self._task: asyncio.Task[None] | None = None
        bus.buffer(name, lambda: len(self._waiting), self.drained)

    def put(self, one: T) -> None:
        """Takes one; never waits."""
        self._waiting.append(one)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=self._name)

    async def drained(self) -> None:
        """Waits until everything that was taken is done (or given up)."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._seconds)
            together: dict[int, list[T]] = {}
            for one in islice(self._waiting, BATCH):
                together.setdefault(one.business_id, []).append(one)
            for business_id, some in together.items():
                try:
                    await self._work(business_id, some)
                except Exception:
                    log.exception("%s: %d were not done", self._name, len(some))
            # Only now: until then they count as waiting.
            for _ in range(sum(map(len, together.values()))):
                self._waiting.popleft()
