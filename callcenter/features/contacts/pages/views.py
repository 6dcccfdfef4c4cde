"""How a card looks to programs and pages."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotFound
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api, queries
from callcenter.features.contacts.models import Contact, ContactFile
from callcenter.features.contacts.queries import access, cards
from callcenter.features.contacts.rules import access as rules
from callcenter.features.contacts.rules import people
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SETUP
from callcenter.plugin import Services


class PhoneView(msgspec.Struct, kw_only=True):
    """A number: in E.164 and as it was typed; ``kind`` mobile, work, home or ''."""

    e164: str
    typed: str
    kind: str = ""


class ChannelView(msgspec.Struct, kw_only=True):
    """Another way to a client."""

    kind: str
    value: str


class MemberView(msgspec.Struct, kw_only=True):
    """An employee: the id of the membership, and the name."""

    id: int
    name: str


class FileView(msgspec.Struct, kw_only=True):
    """A document, or the file of the own field ``field_id``; ``size`` in bytes."""

    id: int
    name: str
    size: int
    field_id: int | None
    added_by: str
    added_at: str


class ConsentView(msgspec.Struct, kw_only=True):
    """A consent that was given or taken back; the newest of a kind holds."""

    kind: str
    given: bool
    at: str
    source: str
    author: str


class ContactView(msgspec.Struct, kw_only=True):
    """A contact. ``saved`` True = a client; False = only a number with its calls.

    ``open`` says that all employees may see the card (``access`` with the company's setting), ``values`` are own
    fields by id, ``city`` is ``own_city`` or else where the
    first number is from, ``local_time`` is the clock there.
    """

    id: int
    kind: str
    state: str
    saved: bool
    number: int | None
    name: str
    first_name: str
    last_name: str
    position: str
    organisation: str
    organisation_id: int | None
    sex: str
    birth_date: str
    address: str
    city: str
    own_city: str
    local_time: str
    industry: str
    inn: str
    kpp: str
    description: str
    type_id: int | None
    type: str
    warmth_id: int | None
    warmth: str
    currency: str
    access: str
    open: bool
    responsible_id: int | None
    responsible: str
    managers: list[MemberView]
    phones: list[PhoneView]
    channels: list[ChannelView]
    values: dict[str, str]
    tags: list[str]
    lists: list[str]
    files: list[FileView]
    consents: list[ConsentView]
    photo: str
    source: str
    deals: int
    tasks: int
    created_at: str
    changed_at: str
    last_call_at: str
    may_change: bool
    may_move: bool
    may_delete: bool


async def load(services: Services, person: Current, contact_id: int, language: str = "ru") -> ContactView:
    """The whole card. Raises NotFound when the person does not see it."""
    async with services.db.business(person.business_id) as session:
        contact = await queries.contact(session, contact_id)
        if contact is None:
            raise NotFound(access.GONE)
        viewer = await access.viewer(session, person)
        card = await access.card(session, contact)
        if not rules.may_see(viewer, card):
            raise NotFound(access.GONE)
        return await _view(services, session, person, contact, viewer, card, language)


async def _view(
    services: Services, session: AsyncSession, person: Current, contact: Contact, viewer: rules.Viewer,
    card: rules.Card, language: str,
) -> ContactView:  # fmt: skip
    phones = await queries.phones(session, contact.id)
    counts = (await api.counters(session, [contact.id]))[contact.id]
    hanging = await cards.hanging(session, contact.id)
    names = {one.membership_id: one.name for one in await accounts.people(session)}
    words = {one.id: one.title for one in await cards.choices(session, "type", "warmth")}
    place = people.place(phones[0].e164, language) if phones else people.Place("", "")
    changeable = contact.state != "archive" and person.can(CONTACTS_EDIT) and rules.may_change(viewer, card)
    return ContactView(
        id=contact.id,
        kind=contact.kind,
        state=contact.state,
        saved=contact.saved,
        number=contact.number,
        name=contact.name or contact.inn,
        first_name=contact.first_name,
        last_name=contact.last_name,
        position=contact.position,
        organisation=contact.organisation,
        organisation_id=contact.organisation_id,
        sex=contact.sex,
        birth_date=contact.birth_date.isoformat() if contact.birth_date else "",
        address=contact.address,
        city=contact.city or place.city,
        own_city=contact.city,
        local_time=people.local_time(place.zone, services.clock.now()),
        industry=contact.industry,
        inn=contact.inn,
        kpp=contact.kpp,
        description=contact.description,
        type_id=contact.type_id,
        type=words.get(contact.type_id or 0, ""),
        warmth_id=contact.warmth_id,
        warmth=words.get(contact.warmth_id or 0, ""),
        currency=contact.currency,
        access=contact.access,
        open=contact.access in ("read", "write") or (contact.access == "default" and viewer.shared),
        responsible_id=contact.responsible_id,
        responsible=names.get(contact.responsible_id or 0, ""),
        managers=[MemberView(id=one, name=names[one]) for one in hanging.managers if one in names],
        phones=[PhoneView(e164=one.e164, typed=one.typed, kind=one.kind) for one in phones],
        channels=[ChannelView(kind=one.kind, value=one.value) for one in hanging.channels],
        values={str(key): text for key, text in hanging.values.items()},
        tags=hanging.tags,
        lists=hanging.lists,
        files=[file_view(one, names) for one in hanging.files],
        consents=[
            ConsentView(
                kind=one.kind,
                given=one.given,
                at=iso(one.at),
                source=one.source,
                author=names.get(one.author_id or 0, ""),
            )
            for one in hanging.consents
        ],
        photo=f"/contacts/{contact.id}/photo?v={contact.photo[:8]}" if contact.photo else "",
        source=contact.source,
        deals=counts.deals,
        tasks=counts.tasks,
        created_at=iso(contact.created_at),
        changed_at=iso(contact.changed_at) if contact.changed_at else "",
        last_call_at=iso(contact.last_call_at) if contact.last_call_at else "",
        may_change=changeable,
        may_move=changeable and rules.may_move(viewer, card) and contact.organisation_id is None,
        may_delete=person.can(CONTACTS_SETUP),
    )


def file_view(file: ContactFile, names: dict[int, str]) -> FileView:
    """A document as it is listed."""
    return FileView(
        id=file.id,
        name=file.name,
        size=file.size,
        field_id=file.field_id,
        added_by=names.get(file.added_by or 0, ""),
        added_at=iso(file.added_at),
    )


def iso(at: datetime) -> str:
    """A moment as the API writes it."""
    return at.isoformat().replace("+00:00", "Z")
