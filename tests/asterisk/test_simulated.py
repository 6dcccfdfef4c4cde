"""The simulated caller and the real Asterisk take the same way, for hundreds of random configurations."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import pytest
import pytest_asyncio

from callcenter.core.routing import NEVER
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import ENDLESS, ENDLESS_PAUSE, Model
from callcenter.telephony.config.render import render
from callcenter.telephony.config.simulate import Step, simulate
from tests.support import audio, worlds
from tests.support import line as lines
from tests.support.line import Line
from tests.support.uas import Phones
from tests.support.wait import until
from tests.support.worlds import PROMPTS, Ports, World

SEED = int(os.environ.get("CALLCENTER_WORLDS_SEED", "20261126"))
WORLDS = int(os.environ.get("CALLCENTER_WORLDS", "60"))
MADE = WORLDS * 5
AT_ONCE = 20
PROMPT = 0.1
"""Seconds that each prompt takes."""
QUIET = 7.0
"""So many seconds without a step mean that the caller is waiting: longer than a menu with two repetitions is still."""

_EXTRA = """
[robot]
exten => answers,1,Answer()
 same => n,Wait(60)
exten => rings,1,Ringing()
 same => n,Wait(60)
exten => caller,1,Wait(120)

[robot-in]
exten => s,1,Set(CALLERID(num)=${ROBOT_FROM})
 same => n,Set(CC_ASKED=1)
 same => n,Set(CC_OWN=${ROBOT_OWN})
 same => n,Goto(number-${ROBOT_NUMBER},s,1)
"""


@dataclass
class Heard:
    """What Asterisk told of one call, step by step."""

    steps: list[Step] = field(default_factory=list)
    at: float = field(default_factory=time.monotonic)
    over: bool = False
    answered: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, step: Step | None = None) -> None:
        """A step, or only that something changed."""
        if step is not None:
            self.steps.append(step)
            self.at = time.monotonic()
        self.changed.set()

    async def more(self, known: int, seconds: float) -> None:
        """Waits for another step than the ``known`` first ones, or for the end, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self.steps) <= known and not (self.over or self.answered):
                    self.changed.clear()
                    await self.changed.wait()


class Wire:
    """One AMI connection that sorts events by call."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.calls: dict[str, Heard] = {}

    @classmethod
    async def open(cls, line: Line, events: str = "on") -> Wire:
        """Signs in; events come from then on, if they are wanted."""
        reader, writer = await asyncio.open_connection("127.0.0.1", line.settings.ami_port)
        wire = cls(reader, writer)
        wire.send(Action="Login", Username="callcenter", Secret=line.instance.ami_password, Events=events)
        return wire

    def send(self, **fields: str) -> None:
        """One action."""
        lines = [f"{'Variable' if name.startswith('Variable') else name}: {value}" for name, value in fields.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def read(self) -> None:
        """Reads for ever."""
        await self._reader.readline()
        while True:
            block = await self._reader.readuntil(b"\r\n\r\n")
            fields = dict(part.split(": ", 1) for part in block.decode().split("\r\n") if ": " in part)
            self._event(fields)

    def _event(self, fields: dict[str, str]) -> None:
        heard = self.calls.get(fields.get("Linkedid", fields.get("DestLinkedid", "")))
        if heard is None:
            return
        kind = fields.get("Event")
        if kind == "UserEvent" and fields.get("UserEvent") == "CcStep":
            heard.tell(Step(fields.get("Kind", ""), fields.get("Text", "")))
        elif kind == "QueueCallerJoin":
            heard.tell(Step("queue", fields["Queue"][1:]))
        elif kind == "DialBegin" and fields.get("DestChannel", "").startswith("PJSIP/"):
            name = fields["DestChannel"].removeprefix("PJSIP/").split("-")[0]
            outside = name.startswith("t")
            number = fields.get("DialString", "").split("@")[0]
            heard.tell(Step("dial", number) if outside else Step("agent", name[1:-1]))
        elif kind == "DialEnd" and fields.get("DialStatus") == "ANSWER":
            if fields.get("DestChannel", "").startswith(("PJSIP/", "Local/answers@robot")):
                heard.answered = True
                heard.tell()
        elif (
            kind == "Hangup" and fields.get("Channel", "").startswith("Local/s@robot-in") and ";2" in fields["Channel"]
        ):
            heard.over = True
            heard.tell()

    def close(self) -> None:
        """Ends the connection."""
        self._writer.close()


@dataclass
class Town:
    """A running Asterisk with all the worlds in it."""

    line: Line
    model: Model
    worlds: list[World]
    wire: Wire


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """All worlds in one Asterisk, with robots for people."""
    line = lines.prepare(tmp_path_factory.mktemp("worlds"))
    phones = [await Phones.start(manner) for manner in ("answers", "rings", "refuses")]  # type: ignore[arg-type]
    ports = Ports(*(one.port for one in phones))
    model, made = worlds.make(SEED, WORLDS, ports, line.model.system)
    files = render(model)
    files["extensions.conf"] += _EXTRA
    apply.write(line.instance, files)
    for language in ("ru", "en"):
        folder = line.instance.sounds / language
        folder.mkdir(parents=True, exist_ok=True)
        line.instance.give(folder)
        for name in (*PROMPTS, "standard-voicemail"):
            file = folder / f"{name}.ulaw"
            file.write_bytes(audio.to_ulaw(audio.tone(440, PROMPT)))
            line.instance.give(file)
    reading = None
    try:
        await line.runner.start()
        wire = await Wire.open(line)
        reading = asyncio.create_task(wire.read())
        await _people(line, made)
        yield Town(line, model, made, wire)
        wire.close()
    finally:
        if reading:
            reading.cancel()
        await line.runner.stop()
        for one in phones:
            one.close()
        lines.remove(line)


async def _people(line: Line, made: list[World]) -> None:
    for world in made:
        for queue, end in world.state.queues.items():
            if end != "empty":
                rank = world.ranks.get(queue, 0)
                robot = "answers" if end == "answered" or rank == NEVER else "rings"
                await line.rx(f"queue add member Local/{robot}@robot/n to q{queue} penalty {rank}")
        for number in world.state.blocked:
            await line.rx(f"database put cc-blocked-{world.business} {number} 1")
        if world.state.emergency:
            await line.rx(f"database put cc-closed {world.business} 1")


async def _call(town: Town, world: World, number: int, at: datetime, caller: str, keys: tuple[str, ...]) -> list[Step]:
    """Makes the call, presses the keys when a menu waits, and says what happened."""
    # Orders have a connection of their own: a digit that is played holds up whatever is ordered behind it.
    orders = await Wire.open(town.line, events="off")
    try:
        return await _walk(town, orders, world, number, at, caller, keys)
    finally:
        orders.close()


async def _walk(
    town: Town, orders: Wire, world: World, number: int, at: datetime, caller: str, keys: tuple[str, ...]
) -> list[Step]:
    call_id = f"w{world.business}.{time.monotonic_ns()}"
    heard = town.wire.calls[call_id] = Heard()
    orders.send(
        Action="Originate", Channel="Local/s@robot-in/n", Context="robot", Exten="caller", Priority="1", Async="true",
        ChannelId=call_id, OtherChannelId=f"{call_id}.2", Timeout="90000",
        Variable1=f"__ROBOT_FROM={caller}", Variable2=f"__ROBOT_NUMBER={number}",
        Variable3=f"__ROBOT_OWN={world.state.own or ''}", Variable4=f"__CC_NOW={int(at.timestamp())}",
    )  # fmt: skip
    menus = {str(menu.id): menu for menu in town.model.menus}
    left, known, menu, free = list(keys), 0, None, 0.0
    while not heard.over and not heard.answered:
        for step in heard.steps[known:]:
            menu = menus[step.text] if step.kind == "menu" else menu if step.kind in ("key", "prompt") else None
            if step.kind in ("menu", "key"):
                free = time.monotonic()
        known = len(heard.steps)
        # A menu waits from `free` on; so long it stays quiet until it begins anew.
        if menu is not None and left and time.monotonic() > free + 2 * PROMPT + 0.25:
            pressed = left.pop(0)
            if pressed:
                before = len(heard.steps)
                orders.send(Action="PlayDTMF", Channel=f"{call_id}.2", Digit=pressed, Duration="100", Receive="true")
                if any(key.key == pressed for key in menu.keys):
                    await heard.more(before, 3.0)
                else:
                    free = time.monotonic() + 0.1
            else:
                free += (PROMPT if menu.prompt else 0) + (
                    ENDLESS_PAUSE if menu.repeats == ENDLESS else menu.wait_seconds
                )
            continue
        if time.monotonic() - max(heard.at, free) > QUIET:
            break
        await heard.more(known, 0.1)
    end = "answered" if heard.answered else "over" if heard.over else "there"
    orders.send(Action="Hangup", Channel=call_id)
    await until(lambda: heard.over, what=f"the end of {call_id}: {heard.steps}", timeout=20)
    del town.wire.calls[call_id]
    return [*heard.steps, Step("end", end)]


def _comparable(steps: tuple[Step, ...]) -> list[Step]:
    """What the simulator said in the words of what can be seen from outside."""
    ends = {"answered": "answered", "waiting": "there", "endless": "there"}
    return [*steps[:-1], Step("end", ends.get(steps[-1].text, "over"))]


@pytest.mark.rule("DPL-04")
@pytest.mark.rule("INB-27")
@pytest.mark.rule("INB-34")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_simulated_caller_goes_the_way_that_asterisk_takes(town: Town) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def differs(world: World, number: int, at: datetime, caller: str, keys: tuple[str, ...]) -> str:
        wanted = _comparable(simulate(town.model, number, at=at, caller=caller, keys=keys, state=world.state))
        got = await _call(town, world, number, at, caller, keys)
        if _ordered(got) == _ordered(wanted):
            return ""
        return (
            f"world {world.business}, number {number}, {at:%a %d %H:%M}, from {caller!r}, keys {keys}:\n"
            f"  simulated {[tuple(s) for s in wanted]}\n  Asterisk  {[tuple(s) for s in got]}"
        )

    async def live(world: World) -> list[tuple[World, int, datetime, str, tuple[str, ...]]]:
        async with gate:
            return [(world, *call) for call in world.calls if await differs(world, *call)]

    lives = await asyncio.gather(*(live(world) for world in town.worlds))
    doubtful = [call for calls in lives for call in calls]
    # A robot that pressed a key too late on a busy machine is no fault of the dialplan: each is tried again by itself.
    wrong = [text for call in doubtful if (text := await differs(*call))]
    assert not wrong, f"{len(wrong)} calls (seed {SEED}):\n" + "\n".join(wrong[:12])
    assert len(doubtful) <= MADE // 20


def _ordered(steps: list[Step]) -> list[Step]:
    """Telephones that ring at once ring in any order."""
    tidy: list[Step] = []
    run: list[Step] = []
    for step in [*steps, Step("", "")]:
        if step.kind == "dial":
            run.append(step)
            continue
        tidy += sorted(run)
        run = []
        tidy.append(step)
    return tidy[:-1]
