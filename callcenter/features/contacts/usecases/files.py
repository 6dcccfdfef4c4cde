"""Documents and the photo of a client: kept on the disk, named in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import gateway, queries
from callcenter.features.contacts.models import Contact, ContactFile, ContactValue
from callcenter.features.contacts.queries import access as seen
from callcenter.features.contacts.queries import cards
from callcenter.features.contacts.usecases import keeping
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.storage.scope import exclusive

MAX_FILES = 500
GONE = N_("This file is not there any more.")


class Stored(NamedTuple):
    """A file to be sent: where it lies and what it is called."""

    path: Path
    name: str


async def may_change(services: Services, person: Current, contact_id: int) -> None:
    """Raises NotFound or Forbidden before a file is taken in."""
    async with services.db.business(person.business_id) as session:
        await keeping.changeable(session, await seen.viewer(session, person), contact_id)


async def add(
    services: Services,
    person: Current,
    contact_id: int,
    name: str,
    chunks: AsyncIterator[bytes],
    *,
    field_id: int | None = None,
    media: str = "",
) -> int:
    """Takes a document in, or the file of an own field, which takes the place of the former. Its id.

    NotFound, Forbidden, BadInput.
    """
    await may_change(services, person, contact_id)
    data, business = services.settings.data, person.business_id
    title = gateway.safe_name(name)
    file, size = await gateway.keep(data, business, chunks)
    former: list[ContactFile] = []
    try:
        # Short, after the slow part: the database has one writer.
        async with services.db.business(business) as session:
            viewer = await seen.viewer(session, person)
            contact = await keeping.changeable(session, viewer, contact_id)
            await exclusive(session, f"contact-files-{contact_id}")
            there = await cards.files(session, contact_id)
            if field_id is not None:
                await _set_field(session, contact, field_id, title)
                former = [one for one in there if one.field_id == field_id]
            elif len(there) >= MAX_FILES:
                message = N_("This card holds as many files as it can. Delete some first.")
                raise BadInput(message, fields={"file": message})
            for one in former:
                await session.delete(one)
            now = services.clock.now()
            row = ContactFile(
                contact_id=contact_id, field_id=field_id, name=title, file=file, media=media[:100], size=size,
                added_by=person.membership_id, added_at=now,
            )  # fmt: skip
            session.add(row)
            keeping.record(session, contact_id, "file", now, person.membership_id, name=title, added=True)
            await session.flush()
            made = row.id
    except BaseException:
        await gateway.remove(data, business, [file])
        raise
    await gateway.remove(data, business, [one.file for one in former])
    return made


async def _set_field(session: AsyncSession, contact: Contact, field_id: int, title: str) -> None:
    layout = await cards.layout(session, contact.kind)
    if not any(one.id == field_id and one.type == "file" for one in layout):
        raise NotFound(N_("This field does not exist any more. Reload the page."))
    row = await session.get(ContactValue, (contact.id, field_id))
    if row is None:
        row = ContactValue(contact_id=contact.id, field_id=field_id)
        session.add(row)
    row.text, row.key = title, title.casefold()


async def remove(services: Services, person: Current, contact_id: int, file_id: int) -> None:
    """Deletes a document. NotFound, Forbidden."""
    async with services.db.business(person.business_id) as session:
        await keeping.changeable(session, await seen.viewer(session, person), contact_id)
        row = await cards.file(session, contact_id, file_id)
        if row is None:
            raise NotFound(GONE)
        file, name = row.file, row.name
        if row.field_id is not None and (value := await session.get(ContactValue, (contact_id, row.field_id))):
            await session.delete(value)
        await session.delete(row)
        now = services.clock.now()
        keeping.record(session, contact_id, "file", now, person.membership_id, name=name, added=False)
        await accounts.audit(session, person, "contact.file.delete", "contact", contact_id, name=name)
    await gateway.remove(services.settings.data, person.business_id, [file])


async def one(services: Services, person: Current, contact_id: int, file_id: int) -> Stored:
    """A document to be sent. NotFound."""
    async with services.db.business(person.business_id) as session:
        await _seen(session, person, contact_id)
        row = await cards.file(session, contact_id, file_id)
    if row is None:
        raise NotFound(GONE)
    return _there(gateway.place(services.settings.data, person.business_id, row.file), row.name)


async def photo(services: Services, person: Current, contact_id: int) -> Stored:
    """The photo to be sent. NotFound."""
    async with services.db.business(person.business_id) as session:
        contact = await _seen(session, person, contact_id)
    if not contact.photo:
        raise NotFound(GONE)
    return _there(gateway.place(services.settings.data, person.business_id, contact.photo), "photo.jpg")


async def set_photo(services: Services, person: Current, contact_id: int, raw: bytes) -> None:
    """Puts a photo on the card, or takes it off (empty). NotFound, Forbidden, BadInput."""
    await may_change(services, person, contact_id)
    data, business = services.settings.data, person.business_id
    if len(raw) > gateway.MAX_PHOTO:
        raise gateway.too_large(gateway.MAX_PHOTO)
    file = await gateway.keep_photo(data, business, raw) if raw else ""
    try:
        async with services.db.business(business) as session:
            contact = await keeping.changeable(session, await seen.viewer(session, person), contact_id)
            former, contact.photo = contact.photo, file
    except BaseException:
        await gateway.remove(data, business, [file])
        raise
    await gateway.remove(data, business, [former])


def _there(path: Path, name: str) -> Stored:
    if not path.is_file():
        raise NotFound(GONE)
    return Stored(path, name)


async def _seen(session: AsyncSession, person: Current, contact_id: int) -> Contact:
    contact = await queries.contact(session, contact_id)
    if contact is None:
        raise NotFound(seen.GONE)
    await seen.need_see(session, await seen.viewer(session, person), contact)
    return contact
