"""Reads of prices; sessions belong to one business."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.prices.models import CallPrice
from callcenter.features.prices.rules import Price


async def rows(session: AsyncSession) -> list[CallPrice]:
    """The business's prices by the beginning of the number."""
    return list(await session.scalars(select(CallPrice).order_by(CallPrice.prefix, CallPrice.trunk_id, CallPrice.id)))


async def row(session: AsyncSession, price_id: int) -> CallPrice | None:
    """One price, or None when there is none in this business."""
    return (await session.scalars(select(CallPrice).where(CallPrice.id == price_id))).one_or_none()


async def prices(session: AsyncSession) -> list[Price]:
    """The business's prices as the rules take them."""
    return [Price(one.prefix, one.trunk_id, one.per_minute, one.connection, one.step) for one in await rows(session)]
