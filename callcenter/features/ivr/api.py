"""The door to voice menus for other features: lists for rendering and for choosing a target."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.clock import SystemClock
from callcenter.features.ivr import queries, rules
from callcenter.features.ivr.models import Menu, MenuKey
from callcenter.features.ivr.rules import ACTIVITIES, KEYS, Fault, Known, Line, MenuForm, MenuKeyForm
from callcenter.features.ivr.usecases import (
    PromptChoice,
    add_pointing,
    change,
    create,
    known,
    lines,
    make_main,
    pointing,
    prompt_choices,
)
from callcenter.storage import putback

__all__ = [
    "ACTIVITIES", "KEYS", "Fault", "KeyInfo", "Known", "Line", "MenuForm", "MenuInfo", "MenuKeyForm", "PromptChoice",
    "add_pointing", "all_menus", "change", "create", "create_menu", "faults", "get", "known", "lines", "main_menu",
    "make_main", "pointing", "prompt_choices", "put_back", "ways",
]  # fmt: skip
faults, ways = rules.faults, rules.ways


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a key does; fields as in the table."""

    key: str
    action: str
    target_id: int | None
    number: str = ""
    prompt: str = ""


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
    timeout_number: str = ""
    timeout_prompt: str = ""
    activity: str = "always"
    main: bool = False
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


async def main_menu(session: AsyncSession) -> MenuInfo | None:
    """The menu that pages of numbers offer first (INB-26); None when there is no menu."""
    found = [one for one in await all_menus(session) if one.main]
    return found[0] if found else None


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
    """Adds a menu without checks; ``keys`` maps a key to (action, target). Commit, then publish ConfigChanged.

    A business's first menu is its main one.
    """
    menu = Menu(
        main=not await queries.menus(session),
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


async def put_back(session: AsyncSession, business_id: int, found: Iterable[MenuInfo]) -> None:
    """Makes menus and their keys what they were; others are deleted. Commit, then apply (business session)."""
    menus = list(found)
    rows = [msgspec.structs.asdict(one) for one in menus]
    for gone in await putback.put_back(session, Menu, business_id, rows, created_at=SystemClock().now()):
        await session.delete(gone)
    columns = set(MenuKey.__table__.columns.keys())
    wanted = {
        (menu.id, one.key): {k: v for k, v in msgspec.structs.asdict(one).items() if k in columns}
        for menu in menus
        for one in menu.keys
    }
    for row in await session.scalars(select(MenuKey)):
        values = wanted.pop((row.menu_id, row.key), None)
        if values is None:
            await session.delete(row)
            continue
        for name, value in values.items():
            setattr(row, name, value)
    await session.flush()
    session.add_all(
        MenuKey(**{**values, "business_id": business_id, "menu_id": menu_id}) for (menu_id, _), values in wanted.items()
    )
    await session.flush()


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
        timeout_number=menu.timeout_number,
        timeout_prompt=menu.timeout_prompt,
        activity=menu.activity,
        main=menu.main,
        keys=tuple(
            KeyInfo(key=one.key, action=one.action, target_id=one.target_id, number=one.number, prompt=one.prompt)
            for one in keys
        ),
    )
