"""Reads of campaigns."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.campaigns.models import Campaign, CampaignNumber


async def campaigns(session: AsyncSession) -> list[Campaign]:
    """The business's campaigns, the newest first."""
    return list(await session.scalars(select(Campaign).order_by(Campaign.starts_on.desc(), Campaign.id.desc())))


async def campaign(session: AsyncSession, campaign_id: int) -> Campaign | None:
    """The campaign, or None when this business has no such."""
    return await session.scalar(select(Campaign).where(Campaign.id == campaign_id))


async def numbers(session: AsyncSession, ids: Collection[int]) -> dict[int, list[int]]:
    """Number ids by campaign."""
    found: dict[int, list[int]] = {}
    if ids:
        rows = select(CampaignNumber).where(CampaignNumber.campaign_id.in_(ids)).order_by(CampaignNumber.id)
        for row in await session.scalars(rows):
            found.setdefault(row.campaign_id, []).append(row.number_id)
    return found
