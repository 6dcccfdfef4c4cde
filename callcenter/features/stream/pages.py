"""The live picture over HTTP: one snapshot, or a stream that begins with one."""

from __future__ import annotations

import asyncio

from aiohttp import web

from callcenter.core.errors import NotSignedIn
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CALLS_ALL
from callcenter.http.site import site
from callcenter.live.audience import Audience
from callcenter.plugin import services

# A comment line keeps proxies and browsers from giving up on a quiet stream.
HEARTBEAT_SECONDS = 15.0
# So often a stream asks whether its person is still signed in and still may see what he sees.
RECHECK_SECONDS = 60.0
_KEEP_ALIVE = b": still here\n\n"
_BEGIN = b"retry: 2000\n\n"


async def snapshot(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/live."""
    return render.api(request, services(request).live.snapshot(_audience(request)))


async def events(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/events: Server-Sent Events until the page goes, the sign-in ends, or the server stops."""
    person = current(request)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    loop = asyncio.get_running_loop()
    checked = loop.time()
    with services(request).live.subscribe(_audience(request), person.membership_id) as subscription:
        await response.prepare(request)
        await response.write(_BEGIN)
        try:
            while True:
                frame = _KEEP_ALIVE
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        frame = await anext(subscription)
                except TimeoutError:
                    pass
                except StopAsyncIteration:
                    break
                await response.write(frame)
                if loop.time() - checked > RECHECK_SECONDS:
                    checked = loop.time()
                    if not await _still(request, person):
                        break
        except ConnectionResetError:
            # The page is gone; there is nobody to tell.
            pass
    return response


async def _still(request: web.Request, before: Current) -> bool:
    """Whether the person is signed in as before; an open stream counts as use of the session."""
    try:
        now = await site(request).identify(request)
    except NotSignedIn:
        return False
    return now is not None and (now.user_id, now.business_id, now.agent_id, now.permissions, now.language) == (
        before.user_id,
        before.business_id,
        before.agent_id,
        before.permissions,
        before.language,
    )


def _audience(request: web.Request) -> Audience:
    person = current(request)
    return Audience(
        business_id=person.business_id,
        agent_id=person.agent_id,
        sees_all=person.can(CALLS_ALL),
        language=person.language,
    )
