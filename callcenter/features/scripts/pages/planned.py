"""Pages of scripts where the company's plan has scripts."""

from __future__ import annotations

from aiohttp import web

from callcenter.features.accounts import api as accounts
from callcenter.http.current import current
from callcenter.http.routes import Handler
from callcenter.plugin import services


def planned(handler: Handler) -> Handler:
    """A handler that answers only where the company's plan has scripts (OUT-35)."""

    async def answer(request: web.Request) -> web.StreamResponse:
        async with services(request).db.business(current(request).business_id) as session:
            await accounts.plans.need(session, "scripts")
        return await handler(request)

    return answer
