"""What a caller of a number meets: prompts of the five situations, hours, a block list, an emergency closing."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from callcenter.core.bus import Bus
from callcenter.core.clock import SystemClock
from callcenter.features.accounts import api as accounts
from callcenter.features.calls.models import SpamNumber
from callcenter.features.gates import queries as gate_settings
from callcenter.features.gates.gateway import Gates
from callcenter.live.service import Live
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import Forward, Hours, SpecialDay, Target
from callcenter.telephony.config.render import render
from callcenter.telephony.service import Account, Telephony
from tests.support import audio
from tests.support.house import House
from tests.support.line import BUSINESS, SALES, SALES_NUMBER, Line
from tests.support.wait import until

ARRIVAL, WAITING, BUSY, NOBODY, CLOSED, EMERGENCY = 500, 620, 740, 860, 980, 1100
TONES = {"w-arrival": ARRIVAL, "w-waiting": WAITING, "w-busy": BUSY, "w-nobody": NOBODY, "w-closed": CLOSED}
TONES["w-emergency"] = EMERGENCY
AGENT_HZ = 1300
PROMPTS = {name.removeprefix("w-"): name for name in TONES}
OTHER = "79160000077"


class Shop:
    """The sales number on the running Asterisk, set up anew by each test."""

    def __init__(self, line: Line) -> None:
        self.line = line

    async def set_up(self, *, days: tuple[SpecialDay, ...] = (), max_wait: int = 0, **settings: Any) -> None:
        """Gives the number these settings (fields of model.Number)."""
        model = self.line.model
        (number,) = [one for one in model.numbers if one.e164 == SALES_NUMBER]
        (queue,) = [one for one in model.queues if one.id == SALES]
        (business,) = model.businesses
        prompts = {"greeting": "w-arrival", "waiting": "w-waiting", "busy": "w-busy", "nobody": "w-nobody"}
        prompts["closed"] = "w-closed"
        changed = dataclasses.replace(
            model,
            businesses=(dataclasses.replace(business, days=days, emergency="w-emergency"),),
            numbers=tuple(dataclasses.replace(n, **prompts | settings) if n is number else n for n in model.numbers),
            queues=tuple(dataclasses.replace(q, max_wait=max_wait) if q is queue else q for q in model.queues),
        )
        await self.write(changed)

    async def write(self, model: Any) -> None:
        """Has Asterisk read a model."""
        await apply.reload(self.line.rx, apply.write(self.line.instance, render(model)))

    async def now(self, at: datetime | None) -> None:
        """Sets the clock that the dialplan goes by; None = the real one."""
        await self.line.rx(f'dialplan set global CC_NOW "{int(at.timestamp()) if at else ""}"')

    async def order(self, seconds: float, number: str = "79161234567") -> list[int]:
        """Calls, and gives the prompts that are heard within ``seconds``, in their order; 0 = it goes on."""
        client = await self.line.client(number)
        call = client.call(SALES_NUMBER)
        try:
            await call.until("ended", seconds)
        except TimeoutError:
            call.bye()
            return [*prompts_in(client.listen()), 0]
        return prompts_in(client.listen())


def prompts_in(samples: Any) -> list[int]:
    """The tones in their order, each once however long it sounds."""
    found: list[int] = []
    step = audio.RATE // 10
    for begin in range(0, len(samples) - step, step):
        piece = samples[begin : begin + step]
        if audio.loudness(piece) < 200:
            continue
        loudest = max(TONES.values(), key=lambda hz: audio.power(piece, hz))
        if not found or found[-1] != loudest:
            found.append(loudest)
    return found


@pytest.fixture
async def shop(line: Line) -> AsyncIterator[Shop]:
    """The number, and tones in place of its prompts."""
    for folder in (line.instance.sounds, line.instance.sounds / "ru"):
        folder.mkdir(parents=True, exist_ok=True)
        line.instance.give(folder)
        for name, hz in TONES.items():
            file = folder / f"{name}.ulaw"
            file.write_bytes(audio.to_ulaw(audio.tone(hz, 1.0)))
            line.instance.give(file)
    made = Shop(line)
    yield made
    await made.now(None)
    await line.tidy()
    await made.write(line.model)


@pytest.mark.rule("INB-21")
async def test_when_somebody_is_free_the_waiting_prompt_follows_in_a_loop(shop: Shop) -> None:
    await shop.set_up()
    await shop.line.agent(11, queues=[SALES])
    client = await shop.line.client()
    call = client.call(SALES_NUMBER)
    # So long one listens: the prompt takes a second, and is heard one loop after the other.
    await asyncio.sleep(5.0)
    call.bye()
    heard = client.listen()
    assert prompts_in(heard) == [ARRIVAL, WAITING]
    assert audio.seconds_of(heard, WAITING) > 2.5


@pytest.mark.rule("INB-22")
async def test_when_everybody_is_busy_that_prompt_and_the_waiting_one_take_turns(shop: Shop) -> None:
    await shop.set_up()
    agent = await shop.line.agent(11, tone=AGENT_HZ, queues=[SALES])
    first = (await shop.line.client("79160000001")).call(SALES_NUMBER)
    (await agent.incoming()).answer()
    await first.until("answered")
    await asyncio.sleep(1.5)
    heard = await shop.order(7.0)
    assert heard[:5] == [ARRIVAL, BUSY, WAITING, BUSY, WAITING]
    assert heard[-1] == 0


@pytest.mark.rule("INB-23")
async def test_when_nobody_can_answer_the_prompt_is_heard_and_the_call_ends(shop: Shop) -> None:
    await shop.set_up()
    assert await shop.order(15.0) == [ARRIVAL, NOBODY]
    # Somebody is there, and does not answer in time.
    await shop.set_up(max_wait=2)
    await shop.line.agent(11, queues=[SALES])
    assert await shop.order(20.0) == [ARRIVAL, WAITING, NOBODY]


@pytest.mark.rule("INB-24")
@pytest.mark.rule("INB-11")
async def test_out_of_hours_the_prompt_is_heard_the_call_ends_and_nobody_is_rung(shop: Shop) -> None:
    week = ((540, 1080),)
    hours = Hours(zones=("Europe/Moscow",), week=(week,) * 5 + ((), ()))
    await shop.set_up(hours=hours, days=(SpecialDay(day=date(2026, 3, 3)),))
    agent = await shop.line.agent(11, queues=[SALES])
    # Monday 2026-03-02: 17:59 and 18:00 in Moscow; Tuesday is a holiday; Saturday.
    for at in (datetime(2026, 3, 2, 15, 0, tzinfo=UTC), datetime(2026, 3, 3, 9, tzinfo=UTC),
               datetime(2026, 3, 7, 9, tzinfo=UTC)):  # fmt: skip
        await shop.now(at)
        assert await shop.order(10.0) == [CLOSED], at
        assert agent.ringing.empty()
    await shop.now(datetime(2026, 3, 2, 14, 59, tzinfo=UTC))
    assert (await shop.order(3.5))[0] == ARRIVAL
    # Hours of employees: it is open as soon as it is so for one of them.
    await shop.set_up(hours=Hours(zones=("Asia/Vladivostok", "Europe/Moscow"), week=(week,) * 7))
    await shop.now(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    assert (await shop.order(3.5))[0] == ARRIVAL
    await shop.now(datetime(2026, 3, 2, 20, 0, tzinfo=UTC))
    assert await shop.order(10.0) == [CLOSED]


@pytest.mark.rule("INB-25")
async def test_the_arrival_prompt_may_be_left_out(shop: Shop) -> None:
    await shop.set_up(greeting="")
    await shop.line.agent(11, queues=[SALES])
    assert await shop.order(3.0) == [WAITING, 0]


@pytest.mark.rule("INB-16")
@pytest.mark.rule("INB-17")
@pytest.mark.parametrize("show", ["caller", "called"])
async def test_a_call_that_nobody_takes_is_forwarded_so_often_and_so_long(shop: Shop, show: Any) -> None:
    forward = Forward(numbers=("+79167654321",), seconds=2, attempts=2, show=show)
    await shop.set_up(forward=forward, greeting="")
    carrier = await shop.line.carrier(tone=AGENT_HZ)
    client = await shop.line.client("79161234567")
    call = client.call(SALES_NUMBER)
    first = await carrier.incoming()
    assert first.invite
    wanted = "+79161234567" if show == "caller" else SALES_NUMBER
    assert wanted in first.invite.headers["from"]
    first.ring()
    second = await carrier.incoming()
    if show == "caller":
        second.answer()
        await client.hears(AGENT_HZ, 0.5)
        call.bye()
        await second.until("ended")
        return
    # Two attempts and not a third one: nobody can answer.
    second.ring()
    await client.hears(NOBODY, 0.5)
    await call.until("ended")
    assert carrier.ringing.empty()


@pytest.fixture
async def services(line: Line, db: Database, house: House) -> AsyncIterator[Services]:
    """Our server's side, connected to the running Asterisk."""
    bus, clock = Bus(), SystemClock()
    account = Account(port=line.settings.ami_port, secret=line.instance.ami_password)
    telephony = Telephony(account, bus, clock)
    made = Services(settings=line.settings, db=db, bus=bus, clock=clock, live=Live(bus, clock), telephony=telephony)
    assert house.businesses["a"] == BUSINESS
    await telephony.start()
    await until(lambda: telephony.up, what="the link is up")
    yield made
    await telephony.stop()


async def keep(services: Services) -> None:
    """Brings Asterisk's database in line, then goes away as a server that is stopped."""
    gates = Gates(services)
    await gates.start()
    gates.touch(read=True)
    await gates.settle()
    await gates.stop()


@pytest.mark.rule("INQ-07")
@pytest.mark.rule("INQ-11")
async def test_spam_is_refused_and_others_are_led_on_also_without_our_server(
    shop: Shop, services: Services, house: House
) -> None:
    await shop.set_up(greeting="w-arrival")
    async with services.db.system() as session:
        await accounts.set_setting(session, BUSINESS, gate_settings.REFUSE, True)
        session.add(SpamNumber(business_id=BUSINESS, number=f"+{OTHER}", marked_at=services.clock.now()))
    await keep(services)
    await services.telephony.stop()
    spammer = await shop.line.client(OTHER)
    call = spammer.call(SALES_NUMBER)
    await call.until("ended")
    assert call.status == 403
    assert prompts_in(spammer.listen()) == []
    assert (await shop.order(3.0))[0] == ARRIVAL
    # Let in again.
    await services.telephony.start()
    await until(lambda: services.telephony.up, what="the link is up")
    async with services.db.system() as session:
        await accounts.set_setting(session, BUSINESS, gate_settings.REFUSE, False)
    await keep(services)
    assert (await shop.order(3.0, OTHER))[0] == ARRIVAL


@pytest.mark.rule("INQ-06")
async def test_an_emergency_closing_is_heard_at_once_whatever_the_hours_are(
    shop: Shop, services: Services, house: House
) -> None:
    await shop.set_up(target=Target(kind="queue", id=SALES))
    agent = await shop.line.agent(11, queues=[SALES])
    for mark, wanted in (({"at": "2026-03-02T09:00:00Z", "by": "X"}, [EMERGENCY]), (None, [ARRIVAL, WAITING, 0])):
        async with services.db.system() as session:
            await accounts.set_setting(session, BUSINESS, gate_settings.CLOSED, mark)
        await keep(services)
        assert await shop.order(4.0) == wanted
        assert agent.ringing.empty() == (mark is not None)
