"""The call log's writer: takes pictures of calls in memory and brings them into the database, whatever happens to it.

Nobody who gives a picture waits. Pictures of one call are merged while they wait, calls keep their order, and many are
written in one transaction. While the database is locked or away everything stays and is tried again, with growing
pauses. The memory is bounded: past ``LIMIT`` calls the oldest are left to Asterisk's journal, which brings them later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from callcenter.core.calls import Call
from callcenter.core.errors import NotFound
from callcenter.core.events import CallContact, CallEnded, CallLogged, CallUpdated
from callcenter.features.calls.rules import merging
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases.store import Written, store, without_lost_references
from callcenter.plugin import Services

log = logging.getLogger(__name__)

LIMIT = 20_000
BATCH = 500
# What will be refused however often it is tried.
HOPELESS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
GATHER, LONGEST_GATHER = 0.05, 0.5
"""Seconds to wait for more calls before a transaction; the longest wait keeps the log close behind."""
SHARE = 4.0
"""The wait is so many times the last transaction's length: the busier it is, the more calls share one."""
# A call's row is written when it begins and when its owner becomes known; all else comes with its end.
LOGGED = frozenset({"started", "answered", "transferred", "record_pause", "record_resume"})
PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)


class CallLog:
    """One per process (``services.part(CallLog, CallLog)``)."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.writing = asyncio.Lock()
        self.dropped = 0
        self._waiting: dict[str, Picture] = {}
        self._watched: dict[str, asyncio.Event] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        services.bus.buffer("call-log-writer", lambda: len(self._waiting), self.drained)
        # In the event's own turn: a call that has left memory is known here before anybody can ask for it.
        services.bus.listen(CallUpdated, self.updated)
        services.bus.listen(CallEnded, self.ended)

    def updated(self, event: CallUpdated) -> None:
        """Keeps a row for a call that goes on, so that nothing is unknown if the server dies."""
        if event.what in LOGGED:
            self.put(Picture(event.call, "live"))

    def ended(self, event: CallEnded) -> None:
        """Takes the whole call."""
        self.put(Picture(event.call, event.source))

    def put(self, picture: Picture) -> None:
        """Takes a picture; never waits, never fails."""
        call = picture.call
        self._waiting[call.id] = merging.merge(self._waiting.get(call.id), picture)
        if len(self._waiting) > LIMIT:
            self._drop_one()
        self._idle.clear()
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="call-log-writer")

    def waits(self, call_id: str) -> bool:
        """Whether something of this call is not yet in the database."""
        return call_id in self._waiting

    def unwritten(self, business_id: int, call_id: str) -> Call | None:
        """A call of which something is not yet in the database, as it was last seen."""
        found = self._waiting.get(call_id)
        return found.call if found is not None and found.call.business_id == business_id else None

    def unwritten_of(self, business_id: int, agent_id: int) -> list[str]:
        """The calls of an agent of which something is not yet in the database."""
        waiting = [one.call for one in self._waiting.values() if one.call.business_id == business_id]
        return [one.id for one in waiting if agent_id in (one.agent_id, *one.agents)]

    async def written(self, call_id: str) -> None:
        """Waits until everything that was taken of one call is in the database (or was left to the journal)."""
        while call_id in self._waiting:
            await self._watched.setdefault(call_id, asyncio.Event()).wait()

    async def drained(self) -> None:
        """Waits until everything that was taken is in the database."""
        await self._idle.wait()

    async def stop(self, timeout: float = 10.0) -> None:
        """Writes what waits (at most ``timeout`` seconds) and ends; what is left comes back from the journal."""
        try:
            async with asyncio.timeout(timeout):
                await self.drained()
        except TimeoutError:
            log.warning("%d calls are not in the database; the journal has them", len(self._waiting))
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def write(self, business_id: int, pictures: Sequence[Picture]) -> None:
        """Writes pictures of one business now, in one transaction, and tells what was written.

        Raises what the database raises.
        """
        async with self.writing:
            try:
                written = await self._transaction(business_id, pictures)
            except (IntegrityError, NotFound):
                sane = []
                async with self.services.db.business(business_id) as session:
                    for one in pictures:
                        sane.append(await without_lost_references(session, one))
                written = await self._transaction(business_id, sane)
        self._tell(written)

    async def _transaction(self, business_id: int, pictures: Sequence[Picture]) -> list[Written]:
        async with self.services.db.business(business_id) as session:
            return await store(session, pictures)

    def _tell(self, written: Sequence[Written]) -> None:
        now = self.services.clock.epoch()
        for call, made in written:
            if made is not None:
                event = CallContact(
                    at=now,
                    business_id=call.business_id,
                    call_id=call.id,
                    contact_id=made.id,
                    name=made.name,
                    position=made.position,
                    saved=made.saved,
                )
                self.services.bus.publish(event)
            ended = call.result is not None
            self.services.bus.publish(CallLogged(at=now, business_id=call.business_id, call_id=call.id, ended=ended))

    async def _run(self) -> None:
        failures, took = 0, 0.0
        clock = asyncio.get_running_loop().time
        while True:
            await self._wake.wait()
            if not self._waiting:
                self._wake.clear()
                self._idle.set()
                failures = 0
                continue
            if len(self._waiting) < BATCH:
                # A transaction costs ten times what a call in it costs: calls of one moment share one.
                await asyncio.sleep(min(max(GATHER, SHARE * took), LONGEST_GATHER))
            batch = self._next_batch()
            business_id = batch[0].call.business_id
            began = clock()
            try:
                await self.write(business_id, batch)
            except Exception as error:
                if not passes(error):
                    await self._one_by_one(business_id, batch)
                    continue
                pause = PAUSES[min(failures, len(PAUSES) - 1)]
                failures += 1
                if failures in (1, 10, 100):
                    log.warning("the call log waits for the database (%d calls): %s", len(self._waiting), error)
                await asyncio.sleep(pause)
                continue
            failures, took = 0, clock() - began
            self._forget(batch)

    async def _one_by_one(self, business_id: int, batch: list[Picture]) -> None:
        """Something in the batch cannot be stored at all: the rest must not suffer from it."""
        for one in batch:
            try:
                await self.write(business_id, [one])
            except Exception as error:
                if passes(error):
                    return
                log.exception("call %s cannot be stored", one.call.id)
            self._forget([one])

    def _next_batch(self) -> list[Picture]:
        batch: list[Picture] = []
        for one in self._waiting.values():
            if one.call.business_id == (batch or [one])[0].call.business_id:
                batch.append(one)
            if len(batch) == BATCH:
                break
        return batch

    def _forget(self, batch: Sequence[Picture]) -> None:
        for one in batch:
            # A newer picture may have come while this one was written.
            if self._waiting.get(one.call.id) is one:
                self._let_go(one.call.id)

    def _let_go(self, call_id: str) -> None:
        del self._waiting[call_id]
        if watched := self._watched.pop(call_id, None):
            watched.set()

    def _drop_one(self) -> None:
        running = (call_id for call_id, one in self._waiting.items() if one.call.result is None)
        victim = next(running, None) or next(iter(self._waiting))
        self._let_go(victim)
        self.dropped += 1
        if self.dropped in (1, 1000, 100_000):
            log.error("the call log's memory is full: %d calls are left to the journal", self.dropped)


def passes(error: Exception) -> bool:
    """Whether trying again may help: the database is locked, restarting or away."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or not isinstance(error, HOPELESS)
    if isinstance(error, OSError | TimeoutError | PoolTimeout):
        return True
    # asyncpg's own errors while it connects (the server is starting, shutting down) reach us unwrapped.
    return type(error).__module__.partition(".")[0] == "asyncpg"
