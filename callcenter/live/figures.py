"""The figures of a queue's day (SUP-02), each with its numerator and denominator. Pure.

A call counts in the queue that it was answered from, else in the last one where it waited. Calls that wait or talk now
count too: as entered, and as answered once they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from callcenter.core.calls import Call
from callcenter.core.directory import QueueRef
from callcenter.live.views import Figure

SERVICE_LEVEL = "service_level"
ASA = "asa"
AHT = "aht"
OCCUPANCY = "occupancy"
ABANDONMENT = "abandonment"

# Asterisk reports that a caller left the queue a moment before he is bridged with the agent.
_HANDOVER = 2.0


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What a queue's figures are made of; times in seconds.

    ``in_target`` = answered within T; of ``abandoned`` a part are ``short_abandoned`` (within S) and
    ``abandoned_in_target`` (within T);
    ``wait_seconds`` sums the waits of answered calls; ``handled`` counts answered calls that have ended, and
    ``talk_seconds``, ``hold_seconds`` and ``wrapup_seconds`` are theirs.
    """

    entered: int = 0
    answered: int = 0
    in_target: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    abandoned_in_target: int = 0
    handled: int = 0
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    hold_seconds: float = 0.0
    wrapup_seconds: float = 0.0

    def __add__(self, other: Counters) -> Counters:
        return Counters(**{name: getattr(self, name) + getattr(other, name) for name in _NAMES})

    def __sub__(self, other: Counters) -> Counters:
        return Counters(**{name: getattr(self, name) - getattr(other, name) for name in _NAMES})


_NAMES = tuple(field.name for field in msgspec.structs.fields(Counters))


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """The seconds that agents spent in the states that occupancy looks at. ``talking`` holds talk and hold."""

    talking: float = 0.0
    wrapup: float = 0.0
    ready: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            talking=self.talking + other.talking,
            wrapup=self.wrapup + other.wrapup,
            ready=self.ready + other.ready,
        )


def answered_from_queue(call: Call) -> bool:
    """Whether an agent of the queue took the call (and not somebody else after the caller had left the queue)."""
    if call.answered_at is None or call.queued_at is None:
        return False
    return call.left_queue_at is None or call.answered_at - call.left_queue_at <= _HANDOVER


def count(call: Call, queue: QueueRef) -> Counters:
    """What one call adds to its queue's day; all zero for a call that never waited in a queue."""
    if call.queued_at is None:
        return Counters()
    if answered_from_queue(call):
        over = call.ended_at is not None
        return Counters(
            entered=1,
            answered=1,
            in_target=int(call.wait_seconds <= queue.answer_target),
            wait_seconds=call.wait_seconds,
            handled=int(over),
            talk_seconds=call.talk_seconds if over else 0.0,
            hold_seconds=call.hold_seconds if over else 0.0,
        )
    abandoned = call.result == "abandoned"
    return Counters(
        entered=1,
        abandoned=int(abandoned),
        short_abandoned=int(abandoned and call.wait_seconds <= queue.short_abandon),
        abandoned_in_target=int(abandoned and call.wait_seconds <= queue.answer_target),
    )


def total(parts: Iterable[Counters]) -> Counters:
    """The sum of several counters."""
    sums = map(sum, zip(*map(msgspec.structs.astuple, parts), strict=True))
    return Counters(**dict(zip(_NAMES, sums, strict=False)))


def together(parts: Iterable[Spent]) -> Spent:
    """What several agents spent."""
    talking = wrapup = ready = 0.0
    for part in parts:
        talking += part.talking
        wrapup += part.wrapup
        ready += part.ready
    return Spent(talking=talking, wrapup=wrapup, ready=ready)


SERVICE_LEVELS: Mapping[str, Callable[[Counters], tuple[float, float]]] = {
    # Answered within T ÷ (answered + abandoned); abandons within S are not counted.
    "standard": lambda c: (c.in_target, c.answered + c.abandoned - c.short_abandoned),
    # Asterisk's ServicelevelPerf and ServicelevelPerf2.
    "asterisk": lambda c: (c.in_target, c.answered),
    "asterisk2": lambda c: (c.in_target + c.abandoned_in_target, c.answered + c.abandoned),
    # Genesys Cloud with abandons and short abandons included; Wazo's quality of service.
    "genesys": lambda c: (c.in_target, c.answered + c.abandoned),
    "wazo": lambda c: (c.in_target, c.answered),
}
"""The variants of the service level that a business may choose: numerator and denominator of each."""


def service_level(c: Counters, variant: str = "standard") -> Figure:
    """The share of calls answered in time, by one of SERVICE_LEVELS (an unknown one is the standard)."""
    numerator, denominator = SERVICE_LEVELS.get(variant, SERVICE_LEVELS["standard"])(c)
    return _figure(SERVICE_LEVEL, numerator, denominator)


def asa(c: Counters) -> Figure:
    """Average speed of answer: Σ wait of answered ÷ answered."""
    return _figure(ASA, c.wait_seconds, c.answered)


def aht(c: Counters) -> Figure:
    """Average handling time: (talk + hold + wrap-up) ÷ handled."""
    return _figure(AHT, c.talk_seconds + c.hold_seconds + c.wrapup_seconds, c.handled)


def abandonment(c: Counters) -> Figure:
    """Abandoned ÷ entered."""
    return _figure(ABANDONMENT, c.abandoned, c.entered)


def occupancy(spent: Spent) -> Figure:
    """(talk + hold + wrap-up) ÷ (talk + hold + wrap-up + ready) of the queue's agents."""
    busy = spent.talking + spent.wrapup
    return _figure(OCCUPANCY, busy, busy + spent.ready)


def _figure(formula: str, numerator: float, denominator: float) -> Figure:
    return Figure(
        value=numerator / denominator if denominator else None,
        numerator=round(numerator, 3),
        denominator=round(denominator, 3),
        formula=formula,
    )
