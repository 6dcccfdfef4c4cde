"""What a questionnaire may hold, which answers fit its questions, and what a report counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

Kind = Literal["one", "many", "text", "number", "date", "yesno", "scale"]
State = Literal["open", "refused", "postponed", "done"]
KINDS: dict[Kind, str] = {
    "one": N_("One of a list"),
    "many": N_("Several of a list"),
    "text": N_("Text"),
    "number": N_("Number"),
    "date": N_("Date"),
    "yesno": N_("Yes or no"),
    "scale": N_("Scale"),
}
STATES: dict[State, str] = {
    "open": N_("Begun"),
    "refused": N_("Refused to answer"),
    "postponed": N_("Postponed"),
    "done": N_("Filled in"),
}
LISTED = ("one", "many")
SCALES = (5, 10)
MOST_QUESTIONS, MOST_OPTIONS, MAX_TEXT = 60, 40, 2000
NO_NAME = N_("Enter the questionnaire's name, at most 100 characters.")
TAKEN = N_("There is a questionnaire of this name already.")
NO_QUESTIONS = N_("Add at least one question.")
TOO_MANY = N_("A questionnaire has at most %(limit)s questions.")
NO_TITLE = N_("Write what is asked, at most 300 characters.")
FEW_OPTIONS = N_("Write at least two different answers, each on a line of its own, at most 100 characters long.")
MANY_OPTIONS = N_("A question has at most %(limit)s answers to choose from.")
WRONG_QUESTION = N_("Some questions cannot be kept yet. See the notes beside them.")
LONG_INTRO = N_("What is said first has at most %(limit)s characters.")
MISSING = N_("These questions must be answered: %(questions)s.")
ANSWER = N_("Answer this question.")
WRONG = {
    "one": N_("Choose one of the answers."),
    "many": N_("Choose among the answers."),
    "text": N_("An answer has at most 2000 characters."),
    "number": N_("Enter a number, like 12 or 3.5."),
    "date": N_("Choose a day like 2026-03-31."),
    "yesno": N_("Choose yes or no."),
    "scale": N_("Choose a mark of the scale."),
}
WRONG_ANSWERS = N_("Some answers cannot be used. See the notes beside them.")
YES, NO = N_("Yes"), N_("No")


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to choose; ``key`` never changes and is never used again, ``gone`` = not offered any more."""

    key: int
    title: str
    gone: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it stands; ``id`` None = a new one."""

    id: int | None
    kind: Kind
    title: str
    mandatory: bool = False
    options: tuple[Option, ...] = ()
    most: int = 0


class Typed(msgspec.Struct, kw_only=True):
    """A question as somebody typed it; ``options`` are titles in their order."""

    id: int | None = None
    kind: Kind = "one"
    title: str = ""
    mandatory: bool = False
    options: list[str] = []
    most: int = 5


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with the words of its time: ``question`` as it was asked, ``said`` as it was chosen or written.

    ``value`` is a key (one), keys (many), a text, a number, a day (YYYY-MM-DD), yes or no (bool), or a mark (scale).
    """

    id: int
    kind: Kind
    question: str
    value: Any
    said: str


Values = Mapping[str, Any]
"""What was entered by question id (as text); None or '' = not answered."""


def name(typed: str, others: Iterable[str]) -> str:
    """A name that can be kept. Raises BadInput."""
    found = " ".join(typed.split())
    if not found or len(found) > 100 or not found.isprintable():
        raise BadInput(NO_NAME, fields={"name": NO_NAME})
    if found.casefold() in {one.casefold() for one in others}:
        raise BadInput(TAKEN, fields={"name": TAKEN})
    return found


def intro(typed: str) -> str:
    """What is said first. Raises BadInput."""
    found = typed.replace("\r\n", "\n").strip()
    if len(found) > 1000:
        raise BadInput(LONG_INTRO, fields={"intro": LONG_INTRO}, field_values={"intro": {"limit": 1000}}, limit=1000)
    return found


def questions(typed: Sequence[Typed], known: Mapping[int, Asked]) -> list[Asked]:
    """The questions that can be kept, in their order. ``known`` are those that are there, by id.

    Options keep their key by their words; those that are left out stay as gone. A question whose kind changes becomes
    a new one. Raises BadInput; its fields are ``question-<place>`` and ``options-<place>``, places from 0.
    """
    if not typed:
        raise BadInput(NO_QUESTIONS, fields={"questions": NO_QUESTIONS})
    if len(typed) > MOST_QUESTIONS:
        raise BadInput(TOO_MANY, limit=MOST_QUESTIONS)
    fields: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {}
    found = []
    for place, one in enumerate(typed):
        title = " ".join(one.title.split())
        if not title or len(title) > 300:
            fields[f"question-{place}"] = NO_TITLE
        old = known.get(one.id or 0)
        if old is not None and old.kind != one.kind:
            old = None
        titles = _titles(one.options) if one.kind in LISTED else []
        if one.kind in LISTED and (len(titles) < 2 or any(len(line) > 100 for line in titles)):
            fields[f"options-{place}"] = FEW_OPTIONS
        if len(titles) > MOST_OPTIONS:
            fields[f"options-{place}"] = MANY_OPTIONS
            values[f"options-{place}"] = {"limit": MOST_OPTIONS}
        found.append(
            Asked(
                id=old.id if old else None,
                kind=one.kind,
                title=title,
                mandatory=one.mandatory,
                options=_options(titles, old.options if old else ()),
                most=(one.most if one.most in SCALES else SCALES[0]) if one.kind == "scale" else 0,
            )
        )
    if fields:
        raise BadInput(WRONG_QUESTION, fields=fields, field_values=values)
    return found


def _titles(lines: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for line in lines:
        title = " ".join(line.split())
        if title:
            found.setdefault(title.casefold(), title)
    return list(found.values())


def _options(titles: Sequence[str], old: Sequence[Option]) -> tuple[Option, ...]:
    keys = {one.title.casefold(): one.key for one in old}
    last = max((one.key for one in old), default=0)
    found = []
    for title in titles:
        key = keys.get(title.casefold())
        if key is None:
            last += 1
            key = last
        found.append(Option(key=key, title=title))
    there = {one.key for one in found}
    return (*found, *(msgspec.structs.replace(one, gone=True) for one in old if one.key not in there))


def answers(asked: Sequence[Asked], values: Values) -> list[Answer]:
    """The answers among what was entered, in the order of the questions. Raises BadInput; fields are question ids."""
    found: list[Answer] = []
    wrong: dict[str, str] = {}
    for one in asked:
        value = values.get(str(one.id))
        if value is None or value in ("", []):
            continue
        try:
            answer = _answer(one, value)
        except (ValueError, TypeError, OverflowError):
            wrong[str(one.id)] = WRONG[one.kind]
        else:
            if answer is not None:
                found.append(answer)
    if wrong:
        raise BadInput(WRONG_ANSWERS, fields=wrong)
    return found


def _answer(one: Asked, value: Any) -> Answer | None:
    """One answer, None for a text of blanks. Raises ValueError, TypeError for what does not fit."""
    kept, said = _read(one, value)
    if said == "":
        return None
    return Answer(id=one.id or 0, kind=one.kind, question=one.title, value=kept, said=said)


def _read(one: Asked, value: Any) -> tuple[Any, str]:
    titles = {option.key: option.title for option in one.options}
    if one.kind == "one":
        return int(value), _known(titles, int(value))
    if one.kind == "many":
        keys = {int(key) for key in ([value] if isinstance(value, str | int) else value)}
        kept = [option.key for option in one.options if option.key in keys]
        if len(kept) != len(keys):
            raise ValueError(value)
        return kept, "; ".join(titles[key] for key in kept)
    if one.kind == "text":
        text = str(value).replace("\r\n", "\n").strip()
        if len(text) > MAX_TEXT:
            raise ValueError(text)
        return text, text
    if one.kind == "number":
        number = float(str(value).strip().replace("\u2212", "-").replace(",", ".").replace(" ", ""))
        if not abs(number) < 1e12:
            raise ValueError(value)
        whole = int(number) if number.is_integer() else number
        return whole, str(whole)
    if one.kind == "date":
        day = date.fromisoformat(str(value).strip()).isoformat()
        return day, day
    if one.kind == "yesno":
        yes = {"yes": True, "no": False, "true": True, "false": False}[str(value).lower()] if value in _YESNO else None
        if yes is None:
            raise ValueError(value)
        return yes, YES if yes else NO
    mark = int(value)
    if not 1 <= mark <= one.most:
        raise ValueError(value)
    return mark, str(mark)


_YESNO = ("yes", "no", "true", "false", True, False)


def _known(titles: Mapping[int, str], key: int) -> str:
    if key not in titles:
        raise ValueError(key)
    return titles[key]


def check_complete(asked: Sequence[Asked], given: Sequence[Answer]) -> None:
    """Raises BadInput that names each mandatory question without an answer (OUT-36)."""
    there = {one.id for one in given}
    missing = [one for one in asked if one.mandatory and one.id not in there]
    if missing:
        raise BadInput(
            MISSING,
            code="unanswered",
            fields={str(one.id): ANSWER for one in missing},
            questions=", ".join(f"«{one.title}»" for one in missing),
        )


class Tally(msgspec.Struct, kw_only=True):
    """How a question was answered. ``counts`` are (answer as said, how often); ``average`` is of numbers and marks."""

    id: int
    kind: Kind
    title: str
    retired: bool
    answered: int = 0
    counts: list[tuple[str, int]] = []
    average: float | None = None


def tally(asked: Asked, retired: bool, given: Iterable[Answer]) -> Tally:
    """The report of one question over its answers. Texts and days are only counted, not grouped."""
    values = list(given)
    counts: dict[str, int] = {}
    if asked.kind in LISTED:
        counts = {one.title: 0 for one in asked.options if not one.gone}
    elif asked.kind == "yesno":
        counts = {YES: 0, NO: 0}
    elif asked.kind == "scale":
        counts = {str(mark): 0 for mark in range(1, asked.most + 1)}
    titles = {one.key: one.title for one in asked.options}
    numbers: list[float] = []
    for answer in values:
        if answer.kind in ("number", "scale"):
            numbers.append(float(answer.value))
        for said in _groups(answer, titles):
            counts[said] = counts.get(said, 0) + 1
    return Tally(
        id=asked.id or 0,
        kind=asked.kind,
        title=asked.title,
        retired=retired,
        answered=len(values),
        counts=list(counts.items()),
        average=round(sum(numbers) / len(numbers), 2) if numbers else None,
    )


def _groups(answer: Answer, titles: Mapping[int, str]) -> list[str]:
    if answer.kind == "one":
        return [titles.get(answer.value, answer.said)]
    if answer.kind == "many":
        return [titles.get(key, "") for key in answer.value if titles.get(key)]
    return [answer.said] if answer.kind in ("yesno", "scale") else []


WRONG_ORDER = N_("The period ends before it begins.")


class Period(msgspec.Struct, frozen=True):
    """Days in somebody's time zone, both counted."""

    first: date
    last: date

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From the beginning of the first day to the end of the last one."""
        return (
            datetime.combine(self.first, time(), zone),
            datetime.combine(self.last + timedelta(days=1), time(), zone),
        )


def period(since: str, until: str, today: date) -> Period:
    """The days that were typed (``2026-03-31``), else the last thirty. Raises BadInput."""
    last = _day(until, "to") if until.strip() else today
    first = _day(since, "from") if since.strip() else last - timedelta(days=29)
    if last < first:
        raise BadInput(WRONG_ORDER, fields={"to": WRONG_ORDER})
    return Period(first, last)


def _day(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year < 2200:
        raise BadInput(WRONG["date"], fields={field: WRONG["date"]})
    return found
