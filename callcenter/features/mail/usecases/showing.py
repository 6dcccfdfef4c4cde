"""Files of letters are given out to who may see what holds them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.features.mail import queries
from callcenter.features.mail.gateway import files as disk
from callcenter.features.mail.usecases import letters
from callcenter.http.current import Current
from callcenter.plugin import Services

GONE = N_("This file is not there any more.")


class Stored(NamedTuple):
    """A file to be given out."""

    path: Path
    name: str
    media: str
    picture: bool


async def one(services: Services, person: Current, file_id: int) -> Stored:
    """A file for who uploaded it, or may see a letter that holds it; those of scripts are for all who write letters.

    Raises NotFound.
    """
    async with services.db.business(person.business_id) as session:
        row = (await queries.files(session, [file_id])).get(file_id)
        if row is None or not (row.owner_id == person.membership_id or await _seen(session, person, file_id)):
            raise NotFound(GONE)
    path = disk.place(services.settings.data, person.business_id, row.file)
    if not path.is_file():
        raise NotFound(GONE)
    return Stored(path, row.name, row.media, row.picture)


async def _seen(session: AsyncSession, person: Current, file_id: int) -> bool:
    for holder in await queries.holders(session, file_id):
        kind, _, number = holder.partition(":")
        if kind == "script":
            return True
        try:
            await letters.need(session, person, int(number))
        except NotFound:
            continue
        return True
    return False
