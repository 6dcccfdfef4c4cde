"""Who uses scripts (none is taken away under them), and who goes by how talks end: features say so here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.calls import api as calls
from callcenter.http.current import Current
from callcenter.plugin import Services


class Said(NamedTuple):
    """An outcome that was chosen: ``kind`` (rules.OUTCOMES) is what follows of it, ``before`` what followed of the one
    that it replaces ('' = none); ``title`` is its name.
    """

    call: calls.Taken
    kind: str
    before: str
    title: str


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


Follower = Callable[[AsyncSession, Services, Current, Said], Awaitable[None]]
"""Does what follows of an outcome, in the transaction that keeps it."""
_followers: list[Follower] = []


def add_follower(follower: Follower) -> None:
    """Adds somebody who goes by how talks end; features call this when they are loaded."""
    if follower not in _followers:
        _followers.append(follower)


async def follow(session: AsyncSession, services: Services, person: Current, said: Said) -> None:
    """Has everybody do what follows of an outcome."""
    for one in _followers:
        await one(session, services, person, said)
