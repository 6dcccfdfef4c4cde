"""Runs background jobs: one at a time for a business and two at a time in all, each in portions that commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, event, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import ProductError
from callcenter.core.i18n import N_
from callcenter.features.work import rules
from callcenter.features.work.models import WorkJob, WorkPiece
from callcenter.features.work.usecases import telling
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.storage.outage import is_outage

log = logging.getLogger(__name__)
AT_ONCE = 2
# So often (seconds) the table is looked at when nobody rings: for jobs whose time has come, and of other processes.
POLL_SECONDS = 1.0
# After so long (seconds) a job goes on that met a database which was away.
OUTAGE_SECONDS = 5.0
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
        result: dict[str, Any] | None = None,
    ) -> None:
        """Writes how far the job is, in the transaction of the portion itself, so that neither is ever there alone.

        Raises Cancelled when the job was cancelled meanwhile: the portion is then rolled back.
        """
        row = await session.get_one(WorkJob, self.job_id, populate_existing=True)
        if row.cancel:
            raise Cancelled
        self.done = self.done if done is None else done
        self.total = self.total if total is None else total
        self.failed = self.failed if failed is None else failed
        self.mark = self.mark if mark is None else mark
        self.result = self.result if result is None else result
        row.done, row.total, row.failed, row.mark = self.done, self.total, self.failed, self.mark
        row.result = self.result
        await session.flush()
        after_commit(session, lambda: telling.progress(self.services, row))

    async def remember(self, session: AsyncSession, data: dict[str, Any]) -> None:
        """Keeps what this portion changed, in its transaction, for an undo within a day."""
        session.add(WorkPiece(job_id=self.job_id, data=data))
        await session.flush()


Runner = Callable[[Run], Awaitable[dict[str, Any] | None]]
"""Does a job: portion by portion in transactions of its own, each with ``run.keep``; gives the job's result."""
Undo = Callable[[Services, Current, WorkJob], dict[str, Any] | None]
"""``undo(services, person, job)`` → what the job that undoes it is started with (kind, params), None = impossible."""


@dataclass(frozen=True)
class Kind:
    """What the house knows of a kind of jobs; ``link`` gives the address of what came out, '' = nothing to see."""

    runner: Runner
    link: Callable[[WorkJob], str] | None = None
    undo: Undo | None = None


KINDS: dict[str, Kind] = {}


def register(
    kind: str, runner: Runner, *, link: Callable[[WorkJob], str] | None = None, undo: Undo | None = None
) -> None:
    """Says who runs jobs of ``kind``; features call this when they are loaded. A runner must bear being run again."""
    KINDS[kind] = Kind(runner, link, undo)


class Office:
    """The jobs that run in this process."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.businesses: dict[int, int] = {}
        self.woken = asyncio.Event()
        # Two turns at once would take up the same job.
        self._turning = asyncio.Lock()

    async def serve(self) -> None:
        """Starts jobs as soon as they are there, for ever."""
        while True:
            self.woken.clear()
            await self.turn()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self.woken.wait()
            except TimeoutError:
                pass

    async def turn(self) -> bool:
        """Starts what is due, as far as there is room; whether it started something."""
        started = False
        async with self._turning:
            while len(self.tasks) < AT_ONCE:
                run = await self._next()
                if run is None:
                    return started
                started = True
                self.businesses[run.job_id] = run.business_id
                self.tasks[run.job_id] = asyncio.create_task(self._do(run), name=f"work:{run.kind}:{run.job_id}")
        return started

    async def _next(self) -> Run | None:
        """The next job of a business that has none running; it is marked as running and committed."""
        now = self.services.clock.now()
        async with self.services.db.system(quiet=True) as session:
            # What a stopped server left running goes first: it has begun to change things.
            row = await session.scalar(
                select(WorkJob)
                .where(
                    WorkJob.state.in_(rules.OPEN),
                    WorkJob.due_at <= now,
                    WorkJob.business_id.not_in(list(self.businesses.values())),
                )
                .order_by(case((WorkJob.state == rules.RUNNING, 0), else_=1), WorkJob.due_at, WorkJob.id)
                .limit(1)
            )
            if row is None:
                return None
            row.state, row.started_at = rules.RUNNING, row.started_at or now
            after_commit(session, lambda: telling.changed(self.services, row))
            return _run(self.services, row)

    async def _do(self, run: Run) -> None:
        job_id = run.job_id
        try:
            await self._through(run)
        finally:
            # Only now: while it is among these, no turn takes it up a second time.
            self.tasks.pop(job_id, None)
            self.businesses.pop(job_id, None)
            self.woken.set()

    async def _through(self, run: Run) -> None:
        """Runs a job to its end; waits and goes on at its mark as often as the database is away."""
        while True:
            try:
                await self._once(run)
                return
            except Exception as problem:
                if not is_outage(problem):
                    raise
                log.warning("job %s waits for the database: %s", run.job_id, problem)
            run = await self._again(run)

    async def _again(self, run: Run) -> Run:
        """The job as it is in the database, once that answers again; what a broken transaction left is forgotten."""
        while True:
            await asyncio.sleep(OUTAGE_SECONDS)
            try:
                async with self.services.db.system(quiet=True) as session:
                    return _run(self.services, await session.get_one(WorkJob, run.job_id))
            except Exception as problem:
                if not is_outage(problem):
                    raise

    async def _once(self, run: Run) -> None:
        state, error, values, result = rules.FAILED, BROKEN, {}, None
        try:
            kind = KINDS.get(run.kind)
            if kind is None:
                log.error("nobody runs jobs of kind %s", run.kind)
            else:
                result = await kind.runner(run)
                state, error = rules.DONE, ""
        except Cancelled:
            state, error = rules.CANCELLED, ""
        except ProductError as problem:
            error, values = problem.message, problem.values
        except Exception as problem:
            # A cancelled task (the server stops) leaves the job running in the database: it goes on at the next start.
            if is_outage(problem):
                raise
            log.exception("job %s of kind %s failed", run.job_id, run.kind)
        await self._end(run, state, error, values, result)

    async def _end(
        self, run: Run, state: str, error: str, values: dict[str, Any], result: dict[str, Any] | None
    ) -> None:
        async with self.services.db.system(quiet=True) as session:
            row = await session.get(WorkJob, run.job_id, with_for_update=True)
            if row is None:
                return
            row.state, row.error, row.ended_at = state, error, self.services.clock.now()
            if values:
                row.words = {**row.words, "error": {name: str(value) for name, value in values.items()}}
            if state == rules.DONE:
                row.result = run.result if result is None else result
            else:
                # What was committed last, without the portion that was rolled back.
                row.result = row.result or run.result
            after_commit(session, lambda: telling.changed(self.services, row))

    async def tidy(self) -> None:
        """Forgets what jobs changed once it is too late to undo it."""
        before = self.services.clock.now() - timedelta(hours=rules.UNDO_HOURS + 1)
        async with self.services.db.system(quiet=True) as session:
            old = select(WorkJob.id).where(WorkJob.ended_at < before)
            ids = select(WorkPiece.id).where(WorkPiece.job_id.in_(old)).limit(200)
            await session.execute(
                delete(WorkPiece).where(WorkPiece.id.in_(ids)).execution_options(synchronize_session=False)
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
            # One that ended while the turn looked for more has made room for the next of its business.
            if not await self.turn() and not self.tasks:
                return
            await asyncio.gather(*self.tasks.values(), return_exceptions=True)


def office(services: Services) -> Office:
    """The office of this process."""
    return services.part(Office, Office)


def after_commit(session: AsyncSession, run: Callable[[], None]) -> None:
    """Calls ``run`` once the transaction of ``session`` is committed; never when it is rolled back."""

    def committed(one: Any) -> None:
        if not one.in_nested_transaction():
            run()

    event.listen(session.sync_session, "after_commit", committed)


def _run(services: Services, row: WorkJob) -> Run:
    return Run(
        services=services,
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
        result=dict(row.result),
    )
