"""What an agent's short number may be, and how state changes become stretches of time."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, NamedTuple

from callcenter.core.directory import Directory

FIRST_SHORT_NUMBER = 101
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


class SpanStep(NamedTuple):
    """What a state change does to the open stretch: close it at ``close_at`` (None = leave it), and open
    ``opened``.
    """

    close_at: float | None
    opened: Span | None


def change_span(current: Span | None, state: str, reason: str, at: float) -> SpanStep:
    """The step from ``current`` to ``state``.

    The same state and reason again changes nothing. A change dated before the open stretch began (a clock
    that was set back, an event seen twice) closes that stretch with no length, so that times are never
    negative and never overlap.
    """
    if current is None:
        return SpanStep(None, Span(state, reason, at))
    if (current.state, current.reason) == (state, reason):
        return SpanStep(None, None)
    moment = max(at, current.since)
    return SpanStep(moment, Span(state, reason, moment))


def device_kind(text: str) -> Literal["webrtc", "sip"] | None:
    """``text`` as a kind of device, or None."""
    if text == "webrtc":
        return "webrtc"
    return "sip" if text == "sip" else None


def answers_a_number(directory: Directory, agent_id: int) -> bool:
    """Whether calls to some number can come to the agent: to his own, or to a queue that he is in."""
    return any(one.agent_id == agent_id for one in directory.numbers.values()) or any(
        agent_id in queue.members for queue in directory.queues.values()
    )
