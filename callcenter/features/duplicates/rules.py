"""What is looked for, which cards are duplicates of each other, and which of them stays. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

PERSON, ORGANISATION = "person", "organisation"
OWN, ALL, CHOSEN = "own", "all", "chosen"
MERGE, ERASE = "merge", "erase"
# The business's setting that switches the check on cards made by hand (IMP-30); on unless it is False.
CHECK_SETTING = "duplicates_check"
PER_PAGE = 20
MAX_SHOWN = 50

PLACES: dict[str, str] = {
    OWN: N_("My clients"),
    ALL: N_("The whole company"),
    CHOSEN: N_("Chosen employees"),
}
OBJECTS: dict[str, str] = {
    "both": N_("People and organisations"),
    PERSON: N_("Only people"),
    ORGANISATION: N_("Only organisations"),
}
CRITERIA: dict[str, str] = {
    "phone": N_("Phone"),
    "email": N_("E-mail"),
    "name": N_("Name, letter for letter"),
    "inn": N_("INN"),
}
BASES: dict[str, str] = {
    "oldest": N_("The oldest card"),
    "newest": N_("The newest card"),
    "filled": N_("The card with most data"),
    "active": N_("The card with most calls and entries"),
}
MATCHED: dict[str, str] = {
    "phone": N_("the same phone"),
    "email": N_("the same e-mail"),
    "name": N_("the same name"),
    "inn": N_("the same INN"),
}


class Settings(msgspec.Struct, kw_only=True, frozen=True):
    """What is looked for: where (``place``, ``members`` when chosen), among what, by which criteria, what stays."""

    place: Literal["own", "all", "chosen"] = "own"
    members: list[int] = []
    object: Literal["both", "person", "organisation"] = "both"
    criteria: list[Literal["phone", "email", "name", "inn"]] = msgspec.field(default_factory=lambda: ["phone", "email"])
    base: Literal["oldest", "newest", "filled", "active"] = "oldest"

    @property
    def kinds(self) -> tuple[str, ...]:
        """People and organisations are searched one after the other, never together (IMP-26)."""
        return (PERSON, ORGANISATION) if self.object == "both" else (self.object,)


def check(settings: Settings) -> None:
    """Raises BadInput for settings with which nothing can be found."""
    if not settings.criteria:
        message = N_("Choose at least one field to compare.")
        raise BadInput(message, fields={"criteria": message})
    if settings.place == CHOSEN and not settings.members:
        message = N_("Choose at least one employee.")
        raise BadInput(message, fields={"members": message})


class Match(NamedTuple):
    """Cards that have one value in common."""

    criterion: str
    value: str
    ids: tuple[int, ...]


class Group(NamedTuple):
    """Cards that are one, directly or over others; ``matched``: card → [(criterion, value)] that it shares."""

    ids: tuple[int, ...]
    matched: dict[int, list[tuple[str, str]]]


def groups(matches: Iterable[Match]) -> list[Group]:
    """Joins matches into groups: A and B by phone, B and C by e-mail are one group. In the order of the smallest id."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    matched: dict[int, list[tuple[str, str]]] = {}
    for match in matches:
        ids = sorted(set(match.ids))
        if len(ids) < 2:
            continue
        for one in ids:
            parent.setdefault(one, one)
            matched.setdefault(one, []).append((match.criterion, match.value))
            first, second = root(ids[0]), root(one)
            # The smaller id is the root, so that groups come out in a lasting order.
            parent[max(first, second)] = min(first, second)
    joined: dict[int, list[int]] = {}
    for one in sorted(parent):
        joined.setdefault(root(one), []).append(one)
    return [Group(tuple(ids), {one: matched[one] for one in ids}) for _, ids in sorted(joined.items())]


class Candidate(NamedTuple):
    """What of a card decides whether it is the base."""

    id: int
    created_at: datetime
    saved: bool = True
    filled: int = 0
    active: int = 0


def choose_base(cards: Collection[Candidate], criterion: str) -> int:
    """The card that stays (IMP-28): a saved client before a mere number; of equal ones the oldest."""
    best = max(cards, key=lambda one: (one.saved, *_weight(one, criterion), -one.created_at.timestamp(), -one.id))
    return best.id


def _weight(card: Candidate, criterion: str) -> tuple[float, ...]:
    if criterion == "newest":
        return (card.created_at.timestamp(), card.id)
    if criterion == "filled":
        return (card.filled,)
    if criterion == "active":
        return (card.active,)
    return ()


def still_matches(matched: Iterable[Collection[str]], now: Mapping[str, Collection[str]]) -> bool:
    """Whether a card still has one of the values that made it a duplicate; ``now``: criterion → its values."""
    return any(value in now.get(criterion, ()) for criterion, value in matched)
