"""Runs background jobs: one at a time for a business and two at a time in all, each in portions that commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import ProductError
from callcenter.core.i18n import N_
from callcenter.features.work import rules
from callcenter.features.work.models import WorkJob
from callcenter.plugin import Services

log = logging.getLogger(__name__)
AT_ONCE = 2
BROKEN = N_("Something went wrong on our side. What was done so far is kept; start it again to go on.")


class Cancelled(Exception):
    """The job's owner cancelled it; raised by ``Run.keep`` between two portions."""


@dataclass
class Run:
    """A job while it runs. ``params`` is what is to be done, ``mark`` how far an earlier run of it came ({} = new)."""

    services: Services
    job_id: int
    business_id: int
    kind: str
    owner_id: int | None
    created_at: datetime
    params: dict[str, Any]
    mark: dict[str, Any]
    done: int = 0
    failed: int = 0
    total: int | None = None
    result: dict[str, Any] = field(default_factory=dict)

    async def keep(
        self,
        session: AsyncSession,
        *,
        done: int | None = None,
        total: int | None = None,
        failed: int | None = None,
        mark: dict[str, Any] | None = None,
    ) -> None:
        """Writes how far the job is, in the transaction of the portion itself, so that neither is ever there alone.

        Raises Cancelled when the job was cancelled meanwhile: the portion is then rolled back.
        """
        self.done = self.done if done is None else done
        self.total = self.total if total is None else total
        self.failed = self.failed if failed is None else failed
        self.mark = self.mark if mark is None else mark
        row = await session.get_one(WorkJob, self.job_id, populate_existing=True)
        if row.cancel:
            raise Cancelled
        row.done, row.total, row.failed, row.mark = self.done, self.total, self.failed, self.mark
        await session.flush()


Runner = Callable[[Run], Awaitable[dict[str, Any] | None]]
"""Does a job: portion by portion in transactions of its own, each with ``run.keep``; gives the job's result."""

_RUNNERS: dict[str, Runner] = {}


def register(kind: str, runner: Runner) -> None:
    """Says who runs jobs of ``kind``; features call this when they are loaded. A runner must bear being run again."""
    _RUNNERS[kind] = runner


class Office:
    """The jobs that run in this process."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.businesses: dict[int, int] = {}
        self.woken = asyncio.Event()

    async def turn(self) -> None:
        """Starts what is due, as far as there is room."""
        if len(self.tasks) >= AT_ONCE:
            return
        now = self.services.clock.now()
        async with self.services.db.system(quiet=True) as session:
            statement = (
                select(WorkJob)
                .where(WorkJob.state.in_(rules.OPEN), WorkJob.due_at <= now, WorkJob.id.not_in(self.tasks))
                .order_by(WorkJob.due_at, WorkJob.id)
                .limit(50)
            )
            for row in await session.scalars(statement):
                if len(self.tasks) >= AT_ONCE:
                    break
                if row.business_id in self.businesses.values():
                    continue
                if row.cancel:
                    row.state, row.ended_at = rules.CANCELLED, now
                    continue
                row.state, row.started_at = rules.RUNNING, row.started_at or now
                run = Run(
                    services=self.services,
                    job_id=row.id,
                    business_id=row.business_id,
                    kind=row.kind,
                    owner_id=row.owner_id,
                    created_at=row.created_at,
                    params=dict(row.params),
                    mark=dict(row.mark),
                    done=row.done,
                    failed=row.failed,
                    total=row.total,
                )
                self.businesses[row.id] = row.business_id
                self.tasks[row.id] = asyncio.create_task(self._do(run), name=f"work:{row.kind}:{row.id}")

    async def _do(self, run: Run) -> None:
        state, error, result = rules.FAILED, BROKEN, None
        try:
            runner = _RUNNERS.get(run.kind)
            if runner is None:
                log.error("nobody runs jobs of kind %s", run.kind)
            else:
                result = await runner(run)
                state, error = rules.DONE, ""
        except Cancelled:
            state, error = rules.CANCELLED, ""
        except ProductError as problem:
            error = str(problem)
        except asyncio.CancelledError:
            # The server stops: the job stays running in the database and goes on at the next start.
            raise
        except Exception:
            log.exception("job %s of kind %s failed", run.job_id, run.kind)
        finally:
            self.tasks.pop(run.job_id, None)
            self.businesses.pop(run.job_id, None)
        await self._end(run, state, error, result)
        self.woken.set()

    async def _end(self, run: Run, state: str, error: str, result: dict[str, Any] | None) -> None:
        async with self.services.db.system(quiet=True) as session:
            await session.execute(
                update(WorkJob)
                .where(WorkJob.id == run.job_id)
                .values(state=state, error=error, result=result or run.result, ended_at=self.services.clock.now())
            )

    async def stop(self) -> None:
        """Ends what runs; it goes on at the next start."""
        tasks = list(self.tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Runs everything that is due to its end (for tests and the command line)."""
        while True:
            await self.turn()
            if not self.tasks:
                return
            await asyncio.gather(*self.tasks.values(), return_exceptions=True)


def office(services: Services) -> Office:
    """The office of this process."""
    return services.part(Office, Office)


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
) -> WorkJob:
    """Puts a job into the caller's transaction (business session); it begins after the commit, or at ``due_at``."""
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
    )
    session.add(row)
    await session.flush()
    office(services).woken.set()
    return row


async def cancel(session: AsyncSession, services: Services, job_id: int) -> WorkJob | None:
    """Cancels a job (business session): at once when it has not begun, else after the portion that it is at."""
    row = await session.get(WorkJob, job_id)
    if row is None or row.state not in rules.OPEN:
        return row
    row.cancel = True
    if row.state != rules.RUNNING:
        row.state, row.ended_at = rules.CANCELLED, services.clock.now()
    await session.flush()
    return row
