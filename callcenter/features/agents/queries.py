"""Reads of agents, their phones and their time in each state. Sessions belong to one business unless said
otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.agents.models import Agent, AgentStateSpan, Device, PauseReason


async def agents(session: AsyncSession, *, ids: Collection[int] | None = None, inactive: bool = False) -> list[Agent]:
    """The agents by name; ``ids`` limits them, ``inactive`` adds those who were switched off."""
    query = select(Agent).order_by(Agent.name, Agent.id)
    if ids is not None:
        query = query.where(Agent.id.in_(ids))
    if not inactive:
        query = query.where(Agent.active)
    return list((await session.scalars(query)).all())


async def agent(session: AsyncSession, agent_id: int) -> Agent | None:
    """The agent ``agent_id``, or None when there is none in this business."""
    return (await session.scalars(select(Agent).where(Agent.id == agent_id))).one_or_none()


async def by_membership(session: AsyncSession, membership_id: int) -> Agent | None:
    """The agent of a membership."""
    return (await session.scalars(select(Agent).where(Agent.membership_id == membership_id))).one_or_none()


async def short_numbers(session: AsyncSession, business_id: int) -> set[str]:
    """All short numbers that are taken in ``business_id``, also by agents who were switched off."""
    return set((await session.scalars(select(Agent.short_number).where(Agent.business_id == business_id))).all())


async def devices(session: AsyncSession, agent_ids: Iterable[int] | None = None) -> list[Device]:
    """Phones, the browser before the SIP phone."""
    query = select(Device).order_by(Device.agent_id, Device.kind.desc())
    if agent_ids is not None:
        query = query.where(Device.agent_id.in_(list(agent_ids)))
    return list((await session.scalars(query)).all())


async def reasons(session: AsyncSession, *, retired: bool = False) -> list[PauseReason]:
    """Reasons to pause in their order; ``retired`` adds those that can no longer be chosen, at the end."""
    query = select(PauseReason).order_by(PauseReason.active.desc(), PauseReason.position, PauseReason.id)
    if not retired:
        query = query.where(PauseReason.active)
    return list((await session.scalars(query)).all())


async def existing(session: AsyncSession, ids: Collection[int]) -> set[int]:
    """Those of ``ids`` that are agents of this business."""
    return set((await session.scalars(select(Agent.id).where(Agent.id.in_(ids)))).all())


async def open_spans(session: AsyncSession, agent_ids: Collection[int] | None = None) -> list[AgentStateSpan]:
    """Stretches that go on, newest first; one per agent unless a crash left more."""
    query = select(AgentStateSpan).where(AgentStateSpan.until.is_(None)).order_by(AgentStateSpan.since.desc())
    if agent_ids is not None:
        query = query.where(AgentStateSpan.agent_id.in_(agent_ids))
    return list((await session.scalars(query)).all())


async def seconds_in_states(
    session: AsyncSession, since: datetime, until: datetime, *, agent_ids: Collection[int] | None = None
) -> dict[int, dict[str, float]]:
    """Per agent, the seconds spent in each state between two moments (stretches are cut at both)."""
    query = select(AgentStateSpan).where(
        AgentStateSpan.since < until, (AgentStateSpan.until.is_(None)) | (AgentStateSpan.until > since)
    )
    if agent_ids is not None:
        query = query.where(AgentStateSpan.agent_id.in_(agent_ids))
    total: dict[int, dict[str, float]] = {}
    for span in (await session.scalars(query)).all():
        seconds = (min(span.until or until, until) - max(span.since, since)).total_seconds()
        states = total.setdefault(span.agent_id, {})
        states[span.state] = states.get(span.state, 0.0) + max(0.0, seconds)
    return total


async def spans(session: AsyncSession, agent_id: int, since: datetime, until: datetime) -> list[AgentStateSpan]:
    """The agent's stretches that touch the time between two moments, oldest first."""
    query = (
        select(AgentStateSpan)
        .where(AgentStateSpan.agent_id == agent_id, AgentStateSpan.since < until)
        .where((AgentStateSpan.until.is_(None)) | (AgentStateSpan.until > since))
        .order_by(AgentStateSpan.since, AgentStateSpan.id)
    )
    return list((await session.scalars(query)).all())


async def stretches(
    session: AsyncSession, state: str, since: datetime, until: datetime, *, closed: bool = False
) -> list[tuple[int, datetime, datetime]]:
    """Every agent's stretches in ``state`` between two moments, cut at both: (agent, beginning, end)."""
    query = (
        select(AgentStateSpan)
        .where(AgentStateSpan.state == state, AgentStateSpan.since < until)
        .where((AgentStateSpan.until.is_(None)) | (AgentStateSpan.until > since))
        .order_by(AgentStateSpan.since)
    )
    if closed:
        query = query.where(AgentStateSpan.until.is_not(None))
    rows = (await session.scalars(query)).all()
    return [(row.agent_id, max(row.since, since), min(row.until or until, until)) for row in rows]


async def all_spans(session: AsyncSession, since: datetime, until: datetime) -> list[AgentStateSpan]:
    """Every agent's stretches that touch the time between two moments, oldest first."""
    query = (
        select(AgentStateSpan)
        .where(AgentStateSpan.since <= until)
        .where((AgentStateSpan.until.is_(None)) | (AgentStateSpan.until > since))
        .order_by(AgentStateSpan.since, AgentStateSpan.id)
    )
    return list((await session.scalars(query)).all())
