"""Who looks, and what reaches him: an audience and its queue of ready-made stream frames."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple


class Audience(NamedTuple):
    """What a page may see: everything of the business, or (``sees_all`` False) only the calls of ``agent_id``."""

    business_id: int
    agent_id: int | None = None
    sees_all: bool = False
    language: str = "ru"


class Subscription:
    """Frames for one page, as ready bytes of a Server-Sent Events stream.

    ``async for frame in subscription`` waits for the next; the first is always a snapshot. A page that is too slow
    loses the deltas that wait for it and gets a fresh snapshot instead; of cards and notices the latest are kept. Call
    ``close`` (or use it as a context manager) at the end.
    """

    LIMIT = 64
    KEPT_NOTICES = 16

    def __init__(self, audience: Audience, snapshot: Callable[[], bytes], gone: Callable[[Subscription], None]) -> None:
        self.audience = audience
        # Whose page it is; not a part of the audience, so that all who see the same share what is made for it.
        self.membership_id: int | None = None
        self._snapshot = snapshot
        self._gone = gone
        self._frames: deque[tuple[bytes, bool]] = deque()
        self._stale = True
        self._closed = False
        self._wake: asyncio.Future[None] | None = None

    def put(self, frame: bytes, *, state: bool = True) -> None:
        """Adds a frame. ``state`` = a delta, which a later snapshot makes superfluous."""
        if self._closed or (state and self._stale):
            return
        self._frames.append((frame, state))
        if len(self._frames) > self.LIMIT:
            notices = [one for one in self._frames if not one[1]]
            self._frames = deque(notices[-self.KEPT_NOTICES :])
            self._stale = True
        self._ring()

    def close(self) -> None:
        """Ends the stream: the iteration stops, nothing more is queued."""
        if not self._closed:
            self._closed = True
            self._frames.clear()
            self._gone(self)
            self._ring()

    def _ring(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if self._closed:
                raise StopAsyncIteration
            if self._stale:
                # Until it is made, changes need not be queued: the snapshot holds them.
                snapshot = self._snapshot()
                self._stale = False
                return snapshot
            if self._frames:
                return self._frames.popleft()[0]
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
