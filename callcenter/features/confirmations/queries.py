"""Reads of confirmations, codes and own numbers. A business session sees its own business, a system session all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.confirmations.models import NumberCode, NumberConfirmation, OwnNumber


async def confirmations(session: AsyncSession, e164: str | None = None) -> list[NumberConfirmation]:
    """Confirmations, those that ended too, by when they end."""
    wanted = select(NumberConfirmation).order_by(NumberConfirmation.expires_at, NumberConfirmation.id)
    if e164 is not None:
        wanted = wanted.where(NumberConfirmation.e164 == e164)
    return list(await session.scalars(wanted))


async def own_numbers(session: AsyncSession) -> list[OwnNumber]:
    """The numbers that employees entered as their own."""
    return list(await session.scalars(select(OwnNumber).order_by(OwnNumber.id)))


async def own_number(session: AsyncSession, agent_id: int) -> OwnNumber | None:
    """An employee's own number."""
    return await session.scalar(select(OwnNumber).where(OwnNumber.agent_id == agent_id))


async def code(session: AsyncSession, e164: str, agent_id: int | None) -> NumberCode | None:
    """The newest code that was told to a number for somebody (None = for the company)."""
    owner = NumberCode.agent_id.is_(None) if agent_id is None else NumberCode.agent_id == agent_id
    wanted = select(NumberCode).where(NumberCode.e164 == e164, owner)
    return await session.scalar(wanted.order_by(NumberCode.id.desc()).limit(1))


async def asked_since(session: AsyncSession, moment: datetime, e164: str, membership_id: int) -> list[datetime]:
    """When codes were asked for by a person, or for a number, since ``moment``."""
    mine = or_(NumberCode.asked_by == membership_id, NumberCode.e164 == e164)
    found = await session.scalars(
        select(NumberCode.asked_at).where(NumberCode.asked_at > moment, mine).order_by(NumberCode.asked_at)
    )
    return list(found)


async def asked_of_number(session: AsyncSession, moment: datetime, e164: str) -> list[datetime]:
    """When codes were told to a number since ``moment`` (system session: by all businesses)."""
    wanted = select(NumberCode.asked_at).where(NumberCode.asked_at > moment, NumberCode.e164 == e164)
    return list(await session.scalars(wanted.order_by(NumberCode.asked_at)))


async def forget(session: AsyncSession, before: datetime) -> None:
    """Removes codes that are older than the limit of asks looks back (system session)."""
    await session.execute(delete(NumberCode).where(NumberCode.asked_at <= before))
