"""Reads of background jobs (business session)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.work import rules
from callcenter.features.work.models import WorkJob, WorkPiece

PAGE = 30


async def jobs(
    session: AsyncSession, *, owner_id: int | None, only_open: bool = False, page: int = 1
) -> tuple[Sequence[WorkJob], int]:
    """A page of jobs, the newest first, and how many there are; ``owner_id`` None = everybody's."""
    statement = select(WorkJob)
    if owner_id is not None:
        statement = statement.where(WorkJob.owner_id == owner_id)
    if only_open:
        statement = statement.where(WorkJob.state.in_(rules.OPEN))
    total = await session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    found = await session.scalars(statement.order_by(WorkJob.id.desc()).limit(PAGE).offset((page - 1) * PAGE))
    return found.all(), total


async def pieces(session: AsyncSession, job_id: int, before: int | None, limit: int = 1) -> Sequence[WorkPiece]:
    """What a job changed, the last portion first, below the id ``before``."""
    statement = select(WorkPiece).where(WorkPiece.job_id == job_id)
    if before is not None:
        statement = statement.where(WorkPiece.id < before)
    return (await session.scalars(statement.order_by(WorkPiece.id.desc()).limit(limit))).all()


async def pieced(session: AsyncSession, ids: Sequence[int]) -> set[int]:
    """Those of the jobs ``ids`` that changed something which can be undone."""
    return set(await session.scalars(select(WorkPiece.job_id).where(WorkPiece.job_id.in_(ids)).distinct()))
