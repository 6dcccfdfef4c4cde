"""Who uses a prompt: features that play prompts say so here, so that none is deleted under a caller's ear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a prompt is played: ``title`` as people know it (a name of theirs), the page to change it on."""

    title: str
    link: str = ""


User = Callable[[AsyncSession, str], Awaitable[list[Use]]]
_users: list[User] = []


def add_user(user: User) -> None:
    """``user(session, name)`` says where the prompt ``name`` is used in the session's business."""
    if user not in _users:
        _users.append(user)


async def uses(session: AsyncSession, name: str) -> list[Use]:
    """All places where a prompt is used."""
    return [use for user in _users for use in await user(session, name)]
