"""What became of a call: one word from how its legs ended. Pure.

Incoming: answered (a person was bridged with the caller), abandoned (hung up while waiting in a queue), failed (a
number that nobody has, or a technical cause), blocked (the business wants no calls of that number), missed (all else,
also where a message was left). Outgoing and internal: answered, busy, no_answer, cancelled (our side gave up first),
failed.
"""

from __future__ import annotations

from callcenter.core.calls import Result
from callcenter.telephony.tracker.model import CallNow, LegNow

# Q.850: what a line says when the call could not be carried, as against a person who did not take it.
_TECHNICAL_IN = frozenset({34, 38, 41, 42, 44, 47, 58, 65, 88, 102, 111})
_BUSY = frozenset({17, 21})
_UNANSWERED = frozenset({18, 19})
_NORMAL = frozenset({0, 16, 26, 127})

_RING_BY_STATUS = {
    "ANSWER": "answered",
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "CANCEL": "cancelled",
    "CHANUNAVAIL": "failed",
    "CONGESTION": "failed",
}


def result_of(call: CallNow) -> Result:
    """The result of a call whose last leg is gone."""
    if call.first_talk_at is not None:
        return "answered"
    return _incoming(call) if call.direction == "in" else _called(call)


def ring_outcome(leg: LegNow) -> str:
    """How ringing at a phone ended: answered, busy, no_answer, cancelled, failed."""
    if leg.answered_at is not None:
        return "answered"
    cause = leg.cause or 0
    if leg.dial_status == "CANCEL":
        return "cancelled"
    if cause in _BUSY:
        return "busy"
    if cause in _UNANSWERED:
        return "no_answer"
    if cause not in _NORMAL:
        # Dial says NOANSWER of a phone that could not be reached, too.
        return "failed"
    return _RING_BY_STATUS.get(leg.dial_status, "cancelled")


def _incoming(call: CallNow) -> Result:
    if call.failed:
        return "failed"
    if any(step.kind == "blocked" for step in call.steps):
        return "blocked"
    waits = call.queued_at is not None and call.left_queue_at is None
    if call.abandoned or (waits and call.hangup_by in (None, "client")):
        return "abandoned"
    if call.number_id is None and call.queue_id is None and not call.rung:
        return "failed"
    return "failed" if call.cause in _TECHNICAL_IN else "missed"


def _called(call: CallNow) -> Result:
    by_agent = call.hangup_by == "agent"
    client = call.legs[0] if call.legs and call.legs[0].role == "client" else None
    if client is not None and client.dialled and client.id == call.id:
        # A call-back: the client is rung first, and waits for an agent when he has answered.
        if client.answered_at is not None:
            return "cancelled"
        return _unanswered(client.dial_status, client.cause or 0, by_agent)
    called = [leg for leg in call.legs if leg.dialled and leg.id != call.id]
    if called:
        leg = called[-1]
        if leg.answered_at is not None:
            # Picked up, but nobody was bridged with anybody.
            return "cancelled" if by_agent or call.hangup_by == "client" else "failed"
        if leg.dial_status == "CANCEL":
            return "cancelled"
        return _unanswered(leg.dial_status, leg.cause or 0, by_agent)
    first = call.legs[0] if call.legs else None
    if call.click_to_dial and first is not None and first.answered_at is None:
        cause = first.cause or 0
        if cause in _BUSY:
            return "cancelled"
        if cause in _NORMAL or cause in _UNANSWERED:
            return "no_answer"
        return "failed"
    return "cancelled" if by_agent and not call.failed else "failed"


def _unanswered(status: str, cause: int, by_agent: bool) -> Result:
    if status == "BUSY" or cause in _BUSY:
        return "busy"
    if cause in _UNANSWERED:
        return "no_answer"
    if cause not in _NORMAL or status in ("CHANUNAVAIL", "CONGESTION"):
        # Dial says NOANSWER of a number that does not exist, too: the cause knows better.
        return "failed"
    return "cancelled" if by_agent and status != "NOANSWER" else "no_answer"
