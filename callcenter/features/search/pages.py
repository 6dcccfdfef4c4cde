"""The search over HTTP."""

from __future__ import annotations

from aiohttp import web

from callcenter.features.search import usecases
from callcenter.http import render


async def search(request: web.Request) -> web.Response:
    """GET /api/v1/search?q=."""
    return render.api(request, await usecases.search(request, request.query.get("q", "")))
