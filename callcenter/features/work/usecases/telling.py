"""How a job looks to its owner, and the stream that shows it moving: at most two pictures a second for each job."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from callcenter.core.i18n import N_
from callcenter.features.work import rules
from callcenter.features.work.models import WorkJob
from callcenter.live.service import Say
from callcenter.plugin import Services

# The shortest time (seconds) between two pictures of a job that goes on.
PAUSE_SECONDS = 0.5
EVENT = "job"
UNDOES = N_("Undo: %(title)s")


class JobView(msgspec.Struct, kw_only=True):
    """A background job. ``percent`` is null while nobody knows how much there is to do.

    ``notes`` say what came out in words; ``link`` leads to it; ``undo_until`` is set while it can be undone.
    """

    id: int
    kind: str
    title: str
    state: str
    state_title: str
    done: int
    total: int | None
    failed: int
    percent: int | None
    due_at: str
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    error: str = ""
    notes: list[str] = []
    link: str = ""
    owner: str = ""
    mine: bool = True
    may_cancel: bool = False
    undo_until: str | None = None


class Told:
    """When each running job was last shown."""

    def __init__(self, _services: Services) -> None:
        self.at: dict[int, float] = {}


def progress(services: Services, job: WorkJob) -> None:
    """Shows how far a job is, unless that was shown a moment ago."""
    told, now = services.part(Told, Told), asyncio.get_running_loop().time()
    if now - told.at.get(job.id, 0.0) >= PAUSE_SECONDS:
        told.at[job.id] = now
        _tell(services, job)


def changed(services: Services, job: WorkJob) -> None:
    """Shows that a job began, ended or was cancelled."""
    told = services.part(Told, Told)
    if job.state == rules.RUNNING:
        told.at[job.id] = asyncio.get_running_loop().time()
    else:
        told.at.pop(job.id, None)
    _tell(services, job)


def view(job: WorkJob, say: Say, **more: Any) -> JobView:
    """The job in the words of ``say``; ``more`` is what depends on who looks."""
    words = job.words or {}
    title = say(job.title, words.get("title", {}))
    return JobView(
        id=job.id,
        kind=job.kind,
        title=say(UNDOES, {"title": title}) if "undoes" in words else title,
        state=job.state,
        state_title=say(rules.STATE_TITLES[job.state], {}),
        done=job.done,
        total=job.total,
        failed=job.failed,
        percent=100 if job.state == rules.DONE else rules.share(job.done, job.total),
        due_at=_iso(job.due_at) or "",
        created_at=_iso(job.created_at) or "",
        started_at=_iso(job.started_at),
        ended_at=_iso(job.ended_at),
        error=say(job.error, words.get("error", {})) if job.error else "",
        notes=[say(key, values) for key, values in (job.result or {}).get("notes", ())],
        may_cancel=job.state in rules.OPEN and not job.cancel,
        **more,
    )


def _tell(services: Services, job: WorkJob) -> None:
    if job.owner_id is not None:
        services.live.tell(job.business_id, job.owner_id, EVENT, lambda say: view(job, say))


def _iso(value: Any) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value is not None else None
