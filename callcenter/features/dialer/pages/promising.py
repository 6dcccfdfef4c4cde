"""Promised calls over the API: from the call of a list, and in the list; and the part of the page of a call."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from callcenter.core.errors import NotFound
from callcenter.features.calls import api as calls
from callcenter.features.dialer.usecases import promising
from callcenter.features.dialer.usecases.promising import CallBackForm, Promise
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import DIALER_USE
from callcenter.http.routes import Route
from callcenter.plugin import Services, services

_CALL = "/api/v1/calls/{call}/call-back"
_ENTRY = r"/api/v1/dial-lists/{id:\d{1,9}}/clients/{entry:\d{1,12}}/call-back"


def _where(request: web.Request) -> dict[str, Any]:
    asked = request.match_info
    if "call" in asked:
        return {"call_id": asked["call"]}
    return {"list_id": int(asked["id"]), "entry_id": int(asked["entry"])}


async def show(request: web.Request) -> web.Response:
    """GET …/call-back."""
    where = _where(request)
    here, person = services(request), current(request)
    if "call_id" in where:
        return render.api(request, await promising.of_call(here, person, where["call_id"]))
    return render.api(request, await promising.of_entry(here, person, **where))


async def promise(request: web.Request) -> web.Response:
    """PUT …/call-back."""
    form = await render.body(request, CallBackForm)
    found = await promising.promise(services(request), current(request), form, **_where(request))
    return render.api(request, found)


async def call_off(request: web.Request) -> web.Response:
    """DELETE …/call-back."""
    return render.api(request, await promising.call_off(services(request), current(request), **_where(request)))


async def of_call(here: Services, person: Current, call_id: str) -> dict[str, Any] | None:
    """The list that made a call, and what its client was promised, on the page of the call."""
    if not person.can(DIALER_USE):
        return None
    try:
        return {"call_id": call_id, "promise": await promising.of_call(here, person, call_id)}
    except NotFound:
        return None


PART = calls.Part("dialer", "dialer/call.html", of_call)
ROUTES = tuple(
    route
    for path, whose in ((_CALL, "the client of a list's call"), (_ENTRY, "a client of a list"))
    for route in (
        Route("GET", path, show, DIALER_USE, summary=f"What {whose} was promised", returns=Promise),
        Route(
            "PUT", path, promise, DIALER_USE,
            summary=f"Promise {whose} a call at a time, by oneself or by anybody",
            body=CallBackForm, returns=Promise,
        ),
        Route("DELETE", path, call_off, DIALER_USE, summary=f"Call off what {whose} was promised", returns=Promise),
    )
)  # fmt: skip
