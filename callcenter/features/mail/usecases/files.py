"""Files of letters: taken in, given out, held by letters and scripts, removed when nobody needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts import api as contacts
from callcenter.features.mail import queries
from callcenter.features.mail.gateway import files as disk
from callcenter.features.mail.models import MailFile, MailFileHold
from callcenter.features.mail.rules import content
from callcenter.http.current import Current
from callcenter.plugin import Services

NOT_YOURS = N_("This file is not there any more. Attach it again.")
MANY = N_("You have uploaded many files that no letter uses. Send or take away some letters first.")
MAX_LOOSE = 200
UNUSED = timedelta(days=1)


async def add(
    services: Services, person: Current, name: str, chunks: AsyncIterator[bytes], *, picture: bool
) -> MailFile:
    """Takes a file in. Raises BadInput: too large, empty, refused by mail servers, no picture."""
    title = contacts.safe_name(name)
    if not picture:
        content.file_kind(title)
    async with services.db.business(person.business_id) as session:
        mine = select(func.count(MailFile.id)).where(
            MailFile.owner_id == person.membership_id,
            ~select(MailFileHold.id).where(MailFileHold.file_id == MailFile.id).exists(),
        )
        if (await session.scalar(mine) or 0) >= MAX_LOOSE:
            raise BadInput(MANY, fields={"file": MANY})
    data, business = services.settings.data, person.business_id
    if picture:
        raw = bytearray()
        async for chunk in chunks:
            raw += chunk
            if len(raw) > content.MAX_PICTURE:
                raise disk.too_large(content.MAX_PICTURE)
        file, size, media = await disk.keep_picture(data, business, bytes(raw))
    else:
        file, size = await disk.keep(data, business, chunks, content.MAX_FILE)
        media = "application/octet-stream"
    try:
        async with services.db.business(business) as session:
            row = MailFile(
                file=file, name=title, media=media, size=size, picture=picture, owner_id=person.membership_id,
                created_at=services.clock.now(),
            )  # fmt: skip
            session.add(row)
            await session.flush()
            return row
    except BaseException:
        await disk.remove(data, business, file)
        raise


async def usable(
    session: AsyncSession, person: Current, ids: Sequence[int], html: str, holder: str = ""
) -> tuple[list[MailFile], list[MailFile]]:
    """The files and the pictures in the text that a letter or a template may take, checked. Raises BadInput.

    They are the person's own uploads, or what ``holder`` has already.
    """
    wanted, inside = list(dict.fromkeys(ids)), content.pictures(html)
    rows = await queries.files(session, {*wanted, *inside})
    there = {one.id for one in await queries.held(session, holder)} if holder else set()
    for number in (*wanted, *inside):
        row = rows.get(number)
        if row is None or not (row.owner_id == person.membership_id or number in there):
            raise BadInput(NOT_YOURS, fields={"files" if number in wanted else "text": NOT_YOURS})
    chosen, pictures = [rows[one] for one in wanted], [rows[one] for one in inside if rows[one].picture]
    content.files([one.size for one in chosen], [one.size for one in pictures])
    return chosen, pictures


async def hold(session: AsyncSession, holder: str, rows: Sequence[MailFile]) -> None:
    """Says what a letter or a script needs, in its order; what it needed before and nobody needs now is let go."""
    before = {one.id for one in await queries.held(session, holder)}
    await session.execute(delete(MailFileHold).where(MailFileHold.holder == holder))
    kept = list(dict.fromkeys(one.id for one in rows))
    session.add_all(MailFileHold(holder=holder, file_id=one, position=place) for place, one in enumerate(kept))
    await session.flush()
    for row in (await queries.files(session, before - set(kept))).values():
        row.released = True
    await session.flush()


async def sweep(services: Services) -> None:
    """Removes files that nobody needs any more, from the database first: a file without a row harms nobody."""
    async with services.db.system() as session:
        rows = await queries.unheld(session, services.clock.now() - UNUSED)
        places = [(row.business_id, row.file) for row in rows]
        for row in rows:
            await session.delete(row)
    for business_id, file in places:
        await disk.remove(services.settings.data, business_id, file)
