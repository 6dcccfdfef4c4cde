"""What happens to contacts: a card for an unknown number, a client made of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.contacts import queries, rules
from callcenter.features.contacts.models import Contact, ContactPhone
from callcenter.storage.scope import exclusive

MAX_PHONES = 20


class ClientForm(msgspec.Struct, kw_only=True):
    """A client to save; ``phone2`` is one more number. Empty fields are left empty."""

    first_name: str = ""
    last_name: str = ""
    position: str = ""
    organisation: str = ""
    city: str = ""
    phone: str = ""
    phone2: str = ""


async def ensure(
    session: AsyncSession, numbers: Mapping[str, datetime], *, demo: bool = False
) -> dict[str, tuple[Contact, bool]]:
    """The contact of each number (E.164 → when it was first heard of), made when there is none (TEL-20).

    Says whether it was made. Two calls from one new number at the same moment make one card.
    """
    found = await queries.by_numbers(session, list(numbers))
    missing = [number for number in numbers if number not in found]
    if missing:
        await exclusive(session, "contacts")
        found |= await queries.by_numbers(session, missing)
    made = {
        number: Contact(saved=False, demo=demo, created_at=numbers[number]) for number in missing if number not in found
    }
    session.add_all(made.values())
    await session.flush()
    session.add_all(ContactPhone(contact_id=one.id, e164=number, typed=number) for number, one in made.items())
    await session.flush()
    return {number: (found[number], False) for number in found} | {number: (one, True) for number, one in made.items()}


async def create_client(session: AsyncSession, form: ClientForm, at: datetime, *, demo: bool = False) -> Contact:
    """A new saved client. Raises BadInput that names the fields."""
    numbers = _numbers(form)
    contact = Contact(saved=True, demo=demo, created_at=at)
    _fill(contact, form)
    session.add(contact)
    await session.flush()
    await _add_phones(session, contact.id, numbers, known=())
    return contact


async def save_as_client(session: AsyncSession, contact_id: int, form: ClientForm) -> Contact:
    """Makes a client of a contact (or changes one); its numbers and its history stay. NotFound, BadInput."""
    contact = await queries.contact(session, contact_id)
    if contact is None:
        raise NotFound(N_("This contact is not there."))
    numbers = _numbers(form)
    _fill(contact, form)
    contact.saved = True
    known = [phone.e164 for phone in await queries.phones(session, contact_id)]
    await _add_phones(session, contact_id, numbers, known=known)
    await session.flush()
    return contact


def _fill(contact: Contact, form: ClientForm) -> None:
    contact.name = rules.full_name(form.first_name, form.last_name)
    contact.position = rules.limited(form.position, "position")
    contact.organisation = rules.limited(form.organisation, "organisation")
    contact.city = rules.limited(form.city, "city", 100)


def _numbers(form: ClientForm) -> list[tuple[str, str]]:
    """(E.164, as typed) of the numbers that were given."""
    found = []
    for field in ("phone", "phone2"):
        typed = getattr(form, field).strip()
        if not typed:
            continue
        e164 = to_e164(typed)
        if e164 is None:
            message = N_("“%(number)s” is not a telephone number. Write it like +7 495 123-45-67.")
            raise BadInput(message, fields={field: N_("This is not a telephone number.")}, number=typed[:40])
        found.append((e164, typed[:80]))
    return found


async def _add_phones(
    session: AsyncSession, contact_id: int, numbers: list[tuple[str, str]], known: Collection[str]
) -> None:
    there = set(known)
    for e164, typed in numbers:
        if e164 not in there and len(there) < MAX_PHONES:
            there.add(e164)
            session.add(ContactPhone(contact_id=contact_id, e164=e164, typed=typed))
    await session.flush()
