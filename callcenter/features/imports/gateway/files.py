"""Uploaded files in the data folder: taken in as they come, turned into lines of JSON by a child, read in portions."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from callcenter.config import Settings
from callcenter.features.imports.rules.limits import MAX_BYTES, trouble

CONVERT_SECONDS = 120
_NAME = frozenset("0123456789abcdef")


class Line(NamedTuple):
    """A row: its number in the file (from 1), its cells, and where the next one begins."""

    line: int
    cells: list[str]
    next: int


def folder(settings: Settings) -> Path:
    """Where uploads are kept until they are loaded."""
    return settings.data / "imports"


def path_of(settings: Settings, file: str) -> Path:
    """The rows of an upload as lines of JSON. ``file`` is the name that ``take`` gave."""
    if not file or not set(file) <= _NAME:
        raise ValueError("not the name of an upload")
    return folder(settings) / f"{file}.rows"


async def take(settings: Settings, chunks: AsyncIterator[bytes], limit: int = MAX_BYTES) -> tuple[str, dict[str, Any]]:
    """Keeps an upload and reads it: its name here, and what is known of the table. Raises BadInput.

    ``limit`` is in bytes.
    """
    name = secrets.token_hex(16)
    place = folder(settings)
    raw, rows = place / f"{name}.raw", place / f"{name}.rows"
    done = False
    try:
        await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
        await _write(raw, chunks, limit)
        about = await convert(raw, rows)
        done = True
        return name, about
    finally:
        raw.unlink(missing_ok=True)
        if not done:
            rows.unlink(missing_ok=True)


async def _write(path: Path, chunks: AsyncIterator[bytes], limit: int) -> None:
    size = 0
    with path.open("wb") as out:
        async for chunk in chunks:
            size += len(chunk)
            if size > 3 * limit:
                break
            # What is too large is read on for a while: a browser hears an answer only when it has sent everything.
            if size <= limit:
                await asyncio.to_thread(out.write, chunk)
    if size > limit:
        raise trouble("large")
    if not size:
        raise trouble("empty")


async def convert(raw: Path, rows: Path) -> dict[str, Any]:
    """Reads a table in a child process with limits; gives the Sheet as a dict. Raises BadInput."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callcenter.features.imports.gateway.convert", str(raw), str(rows),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[4],
    )  # fmt: skip
    try:
        async with asyncio.timeout(CONVERT_SECONDS):
            out, _ = await child.communicate()
    except TimeoutError:
        raise trouble("slow") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == -24:
        raise trouble("slow")
    if child.returncode != 0:
        # The reader ran out of memory (Rust aborts) or met something that it cannot bear.
        raise trouble("unpacked" if child.returncode and child.returncode < 0 else "broken")
    found: dict[str, Any] = json.loads(out)
    if "trouble" in found:
        raise trouble(found["trouble"], **found["values"])
    return found


def portion(path: Path, offset: int, count: int) -> list[Line]:
    """At most ``count`` rows from ``offset`` on (0 = the header). Blocking."""
    found: list[Line] = []
    decode = msgspec.json.decode
    with path.open("rb") as stream:
        stream.seek(offset)
        for raw in stream:
            offset += len(raw)
            line, *cells = decode(raw)
            found.append(Line(line, cells, offset))
            if len(found) >= count:
                break
    return found


def remove(settings: Settings, file: str) -> None:
    """Forgets an upload's rows; one that is gone is fine."""
    if file:
        path_of(settings, file).unlink(missing_ok=True)
