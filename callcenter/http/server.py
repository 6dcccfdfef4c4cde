"""Puts routes, middlewares, templates and static files into one aiohttp application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from aiohttp import web

from callcenter.config import Settings
from callcenter.http import middleware, templates
from callcenter.http.assets import Assets
from callcenter.http.openapi import openapi_routes
from callcenter.http.routes import NavItem, Route
from callcenter.http.site import SITE, WEB, Identify, Site, catalogues, site
from callcenter.http.texts import LANGUAGES

MAX_BODY = 2 * 1024 * 1024


def make(
    settings: Settings,
    *,
    routes: Iterable[Route],
    nav: Iterable[NavItem],
    identify: Identify,
    health: Callable[[web.Request], Awaitable[web.Response]],
    is_outage: Callable[[BaseException], bool],
) -> web.Application:
    """The application: ``health`` answers ``/healthz``, ``identify`` finds who asks, ``is_outage`` knows storage."""
    texts = catalogues()
    assets = Assets(WEB / "static")
    debug = settings.log_level.upper() == "DEBUG"
    here = Site(
        settings=settings,
        identify=identify,
        texts=texts,
        assets=assets,
        environments=templates.environments(WEB, texts, assets, debug=debug),
        nav=tuple(nav),
        debug=debug,
        is_outage=is_outage,
    )
    app = web.Application(
        middlewares=[
            middleware.request_id,
            middleware.errors,
            middleware.address,
            middleware.sign_in,
            middleware.permission,
            middleware.csrf,
        ],
        client_max_size=MAX_BODY,
    )
    app[SITE] = here
    all_routes = [*routes, *openapi_routes()]
    here.routes = tuple(all_routes)
    for route in all_routes:
        add(app, here, route)
    app.router.add_get("/static/{name:.+}", assets.serve)
    app.router.add_get("/texts/{language}.json", _texts)
    app.router.add_get("/healthz", health)
    secure = settings.public_url.startswith("https://")
    app.on_response_prepare.append(middleware.security_headers(content_policy(settings), secure=secure))
    return app


def add(app: web.Application, here: Site, route: Route) -> None:
    """Adds one route; GET answers HEAD too."""
    if route.method == "GET":
        resource = app.router.add_resource(route.path)
        for method in ("GET", "HEAD"):
            here.by_route[id(resource.add_route(method, route.handler))] = route
        return
    here.by_route[id(app.router.add_route(route.method, route.path, route.handler))] = route


def content_policy(settings: Settings) -> str:
    """The Content-Security-Policy: own scripts only, and the phone's WebSocket at Asterisk."""
    hosts = {"127.0.0.1", "localhost"}
    if public := urlsplit(settings.public_url).hostname:
        hosts.add(public)
    sockets = {f"ws://{host}:{settings.asterisk_http_port}" for host in hosts}
    if settings.sip_ws_url:
        parts = urlsplit(settings.sip_ws_url)
        sockets.add(f"{parts.scheme}://{parts.netloc}")
    if settings.public_url:
        sockets |= {f"wss://{urlsplit(settings.public_url).netloc}", f"ws://{urlsplit(settings.public_url).netloc}"}
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            # Widths of bars and positions stand in style attributes; they can run nothing.
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            f"connect-src 'self' {' '.join(sorted(sockets))}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


async def _texts(request: web.Request) -> web.Response:
    """All texts of a language for the page's scripts: ``{"English": "перевод"}``."""
    language = request.match_info["language"]
    if language not in LANGUAGES:
        raise web.HTTPNotFound
    found, known = site(request).texts.for_scripts(language)
    cache = "public, max-age=31536000, immutable" if request.query.get("v") == known else "no-cache"
    return web.Response(body=found, content_type="application/json", headers={"Cache-Control": cache})
