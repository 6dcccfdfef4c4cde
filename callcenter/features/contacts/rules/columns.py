"""Columns of the lists of clients (CON-07): which there are, which are shown, how wide, and what sorts them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from callcenter.core.i18n import N_
from callcenter.features.contacts.rules.fields import ORGANISATION, base_fields
from callcenter.features.contacts.rules.filters import Field

MAX_COLUMNS = 6
MIN_WIDTH, MAX_WIDTH = 60, 640
DEFAULT: dict[str, tuple[str, ...]] = {
    "person": ("name", "phone", "organisation", "tags", "responsible", "created"),
    ORGANISATION: ("name", "inn", "people"),
}
# What an index of the database sorts; the others would have a million rows sorted for one page.
SORTABLE = ("number", "name", "created", "city", "birth_date", "last_call")
SORTABLE_OWN = ("text", "number", "date", "options")


class Column(NamedTuple):
    """A column that can be chosen; ``title`` is a gettext key unless it is ``own``."""

    key: str
    title: str
    sortable: bool = False
    own: bool = False


class Shown(NamedTuple):
    """A column as somebody shows it; ``width`` in CSS pixels, 0 = as wide as it likes."""

    key: str
    width: int = 0


class Sort(NamedTuple):
    """What a list is sorted by, and whether downwards."""

    key: str = "number"
    down: bool = True


_MORE: tuple[tuple[str, str], ...] = (
    ("phone2", N_("Phone 2")),
    ("phone3", N_("Phone 3")),
    ("channels", N_("Number of channels")),
    ("created", N_("Created")),
    ("changed", N_("Changed")),
    ("last_call", N_("Last call")),
)


def columns(entity: str, own: Iterable[Field] = (), hidden: frozenset[str] = frozenset()) -> dict[str, Column]:
    """Every column that a list of ``entity`` may have: the card's fields, own ones, and some more."""
    found = {"name": Column("name", N_("Name") if entity == ORGANISATION else N_("Client"), sortable=True)}
    for field in base_fields(entity):
        if field.key not in ("first_name", "last_name", "name") and field.key not in hidden:
            sortable = field.key in SORTABLE or (field.key == "inn" and entity == ORGANISATION)
            found[field.key] = Column(field.key, field.title, sortable)
    if entity == ORGANISATION:
        found["people"] = Column("people", N_("Contacts"))
    for key, title in _MORE:
        found[key] = Column(key, title, key in SORTABLE)
    for one in own:
        found[one.key] = Column(one.key, one.title, one.type in SORTABLE_OWN, own=True)
    return found


def shown(text: str, known: Mapping[str, Column], entity: str) -> list[Shown]:
    """The columns that ``name:220,phone`` means, at most ``MAX_COLUMNS``; the first ones of the list without any.

    What does not exist (any more) is left out, so that an old address or view still opens. The name is always there.
    """
    found: dict[str, Shown] = {}
    for part in text.split(",")[:40]:
        key, _, width = part.strip().partition(":")
        if key in known and key not in found:
            wide = int(width) if width.isascii() and width.isdecimal() and len(width) < 5 else 0
            found[key] = Shown(key, min(max(wide, MIN_WIDTH), MAX_WIDTH) if wide else 0)
    if not found:
        return [Shown(key) for key in DEFAULT[entity] if key in known]
    if "name" not in found:
        found = {"name": Shown("name"), **found}
    return list(found.values())[:MAX_COLUMNS]


def text_of(columns: Iterable[Shown]) -> str:
    """The columns as they stand in an address or a saved view."""
    return ",".join(f"{one.key}:{one.width}" if one.width else one.key for one in columns)


def sort(text: Any, known: Mapping[str, Column]) -> Sort:
    """What ``-created`` (downwards) or ``name`` means; the newest first when it means nothing."""
    plain = str(text or "")
    key = plain.lstrip("-")
    if key != "number" and not (key in known and known[key].sortable):
        return Sort()
    return Sort(key, plain.startswith("-"))


def sort_text(sort: Sort) -> str:
    """The order as it stands in an address."""
    return f"-{sort.key}" if sort.down else sort.key
