"""The script of a call: what the panel in the shell asks for, and the part of the page of a call."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from callcenter.core.errors import NotFound
from callcenter.features.calls import api as calls
from callcenter.features.scripts import queries
from callcenter.features.scripts.usecases import templates, working
from callcenter.features.scripts.usecases.templates import LetterForm, Offer
from callcenter.features.scripts.usecases.working import CallScript, ChoiceForm, OutcomeForm
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CALLS_OWN, CONTACTS_EDIT
from callcenter.http.routes import Route
from callcenter.plugin import Services, services


async def show(request: web.Request) -> web.Response:
    """GET /api/v1/calls/{call}/script."""
    return render.api(request, await working.show(services(request), current(request), _call(request)))


async def choose(request: web.Request) -> web.Response:
    """PUT /api/v1/calls/{call}/script."""
    form = await render.body(request, ChoiceForm)
    return render.api(request, await working.choose(services(request), current(request), _call(request), form))


async def say(request: web.Request) -> web.Response:
    """PUT /api/v1/calls/{call}/outcome."""
    form = await render.body(request, OutcomeForm)
    return render.api(request, await working.say(services(request), current(request), _call(request), form))


async def letter(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{call}/letter."""
    form = await render.body(request, LetterForm)
    return render.api(request, await templates.send(services(request), current(request), _call(request), form))


async def of_call(here: Services, person: Current, call_id: str) -> dict[str, Any] | None:
    """How the talk ended, on the page of a call; with the way to say it, for who may."""
    async with here.db.business(person.business_id) as session:
        briefs = (await queries.briefs(session, [call_id])).get(call_id, [])
    try:
        found = await working.show(here, person, call_id) if person.agent_id is not None else None
    except NotFound:
        found = None
    writable = found is not None and found.writable and found.script is not None
    return {"outcomes": briefs, "call_id": call_id, "writable": writable} if briefs or writable else None


def _call(request: web.Request) -> str:
    return request.match_info["call"]


PART = calls.Part("scripts", "scripts/call.html", of_call)
ROUTES = (
    Route(
        "GET",
        "/api/v1/calls/{call}/script",
        show,
        CALLS_OWN,
        summary="The script of a call, how the talk ended, the questionnaire",
        returns=CallScript,
    ),
    Route(
        "PUT",
        "/api/v1/calls/{call}/script",
        choose,
        CALLS_OWN,
        summary="Work by another script, in this call and the next ones of its kind",
        body=ChoiceForm,
        returns=CallScript,
    ),
    Route(
        "PUT",
        "/api/v1/calls/{call}/outcome",
        say,
        CALLS_OWN,
        summary="Say how the talk ended, on the day of the talk",
        body=OutcomeForm,
        returns=CallScript,
    ),
    Route(
        "POST",
        "/api/v1/calls/{call}/letter",
        letter,
        CONTACTS_EDIT,
        summary="Send the letter of the script to the client, on the day of the talk",
        body=LetterForm,
        returns=Offer,
    ),
)
