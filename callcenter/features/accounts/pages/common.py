"""What pages and API of accounts share: the cookie, the client's address, shapes."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.features.accounts import queries
from callcenter.features.accounts.rules import ABSOLUTE
from callcenter.features.accounts.usecases.who import cookie_name
from callcenter.http.current import Current, current
from callcenter.plugin import services


class BusinessBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A business the person works in."""

    id: int
    name: str
    role: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. ``csrf`` is given to cookie sessions only; send it as X-CSRF-Token with every change."""

    id: int
    email: str
    name: str
    business: BusinessBrief
    businesses: list[BusinessBrief]
    role: str
    permissions: list[str]
    agent_id: int | None
    language: str
    timezone: str
    theme: str
    via: str
    csrf: str | None = None


async def me(request: web.Request, person: Current | None = None) -> Me:
    """The signed-in person with his businesses."""
    person = person or current(request)
    async with services(request).db.system() as session:
        places = await queries.memberships(session, person.user_id)
    shown = [BusinessBrief(id=p.business.id, name=p.business.name, role=p.membership.role) for p in places]
    return Me(
        id=person.user_id,
        email=person.email,
        name=person.name,
        business=BusinessBrief(id=person.business_id, name=person.business_name, role=person.role),
        # A token belongs to one business and tells nothing of the others.
        businesses=[b for b in shown if person.via == "session" or b.id == person.business_id],
        role=person.role,
        permissions=sorted(person.permissions),
        agent_id=person.agent_id,
        language=person.language,
        timezone=person.timezone,
        theme=person.theme,
        via=person.via,
        csrf=person.csrf or None,
    )


def set_cookie(request: web.Request, response: web.StreamResponse, value: str) -> None:
    """Gives the browser its session; scripts cannot read it, other sites cannot send it along."""
    owner = services(request)
    response.set_cookie(
        cookie_name(owner),
        value,
        max_age=int(ABSOLUTE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=request.secure or owner.settings.public_url.startswith("https://"),
        path="/",
    )


def drop_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Takes the session cookie back."""
    response.del_cookie(cookie_name(services(request)), path="/", httponly=True, samesite="Lax")
