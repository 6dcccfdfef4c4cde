"""What a supervisor may ask the simulator, and which days are tried for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

LIMITS: dict[str, tuple[int, int]] = {
    "agents": (1, 300),
    "more": (0, 100),
    "answering": (1, 95),
    "refusals": (0, 100),
    "refusal": (3, 600),
    "conversation": (5, 3600),
    "wrapup": (3, 600),
}
"""The least and the most of each field; shares in per cent, lengths in seconds."""
PACERS: dict[str, str] = {
    "predictive": N_("Predictive"),
    "one": N_("One call for each ready agent"),
    "vicidial": N_("VICIdial's rule"),
}
RANGE = N_("Enter a whole number from %(least)s to %(most)s.")
WRONG = N_("Some figures cannot be tried. See the notes beside them.")
# A day of so many hours is tried: long enough for figures that stay, short enough to wait for.
HOURS = 4


class Question(msgspec.Struct, kw_only=True):
    """A day to try: ``agents``, and ``more`` of them beside it; shares in per cent, lengths (medians) in seconds."""

    agents: int = 20
    more: int = 2
    answering: int = 30
    refusals: int = 65
    refusal: int = 20
    conversation: int = 250
    wrapup: int = 12


class Run(NamedTuple):
    """One trial: so many agents with one way to pace."""

    agents: int
    pacer: str


class Answer(msgspec.Struct, kw_only=True):
    """What a trial came to: shares in per cent, ``talks`` and ``calls`` in an hour."""

    agents: int
    pacer: str
    occupancy: float
    abandoned: float
    worst_hour: float
    talks: float
    calls: float


def checked(asked: Question) -> Question:
    """A question that can be tried. Raises BadInput with a note for each field."""
    wrong = {name: _limits(name) for name in LIMITS if not LIMITS[name][0] <= getattr(asked, name) <= LIMITS[name][1]}
    if wrong:
        raise BadInput(WRONG, fields=dict.fromkeys(wrong, RANGE), field_values=wrong)
    return asked


def _limits(name: str) -> dict[str, int]:
    return {"least": LIMITS[name][0], "most": LIMITS[name][1]}


def runs(asked: Question) -> list[Run]:
    """The trials of a question, in the order they are made and shown."""
    floors = dict.fromkeys((asked.agents, asked.agents + asked.more))
    return [Run(agents, pacer) for agents in floors for pacer in PACERS]


def arguments(asked: Question, run: Run) -> list[str]:
    """The words of the command line (`simulate`) for a trial."""
    shares = (("--answering", asked.answering), ("--refusals", asked.refusals))
    lengths = (("--refusal", asked.refusal), ("--conversation", asked.conversation), ("--wrapup", asked.wrapup))
    told = [f"--agents={run.agents}", f"--pacer={run.pacer}", f"--hours={HOURS}", "--json"]
    return told + [f"{name}={share / 100}" for name, share in shares] + [f"{name}={value}" for name, value in lengths]


def answer(run: Run, found: Mapping[str, float]) -> Answer:
    """What the command printed for a trial, as it is shown."""
    return Answer(
        agents=run.agents,
        pacer=run.pacer,
        occupancy=round(100 * found["occupancy"], 1),
        abandoned=round(100 * found["abandoned"], 1),
        worst_hour=round(100 * found["worst_hour"], 1),
        talks=round(found["talks"] / HOURS, 1),
        calls=round(found["placed"] / HOURS, 1),
    )
