"""API tokens: the page and the API."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.accounts import queries
from callcenter.features.accounts.models import ApiToken
from callcenter.features.accounts.usecases import audit, people, settings
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import SIGNED_IN, TITLES
from callcenter.plugin import services


class TokenView(msgspec.Struct, kw_only=True):
    """A token; ``prefix`` is its visible start, no ``scopes`` = everything the role may do."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class NewToken(msgspec.Struct, kw_only=True):
    """A token to make: ``days`` it lasts, null or absent = without end; ``scopes`` are names of permissions."""

    name: str
    days: int | None = 365
    scopes: list[str] = []


class MadeToken(msgspec.Struct, kw_only=True):
    """The token's secret, shown this once, and the token."""

    secret: str
    token: TokenView


class TokenForm(msgspec.Struct, kw_only=True):
    """The form of the page; an empty ``days`` = without end."""

    name: str
    days: str = ""
    scopes: list[str] = []


async def listing(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/tokens."""
    return render.api(request, await _own(request))


async def create(request: web.Request) -> web.StreamResponse:
    """POST /api/v1/tokens."""
    return render.api(request, await _make(request, await render.body(request, NewToken)), 201)


async def delete(request: web.Request) -> web.StreamResponse:
    """DELETE /api/v1/tokens/{id}."""
    await _revoke(request)
    return web.Response(status=204)


async def show(request: web.Request) -> web.StreamResponse:
    """The page."""
    return await _page(request)


async def add(request: web.Request) -> web.StreamResponse:
    """Makes a token from the form and shows its secret once."""
    form = await render.body(request, TokenForm)
    try:
        if form.days and not form.days.isdecimal():
            message = N_("A token lasts from 1 to 3650 days.")
            raise BadInput(message, fields={"days": message})
        days = int(form.days) if form.days else None
        made = await _make(request, NewToken(name=form.name, days=days, scopes=form.scopes))
    except BadInput as error:
        return await _page(request, typed=form, wrong=render.fields_said(request, error), status=422)
    return await _page(request, secret=made.secret)


async def remove(request: web.Request) -> web.StreamResponse:
    """Revokes a token from the page."""
    await _revoke(request)
    return web.Response(status=303, headers={"Location": "/profile/tokens", "Cache-Control": "no-store"})


async def _make(request: web.Request, wish: NewToken) -> MadeToken:
    owner, person = services(request), current(request)
    scopes = set(wish.scopes)
    if not scopes <= person.permissions:
        message = N_("A token cannot be given more than you may do yourself.")
        raise BadInput(message, fields={"scopes": message})
    if person.via == "token" and not scopes:
        # A narrow token must not beget a wide one.
        scopes = set(person.permissions)
    async with owner.db.business(person.business_id) as session:
        row, secret = await people.create_token(
            session,
            business_id=person.business_id,
            user_id=person.user_id,
            name=wish.name,
            at=owner.clock.now(),
            days=wish.days,
            scopes=scopes - {SIGNED_IN} if person.via == "session" else scopes,
        )
        await audit.audit(session, request, "token.create", "token", row.id, name=row.name)
    return MadeToken(secret=secret, token=_view(row))


async def _revoke(request: web.Request) -> None:
    await settings.revoke_token(services(request), current(request), int(request.match_info["id"]))


async def _own(request: web.Request) -> list[TokenView]:
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        return [_view(row) for row in await queries.tokens(session, person.user_id)]


def _view(row: ApiToken) -> TokenView:
    return TokenView(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=list(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


async def _page(
    request: web.Request,
    *,
    typed: TokenForm | None = None,
    wrong: dict[str, str] | None = None,
    secret: str = "",
    status: int = 200,
) -> web.Response:
    return render.page(
        request,
        "accounts/tokens.html",
        status=status,
        tokens=await _own(request),
        typed=typed or TokenForm(name="", days="365"),
        wrong=wrong or {},
        secret=secret,
        scopes=[(name, title) for name, title in TITLES.items() if current(request).can(name)],
        titles=TITLES,
        now=services(request).clock.now(),
    )
