"""The calling page: the list, the card of a client who is called, what the page asks for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.prospects import rules, usecases
from callcenter.features.prospects.rules import Filter
from callcenter.features.prospects.usecases import Saved, SaveForm, ScriptForm, Stretch
from callcenter.features.scripts import api as scripts
from callcenter.features.views import api as views
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CALLS_DIAL
from callcenter.http.routes import NavItem, Param, Route
from callcenter.plugin import services

API, ID = "/api/v1/prospects", r"{id:\d{1,9}}"
VIEW = "prospects"


def _query(request: web.Request) -> dict[str, str]:
    query = {name: request.query.get(name, "") for name in rules.FIELDS}
    # A form sends each tag by itself.
    query["tag"] = ",".join(request.query.getall("tag", []))
    return {name: value for name, value in query.items() if value}


def _edge(request: web.Request, name: str) -> int | None:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 10 else None


async def page(request: web.Request) -> web.Response:
    """GET /calling."""
    here, person = services(request), current(request)
    query = _query(request)
    async with here.db.business(person.business_id) as session:
        if not request.query_string:
            query = {key: str(value) for key, value in (await views.last(session, person, VIEW)).items()}
        wanted = rules.read(query)
        if request.query_string:
            await views.remember(session, person, VIEW, dict(rules.written(wanted)), here.clock.now())
        offered = await _offered(session, person)
    problem, found = "", Stretch(clients=[], older=None, newer=None)
    try:
        found = await usecases.listed(
            here, person, wanted, below=_edge(request, "below"), above=_edge(request, "above")
        )
    except BadInput as error:
        problem = render.said(request, error)
    return render.page(
        request,
        "prospects/list.html",
        found=found,
        wanted=wanted,
        problem=problem,
        filtered=bool(rules.written(wanted)),
        card=lambda contact_id: usecases.address(contact_id, wanted),
        newer=_address(wanted, above=found.newer),
        older=_address(wanted, below=found.older),
        **offered,
    )


async def _offered(session: AsyncSession, person: Current) -> dict[str, Any]:
    """What the page offers to choose."""
    options = await contacts.offering.options(session, person)
    own = await scripts.choices(session, kind="out", agent_id=person.agent_id) if person.agent_id is not None else []
    return {
        "tags": options["tags"],
        "scripts": options["last_script"],
        "outcomes": options["last_outcome"],
        "own_scripts": own,
        "script": await usecases.script(session, person),
    }


def _address(wanted: Filter, **edge: int | None) -> str:
    if not any(edge.values()):
        return ""
    return "/prospects?" + urlencode({**rules.written(wanted), **{key: str(value) for key, value in edge.items()}})


async def card(request: web.Request) -> web.Response:
    """GET /prospects/{id}."""
    here, person = services(request), current(request)
    contact_id, wanted = int(request.match_info["id"]), rules.read(_query(request))
    await calls.log_mine(here, person)
    async with here.db.business(person.business_id) as session:
        found = await usecases.card(here, session, person, contact_id)
        owed = await usecases.owed(here, session, person, contact_id)
        offered = await _offered(session, person)
        last = await usecases.last_call(here, session, person, contact_id)
    return render.page(
        request,
        "prospects/card.html",
        contact=found.row,
        emails=found.emails,
        people=found.people,
        description=found.description,
        owed=owed,
        last=last,
        filter=rules.written(wanted),
        back="/prospects?" + urlencode({**rules.written(wanted), "all": "1"}),
        card=lambda other: usecases.address(other, wanted),
        **offered,
    )


async def listed(request: web.Request) -> web.Response:
    """GET /api/v1/prospects."""
    here, person = services(request), current(request)
    wanted = rules.read(_query(request))
    found = await usecases.listed(here, person, wanted, below=_edge(request, "below"), above=_edge(request, "above"))
    return render.api(request, found)


async def choose(request: web.Request) -> web.Response:
    """PUT /api/v1/prospects/script."""
    form = await render.body(request, ScriptForm)
    await usecases.choose(services(request), current(request), form.script_id)
    return web.Response(status=204)


async def save(request: web.Request) -> web.Response:
    """POST /api/v1/prospects/{id}/save."""
    form = await render.body(request, SaveForm)
    found = await usecases.save(services(request), current(request), int(request.match_info["id"]), form)
    return render.api(request, found)


NAV = (NavItem("/prospects", "Calling clients", "out", CALLS_DIAL, 36),)
_PARAMS = (
    Param("q", "a piece of a name, number or e-mail"),
    Param("from", "the client's clock shows this or more now, like 09:00"),
    Param("to", "and less than this"),
    Param("script", "id of the script of the last result", {"type": "integer"}),
    Param("outcome", "id of the last result's outcome", {"type": "integer"}),
    Param("since", "day of the last result, from"),
    Param("until", "day of the last result, until and with"),
    Param("never", "1 = only who was never called"),
    Param("phone", "1 = only who has a number"),
    Param("tag", "ids of tags with commas: only who has them all"),
    Param("below", "go on after this №", {"type": "integer"}),
    Param("above", "go back from this №", {"type": "integer"}),
)
ROUTES = (
    Route("GET", "/prospects", page, CALLS_DIAL),
    Route("GET", rf"/prospects/{ID}", card, CALLS_DIAL),
    Route(
        "GET", API, listed, CALLS_DIAL,
        summary="Companies and persons to call, the newest first", returns=Stretch, params=_PARAMS,
    ),
    Route(
        "PUT", f"{API}/script", choose, CALLS_DIAL,
        summary="Choose the script to call by", body=ScriptForm, status=204,
    ),
    Route(
        "POST", rf"{API}/{ID}/save", save, CALLS_DIAL,
        summary="Be done with a client: what card comes next", body=SaveForm, returns=Saved,
    ),
)  # fmt: skip
