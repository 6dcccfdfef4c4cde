"""Who asks: set by the sign-in middleware on every request, read by handlers with ``current(request)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from callcenter.core.errors import Forbidden, NotSignedIn
from callcenter.http.permissions import Role


@dataclass(frozen=True)
class Current:
    """The signed-in person in one business. ``agent_id`` is None for people without a phone."""

    user_id: int
    email: str
    name: str
    business_id: int
    business_name: str
    membership_id: int
    role: Role
    permissions: frozenset[str]
    agent_id: int | None
    language: str
    timezone: str
    theme: str
    via: Literal["session", "token"]
    session_id: int | None = None
    csrf: str = ""

    def can(self, permission: str) -> bool:
        """Whether this person has ``permission`` here."""
        return permission in self.permissions

    def need(self, permission: str) -> None:
        """Raises Forbidden unless this person has ``permission``."""
        if permission not in self.permissions:
            raise Forbidden("You have no permission for this. Ask an administrator of your company.")


CURRENT = web.RequestKey("current", Current)


def current(request: web.Request) -> Current:
    """The person who asks; raises NotSignedIn on routes that allow nobody and found nobody."""
    found = request.get(CURRENT)
    if found is None:
        raise NotSignedIn("Sign in first.")
    assert isinstance(found, Current)
    return found
