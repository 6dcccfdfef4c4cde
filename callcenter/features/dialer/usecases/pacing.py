"""Lists with a team that run: clients are called as their pacer says, persons are given to agents who are ready.

One look at each event and at least four times a second. What it keeps in memory is read again from the database and
from the calls that go on, so that a server that starts in the middle goes on where the last one stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from math import inf

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call
from callcenter.core.errors import NotFound, ProductError
from callcenter.core.events import WrapupGiven
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialAttempt, DialList, DialMember
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.rules import outcomes, teams
from callcenter.features.dialer.rules.floor import STATES, Floor
from callcenter.features.dialer.rules.pacing.baselines import OnePerAgent
from callcenter.features.dialer.rules.pacing.predictive import Predictive
from callcenter.features.dialer.rules.pacing.seen import OUT, READY, Pacer, Setting
from callcenter.features.dialer.usecases import blending, choosing, closing, desk, nailing, reaching, settling
from callcenter.plugin import Services
from callcenter.storage.outage import is_outage

log = logging.getLogger(__name__)

LONGEST, IDLE = 0.25, 1.0
"""Seconds without a look: while a list runs, and while none does."""
AGAIN, SELDOM = 3.0, 30.0
"""After so many seconds what the database holds is read again: while a list runs, and while none does."""
AT_ONCE = 5
"""So many calls are placed before others have their turn."""
LINES = 200
"""So many calls of a list at once."""


class Run:
    """A list that runs: its row, its floor, its members, the lines that took no call in a row."""

    def __init__(self, row: DialList, floor: Floor) -> None:
        self.row, self.floor = row, floor
        self.members: dict[int, DialMember] = {}
        self.away = 0
        self.none_before: float | None = None


class Pacing:
    """One object of a process."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.woken = asyncio.Event()
        self.runs: dict[int, Run] = {}
        self.attempts: dict[str, DialAttempt] = {}
        self.over: dict[str, Call] = {}
        self.read_at = -inf
        self.tasks: set[asyncio.Task[None]] = set()
        desk.kept(services).teams_changed = self.changed

    # --- what happens

    def changed(self) -> None:
        """A list or a team was changed: it is read again at once."""
        self.read_at = -inf
        self.woken.set()

    def updated(self, call: Call, what: str, at: float) -> None:
        """A call of a list goes on."""
        attempt = self.attempts.get(call.id)
        run = self.runs.get(attempt.list_id) if attempt is not None else None
        if run is None:
            return
        if what == "person":
            run.floor.person(call.id, at)
            self.give(run)
        elif what == "dropped":
            run.floor.dropped(call.id, at)
        elif what == "machine":
            run.floor.ended(call.id, at, "machine")
        elif call.legs and call.legs[0].answered_at is not None:
            run.floor.picked_up(call.id, at)
        self.woken.set()

    def ended(self, call: Call, at: float) -> None:
        """A call of a list is over."""
        self.over[call.id] = call
        attempt = self.attempts.get(call.id)
        run = self.runs.get(attempt.list_id) if attempt is not None else None
        if run is not None:
            answered = bool(call.legs) and call.legs[0].answered_at is not None
            run.floor.ended(call.id, at, "noanswer" if answered or call.result in ("no_answer", "busy") else "fail")
        self.woken.set()

    def give(self, run: Run) -> None:
        """Gives persons who wait to agents who are ready."""
        while (found := run.floor.give(self.services.clock.epoch())) is not None:
            task = asyncio.create_task(self._join(run, *found))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _join(self, run: Run, call_id: str, agent_id: int) -> None:
        services, row = self.services, run.row
        member = run.members.get(agent_id)
        standing = nailing.standing_of(member) if member is not None else None
        try:
            if standing is None:
                raise NotFound(nailing.HUNG_UP, title=row.title)
            await services.telephony.nailing.join(call_id, row.business_id, standing)
        except ProductError as error:
            # He has hung up, or the link is down: his own events tell what becomes of him.
            log.info("call %s was not given to agent %s: %s", call_id, agent_id, error)
            run.floor.talking.pop(call_id, None)
            self.woken.set()
            return
        seconds = inf if row.pause is None else float(row.pause)
        services.bus.publish(
            WrapupGiven(
                at=services.clock.epoch(), business_id=row.business_id, agent_id=agent_id, call_id=call_id,
                seconds=seconds,
            )
        )  # fmt: skip

    # --- a look

    async def read(self) -> None:
        """Reads which lists run, who is in their teams, which attempts are open."""
        self.read_at = self.services.clock.epoch()
        async with self.services.db.system() as session:
            lists = await team_queries.active(session)
            members = await team_queries.members(session)
            found = [one for one in await queries.open_attempts(session) if outcomes.client_first(one.call_id)]
            for row in lists:
                team = [one for one in members if one.list_id == row.id]
                await self._take(session, row, team)
        for list_id in self.runs.keys() - {one.id for one in lists}:
            del self.runs[list_id]
        for attempt in found:
            if attempt.call_id not in self.attempts:
                self.attempts[attempt.call_id] = attempt
                self._take_up(attempt)
        # One that is in nobody's list any more was closed by somebody else.
        for call_id in self.attempts.keys() - {one.call_id for one in found}:
            gone = self.runs.get(self.attempts.pop(call_id).list_id)
            self.over.pop(call_id, None)
            if gone is not None:
                gone.floor.ended(call_id, self.read_at, "fail")

    async def _take(self, session: AsyncSession, row: DialList, team: list[DialMember]) -> None:
        run = self.runs.get(row.id)
        if run is None:
            since = self.services.clock.now() - teams.LEDGER
            persons, abandoned = await team_queries.ledger(session, row.id, since)
            run = self.runs[row.id] = Run(row, Floor(pacer_of(row, len(team), persons, abandoned)))
        run.row = row
        if len(team) != len(run.members) and isinstance(run.floor.pacer, Predictive):
            run.floor.pacer.resize(max(len(team), 1))
        for agent_id in run.members.keys() - {one.agent_id for one in team}:
            run.floor.gone(agent_id, self.services.clock.epoch())
        run.members = {one.agent_id: one for one in team}

    def _take_up(self, attempt: DialAttempt) -> None:
        """A call that another process has begun."""
        run = self.runs.get(attempt.list_id)
        call = self.services.live.call(attempt.business_id, attempt.call_id)
        if run is None or call is None:
            return
        now, told = self.services.clock.epoch(), {step.kind for step in call.steps}
        run.floor.placed(call.id, call.started_at)
        if call.answered_at is not None and call.agent_id is not None:
            run.floor.ended(call.id, now, "noanswer")
            run.floor.talking[call.id] = call.agent_id
        elif told & {"machine", "dropped"}:
            run.floor.ended(call.id, now, "machine")
        elif "person" in told:
            run.floor.person(call.id, now)
        elif call.legs and call.legs[0].answered_at is not None:
            run.floor.picked_up(call.id, now)

    def see(self, run: Run) -> None:
        """Takes over what the agents do."""
        now = self.services.clock.epoch()
        for agent_id, member in run.members.items():
            view = self.services.live.agent(run.row.business_id, agent_id)
            state = STATES.get(view.state, OUT) if view is not None else OUT
            if state == READY and agent_id in desk.kept(self.services).leaving:
                state = OUT
            if state == READY and not (member.leg_id and self.services.telephony.nailing.up(member.leg_id)):
                state = OUT
            run.floor.agent(agent_id, state, now)

    async def settle(self) -> None:
        """Closes attempts whose end is known."""
        for call_id in [one for one in self.over if one in self.attempts]:
            call, attempt = self.over.pop(call_id), self.attempts.pop(call_id)
            found = outcomes.outcome(call)
            run = self.runs.get(attempt.list_id)
            if run is not None:
                run.away = run.away + 1 if found == outcomes.LINE_AWAY else 0
                run.none_before = None
            await settling.settle(self.services, attempt, found, call)

    async def look_for(self, attempts: Iterable[DialAttempt]) -> None:
        """Attempts whose end nobody saw."""
        for attempt in list(attempts):
            if attempt.call_id not in self.over:
                await settling.look(self.services, attempt)

    async def pace(self, run: Run) -> None:
        """Places as many calls as the pacer says."""
        floor, row = run.floor, run.row
        wanted = floor.wanted(self.services.clock.epoch(), LINES - floor.in_flight - len(floor.talking))
        if not self.services.telephony.up or await blending.aside(self.services, run.members, floor, row):
            return
        if run.none_before is not None and self.services.clock.epoch() < run.none_before:
            return
        run.none_before = None
        for _ in range(min(wanted, AT_ONCE)):
            if not await self._one_more(run):
                return
        if wanted > AT_ONCE:
            self.woken.set()

    async def _one_more(self, run: Run) -> bool:
        chosen = await choosing.choose(self.services, run.row)
        if chosen is None:
            run.none_before = self.services.clock.epoch() + IDLE
            if not run.floor.in_flight and not run.floor.talking:
                await closing.nobody(self.services, run.row)
            return False
        if isinstance(chosen, float):
            return False
        try:
            attempt = await reaching.reach(self.services, run.row, chosen, run.away)
        except ProductError as error:
            await closing.refused(self.services, run.row, error)
            self.read_at = -inf
            return False
        if attempt is None:
            return False
        self.attempts[attempt.call_id] = attempt
        run.floor.placed(attempt.call_id, attempt.placed_at.timestamp())
        return True


def pacer_of(row: DialList, agents: int, persons: int, abandoned: int) -> Pacer:
    """How a list paces its calls; ``persons`` and ``abandoned`` are its last 30 days."""
    if row.mode == teams.PROGRESSIVE:
        return OnePerAgent()
    cap = teams.setting(row.dialing).cap / 100.0
    return Predictive(
        Setting(
            agents=max(agents, 1), trunks=LINES, drop_after=teams.DROP_AFTER, cap=cap, persons=persons,
            abandoned=abandoned,
        )
    )  # fmt: skip


def kept(services: Services) -> Pacing:
    """The one object of this process."""
    return services.part(Pacing, Pacing)


async def serve(services: Services) -> None:
    """Looks whenever something happens, for ever."""
    found = kept(services)
    while True:
        found.woken.clear()
        await turn(services)
        try:
            async with asyncio.timeout(LONGEST if found.runs or found.attempts else IDLE):
                await found.woken.wait()
        except TimeoutError:
            pass


async def turn(services: Services) -> None:
    """One look at every list with a team."""
    found = kept(services)
    busy = bool(found.runs or found.attempts)
    if services.clock.epoch() - found.read_at >= (AGAIN if busy else SELDOM):
        await found.read()
        await found.look_for(found.attempts.values())
    await found.settle()
    for run in list(found.runs.values()):
        try:
            await closing.look_after(services, run.members, run.row)
            found.see(run)
            found.give(run)
            if run.row.status == rules.RUNNING:
                await found.pace(run)
            else:
                await blending.back(services, run.members, run.row)
        except Exception as problem:
            if is_outage(problem):
                raise
            log.exception("dial list %s could not go on", run.row.id)
