"""Who uses scripts: features that do (dial lists) say so here, so that none is taken away under them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

User = Callable[[AsyncSession, int], Awaitable[list[str]]]
"""``user(session, script_id)`` names what uses the script in the session's business."""
_users: list[User] = []


def add_user(user: User) -> None:
    """Adds somebody who uses scripts; features call this when they are loaded."""
    if user not in _users:
        _users.append(user)


async def users(session: AsyncSession, script_id: int) -> list[str]:
    """What uses a script, each by its name once."""
    return list(dict.fromkeys([name for user in _users for name in await user(session, script_id)]))
