"""Reads of reminders."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.reminders.models import Reminder

Which = Literal["open", "done", "given"]


class Wanted(NamedTuple):
    """A member's list: his open ones, his done ones, or the open ones that he gave to others."""

    member: int
    which: Which = "open"


def _condition(wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.which == "given":
        return [
            Reminder.author_id == wanted.member, Reminder.owner_id != wanted.member, Reminder.done_at.is_(None)
        ]  # fmt: skip
    done = Reminder.done_at.is_not(None) if wanted.which == "done" else Reminder.done_at.is_(None)
    return [Reminder.owner_id == wanted.member, done]


async def page(session: AsyncSession, wanted: Wanted, skip: int, count: int) -> list[Reminder]:
    """A page of a list: what comes first is first, of done ones what was done last."""
    order = (Reminder.done_at.desc(),) if wanted.which == "done" else (Reminder.at,)
    statement = select(Reminder).where(*_condition(wanted)).order_by(*order, Reminder.id)
    return list(await session.scalars(statement.offset(skip).limit(count)))


async def total(session: AsyncSession, wanted: Wanted) -> int:
    """How many a list has."""
    return await session.scalar(select(func.count(Reminder.id)).where(*_condition(wanted))) or 0


async def one(session: AsyncSession, reminder_id: int) -> Reminder | None:
    """One reminder, or None."""
    return await session.scalar(select(Reminder).where(Reminder.id == reminder_id))


async def due(session: AsyncSession, member: int, now: datetime, count: int) -> list[Reminder]:
    """A member's open reminders whose time has come, the newest first."""
    mine = Reminder.owner_id == member, Reminder.done_at.is_(None), Reminder.at <= now
    return list(await session.scalars(select(Reminder).where(*mine).order_by(Reminder.at.desc()).limit(count)))


async def due_count(session: AsyncSession, member: int, now: datetime) -> int:
    """How many these are."""
    mine = Reminder.owner_id == member, Reminder.done_at.is_(None), Reminder.at <= now
    return await session.scalar(select(func.count(Reminder.id)).where(*mine)) or 0


async def untold(session: AsyncSession, now: datetime, limit: int = 200) -> list[Reminder]:
    """Reminders whose time has come and of which nobody was told (system session)."""
    waiting = Reminder.told_at.is_(None), Reminder.done_at.is_(None), Reminder.at <= now
    return list(await session.scalars(select(Reminder).where(*waiting).order_by(Reminder.at).limit(limit)))


async def of_contact(session: AsyncSession, contact_id: int, skip: int, count: int) -> list[Reminder]:
    """The reminders of a client, open ones first, the next one first."""
    mine = select(Reminder).where(Reminder.contact_id == contact_id)
    ordered = mine.order_by(Reminder.done_at.is_not(None), Reminder.at, Reminder.id)
    return list(await session.scalars(ordered.offset(skip).limit(count)))


async def of_contact_total(session: AsyncSession, contact_id: int) -> int:
    """How many these are."""
    return await session.scalar(select(func.count(Reminder.id)).where(Reminder.contact_id == contact_id)) or 0


async def of_call(session: AsyncSession, call_id: str) -> list[Reminder]:
    """The reminders that were made in or after a call."""
    return list(await session.scalars(select(Reminder).where(Reminder.call_id == call_id).order_by(Reminder.at)))
