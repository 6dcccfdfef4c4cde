"""Which calls are missed ones to tell of, and to whom. Pure."""

from __future__ import annotations

from callcenter.core.calls import Call

RESULTS = frozenset({"missed", "abandoned"})
FRESH = 900.0
"""Seconds: what was missed longer ago stands in the call log, and nobody is called to it."""


def worth_telling(call: Call, now: float) -> bool:
    """Whether somebody has to learn of it at once: a client's call that nobody took and that was let in."""
    return (
        call.direction == "in"
        and call.result in RESULTS
        and call.number_id is not None
        and not any(step.kind == "blocked" for step in call.steps)
        and now - (call.ended_at or call.started_at) <= FRESH
    )


def whom(call: Call, *, open_then: bool, responsible: int | None) -> int | None:
    """The agent to tell: within working hours whoever was rung first, else who is responsible for the number."""
    if open_then and call.rung:
        return call.rung[0]
    return responsible or (call.rung[0] if call.rung else None)
