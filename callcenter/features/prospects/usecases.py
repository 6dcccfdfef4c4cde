"""Clients to call, one after another: a page of them, one's card with the script, what follows when it is saved."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.prospects import rules
from callcenter.features.prospects.rules import Filter
from callcenter.features.scripts import api as scripts
from callcenter.http.current import Current
from callcenter.http.formats import zone
from callcenter.plugin import Services

PER_PAGE = 30
NO_PHONE = N_("You have no phone to call with. An administrator can give you one.")
NO_SCRIPT = N_("This script is not one of yours. Choose another one.")
COLUMNS = {"tags"}


class ResultView(msgspec.Struct, kw_only=True):
    """How the last talk with a client ended."""

    script: str
    title: str
    tone: str
    comment: str
    at: datetime


class Row(msgspec.Struct, kw_only=True):
    """A client to call: ``kind`` person or organisation, ``clock`` what his clock shows now ('' = not known)."""

    id: int
    number: int
    kind: str
    name: str
    organisation: str
    organisation_id: int | None
    position: str
    city: str
    phones: list[str]
    tags: list[str]
    clock: str
    called_at: datetime | None
    result: ResultView | None


class Stretch(msgspec.Struct, kw_only=True):
    """A page of the list. ``older`` and ``newer`` are the № to go on from, null = there is nothing more."""

    clients: list[Row]
    older: int | None
    newer: int | None


class Next(msgspec.Struct, kw_only=True):
    """The card that comes next; ``number`` is E.164, '' when the client has none."""

    id: int
    name: str
    number: str
    address: str


class Saved(msgspec.Struct, kw_only=True):
    """What follows of saving: the ``next`` card (null = it was the last, or one stays), dialled by itself or not."""

    next: Next | None
    autodial: bool


class SaveForm(msgspec.Struct, kw_only=True):
    """``stay``: keep the card. ``filter`` is the part of the list's address behind the question mark."""

    stay: bool = False
    filter: dict[str, str] = {}


class ScriptForm(msgspec.Struct, kw_only=True):
    """The script to call by."""

    script_id: int


class Script(NamedTuple):
    """The script that is chosen: ``text`` is clean HTML."""

    id: int
    name: str
    text: str
    skip_allowed: bool
    autodial: bool
    made_at: datetime


class Card(NamedTuple):
    """A client who is called: his row with his e-mails; ``people`` are those of a company."""

    row: Row
    emails: list[str]
    people: list[Row]
    description: str


class Call(NamedTuple):
    """The last call of today to a client, and whether its outcome was chosen."""

    id: str
    said: bool


class Owed(NamedTuple):
    """A client of whose talk the script asks a result before another card is opened."""

    contact_id: int
    name: str
    call_id: str


def _states(services: Services, person: Current, wanted: Filter) -> list[contacts.ListState]:
    now = services.clock.now()
    here = now.astimezone(zone(person.timezone)).date()
    quick = rules.conditions(wanted)
    return [
        contacts.ListState(
            section=section, search=wanted.text, quick=quick, today=here, zone=person.timezone,
            now=now.replace(second=0, microsecond=0) if wanted.first or wanted.last else None,
        )
        for section in ("persons", "organisations")
    ]  # fmt: skip


async def _found(
    services: Services,
    session: AsyncSession,
    person: Current,
    wanted: Filter,
    *,
    below: int | None = None,
    above: int | None = None,
    limit: int,
) -> list[contacts.Contact]:
    """Companies and persons together, by their № downwards."""
    rows: list[contacts.Contact] = []
    for state in _states(services, person, wanted):
        rows += await contacts.offering.stretch(services, session, person, state, below=below, above=above, limit=limit)
    rows.sort(key=lambda one: -(one.number or 0))
    return rows[:limit] if above is None else rows[-limit:]


async def listed(
    services: Services, person: Current, wanted: Filter, *, below: int | None = None, above: int | None = None
) -> Stretch:
    """A page of the list. Raises BadInput for a filter that cannot be used."""
    async with services.db.business(person.business_id) as session:
        more = PER_PAGE + 1
        found = await _found(services, session, person, wanted, below=below, above=above, limit=more)
        further = len(found) > PER_PAGE
        if above is not None:
            shown = found[-PER_PAGE:]
            older, newer = bool(shown), further
        else:
            shown = found[:PER_PAGE]
            older, newer = further, below is not None and bool(shown)
        rows = await _rows(services, session, shown)
    return Stretch(
        clients=rows,
        older=rows[-1].number if rows and older else None,
        newer=rows[0].number if rows and newer else None,
    )


async def _rows(services: Services, session: AsyncSession, found: list[contacts.Contact]) -> list[Row]:
    now = services.clock.now()
    cells = await contacts.cells.load(session, found, COLUMNS)
    results = await scripts.last_results(session, [one.id for one in found]) if found else {}
    return [
        Row(
            id=one.id,
            number=one.number or 0,
            kind=one.kind,
            name=one.name or one.inn,
            organisation=one.organisation,
            organisation_id=one.organisation_id,
            position=one.position,
            city=one.city,
            phones=(phones := cells.phones.get(one.id, [])),
            tags=cells.tags.get(one.id, []),
            clock=clock(phones, one.city, one.address, now),
            called_at=one.called_at,
            result=_result(results.get(one.id)),
        )
        for one in found
    ]


def clock(phones: list[str], city: str, address: str, now: datetime) -> str:
    """What a client's clock shows."""
    zones = contacts.zones.of_client(phones, city, address)
    return rules.clock(f"{here:%H:%M}" for here in contacts.zones.clocks(zones, now))


def _result(found: scripts.LastResult | None) -> ResultView | None:
    if found is None:
        return None
    return ResultView(script=found.script, title=found.title, tone=found.tone, comment=found.comment, at=found.at)


async def card(services: Services, session: AsyncSession, person: Current, contact_id: int) -> Card:
    """A client's card. Raises NotFound for one whom the person does not see, or who is only a number."""
    who = await contacts.viewer(session, person)
    found = await session.get(contacts.Contact, contact_id)
    if found is None or found.state != "client":
        raise NotFound(contacts.access.GONE)
    await contacts.access.need_see(session, who, found)
    cells = await contacts.cells.load(session, [found], {"email"})
    nested = await contacts.people_of(session, who, contact_id) if found.kind == "organisation" else []
    return Card(
        row=(await _rows(services, session, [found]))[0],
        emails=[value for kind, value in cells.channels.get(contact_id, ()) if kind == "email"],
        people=await _rows(services, session, nested),
        description=found.description,
    )


async def script(session: AsyncSession, person: Current) -> Script | None:
    """The script that the person calls by; None while there is none for him."""
    chosen = await scripts.outgoing(session, person.agent_id) if person.agent_id is not None else None
    found = await scripts.script(session, chosen) if chosen is not None else None
    if found is None:
        return None
    return Script(
        found.id,
        found.name,
        await scripts.text(session, found.id),
        found.skip_allowed,
        found.autodial,
        found.created_at,
    )


async def choose(services: Services, person: Current, script_id: int) -> None:
    """The person calls by this script from now on. Raises Forbidden, BadInput."""
    if person.agent_id is None:
        raise Forbidden(NO_PHONE)
    async with services.db.business(person.business_id) as session:
        if script_id not in {one.id for one in await scripts.choices(session, kind="out", agent_id=person.agent_id)}:
            raise BadInput(NO_SCRIPT, fields={"script_id": NO_SCRIPT})
        await scripts.remember(session, person.agent_id, 0, script_id)


async def last_call(services: Services, session: AsyncSession, person: Current, contact_id: int) -> Call | None:
    """The person's last call of today to a client."""
    if person.agent_id is None:
        return None
    since = _midnight(services, person)
    found = await calls.last_out(services, session, person.agent_id, contact_id, since)
    return Call(found, await scripts.said_by(session, found, person.agent_id)) if found else None


async def owed(services: Services, session: AsyncSession, person: Current, contact_id: int) -> Owed | None:
    """The talk with another client that is over and still has no result, where the script asks for one."""
    if person.agent_id is None:
        return None
    chosen = await script(session, person)
    if chosen is None or chosen.skip_allowed:
        return None
    # A talk that was over before there was such a script owes it nothing.
    since = max(_midnight(services, person), chosen.made_at)
    made = await calls.last_made(session, person.agent_id, since)
    if made is None or not made.ended or made.contact_id == contact_id:
        return None
    if await scripts.said_by(session, made.call_id, person.agent_id):
        return None
    who = await contacts.viewer(session, person)
    if not await contacts.access.only_visible(session, who, [made.contact_id]):
        return None
    known = await contacts.get(session, made.contact_id)
    return Owed(made.contact_id, known.name, made.call_id) if known is not None and known.saved else None


async def save(services: Services, person: Current, contact_id: int, form: SaveForm) -> Saved:
    """The card is done with: what comes next. Raises NotFound, and Conflict (code ``no_result``) when the script lets
    nobody go on without a result.
    """
    wanted = rules.read(form.filter)
    # Who saves right after his call means that call.
    await calls.log_mine(services, person)
    async with services.db.business(person.business_id) as session:
        who = await contacts.viewer(session, person)
        if not await contacts.access.only_visible(session, who, [contact_id]):
            raise NotFound(contacts.access.GONE)
        if form.stay:
            return Saved(next=None, autodial=False)
        here = await session.get_one(contacts.Contact, contact_id)
        chosen = await script(session, person)
        last = await last_call(services, session, person, contact_id)
        numbers = [one for one in await contacts.numbers_of(session, contact_id) if contacts.outside(one)]
        why = rules.kept_back(
            skip_allowed=chosen is None or chosen.skip_allowed,
            said=last is not None and last.said,
            called=last is not None,
            callable_=bool(numbers) and not here.blocked,
        )
        if why:
            raise Conflict(why, code="no_result")
        found = await _found(services, session, person, wanted, below=here.number or 0, limit=1)
        if not found:
            return Saved(next=None, autodial=False)
        number = (await contacts.first_phones(session, [found[0].id])).get(found[0].id, "")
    follows = Next(
        id=found[0].id,
        name=found[0].name or found[0].inn,
        number=number if contacts.outside(number) else "",
        address=address(found[0].id, wanted),
    )
    return Saved(next=follows, autodial=chosen is not None and chosen.autodial and bool(follows.number))


def address(contact_id: int, wanted: Filter) -> str:
    """The page of a card in a list that is filtered so."""
    query = urlencode(rules.written(wanted))
    return f"/prospects/{contact_id}" + (f"?{query}" if query else "")


def _midnight(services: Services, person: Current) -> datetime:
    here = services.clock.now().astimezone(zone(person.timezone))
    return here.replace(hour=0, minute=0, second=0, microsecond=0)
