"""The desk over HTTP."""

from __future__ import annotations

from aiohttp import web

from callcenter.features.desk import queries
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
