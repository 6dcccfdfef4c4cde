"""A menu's form as the page sends it, and goals as values of a select box. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.routing import Goal

MAX_ROWS = 24
_WITH_ID = ("agent", "queue", "menu", "voicemail", "agent_voicemail")


class Row(msgspec.Struct, kw_only=True):
    """A key's row as typed: ``goal`` is a code, ``number`` belongs to the outside number."""

    key: str = ""
    goal: str = ""
    number: str = ""


class Typed(msgspec.Struct, kw_only=True):
    """The form as typed. ``repeat`` is times, endless or no; ``times`` belongs to the first."""

    name: str = ""
    prompt: str = ""
    wait_seconds: str = "5"
    repeat: str = "times"
    times: str = "2"
    activity: str = "always"
    timeout: str = "hangup"
    timeout_number: str = ""
    rows: list[Row] = []


def code(goal: Goal) -> str:
    """A goal as the value of an option; the number of an outside one is typed beside it."""
    if goal.kind == "play":
        return f"play-{goal.prompt}"
    return f"{goal.kind}-{goal.id}" if goal.kind in _WITH_ID and goal.id is not None else goal.kind


def goal(text: str, number: str = "") -> Goal:
    """The goal of an option's value; of kind '' when it is none."""
    kind, _, rest = text.partition("-")
    if kind == "play":
        return Goal(kind="play", prompt=rest)
    if kind == "external":
        return Goal(kind="external", number=number.strip())
    if kind in _WITH_ID and rest:
        return (
            Goal(kind=kind, id=int(rest)) if rest.isascii() and rest.isdecimal() and len(rest) < 10 else Goal(kind="")
        )
    return Goal(kind=kind)


def rows(keys: Sequence[str], goals: Sequence[str], numbers: Sequence[str]) -> list[Row]:
    """Rows of the three lists that a form sends. Raises BadInput when they do not fit together."""
    if not len(keys) == len(goals) == len(numbers) <= MAX_ROWS:
        raise BadInput(N_("Some data cannot be used."))
    return [Row(key=key, goal=to, number=number) for key, to, number in zip(keys, goals, numbers, strict=True)]


def whole(text: str) -> int:
    """What was typed as a whole number; 0 when it is none."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < 5 else 0
