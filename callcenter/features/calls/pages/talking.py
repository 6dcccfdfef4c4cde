"""The API of talks of more than two, of hold and of parking."""

from __future__ import annotations

from aiohttp import web

from callcenter.core.errors import NotFound
from callcenter.features.calls.pages.rest import HungUp
from callcenter.features.calls.usecases import talking
from callcenter.features.calls.usecases.talking import HoldForm, ParkedCall, ParkedList
from callcenter.features.calls.usecases.transfer import TransferForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CALLS_DIAL
from callcenter.http.routes import Route
from callcenter.plugin import services
from callcenter.telephony.talks import NOT_PARKED


async def consult(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/consult."""
    form = await render.body(request, TransferForm)
    await talking.consult(services(request), current(request), request.match_info["id"], form)
    return _done(request)


async def complete(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/consult/complete."""
    await talking.complete(services(request), current(request), request.match_info["id"])
    return _done(request)


async def back(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/consult/return."""
    await talking.back(services(request), current(request), request.match_info["id"])
    return _done(request)


async def conference(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/consult/conference."""
    await talking.conference(services(request), current(request), request.match_info["id"])
    return _done(request)


async def drop(request: web.Request) -> web.Response:
    """DELETE /api/v1/calls/{id}/parties/{leg}."""
    place = request.match_info
    await talking.drop(services(request), current(request), place["id"], place["leg"])
    return _done(request)


async def hold(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/hold."""
    form = await render.body(request, HoldForm)
    await talking.hold(services(request), current(request), request.match_info["id"], form)
    return _done(request)


async def park(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/park."""
    found = await talking.park(services(request), current(request), request.match_info["id"])
    return render.api(request, found, status=202)


async def parked(request: web.Request) -> web.Response:
    """GET /api/v1/parked."""
    return render.api(request, ParkedList(parked=talking.parked(services(request), current(request))))


async def take(request: web.Request) -> web.Response:
    """POST /api/v1/parked/{slot}/take."""
    slot = request.match_info["slot"]
    if not (slot.isascii() and slot.isdecimal() and len(slot) <= 4):
        raise NotFound(NOT_PARKED)
    await talking.take(services(request), current(request), int(slot))
    return render.api(request, HungUp(id=slot), status=202)


def _done(request: web.Request) -> web.Response:
    return render.api(request, HungUp(id=request.match_info["id"]), status=202)


def _order(path: str, handler: object, summary: str, **more: object) -> Route:
    return Route("POST", path, handler, CALLS_DIAL, summary=summary, status=202, **{"returns": HungUp, **more})  # type: ignore[arg-type]


_CALL = "/api/v1/calls/{id}"
ROUTES = (
    _order(f"{_CALL}/consult", consult, "Ask somebody first, while the client waits with music", body=TransferForm),
    _order(f"{_CALL}/consult/complete", complete, "Join the client with whoever was asked"),
    _order(f"{_CALL}/consult/return", back, "Leave whoever was asked and go back to the client"),
    _order(f"{_CALL}/consult/conference", conference, "Talk in three: the client, whoever was asked, and I"),
    _order(f"{_CALL}/hold", hold, "Hold by the server, for a call on a plain telephone", body=HoldForm),
    _order(f"{_CALL}/park", park, "Park the client, so that any desk can take him", returns=ParkedCall),
    Route(
        "DELETE",
        f"{_CALL}/parties/{{leg}}",
        drop,
        CALLS_DIAL,
        summary="Let one of a three-way talk go; the others talk on",
        returns=HungUp,
        status=202,
    ),
    Route("GET", "/api/v1/parked", parked, CALLS_DIAL, summary="Parked clients", returns=ParkedList),
    _order("/api/v1/parked/{slot}/take", take, "Take a parked client to my phone"),
)
