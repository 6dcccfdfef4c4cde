"""Who waits too long, or finds too many before him, is led on: to another queue, to voicemail, outside (INQ-04)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from callcenter.telephony.config import apply
from callcenter.telephony.config.model import Target
from callcenter.telephony.config.render import render
from tests.support import audio
from tests.support.line import SALES, SALES_NUMBER, SUPPORT, Line

LONGEST = 3
PLEASE_HZ, THERE_HZ = 700.0, 1000.0
OUTSIDE = "+79167654321"
Full = Callable[[Target], Awaitable[Line]]


@pytest_asyncio.fixture
async def full(line: Line) -> AsyncIterator[Full]:
    """Gives the sales queue a place for one caller, a longest wait, and a way for others."""
    file = line.instance.sounds / "ru" / "standard-voicemail.ulaw"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(audio.to_ulaw(audio.tone(PLEASE_HZ, 0.6)))
    line.instance.give(file.parent)
    line.instance.give(file)

    async def make(overflow: Target) -> Line:
        numbers = tuple(replace(one, greeting="") if one.e164 == SALES_NUMBER else one for one in line.model.numbers)
        queues = tuple(
            replace(one, max_callers=1, max_wait=LONGEST, overflow=overflow) if one.id == SALES else one
            for one in line.model.queues
        )
        model = replace(line.model, numbers=numbers, queues=queues)
        await apply.reload(line.rx, apply.write(line.instance, render(model)))
        # Somebody is on shift whose telephone is not there: callers wait.
        await line.rx(f"queue add member PJSIP/a13s to q{SALES}")
        return line

    yield make
    file.unlink()
    await apply.reload(line.rx, apply.write(line.instance, render(line.model)))


@pytest.mark.rule("INQ-04")
async def test_too_many_before_him_and_too_long_a_wait_lead_to_another_queue(full: Full) -> None:
    line = await full(Target(kind="queue", id=SUPPORT))
    agent = await line.agent(12, tone=THERE_HZ, queues=[SUPPORT])
    first = await line.client("79160000001")
    began = time.monotonic()
    waiting = first.call(SALES_NUMBER)
    await waiting.until("answered")
    second = await line.client("79160000002")
    calling = second.call(SALES_NUMBER)
    # There is a place for one: the second is led on at once, the first when his time is up.
    leg = await agent.incoming()
    assert time.monotonic() - began < LONGEST - 0.5
    leg.answer()
    await second.hears(THERE_HZ, 0.4)
    calling.bye()
    await leg.until("ended")
    leg = await agent.incoming()
    assert LONGEST - 0.5 < time.monotonic() - began < LONGEST + 4
    leg.answer()
    await first.hears(THERE_HZ, 0.4)


@pytest.mark.rule("INQ-04")
@pytest.mark.parametrize("where", ["voicemail", "external"])
async def test_a_full_queue_leads_to_voicemail_or_to_a_number_outside(full: Full, where: str) -> None:
    goals = {"voicemail": Target(kind="voicemail", id=SALES), "external": Target(kind="external", number=OUTSIDE)}
    line = await full(goals[where])
    carrier = await line.carrier(tone=THERE_HZ)
    waiting = (await line.client("79160000001")).call(SALES_NUMBER)
    await waiting.until("answered")
    second = await line.client("79160000002")
    second.call(SALES_NUMBER)
    if where == "voicemail":
        await second.hears(PLEASE_HZ, 0.3)
        return
    outside = await carrier.incoming()
    assert outside.invite
    assert outside.invite.start.startswith(f"INVITE sip:{OUTSIDE}@")
    outside.answer()
    await second.hears(THERE_HZ, 0.4)
