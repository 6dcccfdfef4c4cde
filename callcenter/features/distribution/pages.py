"""Priorities of callers over HTTP."""

from __future__ import annotations

from aiohttp import web

from callcenter.features.distribution import usecases
from callcenter.features.distribution.rules import Priorities
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services


async def priorities(request: web.Request) -> web.Response:
    """GET /api/v1/caller-priorities."""
    return render.api(request, await usecases.priorities(services(request), current(request).business_id))


async def set_priorities(request: web.Request) -> web.Response:
    """PUT /api/v1/caller-priorities."""
    typed = await render.body(request, Priorities)
    return render.api(request, await usecases.set_priorities(services(request), current(request).business_id, typed))
