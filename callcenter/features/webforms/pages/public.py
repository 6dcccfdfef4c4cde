"""What everybody may open and send to: the form's page, and the address of a list. Nobody is signed in here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from callcenter.core.errors import BadInput, ProductError
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.webforms import rules
from callcenter.features.webforms.usecases import receiving
from callcenter.features.webforms.usecases.receiving import Accepted, Place
from callcenter.http import render
from callcenter.http.routes import Handler
from callcenter.http.site import LANGUAGE
from callcenter.plugin import services

# The page may stand in a frame of any site; it runs nothing and sends to us alone.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors *; base-uri 'none'"
CORS = {"Access-Control-Allow-Origin": "*"}
PREFLIGHT = {
    **CORS,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "3600",
}


def for_scripts_of_sites(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Handler:
    """Lets the script of any site read the answer, errors too. Cookies are neither sent nor looked at."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except ProductError as error:
            response = render.error_answer(request, error)
        response.headers.update(CORS)
        return response

    return answer


@for_scripts_of_sites
async def add_client(request: web.Request) -> web.StreamResponse:
    """POST /api/v1/lists/{token}/clients."""
    here, token = services(request), request.match_info["token"]
    receiving.limit(request, f"api:{accounts.address(request)}", rules.API_ADDRESS)
    place = await receiving.list_at(here, token)
    request[LANGUAGE] = place.language
    receiving.limit(request, f"list:{token}", rules.API_TOTAL)
    values = await receiving.sent(request)
    if not receiving.is_robot(here, values, shown=False):
        await receiving.receive(here, place, values, "api")
    return render.api(request, Accepted(), status=201)


async def preflight(request: web.Request) -> web.Response:
    """OPTIONS /api/v1/lists/{token}/clients: what a browser asks before a script of another site may send JSON."""
    return web.Response(status=204, headers=PREFLIGHT)


async def show(request: web.Request) -> web.Response:
    """GET /forms/{token}: the form as a page of its own, for a frame or a link."""
    receiving.limit(request, f"show:{accounts.address(request)}", rules.API_ADDRESS)
    place = await receiving.form_at(services(request), request.match_info["token"])
    return await _page(request, place, {})


async def submit(request: web.Request) -> web.Response:
    """POST /forms/{token}: from our own page or from a form in anybody's page."""
    here, token = services(request), request.match_info["token"]
    receiving.limit(request, f"form:{accounts.address(request)}", rules.FORM_ADDRESS)
    place = await receiving.form_at(here, token)
    receiving.limit(request, f"form:{token}", rules.FORM_TOTAL)
    values = await receiving.sent(request)
    own_page = request.headers.get("Sec-Fetch-Site") == "same-origin"
    try:
        if not receiving.is_robot(here, values, shown=own_page):
            await receiving.receive(here, place, values, "form")
    except BadInput as error:
        return await _page(request, place, values, error)
    return await _page(request, place, {}, done=True)


async def _page(
    request: web.Request, place: Place, values: dict[str, str], error: BadInput | None = None, *, done: bool = False
) -> web.Response:
    here = services(request)
    request[LANGUAGE] = place.language
    async with here.db.business(place.business_id) as session:
        own = {f"{rules.OWN}{one.id}": one.title for one in await contacts.leads.own_fields(session)}
    errors = render.fields_said(request, error) if error else {}
    return render.page(
        request,
        "webforms/public.html",
        status=422 if error else 200,
        headers={"Content-Security-Policy": POLICY},
        form=place.form,
        fields=receiving.as_shown(place, own),
        values=values,
        errors={key.replace("values.", rules.OWN): text for key, text in errors.items()},
        said=render.said(request, error) if error else "",
        done=done,
        trap=rules.TRAP,
        shown=rules.stamp(receiving.gate(here).secret, here.clock.epoch()),
    )
