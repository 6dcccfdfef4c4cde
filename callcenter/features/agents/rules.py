"""Short numbers, the order of reasons, rings that nobody answers, and how state changes become stretches of time."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar

from callcenter.core.calls import Call, Leg

FIRST_SHORT_NUMBER = 101
NO_ANSWER = "no_answer"
"""The built-in reason of a pause after rings that were not answered; its name is translated where it is shown."""
BUILT_IN = frozenset({NO_ANSWER})
UNANSWERED = 3
"""Rings in a row after which an agent is paused, unless his business chose otherwise."""
SHORT_RING = 5.0
"""Seconds of ringing; a caller who hung up before them says nothing about the agent."""
# Q.850: user busy, call rejected; answered elsewhere.
_DECLINED, _ELSEWHERE = frozenset({17, 21}), 26
_SHORT_NUMBER = re.compile(r"[1-9][0-9]{2,5}")


def next_short_number(taken: Collection[str]) -> str:
    """The smallest free short number from 101 on."""
    used = {int(number) for number in taken if number.isdigit()}
    number = FIRST_SHORT_NUMBER
    while number in used or not is_short_number(str(number)):
        number += 1
    return str(number)


def is_short_number(text: str) -> bool:
    """Whether ``text`` can be a short number: three to six digits, not 112 or 911, which must reach the
    emergency.
    """
    return bool(_SHORT_NUMBER.fullmatch(text)) and text not in {"112", "911"}


class Span(NamedTuple):
    """A stretch of time in one state that goes on; ``since`` is epoch seconds."""

    state: str
    reason: str
    since: float
    reason_id: int | None = None


class SpanStep(NamedTuple):
    """What a state change does to the open stretch: close it at ``close_at`` (None = leave it), and open
    ``opened``.
    """

    close_at: float | None
    opened: Span | None


def change_span(current: Span | None, state: str, reason: str, at: float, reason_id: int | None = None) -> SpanStep:
    """The step from ``current`` to ``state``.

    The same state and reason again changes nothing. A change dated before the open stretch began (a clock
    that was set back, an event seen twice) closes that stretch with no length, so that times are never
    negative and never overlap.
    """
    if current is None:
        return SpanStep(None, Span(state, reason, at, reason_id))
    if (current.state, current.reason, current.reason_id) == (state, reason, reason_id):
        return SpanStep(None, None)
    moment = max(at, current.since)
    return SpanStep(moment, Span(state, reason, moment, reason_id))


def device_kind(text: str) -> Literal["webrtc", "sip"] | None:
    """``text`` as a kind of device, or None."""
    if text == "webrtc":
        return "webrtc"
    return "sip" if text == "sip" else None


class Placed(Protocol):
    """Something with an id that has a place in a list."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=Placed)


def ordered(rows: Sequence[Row], ids: Sequence[int]) -> list[Row]:
    """``rows`` in the order of ``ids``; those that are not named come after, as they were."""
    place = {one: n for n, one in enumerate(dict.fromkeys(ids))}
    return sorted(rows, key=lambda row: place.get(row.id, len(place)))


def unanswered(call: Call) -> set[int]:
    """The agents at whose phones this call rang and who did not answer; who was let go by somebody else is not meant.

    Not counted: a phone that was declined at (somebody is there), a ring that ended because a colleague answered, and
    a caller who hung up within ``SHORT_RING`` seconds: a shorter ring counts once the call rings on elsewhere.
    """
    found: set[int] = set()
    for leg in call.legs:
        if leg.agent_id is None or leg.ringing_at is None or leg.ended_at is None or leg.answered_at is not None:
            continue
        if leg.id == call.id or leg.cause in _DECLINED or leg.cause == _ELSEWHERE:
            continue
        if any(_taken(other, leg.ringing_at, leg.ended_at) for other in call.legs):
            continue
        rang_on = any(other.started_at > leg.ended_at for other in call.legs)
        if leg.ended_at - leg.ringing_at >= SHORT_RING or rang_on:
            found.add(leg.agent_id)
    return found


def _taken(leg: Leg, since: float, until: float) -> bool:
    """Whether an agent answered with this leg while another phone rang."""
    return leg.agent_id is not None and leg.answered_at is not None and since <= leg.answered_at <= until + 1.0


def answered(call: Call) -> set[int]:
    """The agents who answered this call at a phone that rang."""
    return {
        leg.agent_id
        for leg in call.legs
        if leg.agent_id is not None and leg.answered_at is not None and leg.id != call.id
    }


class Rings:
    """Unanswered rings in a row for each agent. A call counts once for an agent, however often it rang him."""

    def __init__(self) -> None:
        self._row: dict[int, int] = {}
        self._counted: dict[str, set[int]] = {}

    def look(self, call: Call) -> dict[int, int]:
        """Takes a call's new picture; the agents for whom it newly counts, with their rings in a row."""
        for agent_id in answered(call):
            self._row.pop(agent_id, None)
        counted = self._counted.get(call.id, set())
        new = unanswered(call) - answered(call) - counted
        for agent_id in new:
            self._row[agent_id] = self._row.get(agent_id, 0) + 1
        if call.ended_at is not None:
            self._counted.pop(call.id, None)
        elif new:
            self._counted[call.id] = counted | new
        return {agent_id: self._row[agent_id] for agent_id in new}

    def forget(self, agent_id: int) -> None:
        """He chose a state: he is there."""
        self._row.pop(agent_id, None)
