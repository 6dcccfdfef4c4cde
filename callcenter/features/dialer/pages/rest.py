"""Dial lists over the API."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import queries
from callcenter.features.dialer.pages import views
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.usecases import control, desk, floors, making
from callcenter.features.dialer.usecases.making import CountForm, ListForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CALLS_ALL, DIALER_USE
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

API, ID = "/api/v1/dial-lists", r"{id:\d{1,9}}"
STATES = (rules.DUE, rules.LATER, rules.DIALING, rules.DONE, rules.OUT)


class ChangeForm(msgspec.Struct, kw_only=True):
    """What is changed of a list: ``pause`` in seconds (null = until the employee asks for the next client), or how it
    dials: ``mode`` with ``dialing`` as of a new list.
    """

    pause: int | msgspec.UnsetType | None = msgspec.UNSET
    mode: str | msgspec.UnsetType = msgspec.UNSET
    dialing: dict[str, Any] = {}


class Count(msgspec.Struct, kw_only=True):
    """How many clients a list would have."""

    total: int


class Mine(msgspec.Struct, kw_only=True):
    """The list that the person performs, null = none."""

    run: desk.RunView | None


def number(request: web.Request) -> int:
    """The page that was asked for, from 1."""
    asked = request.query.get("page", "")
    return max(1, int(asked)) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1


async def wanted(request: web.Request, session: object) -> queries.Wanted:
    """What the address asks for."""
    query = request.query
    status, creator = query.get("status", ""), query.get("creator", "")
    client, ids = query.get("client", "").strip()[:100], None
    if client:
        digits = "".join(one for one in client if one.isdigit())
        many = len(digits) >= 4 and not any(one.isalpha() for one in client)
        ids = contacts.ids_matching(session, client.casefold(), digits if many else "")  # type: ignore[arg-type]
    return queries.Wanted(
        status=status if status in rules.STATUSES else "",
        creator_id=int(creator) if creator.isascii() and creator.isdecimal() and len(creator) < 10 else None,
        text=query.get("q", "").strip()[:100],
        clients=ids,
    )


async def listed(request: web.Request) -> web.Response:
    """GET /api/v1/dial-lists."""
    here, person, page = services(request), current(request), number(request)
    async with here.db.business(person.business_id) as session:
        rows, total = await queries.page(session, await wanted(request, session), page)
        shown = await views.lists(session, person, rows, said(request))
    pages = max(1, -(-total // queries.PER_PAGE))
    return render.api(request, views.ListPage(lists=shown, total=total, page=page, pages=pages))


def said(request: web.Request):  # type: ignore[no-untyped-def]
    """Translates a key with values for who asks."""
    gettext = render.texts(request).gettext

    def say(key: str, values: dict[str, object]) -> str:
        # A reason is itself a text of the catalogue.
        shown = {
            name: gettext(value) if name == "reason" and isinstance(value, str) else value
            for name, value in values.items()
        }
        return gettext(key) % shown

    return say


async def count(request: web.Request) -> web.Response:
    """POST /api/v1/dial-lists/count."""
    here, person = services(request), current(request)
    form = await render.body(request, CountForm)
    async with here.db.business(person.business_id) as session:
        return render.api(request, Count(total=await making.count(session, here, person, form.where)))


async def create(request: web.Request) -> web.Response:
    """POST /api/v1/dial-lists."""
    here, person = services(request), current(request)
    form = await render.body(request, ListForm)
    async with here.db.business(person.business_id) as session:
        made = await making.create(session, here, person, form)
        shown = await views.one(session, person, made, here.clock.now(), said(request))
    return render.api(request, shown, status=201)


async def _shown(request: web.Request) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        row = await control.need(session, int(request.match_info["id"]))
        return render.api(request, await views.one(session, person, row, here.clock.now(), said(request)))


async def one(request: web.Request) -> web.Response:
    """GET /api/v1/dial-lists/{id}."""
    return await _shown(request)


async def change(request: web.Request) -> web.Response:
    """PATCH /api/v1/dial-lists/{id}: the pause, or how it dials."""
    here, person, list_id = services(request), current(request), int(request.match_info["id"])
    form = await render.body(request, ChangeForm)
    if not isinstance(form.mode, msgspec.UnsetType):
        await control.set_mode(here, person, list_id, form.mode, form.dialing)
    if not isinstance(form.pause, msgspec.UnsetType):
        await control.set_pause(here, person, list_id, form.pause)
    return await _shown(request)


async def act(request: web.Request) -> web.Response:
    """POST /api/v1/dial-lists/{id}/start, pause, stop, next, join, leave, retry, archive and restore."""
    here, person = services(request), current(request)
    list_id, action = int(request.match_info["id"]), request.path.rpartition("/")[2]
    if action == "start":
        await control.start(here, person, list_id)
    elif action in ("pause", "stop"):
        await control.halt(here, person, list_id, action)
    elif action == "next":
        await control.ask_next(here, person, list_id)
    elif action in _TEAM:
        await (control.join if action == "join" else control.leave)(here, person, list_id)
    elif action == "retry":
        await control.retry(here, person, list_id)
    else:
        await control.archive(here, person, list_id, back=action == "restore")
    return await _shown(request)


async def clients(request: web.Request) -> web.Response:
    """GET /api/v1/dial-lists/{id}/clients."""
    here, person, page = services(request), current(request), number(request)
    state = request.query.get("state", rules.DUE)
    async with here.db.business(person.business_id) as session:
        row = await control.need(session, int(request.match_info["id"]))
        found = await queries.entries(session, row.id, state if state in STATES else rules.DUE, page)
        shown = await views.entries(session, person, found[: queries.PER_PAGE])
    return render.api(request, views.EntryPage(clients=shown, page=page, more=len(found) > queries.PER_PAGE))


async def exclude(request: web.Request) -> web.Response:
    """DELETE /api/v1/dial-lists/{id}/clients/{entry}."""
    return await _exclude(request, back=False)


async def include(request: web.Request) -> web.Response:
    """POST /api/v1/dial-lists/{id}/clients/{entry}/restore."""
    return await _exclude(request, back=True)


async def _exclude(request: web.Request, *, back: bool) -> web.Response:
    here, person = services(request), current(request)
    list_id, entry_id = int(request.match_info["id"]), int(request.match_info["entry"])
    row = await control.exclude(here, person, list_id, entry_id, back=back)
    async with here.db.business(person.business_id) as session:
        return render.api(request, (await views.entries(session, person, [row]))[0])


async def team(request: web.Request) -> web.Response:
    """GET /api/v1/dial-lists/{id}/team."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        row = await control.need(session, int(request.match_info["id"]))
        return render.api(request, await floors.team(here, session, row))


async def judge(request: web.Request) -> web.Response:
    """POST /api/v1/dial-lists/{id}/samples/{attempt}."""
    form = await render.body(request, floors.Judgement)
    list_id, attempt_id = int(request.match_info["id"]), int(request.match_info["attempt"])
    return render.api(request, await floors.judge(services(request), current(request), list_id, attempt_id, form))


async def sample(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/dial-lists/{id}/samples/{attempt}/audio."""
    list_id, attempt_id = int(request.match_info["id"]), int(request.match_info["attempt"])
    file = await floors.sound(services(request), current(request), list_id, attempt_id)
    return web.FileResponse(file, headers={"Content-Type": "audio/wav", "Cache-Control": "private, max-age=3600"})


async def mine(request: web.Request) -> web.Response:
    """GET /api/v1/me/dial-list."""
    here, person = services(request), current(request)
    if person.agent_id is None:
        return render.api(request, Mine(run=None))
    found = await desk.view(here, person.business_id, person.agent_id)
    if found is not None and found.why:
        async with here.db.business(person.business_id) as session:
            row = await control.need(session, found.list_id)
            found.why = said(request)(row.why, {"title": row.title, **row.why_values})
    return render.api(request, Mine(run=found))


async def anew(request: web.Request) -> web.Response:
    """POST /api/v1/me/dial-list/phone."""
    await control.begin_anew(services(request), current(request))
    return await mine(request)


_TEAM = {
    "join": "Take part in a list with a team: my phone rings once and stays picked up",
    "leave": "Take part no more; a talk goes on to its end",
}
_ACTIONS = {
    "start": "Perform a list: my phone rings for one client after another",
    "pause": "Pause a list; who performs it stays responsible",
    "stop": "Stop a list and let go who performs it",
    "next": "Call the next client now, whatever is left of the pause",
    "retry": "Have those called again who were not reached",
    "archive": "Put a list into the archive",
    "restore": "Take a list out of the archive",
}
ROUTES = (
    Route(
        "GET",
        API,
        listed,
        DIALER_USE,
        summary="Dial lists, the newest first",
        returns=views.ListPage,
        params=(
            Param("status", "created, running, paused, finished or archive; without it all but the archive"),
            Param("creator", "membership of who made it", {"type": "integer"}),
            Param("client", "a piece of the name or number of a client who is in it"),
            Param("q", "a piece of its name"),
            Param("page", "from 1", {"type": "integer", "minimum": 1}),
        ),
    ),
    Route(
        "POST", API, create, DIALER_USE,
        summary="Make a dial list", body=ListForm, returns=views.ListView, status=201,
    ),
    Route(
        "POST", f"{API}/count", count, DIALER_USE,
        summary="How many clients a list of this filter would have", body=CountForm, returns=Count,
    ),
    Route("GET", f"{API}/{ID}", one, DIALER_USE, summary="A dial list with its progress", returns=views.ListView),
    Route(
        "PATCH", f"{API}/{ID}", change, DIALER_USE,
        summary="Change the pause of the list that one performs, or how a list dials",
        body=ChangeForm, returns=views.ListView,
    ),
    *(
        Route("POST", f"{API}/{ID}/{action}", act, DIALER_USE, summary=summary, returns=views.ListView)
        for action, summary in {**_ACTIONS, **_TEAM}.items()
    ),
    Route(
        "GET", f"{API}/{ID}/clients", clients, DIALER_USE,
        summary="The clients of a list in one state", returns=views.EntryPage,
        params=(
            Param("state", "due (default), later, dialing, done or excluded"),
            Param("page", "from 1", {"type": "integer", "minimum": 1}),
        ),
    ),
    Route(
        "DELETE", rf"{API}/{ID}/clients/{{entry:\d{{1,12}}}}", exclude, DIALER_USE,
        summary="Take a client out of a list", returns=views.EntryView,
    ),
    Route(
        "POST", rf"{API}/{ID}/clients/{{entry:\d{{1,12}}}}/restore", include, DIALER_USE,
        summary="Put a client back into a list", returns=views.EntryView,
    ),
    Route(
        "GET", f"{API}/{ID}/team", team, DIALER_USE,
        summary="Who takes part in a list, its calls now, whom it abandoned in 30 days", returns=floors.TeamView,
    ),
    Route(
        "POST", rf"{API}/{ID}/samples/{{attempt:\d{{1,12}}}}", judge, CALLS_ALL,
        summary="Say whether a kept greeting is a person's", body=floors.Judgement, returns=floors.Sample,
    ),
    Route("GET", rf"{API}/{ID}/samples/{{attempt:\d{{1,12}}}}/audio", sample, CALLS_ALL, summary="A kept greeting"),
    Route("GET", "/api/v1/me/dial-list", mine, DIALER_USE, summary="The list that I perform", returns=Mine),
    Route(
        "POST", "/api/v1/me/dial-list/phone", anew, DIALER_USE,
        summary="My page was loaded anew: have its phone rung again for the list that I take part in", returns=Mine,
    ),
)  # fmt: skip
