"""Calls that agents make and pass on, by the rendered dialplan alone: click-to-dial, transfers, recordings."""

from __future__ import annotations

import asyncio

import pytest

from tests.support import audio
from tests.support.line import SALES, SALES_NUMBER, Line
from tests.support.wait import until

CLIENT_HZ, AGENT_HZ, OTHER_HZ = 440, 1000, 1300


async def _click_to_dial(line: Line, number: str) -> None:
    answer = await line.ami(
        Action="Originate", Channel="PJSIP/a11s", Context="dial-1", Exten=number, Priority="1", Async="true"
    )
    assert "Response: Success" in answer


async def test_click_to_dial_calls_the_client_only_after_the_agent_has_answered(line: Line) -> None:
    agent = await line.agent(11, tone=AGENT_HZ)
    carrier = await line.carrier(tone=CLIENT_HZ)
    await _click_to_dial(line, "89167654321")
    ringing = await agent.incoming()
    ringing.ring()
    await asyncio.sleep(0.5)
    assert carrier.ringing.empty()
    ringing.answer()
    outside = await carrier.incoming()
    assert outside.invite
    assert outside.invite.start.startswith("INVITE sip:+79167654321@")
    assert SALES_NUMBER in outside.invite.headers["from"]
    outside.answer()
    await carrier.hears(AGENT_HZ, 0.6)
    await agent.hears(CLIENT_HZ, 0.6)
    ringing.bye()
    await outside.until("ended")
    stem = await line.recording()
    _, (heard,) = audio.read_wave(line.instance.recordings / f"{stem}-client.wav")
    assert audio.seconds_of(heard, CLIENT_HZ) >= 0.5


async def test_click_to_dial_ends_the_agents_leg_when_the_client_is_busy(line: Line) -> None:
    agent = await line.agent(11)
    carrier = await line.carrier()
    await _click_to_dial(line, "+79167654321")
    ringing = await agent.incoming()
    ringing.answer()
    (await carrier.incoming()).reject(486, "Busy Here")
    await ringing.until("ended")


async def test_a_client_passed_to_a_colleague_keeps_talking(line: Line) -> None:
    first = await line.agent(11, tone=AGENT_HZ, queues=[SALES])
    second = await line.agent(12, tone=OTHER_HZ)
    client = await line.client(tone=CLIENT_HZ)
    call = client.call(SALES_NUMBER)
    ringing = await first.incoming()
    ringing.answer()
    await client.hears(AGENT_HZ, 0.5)
    ringing.refer("112")
    taken = await second.incoming()
    assert taken.invite
    # The colleague sees who is passed on, not who passes.
    assert "+79161234567" in taken.invite.headers["from"]
    taken.answer()
    await client.hears(OTHER_HZ, 0.5)
    await second.hears(CLIENT_HZ, 0.5)
    call.bye()
    await taken.until("ended")
    stem = await line.recording()
    _, (heard,) = audio.read_wave(line.instance.recordings / f"{stem}-client.wav")
    assert audio.seconds_of(heard, CLIENT_HZ) >= 1.0
    assert len(list(line.instance.recordings.glob("*.done"))) == 1


async def test_a_client_passed_to_an_outside_number_is_recorded_once(line: Line) -> None:
    agent = await line.agent(11, tone=AGENT_HZ, queues=[SALES])
    carrier = await line.carrier(tone=OTHER_HZ)
    client = await line.client(tone=CLIENT_HZ)
    call = client.call(SALES_NUMBER)
    ringing = await agent.incoming()
    ringing.answer()
    await client.hears(AGENT_HZ, 0.5)
    ringing.refer("89167654321")
    outside = await carrier.incoming()
    assert outside.invite
    assert SALES_NUMBER in outside.invite.headers["from"]
    outside.answer()
    await client.hears(OTHER_HZ, 0.5)
    call.bye()
    await outside.until("ended")
    await line.recording()
    assert len(list(line.instance.recordings.glob("*-client.wav"))) == 1


@pytest.mark.parametrize("number", ["12", "+1", "000"])
async def test_what_is_no_number_is_not_dialled(line: Line, number: str) -> None:
    agent = await line.agent(11)
    carrier = await line.carrier()
    call = agent.call(number)
    await call.until("ended")
    assert call.status == 484
    assert carrier.ringing.empty()


async def test_an_employee_cannot_reach_another_contexts_extensions(line: Line) -> None:
    agent = await line.agent(11)
    for exten in ("s", "h", "default", "no-trunk", "queue-7", "a12s"):
        call = agent.call(exten)
        await call.until("ended")
        assert call.status == 404, exten


async def test_a_call_that_nobody_talked_in_leaves_an_empty_recording(line: Line) -> None:
    agent = await line.agent(11, queues=[SALES])
    client = await line.client()
    call = client.call(SALES_NUMBER)
    (await agent.incoming()).ring()
    call.bye()
    await until(lambda: _quiet(line), what="the call is over")
    stem = await line.recording()
    _, (heard,) = audio.read_wave(line.instance.recordings / f"{stem}-client.wav")
    assert len(heard) == 0


async def _quiet(line: Line) -> bool:
    return "0 active channels" in await line.rx("core show channels count")
