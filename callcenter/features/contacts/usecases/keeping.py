"""A client's card is made and changed: names, numbers, channels, own fields, labels, what the search finds it by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from msgspec import UNSET
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.contacts import queries
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactCounter,
    ContactEvent,
    ContactField,
    ContactManager,
    ContactPhone,
)
from callcenter.features.contacts.queries import access as seen
from callcenter.features.contacts.rules import access, fields, people
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.usecases import parts, zoning
from callcenter.features.contacts.usecases.forms import ChannelForm, ClientForm, PhoneForm
from callcenter.features.contacts.usecases.parts import channel, phone, set_values
from callcenter.http.current import Current
from callcenter.storage.scope import exclusive

__all__ = [
    "ChannelForm", "ClientForm", "PhoneForm", "change", "channel", "create", "ensure", "note_responsible",
    "organisation", "phone", "record", "refresh", "set_values", "take_numbers",
]  # fmt: skip

MAX_DESCRIPTION = 10_000
GONE = N_("This contact is not there.")
ARCHIVED = N_("A card in the archive cannot be changed.")
NOT_YOURS = N_("Only an administrator or the responsible employee may give this client to somebody else.")
FILL_IN = N_("Fill in this field.")
NESTED = N_("The responsible employee is chosen in the card of the organisation.")


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
    complete: bool = False,
) -> Contact:
    """A new client or organisation; who makes it is responsible unless the form says who (CON-19). Raises BadInput.

    ``complete`` asks for first and last name (CON-13), as people do who fill in a card by hand.
    """
    maker = by.membership_id if by else None
    viewer = await seen.viewer(session, by) if by else None
    contact = Contact(
        kind=kind, state="client", source=source, demo=demo, created_at=at, created_by=maker, responsible_id=maker
    )
    for column in _TEXTS:
        setattr(contact, column, "")
    contact.access, contact.name = "default", ""
    problems = parts.Problems()
    await _fill(session, contact, form, viewer, problems, new=True, complete=complete)
    problems.check()
    contact.number = (await take_numbers(session, 1))[0]
    session.add(contact)
    await session.flush()
    await parts.attach(session, contact, form, maker)
    if maker is not None and contact.responsible_id != maker and form.managers is UNSET:
        # Somebody else is responsible: who made the card still looks after it.
        session.add(ContactManager(contact_id=contact.id, membership_id=maker))
    record(session, contact.id, "created", at, maker, source=source)
    await refresh(session, [contact.id])
    return contact


async def change(
    session: AsyncSession,
    viewer: Viewer | None,
    contact_id: int,
    form: ClientForm,
    at: datetime,
    *,
    complete: bool = False,
) -> Contact:
    """Changes a card (and makes a client of a contact): numbers and history stay. NotFound, Forbidden, BadInput.

    ``viewer`` None = the house itself. A contact's new client belongs to who saves it.
    """
    contact = await changeable(session, viewer, contact_id)
    author = viewer.membership_id if viewer else None
    before, was, name = contact.responsible_id, contact.state, contact.name
    there = await seen.card(session, contact)
    problems = parts.Problems()
    with session.no_autoflush:
        if was == "contact":
            contact.state, contact.responsible_id = "client", contact.responsible_id or author
        await _fill(session, contact, form, viewer, problems, new=was == "contact", complete=complete)
    if was != "contact" and contact.responsible_id != before and viewer is not None:
        with problems.collected():
            if not access.may_move(viewer, there):
                raise parts.wrong(NOT_YOURS, "responsible")
    problems.check()
    if was == "contact":
        contact.number = (await take_numbers(session, 1))[0]
    contact.changed_at = at
    await parts.attach(session, contact, form, author)
    if was == "contact":
        record(session, contact.id, "created", at, author, source=contact.source)
    elif contact.responsible_id != before:
        await note_responsible(session, contact, before, at, author)
    await session.flush()
    await refresh(session, [contact.id])
    if contact.kind == fields.ORGANISATION and contact.name != name:
        await _rename_nested(session, contact)
    return contact


async def changeable(session: AsyncSession, viewer: Viewer | None, contact_id: int) -> Contact:
    """The contact, if the viewer may change it (None = the house may). NotFound, Forbidden."""
    contact = await queries.contact(session, contact_id)
    if contact is None:
        raise NotFound(GONE)
    if viewer is not None:
        await seen.need_change(session, viewer, contact)
    if contact.state == "archive":
        raise Forbidden(ARCHIVED)
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
    ids = [contact.id]
    if contact.kind == fields.ORGANISATION:
        ids += await session.scalars(select(Contact.id).where(Contact.organisation_id == contact.id))
    data = {"before": before, "after": contact.responsible_id}
    for part in queries.chunks(ids):
        moved = update(Contact).where(Contact.id.in_(part)).values(responsible_id=contact.responsible_id)
        await session.execute(moved)
        rows = [
            {"contact_id": one, "kind": "responsible", "at": at, "author_id": author, "text": "", "data": data}
            for one in part
        ]
        await session.execute(insert(ContactEvent), rows)


async def _rename_nested(session: AsyncSession, contact: Contact) -> None:
    """The people of an organisation are shown and found by its new name."""
    ids = list(await session.scalars(select(Contact.id).where(Contact.organisation_id == contact.id)))
    for part in queries.chunks(ids):
        await session.execute(update(Contact).where(Contact.id.in_(part)).values(organisation=contact.name))
        await refresh(session, part)


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
    await zoning.place(session, found.values(), phones)
    await session.flush()


_TEXTS: dict[str, int] = {
    "first_name": 100, "last_name": 100, "position": 200, "organisation": 200, "address": 500, "city": 100,
    "industry": 200,
}  # fmt: skip


async def _fill(
    session: AsyncSession,
    contact: Contact,
    form: ClientForm,
    viewer: Viewer | None,
    problems: parts.Problems,
    *,
    new: bool,
    complete: bool,
) -> None:
    """The columns of the card itself."""
    for column, limit in _TEXTS.items():
        if column != "organisation" and (typed := getattr(form, column)) is not UNSET:
            with problems.collected():
                setattr(contact, column, people.limited(typed, column, limit))
    with problems.collected():
        await _name(session, contact, form, new=new, complete=complete)
    with problems.collected():
        if form.description is not UNSET:
            contact.description = _long(form.description)
    with problems.collected():
        if form.inn is not UNSET:
            contact.inn = fields.tax_number(form.inn, "inn", (10, 12))
    with problems.collected():
        if form.kpp is not UNSET:
            contact.kpp = fields.tax_number(form.kpp, "kpp", (9,))
    with problems.collected():
        if form.currency is not UNSET:
            contact.currency = _one_of(form.currency.strip().upper(), "currency", length=3)
    with problems.collected():
        if form.sex is not UNSET:
            contact.sex = form.sex if form.sex in ("", "m", "f") else parts.bad("sex")
    with problems.collected():
        if form.birth_date is not UNSET:
            contact.birth_date = fields.a_day(form.birth_date) if form.birth_date.strip() else None
            if contact.birth_date is None and form.birth_date.strip():
                raise parts.wrong(N_("This is not a date. Write it like 31.12.2026."), "birth_date")
    with problems.collected():
        if form.access is not UNSET:
            contact.access = form.access if form.access in fields.ACCESS else parts.bad("access")
    for column, kind in (("type_id", "type"), ("warmth_id", "warmth")):
        with problems.collected():
            if (chosen := getattr(form, column)) is not UNSET:
                if chosen is not None and await _choice(session, chosen, kind) is None:
                    parts.bad(column)
                setattr(contact, column, chosen)
    parts.check(form, problems)
    if problems.first is None:
        with problems.collected():
            await _place(session, contact, form, viewer)


async def _place(session: AsyncSession, contact: Contact, form: ClientForm, viewer: Viewer | None) -> None:
    """Where the card belongs: its organisation, and who is responsible; nested contacts follow theirs (CON-29)."""
    inside, wish = contact.organisation_id, form.responsible_id
    if wish is not UNSET and inside is None:
        # First, so that an organisation that is made now gets the same responsible employee.
        contact.responsible_id = wish
    await _join(session, contact, form, viewer)
    if wish is UNSET or wish == contact.responsible_id:
        return
    if contact.organisation_id is None:
        contact.responsible_id = wish
    elif contact.organisation_id == inside:
        raise parts.wrong(NESTED, "responsible")


async def _name(session: AsyncSession, contact: Contact, form: ClientForm, *, new: bool, complete: bool) -> None:
    if contact.kind == fields.ORGANISATION:
        if form.name is not UNSET or new:
            contact.name = people.limited(form.name or "", "name")
        inn = form.inn if form.inn is not UNSET else contact.inn
        if not contact.name and not (inn or "").strip():
            # CON-05: one of the two is enough.
            message = N_("Give the organisation a name or an INN.")
            raise BadInput(message, fields={"name": message})
        return
    if form.first_name is UNSET and form.last_name is UNSET and not new:
        return
    if complete:
        wanted = ["first_name"] if await _hidden(session, fields.PERSON, "last_name") else ["first_name", "last_name"]
        if missing := [one for one in wanted if not getattr(contact, one)]:
            raise BadInput(N_("A client needs a first and a last name."), fields=dict.fromkeys(missing, FILL_IN))
    contact.name = people.full_name(contact.first_name, contact.last_name)


async def _hidden(session: AsyncSession, entity: str, key: str) -> bool:
    found = select(ContactField.hidden).where(ContactField.entity == entity, ContactField.key == key)
    return bool(await session.scalar(found))


async def _join(session: AsyncSession, contact: Contact, form: ClientForm, viewer: Viewer | None) -> None:
    """Puts a person into an organisation: by id, or by its name, which makes it when nobody knows it."""
    if contact.kind == fields.ORGANISATION:
        return
    if form.organisation_id is not UNSET:
        chosen = await queries.contact(session, form.organisation_id) if form.organisation_id else None
        if form.organisation_id and (chosen is None or chosen.kind != fields.ORGANISATION or chosen.state == "archive"):
            parts.bad("organisation")
        if chosen is not None and viewer is not None and chosen.id != contact.organisation_id:
            await seen.need_see(session, viewer, chosen)
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


async def _choice(session: AsyncSession, choice_id: int, kind: str) -> ContactChoice | None:
    return await session.scalar(select(ContactChoice).where(ContactChoice.id == choice_id, ContactChoice.kind == kind))


def _long(text: str) -> str:
    clean = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()
    if len(clean) > MAX_DESCRIPTION:
        message = N_("This is too long: at most %(limit)s characters.")
        raise BadInput(message, fields={"description": N_("This is too long.")}, limit=MAX_DESCRIPTION)
    return clean


def _one_of(text: str, field: str, *, length: int) -> str:
    return text if not text or (len(text) == length and text.isascii() and text.isalpha()) else parts.bad(field)
