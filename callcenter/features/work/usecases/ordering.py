"""People start, cancel and undo background jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.work import rules
from callcenter.features.work.models import WorkJob
from callcenter.features.work.usecases import telling
from callcenter.features.work.usecases.running import KINDS, after_commit, office
from callcenter.http.current import Current
from callcenter.http.permissions import SETTINGS_EDIT
from callcenter.plugin import Services

GONE = N_("This job is not there.")
TOO_LATE = N_("This can not be undone any more.")


async def start(
    session: AsyncSession,
    services: Services,
    *,
    kind: str,
    title: str,
    params: dict[str, Any],
    owner_id: int | None,
    total: int | None = None,
    due_at: datetime | None = None,
    values: dict[str, Any] | None = None,
) -> WorkJob:
    """Puts a job into the caller's transaction (business session); it begins after the commit, or at ``due_at``.

    ``title`` is a gettext key with ``values`` for its places, or a text as it is.
    """
    now = services.clock.now()
    row = WorkJob(
        kind=kind,
        title=title[:200],
        owner_id=owner_id,
        state=rules.SCHEDULED if due_at is not None and due_at > now else rules.WAITING,
        due_at=due_at or now,
        created_at=now,
        total=total,
        params=params,
        mark={},
        result={},
        words={"title": values} if values else {},
    )
    session.add(row)
    await session.flush()

    def committed() -> None:
        telling.changed(services, row)
        office(services).woken.set()

    after_commit(session, committed)
    return row


async def cancel(session: AsyncSession, services: Services, job_id: int) -> WorkJob | None:
    """Cancels a job (business session): at once when it has not begun, else after the portion that it is at."""
    row = await session.get(WorkJob, job_id, with_for_update=True, populate_existing=True)
    if row is None or row.state not in rules.OPEN:
        return row
    row.cancel = True
    if row.state != rules.RUNNING:
        row.state, row.ended_at = rules.CANCELLED, services.clock.now()
    await session.flush()
    after_commit(session, lambda: telling.changed(services, row))
    return row


async def undo(session: AsyncSession, services: Services, person: Current, job_id: int) -> WorkJob:
    """Starts the job that takes back what another did (business session). NotFound, Conflict."""
    row = await session.get(WorkJob, job_id, with_for_update=True, populate_existing=True)
    if row is None or not may_touch(person, row):
        raise NotFound(GONE)
    kind = KINDS.get(row.kind)
    if kind is None or kind.undo is None or not rules.may_undo(row.state, row.ended_at, services.clock.now()):
        raise Conflict(TOO_LATE)
    before = await session.get(WorkJob, row.result.get("undone_by", 0))
    # An undo that was cancelled or failed may be tried again: what it has restored is not touched once more.
    if before is not None and before.state not in (rules.FAILED, rules.CANCELLED):
        raise Conflict(N_("This is undone already, or just being undone."))
    order = kind.undo(services, person, row)
    if order is None:
        raise Conflict(TOO_LATE)
    started = await start(
        session, services, title=row.title, values=row.words.get("title"), owner_id=person.membership_id, **order
    )
    started.words = {**started.words, "undoes": row.id}
    row.result = {**row.result, "undone_by": started.id}
    await session.flush()
    return started


def may_touch(person: Current, job: WorkJob) -> bool:
    """Whether the person may see, cancel and undo a job: his own, and administrators every one."""
    return job.owner_id == person.membership_id or person.can(SETTINGS_EDIT)


async def need(session: AsyncSession, person: Current, job_id: int) -> WorkJob:
    """A job that the person may touch; raises NotFound."""
    row = await session.scalar(select(WorkJob).where(WorkJob.id == job_id))
    if row is None or not may_touch(person, row):
        raise NotFound(GONE)
    return row
