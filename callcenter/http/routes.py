"""What a feature says about its routes; the server does sign-in, permission, CSRF and API description from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Param:
    """A query parameter of an API route, for its description."""

    name: str
    description: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True)
class Route:
    """One route.

    ``permission`` is a name of http.permissions, or None for a route that needs no sign-in (write why beside it).
    Paths below ``/api/v1`` answer JSON, take a bearer token or the session cookie with a CSRF header, and stand in
    openapi.json with ``summary``, ``body``, ``returns`` (msgspec types) and ``params``. Other paths are pages.
    ``any_of`` widens: one of these permissions is enough (the handler then narrows what is seen).
    ``open`` routes are for everybody's pages and programs, also for forms on other sites: nobody is looked for behind
    the request, whatever cookie or token it carries, so that nothing can be done in anybody's name.
    """

    method: str
    path: str
    handler: Handler
    permission: str | None
    any_of: tuple[str, ...] = ()
    summary: str = ""
    body: Any = None
    returns: Any = None
    params: tuple[Param, ...] = ()
    status: int = 200
    media: str = "application/json"
    open: bool = False

    def __post_init__(self) -> None:
        """An open route knows nobody, so it can need no permission."""
        if self.open and self.permission is not None:
            raise ValueError(f"{self.path} is open and needs {self.permission}")


@dataclass(frozen=True)
class NavItem:
    """An entry of the shell's navigation: shown when the person has ``permission``. ``title`` is a gettext key."""

    path: str
    title: str
    icon: str
    permission: str
    order: int
    short: str = ""
    below: bool = False
