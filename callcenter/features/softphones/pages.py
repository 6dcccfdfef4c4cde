"""The page where an employee sets up his softphone, and the file that a phone fetches by a link."""

from __future__ import annotations

import msgspec
import segno
from aiohttp import web

from callcenter.core.errors import Conflict
from callcenter.features.softphones import rules, usecases
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services

SECRET = {"Cache-Control": "no-store, private", "Pragma": "no-cache"}


class SoftphoneView(msgspec.Struct, kw_only=True):
    """One's own SIP phone: how it signs in, ready texts, and a link (good once, for ``link_seconds``) for Linphone."""

    login: str
    password: str
    server: str
    transport: str
    link: str
    link_seconds: int
    linphone: str
    microsip: str
    zoiper: str


async def view(request: web.Request) -> SoftphoneView:
    """Facts and a fresh link. Raises Conflict."""
    phone = await usecases.mine(services(request), current(request))
    token = usecases.link(services(request), current(request))
    base = services(request).settings.public_url.rstrip("/") or str(request.url.origin())
    return SoftphoneView(
        login=phone.login,
        password=phone.password,
        server=phone.server,
        transport="UDP",
        link=f"{base}/softphone/set-up/{token}",
        link_seconds=int(rules.LINK_SECONDS),
        linphone=rules.linphone(phone),
        microsip=rules.microsip(phone),
        zoiper=rules.zoiper(phone),
    )


async def my_softphone(request: web.Request) -> web.Response:
    """GET /api/v1/me/softphone."""
    return render.api(request, await view(request), headers=SECRET)


async def page(request: web.Request) -> web.Response:
    """GET /softphone."""
    found, said = None, ""
    try:
        found = await view(request)
    except Conflict as error:
        said = str(error)
    code = segno.make(found.link, error="m", micro=False).svg_inline(border=2, omitsize=True) if found else ""
    answer = render.page(
        request, "softphones/mine.html", phone=found, code=code, said=said, renewed="renewed" in request.query
    )
    answer.headers.update(SECRET)
    return answer


async def renew(request: web.Request) -> web.Response:
    """POST /softphone/password."""
    await usecases.renew(services(request), current(request))
    raise web.HTTPSeeOther("/softphone?renewed=1")


async def file(request: web.Request) -> web.Response:
    """GET /softphone/file/microsip: what MicroSIP reads."""
    # Without a new link: the code on the page stays good.
    phone = await usecases.mine(services(request), current(request))
    headers = SECRET | {"Content-Disposition": 'attachment; filename="MicroSIP.ini"'}
    return web.Response(text=rules.microsip(phone), content_type="text/plain", headers=headers)


async def fetched(request: web.Request) -> web.Response:
    """GET /softphone/set-up/{token}: a phone fetches its file, without a session."""
    business_id, agent_id = usecases.links(services(request)).take(request.match_info["token"])
    phone = await usecases.phone(services(request), business_id, agent_id)
    return web.Response(text=rules.linphone(phone), content_type="application/xml", headers=SECRET)
