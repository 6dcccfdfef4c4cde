"""A client of a list is promised a call: at a time, by the same agent or by any (OBD-08)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, Forbidden, NotFound
from callcenter.core.events import MemberNotice
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialEntry, DialList
from callcenter.features.dialer.rules import callbacks, hours, outcomes
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.usecases import control
from callcenter.http.current import Current
from callcenter.http.formats import zone
from callcenter.live.views import AgentBrief
from callcenter.plugin import Services

NO_LIST = N_("This call was not made by a dial list.")
FORBIDDEN = N_("Only who talked with the client, who is to call, who made the list, and supervisors promise a call.")
TAKEN_OUT = N_("This client is taken out of the list. Put him back first.")
PUT_AWAY = N_("This list is in the archive. Take it out first.")
NO_AGENT = N_("Choose yourself, or any employee.")
NOBODY_THERE = N_("There is no call promised to this client.")
OUTSIDE = N_("At that time the client may not be called: the list's hours by his clock are %(hours)s.")
DUE = N_("A call was promised to %(name)s for now (list “%(title)s”).")


class CallBackForm(msgspec.Struct, kw_only=True):
    """When a client is to be called. ``at`` (ISO 8601) without a zone is by ``clock`` (client or mine); ``agent_id`` is
    who calls (null = anybody who performs the list).
    """

    at: str
    clock: callbacks.Clock = "mine"
    agent_id: int | None = None


class CallBack(msgspec.Struct, kw_only=True):
    """A promised call. ``client_time`` is ``15:00`` by the client's clock, '' where that is not certain."""

    at: datetime
    agent: AgentBrief | None
    client_time: str


class Promise(msgspec.Struct, kw_only=True):
    """The client of a list: what he was promised, and what his clock shows (``client_now``, '' = not certain)."""

    list_id: int
    entry_id: int
    title: str
    name: str
    client_now: str
    hours: dict[str, Any]
    callback: CallBack | None
    may: bool


class _Place(NamedTuple):
    row: DialList
    entry: DialEntry
    may: bool


async def of_call(services: Services, person: Current, call_id: str) -> Promise:
    """What the client of a list's call was promised. NotFound."""
    async with services.db.business(person.business_id) as session:
        place = await _of_call(services, session, person, call_id)
        return await _shown(services, session, place)


async def of_entry(services: Services, person: Current, list_id: int, entry_id: int) -> Promise:
    """The same for a client of a list. NotFound."""
    async with services.db.business(person.business_id) as session:
        place = await _of_entry(session, person, list_id, entry_id)
        return await _shown(services, session, place)


async def promise(
    services: Services, person: Current, form: CallBackForm, *, call_id: str = "", list_id: int = 0, entry_id: int = 0
) -> Promise:
    """Promises a call to the client of a call or of a list. NotFound, Forbidden, Conflict, BadInput."""
    async with services.db.business(person.business_id) as session:
        place = await _changeable(services, session, person, call_id, list_id, entry_id)
        row, entry = place.row, place.entry
        now = services.clock.now()
        at = await _when(session, row, entry, form, zone(person.timezone), now)
        if form.agent_id is not None and await agents.get(session, form.agent_id) is None:
            raise BadInput(NO_AGENT, fields={"agent_id": NO_AGENT})
        entry.callback_at, entry.callback_agent_id, entry.callback_told = at, form.agent_id, False
        entry.changed_at = now
        if entry.state != rules.DIALING:
            _wait(services, row, entry, rules.LATER, at)
        await accounts.audit(
            session, person, "dialer.promise", "dial_list", row.id, title=row.title, at=at.isoformat(timespec="minutes")
        )
        found = await _shown(services, session, place)
    control.changed(services)
    return found


async def call_off(
    services: Services, person: Current, *, call_id: str = "", list_id: int = 0, entry_id: int = 0
) -> Promise:
    """Calls a promised call off. NotFound, Forbidden, Conflict."""
    async with services.db.business(person.business_id) as session:
        place = await _changeable(services, session, person, call_id, list_id, entry_id)
        row, entry = place.row, place.entry
        if entry.callback_at is None:
            raise Conflict(NOBODY_THERE)
        entry.callback_at, entry.callback_agent_id, entry.callback_told = None, None, False
        entry.changed_at = services.clock.now()
        if entry.state == rules.LATER:
            _wait(services, row, entry, callbacks.without(entry.outcome), None)
        await accounts.audit(session, person, "dialer.call_off", "dial_list", row.id, title=row.title)
        found = await _shown(services, session, place)
    control.changed(services)
    return found


async def remind(services: Services) -> None:
    """Tells agents whose promised calls are due and whose list they do not perform, each once; of what anybody may do,
    while nobody performs the list, who made it.
    """
    now = services.clock.now()
    async with services.db.system() as session:
        due = await queries.untold(session, now)
    for entry in due:
        async with services.db.business(entry.business_id) as session:
            row = await queries.by_id(session, entry.list_id)
            kept = await queries.entry(session, entry.list_id, entry.id, lock=True)
            if row is None or kept is None or kept.callback_told:
                continue
            by = kept.callback_agent_id
            if row.status == rules.RUNNING and by is None:
                # Its turn comes by itself.
                continue
            kept.callback_told = True
            agent = await agents.get(session, by) if by is not None else None
            brief = (await contacts.briefs(session, [kept.contact_id])).get(kept.contact_id)
            number = outcomes.later(await contacts.numbers_of(session, kept.contact_id), kept.phone)
        member = agent.membership_id if agent is not None else row.creator_id
        if member is None or (agent is not None and row.status == rules.RUNNING and row.agent_id == agent.id):
            continue
        services.bus.publish(
            MemberNotice(
                at=services.clock.epoch(),
                business_id=entry.business_id,
                membership_id=member,
                kind="dialer",
                text=DUE,
                values={"name": (brief.name if brief else "") or number, "title": row.title},
                link=f"/dialer/{row.id}?state=later",
            )
        )


def _wait(services: Services, row: DialList, entry: DialEntry, state: str, at: datetime | None) -> None:
    """The client waits in this state; a list that was through goes on, and one that rests until later looks anew."""
    before = rules.bucket(entry.state, entry.outcome)
    entry.state, entry.next_at = state, at
    row.counts = rules.moved(row.counts, before, rules.bucket(entry.state, entry.outcome))
    if row.status == rules.FINISHED and state != rules.DONE:
        row.status, row.ended_at = rules.PAUSED, None
    if row.status == rules.RUNNING and not row.rest_call and row.next_at is not None:
        row.next_at = services.clock.now()


async def _of_call(services: Services, session: AsyncSession, person: Current, call_id: str) -> _Place:
    attempt = await queries.attempt_of_call(session, call_id)
    if attempt is None:
        raise NotFound(NO_LIST)
    taken = await calls.taken(services, session, person, call_id)
    place = await _of_entry(session, person, attempt.list_id, attempt.entry_id)
    return place._replace(may=place.may or taken.mine)


async def _of_entry(session: AsyncSession, person: Current, list_id: int, entry_id: int) -> _Place:
    row = await control.need(session, list_id, lock=True)
    entry = await queries.entry(session, row.id, entry_id, lock=True)
    if entry is None:
        raise NotFound(N_("This client is not in the list."))
    mine = entry.callback_agent_id is not None and entry.callback_agent_id == person.agent_id
    return _Place(row, entry, mine or rules.allowed("promise", control.who(person), control.of(row)))


async def _changeable(
    services: Services, session: AsyncSession, person: Current, call_id: str, list_id: int, entry_id: int
) -> _Place:
    if call_id:
        place = await _of_call(services, session, person, call_id)
    else:
        place = await _of_entry(session, person, list_id, entry_id)
    if not place.may:
        raise Forbidden(FORBIDDEN)
    if place.row.status == rules.ARCHIVE:
        raise Conflict(PUT_AWAY)
    if place.entry.state == rules.OUT:
        raise Conflict(TAKEN_OUT)
    return place


async def _when(
    session: AsyncSession, row: DialList, entry: DialEntry, form: CallBackForm, mine: ZoneInfo, now: datetime
) -> datetime:
    zones = await _zones(session, row, entry)
    client = [one.tzinfo for one in contacts.zones.clocks(zones, now) if isinstance(one.tzinfo, ZoneInfo)]
    at = callbacks.moment(callbacks.typed(form.at), form.clock, client, mine, now)
    if row.hours and hours.opens(row.hours, zones, at) is not None:
        shown = "; ".join(f"{first}–{last}" for first, last in dict.fromkeys(one[1:] for one in hours.shown(row.hours)))
        raise BadInput(OUTSIDE, fields={"at": OUTSIDE}, field_values={"at": {"hours": shown}}, hours=shown)
    return at


async def _zones(session: AsyncSession, row: DialList, entry: DialEntry) -> tuple[str, ...]:
    """Where the client may be, as it is seen before a call to his next number."""
    person = await session.get(contacts.Contact, entry.contact_id)
    city, address = (person.city, person.address) if person is not None else ("", "")
    number = outcomes.later(await contacts.numbers_of(session, entry.contact_id), entry.phone)
    found = contacts.zones.of_client([number] if number else [], city, address)
    if found:
        return found
    business = await accounts.business(session, row.business_id)
    return (business.timezone if business is not None else "UTC",)


async def shown(
    session: AsyncSession, row: DialList, entry: DialEntry, names: dict[int, AgentBrief]
) -> CallBack | None:
    """What a client was promised, as it is shown."""
    if entry.callback_at is None:
        return None
    there = contacts.zones.clocks(await _zones(session, row, entry), entry.callback_at)
    return CallBack(
        at=entry.callback_at,
        agent=names.get(entry.callback_agent_id or 0),
        client_time=f"{there[0]:%H:%M}" if len(there) == 1 else "",
    )


async def _shown(services: Services, session: AsyncSession, place: _Place) -> Promise:
    row, entry, may = place
    names = await agents.briefs(session, {entry.callback_agent_id} if entry.callback_agent_id is not None else set())
    brief = (await contacts.briefs(session, [entry.contact_id])).get(entry.contact_id)
    there = contacts.zones.clocks(await _zones(session, row, entry), services.clock.now())
    return Promise(
        list_id=row.id,
        entry_id=entry.id,
        title=row.title,
        name=brief.name if brief else "",
        client_now=f"{there[0]:%H:%M}" if len(there) == 1 else "",
        hours=row.hours,
        callback=await shown(session, row, entry, names),
        may=may,
    )
