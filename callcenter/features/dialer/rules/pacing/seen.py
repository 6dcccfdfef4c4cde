"""What a dialer sees of its call centre, and what it may be asked for. Pure.

All times are seconds of one clock that never goes back; where it begins does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

READY, TALK, WRAP, BREAK, OUT = range(5)
"""What an agent does; ``OUT`` is signed out."""

Id = int | str
"""A call's name, or an agent's place in `Seen.state`."""

Event = tuple[float, str, Id, object]
"""Time, kind, who, data. Kinds and data:

- of a call: ``placed``; ``pickup`` (the analysis begins); ``answer`` (judged a person); ``end`` (data: ``machine``,
  ``noanswer`` or ``fail``); ``connect`` (data: the agent); ``drop`` (no agent in time); ``hangup`` (the person left);
- of an agent: ``talk_end`` and ``wrap_end`` (data: how many seconds it took), ``agent_break``, ``agent_out``.
"""


@dataclass(frozen=True)
class Setting:
    """What is fixed for a run of a list.

    ``agents`` and ``trunks`` are counts; an answered person is dropped after ``drop_after`` seconds without an agent;
    ``cap`` is the largest share of persons that may be abandoned. ``persons`` and ``abandoned`` are what the list's
    ledger holds of the last 30 days.
    """

    agents: int
    trunks: int
    drop_after: float = 2.0
    cap: float = 0.03
    persons: int = 0
    abandoned: int = 0


@dataclass(slots=True)
class Seen:
    """The floor at ``now``, and what happened since the last look.

    ``state`` and ``since`` (when that state began) have one place for each agent. The calls in flight by id:
    ``dialing`` since they were placed, ``in_amd`` (being analysed) since they were picked up, ``waiting`` for an agent
    since they were judged persons. ``trunk_free`` is how many more calls the lines carry.
    """

    now: float
    state: Sequence[int]
    since: Sequence[float]
    dialing: Mapping[Id, float]
    in_amd: Mapping[Id, float]
    waiting: Mapping[Id, float]
    trunk_free: int
    events: Sequence[Event]


class Pacer(Protocol):
    """Says how many calls to place. It learns from what it is shown, so it must be shown everything, in order."""

    def place(self, seen: Seen) -> int:
        """How many calls to place now: 0 … ``seen.trunk_free``."""
        ...
