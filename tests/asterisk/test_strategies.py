"""Who is rung, on a real Asterisk with several telephones: by chance, longest idle, in order; and for how long."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from callcenter.core.clock import SystemClock
from callcenter.features.dialplan import gateway as remaking
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

RANDOM, IDLE, IDLE_TOO, ORDER, SHORT, LONG, LATER, REST, REST_TOO = range(31, 40)
ANSWER = (21, 22, 23, 24)
RING = (25, 26, 27, 28)
SECOND = 1.05
"""Asterisk knows the end of a talk to the second."""


def queue(one: int, strategy: str, ring: int = 5, wrapup: int = 0) -> Queue:
    return Queue(id=one, business_id=BUSINESS, name="Q", strategy=strategy, ring_seconds=ring, wrapup_seconds=wrapup)


QUEUES = (
    queue(RANDOM, "random"),
    queue(IDLE, "leastrecent"),
    queue(IDLE_TOO, "leastrecent"),
    queue(ORDER, "linear", ring=1),
    queue(SHORT, "linear", ring=2),
    queue(LONG, "linear", ring=5),
    queue(LATER, "leastrecent", ring=1),
    queue(REST, "leastrecent", wrapup=2),
    queue(REST_TOO, "leastrecent", wrapup=2),
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def floor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    """Four telephones that answer at once and four that only ring."""
    async with floors.floor(tmp_path_factory.mktemp("floor"), QUEUES, answers=len(ANSWER), rings=len(RING)) as made:
        yield made


async def taken(floor: Floor, one: int) -> int:
    """A whole call to a queue; who took it."""
    heard = floor.call(number_of(one))
    async with asyncio.timeout(15):
        await heard.answered.wait()
    await floor.finish(heard)
    assert heard.agent is not None
    return heard.agent


@pytest.mark.rule("INB-04")
async def test_random_rings_anybody(floor: Floor) -> None:
    await floor.members(RANDOM, ANSWER)
    took = [await taken(floor, RANDOM) for _ in range(24)]
    await floor.leave(RANDOM, ANSWER)
    assert len(set(took)) >= 3, took
    # In a fixed order, in turn or by longest idle four calls would come to four people, again and again, or to one.
    windows = [set(took[n : n + 4]) for n in range(len(took) - 3)]
    assert any(1 < len(window) < 4 for window in windows), took


@pytest.mark.rule("INB-05")
@pytest.mark.rule("INQ-10")
async def test_the_longest_idle_is_rung_first_whatever_queue_he_talked_in(floor: Floor) -> None:
    await floor.members(IDLE, ANSWER)
    await floor.members(IDLE_TOO, ANSWER[::-1])
    took = []
    for one in itertools.islice(itertools.cycle((IDLE, IDLE, IDLE_TOO)), 16):
        took.append(await taken(floor, one))
        await asyncio.sleep(SECOND)
    for one in (IDLE, IDLE_TOO):
        await floor.leave(one, ANSWER)
    assert set(took[:4]) == set(ANSWER), took
    # From then on whoever is rung has not talked during the last three calls.
    assert took[4:] == took[:-4], took


@pytest.mark.rule("INQ-10")
async def test_the_wrap_up_of_one_queue_keeps_the_other_from_ringing(floor: Floor) -> None:
    for one in (REST, REST_TOO):
        await floor.members(one, ANSWER[:1])
    await taken(floor, REST)
    heard = floor.call(number_of(REST_TOO))
    await floor.rung(heard, 1)
    for one in (REST, REST_TOO):
        await floor.leave(one, ANSWER[:1])
    await floor.finish(heard)
    # Asterisk sees whole seconds: of two at least one is left.
    assert heard.rung_at[0] - heard.began > 0.9


async def rings(floor: Floor, one: int, count: int) -> tuple[list[int], Heard]:
    heard = floor.call(number_of(one))
    found = list(await floor.rung(heard, count))
    await floor.finish(heard)
    return found[:count], heard


@pytest.mark.rule("INB-06")
async def test_the_fixed_order_begins_at_the_top_for_every_caller(floor: Floor) -> None:
    order = [27, 25, 28, 26]
    await floor.members(ORDER, order)
    for _ in range(2):
        assert (await rings(floor, ORDER, 5))[0] == [*order, 27]
    await floor.leave(ORDER, order)


@pytest.mark.rule("INB-08")
@pytest.mark.parametrize(("one", "seconds"), [(SHORT, 2), (LONG, 5)])
async def test_the_next_is_rung_after_the_chosen_time(floor: Floor, one: int, seconds: int) -> None:
    await floor.members(one, RING[:2])
    found, heard = await rings(floor, one, 2)
    await floor.leave(one, RING[:2])
    assert found == list(RING[:2])
    # Asterisk pauses for a second before the next attempt.
    assert seconds - 0.1 <= heard.rung_at[1] - heard.rung_at[0] <= seconds + 2.0


def services_of(floor: Floor, desk: Desk) -> Services:
    """Just what is asked for here: settings, the telephony and a clock."""
    clock = SystemClock()
    return Services(
        settings=floor.line.settings,
        db=Database(create_engine("sqlite+aiosqlite://")),
        bus=desk.bus,
        clock=clock,
        live=Live(desk.bus, clock),
        telephony=desk.telephony,
    )


@pytest.mark.rule("INB-06")
async def test_who_comes_on_line_later_stands_in_his_place(floor: Floor) -> None:
    order, wishes = [26, 28, 25, 27], {}
    async with desk_at(floor.line) as desk:
        sync = MemberSync(services_of(floor, desk))

        async def come(agent: int) -> None:
            wishes[agent] = rules.Wish(agent, "ready", frozenset({"sip"}), {ORDER: 0})
            present = [m for m in members_of(await desk.telephony.members()) if m.queue_id == ORDER]
            for command in rules.plan(wishes, present, 0.0, {ORDER: order}).commands:
                await sync._carry_out(command)

        for agent in (28, 27, 26, 25):
            await come(agent)
    assert (await rings(floor, ORDER, 5))[0] == [*order, 26]
    await floor.leave(ORDER, order)


@pytest.mark.rule("INB-06")
async def test_a_queue_can_be_given_a_fixed_order_while_it_works(floor: Floor) -> None:
    """Asterisk says that this needs a restart: its container of members would not keep the order."""
    order = [26, 28, 25, 27]
    await floor.members(LATER, order)
    waiting = floor.call(number_of(LATER))
    await floor.rung(waiting, 1)
    model = floor.line.model
    changed = replace(
        model, queues=tuple(replace(one, strategy="linear") if one.id == LATER else one for one in model.queues)
    )
    floors.write(floor.line, changed)
    async with desk_at(floor.line) as desk:
        services = services_of(floor, desk)
        await remaking.reload_queues(services)
        # Nothing is to be made anew a second time.
        await remaking.reload_queues(services)
        there = [m.interface for m in await desk.telephony.members() if m.queue == f"q{LATER}"]
    assert sorted(there) == sorted(f"PJSIP/a{agent}s" for agent in order)
    before = len(waiting.rung)
    await floor.rung(waiting, before + 1)
    await floor.finish(waiting)
    await floor.leave(LATER, order)
    await floor.members(LATER, order)
    assert (await rings(floor, LATER, 5))[0] == [*order, 26]
    await floor.leave(LATER, order)
