"""The door to contacts for other features: who has a number, cards for unknown numbers, counters, sections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotFound
from callcenter.features.contacts import gateway, queries
from callcenter.features.contacts.models import Contact, ContactChannel, ContactPhone
from callcenter.features.contacts.queries import access, cells, exporting, finding, searching
from callcenter.features.contacts.queries import cards as card_queries
from callcenter.features.contacts.queries import labels as label_queries
from callcenter.features.contacts.queries.added import Added
from callcenter.features.contacts.queries.added import add as add_filter
from callcenter.features.contacts.queries.filtering import Selection, ordered, selected, state_of
from callcenter.features.contacts.queries.walking import walk
from callcenter.features.contacts.rules import people, zones
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.rules.fields import own_value
from callcenter.features.contacts.rules.filters import Field, ListState, Rule, When
from callcenter.features.contacts.usecases import (
    bulk_undo,
    bulk_write,
    calling,
    erasing,
    keeping,
    leads,
    offering,
    registry,
    saving,
)
from callcenter.features.contacts.usecases.bulk import BulkAction, Portion, add_bulk_action
from callcenter.features.contacts.usecases.forms import ClientForm
from callcenter.features.contacts.usecases.merging import Leftovers, Merger, activity, add_merger, erase, merge, tidy
from callcenter.features.contacts.usecases.registry import Entry, Guard, Hook, Section, Source
from callcenter.http.current import Current
from callcenter.live.views import ContactBrief

__all__ = [
    "Added", "BulkAction", "Caller", "ClientForm", "Contact", "ContactChannel", "ContactInfo", "ContactPhone",
    "Counts", "Entry", "Field", "Guard", "Hook", "Leftovers", "ListState", "Merger", "Portion", "Rule", "Section",
    "Selection", "Source", "Viewer", "When", "access", "activity", "add_bulk_action", "add_filter", "add_guard",
    "add_history", "add_merger", "add_section", "brief_of", "briefs", "bulk_undo", "bulk_write", "by_numbers",
    "caller", "calling", "cells", "count_with", "counters", "create_client", "email", "ensure_contact",
    "ensure_contacts", "erase", "erasing", "exporting", "find_by_number", "finding", "first_phones", "get",
    "get_card", "ids_matching", "label_titles", "leads", "local_time", "merge", "need_see", "numbers_of", "offering",
    "on_archive", "ordered", "outside", "own_value", "people_of", "place", "safe_name", "saving", "searching",
    "sections", "selected", "sort_key", "state_of", "tidy", "viewer", "walk", "zones",
]  # fmt: skip

Counter = Callable[[AsyncSession, Collection[int]], Awaitable[dict[int, int]]]
"""``counter(session, contact_ids)`` → how many each has; contacts that have none may be left out."""

outside = people.outside
sort_key = people.sort_key
email = people.email
place = people.place
local_time = people.local_time
safe_name = gateway.safe_name
viewer = access.viewer


class ContactInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as other features see it; ``name`` is empty while it is only a number (``saved`` False)."""

    id: int
    name: str
    position: str
    organisation: str
    city: str
    saved: bool


class Caller(NamedTuple):
    """What leads a client's call: the membership responsible for him, the keys of his tags, the ids of his lists."""

    responsible_id: int | None
    tags: frozenset[str] = frozenset()
    lists: frozenset[int] = frozenset()


class Counts(NamedTuple):
    """How many open deals and tasks a contact has."""

    deals: int = 0
    tasks: int = 0


_counters: dict[str, Counter] = {}


def count_with(what: str, counter: Counter) -> None:
    """Says how 'deals' or 'tasks' are counted; the features that hold them call this when they are loaded."""
    if what not in Counts._fields:
        raise ValueError(f"contacts count {', '.join(Counts._fields)}, not {what}")
    _counters[what] = counter


async def counters(session: AsyncSession, ids: Collection[int]) -> dict[int, Counts]:
    """Deals and tasks of each contact; zero for what no feature counts."""
    if not ids:
        return {}
    found = {what: await counter(session, ids) for what, counter in _counters.items()}
    return {one: Counts(**{what: table.get(one, 0) for what, table in found.items()}) for one in ids}


def add_section(section: Section) -> None:
    """Adds a part to the contact's page; the same name again replaces it."""
    registry.sections[section.name] = section


def add_history(source: Source) -> None:
    """Adds entries of another feature to the history of every contact; the same kind again replaces them."""
    registry.sources[source.kind] = source


def add_guard(name: str, guard: Guard) -> None:
    """Adds an objection to deleting cards, such as an invoice (CON-22); the same name again replaces it."""
    registry.guards[name] = guard


def on_archive(hook: Hook) -> None:
    """Adds what is to be removed with cards that are put into the archive, such as their deals (CON-12)."""
    if hook not in registry.archive_hooks:
        registry.archive_hooks.append(hook)


def sections() -> list[Section]:
    """The parts of the contact's page in the order in which they were added."""
    return list(registry.sections.values())


async def find_by_number(session: AsyncSession, e164: str) -> ContactInfo | None:
    """The contact that has this number: a saved client before an unsaved one."""
    found = await queries.face_by_number(session, e164)
    return ContactInfo(**found._asdict()) if found else None


async def caller(session: AsyncSession, e164: str, *, labels: bool = False) -> Caller | None:
    """The saved client who has this number; his tags and lists only with ``labels``. None for strangers."""
    contact = await queries.by_number(session, e164) if people.outside(e164) else None
    if contact is None or not contact.saved:
        return None
    if not labels:
        return Caller(contact.responsible_id)
    carried = await label_queries.of_contact(session, contact.id)
    return Caller(contact.responsible_id, carried.tags, carried.lists)


async def label_titles(session: AsyncSession) -> tuple[dict[str, str], dict[int, str]]:
    """The business's tags (key -> title) and lists (id -> title), by title."""
    return await label_queries.titles(session)


async def need_see(session: AsyncSession, person: Current, contact_id: int) -> Contact:
    """The client's card, when the person may see it. Raises NotFound."""
    row = await get_card(session, contact_id)
    await access.need_see(session, await access.viewer(session, person), row)
    return row


async def get_card(session: AsyncSession, contact_id: int) -> Contact:
    """A client's card, whoever asks. Raises NotFound."""
    row = await queries.contact(session, contact_id)
    if row is None:
        raise NotFound(access.GONE)
    return row


async def get(session: AsyncSession, contact_id: int) -> ContactInfo | None:
    """The contact, or None when this business has no such."""
    return _info(await queries.contact(session, contact_id))


async def numbers_of(session: AsyncSession, contact_id: int) -> list[str]:
    """The contact's numbers (E.164), the first first."""
    return [phone.e164 for phone in await queries.phones(session, contact_id)]


async def people_of(session: AsyncSession, who: Viewer, organisation_id: int) -> list[Contact]:
    """The first people of an organisation by name, as far as ``who`` sees them."""
    return (await card_queries.nested(session, who, organisation_id, 1))[0]


async def first_phones(session: AsyncSession, ids: Collection[int]) -> dict[int, str]:
    """The first number (E.164) of each contact that has one."""
    return await queries.first_phones(session, ids)


async def by_numbers(session: AsyncSession, numbers: Collection[str]) -> dict[str, ContactBrief]:
    """Cards by number, for those that are known."""
    return {e164: brief_of(one) for e164, one in (await queries.by_numbers(session, numbers)).items()}


async def briefs(session: AsyncSession, ids: Collection[int]) -> dict[int, ContactBrief]:
    """Cards by contact id."""
    return {one.id: brief_of(one) for one in (await queries.contacts(session, ids)).values()}


async def ensure_contact(
    session: AsyncSession, number: str, at: datetime, *, demo: bool = False
) -> tuple[ContactBrief, bool]:
    """The card of an outside number, made when there is none (TEL-20), and whether it was made now."""
    return (await ensure_contacts(session, {number: at}, demo=demo))[number]


async def ensure_contacts(
    session: AsyncSession, numbers: Mapping[str, datetime], *, demo: bool = False
) -> dict[str, tuple[ContactBrief, bool]]:
    """``ensure_contact`` for many numbers (E.164 → when it was first heard of) at once."""
    found = await keeping.ensure(session, numbers, demo=demo)
    return {number: (brief_of(contact), made) for number, (contact, made) in found.items()}


async def create_client(session: AsyncSession, form: ClientForm, at: datetime, *, demo: bool = False) -> ContactBrief:
    """A new saved client. Raises BadInput."""
    return brief_of(await keeping.create(session, form, at, demo=demo))


async def any_client_number(session: AsyncSession, pick: int) -> str | None:
    """The number of some saved client, another one for another ``pick``; None while there is none."""
    return await queries.client_number(session, pick)


def ids_matching(session: AsyncSession, name: str, digits: str) -> Select[int]:
    """A select of the ids of contacts that match a search by name, or by ``digits`` of a number when given."""
    return queries.ids_matching(session, name, digits)


def brief_of(contact: Contact) -> ContactBrief:
    """The card; an unsaved contact has an empty name and is shown by its number."""
    return ContactBrief(id=contact.id, name=contact.name, position=contact.position, saved=contact.saved)


def _info(contact: Contact | None) -> ContactInfo | None:
    if contact is None:
        return None
    return ContactInfo(
        id=contact.id,
        name=contact.name,
        position=contact.position,
        organisation=contact.organisation,
        city=contact.city,
        saved=contact.saved,
    )
