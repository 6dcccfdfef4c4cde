"""Everything that a card shows: its fields, values, channels, people, labels, documents and consents."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactConsent,
    ContactField,
    ContactFile,
    ContactList,
    ContactListMember,
    ContactManager,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.queries import chunks, searching
from callcenter.features.contacts.queries.access import visible
from callcenter.features.contacts.rules import fields
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.rules.fields import CardField
from callcenter.features.contacts.rules.places import stored

NESTED_PER_PAGE = 50


class Hanging(NamedTuple):
    """What hangs on a card in tables of its own."""

    channels: list[ContactChannel]
    managers: list[int]
    values: dict[int, str]
    tags: list[str]
    lists: list[str]
    files: list[ContactFile]
    consents: list[ContactConsent]


async def layout(session: AsyncSession, entity: str) -> list[CardField]:
    """The fields of persons' or organisations' cards as the business has arranged them."""
    rows = await session.scalars(
        select(ContactField).where(ContactField.entity == entity).order_by(ContactField.position, ContactField.id)
    )
    kept = [
        CardField(row.key or "", None if row.key else row.id, row.title, row.type, tuple(row.options), row.hidden)
        for row in rows
    ]
    return fields.arranged(entity, kept)


async def hanging(session: AsyncSession, contact_id: int) -> Hanging:
    """What hangs on one card."""
    channels = await session.scalars(
        select(ContactChannel)
        .where(ContactChannel.contact_id == contact_id)
        .order_by(ContactChannel.contact_id, ContactChannel.id)
    )
    values = await session.scalars(select(ContactValue).where(ContactValue.contact_id == contact_id))
    tags = await session.scalars(
        select(Tag.title)
        .join(ContactTag, ContactTag.tag_id == Tag.id)
        .where(ContactTag.contact_id == contact_id)
        .order_by(Tag.key)
    )
    lists = await session.scalars(
        select(ContactList.title)
        .join(ContactListMember, ContactListMember.list_id == ContactList.id)
        .where(ContactListMember.contact_id == contact_id)
        .order_by(ContactList.title)
    )
    return Hanging(
        channels=list(channels),
        managers=await managers(session, contact_id),
        values={row.field_id: row.text for row in values},
        # Several people may have a tag of the same name; it is read once.
        tags=list(dict.fromkeys(tags)),
        lists=list(lists),
        files=await files(session, contact_id),
        consents=await consents(session, contact_id),
    )


async def managers(session: AsyncSession, contact_id: int) -> list[int]:
    """Memberships that look after the contact beside the responsible one."""
    found = select(ContactManager.membership_id).where(ContactManager.contact_id == contact_id)
    return sorted(await session.scalars(found))


async def files(session: AsyncSession, contact_id: int) -> list[ContactFile]:
    """Documents and files of own fields, newest first."""
    found = select(ContactFile).where(ContactFile.contact_id == contact_id).order_by(ContactFile.id.desc())
    return list(await session.scalars(found))


async def file(session: AsyncSession, contact_id: int, file_id: int) -> ContactFile | None:
    """One document of the contact."""
    found = select(ContactFile).where(ContactFile.contact_id == contact_id, ContactFile.id == file_id)
    return await session.scalar(found)


async def consents(session: AsyncSession, contact_id: int) -> list[ContactConsent]:
    """What the contact agreed to or took back, newest first."""
    found = (
        select(ContactConsent)
        .where(ContactConsent.contact_id == contact_id)
        .order_by(ContactConsent.at.desc(), ContactConsent.id.desc())
    )
    return list(await session.scalars(found))


async def choices(session: AsyncSession, *kinds: str) -> list[ContactChoice]:
    """The words that administrators offer, in their order; also those that are not offered any more."""
    found = (
        select(ContactChoice)
        .where(ContactChoice.kind.in_(kinds))
        .order_by(ContactChoice.kind, ContactChoice.position, ContactChoice.id)
    )
    return list(await session.scalars(found))


async def used_fields(session: AsyncSession) -> dict[int, int]:
    """How many cards have a value in each own field."""
    rows = await session.execute(select(ContactValue.field_id, func.count()).group_by(ContactValue.field_id))
    return {int(field_id): int(count) for field_id, count in rows}


async def used_choices(session: AsyncSession) -> dict[int, int]:
    """How many cards have each type and warmth."""
    found: dict[int, int] = {}
    for column in (Contact.type_id, Contact.warmth_id):
        for choice_id, count in await session.execute(
            select(column, func.count()).where(column.is_not(None)).group_by(column)
        ):
            found[int(choice_id or 0)] = int(count)
    return found


async def nested(session: AsyncSession, who: Viewer, organisation_id: int, page: int) -> tuple[list[Contact], int]:
    """The people of an organisation that ``who`` sees, by name: one page of them, and how many there are (CON-06)."""
    where = (Contact.organisation_id == organisation_id, Contact.state == "client", visible(who))
    total = await session.scalar(select(func.count()).select_from(Contact).where(*where)) or 0
    found = (
        select(Contact)
        .where(*where)
        .order_by(Contact.name_key, Contact.id)
        .offset((page - 1) * NESTED_PER_PAGE)
        .limit(NESTED_PER_PAGE)
    )
    return list(await session.scalars(found)), total


async def organisations(session: AsyncSession, who: Viewer, typed: str, limit: int) -> list[Contact]:
    """Organisations whose name, INN or number has ``typed`` in it, those that begin with it first."""
    begins = Contact.name_key.startswith(typed.casefold(), autoescape=True)
    found = (
        select(Contact)
        .where(
            Contact.kind == fields.ORGANISATION,
            Contact.state == "client",
            searching.found(session, typed),
            visible(who),
        )
        .order_by(begins.desc(), Contact.name_key, Contact.id)
        .limit(limit)
    )
    return list(await session.scalars(found))


async def stored_files(session: AsyncSession, ids: Collection[int]) -> list[str]:
    """Where the documents and photos of contacts lie below the data folder (rules.places.stored)."""
    found: list[str] = []
    for part in chunks(ids):
        documents = select(ContactFile.business_id, ContactFile.file).where(ContactFile.contact_id.in_(part))
        photos = select(Contact.business_id, Contact.photo).where(Contact.id.in_(part), Contact.photo != "")
        for statement in (documents, photos):
            found += [stored(*row) for row in await session.execute(statement)]
    return found
