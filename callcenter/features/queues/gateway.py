"""Asterisk's queue members, kept as agents want them: the pure plan of ``rules`` carried out until nothing differs.

It works by level, not by edge: whatever happens only says «look again», and each look compares all that is wanted with
all that is there. So a lost event, a refused command or a break heals with the next look, and no agent is ever stuck.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.directory import DeviceKind, parse_object, queue_name
from callcenter.core.errors import ProductError, Unavailable
from callcenter.core.events import DeviceChanged, MemberChanged
from callcenter.core.routing import Asked
from callcenter.features.agents import api as agents
from callcenter.features.queues import queries, rules
from callcenter.features.skills import api as skills
from callcenter.plugin import Services
from callcenter.telephony.snapshot import MemberNow

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
SETTLE, LONGEST_SETTLE = 0.02, 0.2
"""Seconds to wait after the first touch, so that a burst (two hundred phones back after a break) is one look; …"""
SHARE = 3.0
"""… the wait is so many times the last look's length: the busier it is, the more agents share one."""


Look = Callable[[AsyncSession, datetime], Awaitable[set[tuple[int, int]]]]


class Absences:
    """Who is left out of which queues for now (``services.part(Absences, …)``): asked at each look."""

    def __init__(self) -> None:
        self.looks: list[Look] = []


class Asks:
    """What skills queues ask for as callers meet it (``services.part(Asks, …)``); None = as the tables say."""

    def __init__(self) -> None:
        self.live: dict[int, Asked] | None = None


class MemberSync:
    """One per process (``services.part(MemberSync, MemberSync)``). Call ``touch`` when something changed."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._there: dict[tuple[int, str], rules.Member] = {}
        self._lost: dict[int, dict[DeviceKind, float]] = {}
        self._dirty: set[int] = set()
        self._all = False
        self._read = False
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to look after the members."""
        self._task = asyncio.create_task(self._run(), name="queue members")

    async def stop(self) -> None:
        """Stops looking; members stay as they are, so that queues work while the server is down."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def settle(self) -> None:
        """Waits until nothing is left to look at."""
        await self._idle.wait()

    def touch(self, agent_id: int | None = None, *, read: bool = False) -> None:
        """Says that an agent (None = all) may stand wrongly; ``read`` asks Asterisk for its members first."""
        if agent_id is None:
            self._all = True
        else:
            self._dirty.add(agent_id)
        self._read = self._read or read
        self._idle.clear()
        self._wake.set()

    def device(self, event: DeviceChanged) -> None:
        """A phone came or went."""
        kind = _kind(event.endpoint)
        if kind is None:
            return
        lost = self._lost.setdefault(event.agent_id, {})
        if event.online:
            lost.pop(kind, None)
        else:
            lost[kind] = self._services.clock.epoch()
        self.touch(event.agent_id)

    def member(self, event: MemberChanged) -> None:
        """Asterisk told of a member; only what differs from what is known here is looked at."""
        key = (event.queue_id, event.interface)
        old = self._there.get(key)
        if event.removed:
            new = None
            self._there.pop(key, None)
        else:
            new = rules.Member(event.queue_id, event.agent_id, event.interface, event.paused, event.penalty)
            self._there[key] = new
        if new != old:
            self.touch(event.agent_id)

    def link_down(self) -> None:
        """What was known of Asterisk's members is worth nothing now."""
        self._there.clear()

    async def _run(self) -> None:
        pause, again_at, took = FIRST_PAUSE, None, 0.0
        clock = asyncio.get_running_loop().time
        while True:
            await self._wait(again_at)
            await asyncio.sleep(min(max(SETTLE, SHARE * took), LONGEST_SETTLE))
            self._wake.clear()
            whole, dirty, read = self._all, self._dirty, self._read
            self._all, self._dirty, self._read = False, set(), False
            if not self._services.telephony.up:
                # LinkChanged(up) touches everything anew.
                again_at = None
                self._rest()
                continue
            began = clock()
            try:
                failed, again_at = await self._look(None if whole else dirty, read)
                took = clock() - began
                pause = min(pause * 2, LONGEST_PAUSE) if failed else FIRST_PAUSE
            except Exception:
                log.exception("could not bring the queue members right; trying again in %.1f s", pause)
                failed = {a for a in dirty if not whole}
                self._all, self._read = self._all or whole, self._read or read
                again_at = None
                pause = min(pause * 2, LONGEST_PAUSE)
                self._later(pause, failed)
                continue
            if failed:
                self._later(pause, failed)
            else:
                self._rest()

    async def _wait(self, again_at: float | None) -> None:
        """Until somebody touches, or the grace of a lost phone ends."""
        if again_at is None:
            await self._wake.wait()
            return
        try:
            async with asyncio.timeout(max(0.0, again_at - self._services.clock.epoch())):
                await self._wake.wait()
        except TimeoutError:
            self._all = True

    def _rest(self) -> None:
        if not self._wake.is_set():
            self._idle.set()

    def _later(self, pause: float, failed: set[int]) -> None:
        self._dirty |= failed
        asyncio.get_running_loop().call_later(pause, self._wake.set)

    async def _look(self, agent_ids: set[int] | None, read: bool) -> tuple[set[int], float | None]:
        """One comparison and its commands; the agents where a command failed, and when to look again."""
        if read:
            self._there = {(m.queue_id, m.interface): m for m in members_of(await self._services.telephony.members())}
        if agent_ids is not None:
            # A look at some agents must not forget another one whose grace still runs.
            agent_ids = agent_ids | self._in_grace()
        async with self._services.db.system() as session:
            orders = await queries.orders(session)
        if agent_ids is not None:
            # Where the order counts a look is at the whole queue.
            touched = {q for q, order in orders.items() if not agent_ids.isdisjoint(order)}
            orders = {q: order for q, order in orders.items() if q in touched}
            agent_ids = agent_ids.union(
                *orders.values(), (m.agent_id for m in self._there.values() if m.queue_id in touched)
            )
        wishes = await self._wishes(agent_ids)
        now = self._services.clock.epoch()
        plan = rules.plan(wishes, self._present(agent_ids), now, orders)
        failed: set[int] = set()
        for command in plan.commands:
            try:
                await self._carry_out(command)
            except Unavailable:
                raise
            except ProductError as error:
                log.warning("queue q%s, member %s: %s", command.queue_id, command.interface, error)
                failed.add(command.agent_id)
        return failed, rules.plan(wishes, self._present(agent_ids), now).again_at

    def _present(self, agent_ids: set[int] | None) -> list[rules.Member]:
        return [one for one in self._there.values() if agent_ids is None or one.agent_id in agent_ids]

    def _in_grace(self) -> set[int]:
        """Agents of whom a phone left so lately that their members may still stand."""
        since = self._services.clock.epoch() - rules.LOST_PHONE_GRACE
        self._lost = {a: lost for a, lost in self._lost.items() if any(at >= since for at in lost.values())}
        return set(self._lost)

    async def _carry_out(self, command: rules.Command) -> None:
        telephony = self._services.telephony
        kind = _kind(command.interface.removeprefix("PJSIP/"))
        assert kind is not None
        key = (command.queue_id, command.interface)
        if command.kind == "remove":
            await telephony.remove_member(command.queue_id, command.agent_id, kind)
            self._there.pop(key, None)
            return
        if command.kind == "add":
            await telephony.add_member(
                command.queue_id,
                command.agent_id,
                kind,
                penalty=command.penalty,
                paused=command.paused,
                reason=command.reason,
            )
        elif command.kind == "rank":
            await telephony.gateway.queue_penalty(
                command.interface, command.penalty, queue=queue_name(command.queue_id)
            )
            # Asterisk writes members down for its next start when they are paused, not when they are ranked.
            await telephony.pause_member(
                command.agent_id, kind, command.paused, reason=command.reason, queue_id=command.queue_id
            )
        else:
            await telephony.pause_member(
                command.agent_id, kind, command.paused, reason=command.reason, queue_id=command.queue_id
            )
        self._there[key] = rules.Member(
            command.queue_id, command.agent_id, command.interface, command.paused, command.penalty
        )

    async def _wishes(self, agent_ids: set[int] | None) -> dict[int, rules.Wish]:
        """What active agents (None = all of the installation) want, and their phones that are on line now."""
        async with self._services.db.system() as session:
            people = await agents.all_agents(session, agent_ids)
            serves = await queries.serves(session, agent_ids)
            asks = await self._asks(session)
            levels = await skills.levels(session, {one.skill_id for one in asks.values()}) if asks else {}
            away: set[tuple[int, int]] = set()
            for look in self._services.part(Absences, lambda _: Absences()).looks:
                away |= await look(session, self._services.clock.now())
        wishes = {}
        for agent in people:
            view = self._services.live.agent(agent.business_id, agent.id)
            online = _kinds(view.online) if view is not None else frozenset()
            lost = {k: at for k, at in self._lost.get(agent.id, {}).items() if k not in online}
            resting = self._services.live.resting(agent.id)
            reason = "wrapup" if resting else agent.reason
            wishes[agent.id] = rules.Wish(
                agent.id,
                agent.wanted,
                online,
                rules.ranked(rules.serving(serves.get(agent.id, {}), agent.id, away), asks, levels.get(agent.id, {})),
                reason,
                lost,
                resting,
            )
        return wishes

    async def _asks(self, session: AsyncSession) -> dict[int, Asked]:
        live = self._services.part(Asks, lambda _: Asks()).live
        return await queries.asks(session) if live is None else live

    def tier(self, queue_id: int, agent_id: int) -> int:
        """How long callers of a queue wait until an agent may take them (core.routing.Asked); 0 = not at all."""
        return min(
            (m.penalty for m in self._there.values() if (m.queue_id, m.agent_id) == (queue_id, agent_id)), default=0
        )


def members_of(present: Iterable[MemberNow]) -> Iterable[rules.Member]:
    """Asterisk's members that are agents' phones; others are not ours to touch."""
    for member in present:
        queue = parse_object(member.queue)
        phone = parse_object(member.interface.removeprefix("PJSIP/"))
        if queue and queue.kind == "queue" and phone and phone.kind == "agent":
            yield rules.Member(queue.id, phone.id, member.interface, member.paused, member.penalty)


def _kind(endpoint: str) -> DeviceKind | None:
    found = parse_object(endpoint)
    return found.device if found and found.kind == "agent" else None


def _kinds(names: Iterable[str]) -> frozenset[DeviceKind]:
    known: tuple[DeviceKind, ...] = ("webrtc", "sip")
    return frozenset(kind for kind in known if kind in set(names))
