"""A pressed key to the next prompt, and a greeting's end to the ring at the agent, on a real Asterisk.

What our renderer writes, with its story, journal, limits and recording, beside the same in a dialplan written by hand:
answer, play, wait for a key, go on; greet, record, queue. Both are in one Asterisk and are asked by turns. Times are
seen from the telephones: from the first packet of the key (which lasts 140 ms, as a press does) to the first of
the prompt that follows, and from where the greeting ends (its first packet and its length) to the INVITE. What our
dialplan itself adds after the key's last packet is told by itself: fractions of a millisecond.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.report import Row, at_most
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import HANGUP, Key, Menu, Number, Target
from callcenter.telephony.config.render import render
from tests.support import audio
from tests.support import line as lines
from tests.support.line import BUSINESS, SALES, SALES_NUMBER, TRUNK, Line
from tests.support.telephone import Telephone

CALLS, PRESSES, RINGS = 8, 8, 40
GREETING_SECONDS = 1.0
LIMIT = 1.2
# The payload type of keys in tests.support.telephone.
KEY_EVENTS = 101
ONE, TWO = 31, 32
OUR_MENU, THEIR_MENU, THEIR_GREETING = "+74950000311", "+74950000312", "+74950000313"
BY_HAND = f"""
[trunk-{TRUNK}]
exten => {THEIR_MENU},1,Goto(hand-one,s,1)
exten => {THEIR_GREETING},1,Answer()
 same => n,MixMonitor(${{UNIQUEID}}.wav)
 same => n,Playback(@sounds@/test-greeting)
 same => n,Queue(q{SALES})
[hand-one]
exten => s,1,Answer()
 same => n,Background(@sounds@/bench-one)
 same => n,WaitExten(5)
exten => 1,1,Goto(hand-two,s,1)
[hand-two]
exten => s,1,Background(@sounds@/bench-two)
 same => n,WaitExten(5)
exten => 1,1,Goto(hand-one,s,1)
"""


class Heard(bytearray):
    """What a telephone heard; ``first`` is when the first packet since ``mark`` came (monotonic seconds)."""

    first = 0.0

    def mark(self) -> None:
        """Waits for the next packet from now on."""
        self.first = 0.0

    def __iadd__(self, data: Any) -> Heard:
        if not self.first:
            self.first = time.monotonic()
        super().__iadd__(data)
        return self


class Desk(Telephone):
    """Notes when an INVITE came, before anything is done with it."""

    invited = 0.0

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Everything that comes."""
        if data.startswith(b"INVITE"):
            self.invited = time.monotonic()
        super().datagram_received(data, address)


def run() -> list[Row]:
    """Measures; about four minutes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return asyncio.run(_run(Path(folder)))


async def _run(folder: Path) -> list[Row]:
    async with _asterisk(folder / "line") as line:
        pressed: dict[str, list[tuple[float, float]]] = {OUR_MENU: [], THEIR_MENU: []}
        for turn in range(CALLS):
            for number in sorted(pressed, reverse=bool(turn % 2)):
                pressed[number] += await _press(line, number)
        desk = await _desk(line)
        rang: dict[str, list[float]] = {SALES_NUMBER: [], THEIR_GREETING: []}
        for turn in range(RINGS):
            for number in sorted(rang, reverse=bool(turn % 2)):
                rang[number].append(await _ring(line, desk, number))
    (ours, ours_after), (theirs, theirs_after) = (
        (statistics.median(column) * 1000 for column in zip(*pressed[one], strict=True))
        for one in (OUR_MENU, THEIR_MENU)
    )
    greeted, floor = (statistics.median(rang[one]) * 1000 for one in (SALES_NUMBER, THEIR_GREETING))
    return [
        at_most("a key's press to the next prompt, median", ours, "ms", theirs, LIMIT),
        Row("of that after the key's end", ours_after, "ms", theirs_after, ours_after / theirs_after, "told", True),
        at_most("a greeting's end to the ring at the agent, median", greeted, "ms", floor, LIMIT),
    ]


@asynccontextmanager
async def _asterisk(folder: Path) -> AsyncIterator[Line]:
    line = lines.prepare(folder)
    menus = tuple(
        Menu(
            id=one,
            business_id=BUSINESS,
            name=f"Menu {one}",
            prompt=f"bench-{word}",
            wait_seconds=5,
            repeats=1,
            timeout=HANGUP,
            keys=(Key(key="1", target=Target(kind="menu", id=other)),),
        )
        for one, other, word in ((ONE, TWO, "one"), (TWO, ONE, "two"))
    )
    number = Number(id=131, business_id=BUSINESS, e164=OUR_MENU, target=HANGUP, menu_id=ONE, record=False)
    line.model = replace(line.model, menus=line.model.menus + menus, numbers=(*line.model.numbers, number))
    files = render(line.model)
    files["extensions.conf"] += BY_HAND.replace("@sounds@", f"{line.model.system.folder}/sounds")
    apply.write(line.instance, files)
    for name, frequency in (("bench-one", 660), ("bench-two", 1300)):
        file = line.instance.sounds / f"{name}.ulaw"
        file.write_bytes(audio.to_ulaw(audio.tone(frequency, 0.3)))
        line.instance.give(file)
    try:
        await line.runner.start()
        yield line
    finally:
        for phone in line.phones:
            await phone.stop()
        await line.runner.stop()
        lines.remove(line)


async def _desk(line: Line) -> Desk:
    phone = await Desk.start("a11s", line.sip_port, password=lines.PASSWORD)
    line.phones.append(phone)
    await phone.register()
    await line.rx(f"queue add member PJSIP/a11s to q{SALES}")
    assert isinstance(phone, Desk)
    return phone


async def _press(line: Line, number: str) -> list[tuple[float, float]]:
    """Seconds from each key's begin and end to the prompt that follows, in one call."""
    client = await line.client()
    client.heard = heard = Heard()
    call = client.call(number)
    await call.until("answered")
    await _played(heard)
    key = _key_packets(client)
    took = []
    for _ in range(PRESSES):
        heard.mark()
        key.clear()
        client.press("1")
        await _played(heard)
        ended = next(at for at, end in key if end)
        took.append((heard.first - key[0][0], heard.first - ended))
    call.bye()
    await call.until("ended")
    return took


def _key_packets(client: Telephone) -> list[tuple[float, bool]]:
    """When a key's packets were sent and whether they end it (RFC 4733 says so three times); grows with each key."""
    sent: list[tuple[float, bool]] = []
    line = client._rtp
    assert line is not None
    send = line.sendto

    def noting(data: bytes, address: Any = None) -> None:
        if data[1] & 0x7F == KEY_EVENTS:
            sent.append((time.monotonic(), bool(data[13] & 0x80)))
        send(data, address)

    line.sendto = noting  # type: ignore[method-assign]
    return sent


async def _played(heard: Heard) -> None:
    """A prompt has begun and is over: Asterisk sends nothing while it waits for a key."""
    async with asyncio.timeout(10):
        while not heard.first:  # noqa: ASYNC110 - sound has no event
            await asyncio.sleep(0.01)
        length = -1
        while len(heard) != length:
            length = len(heard)
            await asyncio.sleep(0.15)


async def _ring(line: Line, desk: Desk, number: str) -> float:
    """Seconds from the greeting's end to the INVITE."""
    desk.invited = 0.0
    client = await line.client()
    client.heard = heard = Heard()
    call = client.call(number)
    ringing = await desk.incoming()
    took = desk.invited - heard.first - GREETING_SECONDS
    call.bye()
    await ringing.until("ended")
    await call.until("ended")
    return took
