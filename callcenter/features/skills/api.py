"""The door to skills for other features."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.skills import queries, usecases
from callcenter.features.skills.usecases import User

__all__ = ["add_user", "levels", "names"]


def add_user(user: User) -> None:
    """Registers who asks for skills: ``user(session, skill_id)`` names what does, so that the skill is not deleted."""
    usecases.USERS.append(user)


async def names(session: AsyncSession) -> dict[int, str]:
    """The names of skills by id, in the order of the alphabet."""
    return {one.id: one.name for one in await queries.skills(session)}


async def levels(session: AsyncSession, skill_ids: Collection[int] | None = None) -> dict[int, dict[int, int]]:
    """Levels (1 … 5) by agent, then by skill; who lacks a skill is not named. A system session sees all."""
    return await queries.levels(session, skill_ids)
