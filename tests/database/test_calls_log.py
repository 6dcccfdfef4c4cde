"""The call log's writer and its journal: nothing is lost, nothing is doubled, whatever the database does."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from callcenter.core.calls import Call, Step
from callcenter.core.events import CallContact, CallEnded, CallLogged, CallUpdated, LinkChanged
from callcenter.features.calls import handlers, jobs
from callcenter.features.calls.models import CallRecord, JournalPosition
from callcenter.features.calls.queries.stored import one, picture
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases import log as log_module
from callcenter.features.calls.usecases.journal import Completer, close_gone, complete
from callcenter.features.calls.usecases.log import CallLog
from callcenter.plugin import Services
from callcenter.telephony.service import JournalPosition as Position
from tests.support.call_log import AT, agent_leg, answered, call, missed, save
from tests.support.house import House


@pytest.fixture
async def writer(services: Services) -> AsyncIterator[CallLog]:
    found = services.part(CallLog, CallLog)
    yield found
    await found.stop(1)


async def results(services: Services, business_id: int) -> dict[str, str | None]:
    async with services.db.business(business_id) as session:
        return {record.id: record.result for record in await session.scalars(select(CallRecord))}


async def found_call(services: Services, business_id: int, call_id: str) -> Call:
    async with services.db.business(business_id) as session:
        rows = await one(session, call_id)
        assert rows is not None
        return picture(rows).call


class Journal:
    """Stands in for Asterisk's journal: hands out what it was given, in pieces, by position."""

    def __init__(self, services: Services, *pieces: list[Call]) -> None:
        self.pieces = list(pieces)
        self.asked: list[int] = []
        services.telephony.journal = object()  # type: ignore[assignment]
        services.telephony.journal_since = self.since  # type: ignore[method-assign]

    async def since(self, position: Position) -> tuple[list[Call], Position]:
        self.asked.append(position.offset)
        if position.offset >= len(self.pieces):
            return [], position
        return self.pieces[position.offset], Position(inode=7, offset=position.offset + 1)


async def test_events_become_rows_and_are_told(services: Services, house: House, writer: CallLog) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    told: list[Any] = []
    services.bus.listen(CallLogged, told.append)
    services.bus.listen(CallContact, told.append)
    writer.updated(CallUpdated(at=AT, call=call(business), what="started"))
    await writer.drained()
    assert await results(services, business) == {"1772442000.1": None}
    writer.ended(CallEnded(at=AT + 64, call=answered(business, agent)))
    await writer.drained()
    assert await results(services, business) == {"1772442000.1": "answered"}
    assert [type(event).__name__ for event in told] == ["CallContact", "CallLogged", "CallLogged"]
    assert (told[1].ended, told[2].ended) == (False, True)


async def test_while_the_database_is_locked_nothing_is_lost_and_the_order_stays(
    services: Services, house: House, writer: CallLog, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    business = house.businesses["a"]
    order: list[str] = []
    services.bus.listen(CallLogged, lambda event: order.append(event.call_id))
    release = await lock(services, database_kind)
    if database_kind == "sqlite":
        # The driver itself waits for the lock; here it gives up at once, so that our own retries are tried too.
        monkeypatch.setattr(log_module, "PAUSES", (0.01,))
    for number in range(300):
        writer.put(Picture(call(business, f"1.{number}"), "live"))
        if number % 2:
            writer.put(Picture(missed(business, call_id=f"1.{number}"), "live"))
    await asyncio.sleep(0.3)
    assert len(order) == 0
    assert services.bus.backlog()["call-log-writer"] == 300
    await release()
    await asyncio.wait_for(writer.drained(), 30)
    found = await results(services, business)
    assert len(found) == 300
    assert sum(result == "abandoned" for result in found.values()) == 150
    assert order == [f"1.{number}" for number in range(300)]


async def lock(services: Services, kind: str) -> Any:
    """Holds the calls' table so that nobody can write; gives what lets it go."""
    if kind == "postgresql":
        connection = await services.db.engine.connect()
        await connection.execute(text("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE"))

        async def release() -> None:
            await connection.rollback()
            await connection.close()

        return release
    file = services.db.engine.url.database
    other = sqlite3.connect(file or "", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")

    async def free() -> None:
        other.execute("ROLLBACK")
        other.close()

    return free


async def test_a_database_that_is_away_is_tried_again(
    services: Services, house: House, writer: CallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    business = house.businesses["a"]
    monkeypatch.setattr(log_module, "PAUSES", (0.01,))
    real, failures = (
        writer._transaction,
        [ConnectionRefusedError(), OperationalError("INSERT", {}, Exception("locked"))],
    )

    async def flaky(*arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(*arguments)

    monkeypatch.setattr(writer, "_transaction", flaky)
    writer.put(Picture(missed(business), "live"))
    await asyncio.wait_for(writer.drained(), 10)
    assert await results(services, business) == {"1772442000.1": "abandoned"}
    assert not failures


async def test_a_call_that_cannot_be_stored_does_not_hold_the_others_up(
    services: Services, house: House, writer: CallLog
) -> None:
    business = house.businesses["a"]
    writer.put(Picture(missed(business, call_id="1.1"), "live"))
    writer.put(Picture(missed(business, call_id="1.2", started_at=1e300), "live"))
    writer.put(Picture(missed(987654, call_id="1.3"), "live"))
    writer.put(Picture(missed(business, call_id="1.4"), "live"))
    await asyncio.wait_for(writer.drained(), 10)
    assert sorted(await results(services, business)) == ["1.1", "1.4"]


async def test_a_call_with_agents_queues_and_numbers_that_are_gone_is_kept(
    services: Services, house: House, writer: CallLog
) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    lost = answered(
        business,
        agent,
        "1.1",
        rung=(agent, 4242),
        queue_id=4243,
        number_id=4244,
        legs=(agent_leg("1.1", agent), agent_leg("1.1", 4242)),
    )
    writer.put(Picture(lost, "live"))
    await asyncio.wait_for(writer.drained(), 10)
    found = await found_call(services, business, "1.1")
    assert (found.agents, found.rung, found.queue_id, found.number_id) == ((agent,), (agent,), None, None)
    assert len(found.legs) == 2


async def test_the_memory_is_bounded_and_running_calls_go_first(
    services: Services, house: House, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    business = house.businesses["a"]
    monkeypatch.setattr(log_module, "LIMIT", 10)
    writer = CallLog(services)
    release = await lock(services, database_kind)
    for number in range(10):
        writer.put(Picture(missed(business, call_id=f"1.{number}"), "live"))
    writer.put(Picture(call(business, "2.1"), "live"))
    writer.put(Picture(missed(business, call_id="1.10"), "live"))
    assert services.bus.backlog()["call-log-writer"] == 10
    assert writer.dropped == 2
    await release()
    await asyncio.wait_for(writer.drained(), 30)
    assert sorted(await results(services, business)) == sorted(f"1.{number}" for number in range(1, 11))
    await writer.stop()


async def test_the_log_is_completed_from_the_journal_and_the_position_goes_along(
    services: Services, house: House
) -> None:
    business, other, agent = house.businesses["a"], house.businesses["b"], house.people["operator@a"].agent_id
    assert agent is not None
    await save(services.db, call(business, "1.1"))
    journal = Journal(
        services,
        [answered(business, agent, "1.1"), missed(other, call_id="1.2")],
        [missed(business, call_id=f"2.{number}") for number in range(450)],
    )
    assert await complete(services) == 452
    assert (await results(services, business))["1.1"] == "answered"
    assert len(await results(services, business)) == 451
    assert await results(services, other) == {"1.2": "abandoned"}
    async with services.db.system() as session:
        row = await session.scalar(select(JournalPosition))
        assert row is not None
        assert (row.inode, row.offset) == (7, 2)
    assert await complete(services) == 0
    assert journal.asked == [0, 1, 2, 2]


async def test_a_journal_that_breaks_off_is_read_again_without_doubling(services: Services, house: House) -> None:
    business = house.businesses["a"]
    journal = Journal(services, [missed(business, call_id="1.1")], [missed(business, call_id="1.2")])
    real = journal.since

    async def broken(position: Position) -> Any:
        if position.offset == 1:
            raise OSError("disk")
        return await real(position)

    services.telephony.journal_since = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="disk"):
        await complete(services)
    services.telephony.journal_since = real  # type: ignore[method-assign]
    assert await complete(services) == 1
    assert sorted(await results(services, business)) == ["1.1", "1.2"]
    async with services.db.system() as session:
        assert await session.scalar(select(func.count()).select_from(CallRecord)) == 2


async def test_live_and_journal_at_the_same_time_make_one_row(
    services: Services, house: House, writer: CallLog
) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    calls = [answered(business, agent, f"1.{number}") for number in range(40)]
    Journal(services, calls)
    for one_call in calls:
        writer.put(Picture(one_call, "live"))
    await complete(services)
    await asyncio.wait_for(writer.drained(), 30)
    found = await results(services, business)
    assert len(found) == 40
    assert set(found.values()) == {"answered"}


async def test_what_is_gone_from_asterisk_and_from_the_journal_is_closed(
    services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    talking = call(business, "1.2", agents=(agent,), answered_at=AT + 5, steps=(Step(at=AT + 9, kind="held"),))
    still = call(business, "1.3")
    await save(services.db, call(business, "1.1"), talking, still, call(business, "1.4", started_at=AT + 1000))
    monkeypatch.setattr(services.live, "call", lambda _business, call_id: still if call_id == "1.3" else None)
    assert await close_gone(services, before=AT + 500) == 2
    assert await results(services, business) == {"1.1": "failed", "1.2": "answered", "1.3": None, "1.4": None}
    closed = await found_call(services, business, "1.2")
    assert (closed.ended_at, closed.cause, closed.hangup_by) == (AT + 9, 41, "system")
    # The journal, when it comes after all, knows better.
    Journal(services, [answered(business, agent, "1.1")])
    await complete(services)
    assert (await results(services, business))["1.1"] == "answered"


async def test_when_the_link_is_back_the_journal_is_read(services: Services, house: House) -> None:
    business = house.businesses["a"]
    await save(services.db, call(business, "1.1"), call(business, "1.2"))
    Journal(services, [missed(business, call_id="1.1")])
    await handlers.link_changed(services, LinkChanged(at=AT + 1, up=False))
    assert "1.1" in await results(services, business)
    await handlers.link_changed(services, LinkChanged(at=AT + 500, up=True))
    completer = services.part(Completer, Completer)
    assert completer._task is not None
    await asyncio.wait_for(completer._task, 10)
    assert await results(services, business) == {"1.1": "abandoned", "1.2": "failed"}


async def test_the_database_keeps_to_its_indexes_when_the_log_is_large(
    services: Services, house: House, database_kind: str
) -> None:
    business = house.businesses["a"]
    await save(services.db, *(missed(business, (1,), call_id=f"1.{number}") for number in range(2)))
    await jobs.keep_statistics(services)
    if database_kind == "sqlite":
        async with services.db.engine.connect() as connection:
            known = await connection.execute(text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'call_agents'"))
            assert known.scalar()
