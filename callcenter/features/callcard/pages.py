"""The client on the page of a call, and the same over the API."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, NotFound, ProductError
from callcenter.features.callcard import usecases
from callcenter.features.callcard.usecases import CardForm, CardView
from callcenter.features.calls import api as calls
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CALLS_OWN, CONTACTS_EDIT
from callcenter.http.routes import Route
from callcenter.plugin import Services, services

API = "/api/v1/calls/{call}/card"


async def show_api(request: web.Request) -> web.Response:
    """GET /api/v1/calls/{call}/card."""
    return render.api(request, await usecases.show(services(request), current(request), _call(request)))


async def save_api(request: web.Request) -> web.Response:
    """PUT /api/v1/calls/{call}/card."""
    form = await render.body(request, CardForm)
    return render.api(request, await usecases.save_card(services(request), current(request), _call(request), form))


async def hand_over_api(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{call}/card/save."""
    return render.api(request, await usecases.save_call(services(request), current(request), _call(request)))


async def drop_api(request: web.Request) -> web.Response:
    """DELETE /api/v1/calls/{call}/card/save."""
    return render.api(request, await usecases.drop(services(request), current(request), _call(request)))


async def edit_page(request: web.Request) -> web.Response:
    """GET /calls/{call}/card: the card in its edit mode."""
    return await _edit(request)


async def save_form(request: web.Request) -> web.Response:
    """POST /calls/{call}/card: the card's own «save»."""
    form = await render.body(request, CardForm)
    try:
        await usecases.save_card(services(request), current(request), _call(request), form)
    except NotFound:
        raise
    except ProductError as error:
        return await _edit(request, form, error)
    raise web.HTTPSeeOther(f"/calls/{_call(request)}#call-client")


async def hand_over_form(request: web.Request) -> web.Response:
    """POST /calls/{call}/card/save: the call's «save»."""
    await usecases.save_call(services(request), current(request), _call(request))
    raise web.HTTPSeeOther(f"/calls/{_call(request)}#call-client")


async def drop_form(request: web.Request) -> web.Response:
    """POST /calls/{call}/card/drop."""
    await usecases.drop(services(request), current(request), _call(request))
    raise web.HTTPSeeOther(f"/calls/{_call(request)}#call-client")


async def _edit(
    request: web.Request, typed: CardForm | None = None, error: ProductError | None = None
) -> web.Response:  # fmt: skip
    here, person = services(request), current(request)
    found = await usecases.show(here, person, _call(request))
    async with here.db.business(person.business_id) as session:
        members = await usecases.people(session)
    names = ("first_name", "last_name", "name", "position", "organisation")
    values = {name: getattr(found, name) for name in names}
    if typed is not None:
        values |= {name: getattr(typed, name) for name in names if getattr(typed, name) is not msgspec.UNSET}
    chosen = found.next_responsible or found.responsible
    return render.page(
        request,
        "callcard/edit.html",
        status=error.status if error else 200,
        card=found,
        members=members,
        values=values,
        email=typed.email if typed else "",
        responsible=typed.responsible_id if typed else chosen.membership_id if chosen else None,
        problem=render.said(request, error) if error else "",
        errors=render.fields_said(request, error) if isinstance(error, BadInput) else {},
    )


async def of_call(here: Services, person: Current, call_id: str) -> dict[str, Any] | None:
    """The client on the page of a call."""
    try:
        return {"card": await usecases.show(here, person, call_id)}
    except NotFound:
        return None


PART = calls.Part("card", "callcard/call.html", of_call)


def _call(request: web.Request) -> str:
    return request.match_info["call"]


ROUTES = (
    Route(
        "GET",
        API,
        show_api,
        CALLS_OWN,
        summary="The client of a call, and who shall take him over",
        returns=CardView,
    ),
    Route(
        "PUT",
        API,
        save_api,
        CONTACTS_EDIT,
        summary="Change the client of a call; a new responsible employee waits until the call is saved",
        body=CardForm,
        returns=CardView,
    ),
    Route(
        "POST",
        f"{API}/save",
        hand_over_api,
        CONTACTS_EDIT,
        summary="Save the call: the client goes to the responsible employee who was chosen",
        returns=CardView,
    ),
    Route("DELETE", f"{API}/save", drop_api, CONTACTS_EDIT, summary="Do not hand the client over", returns=CardView),
    Route("GET", "/calls/{call}/card", edit_page, CONTACTS_EDIT),
    Route("POST", "/calls/{call}/card", save_form, CONTACTS_EDIT),
    Route("POST", "/calls/{call}/card/save", hand_over_form, CONTACTS_EDIT),
    Route("POST", "/calls/{call}/card/drop", drop_form, CONTACTS_EDIT),
)
