"""The door to prompts for other features: choose one, name it, say who uses it, have the sounds made.

What stands in a prompt field of a number, queue or menu is the sound file's name (``rules.NAME``); '' is none.
"""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.prompts import queries, rules
from callcenter.features.prompts.models import Prompt
from callcenter.features.prompts.usecases.registry import Use, add_user
from callcenter.features.prompts.usecases.sounds import ensure_sounds, lay_all

__all__ = [
    "Choice",
    "Use",
    "add_user",
    "all_prompts",
    "audio_url",
    "choices",
    "ensure_sounds",
    "exists",
    "lay_all",
    "names",
]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An option of a select box. The title of a ``stock`` prompt is a gettext key, that of an own one is text."""

    name: str
    title: str
    stock: bool = False


async def all_prompts(session: AsyncSession) -> list[Prompt]:
    """The business's own prompts by title."""
    return await queries.rows(session)


async def choices(session: AsyncSession) -> list[Choice]:
    """What can be chosen: own prompts by title, then the stock set."""
    own = [Choice(name=one.name, title=one.title) for one in await queries.rows(session)]
    return own + [Choice(name=name, title=title, stock=True) for name, title in rules.STOCK.items()]


async def names(session: AsyncSession) -> dict[str, str]:
    """Titles by name; those of the stock set are gettext keys."""
    return {one.name: one.title for one in await choices(session)}


async def exists(session: AsyncSession, name: str) -> bool:
    """Whether the business may play the sound ``name``: its own one, or one of the stock set."""
    return name in rules.STOCK or await queries.by_name(session, name) is not None


def audio_url(name: str) -> str:
    """The address that plays a prompt on a page."""
    return f"/api/v1/prompts/audio/{name}"
