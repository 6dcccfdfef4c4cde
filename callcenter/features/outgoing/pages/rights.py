"""An employee's rights to call out: a page of the team, and the API."""

from __future__ import annotations

from aiohttp import web

from callcenter.features.outgoing.usecases import allowing
from callcenter.features.outgoing.usecases.allowing import NumberWish, Rights, RightsForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import NUMBERS_EDIT, TEAM_EDIT
from callcenter.http.routes import Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
API = f"/api/v1/agents/{ID}/calls-out"


async def show_api(request: web.Request) -> web.Response:
    """GET /api/v1/agents/{id}/calls-out."""
    return render.api(request, await allowing.rights(services(request), current(request), _id(request)))


async def allow_api(request: web.Request) -> web.Response:
    """PUT /api/v1/agents/{id}/calls-out."""
    return render.api(request, await _allow(request, await render.body(request, RightsForm)))


async def page(request: web.Request) -> web.Response:
    """GET /agents/{id}/calls-out."""
    found = await allowing.rights(services(request), current(request), _id(request))
    return render.page(request, "outgoing/rights.html", rights=found, saved=request.query.get("saved", ""))


async def save(request: web.Request) -> web.Response:
    """POST /agents/{id}/calls-out: the whole page."""
    sent = await request.post()
    chosen = {int(one) for one in map(str, sent.getall("numbers", [])) if one.isascii() and one.isdecimal()}
    form = RightsForm(calls_out=bool(sent.get("calls_out")))
    if current(request).can(NUMBERS_EDIT):
        there = await allowing.rights(services(request), current(request), _id(request))
        form.numbers = [NumberWish(number_id=one.number_id, allowed=one.number_id in chosen) for one in there.numbers]
    await _allow(request, form)
    raise web.HTTPSeeOther(f"/agents/{_id(request)}/calls-out?saved=1")


async def _allow(request: web.Request, form: RightsForm) -> Rights:
    if form.numbers:
        current(request).need(NUMBERS_EDIT)
    return await allowing.allow(services(request), current(request), _id(request), form)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


ROUTES = (
    Route("GET", API, show_api, TEAM_EDIT, summary="By what an employee may call out", returns=Rights),
    Route(
        "PUT",
        API,
        allow_api,
        TEAM_EDIT,
        summary="Let an employee call out, or not; by which numbers, with the right to change numbers",
        body=RightsForm,
        returns=Rights,
    ),
    Route("GET", f"/agents/{ID}/calls-out", page, TEAM_EDIT),
    Route("POST", f"/agents/{ID}/calls-out", save, TEAM_EDIT),
)
