"""Finding any piece of a name, number or e-mail among a million, by either database's trigram index (revision 0002)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, or_, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.rules import people
from callcenter.features.contacts.rules.filters import number_piece

# SQLite's full-text table beside ``contacts``; it knows no businesses, so it only ever narrows a query over Contact.
_INDEX = table("contact_search", column("rowid"), column("search"))
# Shorter pieces are in no trigram.
SHORTEST = 3


def found(session: AsyncSession, typed: str) -> ColumnElement[bool]:
    """The condition that a contact's search text has ``typed`` in it, whatever the capitals."""
    text = folded(typed)
    if session.get_bind().dialect.name == "postgresql":
        return Contact.search.like(people.like(text), escape="\\")
    exactly = has(session, Contact.search, text)
    if len(text) < SHORTEST:
        return exactly
    return Contact.id.in_(candidates(session, text)) & exactly


def matches(session: AsyncSession, typed: str) -> ColumnElement[bool]:
    """The same for a list that is walked: nothing is looked up first. A number may be typed as people write it."""
    return or_(*(_walked(session, one) for one in pieces(typed)))


def pieces(typed: str) -> list[str]:
    """What to look for when ``typed`` was typed: the text, and the digits of a number with blanks and signs."""
    text = folded(typed)
    found = [text]
    if text and not any(c.isalpha() or c == "@" for c in text):
        digits = number_piece(text)
        if len(digits) >= SHORTEST and digits != text:
            found = [digits]
    return found


def indexed(typed: str) -> bool:
    """Whether the trigram index can look ``typed`` up."""
    return all(len(one) >= SHORTEST for one in pieces(typed))


def candidates(session: AsyncSession, typed: str) -> Select[Any]:
    """Ids of the contacts that may have ``typed`` in them, straight from the index."""
    direct = condition(session, typed)
    if direct is not None:
        return select(Contact.id).where(direct)
    text = pieces(typed)[0]
    # LIKE with ESCAPE would not use the index: signs of LIKE stand for themselves in the exact comparison only.
    return select(_INDEX.c.rowid).where(_INDEX.c.search.like(f"%{text}%"))


def condition(session: AsyncSession, typed: str) -> ColumnElement[bool] | None:
    """The same as a condition on Contact that the index helps; None where the index is a table of its own."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    return Contact.search.like(people.like(pieces(typed)[0]), escape="\\")


def has(session: AsyncSession, where: Any, text: str) -> ColumnElement[bool]:
    """That ``where`` has ``text`` in it, letter by letter."""
    if session.get_bind().dialect.name == "postgresql":
        place: ColumnElement[int] = func.strpos(where, text)
    else:
        place = func.instr(where, text)
    return place > 0


def folded(typed: str) -> str:
    """What was typed as it stands in a contact's search text."""
    return " ".join(typed.casefold().split())


def _walked(session: AsyncSession, text: str) -> ColumnElement[bool]:
    if session.get_bind().dialect.name == "postgresql":
        return Contact.search.like(people.like(text), escape="\\")
    return has(session, Contact.search, text)
