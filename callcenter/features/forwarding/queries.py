"""Reads of employees' own telephones."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.forwarding.models import ForwardNumber


async def everybody(session: AsyncSession) -> list[ForwardNumber]:
    """All telephones (with a system session: of all businesses), the newest last."""
    return list(await session.scalars(select(ForwardNumber).order_by(ForwardNumber.created_at, ForwardNumber.id)))


async def of_agent(session: AsyncSession, agent_id: int) -> ForwardNumber | None:
    """An employee's telephone."""
    return await session.scalar(select(ForwardNumber).where(ForwardNumber.agent_id == agent_id))
