"""Recordings for tests: a pipeline over a folder of raw files, and calls that were recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from callcenter.core.calls import Call
from callcenter.core.events import Event
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases.store import store
from callcenter.features.recordings import queries
from callcenter.features.recordings.gateway.audio import Converter
from callcenter.features.recordings.gateway.spool import Spool
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.usecases import converting
from callcenter.features.recordings.usecases.converting import Pipeline
from callcenter.features.recordings.usecases.registering import register
from callcenter.plugin import Services
from tests.support import call_log
from tests.support.tones import raw_call


class Studio:
    """The pipeline of ``services`` over ``raw``; what it tells the house stands in ``told``."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services = services
        self.raw = folder / "monitor"
        self.raw.mkdir(exist_ok=True)
        self.told: list[Event] = []
        self.pipe = self.restarted()

    def restarted(self, converter: Converter | None = None) -> Pipeline:
        """A pipeline as after a restart of the server: it remembers nothing."""
        self.pipe = Pipeline(self.services, Spool(self.raw), converter)
        self.services.parts[Pipeline] = self.pipe
        return self.pipe

    def listen(self, kind: type[Event]) -> None:
        """Collects events of ``kind``."""
        self.services.bus.listen(kind, self.told.append)

    async def sweep(self) -> None:
        """One look at the folder, and all the work that comes of it."""
        await converting.sweep(self.pipe)
        while not self.pipe.queue.empty():
            stem = self.pipe.queue.get_nowait()
            try:
                await converting.process(self.pipe, stem)
            finally:
                self.pipe.busy.discard(stem)
                self.pipe.queue.task_done()

    async def row(self, stem: str) -> Recording:
        """The recording as the database has it."""
        async with self.services.db.system() as session:
            found = await queries.by_stems(session, [stem])
            return await queries.by_id(session, found[stem].id)  # type: ignore[return-value]

    def left(self) -> set[str]:
        """The names of the raw files that are still there."""
        return {path.name for path in self.raw.iterdir()}

    def file(self, row: Recording) -> Path:
        """Where a finished recording lies."""
        return self.services.settings.recordings_dir / row.file


async def log_call(services: Services, call: Call) -> Call:
    """Writes a call into the call log."""
    async with services.db.business(call.business_id) as session:
        await store(session, [Picture(call, "live")])
    return call


async def recorded_call(
    studio: Studio, business_id: int, agent_id: int, stem: str, *, sound: bool = True, **more: Any
) -> Call:
    """An answered call in the log that was recorded under ``stem``; its raw files lie in the folder."""
    if sound:
        raw_call(studio.raw, stem)
    call = call_log.answered(business_id, agent_id, f"{stem}", recording=stem, **more)
    await log_call(studio.services, call)
    async with studio.services.db.business(business_id) as session:
        assert await register(session, [call])
    return call
