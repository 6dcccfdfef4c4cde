"""Everything that the base of clients holds on one person: to be given out, or erased for good (PLT-08)."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import gateway, queries
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactConsent,
    ContactEvent,
    ContactField,
    ContactFile,
    ContactList,
    ContactListMember,
    ContactManager,
    ContactPhone,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.queries import cards
from callcenter.features.contacts.rules import people
from callcenter.features.contacts.usecases import ending, keeping
from callcenter.plugin import Services

_HELD = (ContactPhone, ContactChannel, ContactValue, ContactEvent, ContactFile, ContactConsent, ContactManager)
_WORDS = (
    (ContactField, "fields"), (ContactChoice, "choices"),
)  # fmt: skip


class Person(NamedTuple):
    """Whom a card is about. ``numbers``, ``emails`` and ``names`` are only those that no other card has as well."""

    contact_id: int
    number: int | None
    name: str
    numbers: tuple[str, ...]
    emails: tuple[str, ...]
    names: tuple[str, ...]


class Held(NamedTuple):
    """What is held: JSON-ready, and files as (name in the archive, where it lies)."""

    data: dict[str, Any]
    files: list[tuple[str, Path]]


async def person(session: AsyncSession, contact_id: int) -> Person | None:
    """The person of a card, None when it is gone."""
    contact = await queries.contact(session, contact_id)
    if contact is None:
        return None
    numbers = [phone.e164 for phone in await queries.phones(session, contact_id)]
    mails = list(
        await session.scalars(
            select(ContactChannel.key).where(ContactChannel.contact_id == contact_id, ContactChannel.kind == "email")
        )
    )
    shared = set(
        await session.scalars(
            select(ContactPhone.e164).where(ContactPhone.e164.in_(numbers), ContactPhone.contact_id != contact_id)
        )
    )
    shared |= set(
        await session.scalars(
            select(ContactChannel.key).where(
                ContactChannel.kind == "email", ContactChannel.key.in_(mails), ContactChannel.contact_id != contact_id
            )
        )
    )
    same_name = await session.scalar(
        select(func.count())
        .select_from(Contact)
        .where(Contact.name_key == people.sort_key(contact.name), Contact.id != contact_id)
    )
    # A single word may stand in other people's names.
    alone = " " in contact.name and not same_name
    return Person(
        contact.id,
        contact.number,
        contact.name,
        tuple(dict.fromkeys(one for one in numbers if one not in shared)),
        tuple(dict.fromkeys(one for one in mails if one not in shared)),
        (contact.name, f"{contact.last_name} {contact.first_name}") if alone else (),
    )


async def held(here: Services, session: AsyncSession, contact_id: int) -> Held:
    """The card with all that hangs on it."""
    contact = await session.get_one(Contact, contact_id)
    data: dict[str, Any] = {"card": as_json(contact)}
    files: list[tuple[str, Path]] = []
    for kind in _HELD:
        model: Any = kind
        rows = await session.scalars(select(model).where(model.contact_id == contact_id))
        data[model.__tablename__.removeprefix("contact_")] = [as_json(row) for row in rows]
    data["tags"] = list(
        await session.scalars(
            select(Tag.title).join(ContactTag, ContactTag.tag_id == Tag.id).where(ContactTag.contact_id == contact_id)
        )
    )
    data["lists"] = list(
        await session.scalars(
            select(ContactList.title)
            .join(ContactListMember, ContactListMember.list_id == ContactList.id)
            .where(ContactListMember.contact_id == contact_id)
        )
    )
    for words, name in _WORDS:
        model = words
        data[name] = {str(one.id): one.title for one in await session.scalars(select(model)) if one.title}
    for number, path in enumerate(await _files(here, session, contact_id), 1):
        files.append((f"documents/{number}-{path.name}", path))
    return Held(data, files)


async def erase(here: Services, business_id: int, contact_id: int) -> dict[str, int]:
    """Deletes the card, its files, and all that hangs on it; nothing of it can be brought back."""
    async with here.db.business(business_id) as session:
        nested = list(await session.scalars(select(Contact).where(Contact.organisation_id == contact_id)))
        for one in nested:
            one.organisation, one.organisation_id = "", None
        await session.flush()
        await keeping.refresh(session, [one.id for one in nested])
        events = await session.scalar(
            select(func.count()).select_from(ContactEvent).where(ContactEvent.contact_id == contact_id)
        )
        files = await ending.erase(session, [contact_id])
    await asyncio.to_thread(gateway.unlink, here.settings.data, files)
    return {"cards": 1, "documents": len(files), "history": events or 0}


async def _files(here: Services, session: AsyncSession, contact_id: int) -> list[Path]:
    data = here.settings.data
    return [path for one in await cards.stored_files(session, [contact_id]) if (path := data / one).is_file()]


async def consents(session: AsyncSession, contact_id: int) -> list[ContactConsent]:
    """What a person agreed to or took back, the newest first."""
    statement = select(ContactConsent).where(ContactConsent.contact_id == contact_id).order_by(ContactConsent.id.desc())
    return list(await session.scalars(statement))


def as_json(row: Any) -> dict[str, Any]:
    """A row's columns, ready for JSON."""
    return {column.key: _value(getattr(row, column.key)) for column in inspect(type(row)).column_attrs}


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
