"""Files of letters over HTTP: taken in piece by piece; pictures are shown, everything else is only saved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import msgspec
from aiohttp import BodyPartReader, web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.mail.models import MailFile
from callcenter.features.mail.rules import content
from callcenter.features.mail.usecases import files, showing
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SEE, SCRIPTS_EDIT
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

NO_FILE = N_("Choose a file.")
PIECE = 64 * 1024


class FileView(msgspec.Struct, kw_only=True):
    """An uploaded file; ``address`` is how a letter's text names a picture. ``size`` in bytes."""

    id: int
    name: str
    size: int
    picture: bool
    address: str


def view(row: MailFile) -> FileView:
    """A file as the API shows it."""
    return FileView(
        id=row.id, name=row.name, size=row.size, picture=row.picture, address=content.picture_address(row.id)
    )  # fmt: skip


async def add(request: web.Request) -> web.Response:
    """POST /api/v1/mail-files?picture=1: multipart with a part ``file``, which is not read as a whole."""
    if request.content_type != "multipart/form-data":
        raise BadInput(NO_FILE, fields={"file": NO_FILE})
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.name == "file" and part.filename:
            picture = request.query.get("picture") == "1"
            made = await files.add(
                services(request), current(request), part.filename, _pieces(part), picture=picture
            )  # fmt: skip
            return render.api(request, view(made), status=201)
    raise BadInput(NO_FILE, fields={"file": NO_FILE})


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(PIECE):
        yield piece


async def get(request: web.Request) -> web.StreamResponse:
    """GET /mail/files/{file}."""
    found = await showing.one(services(request), current(request), int(request.match_info["file"]))
    headers = {"Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
    if found.picture:
        headers["Content-Type"] = found.media
    else:
        headers["Content-Type"] = "application/octet-stream"
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"
    return web.FileResponse(found.path, headers=headers)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/v1/mail-files",
        add,
        CONTACTS_EDIT,
        any_of=(SCRIPTS_EDIT,),
        summary="Upload a file for a letter (at most 10 MB), or with ?picture=1 a picture for its text (at most 5 MB)",
        returns=FileView,
        params=(Param("picture", "1 = a picture that stands in the text"),),
        status=201,
    ),
    Route(
        "GET",
        r"/api/v1/mail-files/{file:\d{1,9}}",
        get,
        CONTACTS_SEE,
        summary="A file of a letter",
        media="application/octet-stream",
    ),
    Route("GET", r"/mail/files/{file:\d{1,9}}", get, CONTACTS_SEE),
)
