"""What becomes of each row: made, added to a card that is there, or skipped (IMP-13 … IMP-16). Pure.

A person of a row that also names an organisation is nested in it. Organisations are compared with organisations and
people with people, never across. Nested people of one file are not merged with each other (IMP-16), but with those who
were in the base before the file, so that loading a file again doubles nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from callcenter.features.imports.rules.cells import Card

SKIP, MERGE, LOAD = "skip", "merge", "load"
POLICIES = (MERGE, SKIP, LOAD)
CREATED, UPDATED, SKIPPED, REFUSED = "created", "updated", "skipped", "refused"
FIRM, PERSON = 0, 1

Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class Found:
    """A card that a row may be the same as: in the base (``id``), or made by this very portion (``item``)."""

    id: int | None = None
    item: Item | None = None
    fresh: bool = False
    responsible_id: int | None = None
    name: str = ""


@dataclass(slots=True, eq=False)
class Item:
    """What becomes of a part of a row. ``target`` is the card that it is added to or skipped for."""

    line: int
    part: int
    card: Card
    action: str = CREATED
    target: Found | None = None
    firm: Found | None = None


def keys(card: Card) -> list[Key]:
    """What a card is compared by, the surest first."""
    found = [("phone", e164) for e164, _ in card.phones]
    found += [("email", one.casefold()) for one in card.emails]
    if card.name:
        found.append(("name", card.name.casefold()[:200]))
    return found


@dataclass
class Planner:
    """Goes through the rows of a portion in their order. ``look`` finds cards of a kind in the base by a key."""

    policy: str
    look: Callable[[str, Key], list[Found]]
    items: list[Item] = field(default_factory=list)
    made: dict[tuple[str, Key], list[Found]] = field(default_factory=dict)

    def row(self, line: int, firm: Card | None, person: Card | None) -> None:
        """Decides about one row."""
        nested: Found | None = None
        if firm is not None:
            nested = self._firm(line, firm, person is not None)
        if person is not None:
            self._person(line, person, nested)

    def _firm(self, line: int, card: Card, with_person: bool) -> Found:
        found: Found | None = None
        if self.policy != LOAD:
            found = next(self._candidates(card, keys(card)), None)
        elif with_person:
            # Two people of one organisation are two people in one organisation, whatever is done with duplicates.
            found = next(self._candidates(card, [key for key in keys(card) if key[0] == "name"]), None)
        return self._decide(Item(line, FIRM, card), found, SKIPPED if self.policy == SKIP else UPDATED)

    def _person(self, line: int, card: Card, firm: Found | None) -> None:
        found: Found | None = None
        if self.policy != LOAD:
            nested = firm is not None and self.policy == MERGE
            for one in self._candidates(card, keys(card)):
                if not (nested and (one.fresh or one.item is not None)):
                    found = one
                    break
        self._decide(Item(line, PERSON, card, firm=firm), found, SKIPPED if self.policy == SKIP else UPDATED)

    def _candidates(self, card: Card, wanted: list[Key]) -> Iterator[Found]:
        for key in wanted:
            yield from self.look(card.kind, key)
            yield from self.made.get((card.kind, key), ())

    def _decide(self, item: Item, found: Found | None, action: str) -> Found:
        self.items.append(item)
        if found is None:
            here = Found(item=item, name=item.card.name)
        else:
            item.action, item.target, here = action, found, found
            if action == SKIPPED:
                return here
            if found.item is not None:
                absorb(found.item.card, item.card)
        for key in keys(item.card):
            known = self.made.setdefault((item.card.kind, key), [])
            if here not in known:
                known.append(here)
        return here


def absorb(card: Card, other: Card) -> None:
    """Adds to a card what it lacks and the other has; nothing is changed (IMP-15)."""
    if card.kind == "person" and other.columns.get("last_name") and not card.columns.get("last_name"):
        first, same = card.columns.get("first_name", ""), other.columns.get("first_name", "")
        if first.casefold() == same.casefold():
            card.columns["last_name"] = other.columns["last_name"]
            card.name = f"{first} {card.columns['last_name']}".strip()
    for column, value in other.columns.items():
        if column == "own":
            card.columns[column] = {**value, **card.columns.get(column, {})}
        elif column not in ("first_name", "last_name") and not card.columns.get(column):
            card.columns[column] = value
    numbers = {e164 for e164, _ in card.phones}
    card.phones += [one for one in other.phones if one[0] not in numbers]
    mails = {one.casefold() for one in card.emails}
    card.emails += [one for one in other.emails if one.casefold() not in mails]
    card.sites += [one for one in other.sites if one not in card.sites]
    tags = {one.casefold() for one in card.tags}
    card.tags += [one for one in other.tags if one.casefold() not in tags]
