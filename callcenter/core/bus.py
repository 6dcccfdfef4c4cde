"""The event bus: synchronous listeners in the event's own turn, and handlers that each have one ordered queue.

A listener (``live``, the streams) must be quick, pure of I/O, and may not raise; a handler is a coroutine and may be
slow: it never delays the event path nor another handler, and it sees every event in order. A handler that raises is
logged and goes on with the next event; one that must not lose work keeps its own durable state and retries inside.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from callcenter.core.events import Event

log = logging.getLogger(__name__)
E = TypeVar("E", bound=Event)

BATCH = 500
"""So many things are done together at most (`Gathering`)."""


class Bus:
    """Delivers events by their exact type."""

    def __init__(self) -> None:
        self._listeners: dict[type[Event], list[Callable[[Any], None]]] = defaultdict(list)
        self._queues: dict[type[Event], list[_Worker]] = defaultdict(list)
        self._workers: dict[str, _Worker] = {}
        self._buffers: dict[str, tuple[Callable[[], int], Callable[[], Awaitable[None]]]] = {}

    def listen(self, kind: type[E], listener: Callable[[E], None]) -> None:
        """Calls ``listener`` in the event's own turn."""
        self._listeners[kind].append(listener)

    def handle(self, name: str, kind: type[E], handler: Callable[[E], Awaitable[None]]) -> None:
        """Gives ``handler`` each event of ``kind``, in order; all handlers of one ``name`` share one queue."""
        worker = self._workers.setdefault(name, _Worker(name))
        worker.handlers[kind] = handler
        self._queues[kind].append(worker)

    def publish(self, event: Event) -> None:
        """Delivers ``event``; never raises and never waits."""
        kind = type(event)
        for listener in self._listeners.get(kind, ()):
            try:
                listener(event)
            except Exception:
                log.exception("listener %r failed on %s", listener, kind.__name__)
        for worker in self._queues.get(kind, ()):
            worker.queue.put_nowait(event)

    def buffer(self, name: str, size: Callable[[], int], drained: Callable[[], Awaitable[None]]) -> None:
        """Makes known what a handler keeps after it returned: ``backlog`` and ``settle`` count it in."""
        self._buffers[name] = (size, drained)

    def backlog(self) -> dict[str, int]:
        """How many events wait for each handler; for ``doctor``, metrics and alerts."""
        waiting = {name: worker.queue.qsize() for name, worker in self._workers.items()}
        for name, (size, _) in self._buffers.items():
            waiting[name] = waiting.get(name, 0) + size()
        return waiting

    async def start(self) -> None:
        """Starts the handlers' workers."""
        for worker in self._workers.values():
            worker.task = asyncio.create_task(worker.run(), name=f"bus:{worker.name}")

    async def settle(self, timeout: float = 10.0) -> None:
        """Waits until every handler has done what was published so far; TimeoutError after ``timeout`` seconds."""
        async with asyncio.timeout(timeout):
            for worker in self._workers.values():
                await worker.queue.join()
            for _, drained in list(self._buffers.values()):
                await drained()

    async def stop(self, timeout: float = 10.0) -> None:
        """Lets handlers finish what is queued (at most ``timeout`` seconds), then ends them."""
        try:
            await self.settle(timeout)
        except TimeoutError:
            log.warning("handlers did not finish: %s", {k: v for k, v in self.backlog().items() if v})
        tasks = [worker.task for worker in self._workers.values() if worker.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Worker:
    def __init__(self, name: str) -> None:
        self.name = name
        self.handlers: dict[type[Event], Callable[[Any], Awaitable[None]]] = {}
        self.queue: asyncio.Queue[Event] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        while True:
            event = await self.queue.get()
            try:
                await self.handlers[type(event)](event)
            except Exception:
                log.exception("handler %s failed on %s", self.name, type(event).__name__)
            finally:
                self.queue.task_done()


class Owned(Protocol):
    """Something of one business."""

    @property
    def business_id(self) -> int:
        """Whose it is."""
        ...


T = TypeVar("T", bound=Owned)


class Gathering(Generic[T]):
    """What comes in a rush is done together: a transaction costs ten times what one thing more in it costs.

    Things wait ``seconds`` for others of their business and are then given to ``work``, in their order.

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
