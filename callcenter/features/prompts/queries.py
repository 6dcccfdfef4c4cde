"""Reads of prompts; sessions belong to one business unless it says otherwise."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.prompts.models import Prompt


class Sound(NamedTuple):
    """What Asterisk's folder must hold: the master's place and version, and the name to play it by."""

    business_id: int
    name: str
    digest: str


async def rows(session: AsyncSession) -> list[Prompt]:
    """The business's prompts by title."""
    found = await session.scalars(select(Prompt).where(Prompt.deleted_at.is_(None)))
    return sorted(found, key=lambda one: (one.title.casefold(), one.id))


async def row(session: AsyncSession, prompt_id: int, *, deleted: bool = False) -> Prompt | None:
    """One prompt that is there, or (``deleted``) one that can be brought back."""
    gone = Prompt.deleted_at.is_not(None) if deleted else Prompt.deleted_at.is_(None)
    return (await session.scalars(select(Prompt).where(Prompt.id == prompt_id, gone))).one_or_none()


async def by_name(session: AsyncSession, name: str) -> Prompt | None:
    """The prompt of a sound file's name."""
    found = select(Prompt).where(Prompt.name == name, Prompt.deleted_at.is_(None))
    return (await session.scalars(found)).one_or_none()


async def count(session: AsyncSession, kinds: Collection[str]) -> int:
    """How many prompts of these kinds the business has."""
    found = select(func.count(Prompt.id)).where(Prompt.kind.in_(kinds), Prompt.deleted_at.is_(None))
    return int(await session.scalar(found) or 0)


async def deleted(session: AsyncSession) -> list[Prompt]:
    """What was deleted and can be brought back, the newest first."""
    found = select(Prompt).where(Prompt.deleted_at.is_not(None)).order_by(Prompt.deleted_at.desc(), Prompt.id.desc())
    return list(await session.scalars(found))


async def all_sounds(session: AsyncSession) -> list[Sound]:
    """Of all businesses (system session)."""
    found = select(Prompt.business_id, Prompt.name, Prompt.digest).where(Prompt.deleted_at.is_(None))
    return [Sound(*one) for one in await session.execute(found)]
