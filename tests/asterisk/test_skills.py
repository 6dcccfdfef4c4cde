"""Skills that relax as callers wait, on a real Asterisk: who is not able enough is rung later, or never."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callcenter.core.clock import SystemClock
from callcenter.core.routing import Asked, Relaxation
from callcenter.features.queues import rules
from callcenter.features.queues.gateway import MemberSync, members_of
from callcenter.live.service import Live
from callcenter.plugin import Services
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from callcenter.telephony.config.model import Queue
from tests.support import floor as floors
from tests.support.desk import Desk, desk_at
from tests.support.floor import Floor, Heard, number_of
from tests.support.line import BUSINESS

ENGLISH, ASKING, PLAIN, RELAXES = 1, 41, 42, 3
ASKED = Asked(skill_id=ENGLISH, level=4, relax=(Relaxation(after=RELAXES, level=1),))
STRONG, WEAK, UNABLE = 21, 22, 23
LEVELS = {STRONG: 5, WEAK: 1}

QUEUES = (
    Queue(id=ASKING, business_id=BUSINESS, name="English", ring_seconds=5, wrapup_seconds=0, asked=ASKED),
    Queue(
        id=PLAIN, business_id=BUSINESS, name="All", ring_seconds=5, wrapup_seconds=0, strategy="random"
    ),
)  # fmt: skip

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def floor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    """Three telephones that answer at once."""
    async with floors.floor(tmp_path_factory.mktemp("skills"), QUEUES, answers=3) as made:
        yield made


def services_of(floor: Floor, desk: Desk) -> Services:
    settings, clock = floor.line.settings, SystemClock()
    db = Database(create_engine("sqlite+aiosqlite://"))
    return Services(
        settings=settings, db=db, bus=desk.bus, clock=clock, live=Live(desk.bus, clock), telephony=desk.telephony
    )


async def rank(floor: Floor, levels: dict[int, int], *, away: tuple[int, ...] = ()) -> dict[int, int]:
    """Brings the members to what is wanted, as the server does; their penalties in the queue that asks."""
    async with desk_at(floor.line) as desk:
        sync = MemberSync(services_of(floor, desk))
        wishes = {
            agent: rules.Wish(
                agent,
                "ready",
                frozenset({"sip"}),
                {}
                if agent in away
                else rules.ranked(
                    {ASKING: 0, PLAIN: 0}, {ASKING: ASKED}, {ENGLISH: levels[agent]} if agent in levels else {}
                ),
            )
            for agent in floor.agents
        }
        for command in rules.plan(wishes, list(members_of(await desk.telephony.members())), 0.0).commands:
            await sync._carry_out(command)
        there = list(members_of(await desk.telephony.members()))
    return {one.agent_id: one.penalty for one in there if one.queue_id == ASKING}


async def answered(floor: Floor, number: int) -> Heard:
    heard = floor.call(number_of(number))
    async with asyncio.timeout(20):
        await heard.answered.wait()
    return heard


@pytest.mark.rule("INQ-03")
async def test_who_is_not_able_enough_rings_only_when_the_level_has_relaxed(floor: Floor) -> None:
    assert await rank(floor, LEVELS) == {STRONG: 0, WEAK: 1, UNABLE: 99}
    busy = await answered(floor, ASKING)
    assert busy.rung == [STRONG]
    # The one who is able talks: the next caller waits for RELAXES seconds, and then the other one is rung.
    began = time.time()
    waiting = floor.call(number_of(ASKING))
    async with asyncio.timeout(20):
        await waiting.answered.wait()
    assert waiting.rung == [WEAK]
    assert RELAXES - 0.1 < waiting.rung_at[0] - began < RELAXES + 2.5
    # Both talk: who lacks the skill is free, and is never rung.
    third = floor.call(number_of(ASKING))
    await asyncio.sleep(RELAXES + 2)
    assert third.rung == []
    await floor.finish(third)
    for one in (busy, waiting):
        await floor.finish(one)


@pytest.mark.rule("INQ-03")
async def test_a_caller_of_another_queue_is_taken_by_anybody(floor: Floor) -> None:
    await rank(floor, LEVELS)
    talks = [await answered(floor, PLAIN) for _ in range(3)]
    assert {one.agent for one in talks} == {STRONG, WEAK, UNABLE}
    for one in talks:
        await floor.finish(one)


@pytest.mark.rule("INQ-03")
async def test_a_level_counts_at_once_and_over_a_restart_of_asterisk(floor: Floor) -> None:
    await rank(floor, LEVELS)
    assert await rank(floor, {UNABLE: 4, WEAK: 1}) == {STRONG: 99, WEAK: 1, UNABLE: 0}
    kept = await floor.line.rx(f"database get Queue/PersistentMembers q{ASKING}")
    assert f"PJSIP/a{UNABLE}s;0;" in kept, kept
    assert f"PJSIP/a{STRONG}s;99;" in kept, kept
    heard = await answered(floor, ASKING)
    assert heard.rung == [UNABLE]
    await floor.finish(heard)


@pytest.mark.rule("INQ-03")
async def test_who_is_brought_back_into_the_queue_goes_on_waiting(floor: Floor) -> None:
    """A call-back, and a caller whom a supervisor moves to the front, have waited since they came."""
    await rank(floor, LEVELS, away=(STRONG, UNABLE))
    waits: dict[str, float] = {}
    for name, back in (("again", str(ASKING)), ("anew", "")):
        heard = Heard(f"robot.{name}.{time.monotonic_ns()}")
        floor.calls[heard.id] = heard
        floor.send(
            Action="Originate", Channel=f"Local/s@queue-{ASKING}/n", Context="robot", Exten="caller", Priority="1",
            Async="true", ChannelId=heard.id, OtherChannelId=f"{heard.id}.2", Timeout="60000",
            Variable1=f"__WAIT_SINCE={int(time.time()) - 60}", Variable2=f"__WAITS_ON={back}",
        )  # fmt: skip
        async with asyncio.timeout(15):
            await heard.answered.wait()
        waits[name] = heard.rung_at[0] - heard.began
        await floor.finish(heard)
    assert waits["again"] < 1.5
    assert waits["anew"] > RELAXES - 0.1
