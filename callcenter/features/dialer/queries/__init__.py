"""Reads of dial lists, clients in them, attempts. A business session sees its own business, a system session all."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.dialer.models import DialAttempt, DialEntry, DialList
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.rules.teams import TEAM

PER_PAGE = 30


class Wanted(NamedTuple):
    """What of the lists is asked for. ``status`` '' = all but the archive; ``clients`` selects ids of clients."""

    status: str = ""
    creator_id: int | None = None
    text: str = ""
    clients: Select[int] | None = None


async def by_id(session: AsyncSession, list_id: int, *, lock: bool = False) -> DialList | None:
    """A list; with ``lock`` nobody else changes it until this transaction ends."""
    query = select(DialList).where(DialList.id == list_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def page(session: AsyncSession, wanted: Wanted, number: int) -> tuple[list[DialList], int]:
    """A page (from 1) of the lists, the newest first, and how many there are."""
    where = [DialList.status == wanted.status if wanted.status else DialList.status != rules.ARCHIVE]
    if wanted.creator_id is not None:
        where.append(DialList.creator_id == wanted.creator_id)
    if wanted.text:
        # SQLite's own lower() knows no Cyrillic, so the spellings of people are tried.
        tries = {wanted.text, wanted.text.lower(), wanted.text.capitalize(), wanted.text.title(), wanted.text.upper()}
        where.append(or_(*(DialList.title.contains(one, autoescape=True) for one in sorted(tries))))
    if wanted.clients is not None:
        there = select(DialEntry.list_id).where(DialEntry.contact_id.in_(wanted.clients))
        where.append(DialList.id.in_(there))
    total = await session.scalar(select(func.count()).select_from(DialList).where(*where)) or 0
    found = select(DialList).where(*where).order_by(DialList.created_at.desc(), DialList.id.desc())
    return list(await session.scalars(found.offset((number - 1) * PER_PAGE).limit(PER_PAGE))), total


async def running(session: AsyncSession) -> list[DialList]:
    """The lists that run and have no team."""
    found = select(DialList).where(DialList.status == rules.RUNNING, DialList.mode.not_in(TEAM))
    return list(await session.scalars(found.order_by(DialList.id)))


async def held_by(session: AsyncSession, agent_id: int) -> list[DialList]:
    """The lists that an agent is responsible for, those that run first."""
    statuses = (rules.RUNNING, rules.PAUSED)
    found = await session.scalars(
        select(DialList).where(DialList.agent_id == agent_id, DialList.status.in_(statuses)).order_by(DialList.id)
    )
    return sorted(found, key=lambda one: one.status != rules.RUNNING)


async def open_attempts(session: AsyncSession) -> list[DialAttempt]:
    """Attempts whose end nobody has seen."""
    return list(await session.scalars(select(DialAttempt).where(DialAttempt.closed_at.is_(None))))


async def open_attempt(session: AsyncSession, list_id: int) -> DialAttempt | None:
    """A list's attempt whose end nobody has seen."""
    return await session.scalar(
        select(DialAttempt).where(DialAttempt.closed_at.is_(None), DialAttempt.list_id == list_id).limit(1)
    )


async def next_entry(session: AsyncSession, list_id: int, now: datetime, agent_id: int | None) -> DialEntry | None:
    """The client who is called next: whom a call was promised for now, then whose time has come, then the first who was
    not called yet. ``agent_id`` is who would talk with him: what others promised themselves is left to them (None =
    nobody in particular).

    A few looks into an index each, whatever the number of clients.
    """
    mine = select(DialEntry).where(DialEntry.list_id == list_id)
    came = mine.where(DialEntry.state == rules.LATER, DialEntry.next_at <= now)
    promised = came.where(DialEntry.callback_at.is_not(None), _for(agent_id)).order_by(DialEntry.callback_at).limit(1)
    again = came.where(DialEntry.callback_at.is_(None)).order_by(DialEntry.next_at).limit(1)
    first = mine.where(DialEntry.state == rules.DUE).order_by(DialEntry.position).limit(1)
    return await session.scalar(promised) or await session.scalar(again) or await session.scalar(first)


def _for(agent_id: int | None) -> ColumnElement[bool]:
    """Clients whom an agent may call: anybody's, and his own."""
    anybody = DialEntry.callback_agent_id.is_(None)
    return anybody if agent_id is None else or_(anybody, DialEntry.callback_agent_id == agent_id)


async def untold(session: AsyncSession, now: datetime) -> list[DialEntry]:
    """Clients who were promised a call for now or before of which nobody was told yet; those of the archive aside."""
    found = (
        select(DialEntry)
        .join(DialList, DialList.id == DialEntry.list_id)
        .where(
            DialEntry.callback_at <= now,
            or_(DialEntry.callback_agent_id.is_not(None), DialList.status != rules.RUNNING),
            ~DialEntry.callback_told,
            DialEntry.state == rules.LATER,
            DialList.status != rules.ARCHIVE,
        )
    )
    return list(await session.scalars(found.limit(200)))


async def attempt_of_call(session: AsyncSession, call_id: str) -> DialAttempt | None:
    """The attempt that made a call."""
    return await session.scalar(select(DialAttempt).where(DialAttempt.call_id == call_id))


async def outcome_before(session: AsyncSession, attempt: DialAttempt) -> str:
    """What the list's attempt before this one came to, when it was for the same client; '' else."""
    before = select(DialAttempt.entry_id, DialAttempt.outcome).where(
        DialAttempt.list_id == attempt.list_id,
        DialAttempt.placed_at <= attempt.placed_at,
        DialAttempt.id < attempt.id,
    )
    latest = before.order_by(DialAttempt.placed_at.desc(), DialAttempt.id.desc()).limit(1)
    found = (await session.execute(latest)).one_or_none()
    return found.outcome if found is not None and found.entry_id == attempt.entry_id else ""


async def earliest(session: AsyncSession, list_id: int, agent_id: int | None) -> datetime | None:
    """When the first of those is due who are called later, by this agent or by anybody; None when there is none."""
    found = select(DialEntry.next_at).where(
        DialEntry.list_id == list_id, DialEntry.state == rules.LATER, _for(agent_id)
    )
    return await session.scalar(found.order_by(DialEntry.next_at).limit(1))


async def any_later(session: AsyncSession, list_id: int) -> bool:
    """Whether anybody at all is called later."""
    found = select(DialEntry.id).where(DialEntry.list_id == list_id, DialEntry.state == rules.LATER)
    return await session.scalar(found.limit(1)) is not None


async def entry(session: AsyncSession, list_id: int, entry_id: int, *, lock: bool = False) -> DialEntry | None:
    """A client of a list."""
    query = select(DialEntry).where(DialEntry.id == entry_id, DialEntry.list_id == list_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def entries(session: AsyncSession, list_id: int, state: str, number: int) -> list[DialEntry]:
    """A page (from 1) of a list's clients in a state, in their order; one more than fit says that it goes on."""
    found = select(DialEntry).where(DialEntry.list_id == list_id, DialEntry.state == state)
    order = DialEntry.next_at if state == rules.LATER else DialEntry.position
    found = found.order_by(order, DialEntry.id).offset((number - 1) * PER_PAGE).limit(PER_PAGE + 1)
    return list(await session.scalars(found))


async def attempts_of(session: AsyncSession, entry_ids: Collection[int]) -> dict[int, list[DialAttempt]]:
    """The attempts of clients, oldest first."""
    found: dict[int, list[DialAttempt]] = {}
    rows = select(DialAttempt).where(DialAttempt.entry_id.in_(entry_ids)).order_by(DialAttempt.id)
    for row in await session.scalars(rows):
        found.setdefault(row.entry_id, []).append(row)
    return found


async def lately(session: AsyncSession, list_id: int) -> list[tuple[datetime, datetime]]:
    """When the list's last calls began and ended."""
    rows = await session.execute(
        select(DialAttempt.placed_at, DialAttempt.closed_at)
        .where(DialAttempt.list_id == list_id, DialAttempt.closed_at.is_not(None))
        .order_by(DialAttempt.placed_at.desc())
        .limit(rules.MEASURED)
    )
    return [(begin, end) for begin, end in rows if end is not None]


async def came_to(session: AsyncSession, since: datetime) -> dict[str, tuple[int, float]]:
    """By outcome: how many attempts of the business's lists came to it from ``since`` on, and their mean talk (s)."""
    rows = await session.execute(
        select(DialAttempt.outcome, func.count(), func.avg(DialAttempt.talk_seconds))
        .where(
            DialAttempt.list_id.in_(select(DialList.id)),
            DialAttempt.placed_at >= since,
            DialAttempt.closed_at.is_not(None),
        )
        .group_by(DialAttempt.outcome)
    )
    return {outcome: (number, float(talk or 0.0)) for outcome, number, talk in rows}


async def creators(session: AsyncSession) -> set[int]:
    """Memberships of those who made lists."""
    found = await session.scalars(select(DialList.creator_id).where(DialList.creator_id.is_not(None)).distinct())
    return {one for one in found if one is not None}


async def counts(session: AsyncSession, list_id: int) -> dict[str, int]:
    """A list's counts, from its clients themselves (rules.lists.bucket)."""
    rows = await session.execute(
        select(DialEntry.state, DialEntry.outcome, func.count())
        .where(DialEntry.list_id == list_id)
        .group_by(DialEntry.state, DialEntry.outcome)
    )
    found: dict[str, int] = {}
    for state, outcome, number in rows:
        key = rules.bucket(state, outcome)
        found[key] = found.get(key, 0) + number
    return found
