"""Which outside numbers are marked as spam. Sessions belong to one business."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.calls.models import SpamNumber


async def spam_numbers(session: AsyncSession, numbers: Collection[str]) -> set[str]:
    """Those of ``numbers`` that are marked."""
    asked = {one for one in numbers if one}
    if not asked:
        return set()
    return set(await session.scalars(select(SpamNumber.number).where(SpamNumber.number.in_(asked))))


async def page(session: AsyncSession, number: int, per_page: int) -> tuple[list[SpamNumber], int]:
    """A page (from 1) of the marked numbers, the newest first, and how many there are."""
    found = select(SpamNumber).order_by(SpamNumber.id.desc()).offset((number - 1) * per_page).limit(per_page)
    total = await session.scalar(select(func.count()).select_from(SpamNumber)) or 0
    return list(await session.scalars(found)), total


async def marked_as_spam(session: AsyncSession) -> list[tuple[int, str]]:
    """Marked numbers with their business (with a system session: of all businesses)."""
    found = await session.execute(select(SpamNumber.business_id, SpamNumber.number))
    return [(business_id, number) for business_id, number in found]
