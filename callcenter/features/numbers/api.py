"""The door to numbers and trunks for other features: lists for rendering, the directory and name cards."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core import routing
from callcenter.core.directory import NumberRef, TrunkRef
from callcenter.core.routing import Forward, Goal, Hours
from callcenter.features.numbers import queries, usecases
from callcenter.features.numbers.models import Number, Trunk
from callcenter.features.numbers.rules import Takers, TargetKind
from callcenter.features.numbers.usecases.binding import reclaim
from callcenter.features.numbers.usecases.callers import Callers, callers, confirmed, forwardable
from callcenter.features.numbers.usecases.fields import NumberPatch
from callcenter.features.numbers.usecases.hours import employee_zones, takers
from callcenter.features.numbers.usecases.hours import is_open as _is_open
from callcenter.features.numbers.usecases.operators import OperatorForm, Use, unrecorded, uses
from callcenter.features.numbers.usecases.operators import put as put_operator
from callcenter.features.numbers.usecases.prompts import choices as prompt_choices
from callcenter.features.numbers.usecases.prompts import exists as prompt_exists
from callcenter.live.views import NumberBrief

__all__ = [
    "Callers", "DayInfo", "NumberInfo", "NumberPatch", "OperatorForm", "Trunk", "TrunkInfo", "Use",
    "add_for_all", "all_numbers", "bind_trunk", "briefs", "by_ids", "callers", "confirmed", "create_number",
    "create_trunk", "directory_numbers", "directory_trunks", "employee_zones", "forwardable", "get", "has_line",
    "info_of", "is_open", "prompt_choices", "prompt_exists", "put_back", "put_operator", "reclaim",
    "special_days", "takers", "trunk_info", "trunks", "unrecorded", "uses",
]  # fmt: skip


class NumberInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A number as other features see it; fields as in the table."""

    id: int
    business_id: int
    trunk_id: int | None
    e164: str
    title: str
    kind: str
    agent_id: int | None
    target_kind: str
    target_id: int | None
    greeting: str
    waiting: str
    busy: str
    nobody: str
    closed: str
    hours: Hours | None
    closed_target: Goal | None
    menu_id: int | None
    own_first: bool
    last_days: int
    own_seconds: int
    forward: Forward
    priority: int
    missed_agent_id: int | None
    takers: str
    record: bool
    outgoing: bool
    active: bool
    created_at: datetime


class DayInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A day with hours of its own; without ``spans`` (minutes) a holiday."""

    business_id: int
    day: date
    title: str
    spans: tuple[tuple[int, int], ...]


class TrunkInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A trunk for the rendering of pjsip.conf. Its password is left out of the text form, so logs lack it."""

    id: int
    business_id: int
    name: str
    host: str
    port: int
    match: str
    username: str
    password: str
    register: bool
    active: bool
    number: str = ""
    domain: str = ""
    codecs: str = "ulaw,alaw"
    caller_rule: str = "number"
    caller_id: str = ""
    backup: bool = False
    position: int = 0
    qualify_seconds: int = 0

    def __repr__(self) -> str:
        return f"TrunkInfo(id={self.id!r}, host={self.host!r})"


async def all_numbers(session: AsyncSession, *, inactive: bool = False) -> list[NumberInfo]:
    """The business's numbers by date added (with a system session: of all businesses)."""
    return [info_of(one) for one in await queries.numbers(session, inactive=inactive)]


async def get(session: AsyncSession, number_id: int) -> NumberInfo | None:
    """The number, or None when this business has no such."""
    found = await queries.number(session, number_id)
    return info_of(found) if found else None


async def by_ids(session: AsyncSession, ids: Collection[int]) -> dict[int, NumberInfo]:
    """Numbers by id, also those that were switched off."""
    if not ids:
        return {}
    return {one.id: info_of(one) for one in await queries.numbers(session, ids=ids, inactive=True)}


async def briefs(session: AsyncSession, ids: Collection[int]) -> dict[int, NumberBrief]:
    """Name cards by id, also of numbers that were switched off."""
    if not ids:
        return {}
    found = await queries.numbers(session, ids=ids, inactive=True)
    return {one.id: NumberBrief(id=one.id, e164=one.e164, title=one.title, kind=one.kind) for one in found}


async def is_open(session: AsyncSession, number_id: int, at: datetime, company_zone: str) -> bool:
    """Whether a number's callers are led on at ``at`` (working hours, special days); also when there is no such."""
    found = await queries.number(session, number_id)
    return found is None or await _is_open(session, found, at, company_zone)


async def special_days(session: AsyncSession) -> list[DayInfo]:
    """Days with hours of their own, by date (with a system session: of all businesses)."""
    return [
        DayInfo(
            business_id=one.business_id,
            day=one.day,
            title=one.title,
            spans=tuple((int(begin), int(end)) for begin, end in one.spans),
        )
        for one in await queries.special_days(session)
    ]


async def trunks(session: AsyncSession) -> list[TrunkInfo]:
    """Active trunks with passwords, for rendering."""
    return [trunk_info(one) for one in await queries.trunks(session)]


def trunk_info(one: Trunk) -> TrunkInfo:
    """The row as a plain record."""
    return TrunkInfo(
        id=one.id,
        business_id=one.business_id,
        name=one.name,
        host=one.host,
        port=one.port,
        match=one.match,
        username=one.username,
        password=one.password,
        register=one.register,
        active=one.active,
        number=one.number,
        domain=one.domain,
        codecs=one.codecs,
        caller_rule=one.caller_rule,
        caller_id=one.caller_id,
        backup=one.backup,
        position=one.position,
        qualify_seconds=one.qualify_seconds,
    )


async def has_line(session: AsyncSession) -> bool:
    """Whether the business has a trunk to call out by; also when it never had any, as nothing is known then."""
    found = await queries.trunks(session, inactive=True)
    return not found or any(one.active for one in found)


async def directory_numbers(session: AsyncSession) -> dict[int, NumberRef]:
    """Numbers for core.directory; use a system session."""
    return {
        one.id: NumberRef(
            id=one.id,
            business_id=one.business_id,
            e164=one.e164,
            title=one.title,
            kind=one.kind,
            agent_id=one.agent_id,
        )
        for one in await queries.numbers(session)
    }


async def directory_trunks(session: AsyncSession) -> dict[int, TrunkRef]:
    """Trunks for core.directory; use a system session."""
    return {
        one.id: TrunkRef(id=one.id, business_id=one.business_id, name=one.name) for one in await queries.trunks(session)
    }


async def create_trunk(
    session: AsyncSession,
    *,
    business_id: int,
    name: str,
    host: str,
    at: datetime,
    port: int = 5060,
    match: str = "",
    username: str = "",
    password: str = "",
    register: bool = False,
) -> int:
    """Adds a trunk and gives its id; commit, then publish ConfigChanged."""
    return await usecases.create_trunk(
        session,
        business_id=business_id,
        name=name,
        host=host,
        at=at,
        port=port,
        match=match,
        username=username,
        password=password,
        register=register,
    )


async def bind_trunk(session: AsyncSession, number_id: int, trunk_id: int) -> None:
    """Calls of a number go and come over a trunk from now on; commit, then publish ConfigChanged."""
    found = await queries.number(session, number_id)
    if found is not None:
        found.trunk_id, found.active = trunk_id, True


async def add_for_all(
    session: AsyncSession, *, business_id: int, e164: str, title: str, trunk_id: int, at: datetime
) -> None:
    """Adds a number of a trunk whose calls all employees take; commit, then publish ConfigChanged."""
    made = await create_number(
        session, business_id=business_id, e164=e164, at=at, title=title, takers="all", trunk_id=trunk_id
    )
    number = await queries.number(session, made.id)
    if number is not None:
        await usecases.serve_by_all(session, number, at)


async def create_number(
    session: AsyncSession,
    *,
    business_id: int,
    e164: str,
    at: datetime,
    title: str = "",
    kind: str = "multichannel",
    agent_id: int | None = None,
    target_kind: TargetKind = "queue",
    target_id: int | None = None,
    greeting: str = "",
    takers: Takers = "",
    record: bool = True,
    trunk_id: int | None = None,
) -> NumberInfo:
    """Adds a number; commit, then publish ConfigChanged. Raises BadInput or Conflict."""
    number = await usecases.create_number(
        session,
        business_id=business_id,
        e164=e164,
        at=at,
        title=title,
        kind=kind,
        agent_id=agent_id,
        target_kind=target_kind,
        target_id=target_id,
        greeting=greeting,
        takers=takers,
        record=record,
        trunk_id=trunk_id,
    )
    return info_of(number)


async def put_back(
    session: AsyncSession,
    business_id: int,
    *,
    numbers: Iterable[NumberInfo],
    trunks: Iterable[TrunkInfo],
    days: Iterable[DayInfo],
) -> None:
    """Makes numbers, trunks and special days what they were; others are switched off. Commit, then apply."""
    kept = {one.day: (one.title, [list(span) for span in one.spans]) for one in days}
    await usecases.put_back(session, business_id, numbers=numbers, trunks=trunks, days=kept)


def info_of(number: Number) -> NumberInfo:
    """The row as a plain record."""
    return NumberInfo(
        id=number.id,
        business_id=number.business_id,
        trunk_id=number.trunk_id,
        e164=number.e164,
        title=number.title,
        kind=number.kind,
        agent_id=number.agent_id,
        target_kind=number.target_kind,
        target_id=number.target_id,
        greeting=number.greeting,
        waiting=number.waiting,
        busy=number.busy,
        nobody=number.nobody,
        closed=number.closed,
        hours=routing.hours(number.hours),
        closed_target=routing.goal(number.closed_target),
        menu_id=number.menu_id,
        own_first=number.own_first,
        last_days=number.last_days,
        own_seconds=number.own_seconds,
        forward=routing.forward(number.forward),
        priority=number.priority,
        missed_agent_id=number.missed_agent_id,
        takers=number.takers,
        record=number.record,
        outgoing=number.outgoing,
        active=number.active,
        created_at=number.created_at,
    )
