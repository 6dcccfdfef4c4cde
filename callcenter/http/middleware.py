"""What happens around every handler: request id, headers, errors, language, sign-in, permission, CSRF."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import cache
from urllib.parse import urlsplit

from aiohttp import web

from callcenter.core.errors import Forbidden, NotSignedIn, ProductError, Unavailable
from callcenter.core.i18n import N_
from callcenter.http import render
from callcenter.http.current import CURRENT, current
from callcenter.http.permissions import SIGNED_IN
from callcenter.http.site import REQUEST_ID, is_api, route_of, site

log = logging.getLogger("callcenter.http")
access = logging.getLogger("callcenter.access")
# Ids of requests: unlike those of other processes and of earlier runs, and in order.
_PROCESS, _NUMBERS = secrets.token_hex(5), itertools.count(1)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SAFE = ("GET", "HEAD", "OPTIONS")


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Names the request, in the log and in the answer, and writes the access log."""
    request[REQUEST_ID] = f"{_PROCESS}{next(_NUMBERS):06x}"
    began = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as answer:
        # A redirect, mostly.
        status = answer.status
        raise
    finally:
        # The path alone: a query string may hold what people search for.
        access.info(
            "%s %s %s",
            request.method,
            request.path,
            status,
            extra={
                "request": request[REQUEST_ID],
                "ms": round((time.perf_counter() - began) * 1000, 1),
                "user": person.user_id if (person := request.get(CURRENT)) else None,
            },
        )


def security_headers(policy: str, *, secure: bool) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Adds the headers that keep a page to itself; ``policy`` is the Content-Security-Policy."""
    fixed = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    }
    if secure:
        fixed["Strict-Transport-Security"] = "max-age=31536000"

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in fixed.items():
            if name == "X-Frame-Options" and "frame-ancestors *" in response.headers.get("Content-Security-Policy", ""):
                # A form that other sites show in a frame.
                continue
            response.headers.setdefault(name, value)
        if REQUEST_ID in request:
            response.headers["X-Request-Id"] = request[REQUEST_ID]

    return add


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns every error into an answer that people (or programs) can read; never shows a stack."""
    try:
        return await handler(request)
    except ProductError as error:
        return render.error_answer(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _http_error(request, error)
    except (asyncio.CancelledError, ConnectionResetError):
        raise
    except Exception as error:
        if site(request).is_outage(error):
            log.error("database: %s", str(error).splitlines()[0], extra={"request": request.get(REQUEST_ID, "")})
            return render.error_answer(request, Unavailable(NO_DATABASE, code="no_database"))
        log.exception("%s %s failed", request.method, request.path, extra={"request": request.get(REQUEST_ID, "")})
        message = N_("Something went wrong on our side. Try again; if it happens again, name the number %(id)s.")
        text = render.texts(request).fill(message, {"id": request.get(REQUEST_ID, "")})
        if is_api(request):
            shown = {"code": "internal", "message": text, "request_id": request.get(REQUEST_ID, "")}
            return render.api(request, {"error": shown}, 500)
        return render.error_page(request, 500, text)


NO_DATABASE = N_("The database does not answer. Calls go on; try again in a moment.")
_HTTP = {
    404: ("not_found", N_("There is nothing at this address.")),
    405: ("method_not_allowed", N_("This address does not do that.")),
    413: ("too_large", N_("This is too large to be sent.")),
    415: ("media_type", N_("This kind of data is not understood here.")),
}


def _http_error(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    code, message = _HTTP.get(error.status, ("bad_request", N_("This request cannot be understood.")))
    text = render.texts(request).gettext(message)
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    if is_api(request):
        shown = {"code": code, "message": text, "request_id": request.get(REQUEST_ID, "")}
        return render.api(request, {"error": shown}, error.status, headers)
    return render.error_page(request, error.status, text, headers)


@web.middleware
async def address(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses addresses that no link of ours has: NUL characters, and ids that no database row can have."""
    if "\x00" in request.path:
        raise web.HTTPNotFound
    if "%00" in request.raw_path:
        raise web.HTTPBadRequest
    route = route_of(request)
    if route is not None:
        for name in numbers_in(route.path):
            value = request.match_info[name]
            if len(value) > _LONGEST_ID or int(value) > _LARGEST_ID:
                raise web.HTTPNotFound
    return await handler(request)


@cache
def numbers_in(path: str) -> tuple[str, ...]:
    """The names of the places in a route's path that take digits only."""
    return tuple(_NUMBER.findall(path))


_NUMBER = re.compile(r"\{(\w+):(?:\\d|\[0-9\])[^}]*\}*")
_LARGEST_ID = 2**31 - 1
_LONGEST_ID = 10


@web.middleware
async def sign_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Finds who asks."""
    here = site(request)
    if here.debug:
        here.texts.refresh()
    if request.path.startswith(("/static/", "/texts/")) or request.path == "/healthz":
        return await handler(request)
    route = route_of(request)
    if route is not None and route.open:
        return await handler(request)
    person = await here.identify(request)
    if person is not None:
        request[CURRENT] = person
    return await handler(request)


@web.middleware
async def permission(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets through who has the route's permission; unknown addresses below it answer 404 by themselves."""
    route = route_of(request)
    if route is None:
        # An unknown address of the API or of a page is told to people of the house only.
        unknown = isinstance(request.match_info.http_exception, web.HTTPNotFound)
        if unknown and not request.path.startswith("/static/") and request.get(CURRENT) is None:
            raise NotSignedIn(N_("Sign in first."))
        return await handler(request)
    if route.permission is None:
        return await handler(request)
    person = current(request)
    wanted = (route.permission, *route.any_of)
    if SIGNED_IN not in wanted and not any(person.can(name) for name in wanted):
        raise Forbidden(N_("You have no permission for this. Ask an administrator of your company."))
    return await handler(request)


@web.middleware
async def csrf(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses changes that come from another site: cookie sessions need their token, everybody the right origin."""
    route = route_of(request)
    if request.method in SAFE or (route is not None and route.open):
        return await handler(request)
    person = request.get(CURRENT)
    if person is not None and person.via == "token":
        return await handler(request)
    if not _same_origin(request):
        raise Forbidden(N_("This request came from another site and was refused."), code="cross_site")
    # A route without permission (sign-in) does nothing in the signed-in person's name: the origin is enough.
    if person is not None and route is not None and route.permission is not None:
        given = request.headers.get("X-CSRF-Token")
        if given is None and request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            field = (await request.post()).get("_csrf")
            given = field if isinstance(field, str) else None
        if not given or not hmac.compare_digest(given.encode(), person.csrf.encode()):
            raise Forbidden(N_("The page is out of date. Reload it and try again."), code="csrf")
    return await handler(request)


def _same_origin(request: web.Request) -> bool:
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        # Not a browser: without a cookie of a browser there is nothing to protect.
        return True
    public = site(request).settings.public_url
    return urlsplit(origin).netloc in {request.host, urlsplit(public).netloc}
