"""The door to queues for other features: create, members, a number's own queue, lists for rendering and
the directory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core import routing
from callcenter.core.directory import QueueRef
from callcenter.core.routing import Asked, Goal, Survey
from callcenter.features.queues import queries, rules, usecases
from callcenter.features.queues.gateway import Absences, Asks, Look, MemberSync
from callcenter.features.queues.models import Queue, QueueMember
from callcenter.features.queues.usecases import QueuePatch
from callcenter.live.views import QueueBrief
from callcenter.plugin import Services

__all__ = [
    "QueueInfo",
    "QueueMemberInfo",
    "QueuePatch",
    "all_queues",
    "ask_for",
    "briefs",
    "by_ids",
    "create",
    "for_directory",
    "get",
    "leave_out",
    "look_again",
    "may_take",
    "members",
    "own_queue",
    "put_back",
    "set_members",
    "set_own_members",
    "settle",
]


class QueueMemberInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a queue; the list that holds it is in the queue's order."""

    agent_id: int
    penalty: int
    position: int


class QueueInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A queue with its settings (seconds) and members. ``asterisk_strategy`` is the word for queues.conf."""

    id: int
    business_id: int
    name: str
    number_id: int | None
    strategy: str
    asterisk_strategy: str
    ring_seconds: int
    wrapup_seconds: int
    max_wait: int
    max_callers: int
    announce_seconds: int
    callback_key: str = ""
    overflow: Goal | None
    asked: Asked | None = None
    survey: Survey | None = None
    answer_target: int
    short_abandon: int
    music: str
    active: bool
    members: tuple[QueueMemberInfo, ...] = ()


async def create(
    session: AsyncSession, *, business_id: int, name: str, at: datetime, settings: QueuePatch | None = None
) -> QueueInfo:
    """Adds a queue; commit, then publish ConfigChanged. Raises BadInput."""
    queue = await usecases.create_queue(session, business_id=business_id, name=name, at=at, settings=settings)
    return await _with_members(session, queue)


async def own_queue(session: AsyncSession, number_id: int) -> QueueInfo | None:
    """The private queue of a number whose users were picked one by one, or None."""
    queue = await queries.queue_of_number(session, number_id)
    return await _with_members(session, queue) if queue else None


async def set_own_members(
    session: AsyncSession,
    *,
    business_id: int,
    number_id: int,
    name: str,
    agent_ids: Sequence[int],
    at: datetime,
) -> QueueInfo:
    """Makes ``agent_ids`` the takers of a number: its private queue is made when there is none (INB-03).

    ``name`` is used for a new queue and renames an old one. Commit, then publish ConfigChanged. Raises
    BadInput.
    """
    queue = await queries.queue_of_number(session, number_id)
    if queue is None:
        queue = await usecases.create_queue(session, business_id=business_id, name=name, at=at, number_id=number_id)
    queue.name, queue.active = " ".join(name.split())[:100] or queue.name, True
    await usecases.set_members(session, queue, agent_ids)
    return await _with_members(session, queue)


async def get(session: AsyncSession, queue_id: int) -> QueueInfo | None:
    """The queue, or None when there is none in this session's business."""
    queue = await queries.queue(session, queue_id)
    return await _with_members(session, queue) if queue else None


async def all_queues(session: AsyncSession) -> list[QueueInfo]:
    """Active queues by name with members; with a system session those of all businesses (for rendering)."""
    return await _infos(session, await queries.queues(session))


async def by_ids(session: AsyncSession, ids: Collection[int]) -> dict[int, QueueInfo]:
    """Queues by id, also those that were switched off."""
    if not ids:
        return {}
    return {q.id: q for q in await _infos(session, await queries.queues(session, ids=ids, inactive=True))}


async def briefs(session: AsyncSession, ids: Collection[int]) -> dict[int, QueueBrief]:
    """Name cards of queues by id."""
    if not ids:
        return {}
    return {q.id: QueueBrief(id=q.id, name=q.name) for q in await queries.queues(session, ids=ids, inactive=True)}


async def members(session: AsyncSession, queue_id: int) -> list[QueueMemberInfo]:
    """A queue's members in order."""
    return [_member(m) for m in (await queries.members(session, [queue_id])).get(queue_id, [])]


async def set_members(
    session: AsyncSession, queue_id: int, agent_ids: Sequence[int], penalties: Mapping[int, int] | None = None
) -> None:
    """Makes ``agent_ids`` the members, in this order. Commit, then publish ConfigChanged. NotFound,
    BadInput.
    """
    await usecases.set_members(session, await usecases.need(session, queue_id), agent_ids, penalties)


async def settle(session: AsyncSession, queue_id: int, settings: QueuePatch) -> None:
    """Changes a queue's settings. Commit, then publish ConfigChanged. Raises NotFound, BadInput."""
    await usecases.settle(session, queue_id, settings)


def leave_out(services: Services, look: Look) -> None:
    """``look(session, now)`` names pairs (queue, agent) that Asterisk shall not ring for now; a system session."""
    services.part(Absences, lambda _: Absences()).looks.append(look)


def look_again(services: Services) -> None:
    """Has all members compared with what is wanted now."""
    services.part(MemberSync, MemberSync).touch()


def ask_for(services: Services, asks: dict[int, Asked]) -> None:
    """What skills queues ask for from now on, as callers meet it; members are ranked by it with the next look."""
    services.part(Asks, lambda _: Asks()).live = dict(asks)
    look_again(services)


def may_take(services: Services, queue_id: int, agent_id: int, waited: float) -> bool:
    """Whether an agent is able enough for a caller of the queue who has waited for so many seconds."""
    asked = (services.part(Asks, lambda _: Asks()).live or {}).get(queue_id)
    return asked is None or services.part(MemberSync, MemberSync).tier(queue_id, agent_id) <= asked.open_to(waited)


async def put_back(session: AsyncSession, business_id: int, found: Iterable[QueueInfo]) -> None:
    """Makes queues' settings what they were; others are switched off, members stay. Commit, then apply."""
    await usecases.put_back(session, business_id, found)


async def for_directory(session: AsyncSession) -> dict[int, QueueRef]:
    """Active queues for core.directory; use a system session."""
    return {
        q.id: QueueRef(
            id=q.id,
            business_id=q.business_id,
            name=q.name,
            members=tuple(m.agent_id for m in q.members),
            answer_target=q.answer_target,
            short_abandon=q.short_abandon,
            wrapup_seconds=q.wrapup_seconds,
        )
        for q in await all_queues(session)
    }


async def _with_members(session: AsyncSession, queue: Queue) -> QueueInfo:
    return (await _infos(session, [queue]))[0]


async def _infos(session: AsyncSession, queues: list[Queue]) -> list[QueueInfo]:
    there = await queries.members(session, [q.id for q in queues]) if queues else {}
    return [_info(q, there.get(q.id, [])) for q in queues]


def _info(queue: Queue, queue_members: list[QueueMember]) -> QueueInfo:
    return QueueInfo(
        id=queue.id,
        business_id=queue.business_id,
        name=queue.name,
        number_id=queue.number_id,
        strategy=queue.strategy,
        asterisk_strategy=rules.STRATEGIES.get(queue.strategy, "leastrecent"),
        ring_seconds=queue.ring_seconds,
        wrapup_seconds=queue.wrapup_seconds,
        max_wait=queue.max_wait,
        max_callers=queue.max_callers,
        announce_seconds=queue.announce_seconds,
        callback_key=queue.callback_key,
        overflow=routing.goal(queue.overflow),
        asked=routing.asked(queue.asked),
        survey=routing.survey(queue.survey),
        answer_target=queue.answer_target,
        short_abandon=queue.short_abandon,
        music=queue.music,
        active=queue.active,
        members=tuple(_member(m) for m in queue_members),
    )


def _member(member: QueueMember) -> QueueMemberInfo:
    return QueueMemberInfo(agent_id=member.agent_id, penalty=member.penalty, position=member.position)
