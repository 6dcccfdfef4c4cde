"""Reads of numbers and trunks. A business session sees its own business, a system session all."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.numbers.models import Number, Trunk


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
