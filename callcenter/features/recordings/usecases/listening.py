"""Who may listen to what (REC-01), and that it is written down."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal
from weakref import WeakValueDictionary

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, Forbidden, NotFound, ProductError, Unavailable
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.recordings import queries, rules
from callcenter.features.recordings.gateway.audio import AudioError, Converter
from callcenter.features.recordings.gateway.copies import Copies
from callcenter.features.recordings.models import Recording
from callcenter.http.current import Current, current
from callcenter.http.permissions import RECORDINGS_ALL, RECORDINGS_OWN
from callcenter.plugin import Services

log = logging.getLogger(__name__)

Form = Literal["opus", "mp3", "wav"]
# A player asks for a file in many pieces: one entry an hour for each person and recording.
AUDIT_EVERY = 3600.0
_COPIERS = 2
_LARGEST_ID = 2**31 - 1


class Listening:
    """What listening keeps in this process: converted copies, and who was written down when."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # Somebody waits for these, so they neither queue behind new recordings nor step aside for them.
        self.executor = ThreadPoolExecutor(_COPIERS, "copies")
        self.converter = Converter()
        self.copies = Copies(services.settings.data / "cache" / "recordings", self.converter, self.executor)
        self._written: dict[tuple[int, int, str], float] = {}
        self._locks: WeakValueDictionary[tuple[int, int, str], asyncio.Lock] = WeakValueDictionary()

    async def stop(self) -> None:
        """Ends conversions that somebody waits for."""
        self.converter.stop()
        await asyncio.to_thread(self.executor.shutdown, cancel_futures=True)

    async def write_down(self, request: web.Request, row: Recording, action: str, form: Form) -> None:
        """Writes who listens into the audit log, at most once an hour.

        What the database says against it goes up to the caller: nothing is played that is not written down.
        """
        person = current(request)
        key = (person.user_id, row.id, action)
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            now = self._services.clock.epoch()
            if now - self._written.get(key, float("-inf")) < AUDIT_EVERY:
                return
            async with self._services.db.business(person.business_id) as session:
                await accounts.audit(session, request, action, "recording", row.id, call=row.call_id, format=form)
            self._written = {k: at for k, at in self._written.items() if now - at < AUDIT_EVERY}
            self._written[key] = now


def listening(services: Services) -> Listening:
    """The one object of this process."""
    return services.part(Listening, Listening)


async def find(session: AsyncSession, person: Current, recording_id: int) -> Recording:
    """The recording, if this person may listen to it: all of the business, or one's own talks. NotFound, Forbidden."""
    row = await queries.by_id(session, recording_id) if recording_id <= _LARGEST_ID else None
    if row is None:
        raise NotFound(N_("There is no such recording."))
    if not may_listen(person, row):
        raise Forbidden(N_("You may listen to your own calls only. Ask a supervisor."))
    return row


def may_listen(person: Current, row: Recording) -> bool:
    """REC-01."""
    if person.can(RECORDINGS_ALL):
        return True
    return person.can(RECORDINGS_OWN) and person.agent_id is not None and person.agent_id in row.agents


async def message(services: Services, business_id: int, recording_id: int) -> bytes | None:
    """A caller's message as MP3, for those whom it is for; None when there is nothing to hear."""
    async with services.db.business(business_id) as session:
        row = await queries.by_id(session, recording_id)
    if row is None or not row.message:
        return None
    try:
        return await asyncio.to_thread((await sound_of(services, row, "mp3")).read_bytes)
    except (ProductError, OSError) as error:
        log.warning("message %s cannot be sent along: %s", recording_id, error)
        return None


async def sound_of(services: Services, row: Recording, form: Form) -> Path:
    """The file to send, converted now if need be. Raises NotFound, Conflict, Unavailable."""
    if row.state != "ready":
        raise Conflict(N_("This recording is not ready yet. Try again in a minute."), code="recording_not_ready")
    path = services.settings.recordings_dir / row.file
    if not rules.inside(row.file) or not await asyncio.to_thread(path.is_file):
        raise NotFound(N_("The file of this recording is not there."), code="recording_file_missing")
    if form == "opus":
        return path
    try:
        return await listening(services).copies.get(row.id, path, form, int(row.peaks.get("rate", 8000)))
    except (AudioError, OSError) as error:
        raise Unavailable(
            N_("The recording could not be converted: %(reason)s"), code="conversion_failed", reason=str(error)
        ) from error
