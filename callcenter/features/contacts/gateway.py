"""Documents and photos on the disk, below ``files`` in the data folder."""

from __future__ import annotations

import asyncio
import io
import secrets
import unicodedata
import warnings
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from PIL import Image, ImageOps

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts.rules.places import FOLDER, stored

MAX_FILE = 20 * 1024 * 1024
MAX_PHOTO = 1024 * 1024
PHOTO_SIZE = (200, 300)
# A picture of more points than this is a bomb, whatever its file weighs.
MAX_POINTS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
TOO_LARGE = N_("This file is too large: at most %(limit)s MB.")
NO_PICTURE = N_("This is not a picture. Choose a JPEG, PNG or WebP file.")


def folder(data: Path, business_id: int) -> Path:
    """Where a business's files lie."""
    return data / FOLDER / str(business_id)


def place(data: Path, business_id: int, file: str) -> Path:
    """The path of a stored file."""
    return data / stored(business_id, file)


async def keep(data: Path, business_id: int, chunks: AsyncIterator[bytes], limit: int = MAX_FILE) -> tuple[str, int]:
    """Writes what comes in to a new file; returns its name and size. Raises BadInput when it is too large or empty."""
    name = secrets.token_hex(16)
    path = place(data, business_id, name)
    size = 0
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        with path.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                await asyncio.to_thread(file.write, chunk)
        if not size:
            message = N_("This file is empty.")
            raise BadInput(message, fields={"file": message})
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return name, size


def too_large(limit: int) -> BadInput:
    """The error for a file of more than ``limit`` bytes."""
    return BadInput(TOO_LARGE, fields={"file": N_("This file is too large.")}, limit=limit // (1024 * 1024))


async def keep_photo(data: Path, business_id: int, raw: bytes) -> str:
    """Keeps a photo, made smaller when it is above 200 × 300 points (CON-18). Raises BadInput."""
    small = await asyncio.to_thread(photo, raw)

    async def whole() -> AsyncIterator[bytes]:
        yield small

    name, _ = await keep(data, business_id, whole())
    return name


def photo(raw: bytes) -> bytes:
    """A picture as JPEG of at most 200 × 300 points, without the place and camera that its file names."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
                if picture.width * picture.height > MAX_POINTS:
                    raise BadInput(NO_PICTURE, fields={"file": NO_PICTURE})
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail(PHOTO_SIZE)
                plain = Image.new("RGB", upright.size, "white")
                layer = upright.convert("RGBA")
                plain.paste(layer, mask=layer)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise BadInput(NO_PICTURE, fields={"file": NO_PICTURE}) from None
    made = io.BytesIO()
    plain.save(made, "JPEG", quality=85, optimize=True)
    return made.getvalue()


async def remove(data: Path, business_id: int, files: Iterable[str]) -> None:
    """Removes files by the names that stand in the tables; those that are gone already do not matter."""
    if paths := [stored(business_id, one) for one in files if one]:
        await asyncio.to_thread(unlink, data, paths)


def unlink(data: Path, paths: Iterable[str]) -> None:
    """Removes files by their places below the data folder (rules.places.stored); others are none of ours."""
    root = (data / FOLDER).resolve()
    for one in paths:
        path = (data / one).resolve()
        if root in path.parents:
            path.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """A file's name as a person gave it, without folders, control signs and what file systems refuse."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    text = "".join(c for c in text if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*').strip(" .")
    stem, dot, extension = text.rpartition(".")
    if dot and len(extension) <= 10:
        text = f"{stem[: 199 - len(extension)].strip()}.{extension}"
    return text[:200] or "file"
