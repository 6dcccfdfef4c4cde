"""Calls out on a real Asterisk: who may make them, by which number, what is seen there, whose are recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from callcenter.core.bus import Bus
from callcenter.core.clock import SystemClock
from callcenter.core.directory import AgentRef, BusinessRef, Directory, NumberRef, TrunkRef
from callcenter.core.events import CallUpdated, SpyChanged
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import Agent, Model, Number
from callcenter.telephony.config.render import render
from callcenter.telephony.service import Account, Telephony
from tests.support import audio
from tests.support.line import BUSINESS, SALES_NUMBER, SUPPORT_NUMBER, TRUNK, Line
from tests.support.telephone import Telephone
from tests.support.wait import until
from tests.traces.phone import Call

CLIENT_HZ, AGENT_HZ, REFUSED_HZ = 440, 1000, 700
OUTSIDE, OWN, COMMON = "89167654321", "+79161112233", "+79164445566"


@pytest_asyncio.fixture
async def told(line: Line) -> AsyncIterator[Model]:
    """What Asterisk was told before; it is told so again afterwards."""
    yield line.model
    await tell(line, line.model)


async def tell(line: Line, model: Model) -> None:
    """Has Asterisk read another model."""
    await apply.reload(line.rx, apply.write(line.instance, render(model)))


def with_agent(model: Model, agent_id: int, **changes: object) -> Model:
    agents: list[Agent] = [replace(a, **changes) if a.id == agent_id else a for a in model.agents]  # type: ignore[arg-type]
    return replace(model, agents=tuple(agents))


def with_number(model: Model, e164: str, **changes: object) -> Model:
    numbers: list[Number] = [replace(n, **changes) if n.e164 == e164 else n for n in model.numbers]  # type: ignore[arg-type]
    return replace(model, numbers=tuple(numbers))


async def calls(carrier: Telephone, agent: Telephone, to: str = OUTSIDE) -> tuple[Call, Call, str]:
    """A call that came out: both ends, and whose it seems to be."""
    call = agent.call(to)
    outside = await carrier.incoming()
    assert outside.invite is not None
    return call, outside, outside.invite.headers["from"]


async def finish(call: Call, outside: Call) -> None:
    """It is answered and ended, so that nothing of it is left."""
    outside.answer()
    await call.until("answered")
    call.bye()
    await outside.until("ended")


async def refused(line: Line, carrier: Telephone, agent: Telephone, prompt: str) -> None:
    """The call is not made, and the agent hears why."""
    file = line.instance.sounds / f"{prompt}.ulaw"
    file.write_bytes(audio.to_ulaw(audio.tone(REFUSED_HZ, 1.5)))
    line.instance.give(file)
    agent.forget()
    call = agent.call(OUTSIDE)
    await agent.hears(REFUSED_HZ, 0.6)
    await call.until("ended")
    assert call.status >= 400
    assert carrier.ringing.empty()


@pytest.mark.rule("TEL-28", "TEL-31")
async def test_a_phone_calls_out_only_with_a_confirmed_number_and_shows_it(line: Line, told: Model) -> None:
    carrier, agent = await line.carrier(), await line.agent(11)
    # No colleague has the short number 112 here.
    await tell(line, with_agent(with_agent(told, 12, short_number="212"), 11, barred=True))
    await refused(line, carrier, agent, "outgoing-unconfirmed")
    # Help is called all the same.
    call, outside, _ = await calls(carrier, agent, "112")
    await finish(call, outside)
    await tell(line, with_agent(told, 11, shown=OWN))
    call, outside, seen = await calls(carrier, agent)
    assert OWN in seen
    await finish(call, outside)
    # Colleagues show their own line, and what no agent makes the company's number.
    other = await line.agent(12)
    call, outside, seen = await calls(carrier, other)
    assert SALES_NUMBER in seen
    await finish(call, outside)
    business = replace(told.businesses[0], shown=COMMON)
    await tell(line, replace(told, businesses=(business,)))
    call, outside, seen = await calls(carrier, other)
    assert COMMON in seen
    await finish(call, outside)


@pytest.mark.rule("TEL-62")
async def test_a_phone_calls_by_numbers_that_are_open_to_it(line: Line, told: Model) -> None:
    carrier, agent, other = await line.carrier(), await line.agent(11), await line.agent(12)

    async def seen_of(phone: Telephone) -> str:
        call, outside, seen = await calls(carrier, phone)
        await finish(call, outside)
        return next(number for number in (SALES_NUMBER, SUPPORT_NUMBER) if number in seen)

    await tell(line, with_number(told, SALES_NUMBER, callers=frozenset({12})))
    assert [await seen_of(agent), await seen_of(other)] == [SUPPORT_NUMBER, SALES_NUMBER]
    await tell(line, with_number(told, SALES_NUMBER, outgoing=False))
    assert await seen_of(other) == SUPPORT_NUMBER
    closed = told
    for number in told.numbers:
        closed = with_number(closed, number.e164, callers=frozenset({12}))
    await tell(line, closed)
    await refused(line, carrier, agent, "outgoing-no-number")
    assert await seen_of(other) == SALES_NUMBER


@pytest.mark.rule("OUT-40")
async def test_a_phone_of_who_has_no_right_calls_nobody_outside(line: Line, told: Model) -> None:
    carrier, agent, other = await line.carrier(), await line.agent(11), await line.agent(12)
    agents = tuple(replace(one, calls_out=one.id != 11) for one in told.agents)
    await tell(line, replace(told, agents=agents))
    await refused(line, carrier, agent, "outgoing-no-number")
    call, outside, _ = await calls(carrier, other)
    await finish(call, outside)


@pytest.mark.rule("REC-03", "TEL-62")
@pytest.mark.parametrize("way", ["number", "operator"])
async def test_calls_out_are_not_recorded_where_the_number_or_the_operator_is_not(
    line: Line, told: Model, way: str
) -> None:
    carrier, agent = await line.carrier(tone=CLIENT_HZ), await line.agent(11, tone=AGENT_HZ)
    off = {"record": False} if way == "number" else {"silent": frozenset({11})}
    await tell(line, with_number(told, SALES_NUMBER, **off))

    async def talk(phone: Telephone) -> None:
        call, outside, _ = await calls(carrier, phone)
        outside.answer()
        await phone.hears(CLIENT_HZ, 0.6)
        call.bye()
        await outside.until("ended")
        await until(lambda: quiet(line), what="the call is over")

    await talk(agent)
    assert list(line.instance.recordings.iterdir()) == []
    if way == "operator":
        # A click takes another way, with the same end.
        await line.ami(
            Action="Originate", Channel="PJSIP/a11s", Context=f"click-{BUSINESS}", Exten="5", Priority="1",
            Variable=f"__CC_AGENT=11,__CC_TO=+7{OUTSIDE[1:]},__CC_BUSINESS={BUSINESS},__CC_DIR=out", Async="true",
        )  # fmt: skip
        ringing = await agent.incoming()
        ringing.answer()
        outside = await carrier.incoming()
        outside.answer()
        await agent.hears(CLIENT_HZ, 0.6)
        ringing.bye()
        await outside.until("ended")
        await until(lambda: quiet(line), what="the call is over")
        assert list(line.instance.recordings.iterdir()) == []
        await talk(await line.agent(12, tone=AGENT_HZ))
        assert await line.recording()


async def quiet(line: Line) -> bool:
    return "0 active channels" in await line.rx("core show channels count")


@pytest.mark.rule("TEL-33")
async def test_a_code_is_dictated_three_times_and_is_no_call(line: Line, told: Model) -> None:
    await tell(line, told)
    bus = Bus()
    legs: list[SpyChanged] = []
    seen: list[CallUpdated] = []
    bus.listen(SpyChanged, legs.append)
    bus.listen(CallUpdated, seen.append)
    telephony = Telephony(Account(port=line.settings.ami_port, secret=line.instance.ami_password), bus, SystemClock())
    telephony.set_directory(
        Directory(
            agents={11: AgentRef(id=11, business_id=BUSINESS, name="A", short_number="111", devices=("sip",))},
            queues={},
            numbers={5: NumberRef(id=5, business_id=BUSINESS, e164=SALES_NUMBER, title="")},
            trunks={TRUNK: TrunkRef(id=TRUNK, business_id=BUSINESS, name="Carrier")},
            businesses={BUSINESS: BusinessRef(id=BUSINESS, name="Test", timezone="UTC")},
        )
    )
    sound = line.instance.folder / "spool" / "codes" / "0123456789abcdef.ulaw"
    sound.write_bytes(audio.to_ulaw(audio.tone(REFUSED_HZ, 0.8)))
    line.instance.give(sound)
    carrier = await line.carrier()
    await telephony.start()
    try:
        await until(lambda: telephony.up, what="the link is up")
        leg = await telephony.dictating.dictate(
            to="+79161234567", trunk_id=TRUNK, caller_id=SALES_NUMBER, sound="0123456789abcdef"
        )
        outside = await carrier.incoming()
        assert outside.invite is not None
        assert SALES_NUMBER in outside.invite.headers["from"]
        carrier.forget()
        outside.answer()
        await outside.until("ended", timeout=20)
        await until(lambda: [one.state for one in legs if one.spy_id == leg] == ["up", "ended"], what="its end is told")
    finally:
        await telephony.stop()
        sound.unlink()
    heard = audio.seconds_of(carrier.listen(), REFUSED_HZ)
    assert heard == pytest.approx(2.4, abs=0.3)
    assert seen == []
    assert leg not in line.instance.journal.read_text() or "CC" not in line.instance.journal.read_text().split(leg)[1]
