"""Reads of lists with a team: who is in it, what goes on, whom they abandoned. A business's session or a system one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.dialer.models import DialAttempt, DialEntry, DialList, DialMember
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.rules import outcomes, teams


async def active(session: AsyncSession) -> list[DialList]:
    """The lists with a team that run, and those that do not yet or no more and have somebody in their team."""
    there, waits = select(DialMember.list_id), DialList.status.in_((rules.CREATED, rules.PAUSED))
    goes_on = or_(DialList.status == rules.RUNNING, and_(waits, DialList.id.in_(there)))
    found = select(DialList).where(goes_on, DialList.mode.in_(teams.TEAM))
    return list(await session.scalars(found.order_by(DialList.id)))


async def members(session: AsyncSession, list_id: int | None = None) -> list[DialMember]:
    """Who is in a list's team (None = in any), in the order in which they came."""
    found = select(DialMember).order_by(DialMember.joined_at, DialMember.id)
    return list(await session.scalars(found if list_id is None else found.where(DialMember.list_id == list_id)))


async def member(session: AsyncSession, agent_id: int) -> DialMember | None:
    """Where an agent is in a team; None when he is in none."""
    return await session.scalar(select(DialMember).where(DialMember.agent_id == agent_id))


async def entry_of(session: AsyncSession, call_id: str) -> DialEntry | None:
    """The client whom a call of a list is for."""
    his = select(DialAttempt.entry_id).where(DialAttempt.call_id == call_id)
    return await session.scalar(select(DialEntry).where(DialEntry.id.in_(his)))


async def by_leg(session: AsyncSession, leg_id: str) -> DialMember | None:
    """Whose standing leg it is."""
    return await session.scalar(select(DialMember).where(DialMember.leg_id == leg_id))


async def ledger(session: AsyncSession, list_id: int, since: datetime) -> tuple[int, int]:
    """Persons whom a list has reached from ``since`` on, and those of them whom it abandoned."""
    mine = select(func.count()).where(DialAttempt.list_id == list_id, DialAttempt.person_at >= since)
    persons = await session.scalar(mine) or 0
    return persons, await session.scalar(mine.where(DialAttempt.outcome == outcomes.ABANDONED)) or 0


async def abandoned_at(
    session: AsyncSession, contact_id: int, numbers: Collection[str], since: datetime
) -> datetime | None:
    """When a list last abandoned this client, or anybody at one of his numbers; None = not from ``since`` on."""
    his = select(DialEntry.id).where(DialEntry.contact_id == contact_id)
    found = select(func.max(DialAttempt.closed_at)).where(
        DialAttempt.outcome == outcomes.ABANDONED,
        DialAttempt.closed_at >= since,
        or_(DialAttempt.number.in_(numbers), DialAttempt.entry_id.in_(his)),
    )
    return await session.scalar(found)


async def samples(session: AsyncSession, list_id: int, limit: int) -> list[DialAttempt]:
    """The list's latest calls whose greeting was kept, the newest first."""
    found = select(DialAttempt).where(
        DialAttempt.list_id == list_id, DialAttempt.sampled, DialAttempt.closed_at.is_not(None)
    )
    return list(await session.scalars(found.order_by(DialAttempt.id.desc()).limit(limit)))


async def judged(session: AsyncSession, list_id: int) -> dict[tuple[str, str], int]:
    """Of calls whose greeting was kept and listened to: how many came to which outcome, and what was heard."""
    rows = await session.execute(
        select(DialAttempt.outcome, DialAttempt.heard, func.count())
        .where(DialAttempt.list_id == list_id, DialAttempt.sampled, DialAttempt.heard != "")
        .group_by(DialAttempt.outcome, DialAttempt.heard)
    )
    return {(outcome, heard): number for outcome, heard, number in rows}


async def playing(session: AsyncSession, prompt: str) -> list[DialList]:
    """The lists, but for those of the archive, that play a prompt to machines or to whom they abandon."""
    rows = await session.scalars(select(DialList).where(DialList.status != rules.ARCHIVE).order_by(DialList.id))
    return [row for row in rows if prompt in (row.dialing.get("dropped"), row.dialing.get("message"))]
