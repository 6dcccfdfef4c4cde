"""Clients who are called before an agent is chosen, and agents whose phone stays picked up, on a real Asterisk."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from callcenter.core.calls import Call
from callcenter.core.events import CallEnded, CallUpdated
from callcenter.telephony.intents import new_list_call_id
from callcenter.telephony.nailing import Greeting, Standing
from tests.asterisk.test_journal import differences
from tests.support import audio
from tests.support.desk import Desk, desk_at
from tests.support.line import BUSINESS, TRUNK, Line
from tests.support.telephone import Telephone
from tests.support.wait import until
from tests.traces.phone import Call as PhoneCall

CLIENT = "+79160000002"
CLIENT_HZ, AGENT_HZ, SECOND_HZ, DROPPED_HZ, MESSAGE_HZ = 440.0, 1000.0, 1300.0, 700.0, 1500.0


@pytest_asyncio.fixture
async def prompts(line: Line) -> AsyncIterator[Line]:
    """What a client hears whom nobody can talk to, and what a machine records, are tones."""
    files = []
    for name, hertz in (("test-dropped", DROPPED_HZ), ("test-message", MESSAGE_HZ)):
        file = line.instance.sounds / "ru" / f"{name}.ulaw"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(audio.to_ulaw(audio.tone(hertz, 1.5)))
        line.instance.give(file.parent)
        line.instance.give(file)
        files.append(file)
    yield line
    for file in files:
        file.unlink()


async def stand(desk: Desk, line: Line, agent_id: int = 11) -> tuple[Standing, Telephone, PhoneCall]:
    """An agent whose phone is picked up for good."""
    phone = await line.agent(agent_id, tone=AGENT_HZ)
    standing = await desk.telephony.nailing.standing(agent_id, BUSINESS)
    await desk.telephony.nailing.nail(agent_id, BUSINESS, standing, "List")
    ringing = await phone.incoming()
    ringing.answer()
    await until(lambda: _waits(line, standing.leg_id), what="the leg waits")
    return standing, phone, ringing


async def _waits(line: Line, leg_id: str) -> bool:
    return f"n{leg_id}" in await line.rx("bridge show all") or "holding" in await line.rx("bridge show all")


async def call(desk: Desk, **more: Any) -> str:
    call_id = new_list_call_id(desk.telephony.clock.epoch())
    await desk.telephony.nailing.call(
        call_id=call_id, business_id=BUSINESS, to=CLIENT, number_id=5, trunk_id=TRUNK, record=True,
        dropped="test-dropped", **more,
    )  # fmt: skip
    return call_id


async def person(desk: Desk, call_id: str) -> Call:
    """Somebody has answered who is taken for a person."""
    return (await desk.until(CallUpdated, lambda e: e.call.id == call_id and e.what == "person")).call


async def over(desk: Desk, call_id: str) -> Call:
    return (await desk.until(CallEnded, lambda e: e.call.id == call_id)).call


async def test_one_client_after_another_hears_the_agent_whose_phone_stays_picked_up(prompts: Line) -> None:
    async with desk_at(prompts) as desk:
        carrier = await prompts.carrier(tone=CLIENT_HZ)
        standing, agent, leg = await stand(desk, prompts)
        seen: list[str] = []
        for _ in range(3):
            call_id = await call(desk)
            outside = await carrier.incoming()
            outside.answer()
            await person(desk, call_id)
            await desk.telephony.nailing.join(call_id, BUSINESS, standing)
            await asyncio.gather(carrier.hears(AGENT_HZ, 0.3), agent.hears(CLIENT_HZ, 0.3))
            outside.bye()
            ended = await over(desk, call_id)
            seen.append(ended.id)
            assert (ended.direction, ended.result, ended.agent_id, ended.agents) == ("out", "answered", 11, (11,))
            assert (ended.to_number, ended.number_id, ended.hangup_by) == (CLIENT, 5, "client")
            assert ended.talk_seconds > 0.2
            assert [one.agent_id for one in ended.legs] == [None, 11]
            assert ended.recording == call_id
            # A server that was away learns the same.
            assert differences(ended, await desk.told(call_id), within=0.5) == []
            await agent.hears_nothing(0.5)
            assert not leg.states["ended"].is_set()
        assert len({one.call.id for one in desk.of(CallUpdated)}) == 3
        assert {one.call.id for one in desk.of(CallEnded)} == set(seen)


async def test_the_agents_voice_is_there_at_once(prompts: Line) -> None:
    async with desk_at(prompts) as desk:
        carrier = await prompts.carrier(tone=CLIENT_HZ)
        standing, _agent, _ = await stand(desk, prompts)
        took: list[float] = []

        async def give() -> None:
            while True:
                mark = len(desk.events)
                found = await desk.until(CallUpdated, lambda e: e.what == "person", since=mark, timeout=60)
                await desk.telephony.nailing.join(found.call.id, BUSINESS, standing)

        giving = asyncio.create_task(give())
        try:
            for _ in range(7):
                call_id = await call(desk)
                outside = await carrier.incoming()
                carrier.forget()
                loop = asyncio.get_running_loop()
                began = loop.time()
                outside.answer()
                async with asyncio.timeout(5):
                    while audio.loudness(carrier.listen()[-160:]) < 100:  # noqa: ASYNC110 - sound has no event
                        await asyncio.sleep(0.002)
                took.append(loop.time() - began)
                outside.bye()
                await over(desk, call_id)
        finally:
            giving.cancel()
        print("answer to voice, ms:", [round(1000 * one) for one in took])
        assert statistics.median(took) <= 0.1, took


async def test_who_meets_no_agent_is_told_who_called(prompts: Line) -> None:
    async with desk_at(prompts) as desk:
        carrier = await prompts.carrier()
        call_id = await call(desk, wait=1.0)
        outside = await carrier.incoming()
        outside.answer()
        told = await person(desk, call_id)
        dropped = await desk.until(CallUpdated, lambda e: e.call.id == call_id and e.what == "dropped")
        assert 0.9 < dropped.at - told.steps[-1].at < 1.6
        await carrier.hears(DROPPED_HZ, 1.0)
        await outside.until("ended")
        ended = await over(desk, call_id)
        assert (ended.result, ended.agents) == ("cancelled", ())
        assert differences(ended, await desk.told(call_id), within=0.5) == []


async def test_a_machine_gets_the_message_after_its_words(prompts: Line) -> None:
    async with desk_at(prompts) as desk:
        carrier = await prompts.carrier()
        # It speaks on and on, which no person does; then it is silent.
        carrier.say(600.0)
        call_id = await call(desk, greeting=Greeting(), message="test-message")
        outside = await carrier.incoming()
        outside.answer()
        machine = await desk.until(CallUpdated, lambda e: e.call.id == call_id and e.what == "machine")
        assert machine.call.agents == ()
        carrier.say(0.0)
        await carrier.hears(MESSAGE_HZ, 1.0)
        await outside.until("ended")
        ended = await over(desk, call_id)
        assert [one.kind for one in ended.steps if one.kind in ("person", "machine", "left")] == ["machine", "left"]


async def test_a_short_hello_is_a_person(prompts: Line) -> None:
    async with desk_at(prompts) as desk:
        carrier = await prompts.carrier()
        call_id = await call(desk, greeting=Greeting())
        outside = await carrier.incoming()
        outside.answer()
        await asyncio.sleep(0.5)
        carrier.say(600.0)
        await asyncio.sleep(0.6)
        carrier.say(0.0)
        found = await person(desk, call_id)
        assert found.steps[-1].text == "HUMAN"
        outside.bye()
        await over(desk, call_id)


async def _talk(desk: Desk, line: Line, carrier: Telephone) -> tuple[str, Telephone, PhoneCall, PhoneCall]:
    """A client who talks with agent 11 over his standing leg."""
    standing, agent, leg = await stand(desk, line)
    call_id = await call(desk)
    outside = await carrier.incoming()
    outside.answer()
    await person(desk, call_id)
    await desk.telephony.nailing.join(call_id, BUSINESS, standing)
    await asyncio.gather(carrier.hears(AGENT_HZ, 0.3), agent.hears(CLIENT_HZ, 0.3))
    return call_id, agent, leg, outside


async def test_hold_consultation_and_transfer_leave_the_standing_leg_where_it_is(prompts: Line) -> None:
    async with desk_at(prompts) as desk:
        carrier = await prompts.carrier(tone=CLIENT_HZ)
        second = await prompts.agent(12, tone=SECOND_HZ)
        call_id, agent, leg, outside = await _talk(desk, prompts, carrier)
        talks = desk.telephony.talks
        await talks.hold(call_id, 11, True)
        await carrier.hears_sound(0.5, but=AGENT_HZ)
        await agent.hears_nothing(0.5)
        await talks.hold(call_id, 11, False)
        await asyncio.gather(carrier.hears(AGENT_HZ, 0.3), agent.hears(CLIENT_HZ, 0.3))
        # He asks a colleague, and comes back.
        await talks.consult(call_id, 11, "a12")
        asked = await second.incoming()
        asked.answer()
        await asyncio.gather(agent.hears(SECOND_HZ, 0.3), second.hears(AGENT_HZ, 0.3))
        await talks.back(call_id, 11)
        await asyncio.gather(carrier.hears(AGENT_HZ, 0.3), agent.hears(CLIENT_HZ, 0.3))
        # He gives the client away: the talk goes on there, and his phone waits in silence for the next one.
        await desk.telephony.transfer(call_id, 11, "a12")
        taken = await second.incoming()
        taken.answer()
        await asyncio.gather(carrier.hears(SECOND_HZ, 0.3), second.hears(CLIENT_HZ, 0.3))
        await agent.hears_nothing(0.5)
        outside.bye()
        ended = await over(desk, call_id)
        assert (ended.result, ended.agents, ended.agent_id) == ("answered", (11, 12), 12)
        assert not leg.states["ended"].is_set()
        assert differences(ended, await desk.told(call_id), within=0.5) == []


async def test_a_server_that_comes_back_finds_leg_and_talk(prompts: Line) -> None:
    async with desk_at(prompts) as desk:
        carrier = await prompts.carrier(tone=CLIENT_HZ)
        call_id, agent, leg, outside = await _talk(desk, prompts, carrier)
        (leg_id,) = desk.telephony.nailing.all()
        async with desk_at(prompts) as other:
            # Read from Asterisk's channels: the leg is known, and the talk is one with its agent.
            assert other.telephony.nailing.all() == {leg_id}
            assert other.telephony.nailing.up(leg_id)
            found = await other.state("talking")
            assert (found.id, found.agent_id, [one.agent_id for one in found.legs]) == (call_id, 11, [None, 11])
            outside.bye()
            assert (await over(other, call_id)).result == "answered"
            assert len({one.call.id for one in other.of(CallUpdated)}) == 1
            # The next client is given by the server that has just come.
            again = await call(other)
            next_one = await carrier.incoming()
            next_one.answer()
            await person(other, again)
            await other.telephony.nailing.join(again, BUSINESS, Standing(leg_id=leg_id, endpoint="a11s"))
            await asyncio.gather(carrier.hears(AGENT_HZ, 0.3), agent.hears(CLIENT_HZ, 0.3))
            next_one.bye()
            await over(other, again)
            assert not leg.states["ended"].is_set()


async def test_an_agent_whose_leg_is_gone_gives_way_to_another(prompts: Line) -> None:
    async with desk_at(prompts) as desk:
        carrier = await prompts.carrier(tone=CLIENT_HZ)
        gone, _, leg = await stand(desk, prompts)
        there, second, _ = await stand(desk, prompts, 12)
        leg.bye()
        await until(lambda: asyncio.sleep(0, not desk.telephony.nailing.there(gone.leg_id)), what="the leg is gone")
        call_id = await call(desk)
        outside = await carrier.incoming()
        outside.answer()
        await person(desk, call_id)
        mark = len(desk.events)
        await desk.telephony.nailing.join(call_id, BUSINESS, gone)
        # The client is not lost: it is told again that he waits.
        await desk.until(CallUpdated, lambda e: e.call.id == call_id and e.what == "person", since=mark)
        await desk.telephony.nailing.join(call_id, BUSINESS, there)
        await asyncio.gather(carrier.hears(AGENT_HZ, 0.3), second.hears(CLIENT_HZ, 0.3))
        outside.bye()
        assert (await over(desk, call_id)).agents == (12,)
