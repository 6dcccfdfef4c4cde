"""Two phones that are picked up in the same moment: one talks, the other is let go, the log shows one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callcenter.core.events import CallEnded
from tests.support.desk import desk_at
from tests.support.line import SALES, SALES_NUMBER, Line

pytestmark = pytest.mark.fault
ROUNDS = 5


@pytest_asyncio.fixture
async def ring_all(line: Line) -> AsyncIterator[Line]:
    """The sales queue rings everybody at once: the one way in which two people can answer the same caller."""
    file = line.instance.etc / "queues.conf"
    before = file.read_text()
    file.write_text(before.replace("strategy = leastrecent", "strategy = ringall"))
    await line.rx("queue reload all")
    yield line
    file.write_text(before)
    await line.rx("queue reload all")


async def test_two_agents_answer_in_the_same_moment(ring_all: Line) -> None:
    agents = [await ring_all.agent(number, queues=[SALES]) for number in (11, 12)]
    client = await ring_all.client()
    async with desk_at(ring_all) as desk:
        for _ in range(ROUNDS):
            since = len(desk.events)
            calling = client.call(SALES_NUMBER)
            ringing = await asyncio.gather(*(agent.incoming() for agent in agents))
            for leg in ringing:
                leg.ring()
            for leg in ringing:
                leg.answer()
            done, waiting = await asyncio.wait(
                [asyncio.create_task(leg.until("ended", 10.0)) for leg in ringing],
                return_when=asyncio.FIRST_COMPLETED,
            )
            assert len(done) == 1, "only one of the two is let go"
            await calling.until("answered")
            calling.bye()
            await asyncio.gather(*waiting)
            ended = await desk.until(CallEnded, since=since)
            call = ended.call
            assert (call.result, len(call.agents), sorted(call.rung)) == ("answered", 1, [11, 12])
            assert len([event for event in desk.events[since:] if isinstance(event, CallEnded)]) == 1
