"""The door to numbers and trunks for other features: lists for rendering, the directory and name cards."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.directory import NumberRef, TrunkRef
from callcenter.features.numbers import queries, usecases
from callcenter.features.numbers.models import Number
from callcenter.features.numbers.rules import Takers, TargetKind
from callcenter.live.views import NumberBrief

__all__ = [
    "NumberInfo", "TrunkInfo", "all_numbers", "briefs", "by_ids", "create_number", "create_trunk", "directory_numbers",
    "directory_trunks", "get", "info_of", "trunks",
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
    takers: str
    record: bool
    active: bool
    created_at: datetime


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


async def trunks(session: AsyncSession) -> list[TrunkInfo]:
    """Active trunks with passwords, for rendering."""
    return [
        TrunkInfo(
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
        )
        for one in await queries.trunks(session)
    ]


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
        takers=number.takers,
        record=number.record,
        active=number.active,
        created_at=number.created_at,
    )
