"""Reads of voice menus. A business session sees its own business, a system session all."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.ivr.models import Menu, MenuKey


async def menu(session: AsyncSession, menu_id: int) -> Menu | None:
    """The menu, or None when this business has no such."""
    return await session.scalar(select(Menu).where(Menu.id == menu_id))


async def menus(session: AsyncSession) -> list[Menu]:
    """All menus, the first created first."""
    return list(await session.scalars(select(Menu).order_by(Menu.id)))


async def keys(session: AsyncSession, menu_ids: Collection[int]) -> dict[int, list[MenuKey]]:
    """Keys by menu, in the order of the keypad: digits, then * and #."""
    found: dict[int, list[MenuKey]] = {}
    for key in await session.scalars(select(MenuKey).where(MenuKey.menu_id.in_(menu_ids))):
        found.setdefault(key.menu_id, []).append(key)
    for some in found.values():
        some.sort(key=lambda key: "1234567890*#".find(key.key))
    return found
