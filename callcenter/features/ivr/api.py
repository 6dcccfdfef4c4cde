"""The door to voice menus for other features: lists for rendering and for choosing a target."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.ivr import queries
from callcenter.features.ivr.models import Menu, MenuKey


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a key does: ``action`` queue, agent, menu, repeat or hangup with ``target_id``."""

    key: str
    action: str
    target_id: int | None


class MenuInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A voice menu with its keys; ``prompt`` is a prompt's name, ``wait_seconds`` how long it waits for a key."""

    id: int
    business_id: int
    name: str
    prompt: str
    wait_seconds: int
    repeats: int
    timeout_action: str
    timeout_target_id: int | None
    keys: tuple[KeyInfo, ...] = ()


async def all_menus(session: AsyncSession) -> list[MenuInfo]:
    """Menus with keys (with a system session: of all businesses)."""
    found = await queries.menus(session)
    keys = await queries.keys(session, [one.id for one in found]) if found else {}
    return [_info(one, keys.get(one.id, [])) for one in found]


async def get(session: AsyncSession, menu_id: int) -> MenuInfo | None:
    """The menu, or None when this business has no such."""
    found = await queries.menu(session, menu_id)
    if found is None:
        return None
    return _info(found, (await queries.keys(session, [menu_id])).get(menu_id, []))


async def create_menu(
    session: AsyncSession,
    *,
    business_id: int,
    name: str,
    at: datetime,
    prompt: str = "",
    wait_seconds: int = 5,
    repeats: int = 2,
    timeout_action: str = "hangup",
    timeout_target_id: int | None = None,
    keys: Mapping[str, tuple[str, int | None]] | None = None,
) -> MenuInfo:
    """Adds a menu; ``keys`` maps a key to (action, target). Commit, then publish ConfigChanged."""
    menu = Menu(
        business_id=business_id,
        name=name,
        prompt=prompt,
        wait_seconds=wait_seconds,
        repeats=repeats,
        timeout_action=timeout_action,
        timeout_target_id=timeout_target_id,
        created_at=at,
    )
    session.add(menu)
    await session.flush()
    rows = [
        MenuKey(business_id=business_id, menu_id=menu.id, key=key, action=action, target_id=target)
        for key, (action, target) in (keys or {}).items()
    ]
    session.add_all(rows)
    await session.flush()
    return _info(menu, rows)


def _info(menu: Menu, keys: Collection[MenuKey]) -> MenuInfo:
    return MenuInfo(
        id=menu.id,
        business_id=menu.business_id,
        name=menu.name,
        prompt=menu.prompt,
        wait_seconds=menu.wait_seconds,
        repeats=menu.repeats,
        timeout_action=menu.timeout_action,
        timeout_target_id=menu.timeout_target_id,
        keys=tuple(KeyInfo(key=one.key, action=one.action, target_id=one.target_id) for one in keys),
    )
