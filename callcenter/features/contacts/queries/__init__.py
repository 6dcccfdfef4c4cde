"""Reads of contacts and their numbers. A business session sees its own business only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple, TypeVar

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact, ContactPhone
from callcenter.features.contacts.queries import searching
from callcenter.features.contacts.rules import fields, people

T = TypeVar("T")
CHUNK = 500


async def contact(session: AsyncSession, contact_id: int) -> Contact | None:
    """The contact, or None when this business has no such."""
    return await session.scalar(select(Contact).where(Contact.id == contact_id))


async def contacts(session: AsyncSession, ids: Collection[int]) -> dict[int, Contact]:
    """Contacts by id."""
    found: dict[int, Contact] = {}
    for part in chunks(ids):
        for one in await session.scalars(select(Contact).where(Contact.id.in_(part))):
            found[one.id] = one
    return found


async def by_number(session: AsyncSession, e164: str) -> Contact | None:
    """The contact that has this number: a saved client before an unsaved one, the older before the newer."""
    return (await by_numbers(session, [e164])).get(e164)


class Face(NamedTuple):
    """What others are shown of a contact."""

    id: int
    name: str
    position: str
    organisation: str
    city: str
    saved: bool


# Every call begins with it: it is put together once.
_FACES = (
    select(Contact.id, Contact.name, Contact.position, Contact.organisation, Contact.city, Contact.state)
    .join(ContactPhone, ContactPhone.contact_id == Contact.id)
    .where(ContactPhone.e164 == bindparam("number"))
)


async def face_by_number(session: AsyncSession, e164: str) -> Face | None:
    """What is shown of the contact that has this number, chosen as ``by_number`` does; for every call's beginning."""
    rows = await session.execute(_FACES, {"number": e164})
    faces = {one.id: Face(*one[:-1], saved=one.state != "contact") for one in rows}
    chosen = people.best(people.Known(one.id, one.saved) for one in faces.values())
    return faces[chosen.id] if chosen else None


async def by_numbers(session: AsyncSession, numbers: Collection[str]) -> dict[str, Contact]:
    """Contacts by number; of several with one number the best (rules.best)."""
    candidates: dict[str, dict[int, Contact]] = {}
    for part in chunks(numbers):
        rows = await session.execute(
            select(ContactPhone.e164, Contact)
            .join(Contact, Contact.id == ContactPhone.contact_id)
            .where(ContactPhone.e164.in_(part))
        )
        for e164, one in rows:
            candidates.setdefault(e164, {})[one.id] = one
    found: dict[str, Contact] = {}
    for e164, some in candidates.items():
        chosen = people.best(people.Known(one.id, one.saved) for one in some.values())
        if chosen:
            found[e164] = some[chosen.id]
    return found


async def phones(session: AsyncSession, contact_id: int) -> list[ContactPhone]:
    """A contact's numbers, the first first."""
    statement = (
        select(ContactPhone)
        .where(ContactPhone.contact_id == contact_id)
        .order_by(ContactPhone.contact_id, ContactPhone.id)
    )
    return list(await session.scalars(statement))


async def first_phones(session: AsyncSession, ids: Collection[int]) -> dict[int, str]:
    """The first number of each contact that has one."""
    found: dict[int, str] = {}
    for part in chunks(ids):
        rows = await session.execute(
            select(ContactPhone.contact_id, ContactPhone.e164)
            .where(ContactPhone.contact_id.in_(part))
            .order_by(ContactPhone.contact_id, ContactPhone.id)
        )
        for contact_id, e164 in rows:
            found.setdefault(contact_id, e164)
    return found


async def client_number(session: AsyncSession, pick: int) -> str | None:
    """The number of a saved client: the ``pick``-th, counted round and round; None while there is none."""
    saved = (
        select(ContactPhone.e164).join(Contact, Contact.id == ContactPhone.contact_id).where(Contact.state == "client")
    )
    total = await session.scalar(select(func.count()).select_from(saved.subquery()))
    if not total:
        return None
    return await session.scalar(saved.order_by(ContactPhone.id).offset(pick % total).limit(1))


async def organisation_named(session: AsyncSession, name: str) -> Contact | None:
    """The oldest organisation of this name, capitals aside; not one in the archive."""
    statement = (
        select(Contact)
        .where(
            Contact.kind == fields.ORGANISATION, Contact.state == "client", Contact.name_key == people.sort_key(name)
        )
        .order_by(Contact.id)
        .limit(1)
    )
    return await session.scalar(statement)


def ids_matching(session: AsyncSession, name: str, digits: str) -> Select[int]:
    """Ids of the contacts that have ``name`` in their search text, or a number with ``digits`` in it."""
    return select(Contact.id).where(searching.found(session, digits or name))


def chunks(values: Iterable[T]) -> Iterable[list[T]]:
    """``values`` in pieces that fit into one statement."""
    every = list(values)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]
