"""Exports: what was asked for becomes a background job, the job a file that can be fetched for a day."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.exports import gateway, rules
from callcenter.features.work import api as work
from callcenter.http.current import Current, current
from callcenter.http.formats import zone
from callcenter.http.site import catalogues
from callcenter.plugin import Services, services

KIND = "contacts.export"
PORTION = 500
GONE = N_("This file is not there any more. Export once more.")


class ExportForm(msgspec.Struct, kw_only=True):
    """What to export.

    ``what``: all; part (``count`` records from record ``start``, counted from 1: 100 from 101 = 101–200); list (of
    ``list_id``); selection (ticked or filtered clients). ``kind``: person, organisation, or empty = both.
    """

    fields: list[str] = []
    format: str = "csv"
    what: str = "all"
    kind: str = ""
    count: int | str = ""
    start: int | str = "1"
    list_id: int | str = ""
    selection: contacts.Selection | None = None


class ExportView(msgspec.Struct, kw_only=True):
    """An export: state as of its job; ``url`` fetches the file while it is kept."""

    id: int
    title: str
    state: str
    format: str
    total: int | None
    done: int
    owner_id: int | None
    created_at: datetime
    ended_at: datetime | None
    size: int
    url: str
    until: datetime | None
    error: str


async def start(request: web.Request, form: ExportForm) -> int:
    """Begins an export; raises BadInput. Who exported what and how much stands in the audit log before it begins."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        params = await _params(session, person, form)
        title = catalogues().language(person.language).gettext(_TITLES[form.what])
        condition = await _condition(session, params)
        total = await contacts.exporting.count(session, condition)
        if params["what"] == rules.PART:
            total = max(0, min(params["count"], total - params["start"] + 1))
        if not total:
            raise BadInput(N_("There is nothing to export: no client fits."), code="nothing")
        job = await work.start(
            session, here, kind=KIND, title=title, params=params, owner_id=person.membership_id, total=total
        )
        chosen = {key: params[key] for key in ("what", "format", "kind", "count", "start", "list_id") if params[key]}
        await accounts.audit(session, request, "contacts.export", "export", job.id, rows=total, **chosen)
    return job.id


_TITLES = {
    rules.ALL: N_("All clients"),
    rules.PART: N_("Part of the clients"),
    rules.LIST: N_("Clients of a list"),
    rules.SELECTION: N_("Chosen clients"),
}


async def _params(session: AsyncSession, person: Current, form: ExportForm) -> dict[str, Any]:
    if (
        form.format not in rules.FORMATS
        or form.what not in rules.WHATS
        or form.kind not in ("", "person", "organisation")
    ):
        raise BadInput(N_("Some data cannot be used."))
    known = [one.key for one in await contacts.exporting.columns(session)]
    params: dict[str, Any] = {
        "fields": rules.chosen_fields(form.fields, known),
        "format": form.format,
        "what": form.what,
        "kind": form.kind,
        "count": 0,
        "start": 0,
        "list_id": 0,
        "selection": None,
        "viewer": list(await contacts.access.viewer(session, person)),
        "language": person.language,
        "timezone": person.timezone,
    }
    if form.what == rules.PART:
        params["count"], params["start"] = rules.whole(form.count, "count"), rules.whole(form.start, "start")
    if form.what == rules.LIST:
        known_lists = {one.id for one in await contacts.exporting.lists(session)}
        chosen = str(form.list_id)
        if not (chosen.isascii() and chosen.isdecimal() and int(chosen) in known_lists):
            message = N_("Choose a list.")
            raise BadInput(message, fields={"list_id": message})
        params["list_id"] = int(chosen)
    if form.what == rules.SELECTION:
        if form.selection is None or not (form.selection.everything or form.selection.ids):
            message = N_("No client is chosen.")
            raise BadInput(message, fields={"selection": message})
        params["selection"] = msgspec.to_builtins(form.selection)
    return params


async def _condition(session: AsyncSession, params: dict[str, Any]) -> ColumnElement[bool]:
    who = contacts.Viewer(*params["viewer"])
    if params["what"] == rules.SELECTION:
        chosen = msgspec.convert(params["selection"], contacts.Selection)
        return await contacts.selected(session, who, chosen)
    where = [contacts.access.visible(who), *contacts.exporting.clients(params["kind"])]
    if params["what"] == rules.LIST:
        where.append(contacts.exporting.in_list(params["list_id"]))
    return and_(*where)


async def run(job: work.Run) -> dict[str, Any]:
    """The job: writes the file portion by portion, begins anew after a restart."""
    params, here = job.params, job.services
    path = folder(here) / f"{job.business_id}-{job.job_id}-{secrets.token_hex(8)}.{params['format']}"
    half = path.with_suffix(".part")
    texts = catalogues().language(params["language"])
    async with here.db.business(job.business_id) as session:
        condition = await _condition(session, params)
        columns = {one.key: one for one in await contacts.exporting.columns(session)}
        keys = [key for key in params["fields"] if key in columns]
        last = await _before(session, params, condition)
    left = params["count"] or None
    head = [columns[key].title if columns[key].own else texts.gettext(columns[key].title) for key in keys]
    file = await asyncio.to_thread(
        gateway.open_file, params["format"], half, zone(params["timezone"]), texts.gettext(N_("Clients"))
    )
    done, ended = 0, False
    try:
        await asyncio.to_thread(file.write, [head])
        while last is not None and left != 0:
            async with here.db.business(job.business_id) as session:
                size = PORTION if left is None else min(PORTION, left)
                last, rows = await contacts.exporting.portion(session, condition, last, size, keys, texts.gettext)
            if not rows:
                break
            await asyncio.to_thread(file.write, rows)
            done += len(rows)
            left = None if left is None else left - len(rows)
            async with here.db.business(job.business_id) as session:
                await job.keep(session, done=done)
        await asyncio.to_thread(file.close)
        ended = True
        size = (await asyncio.to_thread(half.rename, path)).stat().st_size
    finally:
        if not ended:
            await asyncio.to_thread(file.drop)
            half.unlink(missing_ok=True)
    return {"file": path.name, "rows": done, "size": size}


async def _before(session: AsyncSession, params: dict[str, Any], condition: ColumnElement[bool]) -> int | None:
    """The id after which the first wanted row stands; None when there is no such row."""
    if params["what"] != rules.PART:
        return 0
    first = await contacts.exporting.id_at(session, condition, params["start"])
    return None if first is None else first - 1


def folder(here: Services) -> Path:
    """Where files wait to be fetched."""
    return here.settings.data / "exports"


async def listing(here: Services, person: Current) -> list[ExportView]:
    """The business's exports, the newest first."""
    async with here.db.business(person.business_id) as session:
        statement = select(work.WorkJob).where(work.WorkJob.kind == KIND).order_by(work.WorkJob.id.desc()).limit(50)
        return [_view(here, row) for row in await session.scalars(statement)]


async def one(here: Services, person: Current, job_id: int) -> ExportView:
    """One export. Raises NotFound."""
    async with here.db.business(person.business_id) as session:
        return _view(here, await _job(session, job_id))


def _view(here: Services, row: work.WorkJob) -> ExportView:
    until = row.ended_at + timedelta(seconds=rules.KEPT_SECONDS) if row.ended_at and row.state == "done" else None
    kept = until is not None and until > here.clock.now()
    return ExportView(
        id=row.id,
        title=row.title,
        state=row.state,
        format=str(row.params.get("format", "")),
        total=row.total,
        done=row.done,
        owner_id=row.owner_id,
        created_at=row.created_at,
        ended_at=row.ended_at,
        size=int(row.result.get("size", 0)),
        url=f"/api/v1/exports/{row.id}/file" if kept else "",
        until=until if kept else None,
        error=row.error,
    )


async def _job(session: AsyncSession, job_id: int) -> work.WorkJob:
    row = await session.scalar(select(work.WorkJob).where(work.WorkJob.id == job_id, work.WorkJob.kind == KIND))
    if row is None:
        raise NotFound(N_("This export is not there."))
    return row


async def fetch(request: web.Request, job_id: int) -> tuple[Path, str]:
    """The file of a finished export and the name to save it under; written into the audit log. Raises NotFound."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        row = await _job(session, job_id)
        view = _view(here, row)
        path = folder(here) / Path(str(row.result.get("file", ""))).name
        if not view.url or not await asyncio.to_thread(path.is_file):
            raise NotFound(GONE, code="file_gone")
        rows = int(row.result.get("rows", 0))
        await accounts.audit(session, request, "contacts.export.fetch", "export", row.id, rows=rows, format=view.format)
    day = row.created_at.astimezone(zone(person.timezone))
    return path, f"clients-{day:%Y-%m-%d}-{row.id}.{view.format}"


async def stop(here: Services, person: Current, job_id: int) -> None:
    """Cancels an export that is not finished. Raises NotFound."""
    async with here.db.business(person.business_id) as session:
        await _job(session, job_id)
        await work.cancel(session, here, job_id)
