"""The door to agents for other features: who they are, their phones, what state they want."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.directory import DeviceKind, PauseReasonRef
from callcenter.core.events import WantedState
from callcenter.features.agents import queries
from callcenter.features.agents.models import Agent, AgentStateSpan, Device
from callcenter.features.agents.usecases import people, reasons, states
from callcenter.features.agents.usecases.settings import AgentSettings, chosen_settings
from callcenter.live.views import AgentBrief
from callcenter.plugin import Services

set_calls_out = people.set_calls_out

__all__ = ["AgentSettings", "chosen_settings", "set_calls_out"]


class AgentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as other features see him; ``wanted_since`` is when he chose ``wanted``."""

    id: int
    business_id: int
    membership_id: int
    name: str
    short_number: str
    wanted: WantedState
    reason: str
    wanted_since: datetime
    caller_number_id: int | None
    active: bool
    auto_dialed: bool = False
    auto_queue: bool = False
    calls_out: bool = True


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A phone for the rendering of pjsip.conf. The password's field is left out of the text form, so logs
    lack it.
    """

    agent_id: int
    kind: DeviceKind
    endpoint: str
    password: str

    def __repr__(self) -> str:
        return f"DeviceInfo(endpoint={self.endpoint!r})"


class AgentWithDevices(msgspec.Struct, frozen=True, kw_only=True):
    """An agent and his phones, for rendering."""

    agent: AgentInfo
    devices: tuple[DeviceInfo, ...]


class StateSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time in one state; ``until`` is None while it lasts.

    ``reason_id`` and ``reason`` (its name then, or a built-in key) are why it was a pause; ``due_at`` is when the pause
    went over its limit, or when the wrap-up was to end.
    """

    state: str
    reason: str
    since: datetime
    until: datetime | None
    reason_id: int | None = None
    due_at: datetime | None = None


class ReasonInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A reason to pause, also a retired one."""

    id: int
    name: str
    counts_as_work: bool
    limit_minutes: int | None
    active: bool


async def create_agent(
    session: AsyncSession,
    *,
    business_id: int,
    membership_id: int,
    name: str,
    at: datetime,
    short_number: str = "",
) -> AgentInfo:
    """Adds an agent with both phones (random 24-character passwords) and the next free short number.

    The caller commits and then publishes ConfigChanged. Raises BadInput or Conflict for a wrong or taken
    short number.
    """
    agent = await people.create_agent(
        session,
        business_id=business_id,
        membership_id=membership_id,
        name=name,
        at=at,
        short_number=short_number,
    )
    return _info(agent)


async def get(session: AsyncSession, agent_id: int) -> AgentInfo | None:
    """The agent, or None when there is none in this session's business."""
    agent = await queries.agent(session, agent_id)
    return _info(agent) if agent else None


async def by_membership(session: AsyncSession, membership_id: int) -> AgentInfo | None:
    """The agent of a membership, or None for people without a phone."""
    agent = await queries.by_membership(session, membership_id)
    return _info(agent) if agent else None


async def all_agents(session: AsyncSession, ids: Collection[int] | None = None) -> list[AgentInfo]:
    """The business's active agents by name (with a system session: of all businesses); ``ids`` limits them."""
    return [_info(agent) for agent in await queries.agents(session, ids=ids)]


async def by_ids(session: AsyncSession, ids: Collection[int]) -> dict[int, AgentInfo]:
    """Agents by id, also those who were switched off; ids that are not of this business are left out."""
    if not ids:
        return {}
    return {agent.id: _info(agent) for agent in await queries.agents(session, ids=ids, inactive=True)}


async def briefs(session: AsyncSession, ids: Collection[int]) -> dict[int, AgentBrief]:
    """Name cards of agents by id."""
    return {agent.id: AgentBrief(id=agent.id, name=agent.name) for agent in (await by_ids(session, ids)).values()}


async def for_rendering(session: AsyncSession) -> list[AgentWithDevices]:
    """Active agents with their phones, ordered by id; with a system session those of all businesses."""
    agents = sorted(await queries.agents(session), key=lambda a: a.id)
    devices: dict[int, list[DeviceInfo]] = {}
    for device in await queries.devices(session):
        devices.setdefault(device.agent_id, []).append(_device(device))
    return [AgentWithDevices(agent=_info(a), devices=tuple(devices.get(a.id, ()))) for a in agents]


async def device(session: AsyncSession, agent_id: int, kind: DeviceKind) -> DeviceInfo | None:
    """An agent's phone of a kind, with its password."""
    found = [one for one in await queries.devices(session, [agent_id]) if one.kind == kind]
    return _device(found[0]) if found else None


async def renew_password(services: Services, business_id: int, agent_id: int, kind: DeviceKind) -> None:
    """Gives a phone a new password; the phone must be set up anew. NotFound when there is no such phone."""
    await people.renew_password(services, business_id, agent_id, kind)


async def wanted_states(session: AsyncSession) -> dict[int, WantedState]:
    """What each active agent wants to be; with a system session for all businesses."""
    rows = await session.execute(select(Agent.id, Agent.wanted).where(Agent.active))
    return {agent_id: _wanted(wanted) for agent_id, wanted in rows}


async def set_wanted(
    services: Services, business_id: int, agent_id: int, wanted: WantedState, reason: str = ""
) -> None:
    """Chooses a state for an agent: kept in the database, told to live, queues follow. ``reason`` is a key or a name
    of the business's list. NotFound for a strange id, BadInput for an unknown reason.
    """
    await states.set_wanted(services, business_id, agent_id, wanted, reason)


async def pause_reasons(services: Services, business_id: int) -> dict[int, ReasonInfo]:
    """The business's reasons to pause by id, in their order, also those that were retired."""
    return {
        row.id: ReasonInfo(
            id=row.id,
            name=row.name,
            counts_as_work=row.counts_as_work,
            limit_minutes=row.limit_minutes,
            active=row.active,
        )
        for row in await reasons.listed(services, business_id, retired=True)
    }


async def reasons_for_directory(session: AsyncSession) -> dict[int, PauseReasonRef]:
    """All reasons for core.directory; use a system session."""
    return {
        row.id: PauseReasonRef(
            id=row.id,
            business_id=row.business_id,
            name=row.name,
            limit=None if row.limit_minutes is None else row.limit_minutes * 60,
        )
        for row in await queries.reasons(session, retired=True)
    }


async def spans(session: AsyncSession, agent_id: int, since: datetime, until: datetime) -> list[StateSpan]:
    """What an agent did between two moments, oldest first; the first and last stretch may reach beyond them."""
    return [_span(row) for row in await queries.spans(session, agent_id, since, until)]


async def all_spans(session: AsyncSession, since: datetime, until: datetime) -> list[tuple[int, StateSpan]]:
    """Every agent's stretches between two moments, oldest first: (agent, stretch); they may reach beyond."""
    return [(row.agent_id, _span(row)) for row in await queries.all_spans(session, since, until)]


async def stretches(
    session: AsyncSession, state: str, since: datetime, until: datetime, *, closed: bool = False
) -> list[tuple[int, datetime, datetime]]:
    """Every agent's stretches in ``state`` between two moments, cut at both: (agent, beginning, end).

    ``closed`` leaves out those that still last.
    """
    return await queries.stretches(session, state, since, until, closed=closed)


async def seconds_in_states(
    session: AsyncSession, since: datetime, until: datetime, agent_ids: Collection[int] | None = None
) -> dict[int, dict[str, float]]:
    """Per agent, the seconds spent in each state between two moments."""
    return await queries.seconds_in_states(session, since, until, agent_ids=agent_ids)


def _span(row: AgentStateSpan) -> StateSpan:
    return StateSpan(
        state=row.state,
        reason=row.reason,
        since=row.since,
        until=row.until,
        reason_id=row.reason_id,
        due_at=row.due_at,
    )


def _wanted(text: str) -> WantedState:
    if text == "ready":
        return "ready"
    return "paused" if text == "paused" else "offline"


def _info(agent: Agent) -> AgentInfo:
    return AgentInfo(
        id=agent.id,
        business_id=agent.business_id,
        membership_id=agent.membership_id,
        name=agent.name,
        short_number=agent.short_number,
        wanted=_wanted(agent.wanted),
        reason=agent.reason,
        wanted_since=agent.wanted_since,
        caller_number_id=agent.caller_number_id,
        active=agent.active,
        auto_dialed=agent.auto_dialed,
        auto_queue=agent.auto_queue,
        calls_out=agent.calls_out,
    )


def _device(device: Device) -> DeviceInfo:
    return DeviceInfo(
        agent_id=device.agent_id,
        kind="webrtc" if device.kind == "webrtc" else "sip",
        endpoint=device.endpoint,
        password=device.password,
    )
