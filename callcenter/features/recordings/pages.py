"""Recordings over HTTP: what is known of one, its sound in pieces, its player."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import IO
from urllib.parse import quote

import msgspec
from aiohttp import hdrs, web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.recordings import api, rules
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.usecases.listening import Form, find, listening, sound_of
from callcenter.http import formats, render
from callcenter.http.current import current
from callcenter.plugin import services

_BLOCK = 256 * 1024
_TYPES: dict[Form, str] = {"opus": "audio/ogg", "mp3": "audio/mpeg", "wav": "audio/wav"}


class Peaks(msgspec.Struct, kw_only=True):
    """Levels 0–100 over the length of the recording, for each voice."""

    agent: list[int]
    client: list[int]


class GapView(msgspec.Struct, kw_only=True):
    """Where the agent had paused the recording, in seconds: both sides are silent there."""

    at: float
    seconds: float


class RecordingView(msgspec.Struct, kw_only=True):
    """A recording: ``state`` is waiting, ready or failed; ``duration`` in seconds, ``size`` of the Opus file in bytes.

    ``agent_share`` and ``client_share`` say in per cent who spoke how much of the speech.
    """

    id: int
    call_id: str
    state: str
    duration: float
    size: int
    url: str
    agent_share: int
    client_share: int
    peaks: Peaks
    gaps: list[GapView] = []
    formats: list[str] = msgspec.field(default_factory=lambda: ["opus", "mp3", "wav"])


async def show(request: web.Request) -> web.Response:
    """What is known of one recording."""
    async with services(request).db.business(current(request).business_id) as session:
        row = await find(session, current(request), int(request.match_info["id"]))
    talk = row.peaks.get("talk", {})
    agent_share, client_share = rules.shares(float(talk.get("agent", 0)), float(talk.get("client", 0)))
    return render.api(
        request,
        RecordingView(
            id=row.id,
            call_id=row.call_id,
            state=row.state,
            duration=row.duration,
            size=row.size,
            url=api.audio_url(row.id),
            agent_share=agent_share,
            client_share=client_share,
            peaks=Peaks(agent=row.peaks.get("agent", []), client=row.peaks.get("client", [])),
            gaps=[GapView(at=at, seconds=seconds) for at, seconds in rules.stored_gaps(row.peaks)],
        ),
    )


async def player(request: web.Request) -> web.Response:
    """The player alone, for a row that is opened, and anew when the recording became ready."""
    async with services(request).db.business(current(request).business_id) as session:
        row = await find(session, current(request), int(request.match_info["id"]))
    return render.page(request, "recordings/one.html", recording=api.player_of(row))


async def audio(request: web.Request) -> web.StreamResponse:
    """The sound: Opus, or a copy as MP3 or WAV; whole or a piece of it."""
    here = services(request)
    form = _form(request)
    async with here.db.business(current(request).business_id) as session:
        row = await find(session, current(request), int(request.match_info["id"]))
    path = await sound_of(here, row, form)
    download = request.query.get("download") == "1"
    if request.method != hdrs.METH_HEAD:
        action = "recording.download" if download else "recording.listen"
        await listening(here).write_down(request, row, action, form)
    return await _send(
        request,
        path,
        {
            hdrs.CONTENT_TYPE: _TYPES[form],
            hdrs.CONTENT_DISPOSITION: _disposition(request, row, form, download=download),
            hdrs.CACHE_CONTROL: "private, no-cache",
            hdrs.ACCEPT_RANGES: "bytes",
        },
        tag=f"{row.id}-{form}",
    )


def _form(request: web.Request) -> Form:
    asked = request.query.get("format", "opus")
    for form in _TYPES:
        if asked == form:
            return form
    raise BadInput(N_("The format must be opus, mp3 or wav."), fields={"format": N_("This value cannot be used.")})


def _disposition(request: web.Request, row: Recording, form: Form, *, download: bool) -> str:
    """RFC 6266: an ASCII name for old programs, the full one by RFC 5987."""
    local = formats.local(row.started_at, current(request).timezone)
    plain = rules.download_name(local, row.client_number, form)
    word = render.texts(request).gettext(N_("Call recording"))
    kind = "attachment" if download else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(f'{word} {plain}', safe='')}"


async def _send(request: web.Request, path: Path, headers: dict[str, str], *, tag: str) -> web.StreamResponse:
    """Sends a file by RFC 9110: validators, one range, HEAD. The open file stays the same though its name may go."""
    loop = asyncio.get_running_loop()
    file = await loop.run_in_executor(None, path.open, "rb")
    try:
        stat = os.fstat(file.fileno())
        etag = f'"{tag}-{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        headers[hdrs.ETAG] = etag
        if _has(request.headers.get(hdrs.IF_NONE_MATCH), etag):
            return web.Response(status=304, headers=_without_content(headers))
        wanted = request.headers.get(hdrs.RANGE)
        unless = request.headers.get(hdrs.IF_RANGE)
        try:
            piece = rules.byte_range(wanted if unless is None or unless.strip() == etag else None, stat.st_size)
        except rules.Unsatisfiable:
            headers[hdrs.CONTENT_RANGE] = f"bytes */{stat.st_size}"
            return web.Response(status=416, headers=_without_content(headers))
        whole = piece or rules.ByteRange(0, stat.st_size - 1)
        if piece:
            headers[hdrs.CONTENT_RANGE] = f"bytes {piece.first}-{piece.last}/{stat.st_size}"
        response = web.StreamResponse(status=206 if piece else 200, headers=headers)
        response.content_length = whole.length
        await response.prepare(request)
        if request.method != hdrs.METH_HEAD:
            await _copy(file, response, whole)
        await response.write_eof()
        return response
    finally:
        file.close()


async def _copy(file: IO[bytes], response: web.StreamResponse, piece: rules.ByteRange) -> None:
    loop = asyncio.get_running_loop()
    file.seek(piece.first)
    left = piece.length
    while left > 0:
        data = await loop.run_in_executor(None, file.read, min(_BLOCK, left))
        if not data:
            # Cut off beneath us: an incomplete answer tells the client, a full-looking one would not.
            raise ConnectionResetError("the file became shorter")
        await response.write(data)
        left -= len(data)


def _has(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    return header.strip() == "*" or etag in (part.strip().removeprefix("W/") for part in header.split(","))


def _without_content(headers: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in headers.items() if k not in (hdrs.CONTENT_TYPE, hdrs.CONTENT_DISPOSITION)}
