"""Other features' records as the configuration's model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast, get_args

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.routing import Goal
from callcenter.features.accounts.api import BusinessInfo
from callcenter.features.agents.api import AgentWithDevices
from callcenter.features.dialplan.models import RoutingOwn, RoutingPath, RoutingVersion
from callcenter.features.dialplan.rules import versions
from callcenter.features.ivr.api import MenuInfo
from callcenter.features.numbers.api import Callers, DayInfo, NumberInfo, TrunkInfo, Use
from callcenter.features.queues.api import QueueInfo
from callcenter.telephony.config.model import (
    HANGUP,
    Activity,
    Agent,
    Business,
    CallerRule,
    Device,
    Forward,
    Hours,
    Key,
    Menu,
    Number,
    Queue,
    SpecialDay,
    Target,
    TargetKind,
    Trunk,
)

_KINDS = frozenset(get_args(TargetKind))
_ACTIVITIES = frozenset(get_args(Activity))


def target(kind: str, target_id: int | None, number: str = "", prompt: str = "") -> Target:
    """Where a call goes; what is not known ends the call as one that cannot be led anywhere."""
    if kind not in _KINDS:
        return Target(kind="queue", id=None)
    return Target(kind=cast(TargetKind, kind), id=target_id, number=number, prompt=prompt)


def goal(found: Goal | None) -> Target | None:
    """A stored goal as a target."""
    return None if found is None else target(found.kind, found.id, found.number, found.prompt)


def businesses(
    found: Sequence[BusinessInfo], days: Sequence[DayInfo], callers: Mapping[int, Callers] | None = None
) -> tuple[Business, ...]:
    """Businesses with their special days; ``callers`` say what is seen of their calls out."""
    return tuple(
        Business(
            id=one.id,
            name=one.name,
            language=one.language,
            days=tuple(SpecialDay(day=d.day, spans=d.spans) for d in days if d.business_id == one.id),
            emergency=str(one.settings.get("emergency_prompt", "")),
            shown=callers[one.id].shown(None) if callers and one.id in callers else "",
        )
        for one in found
    )


def numbers(
    found: Sequence[NumberInfo],
    zones: Mapping[int, str] | None = None,
    employees: Mapping[int, Sequence[str]] | None = None,
    mobiles: Mapping[int, Sequence[str]] | None = None,
    ranked: Collection[int] = (),
    uses: Mapping[int, Use] | None = None,
    forwardable: Collection[tuple[int, str]] | None = None,
) -> tuple[Number, ...]:
    """Numbers; a personal one goes to its owner.

    ``zones`` are the businesses' time zones, ``employees`` those of the people who take a number's calls, ``mobiles``
    their own telephones, by number; ``ranked`` are businesses where tags and lists of clients have priorities. ``uses``
    are numbers with operators; ``forwardable`` (business, number) are confirmed, None = nothing is asked for.
    """
    everybody = Use()
    return tuple(
        Number(
            id=one.id,
            business_id=one.business_id,
            e164=one.e164,
            title=one.title,
            trunk_id=one.trunk_id,
            target=target("agent", one.agent_id) if one.kind == "personal" else target(one.target_kind, one.target_id),
            greeting=one.greeting,
            waiting=one.waiting,
            busy=one.busy,
            nobody=one.nobody,
            closed=one.closed,
            hours=_hours(one, (zones or {}).get(one.business_id, "UTC"), (employees or {}).get(one.id, ())),
            closed_target=goal(one.closed_target) or HANGUP,
            menu_id=one.menu_id,
            own_first=one.own_first,
            last_days=one.last_days,
            own_seconds=one.own_seconds,
            forward=_forward(one, (mobiles or {}).get(one.id, ()), forwardable),
            priority=one.priority,
            ranked=one.business_id in ranked,
            record=one.record,
            outgoing=one.outgoing,
            callers=(uses or {}).get(one.id, everybody).callers,
            silent=(uses or {}).get(one.id, everybody).silent,
        )
        for one in found
        if one.active
    )


def _hours(number: NumberInfo, company: str, employees: Sequence[str]) -> Hours | None:
    if number.hours is None:
        return None
    if number.hours.zone == "employees":
        zones = tuple(sorted(set(employees))) or (company,)
    else:
        zones = (number.hours.zone or company,)
    return Hours(zones=zones, week=number.hours.week)


def _forward(
    number: NumberInfo, mobiles: Sequence[str], forwardable: Collection[tuple[int, str]] | None
) -> Forward | None:
    wish = number.forward
    # A number that lost its confirmation takes no calls; the number's page says so.
    one = wish.number and (forwardable is None or (number.business_id, wish.number) in forwardable)
    numbers = {"one": (wish.number,) if one else (), "own": tuple(mobiles)}.get(wish.mode, ())
    if not numbers:
        return None
    return Forward(numbers=numbers, seconds=wish.seconds, attempts=wish.attempts, show=wish.show)


def trunks(found: Sequence[TrunkInfo]) -> tuple[Trunk, ...]:
    """Trunks that are in use."""
    return tuple(
        Trunk(
            id=one.id,
            business_id=one.business_id,
            name=one.name,
            host=one.host,
            port=one.port,
            match=one.match,
            username=one.username,
            password=one.password,
            register=one.register,
            number=one.number,
            domain=one.domain,
            codecs=tuple(one.codecs.split(",")),
            caller_rule=cast(CallerRule, one.caller_rule),
            caller_id=one.caller_id,
            backup=one.backup,
            position=one.position,
            qualify_seconds=one.qualify_seconds,
        )
        for one in found
        if one.active
    )


def menus(found: Sequence[MenuInfo]) -> tuple[Menu, ...]:
    """Voice menus with their keys."""
    return tuple(
        Menu(
            id=one.id,
            business_id=one.business_id,
            name=one.name,
            prompt=one.prompt,
            wait_seconds=one.wait_seconds,
            repeats=one.repeats,
            activity=cast(Activity, one.activity) if one.activity in _ACTIVITIES else "always",
            timeout=target(one.timeout_action, one.timeout_target_id, one.timeout_number, one.timeout_prompt),
            keys=tuple(
                Key(key=key.key, target=target(key.action, key.target_id, key.number, key.prompt)) for key in one.keys
            ),
        )
        for one in found
    )


def queues(found: Sequence[QueueInfo]) -> tuple[Queue, ...]:
    """Queues that are in use."""
    return tuple(
        Queue(
            id=one.id,
            business_id=one.business_id,
            name=one.name,
            strategy=one.asterisk_strategy,
            ring_seconds=one.ring_seconds,
            wrapup_seconds=one.wrapup_seconds,
            max_wait=one.max_wait,
            max_callers=one.max_callers,
            announce_seconds=one.announce_seconds,
            callback_key=one.callback_key,
            overflow=goal(one.overflow),
            asked=one.asked,
            survey=one.survey,
            music=one.music,
        )
        for one in found
        if one.active
    )


def agents(
    found: Sequence[AgentWithDevices], callers: Mapping[int, Callers] | None = None, now: datetime | None = None
) -> tuple[Agent, ...]:
    """Agents with their phones, the browser first; ``callers`` say who may call out ``now`` and what is seen then."""
    return tuple(
        Agent(
            id=one.agent.id,
            business_id=one.agent.business_id,
            name=one.agent.name,
            short_number=one.agent.short_number,
            caller_number_id=one.agent.caller_number_id,
            auto_queue=one.agent.auto_queue,
            calls_out=one.agent.calls_out,
            **_calls_out(one.agent.id, (callers or {}).get(one.agent.business_id), now),
            devices=tuple(
                Device(kind=phone.kind, password=phone.password)
                for phone in sorted(one.devices, key=lambda phone: phone.kind != "webrtc")
            ),
        )
        for one in found
        if one.agent.active
    )


def _calls_out(agent_id: int, callers: Callers | None, now: datetime | None) -> dict[str, Any]:
    if callers is None or now is None:
        return {}
    return {"shown": callers.shown(agent_id), "barred": not callers.allowed(agent_id, now)}


async def live_versions(session: AsyncSession) -> dict[int, RoutingVersion]:
    """The newest applied version of each business that the session sees, by business."""
    newest = (
        select(func.max(RoutingVersion.number).label("number"), RoutingVersion.business_id)
        .where(RoutingVersion.state == versions.APPLIED)
        .group_by(RoutingVersion.business_id)
        .subquery()
    )
    found = await session.scalars(
        select(RoutingVersion).join(
            newest,
            (RoutingVersion.business_id == newest.c.business_id) & (RoutingVersion.number == newest.c.number),
        )
    )
    return {one.business_id: one for one in found}


async def live_version(session: AsyncSession) -> RoutingVersion | None:
    """The business's newest applied version (business session)."""
    found = select(RoutingVersion).where(RoutingVersion.state == versions.APPLIED)
    return await session.scalar(found.order_by(RoutingVersion.number.desc()).limit(1))


async def version(session: AsyncSession, number: int) -> RoutingVersion | None:
    """The business's version with this number."""
    return await session.scalar(select(RoutingVersion).where(RoutingVersion.number == number))


async def version_list(session: AsyncSession, *, skip: int, count: int) -> tuple[list[Any], int]:
    """The business's versions, the newest first, without their documents; and how many there are."""
    table = RoutingVersion.__table__
    columns = [getattr(RoutingVersion, c.key) for c in table.columns if c.key != "document"]
    rows = await session.execute(select(*columns).order_by(RoutingVersion.number.desc()).offset(skip).limit(count))
    total = await session.scalar(select(func.count()).select_from(RoutingVersion)) or 0
    return list(rows), total


async def last_number(session: AsyncSession) -> int:
    """The number of the business's newest version; 0 when it has none."""
    return await session.scalar(select(func.max(RoutingVersion.number))) or 0


async def last_number_of(session: AsyncSession, business_id: int) -> int:
    """The same for a system session."""
    newest = select(func.max(RoutingVersion.number)).where(RoutingVersion.business_id == business_id)
    return await session.scalar(newest) or 0


async def unfinished(session: AsyncSession) -> list[RoutingVersion]:
    """Versions whose apply has not ended (system session: of all businesses)."""
    return list(await session.scalars(select(RoutingVersion).where(RoutingVersion.state == versions.APPLYING)))


async def own_texts(session: AsyncSession, businesses: Iterable[int]) -> dict[int, str]:
    """The drafts of own dialplan by business; '' where there is none."""
    found = {one.business_id: one.text for one in await session.scalars(select(RoutingOwn))}
    return {business_id: found.get(business_id, "") for business_id in businesses}


async def paths(session: AsyncSession, business_id: int) -> list[RoutingPath]:
    """The ways that shall stay as they are."""
    found = select(RoutingPath).where(RoutingPath.business_id == business_id).order_by(RoutingPath.id)
    return list(await session.scalars(found))


async def path(session: AsyncSession, path_id: int) -> RoutingPath | None:
    """One of them, or None when the business has no such."""
    return await session.scalar(select(RoutingPath).where(RoutingPath.id == path_id))
