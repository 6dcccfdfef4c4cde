"""Listening in: from a supervisor's «listen» to the first sound of the talk in his phone, and from mode to mode.

His desk phone picks up by itself at once, so what is measured is ours and Asterisk's: order, INVITE, answer, first
sound of the client's tone. The floor is the same phone called by a bare Originate into the same application, without
the server between.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

from benchmarks.report import Row
from benchmarks.stage import Api, BareAmi, product
from tests.support import audio
from tests.support.stack import SALES, Stack
from tests.support.telephone import Telephone

TIMES, MODES = 20, 30
CLIENT_HZ, BOSS_HZ = 440.0, 1700.0
FIRST_MS, SWITCH_MS = 500.0, 300.0
LOUD = 1_000.0


async def _first_sound(phone: Telephone, since: float) -> float:
    """Milliseconds from ``since`` until 40 ms of the tone were heard."""
    async with asyncio.timeout(10):
        while True:
            heard = phone.listen()[-320:]
            if len(heard) == 320 and audio.loudness(heard) > LOUD and audio.power(heard, CLIENT_HZ) > 0.5:
                return (time.perf_counter() - since) * 1000
            await asyncio.sleep(0.002)


async def _leg(phone: Telephone) -> Any:
    ringing = await phone.incoming()
    phone.forget()
    ringing.answer()
    return ringing


async def _by_product(api: Api, phone: Telephone, agent: int) -> list[float]:
    found = []
    for _ in range(TIMES):
        phone.forget()
        picks = asyncio.create_task(_leg(phone))
        began = time.perf_counter()
        spy = await api.ask("POST", "/supervision/spies", {"agent_id": agent, "mode": "listen"})
        leg = await picks
        found.append(await _first_sound(phone, began))
        await api.ask("DELETE", f"/supervision/spies/{spy['id']}")
        await leg.until("ended")
    return found


async def _bare(ami: BareAmi, phone: Telephone, endpoint: str, channel: str) -> list[float]:
    found = []
    for _ in range(TIMES):
        phone.forget()
        picks = asyncio.create_task(_leg(phone))
        began = time.perf_counter()
        ami.send(
            Action="Originate",
            Async="true",
            Channel=f"PJSIP/{endpoint}",
            Application="ChanSpy",
            Data=f"{channel},quE",
            ChannelId=f"s{int(time.time() * 1000)}.00000000",
        )
        leg = await picks
        found.append(await _first_sound(phone, began))
        leg.bye()
        await leg.until("ended")
    return found


async def _switches(api: Api, boss: Telephone, agent_phone: Telephone, agent: int) -> list[float]:
    """From «whisper» to the supervisor's tone at the agent."""
    picks = asyncio.create_task(_leg(boss))
    spy = await api.ask("POST", "/supervision/spies", {"agent_id": agent, "mode": "listen"})
    await picks
    await boss.hears(CLIENT_HZ, 0.3)
    found = []
    for _ in range(MODES):
        began = time.perf_counter()
        await api.ask("PUT", f"/supervision/spies/{spy['id']}", {"mode": "whisper"})
        async with asyncio.timeout(10):
            while audio.power(agent_phone.listen()[-480:], BOSS_HZ) < 0.2:  # noqa: ASYNC110 - sound has no event
                await asyncio.sleep(0.002)
        found.append((time.perf_counter() - began) * 1000)
        await api.ask("PUT", f"/supervision/spies/{spy['id']}", {"mode": "listen"})
        async with asyncio.timeout(10):
            while audio.power(agent_phone.listen()[-480:], BOSS_HZ) > 0.01:  # noqa: ASYNC110 - sound has no event
                await asyncio.sleep(0.01)
    await api.ask("DELETE", f"/supervision/spies/{spy['id']}")
    return found


async def _measure(stack: Stack) -> list[Row]:
    async with (
        Api.of(stack, "operator1@demo.example") as operator,
        Api.of(stack, "supervisor@demo.example") as boss,
    ):
        agent_phone, boss_phone = await operator.phone(stack), await _phone(boss, stack)
        me = await operator.ask("PUT", "/me/state", {"state": "ready"})
        client = await Telephone.start("79161230099", stack.settings.sip_port, tone=CLIENT_HZ)
        call = client.call(SALES)
        try:
            (await agent_phone.incoming(30)).answer()
            await agent_phone.hears(CLIENT_HZ, 0.5)
            calls = (await boss.ask("GET", "/calls"))["calls"]
            detail = await boss.ask("GET", f"/calls/{calls[0]['id']}")
            leg = next(one["id"] for one in detail["legs"] if one["agent"])
            async with BareAmi.open(stack) as ami:
                floor = await _bare(ami, boss_phone, boss_phone.user, leg)
            ours = await _by_product(boss, boss_phone, me["id"])
            switches = await _switches(boss, boss_phone, agent_phone, me["id"])
        finally:
            call.bye()
            for phone in (agent_phone, boss_phone, client):
                await phone.stop()
        return [
            _row("«listen» to first sound", ours, statistics.median(floor), FIRST_MS),
            _row("«whisper» to the agent's ear", switches, None, SWITCH_MS),
        ]


async def _phone(api: Api, stack: Stack) -> Telephone:
    """The supervisor's SIP phone with a tone of his own."""
    devices = (await api.ask("GET", "/me/devices"))["devices"]
    sip = next(device for device in devices if device["kind"] == "sip")
    phone = await Telephone.start(sip["login"], stack.settings.sip_port, password=sip["password"], tone=BOSS_HZ)
    await phone.register()
    return phone


def _row(name: str, found: list[float], floor: float | None, limit: float) -> Row:
    middle = statistics.median(found)
    ratio = middle / floor if floor else None
    return Row(f"{name}, median of {len(found)}", middle, "ms", floor, ratio, f"≤ {limit:g} ms", middle <= limit)


def run() -> list[Row]:
    """Measures; half a minute."""

    async def measure() -> list[Row]:
        async with product() as stack:
            return await _measure(stack)

    return asyncio.run(measure())
