"""Sounds in Asterisk's folder: made from the masters whenever they are missing there."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from callcenter.config import Settings
from callcenter.core.errors import Unavailable
from callcenter.core.i18n import N_
from callcenter.features.prompts import queries
from callcenter.features.prompts.gateway import files
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance

log = logging.getLogger(__name__)
NOT_LAID = N_("The prompt could not be given to Asterisk: %(reason)s")


class Studio:
    """Lets only two sounds be made at a time: a call centre's processors belong to its calls."""

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(2)


def studio(services: Services) -> Studio:
    """The one object of this process."""
    return services.part(Studio, lambda _: Studio())


async def ensure_sounds(services: Services) -> int:
    """Makes what is missing in Asterisk's folder, of all businesses; how many. No reload is needed for a new file."""
    return await lay_all(services.settings, services.db)


async def lay_all(settings: Settings, db: Database) -> int:
    """The same without a running server, for who writes Asterisk's configuration."""
    async with db.system() as session:
        wanted = await queries.all_sounds(session)
    return await asyncio.to_thread(_lay_all, settings, wanted)


def _lay_all(settings: Settings, wanted: list[queries.Sound]) -> int:
    instance = files.instance_of(settings)
    if instance is None:
        return 0
    files.make_spool(instance)
    return sum(_lay_one(settings, instance, one) for one in wanted)


def _lay_one(settings: Settings, instance: Instance, sound: queries.Sound) -> bool:
    source = files.master(settings, sound.business_id, sound.name, sound.digest)
    if not source.is_file():
        log.warning("the sound of the prompt %s is not there: %s", sound.name, source)
        return False
    try:
        return files.lay(instance, sound.name, sound.digest, source)
    except (AsteriskError, OSError) as error:
        log.warning("the prompt %s was not given to Asterisk: %s", sound.name, error)
        return False


async def give(settings: Settings, name: str, digest: str, source: Path) -> None:
    """Gives one prompt to Asterisk. Unavailable when that fails; without an Asterisk here it waits for one."""

    def work() -> None:
        instance = files.instance_of(settings)
        if instance is not None:
            files.lay(instance, name, digest, source)

    try:
        await asyncio.to_thread(work)
    except (AsteriskError, OSError) as error:
        raise Unavailable(NOT_LAID, code="not_laid", reason=str(error)) from error
