"""«Call me»."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.features.demo import usecases
from callcenter.http.current import current
from callcenter.http.render import api
from callcenter.plugin import services


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """The robot that is on its way; ``from_`` is the number it calls from."""

    from_: str = msgspec.field(name="from")


async def call_me(request: web.Request) -> web.StreamResponse:
    """POST /api/v1/demo/call-me"""
    return api(request, Robot(from_=await usecases.call_me(services(request), current(request))), status=202)
