"""Numbers that must not be called, over HTTP."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web

from callcenter.features.accounts import api as accounts
from callcenter.features.dialer.models import DoNotCall
from callcenter.features.dialer.pages import rest
from callcenter.features.dialer.queries import refusing as queries
from callcenter.features.dialer.usecases import refusing
from callcenter.features.dialer.usecases.refusing import RefusalForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_ALL, DIALER_USE
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

API, PAGE = "/api/v1/do-not-call", "/do-not-call"


class Refusal(msgspec.Struct, kw_only=True):
    """A number (E.164) that no list calls; ``added_by`` is the name of who wrote it down."""

    id: int
    number: str
    reason: str
    added_by: str
    added_at: datetime


class RefusalPage(msgspec.Struct, kw_only=True):
    """A page of such numbers, the newest first."""

    numbers: list[Refusal]
    total: int
    page: int
    pages: int


class Result(msgspec.Struct, kw_only=True):
    """What came of a paste; ``wrong`` are pieces that are no numbers."""

    added: int
    known: int
    wrong: list[str]


async def listed(request: web.Request) -> web.Response:
    """GET /api/v1/do-not-call."""
    return render.api(request, await _found(request))


async def page(request: web.Request) -> web.Response:
    """GET /do-not-call."""
    found = await _found(request)
    text = request.query.get("q", "")
    base = f"{PAGE}?q={text}&page=" if text else f"{PAGE}?page="
    return render.page(
        request,
        "dialer/refusing.html",
        found=found,
        text=text,
        newer=f"{base}{found.page - 1}" if found.page > 1 else "",
        older=f"{base}{found.page + 1}" if found.page < found.pages else "",
    )


async def _found(request: web.Request) -> RefusalPage:
    person, number = current(request), rest.number(request)
    digits = "".join(one for one in request.query.get("q", "") if one.isdigit())[:15]
    async with services(request).db.business(person.business_id) as session:
        rows, total = await queries.page(session, digits, number)
        names = {one.membership_id: one.name for one in await accounts.people(session)}
    pages = max(1, -(-total // queries.PER_PAGE))
    return RefusalPage(numbers=[_shown(one, names) for one in rows], total=total, page=number, pages=pages)


def _shown(row: DoNotCall, names: dict[int, str]) -> Refusal:
    by = names.get(row.added_by or 0, "")
    return Refusal(id=row.id, number=row.e164, reason=row.reason, added_by=by, added_at=row.added_at)


async def add(request: web.Request) -> web.Response:
    """POST /api/v1/do-not-call."""
    here, person = services(request), current(request)
    form = await render.body(request, RefusalForm)
    async with here.db.business(person.business_id) as session:
        found = await refusing.add(session, here, person, form)
    return render.api(request, Result(added=found.new, known=found.known, wrong=found.wrong), status=201)


async def remove(request: web.Request) -> web.Response:
    """DELETE /api/v1/do-not-call/{id}."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        row = await refusing.remove(session, person, int(request.match_info["id"]))
    return render.api(request, _shown(row, {}))


ROUTES = (
    Route(
        "GET", API, listed, DIALER_USE,
        summary="Numbers that must not be called", returns=RefusalPage,
        params=(Param("q", "digits of the number"), Param("page", "from 1", {"type": "integer", "minimum": 1})),
    ),
    Route(
        "POST", API, add, DIALER_USE,
        summary="Write down numbers that must not be called", body=RefusalForm, returns=Result, status=201,
    ),
    Route(
        "DELETE", rf"{API}/{{id:\d{{1,9}}}}", remove, CONTACTS_ALL,
        summary="Take a number off the list of those that must not be called", returns=Refusal,
    ),
    Route("GET", PAGE, page, DIALER_USE),
)  # fmt: skip
