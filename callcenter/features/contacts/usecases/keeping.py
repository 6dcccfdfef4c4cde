"""A client's card is made and changed: names, numbers, channels, own fields, labels, what the search finds it by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.contacts import queries
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactCounter,
    ContactEvent,
    ContactField,
    ContactListMember,
    ContactManager,
    ContactPhone,
    ContactTag,
    ContactValue,
)
from callcenter.features.contacts.queries import access as seen
from callcenter.features.contacts.rules import fields, people
from callcenter.features.contacts.rules.access import Viewer
from callcenter.http.current import Current
from callcenter.storage.scope import exclusive

MAX_PHONES = 20
MAX_CHANNELS = 20
MAX_DESCRIPTION = 10_000
TOO_MANY = N_("This is too much for one card.")
GONE = N_("This contact is not there.")


class PhoneForm(msgspec.Struct, kw_only=True):
    """A number as a person writes it; ``kind`` mobile, work, home or ''."""

    number: str
    kind: str = ""


class ChannelForm(msgspec.Struct, kw_only=True):
    """Another way to a client: ``kind`` email, site, telegram, whatsapp, vk or other."""

    kind: str
    value: str


Text = str | UnsetType
Id = int | None | UnsetType


class ClientForm(msgspec.Struct, kw_only=True):
    """What a card is to hold; what is left out stays as it is (and is empty on a new card).

    ``name`` is an organisation's, ``organisation`` a person's (found by its name, or made). ``phones`` and
    ``channels`` are all that the card is to have; ``phone``, ``phone2`` and ``email`` only add. ``values`` are own
    fields by their id.
    """

    name: Text = UNSET
    first_name: Text = UNSET
    last_name: Text = UNSET
    sex: Text = UNSET
    birth_date: Text = UNSET
    position: Text = UNSET
    organisation: Text = UNSET
    organisation_id: Id = UNSET
    address: Text = UNSET
    city: Text = UNSET
    industry: Text = UNSET
    inn: Text = UNSET
    kpp: Text = UNSET
    description: Text = UNSET
    currency: Text = UNSET
    type_id: Id = UNSET
    warmth_id: Id = UNSET
    access: Text = UNSET
    responsible_id: Id = UNSET
    managers: list[int] | UnsetType = UNSET
    tags: list[int] | UnsetType = UNSET
    lists: list[int] | UnsetType = UNSET
    phones: list[PhoneForm] | UnsetType = UNSET
    channels: list[ChannelForm] | UnsetType = UNSET
    phone: str = ""
    phone2: str = ""
    email: str = ""
    values: dict[str, str] | UnsetType = UNSET


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
        number: Contact(state="contact", source="call", demo=demo, created_at=numbers[number], search=number)
        for number in missing
        if number not in found
    }
    session.add_all(made.values())
    await session.flush()
    session.add_all(ContactPhone(contact_id=one.id, e164=number, typed=number) for number, one in made.items())
    await session.flush()
    return {number: (found[number], False) for number in found} | {number: (one, True) for number, one in made.items()}


async def create(
    session: AsyncSession,
    form: ClientForm,
    at: datetime,
    *,
    kind: str = fields.PERSON,
    by: Current | None = None,
    source: str = "hand",
    demo: bool = False,
) -> Contact:
    """A new client or organisation; who makes it is responsible unless the form says who (CON-19). Raises BadInput."""
    maker = by.membership_id if by else None
    contact = Contact(
        kind=kind,
        state="client",
        number=(await take_numbers(session, 1))[0],
        source=source,
        demo=demo,
        created_at=at,
        created_by=maker,
        responsible_id=maker,
    )
    for column in _TEXTS:
        setattr(contact, column, "")
    contact.access, contact.name = "default", ""
    await _fill(session, contact, form, new=True)
    session.add(contact)
    await session.flush()
    await _attach(session, contact, form, at, maker)
    record(session, contact.id, "created", at, maker, source=source)
    await refresh(session, [contact.id])
    return contact


async def change(
    session: AsyncSession, viewer: Viewer | None, contact_id: int, form: ClientForm, at: datetime
) -> Contact:
    """Changes a card (and makes a client of a contact): numbers and history stay. NotFound, Forbidden, BadInput.

    ``viewer`` None = the house itself. A contact's new client belongs to who saves it.
    """
    contact = await queries.contact(session, contact_id)
    if contact is None:
        raise NotFound(GONE)
    if viewer is not None:
        await seen.need_change(session, viewer, contact)
    if contact.state == "archive":
        raise Forbidden(N_("A card in the archive cannot be changed."))
    author = viewer.membership_id if viewer else None
    before, was = contact.responsible_id, contact.state
    if was == "contact":
        contact.state, contact.number = "client", (await take_numbers(session, 1))[0]
        contact.responsible_id = contact.responsible_id or author
    await _fill(session, contact, form, new=was == "contact")
    contact.changed_at = at
    await _attach(session, contact, form, at, author)
    if was == "contact":
        record(session, contact.id, "created", at, author, source=contact.source)
    elif contact.responsible_id != before:
        await note_responsible(session, contact, before, at, author)
    await session.flush()
    await refresh(session, [contact.id])
    return contact


def record(
    session: AsyncSession, contact_id: int, kind: str, at: datetime, author: int | None, text: str = "", **data: Any
) -> ContactEvent:
    """Adds an entry to the history, in the caller's transaction."""
    event = ContactEvent(contact_id=contact_id, kind=kind, at=at, author_id=author, text=text, data=data)
    session.add(event)
    return event


async def note_responsible(
    session: AsyncSession, contact: Contact, before: int | None, at: datetime, author: int | None
) -> None:
    """Writes a change of the responsible member into the history (CON-28); nested contacts go with it (CON-29)."""
    record(session, contact.id, "responsible", at, author, before=before, after=contact.responsible_id)
    if contact.kind == fields.ORGANISATION:
        for nested in await session.scalars(select(Contact).where(Contact.organisation_id == contact.id)):
            nested.responsible_id = contact.responsible_id


async def take_numbers(session: AsyncSession, count: int) -> range:
    """The next ``count`` running numbers (№) of clients; nobody else gets them until this transaction ends."""
    await exclusive(session, "contact-numbers")
    counter = await session.scalar(select(ContactCounter).execution_options(populate_existing=True))
    if counter is None:
        counter = ContactCounter(last=0)
        session.add(counter)
    first = counter.last + 1
    counter.last += count
    await session.flush()
    return range(first, first + count)


async def refresh(session: AsyncSession, ids: Collection[int]) -> None:
    """Brings up to date what contacts are searched and sorted by, after their names, numbers or channels changed."""
    found = await queries.contacts(session, ids)
    phones: dict[int, list[str]] = {}
    mails: dict[int, list[str]] = {}
    for part in queries.chunks(list(found)):
        for contact_id, e164 in await session.execute(
            select(ContactPhone.contact_id, ContactPhone.e164).where(ContactPhone.contact_id.in_(part))
        ):
            phones.setdefault(contact_id, []).append(e164)
        for contact_id, key in await session.execute(
            select(ContactChannel.contact_id, ContactChannel.key).where(
                ContactChannel.contact_id.in_(part), ContactChannel.kind == "email"
            )
        ):
            mails.setdefault(contact_id, []).append(key)
    for one in found.values():
        one.name_key = people.sort_key(one.name)
        one.search = people.search_text(
            one.name,
            one.position,
            one.organisation,
            one.inn,
            phones=phones.get(one.id, ()),
            emails=mails.get(one.id, ()),
        )
    await session.flush()


_TEXTS: dict[str, int] = {
    "first_name": 100, "last_name": 100, "position": 200, "organisation": 200, "address": 500, "city": 100,
    "industry": 200,
}  # fmt: skip


async def _fill(session: AsyncSession, contact: Contact, form: ClientForm, *, new: bool) -> None:
    """The columns of the card itself."""
    for column, limit in _TEXTS.items():
        if column != "organisation" and (typed := getattr(form, column)) is not UNSET:
            setattr(contact, column, people.limited(typed, column, limit))
    _name(contact, form, new=new)
    if form.description is not UNSET:
        contact.description = _long(form.description)
    if form.inn is not UNSET:
        contact.inn = fields.tax_number(form.inn, "inn", (10, 12))
    if form.kpp is not UNSET:
        contact.kpp = fields.tax_number(form.kpp, "kpp", (9,))
    if form.currency is not UNSET:
        contact.currency = _one_of(form.currency.strip().upper(), "currency", length=3)
    if form.sex is not UNSET:
        contact.sex = form.sex if form.sex in ("", "m", "f") else _bad("sex")
    if form.birth_date is not UNSET:
        contact.birth_date = fields.a_day(form.birth_date) if form.birth_date.strip() else None
        if contact.birth_date is None and form.birth_date.strip():
            raise _wrong(N_("This is not a date. Write it like 31.12.2026."), "birth_date")
    if form.access is not UNSET:
        contact.access = form.access if form.access in fields.ACCESS else _bad("access")
    for column, kind in (("type_id", "type"), ("warmth_id", "warmth")):
        if (chosen := getattr(form, column)) is not UNSET:
            if chosen is not None and await _choice(session, chosen, kind) is None:
                _bad(column)
            setattr(contact, column, chosen)
    if form.responsible_id is not UNSET:
        contact.responsible_id = form.responsible_id
    await _join(session, contact, form)


def _name(contact: Contact, form: ClientForm, *, new: bool) -> None:
    if contact.kind == fields.ORGANISATION:
        if form.name is not UNSET or new:
            contact.name = people.limited(form.name or "", "name")
        inn = form.inn if form.inn is not UNSET else contact.inn
        if not contact.name and not inn.strip():
            # CON-05: one of the two is enough.
            message = N_("Give the organisation a name or an INN.")
            raise BadInput(message, fields={"name": message})
        return
    if form.first_name is not UNSET or form.last_name is not UNSET or new:
        contact.name = people.full_name(contact.first_name, contact.last_name)


async def _join(session: AsyncSession, contact: Contact, form: ClientForm) -> None:
    """Puts a person into an organisation: by id, or by its name, which makes it when nobody knows it."""
    if contact.kind == fields.ORGANISATION:
        return
    if form.organisation_id is not UNSET:
        chosen = await queries.contact(session, form.organisation_id) if form.organisation_id else None
        if form.organisation_id and (chosen is None or chosen.kind != fields.ORGANISATION):
            _bad("organisation")
        _put(contact, chosen)
    elif form.organisation is not UNSET:
        name = people.limited(form.organisation, "organisation")
        if not name:
            _put(contact, None)
        elif people.sort_key(name) != people.sort_key(contact.organisation) or contact.organisation_id is None:
            _put(contact, await organisation(session, name, contact))


async def organisation(session: AsyncSession, name: str, like: Contact) -> Contact:
    """The organisation of this name, made with the responsible member of ``like`` when there is none."""
    found = await queries.organisation_named(session, name)
    if found is not None:
        return found
    made = Contact(
        kind=fields.ORGANISATION,
        state="client",
        number=(await take_numbers(session, 1))[0],
        name=name,
        name_key=people.sort_key(name),
        search=people.search_text(name),
        source=like.source,
        demo=like.demo,
        created_at=like.created_at,
        created_by=like.created_by,
        responsible_id=like.responsible_id,
    )
    session.add(made)
    await session.flush()
    return made


def _put(contact: Contact, found: Contact | None) -> None:
    contact.organisation_id = found.id if found else None
    contact.organisation = found.name if found else ""
    if found is not None:
        # CON-29: nested contacts have no responsible of their own.
        contact.responsible_id = found.responsible_id


async def _attach(session: AsyncSession, contact: Contact, form: ClientForm, at: datetime, author: int | None) -> None:
    """Everything that hangs on the card in tables of its own."""
    await _phones(session, contact.id, form)
    await _channels(session, contact.id, form)
    if form.managers is not UNSET:
        await _replace(session, ContactManager, contact.id, "membership_id", form.managers)
    if form.lists is not UNSET:
        await _replace(session, ContactListMember, contact.id, "list_id", form.lists)
    if form.tags is not UNSET:
        await _replace(session, ContactTag, contact.id, "tag_id", form.tags, added_by=author)
    if form.values is not UNSET:
        await set_values(session, contact, form.values)
    await session.flush()


async def _replace(
    session: AsyncSession, kind: type[Any], contact_id: int, column: str, wanted: Iterable[int], **more: Any
) -> None:
    there = set(await session.scalars(select(getattr(kind, column)).where(kind.contact_id == contact_id)))
    chosen = set(wanted)
    if gone := there - chosen:
        await session.execute(delete(kind).where(kind.contact_id == contact_id, getattr(kind, column).in_(gone)))
    session.add_all(kind(contact_id=contact_id, **{column: one}, **more) for one in sorted(chosen - there))
    await session.flush()


async def set_values(session: AsyncSession, contact: Contact, values: Mapping[str, str]) -> None:
    """Sets own fields (by id, as text); fields of type file have a way of their own. Raises BadInput."""
    known = {
        str(one.id): one
        for one in await session.scalars(
            select(ContactField).where(ContactField.entity == contact.kind, ContactField.key.is_(None))
        )
    }
    there = {
        row.field_id: row
        for row in await session.scalars(select(ContactValue).where(ContactValue.contact_id == contact.id))
    }
    for key, typed in values.items():
        own = known.get(key)
        if own is None:
            raise _wrong(N_("This field does not exist any more. Reload the page."), f"values.{key}")
        if own.type == "file":
            continue
        value = fields.own_value(own.type, typed, own.options, f"values.{key}")
        row = there.get(own.id)
        if value is None:
            if row is not None:
                await session.delete(row)
            continue
        if row is None:
            row = ContactValue(contact_id=contact.id, field_id=own.id)
            session.add(row)
        row.text, row.key, row.amount, row.day = value
    await session.flush()


async def _phones(session: AsyncSession, contact_id: int, form: ClientForm) -> None:
    there = {row.e164: row for row in await queries.phones(session, contact_id)}
    added = [PhoneForm(number=one) for one in (form.phone, form.phone2) if one.strip()]
    if form.phones is UNSET:
        wanted, keep = added, set(there)
    else:
        wanted, keep = [one for one in form.phones if one.number.strip()] + added, set()
    for number, one in enumerate(wanted):
        field = "phone" if form.phones is UNSET else f"phones.{number}"
        e164 = phone(one.number, field)
        kind = one.kind if one.kind in fields.PHONE_KINDS else ""
        row = there.get(e164)
        keep.add(e164)
        if row is None:
            row = there[e164] = ContactPhone(contact_id=contact_id, e164=e164, typed=one.number.strip()[:80], kind=kind)
            session.add(row)
        elif form.phones is not UNSET:
            row.kind = kind
    if len(keep) > MAX_PHONES:
        raise BadInput(TOO_MANY, fields={"phones": TOO_MANY})
    for e164, row in there.items():
        if e164 not in keep:
            await session.delete(row)
    await session.flush()


def phone(typed: str, field: str = "phone") -> str:
    """A number in E.164 (CON-27). Raises BadInput that names ``field``."""
    e164 = to_e164(typed)
    if e164 is None:
        message = N_("“%(number)s” is not a telephone number. Write it like +7 495 123-45-67.")
        raise BadInput(message, fields={field: N_("This is not a telephone number.")}, number=typed.strip()[:40])
    return e164


async def _channels(session: AsyncSession, contact_id: int, form: ClientForm) -> None:
    rows = await session.scalars(select(ContactChannel).where(ContactChannel.contact_id == contact_id))
    there = {(row.kind, row.key): row for row in rows}
    added = [ChannelForm(kind="email", value=form.email)] if form.email.strip() else []
    if form.channels is UNSET:
        wanted, keep = added, set(there)
    else:
        wanted, keep = [one for one in form.channels if one.value.strip()] + added, set()
    for number, one in enumerate(wanted):
        kind, value, key = channel(one, "email" if form.channels is UNSET else f"channels.{number}")
        keep.add((kind, key))
        if (kind, key) not in there:
            row = there[kind, key] = ContactChannel(contact_id=contact_id, kind=kind, value=value, key=key)
            session.add(row)
    if len(keep) > MAX_CHANNELS:
        raise BadInput(TOO_MANY, fields={"channels": TOO_MANY})
    for where, row in there.items():
        if where not in keep:
            await session.delete(row)
    await session.flush()


def channel(form: ChannelForm, field: str) -> tuple[str, str, str]:
    """(kind, value as kept, key to compare by). Raises BadInput that names ``field``."""
    if form.kind not in fields.CHANNELS:
        _bad(field)
    if form.kind != "email":
        value = people.limited(form.value, field, 254)
        return form.kind, value, value.casefold()
    mail = people.email(form.value)
    if mail is None:
        raise _wrong(N_("This is not an e-mail address. Write it like name@company.ru."), field)
    return "email", mail, mail.casefold()


async def _choice(session: AsyncSession, choice_id: int, kind: str) -> ContactChoice | None:
    return await session.scalar(select(ContactChoice).where(ContactChoice.id == choice_id, ContactChoice.kind == kind))


def _long(text: str) -> str:
    clean = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()
    if len(clean) > MAX_DESCRIPTION:
        message = N_("This is too long: at most %(limit)s characters.")
        raise BadInput(message, fields={"description": N_("This is too long.")}, limit=MAX_DESCRIPTION)
    return clean


def _one_of(text: str, field: str, *, length: int) -> str:
    return text if not text or (len(text) == length and text.isascii() and text.isalpha()) else _bad(field)


def _bad(field: str) -> str:
    raise _wrong(N_("This value cannot be used."), field)


def _wrong(message: str, field: str) -> BadInput:
    return BadInput(message, fields={field: message})
