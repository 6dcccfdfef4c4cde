"""What pages and the API show of an import."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.i18n import N_
from callcenter.features.contacts.api import bulk_write
from callcenter.features.imports.models import Import
from callcenter.features.imports.rules import columns
from callcenter.features.imports.rules.limits import UNDO_HOURS, WARNINGS, letters
from callcenter.features.imports.usecases import steps
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_ALL
from callcenter.plugin import Services

STATE_TITLES: dict[str, str] = {
    "uploaded": N_("Not started"),
    "running": N_("Loading"),
    "done": N_("Loaded"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
    "undoing": N_("Being taken back"),
    "undone": N_("Taken back"),
}
POLICY_TITLES: dict[str, tuple[str, str]] = {
    "merge": (N_("Merge with those that are there"), N_("Only what is missing is added; nothing of yours is changed.")),
    "skip": (N_("Skip"), N_("Clients with the same name, number or e-mail are not loaded.")),
    "load": (N_("Load anyway"), N_("Every row becomes a new client.")),
}
MODE_TITLES: dict[str, tuple[str, str]] = {
    "clients": (N_("Clients and organisations"), N_("A name is needed, everything else is not.")),
    "mails": (N_("Addresses for an e-mail mailing"), N_("Only the e-mail is needed; without a name it stands for it.")),
}


class Counts(msgspec.Struct, kw_only=True):
    """What came out: made people and organisations, completed cards, skipped and refused rows; and of undo."""

    persons: int = 0
    organisations: int = 0
    updated: int = 0
    skipped: int = 0
    refused: int = 0
    deleted: int = 0
    restored: int = 0
    kept: int = 0


class ColumnView(msgspec.Struct, kw_only=True):
    """A column of the file: its letter and name, the field it becomes ('' = not imported), whether recognised so."""

    index: int
    letter: str
    title: str
    field: str
    known: str


class ImportView(msgspec.Struct, kw_only=True):
    """An import. ``state``: uploaded, running, done, failed, cancelled, undoing, undone. ``done`` of ``rows``."""

    id: int
    name: str
    state: str
    created_at: datetime
    ended_at: datetime | None
    rows: int
    format: str
    encoding: str
    separator: str
    warnings: list[str]
    columns: list[ColumnView]
    mode: str
    policy: str
    responsible_id: int | None
    list_id: int | None
    list_title: str
    tag: str
    counts: Counts
    done: int
    total: int
    error: str
    may_undo: bool
    undo_until: datetime | None
    mine: bool


class ImportList(msgspec.Struct, kw_only=True):
    """A page of the history, the newest first."""

    imports: list[ImportView]
    total: int


class Field(msgspec.Struct, kw_only=True):
    """A field that a column may become; ``title`` of base fields is a gettext key, of own ones a name."""

    key: str
    title: str
    own: bool = False


async def view(session: AsyncSession, here: Services, person: Current, row: Import) -> ImportView:
    """An import as it is now."""
    await steps.settle(session, here, row)
    job = await session.get(work.WorkJob, row.job_id, populate_existing=True) if row.job_id else None
    about: dict[str, Any] = row.format
    known = about.get("known", {})
    may = steps.may_undo(row, here.clock.now())
    return ImportView(
        id=row.id,
        name=row.name,
        state=row.state,
        created_at=row.created_at,
        ended_at=row.ended_at,
        rows=int(about.get("rows", 0)),
        format=str(about.get("format", "")),
        encoding=str(about.get("encoding", "")),
        separator=str(about.get("separator", "")),
        warnings=[WARNINGS[one] for one in about.get("warnings", ()) if one in WARNINGS],
        columns=[
            ColumnView(
                index=number,
                letter=letters(number),
                title=title,
                field=str(row.mapping.get(str(number), "")),
                known=str(known.get(str(number), "")),
            )
            for number, title in enumerate(about.get("header", ()))
        ],
        mode=str(about.get("mode", steps.CLIENTS)),
        policy=row.policy,
        responsible_id=row.responsible_id,
        list_id=row.list_id,
        list_title=str(about.get("list", "")),
        tag=str(about.get("tag", "")),
        counts=msgspec.convert(row.counts, Counts),
        done=job.done if job else 0,
        total=(job.total or 0) if job else int(about.get("rows", 0)),
        error=job.error if job and row.state == "failed" else "",
        may_undo=may,
        undo_until=row.ended_at + timedelta(hours=UNDO_HOURS) if may and row.ended_at else None,
        mine=row.owner_id == person.membership_id,
    )


async def targets(session: AsyncSession) -> list[tuple[str, list[Field]]]:
    """All fields that a column may become, in groups with a title (gettext key)."""
    own = (await bulk_write.setup(session)).own
    groups = []
    for title, base, entity in (
        (N_("Client"), columns.PERSON, "person"),
        (N_("Organisation"), columns.ORGANISATION, "organisation"),
    ):
        found = [Field(key=one.key, title=one.title) for one in base]
        found += [Field(key=f"own.{one.id}", title=one.title, own=True) for one in own if one.entity == entity]
        groups.append((title, found))
    return groups


def everything(person: Current) -> bool:
    """Whether this person sees the imports of all."""
    return person.can(CONTACTS_ALL)
