"""Where prompts lie: masters and originals below ``prompts`` in the data folder, what is played in Asterisk's."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from callcenter.config import Settings
from callcenter.core.i18n import N_
from callcenter.features.prompts.gateway.audio import refuse
from callcenter.features.prompts.rules import LANGUAGES, MAX_BYTES
from callcenter.telephony.asterisk import prompts
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance

log = logging.getLogger(__name__)

TOO_LARGE = N_("This file is too large: at most 10 MB.")
EMPTY_FILE = N_("This file is empty.")
SPOOL = "prompts"


def folder(settings: Settings, business_id: int) -> Path:
    """Where a business's masters and originals lie."""
    return settings.data / "prompts" / str(business_id)


def master(settings: Settings, business_id: int, name: str, digest: str) -> Path:
    """The finished sound from which Asterisk's files are made; each version has a file of its own."""
    return folder(settings, business_id) / f"{name}.{digest[:16]}.wav"


def original(settings: Settings, business_id: int, name: str, digest: str) -> Path:
    """What a person brought, as it was."""
    return folder(settings, business_id) / f"{name}.{digest[:16]}.original"


def draft(settings: Settings, business_id: int) -> Path:
    """A place for a file that is not known to be good yet; the folder is made."""
    place = folder(settings, business_id)
    place.mkdir(parents=True, exist_ok=True)
    return place / f".new-{secrets.token_hex(8)}"


async def take_in(path: Path, chunks: AsyncIterator[bytes]) -> int:
    """Writes what comes in to ``path``; its bytes. Stops at the limit with BadInput; nothing is left then."""
    size = 0
    try:
        with path.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > MAX_BYTES:
                    raise refuse(TOO_LARGE)
                await asyncio.to_thread(file.write, chunk)
        if not size:
            raise refuse(EMPTY_FILE)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size


def instance_of(settings: Settings) -> Instance | None:
    """This machine's Asterisk, if it has been set up."""
    try:
        found = Instance.from_settings(settings)
    except AsteriskError:
        return None
    return found if found.folder.is_dir() else None


def lay(instance: Instance, name: str, digest: str, source: Path) -> bool:
    """Puts a prompt where Asterisk plays it in every language; False when this version lies there already.

    A call that plays the former version hears it to its end. Raises AsteriskError, OSError.
    """
    made = False
    for language in LANGUAGES:
        place = instance.sounds / language
        place.mkdir(parents=True, exist_ok=True)
        instance.give(place)
        mark = place / f".{name}.sha256"
        there = all((place / f"{name}.{ending}").is_file() for ending in prompts.FORMATS)
        if there and mark.is_file() and mark.read_text() == digest:
            continue
        prompts.lay(source, place / name, instance.give)
        mark.write_text(digest)
        made = True
    return made


def take_away(settings: Settings, business_id: int, names: Iterable[str]) -> None:
    """Removes all that belongs to these prompts, also what Asterisk plays."""
    instance = instance_of(settings)
    for name in names:
        paths = list(folder(settings, business_id).glob(f"{name}.*"))
        if instance is not None:
            for language in LANGUAGES:
                place = instance.sounds / language
                paths += [place / f".{name}.sha256", *(place / f"{name}.{ending}" for ending in prompts.FORMATS)]
        for path in paths:
            path.unlink(missing_ok=True)


def spool(instance: Instance, stem: str) -> Path:
    """Where Asterisk writes what is said into a phone."""
    return instance.folder / "spool" / SPOOL / f"{stem}.wav"


def make_spool(instance: Instance) -> None:
    """The folder for that, Asterisk's own."""
    place = instance.folder / "spool" / SPOOL
    place.mkdir(parents=True, exist_ok=True)
    instance.give(place)
