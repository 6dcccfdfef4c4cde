"""Reads of call-backs."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.callbacks.models import Callback

OPEN = ("waiting", "dialling")


async def open_ones(session: AsyncSession) -> list[Callback]:
    """Those that are not over, by their places."""
    rows = await session.scalars(
        select(Callback).where(Callback.state.in_(OPEN)).order_by(Callback.entered_at, Callback.id)
    )
    return list(rows)


async def by_id(session: AsyncSession, callback_id: int) -> Callback | None:
    """One of them."""
    return (await session.scalars(select(Callback).where(Callback.id == callback_id))).one_or_none()


async def known(session: AsyncSession, asked: Collection[str]) -> set[str]:
    """Which of these calls have become call-backs already."""
    return set(await session.scalars(select(Callback.asked_call_id).where(Callback.asked_call_id.in_(asked))))
