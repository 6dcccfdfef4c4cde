"""The steps of an import: a file is taken in, columns are chosen, it starts, is cancelled, goes on, is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.api import bulk_write
from callcenter.features.imports import queries
from callcenter.features.imports.gateway import files
from callcenter.features.imports.models import Import
from callcenter.features.imports.rules import columns, planning
from callcenter.features.imports.rules.limits import MAX_BYTES, MAX_ROWS, PREVIEW, UNDO_HOURS, trouble
from callcenter.features.imports.usecases import loading, undoing
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_ALL
from callcenter.plugin import Services

CLIENTS, MAILS = "clients", "mails"
MODES = (CLIENTS, MAILS)
# A business may set tighter limits than the house's (C01).
MAX_ROWS_SETTING, MAX_MB_SETTING = "import_max_rows", "import_max_mb"
BUSY = N_("This import has begun already.")


class StartForm(msgspec.Struct, kw_only=True):
    """How a file is to be loaded. ``mapping`` is column (from 0, as text) → field, '' or left out = not imported.

    ``mode``: clients, or mails (people for an e-mail mailing: only the address is mandatory). ``policy`` for clients
    that are there already: merge, skip or load. ``list`` is the title of a list (made when there is none).
    """

    mapping: dict[str, str] | None = None
    mode: str = CLIENTS
    policy: str = planning.MERGE
    responsible_id: int | None = None
    list: str = ""
    tag: str = ""


class MappingForm(msgspec.Struct, kw_only=True):
    """Column (from 0, as text) → field."""

    mapping: dict[str, str]
    mode: str = CLIENTS


async def upload(
    here: Services,
    person: Current,
    name: str,
    chunks: AsyncIterator[bytes],
    *,
    mode: str = CLIENTS,
    list_title: str = "",
) -> int:
    """Takes a file in and recognises its columns; gives the import's id. Raises BadInput."""
    async with here.db.business(person.business_id) as session:
        business = await accounts.business(session, person.business_id)
    settings = business.settings if business else {}
    megabytes = _at_most(settings.get(MAX_MB_SETTING), MAX_BYTES // 1024**2)
    most_rows = _at_most(settings.get(MAX_ROWS_SETTING), MAX_ROWS)
    file, about = await files.take(here.settings, chunks, megabytes * 1024**2)
    try:
        if about["rows"] > most_rows:
            raise trouble("rows_setting", limit=most_rows)
        lines = await asyncio.to_thread(files.portion, files.path_of(here.settings, file), 0, PREVIEW + 81)
        async with here.db.business(person.business_id) as session:
            own = (await bulk_write.setup(session)).own
            found = columns.recognise(
                about["header"], [one.cells for one in lines[1:]], [(f"own.{one.id}", one.title) for one in own]
            )
            row = Import(
                owner_id=person.membership_id,
                name=_name(name),
                file=file,
                format={
                    **about,
                    "sample": [one.cells for one in lines[1 : PREVIEW + 1]],
                    "lines": [one.line for one in lines[1 : PREVIEW + 1]],
                    "known": {str(column): key for column, key in found.items()},
                    "mode": mode if mode in MODES else CLIENTS,
                    "list": list_title[:100],
                },
                mapping={str(column): key for column, key in found.items()},
                counts={},
                created_at=here.clock.now(),
            )
            session.add(row)
            await session.flush()
            return row.id
    except BaseException:
        files.remove(here.settings, file)
        raise


def _at_most(setting: Any, limit: int) -> int:
    return min(setting, limit) if isinstance(setting, int) and setting > 0 else limit


def _name(name: str) -> str:
    plain = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in plain if sign.isprintable())[:200] or "file"


async def choose(session: AsyncSession, person: Current, import_id: int, form: MappingForm) -> Import:
    """Keeps which column becomes which field. Raises BadInput, Conflict."""
    row = await find(session, person, import_id)
    if row.state != "uploaded":
        raise Conflict(BUSY)
    mode = form.mode if form.mode in MODES else CLIENTS
    # What was chosen is kept even when something is missing.
    row.mapping = await _mapping(session, row, form.mapping)
    row.format = dict(row.format) | {"mode": mode}
    await session.flush()
    return row


async def _mapping(session: AsyncSession, row: Import, given: dict[str, str]) -> dict[str, Any]:
    own = [f"own.{one.id}" for one in (await bulk_write.setup(session)).own]
    known = {*columns.BASE, *own}
    width = len(row.format["header"])
    return {
        column: key
        for column, key in given.items()
        if column.isascii() and column.isdecimal() and int(column) < width and key in known
    }


async def start(session: AsyncSession, here: Services, person: Current, import_id: int, form: StartForm) -> Import:
    """Begins the load in the background. Raises BadInput, Conflict."""
    row = await find(session, person, import_id, for_update=True)
    if row.state != "uploaded":
        raise Conflict(BUSY)
    mode = form.mode if form.mode in MODES else CLIENTS
    if form.policy not in planning.POLICIES:
        raise BadInput(N_("This value cannot be used."), fields={"policy": N_("This value cannot be used.")})
    given = form.mapping if form.mapping is not None else row.mapping
    own = [f"own.{one.id}" for one in (await bulk_write.setup(session)).own]
    mapping = columns.checked(
        {_column(column): key for column, key in given.items()}, len(row.format["header"]), own, mails=mode == MAILS
    )
    title, tag = " ".join(form.list.split()), " ".join(form.tag.split())
    if len(title) > 100:
        raise BadInput(N_("This is too long."), fields={"list": N_("This is too long.")})
    if len(tag) > 60:
        raise BadInput(N_("This is too long."), fields={"tag": N_("This is too long.")})
    now = here.clock.now()
    row.mapping = {str(column): key for column, key in mapping.items()}
    row.policy = form.policy
    # IMP-12: nobody chosen means who loads the file.
    row.responsible_id = form.responsible_id or person.membership_id
    row.list_id = await bulk_write.list_named(session, title, now, person.membership_id) if title else None
    if tag:
        row.tag_id = next(iter((await bulk_write.tags_named(session, person.membership_id, [tag], now)).values()))
    row.format = dict(row.format) | {"mode": mode, "stamp": now.isoformat(), "list": title, "tag": tag}
    await _begin(session, here, person, row)
    await accounts.audit(session, person, "import.start", "import", row.id, name=row.name, rows=row.format["rows"])
    return row


def _column(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1


async def _begin(session: AsyncSession, here: Services, person: Current, row: Import) -> work.WorkJob:
    viewer = await contacts.viewer(session, person)
    job = await work.start(
        session, here, kind=loading.KIND, title=row.name, params={"import_id": row.id, "viewer": list(viewer)},
        owner_id=person.membership_id, total=int(row.format["rows"]),
    )  # fmt: skip
    row.job_id, row.state, row.ended_at = job.id, "running", None
    await session.flush()
    return job


async def again(session: AsyncSession, here: Services, person: Current, import_id: int) -> Import:
    """Goes on with an import that failed or was cancelled, behind the last portion that was kept. Raises Conflict."""
    row = await find(session, person, import_id, for_update=True)
    old = await session.get(work.WorkJob, row.job_id) if row.job_id else None
    await settle(session, here, row)
    if row.state not in ("failed", "cancelled") or not row.file:
        raise Conflict(N_("This import cannot go on."))
    job = await _begin(session, here, person, row)
    if old is not None:
        job.mark, job.done, job.failed = dict(old.mark), old.done, old.failed
    await session.flush()
    return row


async def cancel(session: AsyncSession, here: Services, person: Current, import_id: int) -> Import:
    """Stops a running import after the portion that it is at; what is loaded stays and can be taken back."""
    row = await find(session, person, import_id)
    if row.job_id and row.state in ("running", "undoing"):
        await work.cancel(session, here, row.job_id)
        await settle(session, here, row)
    return row


async def settle(session: AsyncSession, here: Services, row: Import) -> None:
    """Brings an import's state in line with a job that ended before the import could note it."""
    if row.state not in ("running", "undoing") or row.job_id is None:
        return
    job = await session.get(work.WorkJob, row.job_id, populate_existing=True)
    if job is None or job.state not in ("failed", "cancelled"):
        return
    if row.state == "undoing":
        row.state = str(job.params.get("state", "done"))
    else:
        row.state, row.ended_at = job.state, row.ended_at or here.clock.now()
    await session.flush()


def may_undo(row: Import, now: Any) -> bool:
    """Whether an import can still be taken back (IMP-06)."""
    return (
        row.state in ("done", "cancelled", "failed")
        and row.ended_at is not None
        and now - row.ended_at <= timedelta(hours=UNDO_HOURS)
        and sum(int(row.counts.get(name, 0)) for name in ("persons", "organisations", "updated")) > 0
    )


async def undo(session: AsyncSession, here: Services, person: Current, import_id: int) -> Import:
    """Takes an import back in the background (IMP-06). Raises Conflict."""
    row = await find(session, person, import_id, for_update=True)
    await settle(session, here, row)
    if not may_undo(row, here.clock.now()):
        raise Conflict(N_("An import can be taken back within 24 hours, and only once."))
    job = await work.start(
        session, here, kind=undoing.KIND, title=row.name, params={"import_id": row.id, "state": row.state},
        owner_id=person.membership_id, total=await queries.to_undo_count(session, row.id),
    )  # fmt: skip
    row.job_id, row.state = job.id, "undoing"
    await accounts.audit(session, person, "import.undo", "import", row.id, name=row.name)
    await session.flush()
    return row


async def discard(session: AsyncSession, here: Services, person: Current, import_id: int) -> None:
    """Forgets a file that was never loaded. Raises Conflict."""
    row = await find(session, person, import_id)
    if row.state != "uploaded":
        raise Conflict(BUSY)
    files.remove(here.settings, row.file)
    await session.execute(delete(Import).where(Import.id == import_id))


async def find(session: AsyncSession, person: Current, import_id: int, *, for_update: bool = False) -> Import:
    """An import that this person sees; with ``for_update`` nobody else changes it until the transaction ends."""
    if for_update:
        # An empty change takes the row's lock on both databases.
        await session.execute(
            update(Import)
            .where(Import.id == import_id)
            .values(name=Import.name)
            .execution_options(synchronize_session=False)
        )
    return await queries.one(session, import_id, person.membership_id, everything=person.can(CONTACTS_ALL))
