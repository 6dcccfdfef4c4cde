"""The few clients that a search as one types shows at once, however many there are."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact, ContactPhone
from callcenter.features.contacts.queries import searching
from callcenter.features.contacts.queries.access import visible
from callcenter.features.contacts.rules import people
from callcenter.features.contacts.rules.access import Viewer


async def first(session: AsyncSession, who: Viewer, text: str, kind: str, limit: int) -> list[Contact]:
    """Up to ``limit`` cards of one kind that ``who`` sees and that have ``text`` (in small letters) in them.

    Not sorted in the database: among a million cards a common piece of a name is in very many of them.
    """
    where = [visible(who), _matches(session, text), Contact.kind == kind, Contact.state != "archive"]
    return list(await session.scalars(select(Contact).where(*where).limit(limit)))


def _matches(session: AsyncSession, text: str) -> ColumnElement[bool]:
    if len(text) >= searching.SHORTEST:
        return searching.found(session, text)
    # One or two letters are in no trigram: names that begin so.
    if session.get_bind().dialect.name == "postgresql":
        return Contact.search.like(people.like(text)[1:], escape="\\")
    return Contact.name_key.between(text, text + "\U0010ffff")


async def numbers(session: AsyncSession, ids: list[int]) -> dict[int, str]:
    """The first number of each card that has one."""
    rows = await session.execute(
        select(ContactPhone.contact_id, ContactPhone.e164)
        .where(ContactPhone.contact_id.in_(ids))
        .order_by(ContactPhone.id.desc())
    )
    return {row.contact_id: row.e164 for row in rows}
