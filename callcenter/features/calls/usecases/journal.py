"""Completes the log from Asterisk's own durable journal: calls that the server did not see, or saw only in part."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.features.calls.models import JournalPosition as PositionRow
from callcenter.features.calls.queries.stored import open_calls, picture, stored
from callcenter.features.calls.rules import merging
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases.log import CallLog, passes
from callcenter.plugin import Services
from callcenter.telephony.service import JournalPosition

log = logging.getLogger(__name__)

CHUNK = 200
# There is one Asterisk, so one journal.
FILE = "cel"


class Completer:
    """Runs one completion at a time; asking again while one runs makes one more run after it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._running = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._asked: float | None = None

    def soon(self, before: float) -> None:
        """Begins a completion and returns; calls from before ``before`` (epoch) that are gone get closed."""
        self._asked = max(before, self._asked or before)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="call-log-completer")

    async def now(self, before: float | None) -> int:
        """Completes the log; ``before`` as in ``soon``, None = close nothing. Says how many calls were read."""
        async with self._running:
            count = await complete(self.services)
            if before is not None and self.services.telephony.up:
                await close_gone(self.services, before)
            return count

    async def stop(self) -> None:
        """Ends what runs; the journal's position is safe."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while self._asked is not None:
            before, self._asked = self._asked, None
            try:
                await self.now(before)
            except Exception:
                # The minute's job tries again.
                log.exception("the call log could not be completed from the journal")


async def complete(services: Services) -> int:
    """Reads the journal on from where it was read last and stores what it tells; gives the number of calls.

    A position is saved only after the calls before it, so a break in between repeats work and loses none.
    """
    if services.telephony.journal is None:
        return 0
    count = 0
    position = await _position(services)
    while True:
        calls, after = await services.telephony.journal_since(position)
        await _store(services, calls, after)
        count += len(calls)
        if after == position:
            return count
        position = after


async def close_gone(services: Services, before: float) -> int:
    """Ends the log's calls from before ``before`` that go on neither in Asterisk nor wait to be written.

    Only to be called when the journal has been read and Asterisk's state is known.
    """
    writer = services.part(CallLog, CallLog)
    closed = 0
    async with services.db.system() as session:
        ids = await open_calls(session, utc(before))
        rows = await stored(session, ids) if ids else {}
    for there in rows.values():
        call = picture(there).call
        if services.live.call(call.business_id, call.id) is not None or writer.waits(call.id):
            continue
        await writer.write(call.business_id, [merging.close_lost(call)])
        closed += 1
    if closed:
        log.info("%d calls of the log were gone from Asterisk and are closed", closed)
    return closed


async def _store(services: Services, calls: list[Call], after: JournalPosition) -> None:
    """Calls by business in pieces; the position is saved only when all of them stand in the log."""
    by_business: dict[int, list[Picture]] = {}
    for call in calls:
        by_business.setdefault(call.business_id, []).append(Picture(call, "journal"))
    writer = services.part(CallLog, CallLog)
    for business_id, pictures in by_business.items():
        for start in range(0, len(pictures), CHUNK):
            await _write(writer, business_id, pictures[start : start + CHUNK])
    async with services.db.system() as session:
        await _save_position(session, after)


async def _write(writer: CallLog, business_id: int, pictures: list[Picture]) -> None:
    try:
        await writer.write(business_id, pictures)
        return
    except Exception as error:
        if passes(error):
            raise
    # One of them cannot be stored at all; it must not keep the others, nor the journal, back.
    for one in pictures:
        try:
            await writer.write(business_id, [one])
        except Exception as error:
            if passes(error):
                raise
            log.exception("call %s of the journal cannot be stored", one.call.id)


async def _position(services: Services) -> JournalPosition:
    async with services.db.system() as session:
        row = await session.get(PositionRow, FILE)
    return JournalPosition(inode=row.inode, offset=row.offset) if row else JournalPosition()


async def _save_position(session: AsyncSession, after: JournalPosition) -> None:
    row = await session.get(PositionRow, FILE)
    if row is None:
        row = PositionRow(file=FILE, inode=after.inode, offset=after.offset)
        session.add(row)
    elif (row.inode, row.offset) != (after.inode, after.offset):
        row.inode, row.offset = after.inode, after.offset
