"""What the HTTP side of one process is made of; put into the application once, read by middlewares and rendering."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from callcenter.config import Settings
from callcenter.http.assets import Assets
from callcenter.http.current import Current
from callcenter.http.routes import NavItem, Route
from callcenter.http.texts import Texts

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
LOCALE = ROOT / "callcenter" / "locale"

Identify = Callable[[web.Request], Awaitable[Current | None]]


@dataclass
class Site:
    """One per process. ``identify`` finds who asks (session cookie or token) and is given by the composition root."""

    settings: Settings
    identify: Identify
    texts: Texts
    assets: Assets
    environments: dict[str, Any] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    nav: tuple[NavItem, ...] = ()
    # aiohttp's own route object → ours; what is not in it (static files, unknown paths) needs no permission.
    by_route: dict[int, Route] = field(default_factory=dict)
    debug: bool = False
    # Whether an unexpected error means that the database is away (http does not know storage).
    is_outage: Callable[[BaseException], bool] = lambda error: False
    openapi: bytes | None = None


SITE = web.AppKey("site", Site)
REQUEST_ID = web.RequestKey("request_id", str)
LANGUAGE = web.RequestKey("language", str)


@cache
def catalogues() -> Texts:
    """The texts of this process, read once."""
    return Texts(LOCALE)


def site(request: web.Request) -> Site:
    """The site that serves ``request``."""
    return request.app[SITE]


def route_of(request: web.Request) -> Route | None:
    """The route that will answer, None for static files and unknown paths."""
    return site(request).by_route.get(id(request.match_info.route))


def is_api(request: web.Request) -> bool:
    """Whether the answer must be JSON, errors included."""
    return request.path.startswith("/api/v1/")


def is_fragment(request: web.Request) -> bool:
    """Whether the page's own script asks (htmx, fetch): such an answer must never navigate the shell away."""
    if request.headers.get("HX-Request") == "true":
        return True
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode != "navigate"
    accepted = request.headers.get("Accept", "*/*")
    return "text/html" not in accepted and "*/*" not in accepted
