"""The live picture of a past moment, rebuilt from what was stored: calls with their story, and agents' stretches. Pure.

What was never stored is not shown: which phones were on line, and what an agent wanted to be beside what he was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from callcenter.core.calls import Call, CallState, Leg, LegState, Step, state_told
from callcenter.core.directory import Directory
from callcenter.core.events import AgentState
from callcenter.live import frames
from callcenter.live.agents import parts_of
from callcenter.live.audience import Audience
from callcenter.live.figures import Counters, Spent
from callcenter.live.state import State
from callcenter.live.views import ContactBrief, Snapshot


class Span(NamedTuple):
    """A stretch of an agent's time in one state; moments are epoch seconds, ``until`` None = it still lasts."""

    agent_id: int
    state: AgentState
    reason: str
    since: float
    until: float | None
    due_at: float | None = None


def call_at(call: Call, at: float, owner: int | None = None) -> Call | None:
    """A stored call as it was at ``at``; None when it had not begun or was over. ``owner`` is its number's agent."""
    if call.started_at > at or (call.ended_at is not None and call.ended_at <= at):
        return None
    steps = tuple(step for step in call.steps if step.at <= at)
    legs = tuple(leg_at(leg, at) for leg in call.legs if leg.started_at <= at)
    place = _queue(call, steps, at)
    answered_at = call.answered_at if call.answered_at is not None and call.answered_at <= at else None
    talked = [step.agent_id for step in steps if step.kind == "answered" and step.agent_id is not None]
    dials = call.agent_id if call.direction != "in" else None
    agents = tuple(dict.fromkeys(([dials] if dials is not None else []) + talked))
    now = replace(
        call,
        steps=steps,
        legs=legs,
        queue_id=place.queue_id,
        queued_at=place.queued_at,
        left_queue_at=place.left_at,
        priority=place.priority,
        agent_id=(talked[-1] if talked else owner) if call.direction == "in" else dials,
        agents=agents,
        rung=tuple(dict.fromkeys(s.agent_id for s in steps if s.kind == "rang" and s.agent_id is not None)),
        answered_at=answered_at,
        ended_at=None,
        result=None,
        cause=None,
        hangup_by=None,
        wait_seconds=_or(answered_at, at) - _or(place.queued_at, call.started_at),
        talk_seconds=0.0,
        hold_seconds=0.0,
        held_at=None,
        recording=next((call.recording or call.id for step in steps if step.kind == "recording"), None),
    )
    return replace(now, state=_state(now))


def _or(moment: float | None, otherwise: float) -> float:
    return otherwise if moment is None else moment


def leg_at(leg: Leg, at: float) -> Leg:
    """A stored leg as it was at ``at``."""

    def seen(moment: float | None) -> float | None:
        return moment if moment is not None and moment <= at else None

    ended, answered, ringing = seen(leg.ended_at), seen(leg.answered_at), seen(leg.ringing_at)
    told: tuple[tuple[LegState, float | None], ...] = (("ended", ended), ("up", answered), ("ringing", ringing))
    state = next((name for name, moment in told if moment is not None), "new")
    return replace(leg, state=state, ended_at=ended, answered_at=answered, ringing_at=ringing)


class _Place(NamedTuple):
    queue_id: int | None = None
    queued_at: float | None = None
    left_at: float | None = None
    priority: int = 0


def _queue(call: Call, steps: Sequence[Step], at: float) -> _Place:
    """Where the caller waited last, told by the story as the tracker told it."""
    place, goes_on, talked = _Place(), False, False
    for step in steps:
        if step.kind == "queued":
            since = place.queued_at if goes_on and place.queued_at is not None else step.at
            place, goes_on = _Place(step.queue_id, since, None, place.priority), False
        elif step.kind == "left_queue" and place.left_at is None:
            place = place._replace(left_at=step.at)
        elif step.kind in ("front", "redirected"):
            goes_on = not talked and place.queued_at is not None
            first = step.kind == "front" and step.text.isascii() and step.text.isdigit()
            place = place._replace(priority=int(step.text) if first else 0)
        elif step.kind == "answered":
            talked = True
    if place.queue_id is None and call.queued_at is not None and call.queued_at <= at:
        # A call of the log whose story is not known.
        return _Place(call.queue_id, call.queued_at, call.answered_at if _or(call.answered_at, at + 1) <= at else None)
    return place


def _state(call: Call) -> CallState:
    up = [leg for leg in call.legs if leg.state == "up"]
    clients = [leg for leg in up if leg.role != "agent"]
    if call.answered_at is not None and len(up) > 1 and (clients or call.direction == "internal"):
        turns = [step.kind for step in call.steps if step.kind in ("held", "resumed", "answered")]
        return "held" if turns and turns[-1] == "held" else "talking"
    # Asterisk calls every phone but the one that began the call (a click calls that one, too).
    called = [leg for leg in call.legs if leg.id != call.id or call.click_to_dial]
    if any(leg.state in ("new", "ringing") for leg in called):
        return "ringing"
    if call.queued_at is not None and call.left_queue_at is None:
        return "queued"
    return state_told(call.steps[-1].kind if call.steps else "")


def snapshot_at(
    directory: Directory,
    business_id: int,
    at: float,
    *,
    calls: Iterable[tuple[Call, ContactBrief | None]],
    spans: Iterable[Span],
    counters: Mapping[int, Counters],
    language: str = "ru",
) -> Snapshot:
    """Everything that the wallboard showed at ``at``; ``spans`` and ``counters`` (of ended calls) are of its day."""
    state = State()
    state.set_directory(directory, at)
    state.link_up = True
    business = state.business(business_id, at)
    for call, contact in calls:
        number = directory.numbers.get(call.number_id or 0)
        now = call_at(call, at, number.agent_id if number else None)
        if now is not None:
            business.calls[now.id] = now
            if contact is not None:
                business.contacts[now.id] = contact
    business.counters.update(counters)
    _agents(state, business.day_begins, at, spans)
    for call in business.calls.values():
        for agent_id in parts_of(call):
            agent = state.agents.get(agent_id)
            if agent is not None and agent.state in ("talking", "ringing"):
                agent.call_id = call.id
    return frames.snapshot(state, business, Audience(business_id, sees_all=True, language=language), at, [])


def _agents(state: State, day_begins: float, at: float, spans: Iterable[Span]) -> None:
    for span in spans:
        agent = state.agents.get(span.agent_id)
        if agent is None or span.since > at:
            continue
        lasted = max(0.0, min(at if span.until is None else span.until, at) - max(span.since, day_begins))
        if span.state in ("talking", "wrapup", "ready"):
            agent.spent = agent.spent + Spent(**{span.state: lasted})
        if span.until is None or span.until > at:
            agent.state, agent.reason, agent.since = span.state, span.reason, span.since
            agent.limit_at = span.due_at if span.state == "paused" else None
            agent.wrapup_until = span.due_at or span.since
    for agent in state.agents.values():
        # What lasts is in ``spent`` already.
        agent.counted_from = at
