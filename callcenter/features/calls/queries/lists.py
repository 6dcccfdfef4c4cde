"""Lists and counts of calls: pages of the call list, the party's history, the 24-hour picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Integer, Select, bindparam, case, extract, func, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from callcenter.core.directory import AgentRef
from callcenter.features.agents import api as agents
from callcenter.features.calls.models import CallAgent, CallRecord
from callcenter.features.calls.queries.views import iso
from callcenter.features.calls.rules import filters as rules
from callcenter.features.calls.rules.cards import Past
from callcenter.features.calls.rules.filters import Filters
from callcenter.features.contacts import api as contacts
from callcenter.features.recordings import api as recordings

# More matches than this are not listed one by one but looked for in the query itself.
NAMED = 5000


class Scope(NamedTuple):
    """Whose calls a person may see: all of the business, or those of ``agent_id`` (None = nobody's)."""

    everything: bool
    agent_id: int | None = None


class Page(NamedTuple):
    """A page of calls, newest first, and how many there are on all pages."""

    records: list[CallRecord]
    total: int


async def page(session: AsyncSession, wanted: Filters, scope: Scope, number: int, per_page: int) -> Page:
    """The page ``number`` (from 1) of the calls that match ``wanted`` and that ``scope`` may see."""
    if not scope.everything and scope.agent_id is None:
        return Page([], 0)
    where, few = await _conditions(session, wanted)
    if where is None:
        return Page([], 0)
    mine = _only_agent(wanted, scope)
    if mine is not None:
        rows, count = _of_agent(mine, where, wanted)
    else:
        where += _of_agents(wanted, scope)
        at: ColumnElement[datetime] = CallRecord.started_at.expression
        if few:
            # Not the bare column: else SQLite goes through all calls in the order of their time to find a few.
            at = func.coalesce(CallRecord.started_at, CallRecord.started_at)
        rows = select(CallRecord).where(*where).order_by(at.desc(), CallRecord.id.desc())
        count = select(func.count()).select_from(CallRecord).where(*where)
    total = await session.scalar(count) or 0
    records = list(await session.scalars(rows.offset((number - 1) * per_page).limit(per_page)))
    return Page(records, total)


async def may_see(session: AsyncSession, call_id: str, scope: Scope) -> bool:
    """Whether the call is there and ``scope`` may see it."""
    if scope.everything:
        return await session.scalar(select(CallRecord.id).where(CallRecord.id == call_id)) is not None
    if scope.agent_id is None:
        return False
    own = select(CallAgent.id).where(CallAgent.call_id == call_id, CallAgent.agent_id == scope.agent_id, CallAgent.own)
    return await session.scalar(own) is not None


async def involved(session: AsyncSession, ids: Collection[str]) -> dict[str, list[CallAgent]]:
    """Who had to do with each call, in the order in which they came to it."""
    found: dict[str, list[CallAgent]] = {}
    if ids:
        # Sorted here: asked for in this order, SQLite would go through the whole table.
        rows = await session.scalars(select(CallAgent).where(CallAgent.call_id.in_(ids)))
        for row in sorted(rows, key=lambda row: row.id):
            found.setdefault(row.call_id, []).append(row)
    return found


_BRIEF = (
    select(CallRecord.id, CallRecord.started_at, CallRecord.direction, CallRecord.result, CallRecord.talk_seconds)
    .where(CallRecord.id != bindparam("besides"))
    .order_by(CallRecord.started_at.desc())
    .limit(bindparam("most"))
)
# Every call begins with one of them: they are put together once.
_BRIEF_OF_CONTACT = _BRIEF.where(CallRecord.contact_id == bindparam("party"))
_BRIEF_OF_NUMBER = _BRIEF.where(CallRecord.client_number == bindparam("party"))


async def history_of(
    session: AsyncSession,
    contact_id: int | None,
    number: str,
    *,
    besides: str,
    limit: int,
    staff: Mapping[int, AgentRef],
) -> tuple[int, list[Past]]:
    """How many calls there were with a party, and its last ones, newest first; the call ``besides`` is left out.

    It is read at the beginning of every call: columns instead of rows, agents' names out of ``staff``.
    """
    last = await session.execute(
        _BRIEF_OF_NUMBER if contact_id is None else _BRIEF_OF_CONTACT,
        {"party": number if contact_id is None else contact_id, "besides": besides, "most": limit},
    )
    records = last.all()
    if not records:
        return 0, []
    total = len(records)
    if total == limit:
        party = CallRecord.contact_id == contact_id if contact_id is not None else CallRecord.client_number == number
        where = (party, CallRecord.id != besides)
        total = await session.scalar(select(func.count()).select_from(CallRecord).where(*where)) or 0
    own = select(CallAgent.id, CallAgent.call_id, CallAgent.agent_id)
    # Sorted here: asked for in this order, SQLite would go through the whole table.
    rows = sorted(await session.execute(own.where(CallAgent.call_id.in_([one.id for one in records]), CallAgent.own)))
    strange = {agent_id for _, _, agent_id in rows if agent_id not in staff}
    others = await agents.by_ids(session, strange)
    people: dict[str, list[str]] = {}
    for _, call_id, agent_id in rows:
        if one := staff.get(agent_id) or others.get(agent_id):
            people.setdefault(call_id, []).append(one.name)
    past = [
        Past(
            id=one.id,
            at=iso(one.started_at) or "",
            direction=one.direction,
            result=one.result,
            talk_seconds=one.talk_seconds,
            agents=tuple(people.get(one.id, ())),
        )
        for one in records
    ]
    return total, past


async def of_contact(session: AsyncSession, contact_id: int, until: datetime | None, limit: int) -> list[CallRecord]:
    """The last calls of a contact that began at ``until`` or before (None = now), newest first."""
    found = select(CallRecord).where(CallRecord.contact_id == contact_id)
    if until is not None:
        found = found.where(CallRecord.started_at <= until)
    # Not the bare column: else SQLite goes through all calls in the order of their time to find a few.
    at = func.coalesce(CallRecord.started_at, CallRecord.started_at)
    return list(await session.scalars(found.order_by(at.desc(), CallRecord.id.desc()).limit(limit)))


async def day_counts(session: AsyncSession, first: datetime, scope: Scope) -> list[tuple[int, str, int]]:
    """(hour from ``first``, 'answered', 'missed' or 'out', calls) of the 24 hours from ``first``."""
    if not scope.everything and scope.agent_id is None:
        return []
    hour = _hour(session, CallRecord.started_at, first)
    kind = case(
        (CallRecord.direction == "out", "out"),
        (CallRecord.result == "answered", "answered"),
        else_="missed",
    )
    statement = (
        select(hour, kind, func.count())
        .select_from(CallRecord)
        .where(
            CallRecord.started_at >= first,
            CallRecord.direction.in_(("in", "out")),
            # A call that goes on is neither answered nor missed yet.
            CallRecord.result.is_not(None),
            CallRecord.result != "blocked",
        )
        .group_by(hour, kind)
    )
    if not scope.everything:
        own = select(CallAgent.call_id).where(
            CallAgent.agent_id == scope.agent_id, CallAgent.own, CallAgent.started_at >= first
        )
        statement = statement.where(CallRecord.id.in_(own))
    return [(int(index), str(what), int(count)) for index, what, count in await session.execute(statement)]


async def _conditions(session: AsyncSession, wanted: Filters) -> tuple[list[ColumnElement[bool]] | None, bool]:
    """The filters as conditions, and whether a search has narrowed them to a few parties.

    None when it has found nobody, so that a million rows need not be looked at.
    """
    where: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        where.append(CallRecord.started_at >= wanted.since)
    if wanted.until is not None:
        where.append(CallRecord.started_at < wanted.until)
    if wanted.kind == "in":
        answered = or_(CallRecord.result == "answered", CallRecord.result.is_(None))
        where += [CallRecord.direction == "in", answered, ~CallRecord.spam]
    elif wanted.kind == "missed":
        where += [CallRecord.direction == "in", CallRecord.result.not_in(("answered", "blocked")), ~CallRecord.spam]
    elif wanted.kind == "spam":
        where.append(or_(CallRecord.spam.is_(True), CallRecord.result == "blocked"))
    elif wanted.kind is not None:
        where.append(CallRecord.direction == wanted.kind)
    if wanted.results:
        where.append(CallRecord.result.in_(wanted.results))
    if wanted.numbers:
        where.append(CallRecord.number_id.in_(wanted.numbers))
    if wanted.queues:
        where.append(CallRecord.queue_id.in_(wanted.queues))
    if wanted.ids:
        where.append(CallRecord.id.in_(wanted.ids))
    if wanted.contact is not None:
        where.append(CallRecord.contact_id == wanted.contact)
    if wanted.message:
        where.append(CallRecord.id.in_(recordings.messages()))
    if wanted.requests:
        where += _last_of_number()
    if wanted.search:
        matches, few = await _matches(session, wanted.search)
        return (None if matches is None else [*where, matches]), few
    return where, False


def _last_of_number() -> list[ColumnElement[bool]]:
    """The last call with each outside number, whoever took it: what was dealt with since is no open request."""
    later = aliased(CallRecord)
    dealt = (
        select(later.id)
        .where(
            later.business_id == CallRecord.business_id,
            later.client_number == CallRecord.client_number,
            or_(
                later.started_at > CallRecord.started_at,
                (later.started_at == CallRecord.started_at) & (later.id > CallRecord.id),
            ),
        )
        .exists()
    )
    return [CallRecord.direction != "internal", CallRecord.client_number.like("+%"), ~CallRecord.spam, ~dealt]


async def _matches(session: AsyncSession, search: str) -> tuple[ColumnElement[bool] | None, bool]:
    """Every outside number has a card (TEL-20), so a search goes over the cards, which are far fewer than calls."""
    digits = rules.digits(search)
    ids = contacts.ids_matching(session, search, digits)
    found = list(await session.scalars(ids.limit(NAMED + 1)))
    few = len(found) <= NAMED
    by_card: ColumnElement[bool] = CallRecord.contact_id.in_(found if few else ids)
    typed = "".join(c for c in search if c.isdigit())
    if typed and typed == search.strip():
        # A short number of an employee, or a withheld or strange one.
        return or_(by_card, CallRecord.client_number == typed), few
    return (by_card if found else None), few


def _only_agent(wanted: Filters, scope: Scope) -> int | None:
    """The one agent that the list is about, if it is about one."""
    if not scope.everything:
        return scope.agent_id
    return wanted.agents[0] if len(wanted.agents) == 1 else None


def _of_agent(
    agent_id: int, where: list[ColumnElement[bool]], wanted: Filters
) -> tuple[Select[CallRecord], Select[int]]:
    """The list of one agent goes along his own index instead of looking through everybody's calls."""
    mine = [CallAgent.agent_id == agent_id, CallAgent.own]
    if wanted.since is not None:
        mine.append(CallAgent.started_at >= wanted.since)
    if wanted.until is not None:
        mine.append(CallAgent.started_at < wanted.until)
    if wanted.agents and agent_id not in wanted.agents:
        where = [*where, _own_of(wanted.agents)]
    rows = (
        select(CallRecord)
        .join(CallAgent, CallAgent.call_id == CallRecord.id)
        .where(*mine, *where)
        .order_by(CallAgent.started_at.desc(), CallAgent.id.desc())
    )
    dates = sum(one is not None for one in (wanted.since, wanted.until))
    count = select(func.count()).select_from(CallAgent).where(*mine)
    if len(where) > dates:
        count = count.join(CallRecord, CallAgent.call_id == CallRecord.id).where(*where)
    return rows, count


def _of_agents(wanted: Filters, scope: Scope) -> list[ColumnElement[bool]]:
    return [_own_of(wanted.agents)] if wanted.agents and scope.everything else []


def _own_of(agent_ids: Collection[int]) -> ColumnElement[bool]:
    own = select(CallAgent.call_id).where(CallAgent.agent_id.in_(agent_ids), CallAgent.own)
    return CallRecord.id.in_(own)


def _hour(session: AsyncSession, column: Any, first: datetime) -> ColumnElement[int]:
    """Hours since ``first``, as a whole number that both databases can group by."""
    start = int(first.timestamp())
    if session.get_bind().dialect.name == "sqlite":
        seconds: Any = sql_cast(func.strftime("%s", column), Integer) - start
    else:
        seconds = sql_cast(func.floor(extract("epoch", column)), Integer) - start
    return cast(ColumnElement[int], seconds // 3600)
