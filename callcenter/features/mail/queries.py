"""Reads of mail servers, letters and their files."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.mail.models import MailFile, MailFileHold, MailServer, SentLetter


async def servers(session: AsyncSession) -> list[MailServer]:
    """The business's mail servers, the main one first, then by name."""
    return list(await session.scalars(select(MailServer).order_by(MailServer.main.desc(), MailServer.name)))


async def server(session: AsyncSession, server_id: int) -> MailServer | None:
    """One of them, or None."""
    return await session.scalar(select(MailServer).where(MailServer.id == server_id))


async def letter(session: AsyncSession, letter_id: int) -> SentLetter | None:
    """One letter, or None."""
    return await session.scalar(select(SentLetter).where(SentLetter.id == letter_id))


async def of_contact(session: AsyncSession, contact_id: int, until: datetime | None, limit: int) -> list[SentLetter]:
    """The newest letters to a client that were written at ``until`` or before."""
    statement = select(SentLetter).where(SentLetter.contact_id == contact_id)
    if until is not None:
        statement = statement.where(SentLetter.created_at <= until)
    ordered = statement.order_by(SentLetter.created_at.desc(), SentLetter.id.desc())
    return list(await session.scalars(ordered.limit(limit)))


async def of_call(session: AsyncSession, call_id: str) -> list[SentLetter]:
    """The letters that were written in or after a call, in their order."""
    return list(await session.scalars(select(SentLetter).where(SentLetter.call_id == call_id).order_by(SentLetter.id)))


class Wanted(NamedTuple):
    """Which letters a list shows: of a state ('' = any), of one author only (None = everybody's)."""

    state: str = ""
    author_id: int | None = None


def _condition(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state == "waiting":
        found.append(SentLetter.state.in_(("waiting", "sending")))
    elif wanted.state:
        found.append(SentLetter.state == wanted.state)
    if wanted.author_id is not None:
        found.append(SentLetter.author_id == wanted.author_id)
    return found


async def page(session: AsyncSession, wanted: Wanted, skip: int, count: int) -> list[SentLetter]:
    """A page of letters, newest first."""
    statement = select(SentLetter).where(*_condition(wanted))
    ordered = statement.order_by(SentLetter.created_at.desc(), SentLetter.id.desc())
    return list(await session.scalars(ordered.offset(skip).limit(count)))


async def total(session: AsyncSession, wanted: Wanted) -> int:
    """How many letters a list has."""
    return await session.scalar(select(func.count(SentLetter.id)).where(*_condition(wanted))) or 0


async def due(session: AsyncSession, now: datetime, limit: int = 200) -> list[tuple[int, int | None, int]]:
    """Waiting letters whose time has come: business, server, letter (system session)."""
    statement = (
        select(SentLetter.business_id, SentLetter.server_id, SentLetter.id)
        .where(SentLetter.state == "waiting", SentLetter.next_at <= now)
        .order_by(SentLetter.next_at, SentLetter.id)
        .limit(limit)
    )
    return [(business, server_id, found) for business, server_id, found in await session.execute(statement)]


async def waiting_by(session: AsyncSession, server_id: int) -> int:
    """How many letters wait for a server."""
    mine = SentLetter.server_id == server_id, SentLetter.state.in_(("waiting", "sending"))
    return await session.scalar(select(func.count(SentLetter.id)).where(*mine)) or 0


async def files(session: AsyncSession, ids: Collection[int]) -> dict[int, MailFile]:
    """Files by id, those that there are."""
    if not ids:
        return {}
    return {one.id: one for one in await session.scalars(select(MailFile).where(MailFile.id.in_(ids)))}


async def held(session: AsyncSession, holder: str) -> list[MailFile]:
    """What a letter or a script holds, in its order; pictures are among it."""
    statement = (
        select(MailFile)
        .join(MailFileHold, MailFileHold.file_id == MailFile.id)
        .where(MailFileHold.holder == holder)
        .order_by(MailFileHold.position)
    )
    return list(await session.scalars(statement))


async def holders(session: AsyncSession, file_id: int) -> set[str]:
    """Who holds a file."""
    return set(await session.scalars(select(MailFileHold.holder).where(MailFileHold.file_id == file_id)))


async def unheld(session: AsyncSession, before: datetime, limit: int = 200) -> list[MailFile]:
    """Files that nobody needs: let go, or uploaded before ``before`` and never used (system session)."""
    nobody = ~select(MailFileHold.id).where(MailFileHold.file_id == MailFile.id).exists()
    old = or_(MailFile.released, MailFile.created_at < before)
    return list(await session.scalars(select(MailFile).where(and_(nobody, old)).limit(limit)))


class Address(NamedTuple):
    """An address to write to, and whose card it stands on."""

    contact_id: int
    address: str


async def addresses(session: AsyncSession, contact: contacts.Contact) -> list[Address]:
    """A client's own addresses, then those of his organisation or of the people in it."""
    other: ColumnElement[bool] | None = None
    if contact.kind == "organisation":
        other = contacts.ContactChannel.contact_id.in_(
            select(contacts.Contact.id).where(
                contacts.Contact.organisation_id == contact.id, contacts.Contact.state != "archive"
            )
        )
    elif contact.organisation_id is not None:
        other = contacts.ContactChannel.contact_id == contact.organisation_id
    own = contacts.ContactChannel.contact_id == contact.id
    statement = (
        select(contacts.ContactChannel)
        .where(contacts.ContactChannel.kind == "email", own if other is None else or_(own, other))
        .order_by(contacts.ContactChannel.id)
        .limit(100)
    )
    rows = list(await session.scalars(statement))
    rows.sort(key=lambda row: row.contact_id != contact.id)
    return [Address(row.contact_id, row.value) for row in rows]
