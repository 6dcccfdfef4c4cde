"""A call that goes on in the shape that people get. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from callcenter.core.calls import Call
from callcenter.core.directory import Directory
from callcenter.live.views import AgentBrief, CallView, ContactBrief, NumberBrief, PartyView, QueueBrief


@lru_cache(maxsize=8192)
def iso(epoch: float) -> str:
    """Epoch seconds as ISO 8601 in UTC with milliseconds and ``Z``."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(epoch: float | None) -> str | None:
    """The same for a moment that may not have come yet."""
    return None if epoch is None else iso(epoch)


def call_view(call: Call, directory: Directory, contact: ContactBrief | None = None) -> CallView:
    """``call`` with the names of the directory; ``contact`` is who the outside party is, once that is known."""
    number = directory.numbers.get(call.number_id or 0)
    queue = directory.queues.get(call.queue_id or 0)
    return CallView(
        id=call.id,
        direction=call.direction,
        state=call.state,
        result=call.result,
        from_=call.from_number,
        to=call.to_number,
        client_number=call.client_number,
        number=NumberBrief(id=number.id, e164=number.e164, title=number.title, kind=number.kind) if number else None,
        queue=QueueBrief(id=queue.id, name=queue.name) if queue else None,
        agents=agents_of(call, directory),
        agent_id=call.agent_id,
        contact=contact,
        started_at=iso(call.started_at),
        queued_at=iso_or_none(call.queued_at),
        answered_at=iso_or_none(call.answered_at),
        ended_at=iso_or_none(call.ended_at),
        held=call.state == "held",
        wait_seconds=round(call.wait_seconds, 3),
        talk_seconds=round(call.talk_seconds, 3),
        hold_seconds=round(call.hold_seconds, 3),
        cause=call.cause,
        hangup_by=call.hangup_by,
        recording_on=call.recording is not None and call.state in ("talking", "held"),
        form=call.form,
        form_text=call.form_text,
        form_by=call.form_by,
        parties=parties_of(call, directory) if call.form else [],
        recording_paused=call.gap is not None,
        recording_paused_until=iso_or_none(call.gap.until if call.gap else None),
    )


def agents_of(call: Call, directory: Directory) -> list[AgentBrief]:
    """Who took part, then who was only rung, each once."""
    found: list[AgentBrief] = []
    for agent_id in (*call.agents, *call.rung):
        agent = directory.agents.get(agent_id)
        if agent is not None and all(one.id != agent_id for one in found):
            found.append(AgentBrief(id=agent_id, name=agent.name, talked=agent_id in call.agents))
    return found


def parties_of(call: Call, directory: Directory) -> list[PartyView]:
    """Who takes part now, in the order in which they came."""
    found = []
    for leg in call.legs:
        if leg.ended_at is not None:
            continue
        agent = directory.agents.get(leg.agent_id or 0)
        found.append(
            PartyView(
                leg=leg.id,
                state="aside" if leg.aside else "talking" if leg.answered_at is not None else "ringing",
                client=leg.role == "client",
                agent_id=leg.agent_id,
                name=agent.name if agent else "",
                number=leg.address,
            )
        )
    return found


def agents_concerned(call: Call) -> set[int]:
    """The agents whose own call this is: who takes or took part, and whom it rang."""
    found = {leg.agent_id for leg in call.legs if leg.agent_id is not None}
    found.update(call.agents, call.rung)
    if call.agent_id is not None:
        found.add(call.agent_id)
    return found
