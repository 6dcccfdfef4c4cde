"""How calls are led, as it is kept and edited: goals, working hours, forwarding. Pure; JSON by msgspec.

``telephony.config.model`` has the same for Asterisk: there all ids and zones are settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, TypeVar

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

T = TypeVar("T")

DAY = 1440
WEEK = 7
MAX_SPANS = 4
"""So many spans of working hours a day may have."""
GOALS: dict[str, str] = {
    "agent": N_("To an employee"),
    "queue": N_("To a group of employees"),
    "external": N_("To an outside number"),
    "menu": N_("To another menu"),
    "play": N_("Play a recording"),
    "voicemail": N_("Take a message"),
    "repeat": N_("Repeat"),
    "hangup": N_("End the call"),
}
"""What keys, silence in a menu, closing time or a full queue may do; 'agent_voicemail' is a message for an employee."""


class Goal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a call goes; see model.Target for the kinds. ``number`` is E.164, ``prompt`` a prompt's name."""

    kind: str
    id: int | None = None
    number: str = ""
    prompt: str = ""


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Working hours: ``week`` has for each day, Monday first, spans [from, to) in minutes.

    ``zone`` is an IANA name, '' the company's, 'employees' each employee's own (INB-11).
    """

    week: tuple[tuple[tuple[int, int], ...], ...]
    zone: str = ""


class Forward(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happens to a call that nobody takes (INB-14…17): ``mode`` off, one (``number``) or own (each employee's)."""

    mode: Literal["off", "one", "own"] = "off"
    number: str = ""
    seconds: int = 25
    attempts: int = 1
    show: Literal["caller", "called"] = "called"


class Relaxation(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever waits for ``after`` seconds is content with ``level``; 0 = with anybody."""

    after: int
    level: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The skill that a queue asks for (INQ-03), its least level, and how that relaxes as a caller waits."""

    skill_id: int
    level: int
    relax: tuple[Relaxation, ...] = ()

    def tier(self, level: int) -> int:
        """How long a caller waits for somebody of ``level`` (0 = lacks the skill): the number of relaxations, or NEVER.

        Within a tier the queue's way of distributing calls decides, so that who is able enough is rung fairly.
        """
        for place, least in enumerate((self.level, *(one.level for one in self.relax))):
            if level >= least:
                return place
        return NEVER

    def open_to(self, waited: float) -> int:
        """The highest tier that may take a caller after so many seconds."""
        return sum(waited >= one.after for one in self.relax)


MAX_LEVEL = 5
MAX_RELAXATIONS = 5
NEVER = 99
"""The tier of those whom no relaxation lets in."""
LONGEST_RELAXATION = 3600


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """Two questions after the talk (INQ-09): their prompts, the highest key of each (the lowest is 1), the thanks.

    Prompts are names; without ``second`` only one question is asked, without ``thanks`` the call just ends.
    """

    first: str
    second: str = ""
    thanks: str = ""
    first_most: int = 5
    second_most: int = 5

    @property
    def questions(self) -> tuple[tuple[int, str, int], ...]:
        """The questions that are asked: number, prompt, highest key."""
        both = ((1, self.first, self.first_most), (2, self.second, self.second_most))
        return tuple(one for one in both if one[1])


HIGHEST_KEYS = (2, 3, 4, 5)
STANDARD_SURVEY = Survey(first="standard-survey-rating", second="standard-survey-agent", thanks="standard-thanks")


def survey(stored: dict[str, Any] | None) -> Survey | None:
    """A stored survey; None for none and for one that cannot be read."""
    return _read(stored, Survey)


def asked(stored: dict[str, Any] | None) -> Asked | None:
    """A stored ask; None for none and for one that cannot be read."""
    return _read(stored, Asked)


def checked_ask(typed: Asked) -> Asked:
    """An ask that makes sense: relaxations one after the other, each lower than the last. Raises BadInput."""
    if not 1 <= typed.level <= MAX_LEVEL:
        raise BadInput(N_("Choose a level from 1 to %(limit)s."), limit=MAX_LEVEL)
    if len(typed.relax) > MAX_RELAXATIONS:
        raise BadInput(N_("At most %(limit)s steps of relaxing can be set."), limit=MAX_RELAXATIONS)
    steps = tuple(sorted(typed.relax, key=lambda one: one.after))
    after, level = 0, typed.level
    for one in steps:
        if not 1 <= one.after <= LONGEST_RELAXATION:
            raise BadInput(N_("A level relaxes after 1 to %(limit)s seconds."), limit=LONGEST_RELAXATION)
        if one.after == after:
            raise BadInput(N_("Two steps of relaxing come after the same %(seconds)s seconds."), seconds=after)
        if not 0 <= one.level < level:
            raise BadInput(N_("After %(seconds)s seconds the level must be lower than before."), seconds=one.after)
        after, level = one.after, one.level
    return Asked(skill_id=typed.skill_id, level=typed.level, relax=steps)


def goal(stored: dict[str, Any] | None) -> Goal | None:
    """A stored goal; None for none and for one that cannot be read."""
    return _read(stored, Goal)


def hours(stored: dict[str, Any] | None) -> Hours | None:
    """Stored working hours; None = always open."""
    return _read(stored, Hours)


def forward(stored: dict[str, Any] | None) -> Forward:
    """Stored forwarding; off when there is none."""
    return _read(stored, Forward) or Forward()


def stored(value: msgspec.Struct | None) -> dict[str, Any] | None:
    """A value as the JSON column keeps it."""
    return None if value is None else msgspec.to_builtins(value)


def spans(typed: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans of one day in order. Raises BadInput when one is empty, too long or overlaps another."""
    ordered = sorted((int(begin), int(end)) for begin, end in typed)
    if len(ordered) > MAX_SPANS:
        raise BadInput(N_("A day may have at most %(limit)s spans of working hours."), limit=MAX_SPANS)
    for begin, end in ordered:
        if not 0 <= begin < end <= DAY:
            message = N_("Working hours must end after they begin: %(begin)s – %(end)s.")
            raise BadInput(message, begin=clock(begin), end=clock(end))
    for (_, end), (begin, _) in pairwise(ordered):
        if begin < end:
            raise BadInput(N_("Two spans of working hours overlap at %(time)s."), time=clock(begin))
    return tuple(ordered)


def clock(minute: int) -> str:
    """A minute of the day as people write it: 09:30; the end of the day is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def minutes(text: str) -> int:
    """``9:30`` or ``24:00`` as minutes of the day. Raises BadInput."""
    hour, _, minute = text.strip().replace(".", ":").partition(":")
    minute = minute or "0"
    if (
        hour.isascii()
        and hour.isdecimal()
        and minute.isascii()
        and minute.isdecimal()
        and len(hour) <= 2 >= len(minute)
    ):
        total = int(hour) * 60 + int(minute)
        if int(minute) < 60 and total <= DAY:
            return total
    raise BadInput(N_("“%(text)s” is no time of day. Write it like 9:30."), text=text[:20])


def _read(stored: dict[str, Any] | None, kind: type[T]) -> T | None:
    if stored is None:
        return None
    try:
        return msgspec.convert(stored, kind)
    except msgspec.ValidationError:
        return None
