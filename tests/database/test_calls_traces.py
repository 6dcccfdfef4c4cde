"""Recorded calls of a real Asterisk, live and from its journal, in the log: one row each, whichever comes first."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest

from callcenter.core.calls import Call
from callcenter.core.events import CallEnded, CallUpdated
from callcenter.features.agents.models import Agent
from callcenter.features.calls.queries.stored import picture, stored
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases.log import CallLog
from callcenter.features.numbers.models import Number
from callcenter.features.queues.models import Queue
from callcenter.plugin import Services
from callcenter.telephony.cel_file import JournalPosition, rows
from callcenter.telephony.journal import completed_calls
from tests.support.house import NOW, House
from tests.traces import replay

NAMES = sorted({path.name.removesuffix(".cel.gz") for path in replay.HERE.glob("*.cel.gz")} & set(replay.names()))


def journal(name: str, folder: Path) -> list[Call]:
    file = folder / f"{name}.csv"
    file.write_bytes(gzip.decompress((replay.HERE / f"{name}.cel.gz").read_bytes()))
    return completed_calls(rows(file, JournalPosition())[0], replay.DIRECTORY)


async def furnish(services: Services, house: House) -> int:
    """The agents, queues and numbers of the recorded installation."""
    business = house.businesses["a"]
    assert business == 1
    members = [house.people[f"{role}@a"].membership_id for role in ("owner", "administrator", "guest")]
    async with services.db.system() as session:
        session.add_all(
            Agent(
                id=one.id,
                business_id=business,
                membership_id=member,
                name=one.name,
                short_number=str(one.id + 300),
                wanted_since=NOW,
            )
            for one, member in zip(replay.DIRECTORY.agents.values(), members, strict=True)
        )
        session.add_all(
            Queue(id=one.id, business_id=business, name=one.name, created_at=NOW)
            for one in replay.DIRECTORY.queues.values()
        )
        session.add_all(
            Number(id=one.id, business_id=business, e164=one.e164, title=one.title, kind=one.kind, created_at=NOW)
            for one in replay.DIRECTORY.numbers.values()
        )
    return business


async def logged(services: Services, business: int, ids: list[str]) -> dict[str, Call]:
    async with services.db.business(business) as session:
        return {one: picture(found).call for one, found in (await stored(session, ids)).items()}


async def state(services: Services, business: int, ids: list[str]) -> list[tuple[Any, ...]]:
    """Every row of these calls, to see that nothing was added."""
    async with services.db.business(business) as session:
        return [
            (one, len(rows.agents), [leg.id for leg in rows.legs], [step.id for step in rows.steps])
            for one, rows in sorted((await stored(session, ids)).items())
        ]


def told(call: Call) -> dict[str, Any]:
    """What people read in the log."""
    return {
        "result": call.result,
        "direction": call.direction,
        "client": call.client_number,
        "agents": set(call.agents),
        "involved": {*call.rung, *call.agents, call.agent_id} - {None},
        "queue": call.queue_id,
        "number": call.number_id,
        "answered": None if call.answered_at is None else round(call.answered_at),
    }


@pytest.mark.parametrize("first", ["live", "journal"])
async def test_a_recorded_call_is_one_row_whoever_tells_it_first(
    services: Services, house: House, tmp_path: Path, first: str
) -> None:
    business = await furnish(services, house)
    writer = services.part(CallLog, CallLog)
    assert len(NAMES) > 20
    for name in NAMES:
        events = replay.replay(replay.events(name))
        seen = {event.call.id: event.call for event in events if isinstance(event, CallEnded)}
        known = journal(name, tmp_path)
        if first == "journal":
            await writer.write(business, [Picture(call, "journal") for call in known])
        for event in events:
            if isinstance(event, CallUpdated):
                writer.updated(event)
            elif isinstance(event, CallEnded):
                writer.ended(event)
        await asyncio.wait_for(writer.drained(), 10)
        if first == "live":
            await writer.write(business, [Picture(call, "journal") for call in known])
        # The stream and the journal of a scenario may be of two recordings; then they are calls of their own.
        expected = {call.id: call for call in known} | seen
        found = await logged(services, business, list(expected))
        assert {one: told(call) for one, call in found.items()} == {
            one: told(call) for one, call in expected.items()
        }, name
        for call_id, call in expected.items():
            # A leg that a transfer took away stays in the story of the call that it was in.
            assert {leg.id for leg in found[call_id].legs} >= {leg.id for leg in call.legs}, name
            assert found[call_id].talk_seconds == pytest.approx(call.talk_seconds, abs=0.5), name
            assert [step.kind for step in found[call_id].steps] == [step.kind for step in call.steps], name
        before = await state(services, business, list(expected))
        for one in expected.values():
            await writer.write(business, [Picture(one, "journal")])
        assert await state(services, business, list(expected)) == before, name
    await writer.stop()
