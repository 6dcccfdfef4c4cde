"""An agent's state: chosen by himself, by a supervisor, or by the server when he does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import CursorResult, and_, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict
from callcenter.core.events import AgentWanted, MemberNotice, PauseOverdue, WantedState, WrapupExtended
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import queries, rules
from callcenter.features.agents.models import Agent
from callcenter.features.agents.usecases import reasons
from callcenter.features.agents.usecases.people import need
from callcenter.http.current import Current
from callcenter.http.permissions import CALLS_SUPERVISE, ROLE_PERMISSIONS
from callcenter.plugin import Services

MAX_REASON = 60
PAGE = "/agents"

# What an agent is told who was set into a state: at once, and when it begins after his call.
_FORCED: Mapping[WantedState, tuple[str, str]] = {
    "ready": (N_("%(name)s made you ready for calls."), N_("%(name)s made you ready for calls, after this one.")),
    "paused": (N_("%(name)s put you on a break."), N_("%(name)s puts you on a break after this call.")),
    "offline": (N_("%(name)s took you off line."), N_("%(name)s takes you off line after this call.")),
}
_FORCED_REASON = (
    N_("%(name)s put you on a break: %(reason)s."),
    N_("%(name)s puts you on a break after this call: %(reason)s."),
)


async def set_wanted(
    services: Services,
    business_id: int,
    agent_id: int,
    wanted: WantedState,
    reason: str = "",
    reason_id: int | None = None,
    *,
    by: Current | None = None,
) -> None:
    """Keeps the state that was chosen for an agent and tells everybody.

    ``reason`` is a key or a name of the business's list, or ``reason_id`` names one. Choosing the same again keeps the
    moment it began. ``by`` is a supervisor: it is written into the audit log and the agent is told who it was. Raises
    NotFound when the agent is not of this business, BadInput for an unknown reason.
    """
    await reasons.ready(services, business_id)
    async with services.db.business(business_id) as session:
        found = await reasons.chosen(session, _tidy(reason), reason_id) if wanted == "paused" else (None, "")
        agent = None if by is None else await need(session, agent_id)
        if by is None or agent is None:
            await _keep(services, session, agent_id, wanted, *found)
        else:
            _choose(services, agent, wanted, *found)
            why = {"reason": agent.reason} if agent.reason else {}
            await accounts.audit(session, by, f"agent.{wanted}", "agent", agent_id, agent=agent.name, **why)
    _tell(services, business_id, agent_id, wanted, *found)
    if by is not None and agent is not None and by.agent_id != agent_id:
        view = services.live.agent(business_id, agent_id)
        later = view is not None and view.state == "talking"
        text = (_FORCED_REASON if agent.reason else _FORCED[wanted])[later]
        async with services.db.business(business_id) as session:
            name = await accounts.user_name(session, by.user_id)
        _notice(services, business_id, agent.membership_id, "agent.set", text, name=name, reason=agent.reason)


async def pause_unanswered(services: Services, business_id: int, agent_id: int, rings: int) -> None:
    """Pauses an agent who is ready but let ``rings`` calls in a row ring, and tells him and the supervisors."""
    async with services.db.business(business_id) as session:
        agent = await queries.agent(session, agent_id)
        if agent is None or not agent.active or agent.wanted != "ready":
            return
        _choose(services, agent, "paused", None, rules.NO_ANSWER)
        bosses = await supervisors(session)
    _tell(services, business_id, agent_id, "paused", None, rules.NO_ANSWER)
    text = N_("You did not answer %(count)s calls in a row, so calls do not reach you. Say when you are back.")
    _notice(services, business_id, agent.membership_id, "agent.no_answer", text, count=rings)
    text = N_("%(name)s did not answer %(count)s calls in a row and is paused.")
    for member in bosses - {agent.membership_id}:
        _notice(services, business_id, member, "agent.no_answer", text, PAGE, name=agent.name, count=rings)


async def tell_overdue(services: Services, event: PauseOverdue) -> None:
    """Tells an agent and the supervisors that his pause is over its limit; once for a pause, also over a restart."""
    async with services.db.business(event.business_id) as session:
        agent = await queries.agent(session, event.agent_id)
        if agent is None or (agent.overdue_told_at and agent.overdue_told_at >= agent.wanted_since):
            return
        agent.overdue_told_at = services.clock.now()
        bosses = await supervisors(session)
    minutes = round((event.limit_at - agent.wanted_since.timestamp()) / 60)
    values: dict[str, Any] = {"name": agent.name, "reason": agent.reason, "minutes": minutes}
    text = N_("Your break is over its limit: %(reason)s, %(minutes)s min.")
    _notice(services, event.business_id, agent.membership_id, "agent.overdue", text, **values)
    text = N_("The break of %(name)s is over its limit: %(reason)s, %(minutes)s min.")
    for member in bosses - {agent.membership_id}:
        _notice(services, event.business_id, member, "agent.overdue", text, PAGE, **values)


async def extend_wrapup(services: Services, business_id: int, agent_id: int) -> None:
    """Lengthens an agent's wrap-up, once. Conflict when there is none, or it was lengthened before."""
    view = services.live.agent(business_id, agent_id)
    if view is None or view.state != "wrapup":
        raise Conflict(N_("Your time after the call is over."), code="no_wrapup")
    if not view.can_extend:
        raise Conflict(N_("The time after a call can be lengthened once."), code="extended")
    services.bus.publish(WrapupExtended(at=services.clock.epoch(), business_id=business_id, agent_id=agent_id))


async def supervisors(session: AsyncSession) -> set[int]:
    """The memberships of those who look after agents."""
    return {
        one.membership_id
        for one in await accounts.people(session)
        if one.status == "active" and CALLS_SUPERVISE in ROLE_PERMISSIONS.get(one.role, frozenset())  # type: ignore[call-overload]
    }


def _choose(services: Services, agent: Agent, wanted: WantedState, reason_id: int | None, reason: str) -> None:
    if (agent.wanted, agent.reason_id, agent.reason) != (wanted, reason_id, reason):
        agent.wanted, agent.reason_id, agent.reason = wanted, reason_id, reason
        agent.wanted_since = services.clock.now()


async def _keep(
    services: Services,
    session: AsyncSession,
    agent_id: int,
    wanted: WantedState,
    reason_id: int | None,
    reason: str,
) -> None:
    """What an agent chose for himself, in one statement: whole shifts come and go in the same minutes."""
    same = (Agent.wanted == wanted, Agent.reason == reason, Agent.reason_id.is_not_distinct_from(reason_id))
    changed = await session.execute(
        update(Agent)
        .where(Agent.id == agent_id, Agent.active, ~and_(*same))
        .values(wanted=wanted, reason_id=reason_id, reason=reason, wanted_since=services.clock.now())
        .execution_options(synchronize_session=False)
    )
    if not cast(CursorResult[Any], changed).rowcount:
        # Chosen before, or there is no such agent, which is said here.
        await need(session, agent_id)


def _tell(
    services: Services, business_id: int, agent_id: int, wanted: WantedState, reason_id: int | None, reason: str
) -> None:
    services.bus.publish(
        AgentWanted(
            at=services.clock.epoch(),
            business_id=business_id,
            agent_id=agent_id,
            wanted=wanted,
            reason=reason,
            reason_id=reason_id,
        )
    )


def _notice(
    services: Services, business_id: int, member: int, kind: str, text: str, link: str = "", **values: Any
) -> None:
    services.bus.publish(
        MemberNotice(
            at=services.clock.epoch(),
            business_id=business_id,
            membership_id=member,
            kind=kind,
            text=text,
            values=values,
            link=link,
        )
    )


def _tidy(reason: str) -> str:
    return " ".join(reason.split())[:MAX_REASON]
