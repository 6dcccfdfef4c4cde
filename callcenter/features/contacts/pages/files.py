"""Documents and photos over HTTP: taken in piece by piece, sent with permission only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts import gateway
from callcenter.features.contacts.pages import views
from callcenter.features.contacts.pages.views import FileView
from callcenter.features.contacts.usecases import files
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SEE
from callcenter.http.routes import Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
FILE = r"{file:\d{1,9}}"
NO_FILE = N_("Choose a file.")
PIECE = 64 * 1024


class Upload(NamedTuple):
    """A file that comes in: its name, kind, and its bytes piece by piece."""

    name: str
    media: str
    chunks: AsyncIterator[bytes]


async def upload(request: web.Request) -> Upload:
    """The part ``file`` of a multipart body. Raises BadInput when there is none.

    The body is not read as a whole: the server's limit for ordinary requests does not hold here.
    """
    if request.content_type != "multipart/form-data":
        raise BadInput(NO_FILE, fields={"file": NO_FILE})
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.name == "file" and part.filename:
            return Upload(part.filename, part.headers.get("Content-Type", ""), _pieces(part))
    raise BadInput(NO_FILE, fields={"file": NO_FILE})


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(PIECE):
        yield piece


async def _whole(coming: Upload, limit: int) -> bytes:
    found = bytearray()
    async for piece in coming.chunks:
        found += piece
        if len(found) > limit:
            raise gateway.too_large(limit)
    return bytes(found)


async def _add(request: web.Request) -> int:
    here, person, contact_id = services(request), current(request), _id(request)
    await files.may_change(here, person, contact_id)
    field = request.query.get("field", "")
    field_id = int(field) if field.isascii() and field.isdecimal() and len(field) < 10 else None
    coming = await upload(request)
    return await files.add(here, person, contact_id, coming.name, coming.chunks, field_id=field_id, media=coming.media)


async def _photo(request: web.Request) -> None:
    here, person, contact_id = services(request), current(request), _id(request)
    await files.may_change(here, person, contact_id)
    raw = await _whole(await upload(request), gateway.MAX_PHOTO)
    if not raw:
        raise BadInput(NO_FILE, fields={"file": NO_FILE})
    await files.set_photo(here, person, contact_id, raw)


async def files_api(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/{id}/files."""
    view = await views.load(services(request), current(request), _id(request))
    return render.api(request, view.files)


async def file_add_api(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/{id}/files?field=…: multipart with a part ``file``."""
    made = await _add(request)
    view = await views.load(services(request), current(request), _id(request))
    return render.api(request, next(one for one in view.files if one.id == made), status=201)


async def file_get(request: web.Request) -> web.StreamResponse:
    """GET /contacts/{id}/files/{file}, also below /api/v1: to be saved, never shown by the browser."""
    found = await files.one(services(request), current(request), _id(request), _file(request))
    return web.FileResponse(
        found.path,
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


async def file_delete_api(request: web.Request) -> web.Response:
    """DELETE /api/v1/contacts/{id}/files/{file}."""
    await files.remove(services(request), current(request), _id(request), _file(request))
    return web.Response(status=204)


async def file_add_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/files."""
    await _add(request)
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}?tab=info")


async def file_delete_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/files/{file}/delete."""
    await files.remove(services(request), current(request), _id(request), _file(request))
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}?tab=info")


async def photo_get(request: web.Request) -> web.StreamResponse:
    """GET /contacts/{id}/photo, also below /api/v1."""
    found = await files.photo(services(request), current(request), _id(request))
    return web.FileResponse(found.path, headers={"Content-Type": "image/jpeg", "Cache-Control": "private, max-age=300"})


async def photo_set_api(request: web.Request) -> web.Response:
    """PUT /api/v1/contacts/{id}/photo: multipart with a part ``file``."""
    await _photo(request)
    return web.Response(status=204)


async def photo_delete_api(request: web.Request) -> web.Response:
    """DELETE /api/v1/contacts/{id}/photo."""
    await files.set_photo(services(request), current(request), _id(request), b"")
    return web.Response(status=204)


async def photo_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/photo."""
    await _photo(request)
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}")


async def photo_delete_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/photo/delete."""
    await files.set_photo(services(request), current(request), _id(request), b"")
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}")


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _file(request: web.Request) -> int:
    return int(request.match_info["file"])


API, PAGE = f"/api/v1/contacts/{ID}", f"/contacts/{ID}"
BYTES = "application/octet-stream"
ROUTES = (
    Route("GET", f"{API}/files", files_api, CONTACTS_SEE, summary="Documents of a contact", returns=list[FileView]),
    Route(
        "POST",
        f"{API}/files",
        file_add_api,
        CONTACTS_EDIT,
        summary="Add a document: multipart with a part «file» of at most 20 MB; ?field= for an own field",
        returns=FileView,
        status=201,
    ),
    Route("GET", f"{API}/files/{FILE}", file_get, CONTACTS_SEE, summary="Download a document", media=BYTES),
    Route("DELETE", f"{API}/files/{FILE}", file_delete_api, CONTACTS_EDIT, summary="Delete a document", status=204),
    Route("GET", f"{API}/photo", photo_get, CONTACTS_SEE, summary="The photo", media="image/jpeg"),
    Route(
        "PUT",
        f"{API}/photo",
        photo_set_api,
        CONTACTS_EDIT,
        summary="Set the photo: multipart with a part «file» of at most 1 MB",
        status=204,
    ),
    Route("DELETE", f"{API}/photo", photo_delete_api, CONTACTS_EDIT, summary="Take the photo off", status=204),
    Route("GET", f"{PAGE}/files/{FILE}", file_get, CONTACTS_SEE),
    Route("POST", f"{PAGE}/files", file_add_form, CONTACTS_EDIT),
    Route("POST", f"{PAGE}/files/{FILE}/delete", file_delete_form, CONTACTS_EDIT),
    Route("GET", f"{PAGE}/photo", photo_get, CONTACTS_SEE),
    Route("POST", f"{PAGE}/photo", photo_form, CONTACTS_EDIT),
    Route("POST", f"{PAGE}/photo/delete", photo_delete_form, CONTACTS_EDIT),
)
