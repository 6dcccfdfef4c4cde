"""Reads of web forms."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.webforms.models import WebForm


async def forms(session: AsyncSession) -> list[WebForm]:
    """The business's forms, the newest first."""
    return list(await session.scalars(select(WebForm).order_by(WebForm.id.desc())))


async def one(session: AsyncSession, form_id: int) -> WebForm | None:
    """A form, None when this business has no such."""
    return await session.scalar(select(WebForm).where(WebForm.id == form_id))


async def of_token(session: AsyncSession, token: str) -> WebForm | None:
    """The form at a secret address (system session)."""
    return await session.scalar(select(WebForm).where(WebForm.token == token))
