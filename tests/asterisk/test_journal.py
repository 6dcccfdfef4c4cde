"""What the journal tells of a real call is what the live tracker told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from callcenter.core.calls import Call
from callcenter.core.events import CallEnded, CallUpdated
from tests.support.desk import Desk, desk_at, queue_call
from tests.support.line import BUSINESS, PERSONAL_NUMBER, SALES, SALES_NUMBER, SUPPORT_NUMBER, Line

TIMES = (
    "started_at",
    "queued_at",
    "left_queue_at",
    "answered_at",
    "ended_at",
    "wait_seconds",
    "talk_seconds",
    "hold_seconds",
)
FACTS = (
    "business_id",
    "direction",
    "state",
    "from_number",
    "from_name",
    "to_number",
    "number_id",
    "trunk_id",
    "queue_id",
    "agent_id",
    "agents",
    "rung",
    "result",
    "cause",
    "hangup_by",
    "click_to_dial",
    "recording",
)
CLIENT = "+79160000002"


def differences(live: Call, told: Call, within: float = 0.1) -> list[str]:
    """Where two pictures of one ended call differ; moments may differ by ``within`` seconds."""
    found = [f"{n}: {getattr(live, n)!r}, {getattr(told, n)!r}" for n in FACTS if getattr(live, n) != getattr(told, n)]
    for name in TIMES:
        one, two = getattr(live, name), getattr(told, name)
        if one != two and (one is None or two is None or abs(one - two) > within):
            found.append(f"{name}: {one}, {two}")
    story = [(step.kind, step.agent_id, step.queue_id, step.text) for step in live.steps]
    if story != [(step.kind, step.agent_id, step.queue_id, step.text) for step in told.steps]:
        found.append(f"steps: {live.steps}, {told.steps}")
    legs = [(leg.id, leg.role, leg.agent_id, leg.address, leg.cause, leg.answered_at is None) for leg in live.legs]
    if legs != [(leg.id, leg.role, leg.agent_id, leg.address, leg.cause, leg.answered_at is None) for leg in told.legs]:
        found.append(f"legs: {live.legs}, {told.legs}")
    return found


async def in_queue_with_hold(line: Line, desk: Desk) -> None:
    _, ringing = await queue_call(line)
    await desk.state("talking")
    await asyncio.sleep(0.3)
    await ringing.hold()
    await desk.state("held")
    await asyncio.sleep(0.5)
    await ringing.hold(False)
    await asyncio.sleep(0.5)
    ringing.bye()


async def left_the_queue(line: Line, desk: Desk) -> None:
    calling = (await line.client()).call(SALES_NUMBER, name='Иван \\"Грозный\\"')
    await desk.state("queued")
    await asyncio.sleep(0.5)
    calling.bye()


async def nobody_took_it(line: Line, desk: Desk) -> None:
    calling = (await line.client()).call(SUPPORT_NUMBER)
    await calling.until("ended", 25)


async def a_key_in_the_menu(line: Line, desk: Desk) -> None:
    agent, client = await line.agent(12, queues=[SALES]), await line.client()
    calling = client.call(SUPPORT_NUMBER)
    await desk.state("menu")
    await asyncio.sleep(0.3)
    client.press("1")
    ringing = await agent.incoming()
    ringing.ring()
    await asyncio.sleep(0.3)
    ringing.answer()
    await desk.state("talking")
    calling.bye()


async def a_number_nobody_has(line: Line, desk: Desk) -> None:
    calling = (await line.client()).call("+74959999999")
    await calling.until("ended")


async def to_a_personal_number(line: Line, desk: Desk) -> None:
    agent, client = await line.agent(11), await line.client()
    client.call(PERSONAL_NUMBER)
    (await agent.incoming()).reject()


async def an_agent_calls_out(line: Line, desk: Desk) -> None:
    agent, carrier = await line.agent(11), await line.carrier()
    calling = agent.call("89160000002")
    outside = await carrier.incoming()
    outside.ring()
    await asyncio.sleep(0.3)
    outside.answer()
    await desk.state("talking")
    calling.bye()


async def busy_outside(line: Line, desk: Desk) -> None:
    agent, carrier = await line.agent(11), await line.carrier()
    agent.call("89160000002")
    (await carrier.incoming()).reject()


async def click_to_dial(line: Line, desk: Desk) -> None:
    agent, carrier = await line.agent(11), await line.carrier()
    await desk.telephony.dial(agent_id=11, to=CLIENT, business_id=BUSINESS, number_id=5)
    (await agent.incoming()).answer()
    outside = await carrier.incoming()
    outside.answer()
    await desk.state("talking")
    outside.bye()


async def click_to_a_colleague(line: Line, desk: Desk) -> None:
    agent, other = await line.agent(11), await line.agent(12)
    await desk.telephony.dial(agent_id=11, to="112", business_id=BUSINESS, number_id=5)
    (await agent.incoming()).answer()
    ringing = await other.incoming()
    ringing.ring()
    await asyncio.sleep(0.3)
    ringing.answer()
    await desk.state("talking")
    ringing.bye()


async def click_to_dial_in_vain(line: Line, desk: Desk) -> None:
    agent = await line.agent(11)
    await desk.telephony.dial(agent_id=11, to=CLIENT, business_id=BUSINESS, number_id=5, timeout=1)
    (await agent.incoming()).ring()


async def a_blind_transfer(line: Line, desk: Desk) -> None:
    other = await line.agent(12)
    calling, ringing = await queue_call(line)
    await asyncio.sleep(0.3)
    ringing.refer("112")
    second = await other.incoming()
    second.ring()
    await asyncio.sleep(0.3)
    second.answer()
    await desk.until(CallUpdated, lambda e: e.call.state == "talking" and 12 in e.call.agents)
    await asyncio.sleep(0.3)
    calling.bye()


async def a_colleague(line: Line, desk: Desk) -> None:
    agent, other = await line.agent(11), await line.agent(12)
    calling = agent.call("112")
    ringing = await other.incoming()
    ringing.ring()
    await asyncio.sleep(0.3)
    ringing.answer()
    await desk.state("talking")
    calling.bye()


@pytest.mark.parametrize(
    "happens",
    [
        in_queue_with_hold,
        left_the_queue,
        nobody_took_it,
        a_key_in_the_menu,
        a_number_nobody_has,
        to_a_personal_number,
        an_agent_calls_out,
        busy_outside,
        click_to_dial,
        click_to_a_colleague,
        click_to_dial_in_vain,
        a_blind_transfer,
        a_colleague,
    ],
)
async def test_the_journal_equals_the_live_picture(
    line: Line, happens: Callable[[Line, Desk], Awaitable[None]]
) -> None:
    async with desk_at(line) as desk:
        await happens(line, desk)
        live = (await desk.until(CallEnded, timeout=30)).call
        assert live.result
        assert live.ended_at
        assert differences(live, await desk.told(live.id)) == []
