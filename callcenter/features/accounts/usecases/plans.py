"""The plan of a business: which paid parts of the product it has (OUT-35)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Forbidden
from callcenter.core.i18n import N_
from callcenter.core.plans import HOLDS, Paid, plan_in
from callcenter.features.accounts.models import Business

MISSING: dict[Paid, str] = {
    "scripts": N_(
        "Scripts are part of the plans Skorozvon and Premium. Ask the operator of this service to change your plan."
    ),
}


async def holds(session: AsyncSession, part: Paid) -> bool:
    """Whether the session's business has a paid part of the product (business session)."""
    settings = await session.scalar(select(Business.settings))
    return plan_in(settings or {}) in HOLDS[part]


async def need(session: AsyncSession, part: Paid) -> None:
    """Raises Forbidden (code ``plan``) when the session's business does not have that part."""
    if not await holds(session, part):
        raise Forbidden(MISSING[part], code="plan")
