"""Reads of skills and levels."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.skills.models import AgentSkill, Skill


async def skills(session: AsyncSession) -> list[Skill]:
    """The business's skills by name."""
    return list(await session.scalars(select(Skill).order_by(Skill.name, Skill.id)))


async def skill(session: AsyncSession, skill_id: int) -> Skill | None:
    """One of them, or None."""
    return await session.scalar(select(Skill).where(Skill.id == skill_id))


async def levels(session: AsyncSession, skill_ids: Collection[int] | None = None) -> dict[int, dict[int, int]]:
    """Levels by agent, then by skill; who lacks a skill is not named."""
    query = select(AgentSkill.agent_id, AgentSkill.skill_id, AgentSkill.level)
    if skill_ids is not None:
        query = query.where(AgentSkill.skill_id.in_(skill_ids))
    found: dict[int, dict[int, int]] = {}
    for agent_id, skill_id, level in await session.execute(query):
        found.setdefault(agent_id, {})[skill_id] = level
    return found


async def rows(session: AsyncSession) -> dict[tuple[int, int], AgentSkill]:
    """The stored levels by agent and skill."""
    return {(row.agent_id, row.skill_id): row for row in await session.scalars(select(AgentSkill))}
