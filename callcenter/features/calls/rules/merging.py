"""Which of two pictures of one call is kept: seen live, rebuilt from Asterisk's journal, or closed because it is gone.

The same call may reach the log several times and in any order. ``merge`` makes one picture of two; merging a picture
with itself changes nothing, so writing is idempotent.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import msgspec

from callcenter.core.calls import Call, Leg, Result, Step

Source = Literal["live", "journal", "resync"]
# Q.850 «temporary failure»: Asterisk cannot say any more why such a call ended.
LOST_CAUSE = 41
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
# What a picture may lack and the other one know; the stronger picture's own value always comes first.
_FILLED = (
    "from_number",
    "from_name",
    "to_number",
    "number_id",
    "trunk_id",
    "queue_id",
    "queued_at",
    "left_queue_at",
    "agent_id",
    "answered_at",
    "ended_at",
    "cause",
    "hangup_by",
    "recording",
)


class Picture(NamedTuple):
    """A call and where the knowledge comes from."""

    call: Call
    source: Source


def weight(picture: Picture) -> tuple[bool, bool, int, int, bool]:
    """How complete a picture is: ended before running, truly seen before closed as gone, then legs, then steps.

    The last word is whether it was seen live: else a call that both tell alike would change with each telling.
    """
    call, source = picture
    return call.result is not None, source != "resync", len(call.legs), len(call.steps), source == "live"


def merge(known: Picture | None, new: Picture) -> Picture:
    """The more complete of the two, with its gaps filled from the other; of equals the new one leads."""
    if known is None:
        return new
    strong, weak = (new, known) if weight(new) >= weight(known) else (known, new)
    call, other = strong.call, weak.call
    filled = {
        name: getattr(other, name)
        for name in _FILLED
        if getattr(call, name) in (None, "") and getattr(other, name) not in (None, "")
    }
    return Picture(
        msgspec.structs.replace(
            call,
            **filled,
            started_at=min(call.started_at, other.started_at),
            agents=_union(call.agents, other.agents),
            rung=_union(call.rung, other.rung),
            hold_seconds=call.hold_seconds or other.hold_seconds,
            talk_seconds=call.talk_seconds or other.talk_seconds,
            wait_seconds=call.wait_seconds or other.wait_seconds,
            click_to_dial=call.click_to_dial or other.click_to_dial,
            legs=_legs(call.legs, other.legs),
            steps=_steps(call.steps, other.steps),
        ),
        strong.source,
    )


def close_lost(call: Call) -> Picture:
    """A call that neither Asterisk nor its journal knows any more: ended when something of it was last heard."""
    moments = [call.started_at, call.queued_at, call.answered_at, call.left_queue_at]
    moments += [step.at for step in call.steps]
    moments += [at for leg in call.legs for at in (leg.started_at, leg.answered_at, leg.ended_at)]
    last = max(at for at in moments if at is not None)
    result: Result = "answered" if call.answered_at is not None else "failed"
    legs = tuple(
        leg if leg.ended_at is not None else msgspec.structs.replace(leg, state="ended", ended_at=last)
        for leg in call.legs
    )
    return Picture(
        msgspec.structs.replace(
            call,
            state="ended",
            result=result,
            ended_at=last,
            cause=call.cause or LOST_CAUSE,
            hangup_by=call.hangup_by or "system",
            legs=legs,
        ),
        "resync",
    )


def normal(picture: Picture) -> Picture:
    """The picture as it can be stored: texts from outside cleaned and cut, durations to the millisecond."""
    call = picture.call
    return Picture(
        msgspec.structs.replace(
            call,
            from_number=clean(call.from_number, 80),
            from_name=clean(call.from_name, 200),
            to_number=clean(call.to_number, 80),
            wait_seconds=max(0.0, round(call.wait_seconds, 3)),
            talk_seconds=max(0.0, round(call.talk_seconds, 3)),
            hold_seconds=max(0.0, round(call.hold_seconds, 3)),
            legs=tuple(
                msgspec.structs.replace(leg, address=clean(leg.address, 80), channel=clean(leg.channel, 120))
                for leg in call.legs
            ),
            steps=tuple(
                msgspec.structs.replace(step, kind=clean(step.kind, 20), text=clean(step.text, 200))
                for step in call.steps
            ),
        ),
        picture.source,
    )


def clean(text: str, limit: int) -> str:
    """``text`` from outside as it may be stored: no control characters, at most ``limit`` characters."""
    return _CONTROL.sub(" ", text).strip()[:limit]


def _union(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    return first + tuple(one for one in second if one not in first)


def _legs(first: tuple[Leg, ...], second: tuple[Leg, ...]) -> tuple[Leg, ...]:
    known = {leg.id for leg in first}
    legs = [*first, *(leg for leg in second if leg.id not in known)]
    return tuple(sorted(legs, key=lambda leg: (leg.started_at, leg.id)))


def _steps(first: tuple[Step, ...], second: tuple[Step, ...]) -> tuple[Step, ...]:
    """The stronger story, with the kinds of step that only the other one saw (the journal knows no keys, say)."""
    kinds = {step.kind for step in first}
    steps = [*first, *(step for step in second if step.kind not in kinds)]
    return tuple(sorted(steps, key=lambda step: step.at))
