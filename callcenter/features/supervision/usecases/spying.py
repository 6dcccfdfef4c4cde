"""Listen, whisper and join: from the order to its end, each use in the audit log."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.core.errors import BadInput, Conflict, Forbidden, NotFound, ProductError
from callcenter.core.events import CallEnded, CallUpdated, SpyChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.supervision import rules
from callcenter.features.supervision.models import SpySession
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.telephony.spies import Mode

log = logging.getLogger(__name__)

NOT_TALKING = N_("This agent is not in a call now.")
NO_PHONE = N_("You have no phone to listen with. An administrator can give you one.")
OVER = N_("This is over already.")
TELL = "supervision_told"
"""The business's setting: whether an agent is shown who listens (default: yes)."""


class Spy(msgspec.Struct, kw_only=True):
    """A spy that is there. ``state`` is ringing until the supervisor's phone was picked up."""

    id: str
    business_id: int
    user_id: int
    membership_id: int
    by_agent_id: int
    name: str
    agent_id: int
    agent_membership_id: int
    agent_name: str
    call_id: str
    leg_id: str
    mode: Mode
    told: bool
    began_at: float
    state: str = "ringing"


class SpyView(msgspec.Struct, kw_only=True):
    """A supervisor's own spy: ``state`` ringing or up, ``mode`` listen, whisper or barge."""

    id: str
    agent_id: int
    agent_name: str
    call_id: str
    mode: str
    state: str
    told: bool
    since: datetime


class Listener(msgspec.Struct, kw_only=True):
    """Somebody who listens to my call, as its agent is told."""

    name: str
    mode: str
    call_id: str


class Spying:
    """The spies of this process; one at most for each supervisor."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.spies: dict[str, Spy] = {}
        self.loaded = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        # Two changes of one spy go one after the other.
        self._turns: dict[str, asyncio.Lock] = {}

    # --- questions ----------------------------------------------------------------------------------

    def of(self, person: Current) -> Spy | None:
        """The person's own spy."""
        return next(
            (s for s in self.spies.values() if s.business_id == person.business_id and s.user_id == person.user_id),
            None,
        )

    def on_agent(self, business_id: int, agent_id: int) -> list[Listener]:
        """Who listens to an agent, as far as he is told."""
        return [
            Listener(name=spy.name, mode=spy.mode, call_id=spy.call_id)
            for spy in self.spies.values()
            if spy.business_id == business_id and spy.agent_id == agent_id and spy.told and spy.state == "up"
        ]

    # --- commands -----------------------------------------------------------------------------------

    async def begin(self, person: Current, agent_id: int, mode: Mode) -> Spy:
        """Rings the person's own phone and lets it hear the agent's call. Conflict when nobody talks there."""
        _check(mode)
        here = self.services
        if person.agent_id is None:
            raise Forbidden(NO_PHONE)
        ref = here.telephony.directory.agents.get(agent_id)
        if ref is None or ref.business_id != person.business_id:
            raise NotFound(N_("There is no such agent."))
        place = rules.place_of(here.live.calls_of(person.business_id), agent_id)
        if place is None:
            raise Conflict(NOT_TALKING, code="not_talking")
        if agent_id == person.agent_id:
            raise Conflict(N_("This is your own call."), code="own_call")
        mine = self.of(person)
        if mine is not None:
            if mine.agent_id == agent_id:
                return await self.change(person, mine.id, mode)
            await self.end(person, mine.id)
        own = here.live.agent(person.business_id, person.agent_id)
        if own is not None and own.call_id is not None:
            raise Conflict(N_("You are in a call already. Finish it first."), code="in_call")
        async with here.db.business(person.business_id) as session:
            told = await told_to_agents(session, person.business_id)
            agent = await agents.get(session, agent_id)
        spy_id = await here.telephony.spy(
            agent_id=person.agent_id,
            business_id=person.business_id,
            leg_id=place.leg.id,
            mode=mode,
            name=ref.name,
            number=ref.short_number,
        )
        spy = Spy(
            id=spy_id,
            business_id=person.business_id,
            user_id=person.user_id,
            membership_id=person.membership_id,
            by_agent_id=person.agent_id,
            name=person.name,
            agent_id=agent_id,
            agent_membership_id=agent.membership_id if agent else 0,
            agent_name=ref.name,
            call_id=place.call.id,
            leg_id=place.leg.id,
            mode=mode,
            told=told,
            began_at=here.clock.epoch(),
        )
        self.spies[spy_id] = spy
        async with here.db.business(person.business_id) as session:
            session.add(
                SpySession(
                    **{f: getattr(spy, f) for f in _KEPT}, began_at=utc(spy.began_at), business_id=spy.business_id
                )
            )
            await accounts.audit(
                session, person, "spy.begin", "call", spy.call_id, agent=spy.agent_name, mode=mode, told=told
            )
        if spy_id not in here.telephony.spies.alive() and spy_id in self.spies:
            # It ended while its row was being written.
            await self._close(spy, "gone")
        self._tell(spy)
        return spy

    async def change(self, person: Current, spy_id: str, mode: Mode) -> Spy:
        """Another mode of the person's own spy; the call is not touched."""
        _check(mode)
        spy = self._mine(person, spy_id)
        async with self._turn(spy.id):
            if spy.mode != mode:
                await self.services.telephony.spy_on(spy.id, spy.business_id, spy.leg_id, mode)
                spy.mode = mode
                async with self.services.db.business(spy.business_id) as session:
                    await session.execute(update(SpySession).where(SpySession.id == spy.id).values(mode=mode))
                    await accounts.audit(
                        session, person, "spy.mode", "call", spy.call_id, agent=spy.agent_name, mode=mode
                    )
        self._tell(spy)
        return spy

    async def end(self, person: Current, spy_id: str) -> None:
        """Ends the person's own spy."""
        spy = self._mine(person, spy_id)
        await self.services.telephony.end_spy(spy.id)
        await self._close(spy, "supervisor")

    def _mine(self, person: Current, spy_id: str) -> Spy:
        spy = self.spies.get(spy_id)
        if spy is None or spy.business_id != person.business_id or spy.user_id != person.user_id:
            raise NotFound(OVER)
        return spy

    def _turn(self, spy_id: str) -> asyncio.Lock:
        return self._turns.setdefault(spy_id, asyncio.Lock())

    # --- what happens -------------------------------------------------------------------------------

    async def load(self) -> None:
        """Takes up who listened when this server was last there; the next ``SpyChanged`` says who still does."""
        async with self.services.db.system() as session:
            rows = list(await session.scalars(select(SpySession).where(SpySession.ended_at.is_(None))))
            found = {row.id: await self._of_row(session, row) for row in rows}
        self.spies.update(found)
        for spy_id in found:
            # An id that Asterisk does not name any more in its next list has ended.
            self.services.telephony.spies.ordered(spy_id)
        self.loaded.set()

    async def _of_row(self, session: AsyncSession, row: SpySession) -> Spy:
        person = await accounts.user_name(session, row.user_id)
        found = await agents.by_ids(session, [row.agent_id])
        agent = found.get(row.agent_id)
        return Spy(
            **{f: getattr(row, f) for f in _KEPT},
            business_id=row.business_id,
            name=person,
            agent_name=agent.name if agent else "",
            agent_membership_id=agent.membership_id if agent else 0,
            began_at=row.began_at.timestamp(),
        )

    async def changed(self, event: SpyChanged) -> None:
        """A spy's phone was picked up, or is gone."""
        spy = self.spies.get(event.spy_id)
        if spy is None:
            return
        if event.state == "ended":
            await self._close(spy, "phone")
        elif spy.state != "up":
            spy.state = "up"
            self._tell(spy)

    def watch(self, event: CallUpdated | CallEnded) -> None:
        """A call changed: follows its agent's leg, or ends. Runs in the event's own turn and waits for nothing."""
        if not self.spies:
            return
        call = event.call
        for spy in list(self.spies.values()):
            if spy.business_id == call.business_id and (spy.call_id == call.id or _has(call, spy)):
                task = asyncio.ensure_future(self._follow(spy))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _follow(self, spy: Spy) -> None:
        try:
            async with self._turn(spy.id):
                await self._look(spy)
        except ProductError as error:
            log.info("a spy could not follow: %s", error)

    async def _look(self, spy: Spy) -> None:
        place = self._place(spy)
        if place is None:
            # Another leg may be about to take its place.
            await asyncio.sleep(rules.GRACE)
            place = self._place(spy)
        if spy.id not in self.spies:
            return
        if place is None:
            await self.services.telephony.end_spy(spy.id)
            await self._close(spy, "call")
            return
        if (place.leg.id, place.call.id) == (spy.leg_id, spy.call_id):
            return
        moved = place.leg.id != spy.leg_id
        spy.leg_id, spy.call_id = place.leg.id, place.call.id
        if moved:
            await self.services.telephony.spy_on(spy.id, spy.business_id, spy.leg_id, spy.mode)
        async with self.services.db.business(spy.business_id) as session:
            await session.execute(
                update(SpySession).where(SpySession.id == spy.id).values(leg_id=spy.leg_id, call_id=spy.call_id)
            )
        self._tell(spy)

    def _place(self, spy: Spy) -> rules.Place | None:
        """The same talk, in whatever call it is now; a new call of the agent is none of it."""
        place = rules.place_of(self.services.live.calls_of(spy.business_id), spy.agent_id, spy.leg_id)
        if place is None or place.leg.id == spy.leg_id or place.call.id == spy.call_id:
            return place
        return None

    async def _close(self, spy: Spy, why: str) -> None:
        if self.spies.pop(spy.id, None) is None:
            return
        self._turns.pop(spy.id, None)
        now = self.services.clock.epoch()
        self._tell(spy, gone=True, why=why)
        async with self.services.db.business(spy.business_id) as session:
            await session.execute(
                update(SpySession).where(SpySession.id == spy.id).values(ended_at=self.services.clock.now())
            )
            await accounts.audit_for(
                session,
                spy.business_id,
                spy.user_id,
                "spy.end",
                "call",
                spy.call_id,
                at=self.services.clock.now(),
                agent=spy.agent_name,
                seconds=round(now - spy.began_at),
                why=why,
            )

    def _tell(self, spy: Spy, *, gone: bool = False, why: str = "") -> None:
        live = self.services.live
        mine = {"spy": None if gone else msgspec.to_builtins(view(spy)), "why": why}
        live.tell(spy.business_id, spy.membership_id, "spy", lambda _say: mine)
        if spy.told:
            heard = msgspec.to_builtins(self.on_agent(spy.business_id, spy.agent_id))
            live.tell(spy.business_id, spy.agent_membership_id, "listeners", lambda _say: {"listeners": heard})

    async def stop(self) -> None:
        """Ends what waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


_KEPT = ("id", "user_id", "membership_id", "by_agent_id", "agent_id", "call_id", "leg_id", "mode", "told")


def spying(services: Services) -> Spying:
    """The process's one."""
    return services.part(Spying, Spying)


def view(spy: Spy) -> SpyView:
    """A spy as its supervisor sees it."""
    return SpyView(
        id=spy.id,
        agent_id=spy.agent_id,
        agent_name=spy.agent_name,
        call_id=spy.call_id,
        mode=spy.mode,
        state=spy.state,
        told=spy.told,
        since=utc(spy.began_at),
    )


def _has(call: Call, spy: Spy) -> bool:
    return any(leg.id == spy.leg_id for leg in call.legs)


def _check(mode: str) -> None:
    if mode not in rules.MODES:
        message = N_("Choose one of: listen, whisper, barge.")
        raise BadInput(message, fields={"mode": message})


async def told_to_agents(session: AsyncSession, business_id: int) -> bool:
    """Whether the business's agents are shown who listens to them."""
    business = await accounts.business(session, business_id)
    return bool(business.settings.get(TELL, True)) if business else True
