"""Files of letters on the disk, below ``mail`` in the data folder."""

from __future__ import annotations

import asyncio
import io
import secrets
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

from PIL import Image, ImageOps

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.mail.rules import content

FOLDER = "mail"
WIDEST = 1600
# A picture of more points than this is a bomb, whatever its file weighs.
MAX_POINTS = 50_000_000
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
TOO_LARGE = N_("This file is too large: at most %(limit)s MB.")
EMPTY = N_("This file is empty.")


def place(data: Path, business_id: int, file: str) -> Path:
    """The path of a stored file."""
    return data / FOLDER / str(business_id) / file[:2] / file


async def keep(data: Path, business_id: int, chunks: AsyncIterator[bytes], limit: int) -> tuple[str, int]:
    """Writes what comes in to a new file; its name and size in bytes. Raises BadInput: too large, or empty."""
    name, size = secrets.token_hex(16), 0
    path = place(data, business_id, name)
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        with path.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                await asyncio.to_thread(file.write, chunk)
        if not size:
            raise BadInput(EMPTY, fields={"file": EMPTY})
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return name, size


def too_large(limit: int) -> BadInput:
    """The error for a file of more than ``limit`` bytes."""
    return BadInput(TOO_LARGE, fields={"file": N_("This file is too large.")}, limit=limit // content.MB)


async def keep_picture(data: Path, business_id: int, raw: bytes) -> tuple[str, int, str]:
    """Keeps a picture, drawn anew and at most 1600 points wide; name, size, media type. Raises BadInput."""
    drawn, media = await asyncio.to_thread(_drawn, raw)

    async def whole() -> AsyncIterator[bytes]:
        yield drawn

    name, size = await keep(data, business_id, whole(), len(drawn))
    return name, size, media


def _drawn(raw: bytes) -> tuple[bytes, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
                if picture.width * picture.height > MAX_POINTS:
                    raise BadInput(content.NO_PICTURE, fields={"file": content.NO_PICTURE})
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail((WIDEST, WIDEST * 4))
                clear = upright.mode in ("RGBA", "LA", "P")
                made = io.BytesIO()
                if clear:
                    upright.convert("RGBA").save(made, "PNG", optimize=True)
                else:
                    upright.convert("RGB").save(made, "JPEG", quality=88, optimize=True)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise BadInput(content.NO_PICTURE, fields={"file": content.NO_PICTURE}) from None
    return made.getvalue(), "image/png" if clear else "image/jpeg"


async def read(data: Path, business_id: int, file: str) -> bytes:
    """A stored file's bytes. Raises FileNotFoundError."""
    return await asyncio.to_thread(place(data, business_id, file).read_bytes)


async def remove(data: Path, business_id: int, file: str) -> None:
    """Removes a file; one that is gone already does not matter."""
    await asyncio.to_thread(place(data, business_id, file).unlink, missing_ok=True)
