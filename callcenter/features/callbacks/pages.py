"""Who waits for a call-back, over HTTP."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.i18n import N_
from callcenter.features.callbacks import queries, usecases
from callcenter.features.queues import api as queues
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services

STATES = {"waiting": N_("Waits for an agent"), "dialling": N_("Is being called")}


class CallbackView(msgspec.Struct, kw_only=True):
    """One who waits to be called back; moments are ISO 8601. ``since`` is when he began to wait."""

    id: int
    caller: str
    queue_id: int
    queue: str
    since: str
    state: str
    tries: int
    next_at: str
    call_id: str


class CallbackList(msgspec.Struct, kw_only=True):
    """Those who wait, the longest wait first."""

    callbacks: list[CallbackView]


async def listed(request: web.Request) -> web.Response:
    """GET /api/v1/callbacks."""
    return render.api(request, CallbackList(callbacks=await _views(request)))


async def page(request: web.Request) -> web.Response:
    """GET /callbacks."""
    return render.page(request, "callbacks/list.html", waiting=await _views(request), states=STATES)


async def cancel(request: web.Request) -> web.Response:
    """DELETE /api/v1/callbacks/{id}."""
    await usecases.cancel(services(request), current(request).business_id, int(request.match_info["id"]))
    return web.Response(status=204)


async def take_off(request: web.Request) -> web.Response:
    """POST /callbacks/{id}/cancel: the button of the page."""
    await usecases.cancel(services(request), current(request).business_id, int(request.match_info["id"]))
    raise web.HTTPSeeOther("/callbacks")


async def _views(request: web.Request) -> list[CallbackView]:
    async with services(request).db.business(current(request).business_id) as session:
        rows = await queries.open_ones(session)
        names = await queues.briefs(session, {row.queue_id for row in rows})
    return [
        CallbackView(
            id=row.id,
            caller=row.caller,
            queue_id=row.queue_id,
            queue=names[row.queue_id].name if row.queue_id in names else "",
            since=row.entered_at.isoformat().replace("+00:00", "Z"),
            state=row.state,
            tries=row.tries,
            next_at=row.next_at.isoformat().replace("+00:00", "Z"),
            call_id=row.call_id,
        )
        for row in rows
    ]
