"""Prompts over HTTP: the API, and the sound itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import msgspec
from aiohttp import BodyPartReader, web

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.prompts import api, queries, rules
from callcenter.features.prompts.gateway import files
from callcenter.features.prompts.models import Prompt
from callcenter.features.prompts.usecases import keeping, listening, phoning
from callcenter.features.prompts.usecases.keeping import SpeechForm
from callcenter.features.prompts.usecases.phoning import RecordForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services

NO_FILE = N_("Choose a file.")
PHONE_SHOWS = N_("Recording a prompt")
_PIECE = 64 * 1024
# Headers of the parts and the other fields, beside the file itself.
_AROUND = 64 * 1024


class PromptView(msgspec.Struct, kw_only=True):
    """A prompt: ``kind`` is stock, upload, speech or recorded; ``name`` stands in prompt fields of numbers and menus.

    ``seconds`` is None where it is not known (stock). A stock prompt has no id and speaks the company's language.
    """

    id: int | None
    name: str
    title: str
    kind: str
    language: str
    text: str
    seconds: float | None
    bytes: int | None
    created_at: datetime | None
    changed_at: datetime | None
    audio_url: str


class PromptList(msgspec.Struct, kw_only=True):
    """Own prompts by title, then the stock set. ``files`` of at most ``max_files`` own sound files are there."""

    prompts: list[PromptView]
    files: int
    max_files: int


class PreviewForm(msgspec.Struct, kw_only=True):
    """A text to be heard before it is kept."""

    text: str
    language: str = "ru"


class Preview(msgspec.Struct, kw_only=True):
    """Where a spoken text can be heard for a while."""

    audio_url: str


class TitleForm(msgspec.Struct, kw_only=True):
    """A prompt's new title."""

    title: str


class Recording(msgspec.Struct, kw_only=True):
    """A phone that is being rung; ``id`` is its leg. The stream's ``notice`` of kind «prompt» says that it is done."""

    id: str


def view(row: Prompt) -> PromptView:
    """An own prompt as the API shows it."""
    return PromptView(
        id=row.id,
        name=row.name,
        title=row.title,
        kind=row.kind,
        language=row.language,
        text=row.text,
        seconds=row.seconds,
        bytes=row.bytes,
        created_at=row.created_at,
        changed_at=row.changed_at,
        audio_url=f"{api.audio_url(row.name)}?v={row.digest[:8]}",
    )


def stock_view(name: str, title: str, language: str, text: str) -> PromptView:
    """A prompt of the stock set; ``title`` in the reader's language."""
    return PromptView(
        id=None,
        name=name,
        title=title,
        kind="stock",
        language=language,
        text=text,
        seconds=None,
        bytes=None,
        created_at=None,
        changed_at=None,
        audio_url=f"{api.audio_url(name)}?language={language}",
    )


async def found(request: web.Request, typed: str) -> tuple[list[PromptView], int]:
    """The prompts in which every word of ``typed`` stands, and how many own files there are."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        rows = await queries.rows(session)
        language = await listening.language_of(session, person.business_id)
    texts = render.texts(request)
    views = [view(one) for one in rows]
    stock = listening.stock_texts(language)
    views += [stock_view(n, texts.gettext(t), language, stock.get(n, "")) for n, t in rules.STOCK.items()]
    wanted = [one for one in views if rules.fits(typed, one.title, one.text, one.name)]
    return wanted, sum(one.kind in rules.COUNTED for one in rows)


async def prompt_list(request: web.Request) -> web.Response:
    """GET /api/v1/prompts?q=…"""
    views, count = await found(request, request.query.get("q", "")[:100])
    return render.api(request, PromptList(prompts=views, files=count, max_files=rules.MAX_FILES))


async def upload(request: web.Request) -> web.Response:
    """POST /api/v1/prompts?title=…&language=…: multipart with a part ``file``."""
    return await _upload(request, None)


async def replace(request: web.Request) -> web.Response:
    """POST /api/v1/prompts/{id}/file: multipart with a part ``file``."""
    return await _upload(request, _id(request))


async def _upload(request: web.Request, replace_id: int | None) -> web.Response:
    # Before a single byte is read: what is far too large need not even come.
    if (request.content_length or 0) > rules.MAX_BYTES + _AROUND:
        raise BadInput(files.TOO_LARGE, fields={"file": files.TOO_LARGE})
    if request.content_type != "multipart/form-data":
        raise BadInput(NO_FILE, fields={"file": NO_FILE})
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.name == "file" and part.filename:
            made = await keeping.upload(
                services(request),
                keeping.who(request),
                part.filename,
                _pieces(part),
                title=request.query.get("title", ""),
                language=request.query.get("language", ""),
                replace_id=replace_id,
            )
            return await _one(request, made, status=201 if replace_id is None else 200)
    raise BadInput(NO_FILE, fields={"file": NO_FILE})


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield piece


async def speech(request: web.Request) -> web.Response:
    """POST /api/v1/prompts/speech."""
    form = await render.body(request, SpeechForm)
    made = await keeping.speak(services(request), keeping.who(request), form)
    return await _one(request, made, status=201 if form.replace_id is None else 200)


async def preview(request: web.Request) -> web.Response:
    """POST /api/v1/prompts/preview."""
    form = await render.body(request, PreviewForm)
    file = await keeping.preview(services(request), keeping.who(request), form.text, form.language)
    return render.api(request, Preview(audio_url=f"/api/v1/prompts/preview/{file.stem}"))


async def preview_audio(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/prompts/preview/{key}."""
    file = listening.preview_file(services(request), current(request).business_id, request.match_info["key"])
    if not file.is_file():
        raise NotFound(keeping.GONE)
    return _sound(file)


async def record(request: web.Request) -> web.Response:
    """POST /api/v1/prompts/record: rings one's own phone."""
    form = await render.body(request, RecordForm)
    shown = render.texts(request).gettext(PHONE_SHOWS)
    leg = await phoning.begin(services(request), current(request), form, shown)
    return render.api(request, Recording(id=leg), status=202)


async def change(request: web.Request) -> web.Response:
    """PATCH /api/v1/prompts/{id}."""
    form = await render.body(request, TitleForm)
    await keeping.rename(services(request), keeping.who(request), _id(request), form.title)
    return await _one(request, _id(request))


async def remove(request: web.Request) -> web.Response:
    """DELETE /api/v1/prompts/{id}."""
    await keeping.remove(services(request), keeping.who(request), _id(request))
    return web.Response(status=204)


async def restore(request: web.Request) -> web.Response:
    """POST /api/v1/prompts/{id}/restore."""
    await keeping.restore(services(request), keeping.who(request), _id(request))
    return await _one(request, _id(request))


async def audio(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/prompts/audio/{name}: as callers hear it, as a wave file; Range is understood."""
    language = request.query.get("language", "")
    file = await listening.sound_of(
        services(request), current(request).business_id, request.match_info["name"], language
    )
    return _sound(file)


def _sound(file: Path) -> web.FileResponse:
    return web.FileResponse(
        file,
        headers={"Content-Type": "audio/wav", "Cache-Control": "private, no-cache", "Content-Disposition": "inline"},
    )


async def _one(request: web.Request, prompt_id: int, status: int = 200) -> web.Response:
    async with services(request).db.business(current(request).business_id) as session:
        row = await queries.row(session, prompt_id)
    if row is None:
        raise NotFound(keeping.GONE)
    return render.api(request, view(row), status=status)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])
