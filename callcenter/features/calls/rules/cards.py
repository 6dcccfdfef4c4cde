"""The card that an agent's page shows when his phone rings (TEL-65, INB-02). Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from callcenter.core.calls import Call


class Past(NamedTuple):
    """An earlier call of the same party; ``at`` is ISO 8601 with Z, ``agents`` are names."""

    id: str
    at: str
    direction: str
    result: str | None
    talk_seconds: float
    agents: tuple[str, ...]


class Party(NamedTuple):
    """What is known of the outside party. ``name`` is empty for a number that nobody saved."""

    contact_id: int | None = None
    name: str = ""
    position: str = ""
    saved: bool = False
    city: str = ""
    zone: str = ""
    calls_total: int = 0
    last_calls: tuple[Past, ...] = ()


class Line(NamedTuple):
    """The number that was called: its name and itself."""

    title: str
    e164: str


class Queue(NamedTuple):
    """The queue through which the call came."""

    id: int
    name: str


def ringing(call: Call) -> frozenset[tuple[int, str]]:
    """(agent, leg) of every agent's phone that rings now."""
    return frozenset(
        (leg.agent_id, leg.id)
        for leg in call.legs
        if leg.role == "agent" and leg.agent_id is not None and leg.state == "ringing"
    )


def card(
    call: Call, party: Party, *, line: Line | None, queue: Queue | None, waited_since: str, local_time: str
) -> dict[str, Any]:
    """The card as JSON-ready values; ``name`` is empty when only the number is known."""
    name = party.name
    return {
        "call_id": call.id,
        "direction": call.direction,
        "number": call.client_number if call.direction != "internal" else call.from_number,
        "name": name or (call.from_name if call.direction == "internal" else ""),
        "position": party.position,
        "contact_id": party.contact_id,
        "saved": party.saved,
        "line": {"title": line.title, "e164": line.e164} if line else None,
        "queue": {"id": queue.id, "name": queue.name} if queue else None,
        "waited_since": waited_since,
        "calls_total": party.calls_total,
        "last_calls": [{**past._asdict(), "agents": list(past.agents)} for past in party.last_calls],
        "city": party.city,
        "local_time": local_time,
    }
