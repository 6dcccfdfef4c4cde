"""Writes pictures of calls into the log: one row per call whatever comes, and a card for every unknown number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from babel.numbers import get_currency_precision
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call, Leg, Step
from callcenter.core.clock import utc
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents_api
from callcenter.features.calls.models import CallAgent, CallLeg, CallRecord, CallStep
from callcenter.features.calls.queries.spam import spam_numbers
from callcenter.features.calls.queries.stored import Stored, picture, stored
from callcenter.features.calls.rules import merging, rows
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases import messages
from callcenter.features.contacts import api as contacts
from callcenter.features.numbers import api as numbers_api
from callcenter.features.prices import api as prices
from callcenter.features.queues import api as queues_api
from callcenter.features.recordings import api as recordings
from callcenter.live.views import ContactBrief
from callcenter.storage.base import Base
from callcenter.storage.scope import insert_many


class Written(NamedTuple):
    """What came of one picture: the call as it now stands, and the card when one was made for it."""

    call: Call
    new_contact: ContactBrief | None


async def store(session: AsyncSession, pictures: Sequence[Picture], *, demo: bool = False) -> list[Written]:
    """Writes the pictures of calls of the session's business; the more complete one wins, known rows are changed.

    Several pictures of one call are fine. However many calls there are, the number of statements stays about the same.
    Nothing is committed here.
    """
    known = await stored(session, {one.call.id for one in pictures})
    merged: dict[str, Picture] = {}
    for new in pictures:
        there = known.get(new.call.id)
        before = merged.get(new.call.id) or (picture(there) if there else None)
        merged[new.call.id] = merging.merge(before, merging.normal(new))
    cards = await _cards(session, known, merged.values(), demo=demo)
    spam = await spam_numbers(session, {one.call.client_number for one in merged.values()})
    rates = await _rates(session, pictures[0].call.business_id) if any(p.call.result for p in merged.values()) else None
    ended = [one.call for one in merged.values() if one.call.result is not None]
    meant_for = await messages.meant_for(session, messages.with_message(ended))
    rows_to_add = _NewRows()
    last_calls: dict[int, datetime] = {}
    made: dict[int, datetime] = {}
    for one in merged.values():
        card = cards.get(one.call.client_number)
        columns = _columns(one) | ({"contact_id": card[0].id} if card and one.call.direction != "internal" else {})
        if contact_id := columns.get("contact_id"):
            for kept in (last_calls, made) if one.call.direction == "out" else (last_calls,):
                kept[contact_id] = max(columns["started_at"], kept.get(contact_id, columns["started_at"]))
        columns["spam"] = one.call.client_number in spam
        if rates and one.call.result is not None:
            columns["cost"] = prices.call_cost(rates.prices, one.call, rates.digits)
        there = known.get(one.call.id)
        if there is None:
            rows_to_add.calls.append({"id": one.call.id, "demo": demo, "contact_id": None, "cost": None, **columns})
        else:
            _set(there.record, columns)
        rows_to_add.agents += _agents(there, one.call, meant_for.get(one.call.id, ()))
        rows_to_add.legs += _legs(there, one.call)
        rows_to_add.steps += await _steps(session, there, one.call)
    await session.flush()
    await rows_to_add.insert(session)
    await contacts.calling.called(session, last_calls, made)
    # In this very transaction: a recording's files are looked after as soon as the call is known.
    await recordings.register(session, ended, meant_for)
    return [_written(one.call, cards) for one in merged.values()]


class _Rates(NamedTuple):
    """What calls cost, and how many digits the currency has after the point."""

    prices: list[prices.Price]
    digits: int


async def _rates(session: AsyncSession, business_id: int) -> _Rates | None:
    """The business's prices; None when it has none."""
    found = await prices.prices(session)
    if not found:
        return None
    business = await accounts.business(session, business_id)
    return _Rates(found, get_currency_precision(business.currency if business else "RUB"))


@dataclass
class _NewRows:
    """Rows to insert, table by table."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    agents: list[dict[str, Any]] = field(default_factory=list)
    legs: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)

    async def insert(self, session: AsyncSession) -> None:
        # Agents, legs and steps point at the call: it comes first.
        for table, found in (
            (CallRecord, self.calls),
            (CallAgent, self.agents),
            (CallLeg, self.legs),
            (CallStep, self.steps),
        ):
            if found:
                # Not the ORM's INSERT, which goes row by row.
                await session.run_sync(insert_many, table, found)


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


Cards = dict[str, tuple[ContactBrief, bool]]


async def _cards(
    session: AsyncSession, known: Mapping[str, Stored], pictures: Iterable[Picture], *, demo: bool
) -> Cards:
    """The cards of the numbers whose calls have none yet."""
    numbers: dict[str, datetime] = {}
    for call, _source in pictures:
        there = known.get(call.id)
        linked = there is not None and there.record.contact_id is not None
        if not linked and call.direction != "internal" and contacts.outside(call.client_number):
            at = utc(call.started_at)
            numbers[call.client_number] = min(at, numbers.get(call.client_number, at))
    return await contacts.ensure_contacts(session, numbers, demo=demo) if numbers else {}


def _written(call: Call, cards: Cards) -> Written:
    card, made = cards.get(call.client_number, (None, False))
    return Written(call, card if made and call.direction != "internal" else None)


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


def _agents(there: Stored | None, call: Call, meant_for: Collection[int]) -> list[dict[str, Any]]:
    """Who had to do with the call; those for whom a message was left have to call back, so it is theirs too."""
    talked = set(call.agents)
    involved = dict.fromkeys((*meant_for, *call.rung, *call.agents, *((call.agent_id,) if call.agent_id else ())))
    own = set(rows.responsible(((agent, agent in talked) for agent in involved), call.result == "answered"))
    known = {row.agent_id: row for row in there.agents} if there else {}
    new = []
    for agent_id in involved:
        columns = {"talked": agent_id in talked, "own": agent_id in own, "started_at": utc(call.started_at)}
        if agent_id in known:
            _set(known[agent_id], columns)
        else:
            new.append({"call_id": call.id, "agent_id": agent_id, **columns})
    return new


def _legs(there: Stored | None, call: Call) -> list[dict[str, Any]]:
    known = {leg.id: leg for leg in there.legs} if there else {}
    new = []
    for leg in call.legs:
        if leg.id in known:
            _set(known[leg.id], _leg_columns(leg))
        else:
            new.append({"call_id": call.id, "id": leg.id, **_leg_columns(leg)})
    return new


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


async def _steps(session: AsyncSession, there: Stored | None, call: Call) -> list[dict[str, Any]]:
    """A story only grows at its end while a call goes on; when it differs otherwise it is written anew."""
    told = there.steps if there else []
    kept = 0
    for row, step in zip(told, call.steps, strict=False):
        if not _same(row, step):
            break
        kept += 1
    for row in told[kept:]:
        await session.delete(row)
    return [
        {
            "call_id": call.id,
            "at": utc(step.at),
            "kind": step.kind,
            "agent_id": step.agent_id,
            "queue_id": step.queue_id,
            "text": step.text,
        }
        for step in call.steps[kept:]
    ]


def _same(row: CallStep, step: Step) -> bool:
    told = (row.kind, row.agent_id, row.queue_id, row.text) == (step.kind, step.agent_id, step.queue_id, step.text)
    return told and row.at == utc(step.at)


def _set(row: Base, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _utc(epoch: float | None) -> datetime | None:
    return None if epoch is None else utc(epoch)
