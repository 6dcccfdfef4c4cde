"""Imports over the API: all that the pages do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.imports import queries
from callcenter.features.imports.pages import views
from callcenter.features.imports.pages.views import ImportList, ImportView
from callcenter.features.imports.rules.limits import trouble
from callcenter.features.imports.usecases import steps
from callcenter.features.imports.usecases.steps import MappingForm, StartForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_IMPORT
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
CHUNK = 256 * 1024
NO_FILE = N_("Choose a file first.")


async def import_list(request: web.Request) -> web.Response:
    """GET /api/v1/imports."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        rows, total = await queries.page(
            session, person.membership_id, everything=views.everything(person), number=page_number(request)
        )
        found = [await views.view(session, here, person, row) for row in rows]
    return render.api(request, ImportList(imports=found, total=total))


async def import_upload(request: web.Request) -> web.Response:
    """POST /api/v1/imports: a multipart form with the part ``file`` (and ``mode``, ``list`` before it)."""
    made = await take(request)
    return await _answer(request, made, status=201)


async def import_one(request: web.Request) -> web.Response:
    """GET /api/v1/imports/{id}."""
    return await _answer(request, import_id(request))


async def import_mapping(request: web.Request) -> web.Response:
    """PUT /api/v1/imports/{id}/mapping."""
    here, person = services(request), current(request)
    form = await render.body(request, MappingForm)
    async with here.db.business(person.business_id) as session:
        await steps.choose(session, person, import_id(request), form)
    return await _answer(request, import_id(request))


async def import_start(request: web.Request) -> web.Response:
    """POST /api/v1/imports/{id}/start."""
    here, person = services(request), current(request)
    form = await render.body(request, StartForm)
    async with here.db.business(person.business_id) as session:
        await steps.start(session, here, person, import_id(request), form)
    return await _answer(request, import_id(request))


async def import_again(request: web.Request) -> web.Response:
    """POST /api/v1/imports/{id}/again."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        await steps.again(session, here, person, import_id(request))
    return await _answer(request, import_id(request))


async def import_cancel(request: web.Request) -> web.Response:
    """POST /api/v1/imports/{id}/cancel."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        await steps.cancel(session, here, person, import_id(request))
    return await _answer(request, import_id(request))


async def import_undo(request: web.Request) -> web.Response:
    """POST /api/v1/imports/{id}/undo."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        await steps.undo(session, here, person, import_id(request))
    return await _answer(request, import_id(request))


async def import_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/imports/{id}: forgets a file that was not loaded."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        await steps.discard(session, here, person, import_id(request))
    return web.Response(status=204)


async def _answer(request: web.Request, found: int, status: int = 200) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        row = await queries.one(session, found, person.membership_id, everything=views.everything(person))
        shown = await views.view(session, here, person, row)
    if shown.error:
        shown.error = render.texts(request).gettext(shown.error)
    shown.warnings = [render.texts(request).gettext(one) for one in shown.warnings]
    return render.api(request, shown, status=status)


async def take(request: web.Request) -> int:
    """Takes an uploaded file in as it comes, past the limit of ordinary bodies; gives the import's id."""
    here, person = services(request), current(request)
    if not request.content_type.startswith("multipart/"):
        raise BadInput(NO_FILE, fields={"file": NO_FILE})
    given: dict[str, str] = {}
    if request._post is not None or ("X-CSRF-Token" not in request.headers and person.via != "token"):
        # A form without scripts: its token was looked for in the body, which is read by now.
        form: Any = await request.post()
        sent = form.get("file")
        if not isinstance(sent, web.FileField):
            raise BadInput(NO_FILE, fields={"file": NO_FILE})
        given = {name: value for name, value in form.items() if isinstance(value, str)}
        return await steps.upload(here, person, sent.filename, _of_file(sent), **_options(given))
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == "file":
                if not part.filename:
                    break
                return await steps.upload(here, person, Path(part.filename).name, _of_part(part), **_options(given))
            if part.name in ("mode", "list", "_csrf"):
                given[part.name] = (await part.read_chunk(1000)).decode("utf-8", "replace")
    except (ValueError, RuntimeError, AssertionError):
        raise trouble("broken") from None
    raise BadInput(NO_FILE, fields={"file": NO_FILE})


def _options(given: dict[str, str]) -> dict[str, str]:
    return {"mode": given.get("mode", ""), "list_title": given.get("list", "").replace("\x00", "")}


async def _of_part(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK):
        yield chunk


async def _of_file(sent: web.FileField) -> AsyncIterator[bytes]:
    while chunk := sent.file.read(CHUNK):
        yield chunk


def import_id(request: web.Request) -> int:
    """The import that the address names."""
    return int(request.match_info["id"])


def page_number(request: web.Request) -> int:
    """``?page=``, from 1."""
    page = request.query.get("page", "1")
    return max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 6 else 1


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/imports", import_list, CONTACTS_IMPORT, summary="Imports, the newest first",
          returns=ImportList, params=(Param("page", "From 1", {"type": "integer"}),)),
    Route("POST", "/api/v1/imports", import_upload, CONTACTS_IMPORT, summary="Upload a table (multipart, part “file”)",
          returns=ImportView, status=201),
    Route("GET", f"/api/v1/imports/{ID}", import_one, CONTACTS_IMPORT, summary="An import and how far it is",
          returns=ImportView),
    Route("PUT", f"/api/v1/imports/{ID}/mapping", import_mapping, CONTACTS_IMPORT,
          summary="Say which column becomes which field", body=MappingForm, returns=ImportView),
    Route("POST", f"/api/v1/imports/{ID}/start", import_start, CONTACTS_IMPORT, summary="Load the file",
          body=StartForm, returns=ImportView),
    Route("POST", f"/api/v1/imports/{ID}/again", import_again, CONTACTS_IMPORT,
          summary="Go on with an import that failed or was cancelled", returns=ImportView),
    Route("POST", f"/api/v1/imports/{ID}/cancel", import_cancel, CONTACTS_IMPORT, summary="Stop an import",
          returns=ImportView),
    Route("POST", f"/api/v1/imports/{ID}/undo", import_undo, CONTACTS_IMPORT, summary="Take an import back",
          returns=ImportView),
    Route("DELETE", f"/api/v1/imports/{ID}", import_delete, CONTACTS_IMPORT,
          summary="Forget a file that was not loaded", status=204),
)  # fmt: skip
