"""Where prompts are played."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.prompts import api as prompts
from callcenter.features.queues import api as queues


async def uses(session: AsyncSession, name: str) -> list[prompts.Use]:
    """Where a prompt is played: numbers, menus and queues of the session's business, whatever field names it."""
    found = [
        prompts.Use(title=number.title or number.e164, link=f"/numbers/{number.id}#prompts")
        for number in await numbers.all_numbers(session)
        if _mentions(msgspec.to_builtins(number), name)
    ]
    found += [
        prompts.Use(title=menu.name)
        for menu in await ivr.all_menus(session)
        if _mentions(msgspec.to_builtins(menu), name)
    ]
    return found + [
        prompts.Use(title=queue.name, link="/queues")
        for queue in await queues.all_queues(session)
        if _mentions(msgspec.to_builtins(queue), name)
    ]


def _mentions(value: object, name: str) -> bool:
    if isinstance(value, dict):
        return any(_mentions(part, name) for part in value.values())
    if isinstance(value, list | tuple):
        return any(_mentions(part, name) for part in value)
    return value == name
