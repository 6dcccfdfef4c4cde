"""Giving out and erasing as background jobs."""

from __future__ import annotations

import asyncio
import json
import secrets
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import rules
from callcenter.features.privacy.usecases import parts, sweeping
from callcenter.features.work import api as work
from callcenter.http.current import Current, current
from callcenter.http.site import catalogues
from callcenter.plugin import Services, services

EXPORT, ERASE = "privacy.export", "privacy.erase"
LISTED = 50


class PrivacyJob(msgspec.Struct, kw_only=True):
    """A file being made (``url`` once it can be fetched), or an erasure with what it erased (``counts``)."""

    id: int
    kind: str
    title: str
    contact_id: int
    state: str
    created_at: datetime
    ended_at: datetime | None
    counts: dict[str, int]
    url: str
    error: str


class Erasure(msgspec.Struct, kw_only=True):
    """The second question's answer: the client's name or number (№)."""

    confirm: str = ""


async def seen(session: AsyncSession, person: Current, contact_id: int) -> contacts.erasing.Person:
    """Whom the card is about. Raises NotFound when it is not there for this person."""
    who = await contacts.access.viewer(session, person)
    if not await contacts.access.only_visible(session, who, [contact_id]):
        raise NotFound(contacts.access.GONE)
    found = await contacts.erasing.person(session, contact_id)
    if found is None:
        raise NotFound(contacts.access.GONE)
    return found


async def start_export(request: web.Request, contact_id: int) -> int:
    """Begins to gather all that is held on a person. Raises NotFound."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        about = await seen(session, person, contact_id)
        job = await _start(session, here, person, EXPORT, N_("Personal data of client %(number)s"), about)
        await accounts.audit(session, request, "privacy.export", "contact", contact_id)
    return job.id


async def start_erasure(request: web.Request, contact_id: int, answer: Erasure) -> int:
    """Begins to erase a person. Raises NotFound, BadInput when the second question is not answered."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        about = await seen(session, person, contact_id)
        if not rules.confirmed(answer.confirm, about.name, about.number or about.contact_id):
            message = N_("Type the client's name or number exactly, so that nobody else is erased.")
            raise BadInput(message, fields={"confirm": message})
        job = await _start(session, here, person, ERASE, N_("Erasure of client %(number)s"), about)
        await accounts.audit(session, request, "privacy.erase", "contact", contact_id)
    return job.id


async def _start(
    session: AsyncSession, here: Services, person: Current, kind: str, title: str, about: contacts.erasing.Person
) -> work.WorkJob:
    number = f"№{about.number}" if about.number else f"#{about.contact_id}"
    return await work.start(
        session,
        here,
        kind=kind,
        title=catalogues().language(person.language).fill(title, {"number": number}),
        params={"contact_id": about.contact_id},
        owner_id=person.membership_id,
        total=len(parts.parts()) + 2,
    )


async def run_erasure(job: work.Run) -> dict[str, Any]:
    """The job: calls and recordings first, traces, then the card, by which the person is found after a restart."""
    here, contact_id = job.services, int(job.params["contact_id"])
    counts: dict[str, int] = dict(job.mark.get("counts", {}))
    async with here.db.business(job.business_id) as session:
        person = await contacts.erasing.person(session, contact_id)
    if person is None:
        return {"counts": counts}
    steps = [part.erase for part in parts.parts()]
    for number, erase in enumerate([*steps, sweeping.erase], 1):
        _add(counts, await erase(here, job.business_id, person))
        async with here.db.business(job.business_id) as session:
            await job.keep(session, done=number, mark={"counts": counts})
    _add(counts, await contacts.erasing.erase(here, job.business_id, contact_id))
    await _remove_files(here, job.business_id, contact_id)
    return {"counts": counts}


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for key, value in more.items():
        counts[key] = counts.get(key, 0) + value


async def run_export(job: work.Run) -> dict[str, Any]:
    """The job: one zip with a JSON file for each part, and the files themselves."""
    here, contact_id = job.services, int(job.params["contact_id"])
    path = folder(here) / f"{job.business_id}-{contact_id}-{job.job_id}-{secrets.token_hex(8)}.zip"
    half = path.with_suffix(".part")
    async with here.db.business(job.business_id) as session:
        person = await contacts.erasing.person(session, contact_id)
        if person is None:
            raise NotFound(contacts.access.GONE)
        found = {"client": await contacts.erasing.held(here, session, contact_id)}
        for part in parts.parts():
            found[part.name] = await part.held(here, session, person)
    other = await sweeping.held(here, job.business_id, contact_id)
    found["other"] = contacts.erasing.Held(dict(other), [])
    try:
        await asyncio.to_thread(_write, half, found)
        await asyncio.to_thread(half.rename, path)
    finally:
        half.unlink(missing_ok=True)
    files = sum(len(one.files) for one in found.values())
    return {"file": path.name, "counts": {"files": files}}


def _write(path: Path, found: dict[str, contacts.erasing.Held]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in found.items():
            archive.writestr(f"{name}.json", json.dumps(part.data, ensure_ascii=False, indent=1, default=str))
            for inside, file in part.files:
                if file.is_file():
                    archive.write(file, inside, zipfile.ZIP_STORED)


def folder(here: Services) -> Path:
    """Where files wait to be fetched."""
    return here.settings.data / "privacy"


async def _remove_files(here: Services, business_id: int, contact_id: int) -> None:
    """What was given out before is erased too."""
    for path in await asyncio.to_thread(lambda: list(folder(here).glob(f"{business_id}-{contact_id}-*"))):
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def clean(here: Services) -> None:
    """Deletes files that are older than a day."""
    before = here.clock.epoch() - rules.KEPT_SECONDS
    for path in await asyncio.to_thread(lambda: list(folder(here).glob("*"))):
        if (await asyncio.to_thread(path.stat)).st_mtime < before:
            await asyncio.to_thread(path.unlink, missing_ok=True)


async def listing(here: Services, person: Current, contact_id: int | None = None) -> list[PrivacyJob]:
    """The last files and erasures, of one client or of all, the newest first."""
    async with here.db.business(person.business_id) as session:
        statement = select(work.WorkJob).where(work.WorkJob.kind.in_((EXPORT, ERASE))).order_by(work.WorkJob.id.desc())
        jobs = [_view(here, row) for row in await session.scalars(statement.limit(LISTED))]
    return [one for one in jobs if contact_id is None or one.contact_id == contact_id]


async def one(here: Services, person: Current, job_id: int) -> PrivacyJob:
    """One of them. Raises NotFound."""
    async with here.db.business(person.business_id) as session:
        return _view(here, await _job(session, job_id))


async def _job(session: AsyncSession, job_id: int) -> work.WorkJob:
    statement = select(work.WorkJob).where(work.WorkJob.id == job_id, work.WorkJob.kind.in_((EXPORT, ERASE)))
    row = await session.scalar(statement)
    if row is None:
        raise NotFound(N_("This is not there."))
    return row


def _view(here: Services, row: work.WorkJob) -> PrivacyJob:
    kept = row.ended_at is not None and row.ended_at + timedelta(seconds=rules.KEPT_SECONDS) > here.clock.now()
    ready = row.kind == EXPORT and row.state == "done" and kept and (folder(here) / row.result["file"]).is_file()
    return PrivacyJob(
        id=row.id,
        kind=row.kind.removeprefix("privacy."),
        title=row.title,
        contact_id=int(row.params.get("contact_id", 0)),
        state=row.state,
        created_at=row.created_at,
        ended_at=row.ended_at,
        counts=dict(row.result.get("counts", {})),
        url=f"/api/v1/privacy/{row.id}/file" if ready else "",
        error=row.error,
    )


async def fetch(request: web.Request, job_id: int) -> Path:
    """The file of an export; written into the audit log. Raises NotFound."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        row = await _job(session, job_id)
        view = _view(here, row)
        if not view.url:
            raise NotFound(N_("This file is not there any more. Export once more."), code="file_gone")
        await accounts.audit(session, request, "privacy.fetch", "contact", view.contact_id)
    return folder(here) / str(row.result["file"])
