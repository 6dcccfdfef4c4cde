"""The super-filter (CON-10): conditions field–operator–value in groups joined by «and» and «or», over any field.

As JSON a group is ``{"join": "and", "items": […]}`` and a condition
``{"field": "city", "op": "equals", "value": "Tver"}``; lists, dial lists, SMS and mass actions keep it so. ``decode``
checks it against the fields that there are and gives a tree that queries.filtering turns into SQL. Texts are compared
whatever their capitals (``spellings``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.contacts.rules import fields as cards

MAX_DEPTH, MAX_CONDITIONS, MAX_VALUES, MAX_TEXT, MAX_DAYS = 5, 50, 200, 200, 3650
Type = Literal[
    "text", "phone", "email", "channel", "number", "date", "moment", "choice", "member", "tags", "lists", "sex",
    "options", "flag", "file", "clock",
]  # fmt: skip
Plain = str | int | float | bool
# Under a name of its own: in ListState ``list`` is a field.
Conditions = list[dict[str, Any]]

OPERATORS: dict[str, str] = {
    "equals": N_("is equal to"),
    "not_equals": N_("is not equal to"),
    "contains": N_("contains"),
    "not_contains": N_("does not contain"),
    "begins": N_("begins with"),
    "greater": N_("is greater than"),
    "less": N_("is less than"),
    "between": N_("is between"),
    "before": N_("is before"),
    "after": N_("is after"),
    "last_days": N_("is within the last days:"),
    "not_last_days": N_("is not within the last days:"),
    "in": N_("is one of"),
    "not_in": N_("is none of"),
    "empty": N_("is empty"),
    "filled": N_("is not empty"),
    "yes": N_("yes"),
    "no": N_("no"),
}
_TEXT = ("equals", "not_equals", "contains", "not_contains", "begins", "empty", "filled")
_CHOICE = ("in", "not_in", "empty", "filled")
_DATES = ("equals", "before", "after", "between", "last_days", "not_last_days", "empty", "filled")
BY_TYPE: dict[str, tuple[str, ...]] = {
    "text": _TEXT,
    "phone": _TEXT,
    "email": _TEXT,
    "channel": _TEXT,
    "number": ("equals", "not_equals", "greater", "less", "between", "empty", "filled"),
    "date": _DATES,
    "moment": _DATES,
    "choice": _CHOICE,
    "member": _CHOICE,
    "tags": _CHOICE,
    "lists": _CHOICE,
    "sex": _CHOICE,
    "options": _CHOICE,
    "flag": ("yes", "no"),
    "file": ("empty", "filled"),
    "clock": ("between",),
}
# How many values an operator takes; -1 = one or more.
_COUNTS = {"between": 2, "empty": 0, "filled": 0, "yes": 0, "no": 0, "in": -1, "not_in": -1}


class Field(NamedTuple):
    """Something to filter by; ``title`` is a gettext key for base fields and plain text for own ones (``own``)."""

    key: str
    title: str
    type: str
    own: bool = False
    options: tuple[str, ...] = ()


class Rule(NamedTuple):
    """A condition that fits its field; ``values`` are of the field's type."""

    field: Field
    op: str
    values: tuple[Any, ...] = ()


class Group(NamedTuple):
    """Rules and groups joined by ``join`` ('and' or 'or'); an empty one is true."""

    join: str
    items: tuple[Rule | Group, ...] = ()


class When(NamedTuple):
    """The day and the time zone that relative dates are counted from, and the moment that clients' clocks show."""

    today: date
    zone: str = "UTC"
    now: datetime | None = None


class ConditionForm(msgspec.Struct, forbid_unknown_fields=True):
    """A condition as JSON."""

    field: str
    op: str
    value: Plain | list[Plain] | None = None


class ListState(msgspec.Struct, kw_only=True):
    """What a list shows: the JSON that pages send, saved views keep, and ``Selection.filter`` holds.

    ``where`` is a tree, ``quick`` conditions that hold besides; ``list`` one list of clients. ``today``, ``now`` and
    ``zone`` fix what relative dates and clients' clocks mean, so that a job finds what its person saw.
    """

    section: Literal["persons", "organisations"] = "persons"
    state: Literal["client", "archive"] = "client"
    search: str = ""
    where: dict[str, Any] | None = None
    list: int | None = None
    quick: Conditions = []
    today: date | None = None
    now: datetime | None = None
    zone: str = "UTC"

    @property
    def timed(self) -> bool:
        """Whether it asks for what clients' clocks show, so that it finds others soon."""
        return b'"client_time"' in msgspec.json.encode((self.where, self.quick))

    @property
    def kind(self) -> str:
        """``person`` or ``organisation``."""
        return self.section[:-1]


_BASE_TYPES = {"long": "text", "organisation": "text", "currency": "text"}
_MORE: tuple[tuple[str, str, str], ...] = (
    ("number", "№", "number"),
    ("created", N_("Created"), "moment"),
    ("changed", N_("Changed"), "moment"),
    ("last_call", N_("Last call"), "moment"),
    ("client_time", N_("Client's time now"), "clock"),
    ("called", N_("Was called"), "flag"),
    ("has_phone", N_("Has a phone"), "flag"),
    ("has_email", N_("Has an e-mail"), "flag"),
    ("subscribed", N_("Subscribed"), "flag"),
    ("blocked", N_("Blocked"), "flag"),
)


def base_fields(entity: str) -> dict[str, Field]:
    """What persons or organisations can be filtered by besides own fields."""
    found = {"name": Field("name", N_("Name") if entity == cards.ORGANISATION else N_("Client"), "text")}
    for one in cards.base_fields(entity):
        found[one.key] = Field(one.key, one.title, _BASE_TYPES.get(one.type, one.type))
    return found | {key: Field(key, title, kind) for key, title, kind in _MORE}


def own_field(field_id: int, title: str, type_: str, options: Sequence[Any] = ()) -> Field:
    """An own field as one to filter by."""
    kind = "options" if type_ == "list" else type_
    return Field(f"f{field_id}", title, kind, own=True, options=tuple(str(one) for one in options))


def decode(raw: Any, known: Mapping[str, Field]) -> Group:
    """The tree that ``raw`` (decoded JSON, None = everything) means. Raises BadInput."""
    if raw is None or raw == {}:
        return Group("and")
    left = [MAX_CONDITIONS]
    found = _node(raw, known, 1, left)
    return found if isinstance(found, Group) else Group("and", (found,))


def _node(raw: Any, known: Mapping[str, Field], depth: int, left: list[int]) -> Rule | Group:
    if not isinstance(raw, dict):
        raise _bad(N_("The filter cannot be read. Build it anew."))
    if "items" in raw or "join" in raw:
        if depth > MAX_DEPTH:
            raise _bad(N_("The filter has groups in groups too deep: at most %(limit)s."), limit=MAX_DEPTH)
        join, items = raw.get("join", "and"), raw.get("items", [])
        if join not in ("and", "or") or not isinstance(items, list) or set(raw) - {"join", "items"}:
            raise _bad(N_("The filter cannot be read. Build it anew."))
        return Group(join, tuple(_node(item, known, depth + 1, left) for item in items))
    left[0] -= 1
    if left[0] < 0:
        raise _bad(N_("The filter has too many conditions: at most %(limit)s."), limit=MAX_CONDITIONS)
    return rule(raw, known)


def rule(raw: Any, known: Mapping[str, Field]) -> Rule:
    """One condition, checked against its field. Raises BadInput."""
    try:
        form = msgspec.convert(raw, ConditionForm)
    except msgspec.ValidationError:
        raise _bad(N_("The filter cannot be read. Build it anew.")) from None
    field = known.get(form.field)
    if field is None:
        raise _bad(N_("The filter asks for a field that does not exist any more. Take this condition out."))
    if form.op not in BY_TYPE[field.type]:
        raise _bad(N_("“%(field)s” cannot be compared in this way."), field=field.title)
    values = form.value if isinstance(form.value, list) else [] if form.value in (None, "") else [form.value]
    count = _COUNTS.get(form.op, 1)
    if count == 0:
        return Rule(field, form.op)
    if len(values) > MAX_VALUES or (len(values) != count if count > 0 else not values):
        message = N_("Fill in the value of “%(field)s” in the filter.")
        raise _bad(message, field=field.title)
    made = tuple(_value(field, form.op, one) for one in values)
    # Hours may go over midnight.
    if form.op == "between" and field.type != "clock" and made[1] < made[0]:
        made = (made[1], made[0])
    return Rule(field, form.op, made)


def _value(field: Field, op: str, raw: Plain) -> Any:
    found: Any = None
    if op in ("last_days", "not_last_days"):
        found = _whole(raw)
        found = found if found is not None and 1 <= found <= MAX_DAYS else None
    elif field.type == "number":
        found = float(raw) if isinstance(raw, int | float) else cards.number(raw) if isinstance(raw, str) else None
        found = found if found is not None and abs(found) < 1e15 else None
    elif field.type in ("date", "moment"):
        found = cards.a_day(raw) if isinstance(raw, str) else None
    elif field.type in ("choice", "member", "tags", "lists"):
        found = _whole(raw)
    elif field.type == "clock":
        found = clock(raw) if isinstance(raw, str) else None
    elif field.type == "sex":
        found = raw if raw in ("m", "f") else None
    elif isinstance(raw, str) and 0 < len(raw.strip()) <= MAX_TEXT and "\x00" not in raw:
        text = " ".join(raw.split()) if not (field.own and field.type == "text") else raw.strip()
        found = (number_piece(text, op) or None) if field.type == "phone" else text
    if found is None:
        raise _bad(N_("The value of “%(field)s” in the filter cannot be used."), field=field.title)
    return found


def clock(text: str) -> time | None:
    """A time of day as ``09:30``, None when it is none."""
    try:
        return time.fromisoformat(text.strip()).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def _whole(raw: Plain) -> int | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw if 0 <= raw < 2**31 else None
    return int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdecimal() and len(raw) < 10 else None


def number_piece(text: str, op: str = "contains") -> str:
    """What of a number somebody typed is looked for in E.164; '' when it has no digits.

    A whole number is made E.164; of a piece only the digits count, and ``8`` in front of others stands for ``7``.
    """
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    if op in ("equals", "not_equals"):
        return to_e164(text) or (f"+{digits}" if digits else "")
    plus = text.lstrip().startswith("+")
    if not plus and len(digits) > 3 and digits[0] == "8":
        digits = "7" + digits[1:]
    if op == "begins" and digits:
        return f"+{digits}"
    return digits


# Short words stay small inside a title: «Ростов-на-Дону», «Frankfurt am Main».
_SMALL = re.compile(r"(?<=[\s-])\w{1,3}(?=[\s-])")


def spellings(text: str) -> tuple[str, ...]:
    """How a text may be written: as it is, in small and in capital letters, as a sentence, as a title.

    Databases differ in what they know of Cyrillic capitals, so texts without a column in small letters are compared so.
    """
    lower = text.lower()
    title = _SMALL.sub(lambda found: found[0].lower(), lower.title())
    # A piece may begin in the middle of a word: «ый Ин» of «Главный Инженер».
    inside = lower[:1] + title[1:]
    sentence = lower[:1].upper() + lower[1:]
    return tuple(dict.fromkeys((text, lower, sentence, lower.title(), title, inside, text.upper())))


def span(field: Field, op: str, values: Sequence[Any], when: When) -> tuple[Any, Any]:
    """(first included, first excluded; None = open) that a condition on a date or moment means."""
    first: date | None = None
    after: date | None = None
    if op == "equals":
        first, after = values[0], values[0] + timedelta(days=1)
    elif op == "between":
        first, after = values[0], values[1] + timedelta(days=1)
    elif op == "before":
        after = values[0]
    elif op == "after":
        first = values[0] + timedelta(days=1)
    else:
        first, after = when.today - timedelta(days=values[0] - 1), when.today + timedelta(days=1)
    if field.type == "date":
        return first, after
    return _midnight(first, when.zone), _midnight(after, when.zone)


def _midnight(day: date | None, zone: str) -> datetime | None:
    if day is None:
        return None
    try:
        where = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        where = ZoneInfo("UTC")
    return datetime.combine(day, time(), where).astimezone(UTC)


def rules_in(group: Group) -> Iterator[Rule]:
    """Every condition of the tree."""
    for item in group.items:
        if isinstance(item, Rule):
            yield item
        else:
            yield from rules_in(item)


def _bad(message: str, **values: Any) -> BadInput:
    return BadInput(message, fields={"where": message} if not values else {}, code="bad_filter", **values)
