"""Which prompts a number may play."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.prompts import api as prompts


async def choices(session: AsyncSession) -> list[tuple[str, str]]:
    """Prompts by name with their titles; those of the standard set are gettext keys."""
    return [(one.name, one.title) for one in await prompts.choices(session)]


async def exists(session: AsyncSession, name: str) -> bool:
    """Whether the business may play the prompt ``name``."""
    return await prompts.exists(session, name)
