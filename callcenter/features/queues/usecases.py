"""What people do with queues: create, change settings, choose members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core import routing
from callcenter.core.clock import SystemClock
from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged, RoutingDrafted
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.core.routing import HIGHEST_KEYS, Asked, Goal, Survey
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.prompts import api as prompts
from callcenter.features.queues import queries, rules
from callcenter.features.queues.models import Queue, QueueMember
from callcenter.features.skills import api as skills
from callcenter.live.figures import SERVICE_LEVELS
from callcenter.plugin import Services
from callcenter.storage import putback


class QueuePatch(msgspec.Struct, kw_only=True):
    """Changes of a queue's settings; what is left out stays. Times are seconds.

    ``answer_target`` is T and ``short_abandon`` S of the service level; ``ring_seconds`` is how long one
    agent rings; ``announce_seconds`` is how often a caller hears his place (0 = never), ``callback_key`` ('' or '1') by
    which key he may be called back in place of waiting; ``overflow`` takes those who waited ``max_wait``, found
    ``max_callers`` before them, or nobody on shift (queue, external, voicemail, agent, hangup; null = as his number
    says); ``asked`` is the skill that callers need, its least level and how it relaxes (null = anybody);
    ``survey`` is what a client is asked after the talk (null = nothing); ``members`` are agents' ids in their order.
    """

    name: str | None = None
    strategy: str | None = None
    answer_target: int | None = None
    short_abandon: int | None = None
    ring_seconds: int | None = None
    wrapup_seconds: int | None = None
    max_wait: int | None = None
    announce_seconds: int | None = None
    callback_key: str | None = None
    max_callers: int | None = None
    overflow: Goal | msgspec.UnsetType | None = msgspec.UNSET
    asked: Asked | msgspec.UnsetType | None = msgspec.UNSET
    survey: Survey | msgspec.UnsetType | None = msgspec.UNSET
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
        await _set_overflow(session, queue, settings)
        await _set_asked(session, queue, settings)
        await _set_survey(session, queue, settings)
        if settings.members is not None:
            await set_members(session, queue, settings.members)
    return queue


async def put_back(session: AsyncSession, business_id: int, found: Iterable[msgspec.Struct]) -> None:
    """Makes queues' settings what they were; others are switched off. Members stay."""
    rows = [msgspec.structs.asdict(one) for one in found]
    for one in await putback.put_back(session, Queue, business_id, rows, created_at=SystemClock().now()):
        one.active = False
    await session.flush()


async def edit_queue(
    services: Services,
    business_id: int,
    queue_id: int,
    patch: QueuePatch,
    *,
    apply: bool = False,
    user_id: int | None = None,
) -> None:
    """Changes settings and members; all or nothing. Raises BadInput with the field's own message, NotFound.

    Members, name, wrap-up and service level are live at once; the rest waits for an apply, which ``apply`` asks for.
    """
    now = services.clock.now()
    try:
        async with services.db.business(business_id) as session:
            queue = await need(session, queue_id)
            _apply(queue, patch)
            await _set_overflow(session, queue, patch)
            await _set_asked(session, queue, patch)
            await _set_survey(session, queue, patch)
            if patch.members is not None:
                await set_members(session, queue, patch.members)
    except IntegrityError as error:
        raise Conflict(N_("Somebody else changed this queue at the same time. Look again and repeat.")) from error
    at = now.timestamp()
    services.bus.publish(ConfigChanged(at=at, business_id=business_id, what="members"))
    services.bus.publish(RoutingDrafted(at=at, business_id=business_id, what="queues", now=apply, user_id=user_id))


async def settle(session: AsyncSession, queue_id: int, settings: QueuePatch) -> None:
    """Changes a queue's settings in the caller's transaction. Raises NotFound, BadInput."""
    _apply(await need(session, queue_id), settings)


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
    if patch.callback_key is not None:
        if patch.callback_key not in ("", "1"):
            wrong["callback_key"] = N_("Only the key 1 can be chosen: it is the one that callers are told.")
        else:
            queue.callback_key = patch.callback_key
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


async def _set_overflow(session: AsyncSession, queue: Queue, patch: QueuePatch) -> None:
    """Raises BadInput for a goal that is not there, or that leads back into the queue."""
    if patch.overflow is msgspec.UNSET:
        return
    queue.overflow = routing.stored(await _checked(session, queue, patch.overflow))


async def _set_asked(session: AsyncSession, queue: Queue, patch: QueuePatch) -> None:
    """Raises BadInput for a skill that is not there, or relaxations in no order."""
    if patch.asked is msgspec.UNSET:
        return
    queue.asked = None
    if patch.asked is not None:
        if patch.asked.skill_id not in await skills.names(session):
            text = N_("This skill is not there any more. Choose another one.")
            raise BadInput(text, fields={"asked": text})
        try:
            queue.asked = routing.stored(routing.checked_ask(patch.asked))
        except BadInput as error:
            error.fields, error.field_values = {"asked": error.message}, {"asked": error.values}
            raise


async def _set_survey(session: AsyncSession, queue: Queue, patch: QueuePatch) -> None:
    """Raises BadInput for a prompt that is not there, or a highest key that no question has."""
    if patch.survey is msgspec.UNSET:
        return
    queue.survey = None
    if patch.survey is None:
        return
    for name in (patch.survey.first, patch.survey.second, patch.survey.thanks):
        if (name or name == patch.survey.first) and not await prompts.exists(session, name):
            text = N_("Choose a prompt that is there.")
            raise BadInput(text, fields={"survey": text})
    if not {patch.survey.first_most, patch.survey.second_most} <= set(HIGHEST_KEYS):
        text = N_("The highest key of a question is 2 to 5.")
        raise BadInput(text, fields={"survey": text})
    queue.survey = routing.stored(patch.survey)


async def _checked(session: AsyncSession, queue: Queue, goal: Goal | None) -> Goal | None:
    if goal is None or goal.kind == "hangup":
        return goal
    if goal.kind == "external":
        e164 = to_e164(goal.number)
        if e164 is None:
            raise _wrong_overflow(N_("This is not a telephone number."))
        return Goal(kind="external", number=e164)
    if goal.kind == "voicemail" and goal.id is None:
        return Goal(kind="voicemail")
    if goal.kind not in rules.OVERFLOWS or goal.id is None:
        raise _wrong_overflow(N_("Callers of a queue cannot go there. Choose from the list."))
    if goal.kind == "agent":
        agent = await agents.get(session, goal.id)
        if agent is None or not agent.active:
            raise _wrong_overflow(N_("This employee is not there any more. Choose another one."))
        return Goal(kind="agent", id=goal.id)
    other = await queries.queue(session, goal.id)
    if other is None or not other.active:
        raise _wrong_overflow(N_("This queue is not there any more. Choose another one."))
    if goal.kind == "queue":
        await _no_circle(session, queue, other)
    return Goal(kind=goal.kind, id=goal.id)


async def _no_circle(session: AsyncSession, queue: Queue, there: Queue | None) -> None:
    """Follows the overflows from ``there``; BadInput when they come back to ``queue``."""
    passed: set[int] = set()
    while there is not None and there.id not in passed:
        if there.id == queue.id:
            raise _wrong_overflow(N_("Callers would come back to this queue. Choose another way."))
        passed.add(there.id)
        goal = routing.goal(there.overflow)
        there = await queries.queue(session, goal.id) if goal and goal.kind == "queue" and goal.id else None


def _wrong_overflow(text: str) -> BadInput:
    return BadInput(text, fields={"overflow": text})


_LIMIT_TEXTS = {
    "answer_target": N_("Enter from 1 to 600 seconds."),
    "short_abandon": N_("Enter from 0 to 60 seconds."),
    "ring_seconds": N_("Enter from 5 to 120 seconds."),
    "wrapup_seconds": N_("Enter from 0 to 3600 seconds."),
    "announce_seconds": N_("Enter from 0 to 600 seconds; 0 means never."),
    "max_callers": N_("Enter from 0 to 1000 callers; 0 means no limit."),
    "max_wait": N_("Enter from 0 to 7200 seconds; 0 means no limit."),
}


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100:
        text = N_("Enter a name of at most 100 characters.")
        raise BadInput(text, fields={"name": text})
    return name
