"""Reads of answers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.surveys.models import SurveyAnswer
from callcenter.features.surveys.rules import Count


class Wanted(NamedTuple):
    """Which answers: asked between two moments, about a queue, about an agent (None = any)."""

    since: datetime
    until: datetime
    queue_id: int | None = None
    agent_id: int | None = None


def _found(query: Select[Any], wanted: Wanted) -> Select[Any]:
    query = query.where(SurveyAnswer.at >= wanted.since, SurveyAnswer.at < wanted.until)
    if wanted.queue_id is not None:
        query = query.where(SurveyAnswer.queue_id == wanted.queue_id)
    if wanted.agent_id is not None:
        query = query.where(SurveyAnswer.agent_id == wanted.agent_id)
    return query


async def counts(session: AsyncSession, wanted: Wanted) -> list[Count]:
    """How often which answers were given about whom."""
    what = (SurveyAnswer.queue_id, SurveyAnswer.agent_id, SurveyAnswer.first, SurveyAnswer.second)
    query = cast(Select[Any], select(*what, func.count()))
    rows = await session.execute(_found(query, wanted).group_by(*what))
    return [Count(*tuple(row)) for row in rows]


async def answers(session: AsyncSession, wanted: Wanted, *, skip: int = 0, count: int = 50) -> list[SurveyAnswer]:
    """Answers, the newest first."""
    query = _found(select(SurveyAnswer), wanted).order_by(SurveyAnswer.at.desc(), SurveyAnswer.id.desc())
    return list(await session.scalars(query.offset(skip).limit(count)))


async def of_call(session: AsyncSession, call_id: str) -> SurveyAnswer | None:
    """The answer that was given in a call."""
    return await session.scalar(select(SurveyAnswer).where(SurveyAnswer.call_id == call_id))


async def known(session: AsyncSession, call_ids: Collection[str]) -> dict[str, SurveyAnswer]:
    """Stored answers by call."""
    rows = await session.scalars(select(SurveyAnswer).where(SurveyAnswer.call_id.in_(call_ids)))
    return {row.call_id: row for row in rows}
