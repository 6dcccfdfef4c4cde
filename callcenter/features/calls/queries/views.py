"""Calls in the shapes that people get: the API's CallView, the list's row, the detail with legs and story."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call, Direction, Result
from callcenter.core.clock import utc
from callcenter.core.phones import shown
from callcenter.features.agents import api as agents
from callcenter.features.calls.models import CallAgent, CallLeg, CallRecord, CallStep
from callcenter.features.calls.queries.outcomes import outcomes_of
from callcenter.features.calls.rules import rows
from callcenter.features.contacts import api as contacts
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.features.recordings import api as recordings
from callcenter.live.views import (
    AgentBrief,
    CallView,
    ContactBrief,
    NumberBrief,
    OutcomeBrief,
    QueueBrief,
    RecordingBrief,
)


class LegView(msgspec.Struct, frozen=True, kw_only=True):
    """A leg of a call: ``role`` client, agent or other; moments are ISO 8601 with Z."""

    id: str
    role: str
    agent: AgentBrief | None
    address: str
    started_at: str
    ringing_at: str | None
    answered_at: str | None
    ended_at: str | None
    cause: int | None


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a call's story; ``text`` says which key, cause or target, ``said`` all of it in words."""

    at: str
    kind: str
    agent: AgentBrief | None
    queue: QueueBrief | None
    text: str
    said: str = ""


class CallDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A call with its legs and its story; ``path`` is the way from the number to the agent in a few words."""

    call: CallView
    legs: list[LegView]
    story: list[StepView]
    path: list[str] = []


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the call list: the call, its labels and the counters of its client."""

    call: CallView
    kind: rows.Kind
    label: rows.Label
    timing: rows.Timing
    counts: contacts.Counts
    started_at: datetime
    # The short number of whom one talked with, in an internal call of one's own.
    colleague: str = ""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that calls refer to, by id."""

    agents: dict[int, agents.AgentInfo] = {}
    numbers: dict[int, NumberBrief] = {}
    owners: dict[int, int] = {}
    queues: dict[int, QueueBrief] = {}
    contacts: dict[int, ContactBrief] = {}
    recordings: dict[str, RecordingBrief] = {}
    outcomes: dict[str, list[OutcomeBrief]] = {}

    def agent(self, agent_id: int | None, talked: bool = True) -> AgentBrief | None:
        """The name card of an agent."""
        found = self.agents.get(agent_id or 0)
        return AgentBrief(id=found.id, name=found.name, talked=talked) if found else None


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with ``Z``."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


async def names_for(
    session: AsyncSession, records: Sequence[CallRecord], people: dict[str, list[CallAgent]], more: Collection[int] = ()
) -> Named:
    """Reads what the records refer to; ``more`` are further agents."""
    number_ids = {one.number_id for one in records if one.number_id is not None}
    found = await numbers.by_ids(session, number_ids)
    owners = {one.id: one.agent_id for one in found.values() if one.agent_id is not None}
    agent_ids = {row.agent_id for some in people.values() for row in some} | set(owners.values()) | set(more)
    return Named(
        agents=await agents.by_ids(session, agent_ids),
        numbers={
            one.id: NumberBrief(id=one.id, e164=one.e164, title=one.title, kind=one.kind) for one in found.values()
        },
        owners=owners,
        queues=await queues.briefs(session, {one.queue_id for one in records if one.queue_id is not None}),
        contacts=await contacts.briefs(session, {one.contact_id for one in records if one.contact_id is not None}),
        recordings=await recordings.briefs(session, [one.id for one in records]),
        outcomes=await outcomes_of(session, [one.id for one in records]),
    )


def call_view(record: CallRecord, people: Sequence[CallAgent], named: Named) -> CallView:
    """A call of the log as the API shows it."""
    briefs = [named.agent(row.agent_id, row.talked) for row in people]
    return CallView(
        id=record.id,
        direction=cast(Direction, record.direction),
        state="started" if record.result is None else "ended",
        result=cast(Result | None, record.result),
        from_=record.from_number,
        to=record.to_number,
        client_number=record.client_number,
        number=named.numbers.get(record.number_id or 0),
        queue=named.queues.get(record.queue_id or 0),
        agents=[brief for brief in briefs if brief is not None],
        agent_id=record.agent_id,
        contact=named.contacts.get(record.contact_id or 0),
        started_at=iso(record.started_at) or "",
        queued_at=iso(record.queued_at),
        answered_at=iso(record.answered_at),
        ended_at=iso(record.ended_at),
        wait_seconds=record.wait_seconds,
        talk_seconds=record.talk_seconds,
        hold_seconds=record.hold_seconds,
        cause=record.cause,
        hangup_by=record.hangup_by,
        recording=named.recordings.get(record.id),
        comment=record.comment,
        demo=record.demo,
        spam=record.spam,
        cost=record.cost,
        outcomes=named.outcomes.get(record.id, []),
    )


def overlay(view: CallView, call: Call) -> None:
    """Puts what is going on now over a view from the log."""
    view.state = call.state
    view.result = call.result
    view.agent_id = call.agent_id
    view.held = call.held_at is not None
    view.queued_at = iso(utc(call.queued_at)) if call.queued_at is not None else view.queued_at
    view.answered_at = iso(utc(call.answered_at)) if call.answered_at is not None else view.answered_at
    view.form, view.form_text, view.form_by = call.form, call.form_text, call.form_by
    view.recording_on = call.recording is not None and call.state != "ended"
    view.recording_paused = call.gap is not None
    view.recording_paused_until = iso(utc(call.gap.until)) if call.gap else None


def row_of(
    record: CallRecord,
    people: Sequence[CallAgent],
    named: Named,
    counts: dict[int, contacts.Counts],
    short_number: str = "",
) -> Row:
    """A call of the log as the list shows it (TEL-05 … TEL-10) to an agent with ``short_number``."""
    number = named.numbers.get(record.number_id or 0)
    owner = named.agent(named.owners.get(record.number_id or 0))
    names = [found.name for row in people if row.own and (found := named.agent(row.agent_id))]
    return Row(
        call=call_view(record, people, named),
        kind=rows.kind(record.direction, record.result, record.spam),
        label=rows.label(
            names,
            number_kind=number.kind if number else None,
            number_title=number.title if number else "",
            number_shown=shown(number.e164) if number else "",
            owner=owner.name if owner else "",
        ),
        timing=rows.timing(record.result == "answered", record.wait_seconds, record.talk_seconds),
        counts=counts.get(record.contact_id or 0, contacts.Counts()),
        started_at=record.started_at,
        colleague=rows.colleague(record.direction, record.from_number, record.to_number, short_number),
    )


def leg_view(leg: CallLeg, named: Named) -> LegView:
    """A leg as the API shows it."""
    return LegView(
        id=leg.id,
        role=leg.role,
        agent=named.agent(leg.agent_id),
        address=leg.address,
        started_at=iso(leg.started_at) or "",
        ringing_at=iso(leg.ringing_at),
        answered_at=iso(leg.answered_at),
        ended_at=iso(leg.ended_at),
        cause=leg.cause,
    )


def step_view(step: CallStep, named: Named) -> StepView:
    """A step as the API shows it."""
    return StepView(
        at=iso(step.at) or "",
        kind=step.kind,
        agent=named.agent(step.agent_id),
        queue=named.queues.get(step.queue_id or 0),
        text=step.text,
    )
