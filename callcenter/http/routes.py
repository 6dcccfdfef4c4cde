"""What a feature says about its routes; the server does sign-in, permission, CSRF and API description from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from aiohttp import web

from callcenter.core.i18n import N_

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
    """An entry of the shell's navigation: shown when the person has ``permission``. ``title`` is a gettext key.

    ``group`` (a key of GROUPS) puts it under a heading that opens, where a person sees three of it or more.
    """

    path: str
    title: str
    icon: str
    permission: str
    order: int
    short: str = ""
    below: bool = False
    group: Literal["", "routing", "service"] = ""


class NavGroup(NamedTuple):
    """A heading of the navigation with its entries; without ``title`` they stand by themselves."""

    title: str
    icon: str
    items: list[NavItem]


GROUPS = {"routing": (N_("Taking calls"), "branch"), "service": (N_("Settings"), "gear")}
LEAST = 3


def grouped(items: Iterable[NavItem]) -> list[NavGroup]:
    """The entries as they are shown, in their order; those of a group stand where its first one would."""
    found: dict[str, NavGroup] = {}
    for item in items:
        key = item.group or item.path
        title, icon = GROUPS.get(item.group, ("", ""))
        found.setdefault(key, NavGroup(title, icon, [])).items.append(item)
    return [one if len(one.items) >= LEAST else one._replace(title="") for one in found.values()]
