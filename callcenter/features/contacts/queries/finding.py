"""The few clients that a search as one types shows at once, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ARRAY, JSON, BigInteger, ColumnElement, and_, any_, bindparam, column, desc, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact, ContactPhone
from callcenter.features.contacts.queries import searching
from callcenter.features.contacts.queries.access import visible
from callcenter.features.contacts.rules import people
from callcenter.features.contacts.rules.access import Viewer

# A piece of text that is in more cards than this is common.
RARE = 500
# Of a common piece so many of the last cards are looked at too: the index is read backwards at twice the cost.
LAST = 200
LOOKED_THROUGH = 10_000


class Glimpse(NamedTuple):
    """What a line of a search shows of a card; ``kind`` 'person' or 'organisation', ``state`` 'client' or 'contact'."""

    id: int
    kind: str
    state: str
    name: str
    name_key: str
    inn: str
    position: str
    organisation: str
    city: str

    @property
    def saved(self) -> bool:
        """Whether somebody keeps it as a client, apart from those who only called."""
        return self.state != "contact"


_GLIMPSE = tuple(getattr(Contact, name) for name in Glimpse._fields)


async def first(session: AsyncSession, who: Viewer, text: str, kinds: Sequence[str], limit: int) -> list[Glimpse]:
    """Up to ``limit`` cards of each of ``kinds`` that ``who`` sees and that have ``text`` (in small letters) in them.

    Not sorted in the database: among a million cards a common piece of a name is in very many of them.
    """
    where = [visible(who), await _matches(session, text), Contact.state.in_(("client", "contact"))]
    found: list[Glimpse] = []
    for kind in kinds:
        rows = await session.execute(select(*_GLIMPSE).where(*where, Contact.kind == kind).limit(limit))
        found += map(Glimpse._make, rows)
    return found


async def _matches(session: AsyncSession, text: str) -> ColumnElement[bool]:
    short = len(text) < searching.SHORTEST
    if session.get_bind().dialect.name != "sqlite":
        return await _matches_postgres(session, people.like(text)[1:] if short else people.like(text))
    if short:
        # One or two letters are in no trigram: names that begin so.
        return Contact.name_key.between(text, text + "\U0010ffff")
    found = searching.candidates(session, text)
    ids = list(await session.scalars(found.limit(RARE + 1)))
    if len(ids) > RARE:
        # What is common is looked for among the first and the last cards that have it: more would not be shown.
        ids += await session.scalars(found.order_by(desc(column("rowid"))).limit(LAST))
    return and_(_among(ids, sqlite=True), searching.has(session, Contact.search, text))


async def _matches_postgres(session: AsyncSession, pattern: str) -> ColumnElement[bool]:
    """The same; PostgreSQL does not read its index backwards, so the last cards are looked through one by one."""
    there = Contact.search.like(pattern, escape="\\")
    ids = list(await session.scalars(select(Contact.id).where(there).limit(RARE + 1)))
    if len(ids) > RARE:
        last = select(Contact.id, Contact.search).order_by(Contact.id.desc()).limit(LOOKED_THROUGH).subquery()
        ids += await session.scalars(select(last.c.id).where(last.c.search.like(pattern, escape="\\")).limit(LAST))
    # Not the pattern again: the index would be asked for everybody who has it.
    return _among(ids, sqlite=False)


def _among(ids: list[int], *, sqlite: bool) -> ColumnElement[bool]:
    """Cards by many ids in one parameter: a parameter for each takes longer than to read the cards."""
    if sqlite:
        every = func.json_each(bindparam("ids", ids, JSON, unique=True)).table_valued("value")
        return Contact.id.in_(select(every.c.value))
    return Contact.id == any_(bindparam("ids", ids, ARRAY(BigInteger), unique=True))


async def numbers(session: AsyncSession, ids: list[int]) -> dict[int, str]:
    """The first number of each card that has one."""
    rows = await session.execute(
        select(ContactPhone.contact_id, ContactPhone.e164)
        .where(ContactPhone.contact_id.in_(ids))
        .order_by(ContactPhone.contact_id.desc(), ContactPhone.id.desc())
    )
    return {row.contact_id: row.e164 for row in rows}


async def all_numbers(session: AsyncSession, ids: list[int]) -> dict[int, list[tuple[str, str]]]:
    """All numbers of each card that has any, as (number, kind), in the order of the card."""
    rows = await session.execute(
        select(ContactPhone.contact_id, ContactPhone.e164, ContactPhone.kind)
        .where(ContactPhone.contact_id.in_(ids))
        .order_by(ContactPhone.contact_id, ContactPhone.id)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.contact_id, []).append((row.e164, row.kind))
    return found
