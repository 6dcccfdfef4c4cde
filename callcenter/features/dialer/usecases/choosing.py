"""Whom a list calls next: the first who is due and may be called now; and the attempt, written before it is made."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialAttempt, DialEntry, DialList
from callcenter.features.dialer.queries import refusing
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.rules import hours, outcomes, teams
from callcenter.features.dialer.rules import lists as rules
from callcenter.plugin import Services

# So many clients are passed over in one look before other lists have their turn.
AT_ONCE = 30


class Chosen(NamedTuple):
    """A client who is called now, and how many numbers he has."""

    entry_id: int
    number: str
    numbers: int


class _Reach(NamedTuple):
    """Whether a client can be called: by ``number``, or not before ``after``, or not at all (``why``)."""

    number: str = ""
    why: str = ""
    after: datetime | None = None


async def choose(services: Services, row: DialList) -> Chosen | float | None:
    """The next client; None when nobody is due, seconds when there are more to look at than fit into one look."""
    for _ in range(AT_ONCE):
        now = services.clock.now()
        async with services.db.business(row.business_id) as session:
            entry = await queries.next_entry(session, row.id, now, row.agent_id)
            if entry is None:
                return None
            numbers = [one for one in await contacts.numbers_of(session, entry.contact_id) if contacts.outside(one)]
            reach = await _reach(session, row, entry, numbers, now)
        if reach.number and reach.after is None:
            return Chosen(entry.id, reach.number, len(numbers))
        await _pass_over(services, row, entry.id, reach)
    return 0.0


async def _reach(session: AsyncSession, row: DialList, entry: DialEntry, numbers: list[str], now: datetime) -> _Reach:
    person = await session.get(contacts.Contact, entry.contact_id)
    if person is not None and person.blocked:
        return _Reach(why=outcomes.BLOCKED)
    if not numbers:
        return _Reach(why=outcomes.NO_NUMBER)
    refused = await refusing.among(session, numbers)
    spam = await calls.spam_numbers(session, numbers)
    # From the one whose turn it is, each once.
    turn = [numbers[(entry.phone + n) % len(numbers)] for n in range(len(numbers))]
    free = [one for one in turn if one not in refused and one not in spam]
    if not free:
        return _Reach(why=outcomes.DO_NOT_CALL if refused else outcomes.SPAM)
    if row.mode == teams.PREDICTIVE:
        at = await team_queries.abandoned_at(session, entry.contact_id, numbers, now - teams.QUIET)
        if at is not None:
            return _Reach(free[0], after=at + teams.QUIET)
    if not row.hours:
        return _Reach(free[0])
    business = await accounts.business(session, row.business_id)
    home = business.timezone if business is not None else "UTC"
    city, address = (person.city, person.address) if person is not None else ("", "")
    opens = [hours.opens(row.hours, contacts.zones.of_client([one], city, address) or (home,), now) for one in free]
    for one, at in zip(free, opens, strict=True):
        if at is None:
            return _Reach(one)
    after = min(at for at in opens if at is not None)
    return _Reach(why=outcomes.NO_HOUR) if after == hours.NEVER else _Reach(free[0], after=after)


async def _pass_over(services: Services, row: DialList, entry_id: int, reach: _Reach) -> None:
    async with services.db.business(row.business_id) as session:
        fresh = await queries.by_id(session, row.id, lock=True)
        entry = await queries.entry(session, row.id, entry_id, lock=True)
        if fresh is None or entry is None or entry.state not in (rules.DUE, rules.LATER):
            return
        before = rules.bucket(entry.state, entry.outcome)
        if reach.after is not None:
            entry.state, entry.next_at = rules.LATER, reach.after
        else:
            entry.state, entry.outcome, entry.next_at = rules.OUT, reach.why, None
            entry.changed_at = services.clock.now()
        fresh.counts = rules.moved(fresh.counts, before, rules.bucket(entry.state, entry.outcome))


async def write(
    services: Services, row: DialList, chosen: Chosen, call_id: str, *, sampled: bool = False
) -> DialAttempt | None:
    """Commits the attempt to call a client; None when the list or the client is not free for it any more.

    A list with a team may have several under way.
    """
    now = services.clock.now()
    async with services.db.business(row.business_id) as session:
        fresh = await queries.by_id(session, row.id, lock=True)
        entry = await queries.entry(session, row.id, chosen.entry_id, lock=True)
        free = fresh is not None and fresh.status == rules.RUNNING and fresh.agent_id == row.agent_id
        if fresh is None or not free or entry is None or entry.state not in (rules.DUE, rules.LATER):
            return None
        if row.mode not in teams.TEAM and await queries.open_attempt(session, row.id) is not None:
            return None
        attempt = DialAttempt(
            list_id=row.id,
            entry_id=entry.id,
            call_id=call_id,
            agent_id=row.agent_id,
            number=chosen.number,
            placed_at=now,
            sampled=sampled,
        )
        session.add(attempt)
        entry.state, entry.next_at = rules.DIALING, None
        fresh.next_at, fresh.rest_call, fresh.rest_from = None, "", None
        fresh.dialled += 1
        await session.flush()
        row.pause, row.dialled = fresh.pause, fresh.dialled
    return attempt
