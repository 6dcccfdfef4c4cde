"""Call-back in place of waiting, on a real Asterisk (INQ-02)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from callcenter.core.events import CallEnded, CallUpdated
from callcenter.telephony.config import apply
from callcenter.telephony.config.render import render
from callcenter.telephony.intents import new_callback_id
from tests.asterisk.test_journal import differences
from tests.support import audio
from tests.support.desk import Desk, desk_at
from tests.support.line import BUSINESS, SALES, SALES_NUMBER, TRUNK, Line

CLIENT = "+79160000002"
TAKEN_HZ, HELLO_HZ, CLIENT_HZ, AGENT_HZ = 700.0, 1500.0, 440.0, 1000.0


@pytest_asyncio.fixture
async def offered(line: Line) -> AsyncIterator[Line]:
    """The sales queue offers a call-back by the key 1; what callers are told are tones."""
    numbers = tuple(replace(one, greeting="") if one.e164 == SALES_NUMBER else one for one in line.model.numbers)
    queues = tuple(replace(one, callback_key="1") if one.id == SALES else one for one in line.model.queues)
    files = []
    for name, hertz in (("standard-callback-confirm", TAKEN_HZ), ("callback-hello", HELLO_HZ)):
        file = line.instance.sounds / "ru" / f"{name}.ulaw"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(audio.to_ulaw(audio.tone(hertz, 0.8)))
        line.instance.give(file.parent)
        line.instance.give(file)
        files.append(file)
    await apply.reload(line.rx, apply.write(line.instance, render(replace(line.model, numbers=numbers, queues=queues))))
    yield line
    for file in files:
        file.unlink()
    await apply.reload(line.rx, apply.write(line.instance, render(line.model)))


async def call_back(desk: Desk) -> str:
    call_id = new_callback_id(desk.telephony.clock.epoch())
    await desk.telephony.call_back(
        call_id=call_id,
        business_id=BUSINESS,
        queue_id=SALES,
        to=CLIENT,
        number_id=5,
        trunk_id=TRUNK,
        record=True,
        since=desk.telephony.clock.epoch(),
        timeout=4.0,
    )
    return call_id


@pytest.mark.rule("INQ-02")
async def test_a_key_takes_the_caller_out_of_the_queue(offered: Line) -> None:
    async with desk_at(offered) as desk:
        client = await offered.client()
        calling = client.call(SALES_NUMBER)
        await desk.state("queued")
        await asyncio.sleep(1.0)
        client.press("1")
        await client.hears(TAKEN_HZ, 0.4)
        await calling.until("ended", 10)
        told = await desk.until(CallUpdated, lambda e: e.what == "callback")
        assert (told.call.client_number, told.call.queue_id) == ("+79161234567", SALES)
        assert told.call.queued_at is not None
        call = (await desk.until(CallEnded)).call
        assert (call.result, call.queued_at) == ("missed", told.call.queued_at)
        assert [step.text for step in call.steps if step.kind == "callback"] == [str(SALES)]
        # A server that was away learns of it from the journal.
        assert differences(call, await desk.told(call.id), within=0.5) == []


@pytest.mark.rule("INQ-02")
async def test_who_is_called_back_comes_before_those_who_wait(offered: Line) -> None:
    async with desk_at(offered) as desk:
        carrier = await offered.carrier(tone=CLIENT_HZ)
        waiting = await offered.client()
        waiting.call(SALES_NUMBER)
        await desk.state("queued")
        call_id = await call_back(desk)
        outside = await carrier.incoming()
        outside.answer()
        await carrier.hears(HELLO_HZ, 0.3)
        await desk.until(CallUpdated, lambda e: e.call.id == call_id and e.call.state == "queued")
        agent = await offered.agent(11, tone=AGENT_HZ, queues=[SALES])
        (await agent.incoming()).answer()
        await agent.hears(CLIENT_HZ)
        await carrier.hears(AGENT_HZ)
        outside.bye()
        call = (await desk.until(CallEnded, lambda e: e.call.id == call_id)).call
        assert (call.direction, call.result, call.agent_id, call.queue_id) == ("out", "answered", 11, SALES)
        assert (call.to_number, call.number_id, call.recording) == (CLIENT, 5, call_id)
        assert differences(call, await desk.told(call_id), within=0.5) == []


@pytest.mark.rule("INQ-02")
@pytest.mark.parametrize("how", ["no_answer", "busy"])
async def test_who_does_not_answer_is_known_to_be_called_again(offered: Line, how: str) -> None:
    async with desk_at(offered) as desk:
        carrier = await offered.carrier()
        call_id = await call_back(desk)
        outside = await carrier.incoming()
        if how == "busy":
            outside.reject()
        else:
            outside.ring()
        call = (await desk.until(CallEnded, lambda e: e.call.id == call_id)).call
        assert (call.direction, call.result, call.to_number) == ("out", how, CLIENT)
        told = await desk.told(call_id)
        assert (told.direction, told.result, told.to_number) == ("out", how, CLIENT)
