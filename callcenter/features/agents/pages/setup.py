"""Why people pause, and the rules for all agents, over HTTP: the settings page and the API."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, ProductError
from callcenter.core.i18n import N_
from callcenter.features.agents.models import PauseReason
from callcenter.features.agents.usecases import reasons, settings
from callcenter.features.agents.usecases.reasons import ReasonForm
from callcenter.features.agents.usecases.settings import AgentSettings
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import SETTINGS_EDIT
from callcenter.plugin import services

PATH = "/agents/settings"
GLYPHS = {"break": "cup", "lunch": "clock", "meeting": "users", "training": "note", "paperwork": "file"}


class ReasonView(msgspec.Struct, kw_only=True):
    """A reason to pause; ``glyph`` is the icon that stands before it, ``key`` that of a first reason, else empty."""

    id: int
    key: str
    name: str
    glyph: str
    counts_as_work: bool
    limit_minutes: int | None
    active: bool


class ReasonList(msgspec.Struct, kw_only=True):
    """Reasons in the order in which they are offered."""

    reasons: list[ReasonView]


class ReasonOrder(msgspec.Struct, kw_only=True):
    """Reasons' ids in their new order."""

    ids: list[int]


class ReasonTyped(msgspec.Struct, kw_only=True):
    """The form of the page: what was typed, a ticked box as ``on``."""

    name: str = ""
    counts_as_work: str = ""
    limit_minutes: str = ""


class SettingsTyped(msgspec.Struct, kw_only=True):
    """The form of the rules."""

    unanswered: int
    wrapup_out: int


async def reason_list(request: web.Request) -> web.Response:
    """GET /api/v1/pause-reasons, ``?retired=1`` for those, too, that can no longer be chosen."""
    retired = request.query.get("retired") == "1"
    return render.api(request, ReasonList(reasons=await _views(request, retired=retired)))


async def reason_create(request: web.Request) -> web.Response:
    """POST /api/v1/pause-reasons."""
    form = await render.body(request, ReasonForm)
    made = await reasons.save(services(request), current(request), form)
    return render.api(request, await _one(request, made), status=201)


async def reason_change(request: web.Request) -> web.Response:
    """PUT /api/v1/pause-reasons/{id}."""
    form = await render.body(request, ReasonForm)
    await reasons.save(services(request), current(request), form, _id(request))
    return render.api(request, await _one(request, _id(request)))


async def reason_retire(request: web.Request) -> web.Response:
    """DELETE /api/v1/pause-reasons/{id}: it is retired; the past keeps its name."""
    await reasons.retire(services(request), current(request), _id(request))
    return web.Response(status=204)


async def reason_back(request: web.Request) -> web.Response:
    """POST /api/v1/pause-reasons/{id}/back."""
    await reasons.retire(services(request), current(request), _id(request), back=True)
    return render.api(request, await _one(request, _id(request)))


async def reason_order(request: web.Request) -> web.Response:
    """PUT /api/v1/pause-reasons/order."""
    form = await render.body(request, ReasonOrder)
    await reasons.order(services(request), current(request), form.ids)
    return render.api(request, ReasonList(reasons=await _views(request)))


async def rules_read(request: web.Request) -> web.Response:
    """GET /api/v1/agent-settings."""
    async with services(request).db.business(current(request).business_id) as session:
        return render.api(request, await settings.read(session, current(request).business_id))


async def rules_change(request: web.Request) -> web.Response:
    """PUT /api/v1/agent-settings."""
    form = await render.body(request, AgentSettings)
    await settings.change(services(request), current(request), form)
    return render.api(request, form)


async def show(request: web.Request) -> web.Response:
    """GET /agents/settings: ``?new=1`` and ``?edit=ID`` open the form of a reason."""
    edit = request.query.get("edit", "")
    return await _page(request, int(edit) if edit.isdecimal() and len(edit) < 10 else None, new="new" in request.query)


async def submit(request: web.Request) -> web.Response:
    """POST /agents/settings/reasons and /agents/settings/reasons/{id}: the form of a reason."""
    reason_id = _id(request) if "id" in request.match_info else None
    typed = await render.body(request, ReasonTyped)
    try:
        await reasons.save(services(request), current(request), _form(typed), reason_id)
    except ProductError as error:
        return await _page(request, reason_id, new=reason_id is None, typed=typed, error=error)
    raise web.HTTPSeeOther(PATH)


async def act(request: web.Request) -> web.Response:
    """POST /agents/settings/reasons/{id}/{up,down,retire,back}."""
    service, person, what = services(request), current(request), request.path.rpartition("/")[2]
    if what in ("up", "down"):
        await reasons.move(service, person, _id(request), -1 if what == "up" else 1)
    else:
        await reasons.retire(service, person, _id(request), back=what == "back")
    raise web.HTTPSeeOther(PATH)


async def save_rules(request: web.Request) -> web.Response:
    """POST /agents/settings: the form of the rules."""
    typed = {key: str(value) for key, value in (await request.post()).items()}
    try:
        form = await render.body(request, SettingsTyped)
        await settings.change(services(request), current(request), AgentSettings(**msgspec.structs.asdict(form)))
    except BadInput as error:
        return await _page(request, None, rules_typed=typed, error=error)
    raise web.HTTPSeeOther(PATH)


def _form(typed: ReasonTyped) -> ReasonForm:
    text = typed.limit_minutes.strip()
    if text and not (text.isascii() and text.isdecimal() and len(text) < 6):
        message = N_("Enter from 1 to 1440 minutes, or leave it empty.")
        raise BadInput(message, fields={"limit_minutes": message})
    return ReasonForm(
        name=typed.name, counts_as_work=typed.counts_as_work != "", limit_minutes=int(text) if text else None
    )


async def _page(
    request: web.Request,
    edit: int | None,
    *,
    new: bool = False,
    typed: ReasonTyped | None = None,
    rules_typed: dict[str, str] | None = None,
    error: ProductError | None = None,
) -> web.Response:
    found = await _views(request, retired=True)
    opened = next((one for one in found if one.id == edit and one.active), None)
    if typed is None and opened is not None:
        typed = ReasonTyped(
            name=opened.name,
            counts_as_work="on" if opened.counts_as_work else "",
            limit_minutes=str(opened.limit_minutes or ""),
        )
    async with services(request).db.business(current(request).business_id) as session:
        kept = await settings.read(session, current(request).business_id)
    return render.page(
        request,
        "agents/settings.html",
        status=422 if error else 200,
        reasons=[one for one in found if one.active],
        retired=[one for one in found if not one.active],
        opened=opened,
        new=new,
        form=typed or ReasonTyped(),
        rules=msgspec.structs.asdict(kept) | (rules_typed or {}),
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        may=current(request).can(SETTINGS_EDIT),
    )


async def _views(request: web.Request, *, retired: bool = False) -> list[ReasonView]:
    rows = await reasons.listed(services(request), current(request).business_id, retired=retired)
    return [_view(one) for one in rows]


async def _one(request: web.Request, reason_id: int) -> ReasonView:
    return next(one for one in await _views(request, retired=True) if one.id == reason_id)


def _view(row: PauseReason) -> ReasonView:
    return ReasonView(
        id=row.id,
        key=row.key,
        name=row.name,
        glyph=GLYPHS.get(row.key, "cup"),
        counts_as_work=row.counts_as_work,
        limit_minutes=row.limit_minutes,
        active=row.active,
    )


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])
