"""Writes pictures of calls into the log: one row per call whatever comes, and a card for every unknown number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call, Leg, Step
from callcenter.core.clock import utc
from callcenter.features.agents import api as agents_api
from callcenter.features.calls.models import CallAgent, CallLeg, CallRecord, CallStep
from callcenter.features.calls.queries.stored import Stored, legs_by_id, picture, stored
from callcenter.features.calls.rules import merging, rows
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.contacts import api as contacts
from callcenter.features.numbers import api as numbers_api
from callcenter.features.queues import api as queues_api
from callcenter.features.recordings import api as recordings
from callcenter.live.views import ContactBrief
from callcenter.storage.base import Base


class Written(NamedTuple):
    """What came of one picture: the call as it now stands, and the card when one was made for it."""

    call: Call
    new_contact: ContactBrief | None


async def store(session: AsyncSession, pictures: Sequence[Picture], *, demo: bool = False) -> list[Written]:
    """Writes the pictures of calls of the session's business; the more complete one wins, known rows are changed.

    Several pictures of one call are fine. Nothing is committed here.
    """
    known = await stored(session, [one.call.id for one in pictures])
    legs = await legs_by_id(session, [leg.id for one in pictures for leg in one.call.legs])
    written = []
    for new in pictures:
        there = known.get(new.call.id)
        merged = merging.merge(picture(there) if there else None, merging.normal(new))
        if there is None:
            record = CallRecord(id=merged.call.id, demo=demo)
            there = known[new.call.id] = Stored(record, [], [], [])
        _set(there.record, _columns(merged))
        made = await _link_contact(session, there.record, merged.call, demo=demo)
        session.add(there.record)
        # Legs, agents and steps point at the call: it must be there first.
        await session.flush()
        _write_agents(session, there, merged.call)
        _write_legs(session, legs, merged.call)
        await _write_steps(session, there, merged.call.steps)
        if merged.call.result is not None:
            # In this very transaction: a recording's files are looked after as soon as the call is known.
            await recordings.register(session, merged.call)
        written.append(Written(merged.call, made))
    await session.flush()
    return written


async def without_lost_references(session: AsyncSession, one: Picture) -> Picture:
    """The picture without agents, queues and numbers that exist no more (an old call may name deleted ones)."""
    call = one.call
    mentioned = {*call.agents, *call.rung, call.agent_id, *(leg.agent_id for leg in call.legs)}
    agents = await agents_api.by_ids(session, {agent for agent in mentioned if agent is not None})
    queues = await queues_api.briefs(session, {call.queue_id} if call.queue_id is not None else ())
    numbers = await numbers_api.briefs(session, {call.number_id} if call.number_id is not None else ())
    changed: dict[str, Any] = {
        "agents": tuple(a for a in call.agents if a in agents),
        "rung": tuple(a for a in call.rung if a in agents),
        "agent_id": call.agent_id if call.agent_id in agents else None,
        "queue_id": call.queue_id if call.queue_id in queues else None,
        "number_id": call.number_id if call.number_id in numbers else None,
        "legs": tuple(replace(leg, agent_id=leg.agent_id if leg.agent_id in agents else None) for leg in call.legs),
    }
    return Picture(replace(call, **changed), one.source)


async def _link_contact(session: AsyncSession, record: CallRecord, call: Call, *, demo: bool) -> ContactBrief | None:
    number = merging.clean(call.client_number, 80)
    if record.contact_id is not None or call.direction == "internal" or not contacts.outside(number):
        return None
    brief, made = await contacts.ensure_contact(session, number, utc(call.started_at), demo=demo)
    record.contact_id = brief.id
    return brief if made else None


def _columns(one: Picture) -> dict[str, Any]:
    call = one.call
    return {
        "direction": call.direction,
        "result": call.result,
        "from_number": call.from_number,
        "from_name": call.from_name,
        "to_number": call.to_number,
        "client_number": call.client_number,
        "number_id": call.number_id,
        "trunk_id": call.trunk_id,
        "queue_id": call.queue_id,
        "agent_id": call.agent_id,
        "started_at": utc(call.started_at),
        "queued_at": _utc(call.queued_at),
        "answered_at": _utc(call.answered_at),
        "ended_at": _utc(call.ended_at),
        "wait_seconds": call.wait_seconds,
        "talk_seconds": call.talk_seconds,
        "hold_seconds": call.hold_seconds,
        "cause": call.cause,
        "hangup_by": call.hangup_by,
        "click_to_dial": call.click_to_dial,
        "source": one.source,
    }


def _write_agents(session: AsyncSession, there: Stored, call: Call) -> None:
    talked = set(call.agents)
    involved = dict.fromkeys((*call.rung, *call.agents, *((call.agent_id,) if call.agent_id else ())))
    own = set(rows.responsible(((agent, agent in talked) for agent in involved), call.result == "answered"))
    known = {agent.agent_id: agent for agent in there.agents}
    for agent_id in involved:
        row = known.get(agent_id)
        if row is None:
            row = CallAgent(call_id=call.id, agent_id=agent_id)
            there.agents.append(row)
        _set(row, {"talked": agent_id in talked, "own": agent_id in own, "started_at": utc(call.started_at)})
        session.add(row)


def _write_legs(session: AsyncSession, known: dict[str, CallLeg], call: Call) -> None:
    for leg in call.legs:
        row = known.get(leg.id)
        if row is None:
            row = known[leg.id] = CallLeg(id=leg.id)
        # A transfer may join two calls: the leg then belongs to the call that goes on.
        _set(row, {"call_id": call.id, **_leg_columns(leg)})
        session.add(row)


def _leg_columns(leg: Leg) -> dict[str, Any]:
    return {
        "role": leg.role,
        "agent_id": leg.agent_id,
        "address": leg.address,
        "channel": leg.channel,
        "started_at": utc(leg.started_at),
        "ringing_at": _utc(leg.ringing_at),
        "answered_at": _utc(leg.answered_at),
        "ended_at": _utc(leg.ended_at),
        "cause": leg.cause,
    }


async def _write_steps(session: AsyncSession, there: Stored, steps: tuple[Step, ...]) -> None:
    """A story only grows at its end while a call goes on; when it differs otherwise it is written anew."""
    kept = 0
    for row, step in zip(there.steps, steps, strict=False):
        if _same(row, step):
            kept += 1
        else:
            break
    for row in there.steps[kept:]:
        await session.delete(row)
    del there.steps[kept:]
    for step in steps[kept:]:
        row = CallStep(
            call_id=there.record.id,
            at=utc(step.at),
            kind=step.kind,
            agent_id=step.agent_id,
            queue_id=step.queue_id,
            text=step.text,
        )
        session.add(row)
        there.steps.append(row)


def _same(row: CallStep, step: Step) -> bool:
    told = (row.kind, row.agent_id, row.queue_id, row.text) == (step.kind, step.agent_id, step.queue_id, step.text)
    return told and row.at == utc(step.at)


def _set(row: Base, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _utc(epoch: float | None) -> datetime | None:
    return None if epoch is None else utc(epoch)
