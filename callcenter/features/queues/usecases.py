"""What people do with queues: create, change settings, choose members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.queues import queries, rules
from callcenter.features.queues.models import Queue, QueueMember
from callcenter.live.figures import SERVICE_LEVELS
from callcenter.plugin import Services


class QueuePatch(msgspec.Struct, kw_only=True):
    """Changes of a queue's settings; what is left out stays. Times are seconds.

    ``answer_target`` is T and ``short_abandon`` S of the service level; ``ring_seconds`` is how long one
    agent rings; ``members`` are agents' ids in their order.
    """

    name: str | None = None
    strategy: str | None = None
    answer_target: int | None = None
    short_abandon: int | None = None
    ring_seconds: int | None = None
    wrapup_seconds: int | None = None
    max_wait: int | None = None
    members: list[int] | None = None


async def create_queue(
    session: AsyncSession,
    *,
    business_id: int,
    name: str,
    at: datetime,
    number_id: int | None = None,
    settings: QueuePatch | None = None,
) -> Queue:
    """Adds a queue; the caller publishes ConfigChanged once it is committed. Raises BadInput."""
    queue = Queue(business_id=business_id, name=_clean_name(name), number_id=number_id, created_at=at)
    session.add(queue)
    await session.flush()
    if settings is not None:
        _apply(queue, settings)
        if settings.members is not None:
            await set_members(session, queue, settings.members)
    return queue


async def edit_queue(services: Services, business_id: int, queue_id: int, patch: QueuePatch) -> None:
    """Changes settings and members; all or nothing. Raises BadInput with the field's own message,
    NotFound.
    """
    now = services.clock.now()
    try:
        async with services.db.business(business_id) as session:
            queue = await need(session, queue_id)
            _apply(queue, patch)
            if patch.members is not None:
                await set_members(session, queue, patch.members)
    except IntegrityError as error:
        raise Conflict(N_("Somebody else changed this queue at the same time. Look again and repeat.")) from error
    services.bus.publish(ConfigChanged(at=now.timestamp(), business_id=business_id, what="queues"))


async def set_service_level(services: Services, business_id: int, formula: str) -> None:
    """Chooses the formula of the service level for the business; past figures are by it from then on. BadInput."""
    if formula not in SERVICE_LEVELS:
        text = N_("There is no such formula.")
        raise BadInput(text, fields={"formula": text})
    async with services.db.system() as session:
        await accounts.set_setting(session, business_id, "service_level", formula)
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="service_level"))


async def set_members(
    session: AsyncSession, queue: Queue, agent_ids: Sequence[int], penalties: Mapping[int, int] | None = None
) -> None:
    """Makes ``agent_ids`` the members, in this order. Raises BadInput when one is no agent of the queue's
    business.
    """
    wanted = list(dict.fromkeys(agent_ids))
    known = await agents.by_ids(session, wanted)
    if any(a not in known or known[a].business_id != queue.business_id or not known[a].active for a in wanted):
        text = N_("One of the chosen agents is not in your company any more. Choose the agents again.")
        raise BadInput(text, fields={"members": text})
    there = {m.agent_id: m for m in (await queries.members(session, [queue.id])).get(queue.id, [])}
    for agent_id, member in there.items():
        if agent_id not in wanted:
            await session.delete(member)
    for position, agent_id in enumerate(wanted):
        penalty = (penalties or {}).get(agent_id)
        old = there.get(agent_id)
        if old is not None:
            old.position = position
            old.penalty = old.penalty if penalty is None else penalty
        else:
            session.add(
                QueueMember(
                    business_id=queue.business_id,
                    queue_id=queue.id,
                    agent_id=agent_id,
                    position=position,
                    penalty=penalty or 0,
                )
            )
    await session.flush()


async def need(session: AsyncSession, queue_id: int) -> Queue:
    """The active queue, or NotFound."""
    queue = await queries.queue(session, queue_id)
    if queue is None or not queue.active:
        raise NotFound(N_("There is no such queue."))
    return queue


def _apply(queue: Queue, patch: QueuePatch) -> None:
    wrong: dict[str, str] = {}
    for field, (least, most) in rules.LIMITS.items():
        value = getattr(patch, field)
        if value is None:
            continue
        if not least <= value <= most:
            wrong[field] = _LIMIT_TEXTS[field]
        else:
            setattr(queue, field, value)
    if patch.strategy is not None:
        if patch.strategy not in rules.STRATEGIES:
            wrong["strategy"] = N_("There is no such way of distributing calls. Choose one from the list.")
        else:
            queue.strategy = patch.strategy
    if patch.name is not None:
        try:
            queue.name = _clean_name(patch.name)
        except BadInput as error:
            wrong.update(error.fields)
    if wrong:
        raise BadInput(next(iter(wrong.values())), fields=wrong)


_LIMIT_TEXTS = {
    "answer_target": N_("Enter from 1 to 600 seconds."),
    "short_abandon": N_("Enter from 0 to 60 seconds."),
    "ring_seconds": N_("Enter from 5 to 120 seconds."),
    "wrapup_seconds": N_("Enter from 0 to 3600 seconds."),
    "max_wait": N_("Enter from 0 to 7200 seconds; 0 means no limit."),
}


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100:
        text = N_("Enter a name of at most 100 characters.")
        raise BadInput(text, fields={"name": text})
    return name
