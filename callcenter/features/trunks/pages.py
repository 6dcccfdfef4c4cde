"""Lines over HTTP: the page, the API. A password goes in and never out."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, ProductError
from callcenter.features.numbers.api import Trunk
from callcenter.features.trunks import rules, usecases
from callcenter.features.trunks.usecases import TrunkForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services
from callcenter.telephony.probe import Probe


class TrunkState(msgspec.Struct, kw_only=True):
    """The live state of a line: ``state`` is a key, ``word`` and ``detail`` are for people, ``latency`` in ms."""

    id: int
    state: str
    word: str
    detail: str
    mark: str
    icon: str
    latency: float | None = None


class TrunkView(msgspec.Struct, kw_only=True):
    """A line; ``password_set`` says whether it has a password, which is never told."""

    id: int
    name: str
    server: str
    number: str
    login: str
    domain: str
    password_set: bool
    register: bool
    match: str
    codecs: list[str]
    caller_rule: str
    caller_id: str
    backup: bool
    position: int
    watch: bool
    active: bool
    live: TrunkState


class TrunkList(msgspec.Struct, kw_only=True):
    """The business's lines, those in use first."""

    trunks: list[TrunkView]


class StateList(msgspec.Struct, kw_only=True):
    """The live states of all lines."""

    states: list[TrunkState]


class Tried(msgspec.Struct, kw_only=True):
    """What came of a try: ``outcome`` is ok, refused, unknown_account, no_answer, no_address or failed."""

    outcome: str
    text: str
    latency: float | None
    status: int


async def trunk_list(request: web.Request) -> web.Response:
    """GET /api/v1/trunks."""
    return render.api(request, TrunkList(trunks=await _views(request)))


async def trunk_create(request: web.Request) -> web.Response:
    """POST /api/v1/trunks."""
    made = await usecases.save(services(request), current(request), await render.body(request, TrunkForm))
    return render.api(request, await _one(request, made), status=201)


async def trunk_change(request: web.Request) -> web.Response:
    """PUT /api/v1/trunks/{id}."""
    await usecases.save(services(request), current(request), await render.body(request, TrunkForm), _id(request))
    return render.api(request, await _one(request, _id(request)))


async def trunk_disconnect(request: web.Request) -> web.Response:
    """DELETE /api/v1/trunks/{id}."""
    await usecases.connect(services(request), current(request), _id(request), on=False)
    return web.Response(status=204)


async def trunk_connect(request: web.Request) -> web.Response:
    """POST /api/v1/trunks/{id}/connect."""
    await usecases.connect(services(request), current(request), _id(request), on=True)
    return render.api(request, await _one(request, _id(request)))


async def trunk_states(request: web.Request) -> web.Response:
    """GET /api/v1/trunks/states."""
    return render.api(request, StateList(states=[one.live for one in await _views(request)]))


async def trunk_test(request: web.Request) -> web.Response:
    """POST /api/v1/trunks/test and /api/v1/trunks/{id}/test."""
    trunk_id = _id(request) if "id" in request.match_info else None
    asked = await usecases.attempt(services(request), current(request), await render.body(request, TrunkForm), trunk_id)
    text = _outcome(request, asked)
    return render.api(request, Tried(outcome=asked.outcome, text=text, latency=asked.latency, status=asked.status))


async def show(request: web.Request) -> web.Response:
    """GET /trunks; ``?new=1`` (with a preset's name) and ``?edit=ID`` open the form."""
    edit, new = request.query.get("edit", ""), request.query.get("new", "")
    open_id = int(edit) if edit.isascii() and edit.isdecimal() and len(edit) < 10 else None
    return await _page(request, open_id, new=bool(new), preset=new)


async def submit(request: web.Request) -> web.Response:
    """POST /trunks and /trunks/{id}: the form."""
    trunk_id = _id(request) if "id" in request.match_info else None
    form = await render.body(request, TrunkForm)
    try:
        saved = await usecases.save(services(request), current(request), form, trunk_id)
    except ProductError as error:
        return await _page(request, trunk_id, new=trunk_id is None, form=form, error=error)
    raise web.HTTPSeeOther(f"/trunks?saved={saved}")


async def disconnect(request: web.Request) -> web.Response:
    """POST /trunks/{id}/disconnect."""
    await usecases.connect(services(request), current(request), _id(request), on=False)
    raise web.HTTPSeeOther(f"/trunks?gone={_id(request)}")


async def connect(request: web.Request) -> web.Response:
    """POST /trunks/{id}/connect."""
    await usecases.connect(services(request), current(request), _id(request), on=True)
    raise web.HTTPSeeOther(f"/trunks?saved={_id(request)}")


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


async def _one(request: web.Request, trunk_id: int) -> TrunkView:
    return next(one for one in await _views(request) if one.id == trunk_id)


async def _views(request: web.Request) -> list[TrunkView]:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        found = await usecases.every(session)
    live = await usecases.states(here, found)
    return [_view(one, _live(request, one.id, *live[one.id])) for one in found]


def _live(request: web.Request, trunk_id: int, state: str, now: Any, reason: Probe | None) -> TrunkState:
    word, mark, icon = rules.STATES[state]
    text = render.texts(request)
    return TrunkState(
        id=trunk_id,
        state=state,
        word=text.gettext(word),
        detail=_outcome(request, reason) if reason is not None and reason.outcome != "ok" else "",
        mark=mark,
        icon=icon,
        latency=now.latency,
    )


def _view(one: Trunk, live: TrunkState) -> TrunkView:
    return TrunkView(
        id=one.id,
        name=one.name,
        server=f"{one.host}:{one.port}",
        number=one.number,
        login=one.username,
        domain=one.domain,
        password_set=bool(one.password),
        register=one.register,
        match=one.match,
        codecs=one.codecs.split(","),
        caller_rule=one.caller_rule,
        caller_id=one.caller_id,
        backup=one.backup,
        position=one.position,
        watch=one.qualify_seconds > 0,
        active=one.active,
        live=live,
    )


def _outcome(request: web.Request, asked: Probe) -> str:
    key = "there" if asked.outcome == "ok" and asked.status not in range(200, 300) else asked.outcome
    words = f"{asked.status} {asked.words}".strip()
    said = render.texts(request).fill(rules.OUTCOMES[key], {"words": words})
    return f"{said} ({words})" if asked.status >= 300 and key in ("refused", "unknown_account") else said


async def _page(
    request: web.Request,
    open_id: int | None,
    *,
    new: bool = False,
    preset: str = "",
    form: TrunkForm | None = None,
    error: ProductError | None = None,
) -> web.Response:
    views = await _views(request)
    opened = next((one for one in views if one.id == open_id), None)
    ready = rules.PRESETS.get(preset)
    if form is None and opened is not None:
        shared = {name: getattr(opened, name) for name in TrunkForm.__struct_fields__ if name != "password"}
        form = TrunkForm(**shared)
    elif form is None and ready is not None:
        form = TrunkForm(
            name=render.texts(request).gettext(ready.title),
            server=ready.server,
            domain=ready.domain,
            register=ready.register,
            caller_rule=ready.caller_rule,
            watch=True,
        )
    elif form is None:
        form = TrunkForm(name="", server="", register=True, caller_rule="asserted", watch=True)
    marks = {name: request.query.get(name, "") for name in ("saved", "gone")}
    by_mark = {name: next((one for one in views if str(one.id) == value), None) for name, value in marks.items()}
    return render.page(
        request,
        "trunks/list.html",
        status=422 if isinstance(error, BadInput) else error.status if error else 200,
        trunks=views,
        opened=opened,
        new=new and opened is None,
        form=form,
        presets=rules.PRESETS,
        codecs=rules.CODECS,
        caller_rules=rules.CALLER_RULES,
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        any_active=any(one.active for one in views),
        saved=by_mark["saved"],
        gone=by_mark["gone"],
    )
