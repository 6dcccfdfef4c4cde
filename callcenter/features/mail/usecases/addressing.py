"""To whom a letter can go, and what its merge tags become for that address (OUT-33)."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.mail import queries
from callcenter.features.mail.rules.tags import Addressee
from callcenter.http.current import Current

STRANGER = Addressee(person=True, name="", first="", last="", firm="")


class Choice(NamedTuple):
    """An address to write to, and what its owner is called."""

    address: str
    name: str


async def seen(session: AsyncSession, person: Current, contact_id: int) -> contacts.Contact:
    """The client, when the person may see him. Raises NotFound."""
    return await contacts.need_see(session, person, contact_id)


async def choices(session: AsyncSession, contact: contacts.Contact) -> list[Choice]:
    """The addresses of a client, and those of his organisation or its people."""
    found = await queries.addresses(session, contact)
    cards = await _cards(session, {one.contact_id for one in found})
    seen_: dict[str, Choice] = {}
    for one in found:
        seen_.setdefault(one.address.casefold(), Choice(one.address, cards[one.contact_id].name))
    return list(seen_.values())


async def addressee(session: AsyncSession, contact: contacts.Contact | None, address: str) -> Addressee:
    """Who is behind an address: whoever's card it stands on; for one that stands on none, the client himself."""
    if contact is None:
        return STRANGER
    owner = contact
    found = [one for one in await queries.addresses(session, contact) if one.address.casefold() == address.casefold()]
    if found and found[0].contact_id != contact.id:
        owner = (await _cards(session, {found[0].contact_id}))[found[0].contact_id]
    if owner.kind == "organisation":
        return Addressee(person=False, name=owner.name, first="", last="", firm=owner.name)
    firm = owner.organisation
    return Addressee(person=True, name=owner.name, first=owner.first_name, last=owner.last_name, firm=firm)


async def _cards(session: AsyncSession, ids: set[int]) -> dict[int, contacts.Contact]:
    if not ids:
        return {}
    return {one.id: one for one in await session.scalars(select(contacts.Contact).where(contacts.Contact.id.in_(ids)))}
