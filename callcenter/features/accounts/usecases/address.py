"""Where a request came from."""

from __future__ import annotations

from aiohttp import web

from callcenter.plugin import SERVICES


def address(request: web.Request) -> str:
    """The client's address; behind a trusted proxy the one that the proxy saw."""
    direct = request.remote or ""
    trusted = {a.strip() for a in request.app[SERVICES].settings.trusted_proxies.split(",") if a.strip()}
    if direct in trusted:
        # The last entry was added by our own proxy; earlier ones are the client's own words.
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        return forwarded[:64] or direct
    return direct
