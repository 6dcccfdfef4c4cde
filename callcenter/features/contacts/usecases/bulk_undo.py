"""Takes back what ``bulk_write`` did: cards that were made are deleted, cards that were completed get back what they
had, field by field. What a person changed since is left as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import queries
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactEvent,
    ContactFile,
    ContactListMember,
    ContactPhone,
    ContactTag,
    ContactValue,
)
from callcenter.features.contacts.usecases.bulk_write import found_by

_OWN_EVENTS = ("created", "import")


async def remove(session: AsyncSession, ids: Collection[int], stamp: datetime) -> set[int]:
    """Deletes cards that were made at ``stamp``; gives those that stay, because somebody has worked with them since.

    A card whose people or history are not of the import stays: somebody needs it.
    """
    stay: set[int] = set()
    found = await queries.contacts(session, ids)
    for one in found.values():
        if one.changed_at is not None and one.changed_at != stamp:
            stay.add(one.id)
    for part in queries.chunks(found):
        stay |= set(await session.scalars(select(ContactEvent.contact_id).where(
            ContactEvent.contact_id.in_(part), ContactEvent.kind.not_in(_OWN_EVENTS)
        )))  # fmt: skip
        stay |= set(await session.scalars(select(ContactFile.contact_id).where(ContactFile.contact_id.in_(part))))
    going = [one for one in found if one not in stay]
    for part in queries.chunks(going):
        people = await session.execute(
            select(Contact.organisation_id, Contact.id).where(Contact.organisation_id.in_(part))
        )
        stay |= {firm for firm, person in people if firm and (person not in found or person in stay)}
    going = [one for one in going if one not in stay]
    for part in queries.chunks(going):
        await session.execute(delete(Contact).where(Contact.id.in_(part)).execution_options(synchronize_session=False))
    return stay


async def restore(
    session: AsyncSession, befores: Collection[tuple[int, Mapping[str, Any]]], stamp: datetime
) -> set[int]:
    """Puts back what ``complete_cards`` changed at ``stamp``; gives the ids of which something had to be left."""
    left: set[int] = set()
    found = await queries.contacts(session, {one for one, _ in befores})
    for one, before in befores:
        contact = found.get(one)
        if contact is None:
            continue
        if not _columns(contact, before.get("columns", {})):
            left.add(one)
        if contact.changed_at == stamp:
            old = before.get("changed_at")
            contact.changed_at = datetime.fromisoformat(old) if old else None
    await session.flush()
    for one, before in befores:
        if one not in found:
            continue
        if phones := before.get("phones"):
            await session.execute(
                delete(ContactPhone)
                .where(ContactPhone.contact_id == one, ContactPhone.e164.in_(phones))
                .execution_options(synchronize_session=False)
            )
        for kind, key in before.get("channels", ()):
            await session.execute(
                delete(ContactChannel)
                .where(ContactChannel.contact_id == one, ContactChannel.kind == kind, ContactChannel.key == key)
                .execution_options(synchronize_session=False)
            )
        for own, text in before.get("values", {}).items():
            done: Any = await session.execute(
                delete(ContactValue)
                .where(ContactValue.contact_id == one, ContactValue.field_id == int(own), ContactValue.text == text)
                .execution_options(synchronize_session=False)
            )
            if not done.rowcount:
                left.add(one)
    await _labels(session, befores)
    await _refresh(session, found)
    return left


def _columns(contact: Contact, changed: Mapping[str, Any]) -> bool:
    """Puts columns back; says whether all of them were still as they had been set."""
    fine = True
    for column, (old, new) in changed.items():
        now = getattr(contact, column)
        if (now.isoformat() if isinstance(now, date) else now) != new:
            fine = False
            continue
        setattr(contact, column, date.fromisoformat(old) if column == "birth_date" and old else old)
    return fine


async def _labels(session: AsyncSession, befores: Collection[tuple[int, Mapping[str, Any]]]) -> None:
    by_tag: dict[int, list[int]] = {}
    by_list: dict[int, list[int]] = {}
    for one, before in befores:
        for tag in before.get("tags", ()):
            by_tag.setdefault(tag, []).append(one)
        for list_id in before.get("lists", ()):
            by_list.setdefault(list_id, []).append(one)
    for tag, ids in by_tag.items():
        await session.execute(
            delete(ContactTag)
            .where(ContactTag.tag_id == tag, ContactTag.contact_id.in_(ids))
            .execution_options(synchronize_session=False)
        )
    for list_id, ids in by_list.items():
        await session.execute(
            delete(ContactListMember)
            .where(ContactListMember.list_id == list_id, ContactListMember.contact_id.in_(ids))
            .execution_options(synchronize_session=False)
        )


async def _refresh(session: AsyncSession, found: Mapping[int, Contact]) -> None:
    phones: dict[int, list[str]] = {}
    mails: dict[int, list[str]] = {}
    for part in queries.chunks(found):
        for one, e164 in await session.execute(
            select(ContactPhone.contact_id, ContactPhone.e164).where(ContactPhone.contact_id.in_(part))
        ):
            phones.setdefault(one, []).append(e164)
        for one, key in await session.execute(
            select(ContactChannel.contact_id, ContactChannel.key).where(
                ContactChannel.contact_id.in_(part), ContactChannel.kind == "email"
            )
        ):
            mails.setdefault(one, []).append(key)
    for one, contact in found.items():
        for column, value in found_by(contact, phones.get(one, ()), mails.get(one, ())).items():
            setattr(contact, column, value)
    await session.flush()
