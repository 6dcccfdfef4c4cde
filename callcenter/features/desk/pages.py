"""The desk over HTTP."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.desk import queries, usecases
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CALLS_ALL
from callcenter.plugin import services

# The bar's legend, and the tones that the style sheet knows.
LEGEND = ("talking", "wrapup", "ready", "paused")
TONES = {"talking": "talk", "wrapup": "wrap", "ready": "ready", "paused": "pause", "ringing": "ring"}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /."""
    person = current(request)
    found = await queries.desk(services(request), person)
    return render.page(
        request,
        "desk/desk.html",
        today=found.today,
        figures=found.figures,
        shift=found.shift,
        call_backs=found.call_backs,
        everybody=person.can(CALLS_ALL),
        demo=found.demo,
        legend=LEGEND,
        tones=TONES,
    )


async def my_day(request: web.Request) -> web.StreamResponse:
    """GET /day."""
    return await _day_page(request, _mine(request), "/day")


async def agent_day(request: web.Request) -> web.StreamResponse:
    """GET /agents/{id}/day."""
    agent_id = _asked(request)
    return await _day_page(request, agent_id, f"/agents/{agent_id}/day")


async def my_day_json(request: web.Request) -> web.Response:
    """GET /api/v1/me/day."""
    return await _day_json(request, _mine(request))


async def agent_day_json(request: web.Request) -> web.Response:
    """GET /api/v1/agents/{id}/day."""
    return await _day_json(request, _asked(request))


async def _day_json(request: web.Request, agent_id: int) -> web.Response:
    found = await usecases.day(services(request), current(request), agent_id, request.query.get("date", ""))
    return render.api(request, found.day)


async def _day_page(request: web.Request, agent_id: int, address: str) -> web.Response:
    here, person, error = services(request), current(request), ""
    try:
        found = await usecases.day(here, person, agent_id, request.query.get("date", ""))
    except BadInput as refused:
        error = render.said(request, refused)
        found = await usecases.day(here, person, agent_id)
    chosen = found.day.date
    return render.page(
        request,
        "desk/day.html",
        status=422 if error else 200,
        day=found.day,
        shift=found.shift,
        today=found.today,
        timezone=found.day.timezone,
        elsewhere=found.elsewhere,
        before=chosen - timedelta(days=1),
        after=chosen + timedelta(days=1) if chosen < found.today else None,
        address=address,
        mine=agent_id == person.agent_id,
        error=error,
        legend=LEGEND,
        tones=TONES,
    )


def _mine(request: web.Request) -> int:
    agent_id = current(request).agent_id
    if agent_id is None:
        raise NotFound(N_("You have no phone here."))
    return agent_id


def _asked(request: web.Request) -> int:
    return int(request.match_info["id"])
