"""Exports over HTTP: the page, the API, the file."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.exports import rules
from callcenter.features.exports.usecases import running
from callcenter.features.exports.usecases.running import ExportForm, ExportView
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services

MEDIA = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class ExportList(msgspec.Struct, kw_only=True):
    """The business's exports, the newest first."""

    exports: list[ExportView]


class PageForm(msgspec.Struct, kw_only=True):
    """The page's form; ``selection`` is what the list page has chosen, as JSON; ``choose`` only opens the page."""

    fields: list[str] = []
    format: str = "csv"
    what: str = "all"
    kind: str = ""
    count: str = ""
    start: str = "1"
    list_id: str = ""
    selection: str = ""
    choose: str = ""


async def export_list(request: web.Request) -> web.Response:
    """GET /api/v1/exports."""
    return render.api(request, ExportList(exports=await running.listing(services(request), current(request))))


async def export_one(request: web.Request) -> web.Response:
    """GET /api/v1/exports/{id}."""
    return render.api(request, await running.one(services(request), current(request), _id(request)))


async def export_start(request: web.Request) -> web.Response:
    """POST /api/v1/exports."""
    made = await running.start(request, await render.body(request, ExportForm))
    return render.api(request, await running.one(services(request), current(request), made), status=201)


async def export_stop(request: web.Request) -> web.Response:
    """DELETE /api/v1/exports/{id}."""
    await running.stop(services(request), current(request), _id(request))
    return web.Response(status=204)


async def file(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/exports/{id}/file."""
    path, name = await running.fetch(request, _id(request))
    headers = {
        "Content-Type": MEDIA[path.suffix[1:]],
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return web.FileResponse(path, headers=headers)


async def page(request: web.Request) -> web.Response:
    """GET /exports: what to export, and the files that can be fetched."""
    chosen = request.query.get("selection", "")
    return await _page(request, PageForm(selection=chosen, what="selection" if chosen else "all"))


async def page_form(request: web.Request) -> web.Response:
    """POST /exports: begins an export; with ``choose`` opens the page for a selection of the list."""
    form = await render.body(request, PageForm)
    if form.choose:
        return await _page(request, form)
    try:
        if form.what not in rules.WHATS:
            raise BadInput(N_("Some data cannot be used."))
        await running.start(
            request,
            ExportForm(
                fields=form.fields,
                format=form.format,
                what=form.what,
                kind=form.kind,
                count=form.count,
                start=form.start,
                list_id=form.list_id,
                selection=_selection(form.selection),
            ),
        )
    except BadInput as error:
        return await _page(request, form, error)
    raise web.HTTPSeeOther("/exports")


async def stop_form(request: web.Request) -> web.Response:
    """POST /exports/{id}/cancel."""
    await running.stop(services(request), current(request), _id(request))
    raise web.HTTPSeeOther("/exports")


def _selection(text: str) -> contacts.Selection | None:
    if not text:
        return None
    return render.decode(text.encode(), contacts.Selection)


async def _page(request: web.Request, form: PageForm, error: BadInput | None = None) -> web.Response:
    here, person = services(request), current(request)
    try:
        selection = _selection(form.selection)
    except BadInput:
        selection, form.selection = None, ""
    async with here.db.business(person.business_id) as session:
        columns = await contacts.exporting.columns(session)
        lists = await contacts.exporting.lists(session)
        names = {one.membership_id: one.name for one in await accounts.people(session)}
    shown: dict[str, Any] = {
        "form": form,
        "chosen": set(form.fields) if form.fields or error else set(rules.FIRST_FIELDS),
        "columns": columns,
        "lists": lists,
        "selection": selection,
        "exports": await running.listing(here, person),
        "names": names,
        "errors": render.fields_said(request, error) if error else {},
        "said": render.said(request, error) if error else "",
    }
    return render.page(request, "exports/exports.html", status=422 if error else 200, **shown)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])
