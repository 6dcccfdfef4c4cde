"""From Asterisk's raw files to finished recordings: nothing raw is deleted before the result is safe.

The folder of raw files is the list of work: it outlives the server, and a break at any point leaves a state that the
next sweep understands. Raw files whose call is not known (yet) simply wait.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
from sqlalchemy.exc import IntegrityError

from callcenter.core.calls import Call
from callcenter.core.errors import NotFound
from callcenter.core.events import RecordingReady
from callcenter.core.i18n import N_
from callcenter.features.recordings import queries, rules
from callcenter.features.recordings.gateway.audio import AudioError, Converter, Joined, NothingRecorded, lower_priority
from callcenter.features.recordings.gateway.spool import Raw, Spool
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.usecases.registering import register
from callcenter.plugin import Services
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance

log = logging.getLogger(__name__)

WORKERS = 2
# Raw files without a done mark (Asterisk was killed, the disk full) are complete when their call has ended, nothing was
# written for so many seconds, and nobody has them open: somebody on hold writes nothing for minutes.
QUIET_SECONDS = 10.0
# Files without sound whose call nobody knows go then, if no mark says that their call is over.
EMPTY_SECONDS = 86_400.0
# How long a call that ended may be unknown to the call log before we stop asking for it ourselves.
PENDING_SECONDS = 600.0
LOOK_AGAIN_SECONDS = 30.0
MISSING_AFTER = timedelta(minutes=2)
RAW_MISSING = N_("Asterisk's files of this recording are not there.")


class Pipeline:
    """What conversion keeps in this process. ``spool`` is found when Asterisk is there, unless it is given."""

    def __init__(self, services: Services, spool: Spool | None = None, converter: Converter | None = None) -> None:
        self.services = services
        self.converter = converter or Converter()
        self.executor = ThreadPoolExecutor(WORKERS, "recordings", initializer=lower_priority)
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        self.busy: set[str] = set()
        self.ended: dict[str, Call] = {}
        self.unknown: dict[str, Raw] = {}
        self.not_before: dict[str, float] = {}
        self.stopping = False
        self.blind = False
        self.spool = spool
        self._look_again_at = 0.0
        self._workers: list[asyncio.Task[None]] = []

    async def find_spool(self) -> Spool | None:
        """Asterisk's folder of raw files, None while there is no Asterisk on this machine."""
        now = time.monotonic()
        if self.spool is None and now >= self._look_again_at:
            self._look_again_at = now + LOOK_AGAIN_SECONDS
            try:
                instance = await asyncio.to_thread(Instance.from_settings, self.services.settings)
                self.spool = Spool(instance.recordings)
            except AsteriskError as error:
                log.info("no raw recordings yet: %s", error)
        return self.spool

    def start(self) -> None:
        """Starts the workers."""
        if not self._workers:
            self._workers = [asyncio.create_task(self._work(), name=f"recordings:{n}") for n in range(WORKERS)]

    async def stop(self) -> None:
        """Ends what is running; it is begun anew at the next start."""
        self.stopping = True
        self.converter.stop()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await asyncio.to_thread(self.executor.shutdown, cancel_futures=True)

    async def idle(self) -> None:
        """Waits until everything that was queued is done (for tests and for a clean end)."""
        await self.queue.join()

    def enqueue(self, stem: str) -> None:
        """Queues one recording unless it is queued or being worked on already."""
        if stem not in self.busy:
            self.busy.add(stem)
            self.queue.put_nowait(stem)

    async def _work(self) -> None:
        while True:
            stem = await self.queue.get()
            try:
                await process(self, stem)
            except Exception:
                # The database may be locked or away: the raw files are still there, so later is early enough.
                log.exception("recording %s is tried again later", stem)
                self.not_before[stem] = self.services.clock.epoch() + rules.PAUSES[0]
            finally:
                self.busy.discard(stem)
                self.queue.task_done()


def pipeline(services: Services) -> Pipeline:
    """The pipeline of this process."""
    return services.part(Pipeline, Pipeline)


async def sweep(pipe: Pipeline) -> None:
    """Binds calls that ended to their recordings, and queues every complete recording whose turn has come."""
    await _bind_ended(pipe)
    spool = await pipe.find_spool()
    if spool is None or pipe.stopping:
        return
    lying = await _lying(pipe, spool)
    if lying is None:
        return
    now = pipe.services.clock.epoch()
    complete = {
        stem: raw
        for stem, raw in lying.items()
        if stem not in pipe.busy
        and pipe.not_before.get(stem, 0.0) <= now
        and (raw.done or now - raw.changed_at >= QUIET_SECONDS)
    }
    pipe.not_before = {stem: at for stem, at in pipe.not_before.items() if at > now}
    if not complete:
        pipe.unknown = {}
        return
    async with pipe.services.db.system() as session:
        known = await queries.by_stems(session, complete)
    pipe.unknown = await _without_empty(spool, {stem: raw for stem, raw in complete.items() if stem not in known}, now)
    held: set[str] = set()
    if not all(complete[stem].done for stem in known):
        held = await asyncio.to_thread(spool.open_stems)
    for stem in sorted(known, key=lambda stem: complete[stem].changed_at):
        if (complete[stem].done or stem not in held) and (known[stem].state == "ready" or _due(known[stem], now)):
            pipe.enqueue(stem)


async def _without_empty(spool: Spool, unknown: dict[str, Raw], now: float) -> dict[str, Raw]:
    """Removes what Asterisk made for calls that nobody took: files without a sound, whose call needs no recording.

    Only when the call is over: while a caller waits his files are as empty, and his talk is still to come.
    """
    empty = [
        stem
        for stem, raw in unknown.items()
        if not raw.size and now - raw.changed_at >= (QUIET_SECONDS if raw.done else EMPTY_SECONDS)
    ]
    for stem in empty:
        await asyncio.to_thread(spool.remove, stem)
    return {stem: raw for stem, raw in unknown.items() if stem not in empty}


async def _lying(pipe: Pipeline, spool: Spool) -> dict[str, Raw] | None:
    """What lies in the folder; None (said once) when it cannot be read."""
    try:
        found = await asyncio.to_thread(spool.scan)
    except OSError as error:
        if not pipe.blind:
            log.warning("the folder of raw recordings cannot be read: %s", error)
        pipe.blind = True
        return None
    pipe.blind = False
    return found


def _due(row: Recording, now: float) -> bool:
    return row.tried_at is None or now >= row.tried_at.timestamp() + rules.pause_after(row.attempts)


async def _bind_ended(pipe: Pipeline) -> None:
    """The call log binds recordings itself; this is for a call whose end only we were told."""
    if not pipe.ended:
        return
    waiting = {call.recording: call for call in pipe.ended.values() if call.recording}
    async with pipe.services.db.system() as session:
        known = await queries.by_stems(session, waiting)
    for call in list(pipe.ended.values()):
        done = call.recording in known or pipe.services.clock.epoch() - (call.ended_at or 0.0) > PENDING_SECONDS
        if not done:
            try:
                async with pipe.services.db.business(call.business_id) as session:
                    await register(session, [call])
                done = True
            except (IntegrityError, NotFound):
                # The call's own row is not written yet.
                continue
        if done:
            pipe.ended.pop(call.id, None)


async def process(pipe: Pipeline, stem: str) -> None:
    """Converts one recording and keeps it, or notes why that failed."""
    spool = pipe.spool
    assert spool is not None
    async with pipe.services.db.system() as session:
        row = (await queries.by_stems(session, [stem], waves=True)).get(stem)
    if row is None:
        return
    if row.state == "empty":
        # Nothing of it is to be kept: the operator's recording is off, or nothing was said.
        await asyncio.to_thread(spool.remove, stem)
        return
    folder = pipe.services.settings.recordings_dir
    if row.state == "ready" and await asyncio.to_thread(_is_kept, folder / row.file, row.size):
        # The server ended between the commit and the removal of the raw files.
        await asyncio.to_thread(spool.remove, stem)
        return
    file = rules.place(row.business_id, row.started_at, stem)
    client, agent = spool.files(stem)
    gaps = rules.stored_gaps(row.peaks)
    try:
        joined = await asyncio.get_running_loop().run_in_executor(
            pipe.executor, lambda: pipe.converter.join(client=client, agent=agent, target=folder / file, gaps=gaps)
        )
    except NothingRecorded as error:
        if row.message:
            await _note_silence(pipe, row.id)
        else:
            await _note_failure(pipe, row.id, str(error), final=True)
        await asyncio.to_thread(spool.remove, stem)
        return
    except (AudioError, OSError) as error:
        if not pipe.stopping:
            log.error("recording %s cannot be converted: %s", stem, error)
            await _note_failure(pipe, row.id, _words(error))
        return
    if row.message and not rules.is_spoken(joined.peaks):
        # He hung up at the tone, or kept silent: that is no message.
        await _note_silence(pipe, row.id)
        await asyncio.to_thread((folder / file).unlink, missing_ok=True)
        await asyncio.to_thread(spool.remove, stem)
    elif await _keep(pipe, row.id, file, joined):
        await asyncio.to_thread(spool.remove, stem)
        pipe.services.bus.publish(
            RecordingReady(
                at=pipe.services.clock.epoch(),
                business_id=row.business_id,
                call_id=row.call_id,
                recording_id=row.id,
            )
        )
    else:
        # The call was deleted meanwhile: its sound must not come back.
        await asyncio.to_thread((folder / file).unlink, missing_ok=True)


async def _keep(pipe: Pipeline, recording_id: int, file: str, joined: Joined) -> bool:
    async with pipe.services.db.system() as session:
        row = await queries.by_id(session, recording_id)
        if row is None:
            return False
        row.state, row.file, row.error = "ready", file, ""
        row.size, row.duration, row.peaks = joined.size, joined.duration, joined.peaks
    return True


async def _note_silence(pipe: Pipeline, recording_id: int) -> None:
    async with pipe.services.db.system() as session:
        row = await queries.by_id(session, recording_id)
        if row is not None:
            row.state, row.error = "empty", ""


async def _note_failure(pipe: Pipeline, recording_id: int, error: str, *, final: bool = False) -> None:
    async with pipe.services.db.system() as session:
        row = await queries.by_id(session, recording_id)
        if row is None:
            return
        row.state, row.error, row.tried_at = "failed", error[:500], pipe.services.clock.now()
        row.attempts += 0 if final else 1


async def note_missing(pipe: Pipeline) -> None:
    """Says so on recordings whose raw files never came; should they come later, they are converted all the same."""
    spool = pipe.spool
    if spool is None:
        return
    async with pipe.services.db.system() as session:
        rows = await queries.unfinished(session, before=pipe.services.clock.now() - MISSING_AFTER)
        waiting = [row for row in rows if row.state == "waiting" and row.stem not in pipe.busy]
        if not waiting:
            return
        lying = await _lying(pipe, spool)
        if lying is None:
            return
        for row in waiting:
            if row.stem not in lying:
                row.state, row.error = "failed", RAW_MISSING


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the pipeline stands: recordings that failed often, per business, and old raw files whose call is unknown."""

    stuck: dict[int, int]
    unknown: int


async def health(pipe: Pipeline, *, unknown_after: float) -> Health:
    """``unknown_after``: seconds after which a raw file without a call is worth telling."""
    async with pipe.services.db.system() as session:
        stuck = await queries.stuck(session, rules.ALERT_AFTER)
    now = pipe.services.clock.epoch()
    old = [raw for raw in pipe.unknown.values() if now - raw.changed_at >= unknown_after and raw.size]
    return Health(stuck=stuck, unknown=len(old))


def _is_kept(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size > 0
    except OSError:
        return False


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full"
    return str(error)
