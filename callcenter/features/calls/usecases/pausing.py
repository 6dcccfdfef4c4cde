"""The agent keeps a card number out of the recording (AGD-14): pause, resume, and the end that comes by itself.

What is paused stands in Asterisk (telephony.pausing) and comes back as the call's picture, so a page or server that was
away finds it as it is. Here is what a picture cannot do: who may, for how long, and the audit log.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call, Gap
from callcenter.core.clock import utc
from callcenter.core.errors import BadInput, Conflict, NotFound, ProductError, Unavailable
from callcenter.core.events import CallEnded, CallUpdated, LinkChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.http.current import Current, current
from callcenter.plugin import Services

log = logging.getLogger(__name__)

LIMIT, SHORTEST, LONGEST = 180, 10, 1800
"""Seconds after which a pause ends by itself: the default, and what a business may choose."""
SETTING = "recording_pause_seconds"
GRACE = 1.0
"""Seconds in which another leg of the agent may take the place of the one that ended (a page that was reloaded)."""
_RETRY = 2.0


class RecordingPause(msgspec.Struct, kw_only=True):
    """Whether the call's recording is paused, until when at most, and how long a pause may be (seconds)."""

    id: str
    paused: bool
    until: datetime | None = None
    limit: int = LIMIT


class PauseLimit(msgspec.Struct, kw_only=True):
    """After how many seconds a pause of a recording ends by itself."""

    seconds: int


async def limit_of(session: AsyncSession, business_id: int) -> int:
    """The business's limit of a pause, in seconds."""
    found = await accounts.business(session, business_id)
    value = found.settings.get(SETTING, LIMIT) if found else LIMIT
    return value if isinstance(value, int) and SHORTEST <= value <= LONGEST else LIMIT


async def set_limit(services: Services, request: web.Request, seconds: int) -> None:
    """Chooses the limit for pauses that begin from now on. BadInput out of bounds."""
    if not SHORTEST <= seconds <= LONGEST:
        message = N_("Choose from %(least)s to %(most)s seconds.")
        raise BadInput(message, fields={"seconds": message}, least=SHORTEST, most=LONGEST)
    person = current(request)
    async with services.db.system() as session:
        await accounts.set_setting(session, person.business_id, SETTING, seconds)
    async with services.db.business(person.business_id) as session:
        await accounts.audit(session, request, "recording.limit", "business", person.business_id, seconds=seconds)


async def pause(services: Services, person: Current, call_id: str) -> RecordingPause:
    """Keeps what is said in one's own call out of its recording; a pause that lasts already stays.

    Raises NotFound (no such call of one's own), Conflict (``not_talking``, ``not_recorded``, ``too_many_pauses``).
    """
    call = _own(services, person, call_id)
    assert person.agent_id is not None
    if call.state not in ("talking", "held") or not talks(call, person.agent_id):
        raise Conflict(N_("The recording can be paused once you talk."), code="not_talking")
    async with services.db.business(person.business_id) as session:
        limit = await limit_of(session, person.business_id)
    before = call.gap
    gap = await services.telephony.pause_recording(call_id, person.agent_id, limit)
    if before is None:
        async with services.db.business(person.business_id) as session:
            await accounts.audit(
                session, person, "recording.pause", "call", call_id, number=call.client_number, limit=limit
            )
    return RecordingPause(id=call_id, paused=True, until=utc(gap.until), limit=limit)


async def resume(services: Services, person: Current, call_id: str) -> RecordingPause:
    """The recording goes on; being recorded already is fine."""
    call = _own(services, person, call_id)
    if call.recording is not None:
        await services.telephony.resume_recording(call_id, "agent")
    return RecordingPause(id=call_id, paused=False)


def talks(call: Call, agent_id: int) -> bool:
    """Whether the agent is in the talk now."""
    return any(leg.agent_id == agent_id and leg.bridged_at and leg.ended_at is None for leg in call.legs)


def _own(services: Services, person: Current, call_id: str) -> Call:
    call = services.live.call(person.business_id, call_id)
    if call is None or person.agent_id is None or person.agent_id not in (call.agent_id, *call.agents):
        raise NotFound(N_("This call is over."))
    return call


class Pauses:
    """Watches pauses that last: ends them at their limit or without their agent, and writes down each end."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._open: dict[str, Gap] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listens in the events' own turn: the picture of the call is the newest then."""
        self.services.bus.listen(CallUpdated, self.watch)
        self.services.bus.listen(CallEnded, self.watch)
        self.services.bus.listen(LinkChanged, self._link)

    async def stop(self) -> None:
        """Ends what waits; pauses go on, and the next server takes them up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def watch(self, event: CallUpdated | CallEnded) -> None:
        """A call changed."""
        call, known = event.call, self._open.get(event.call.id)
        ended = isinstance(event, CallEnded)
        if known is not None:
            over = next((gap for gap in call.gaps if gap.since == known.since and gap.how), None)
            if over is not None or ended:
                del self._open[call.id]
                self._run(self._write_down(call, over or known))
        gap = None if ended else call.gap
        if gap is not None and call.id not in self._open:
            self._open[call.id] = gap
        if call.id in self._news:
            self._news[call.id].set()
        elif gap is not None:
            self._news[call.id] = asyncio.Event()
            self._run(self._guard(call.business_id, call.id))

    def _link(self, event: LinkChanged) -> None:
        if event.up:
            for call_id in self._open:
                self._run(self._again(call_id))

    async def _again(self, call_id: str) -> None:
        try:
            await self.services.telephony.pausing.again(call_id)
        except ProductError as error:
            log.info("the recording's pause could not be renewed: %s", error)

    async def _guard(self, business_id: int, call_id: str) -> None:
        """Until the pause is over."""
        try:
            while (gap := self._gap(business_id, call_id)) is not None:
                news = self._news[call_id]
                news.clear()
                left = gap.until - self.services.clock.epoch()
                how = "limit" if left <= 0 else "" if self._there(business_id, call_id, gap) else "left"
                if not how:
                    await _wait(news, left)
                    continue
                if how == "left":
                    await asyncio.sleep(GRACE)
                    if self._there(business_id, call_id, gap):
                        continue
                try:
                    await self.services.telephony.resume_recording(call_id, how)
                except Unavailable as error:
                    log.warning("the recording of %s is still paused: %s", call_id, error)
                # Its news tell that it is over.
                await _wait(news, _RETRY)
        except ProductError as error:
            log.info("the pause of %s is over: %s", call_id, error)
        finally:
            self._news.pop(call_id, None)

    def _gap(self, business_id: int, call_id: str) -> Gap | None:
        call = self.services.live.call(business_id, call_id)
        return call.gap if call is not None else None

    def _there(self, business_id: int, call_id: str, gap: Gap) -> bool:
        call = self.services.live.call(business_id, call_id)
        return call is None or talks(call, gap.agent_id)

    async def _write_down(self, call: Call, gap: Gap) -> None:
        until = gap.until if gap.how else call.ended_at or self.services.clock.epoch()
        async with self.services.db.business(call.business_id) as session:
            agent = await agents.get(session, gap.agent_id)
            people = {one.membership_id: one.user_id for one in await accounts.people(session)}
            user_id = people.get(agent.membership_id) if agent else None
            if user_id is None:
                return
            await accounts.audit_for(
                session,
                call.business_id,
                user_id,
                "recording.resume",
                "call",
                call.id,
                at=self.services.clock.now(),
                number=call.client_number,
                seconds=round(until - gap.since),
                how=gap.how or "end",
            )

    def _run(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _wait(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await news.wait()
    except TimeoutError:
        pass
