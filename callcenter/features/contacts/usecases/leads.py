"""A client who came by himself, from a site or another program: found or made, never overwritten (CON-49)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import queries
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactConsent,
    ContactEvent,
    ContactField,
    ContactList,
    ContactListMember,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.rules import fields, people
from callcenter.features.contacts.usecases import keeping
from callcenter.features.contacts.usecases.keeping import ClientForm


class Lead(msgspec.Struct, kw_only=True):
    """What somebody said of himself; ``values`` are own fields by id. ``title`` is where it came from."""

    title: str
    source: str
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    email: str = ""
    organisation: str = ""
    position: str = ""
    city: str = ""
    comment: str = ""
    values: dict[str, str] = {}
    consent: bool = False
    list_id: int | None = None
    tag_id: int | None = None
    responsible_id: int | None = None


class Taken(NamedTuple):
    """Whose card it is now, and whether it was made just now."""

    contact: Contact
    made: bool


async def take(session: AsyncSession, lead: Lead, at: datetime) -> Taken:
    """Puts a lead into the base: a known number or e-mail completes that card where it is empty. Raises BadInput.

    What stands on a known card stays: a stranger who knows a client's e-mail must not be able to put his own number
    there. All that was sent is in the history.
    """
    e164 = keeping.phone(lead.phone) if lead.phone.strip() else ""
    mail = (
        keeping.channel(keeping.ChannelForm(kind="email", value=lead.email), "email")[2] if lead.email.strip() else ""
    )
    known = await _known(session, e164, mail)
    if known is None:
        contact = await _make(session, lead, at)
    else:
        contact = await _complete(session, known, lead, at)
    await _label(session, contact.id, lead)
    if lead.consent:
        session.add(
            ContactConsent(
                contact_id=contact.id, kind="data", given=True, at=at, source=lead.title[:200], author_id=None
            )
        )
    sent = {key: value for key, value in msgspec.to_builtins(lead).items() if isinstance(value, str) and value}
    sent.pop("comment", None)
    keeping.record(session, contact.id, "form", at, None, text=lead.comment, **sent)
    await session.flush()
    return Taken(contact, known is None)


async def _known(session: AsyncSession, e164: str, mail: str) -> Contact | None:
    found = await queries.by_number(session, e164) if e164 else None
    if found is None and mail:
        found = await session.scalar(
            select(Contact)
            .join(ContactChannel, ContactChannel.contact_id == Contact.id)
            .where(ContactChannel.kind == "email", ContactChannel.key == mail, Contact.state != "archive")
            .order_by(Contact.id)
            .limit(1)
        )
    return None if found is None or found.state == "archive" else found


async def _make(session: AsyncSession, lead: Lead, at: datetime) -> Contact:
    named = lead.first_name.strip() or lead.last_name.strip()
    form = ClientForm(
        first_name=lead.first_name if named else (lead.email or lead.phone).strip()[:100],
        last_name=lead.last_name,
        phone=lead.phone,
        email=lead.email,
        organisation=lead.organisation,
        position=lead.position,
        city=lead.city,
        values=lead.values,
        responsible_id=lead.responsible_id,
    )
    return await keeping.create(session, form, at, source=lead.source)


async def _complete(session: AsyncSession, known: Contact, lead: Lead, at: datetime) -> Contact:
    form = ClientForm()
    unsaved = not known.saved
    if unsaved:
        named = lead.first_name.strip() or lead.last_name.strip()
        form.first_name = lead.first_name if named else (lead.email or lead.phone).strip()[:100]
        form.last_name = lead.last_name
        form.responsible_id = known.responsible_id or lead.responsible_id
    for column in ("position", "city"):
        if not getattr(known, column) and getattr(lead, column).strip():
            setattr(form, column, getattr(lead, column))
    if known.kind == fields.PERSON and known.organisation_id is None and not known.organisation and lead.organisation:
        form.organisation = lead.organisation
    if lead.phone.strip() and not await queries.phones(session, known.id):
        form.phone = lead.phone
    if lead.email.strip() and await _first_mail(session, known.id) is None:
        form.email = lead.email
    form.values = await _empty_values(session, known, lead.values)
    if not unsaved and form == ClientForm(values=form.values) and not form.values:
        return known
    return await keeping.change(session, None, known.id, form, at)


async def _first_mail(session: AsyncSession, contact_id: int) -> int | None:
    return await session.scalar(
        select(ContactChannel.id)
        .where(ContactChannel.contact_id == contact_id, ContactChannel.kind == "email")
        .limit(1)
    )


async def _empty_values(session: AsyncSession, known: Contact, values: dict[str, str]) -> dict[str, str]:
    """Those of ``values`` whose field belongs to this kind of card and is empty there."""
    if not values:
        return {}
    own = await session.scalars(
        select(ContactField.id).where(ContactField.entity == known.kind, ContactField.key.is_(None))
    )
    filled = await session.scalars(select(ContactValue.field_id).where(ContactValue.contact_id == known.id))
    free = {str(one) for one in own} - {str(one) for one in filled}
    return {key: value for key, value in values.items() if key in free}


async def _label(session: AsyncSession, contact_id: int, lead: Lead) -> None:
    for kind, column, chosen in (
        (ContactListMember, ContactListMember.list_id, lead.list_id),
        (ContactTag, ContactTag.tag_id, lead.tag_id),
    ):
        model: Any = kind
        if chosen is None:
            continue
        there = await session.scalar(select(model.contact_id).where(model.contact_id == contact_id, column == chosen))
        if there is None:
            session.add(model(contact_id=contact_id, **{column.key: chosen}))


async def recent(session: AsyncSession, limit: int) -> list[tuple[Contact, ContactEvent]]:
    """The last leads with their cards, the newest first."""
    rows = await session.execute(
        select(Contact, ContactEvent)
        .join(ContactEvent, ContactEvent.contact_id == Contact.id)
        .where(ContactEvent.kind == "form")
        .order_by(ContactEvent.id.desc())
        .limit(limit)
    )
    return [(contact, event) for contact, event in rows]


async def own_fields(session: AsyncSession) -> list[ContactField]:
    """The business's own fields of persons that a stranger can fill in."""
    rows = await session.scalars(
        select(ContactField)
        .where(ContactField.entity == fields.PERSON, ContactField.key.is_(None), ContactField.type != "file")
        .order_by(ContactField.position, ContactField.id)
    )
    return list(rows)


async def tags(session: AsyncSession) -> list[Tag]:
    """All tags of the business, by title."""
    return list(await session.scalars(select(Tag).order_by(Tag.key)))


async def list_of_token(session: AsyncSession, token: str) -> ContactList | None:
    """The list at a secret address (system session)."""
    return await session.scalar(select(ContactList).where(ContactList.token == token))


def limited(text: str) -> str:
    """One line of what a stranger wrote, not longer than a name."""
    return people.limited(text[: people.MAX_NAME], "name")
