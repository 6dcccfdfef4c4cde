"""Finding any piece of a name, number or e-mail among a million, by either database's trigram index (revision 0002)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.rules import people

# SQLite's full-text table beside ``contacts``; it knows no businesses, so it only ever narrows a query over Contact.
_INDEX = table("contact_search", column("rowid"), column("search"))
# Shorter pieces are in no trigram.
SHORTEST = 3


def found(session: AsyncSession, typed: str) -> ColumnElement[bool]:
    """The condition that a contact's search text has ``typed`` in it, whatever the capitals."""
    text = " ".join(typed.casefold().split())
    if session.get_bind().dialect.name == "postgresql":
        return Contact.search.like(people.like(text), escape="\\")
    exactly = func.instr(Contact.search, text) > 0
    if len(text) < SHORTEST:
        return exactly
    # LIKE with ESCAPE would not use the index: signs of LIKE stand for themselves in the exact comparison only.
    return Contact.id.in_(near(text)) & exactly


def near(text: str) -> Select[int]:
    """On SQLite: ids of cards of any business that have ``text`` (in small letters), as far as the index knows."""
    return select(_INDEX.c.rowid).where(_INDEX.c.search.like(f"%{text}%"))
