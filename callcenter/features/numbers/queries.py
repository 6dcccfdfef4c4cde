"""Reads of numbers and trunks. A business session sees its own business, a system session all."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.numbers.models import Number, NumberOperator, PoolNumber, SpecialDay, Trunk


async def number(session: AsyncSession, number_id: int) -> Number | None:
    """The number, or None when this business has no such."""
    return await session.scalar(select(Number).where(Number.id == number_id))


async def numbers(
    session: AsyncSession, *, ids: Collection[int] | None = None, inactive: bool = False, kind: str | None = None
) -> list[Number]:
    """Numbers in the order in which they were added."""
    statement = select(Number).order_by(Number.created_at, Number.id)
    if ids is not None:
        statement = statement.where(Number.id.in_(ids))
    if not inactive:
        statement = statement.where(Number.active)
    if kind is not None:
        statement = statement.where(Number.kind == kind)
    return list(await session.scalars(statement))


async def trunks(session: AsyncSession, *, inactive: bool = False) -> list[Trunk]:
    """Trunks in the order in which they were added."""
    statement = select(Trunk).order_by(Trunk.id)
    if not inactive:
        statement = statement.where(Trunk.active)
    return list(await session.scalars(statement))


async def special_days(session: AsyncSession) -> list[SpecialDay]:
    """Days with hours of their own, by date."""
    return list(await session.scalars(select(SpecialDay).order_by(SpecialDay.business_id, SpecialDay.day)))


async def operators(session: AsyncSession, number_id: int | None = None) -> list[NumberOperator]:
    """The operators of a number (None = of all), in the order in which they were added."""
    statement = select(NumberOperator).order_by(NumberOperator.number_id, NumberOperator.id)
    if number_id is not None:
        statement = statement.where(NumberOperator.number_id == number_id)
    return list(await session.scalars(statement))


async def operator(session: AsyncSession, number_id: int, agent_id: int) -> NumberOperator | None:
    """One operator of a number."""
    wanted = NumberOperator.number_id == number_id, NumberOperator.agent_id == agent_id
    return await session.scalar(select(NumberOperator).where(*wanted))


async def by_e164(session: AsyncSession, e164: str) -> list[Number]:
    """Numbers with these digits, also those out of use (with a system session: of all businesses)."""
    return list(await session.scalars(select(Number).where(Number.e164 == e164).order_by(Number.id)))


async def taken(session: AsyncSession) -> list[PoolNumber]:
    """Numbers of the pool that are taken (with a system session: by all businesses)."""
    return list(await session.scalars(select(PoolNumber).order_by(PoolNumber.e164)))
