"""What Asterisk's own database has to hold, against what it holds. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

CLOSED = "cc-closed"
_BLOCKED = "cc-blocked-"
_NUMBER = re.compile(r"\+\d{5,15}\Z", re.ASCII)

Families = Mapping[str, frozenset[str]]


class Command(NamedTuple):
    """One step for Asterisk."""

    kind: Literal["put", "delete"]
    family: str
    key: str


def blocked_family(business_id: int) -> str:
    """Where the numbers stand whose calls a business refuses; dialplan/incoming.j2 looks there."""
    return f"{_BLOCKED}{business_id}"


def wanted(
    businesses: Iterable[int], closed: Iterable[int], refusing: Iterable[int], spam: Iterable[tuple[int, str]]
) -> dict[str, frozenset[str]]:
    """The keys that each family shall hold: businesses that are closed, spam numbers of those that refuse them."""
    refuses = set(refusing)
    found: dict[str, set[str]] = {CLOSED: {str(one) for one in closed}}
    for business_id in businesses:
        found[blocked_family(business_id)] = set()
    for business_id, number in spam:
        if business_id in refuses and _NUMBER.match(number):
            found.setdefault(blocked_family(business_id), set()).add(number)
    return {family: frozenset(keys) for family, keys in found.items()}


def plan(wish: Families, there: Families) -> list[Command]:
    """The steps from what is there to what is wanted; families that nobody wants are left alone."""
    steps: list[Command] = []
    for family in sorted(wish):
        known = there.get(family, frozenset())
        steps += [Command("put", family, key) for key in sorted(wish[family] - known)]
        steps += [Command("delete", family, key) for key in sorted(known - wish[family])]
    return steps
