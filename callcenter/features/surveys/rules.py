"""What a call's story says of a survey, and how answers are summed up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.routing import HIGHEST_KEYS

HIGHEST = max(HIGHEST_KEYS)
LONGEST_DAYS = 400
WRONG_DAY = N_("Choose a day like 2026-03-31.")
WRONG_ORDER = N_("The period ends before it begins.")
TOO_LONG = N_("A period has at most %(limit)s days.")


class Told(Protocol):
    """A step of a call's story."""

    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> float: ...
    @property
    def agent_id(self) -> int | None: ...
    @property
    def queue_id(self) -> int | None: ...
    @property
    def text(self) -> str: ...


class Answer(NamedTuple):
    """One survey: when it began (epoch seconds), about which queue and agent, and the keys of both questions."""

    at: float
    queue_id: int | None
    agent_id: int | None
    first: int | None = None
    second: int | None = None


def read(steps: Iterable[Told]) -> Answer | None:
    """The survey that a story tells of; None when nobody was asked. The first answer to a question counts."""
    found: Answer | None = None
    for step in steps:
        if step.kind == "survey" and found is None:
            found = Answer(step.at, step.queue_id, step.agent_id)
        elif step.kind == "score" and found is not None:
            question, _, key = step.text.partition(" ")
            if key.isascii() and key.isdecimal() and 1 <= int(key) <= HIGHEST:
                if question == "1" and found.first is None:
                    found = found._replace(first=int(key))
                elif question == "2" and found.second is None:
                    found = found._replace(second=int(key))
    return found


class Question(NamedTuple):
    """What was answered to a question: how many answers there are of each key from 1 on, and their average."""

    counts: tuple[int, ...]

    @property
    def answers(self) -> int:
        """How many answered."""
        return sum(self.counts)

    @property
    def average(self) -> float | None:
        """The average key; None without an answer."""
        if not self.answers:
            return None
        return sum(key * count for key, count in enumerate(self.counts, 1)) / self.answers

    def add(self, other: Question) -> Question:
        """Both together."""
        return Question(tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))


NONE = Question((0,) * HIGHEST)


class Sum(NamedTuple):
    """The answers about one queue or agent (``id`` None = it is gone): who was asked, who answered anything."""

    id: int | None
    asked: int = 0
    answered: int = 0
    first: Question = NONE
    second: Question = NONE

    def add(self, other: Sum) -> Sum:
        """Both together."""
        return Sum(
            self.id,
            self.asked + other.asked,
            self.answered + other.answered,
            self.first.add(other.first),
            self.second.add(other.second),
        )


class Count(NamedTuple):
    """So many surveys about a queue and an agent with these keys."""

    queue_id: int | None
    agent_id: int | None
    first: int | None
    second: int | None
    number: int


def summed(counts: Iterable[Count], by: str) -> list[Sum]:
    """Sums ``by`` 'queue_id' or 'agent_id', the most asked first; ``by`` '' gives one sum of all."""
    found: dict[int | None, Sum] = {} if by else {None: Sum(None)}
    for one in counts:
        key = getattr(one, by) if by else None
        answered = one.number if one.first is not None or one.second is not None else 0
        sums = found.get(key, Sum(key))
        found[key] = sums.add(
            Sum(key, one.number, answered, _question(one.first, one.number), _question(one.second, one.number))
        )
    return sorted(found.values(), key=lambda one: (-one.asked, one.id is None, one.id or 0))


def _question(key: int | None, number: int) -> Question:
    return Question(tuple(number if key == one else 0 for one in range(1, HIGHEST + 1)))


class Period(NamedTuple):
    """Days of the company's clock, both counted."""

    first: date
    last: date

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From the beginning of the first day to the end of the last one."""
        begin = datetime(self.first.year, self.first.month, self.first.day, tzinfo=zone)
        after = self.last + timedelta(days=1)
        return begin, datetime(after.year, after.month, after.day, tzinfo=zone)


def period(since: str, until: str, today: date) -> Period:
    """The days that were typed (``2026-03-31``), else the last thirty. Raises BadInput."""
    last = _day(until, "to") if until.strip() else today
    first = _day(since, "from") if since.strip() else last - timedelta(days=29)
    if last < first:
        raise BadInput(WRONG_ORDER, fields={"to": WRONG_ORDER})
    if (last - first).days >= LONGEST_DAYS:
        raise BadInput(
            TOO_LONG, fields={"from": TOO_LONG}, field_values={"from": {"limit": LONGEST_DAYS}}, limit=LONGEST_DAYS
        )
    return Period(first, last)


def _day(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(WRONG_DAY, fields={field: WRONG_DAY}) from None
    if not 2000 <= found.year <= 2100:
        raise BadInput(WRONG_DAY, fields={field: WRONG_DAY})
    return found


def share(counts: Sequence[int], key: int) -> int:
    """How many percent of the answers were this key."""
    total = sum(counts)
    return round(100 * counts[key - 1] / total) if total else 0
