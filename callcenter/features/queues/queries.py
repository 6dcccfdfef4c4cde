"""Reads of queues and their members."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core import routing
from callcenter.core.routing import Asked
from callcenter.features.queues.models import Queue, QueueMember


async def queues(session: AsyncSession, *, ids: Collection[int] | None = None, inactive: bool = False) -> list[Queue]:
    """The queues by name; ``ids`` limits them, ``inactive`` adds those that were switched off."""
    query = select(Queue).order_by(Queue.name, Queue.id)
    if ids is not None:
        query = query.where(Queue.id.in_(ids))
    if not inactive:
        query = query.where(Queue.active)
    return list((await session.scalars(query)).all())


async def queue(session: AsyncSession, queue_id: int) -> Queue | None:
    """The queue ``queue_id``, or None when there is none in this business."""
    return (await session.scalars(select(Queue).where(Queue.id == queue_id))).one_or_none()


async def queue_of_number(session: AsyncSession, number_id: int) -> Queue | None:
    """A number's own queue."""
    return (await session.scalars(select(Queue).where(Queue.number_id == number_id).order_by(Queue.id))).first()


async def members(session: AsyncSession, queue_ids: Collection[int] | None = None) -> dict[int, list[QueueMember]]:
    """Members by queue, in the queue's order."""
    query = select(QueueMember).order_by(QueueMember.queue_id, QueueMember.position, QueueMember.id)
    if queue_ids is not None:
        query = query.where(QueueMember.queue_id.in_(queue_ids))
    found: dict[int, list[QueueMember]] = {}
    for member in (await session.scalars(query)).all():
        found.setdefault(member.queue_id, []).append(member)
    return found


async def orders(session: AsyncSession) -> dict[int, list[int]]:
    """The active queues that ring in a fixed order, with their agents in that order."""
    query = (
        select(QueueMember.queue_id, QueueMember.agent_id)
        .join(Queue, (Queue.id == QueueMember.queue_id) & Queue.active & (Queue.strategy == "in_order"))
        .order_by(QueueMember.queue_id, QueueMember.position, QueueMember.id)
    )
    found: dict[int, list[int]] = {}
    for queue_id, agent_id in await session.execute(query):
        found.setdefault(queue_id, []).append(agent_id)
    return found


async def asks(session: AsyncSession) -> dict[int, Asked]:
    """The skills that active queues ask for, as they are edited."""
    rows = await session.execute(select(Queue.id, Queue.asked).where(Queue.active, Queue.asked.is_not(None)))
    found = {queue_id: routing.asked(stored) for queue_id, stored in rows}
    return {queue_id: one for queue_id, one in found.items() if one is not None}


async def serves(session: AsyncSession, agent_ids: Collection[int] | None = None) -> dict[int, dict[int, int]]:
    """The active queues that agents serve, with their penalty there, by agent."""
    query = select(QueueMember.agent_id, QueueMember.queue_id, QueueMember.penalty).join(
        Queue, (Queue.id == QueueMember.queue_id) & Queue.active
    )
    if agent_ids is not None:
        query = query.where(QueueMember.agent_id.in_(agent_ids))
    found: dict[int, dict[int, int]] = {}
    for agent_id, queue_id, penalty in await session.execute(query):
        found.setdefault(agent_id, {})[queue_id] = penalty
    return found
