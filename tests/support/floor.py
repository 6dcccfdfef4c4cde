"""A shop floor for tests of distribution: a real Asterisk, queues of every strategy, cheap telephones, robots."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from callcenter.telephony.config import apply
from callcenter.telephony.config.model import Agent, Device, Model, Number, Queue, Target
from callcenter.telephony.config.render import render
from tests.support import line as lines
from tests.support.line import BUSINESS, TRUNK, Line
from tests.support.uas import Phones
from tests.support.wait import until

FIRST = 21
"""The first agent's id; further ones follow."""

_EXTRA = """
[robot]
exten => caller,1,Wait(600)

[robot-in]
exten => s,1,Set(CALLERID(num)=+79161234567)
 same => n,Goto(number-${ROBOT_NUMBER},s,1)
"""


@dataclass
class Heard:
    """One call: who was rung, in order (with the moment), and who answered."""

    id: str
    began: float = field(default_factory=time.time)
    rung: list[int] = field(default_factory=list)
    rung_at: list[float] = field(default_factory=list)
    agent: int | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Floor:
    """The running Asterisk. ``seen`` are all AMI events, as ``listen`` wants them."""

    def __init__(self, line: Line, agents: Sequence[int]) -> None:
        self.line = line
        self.agents = list(agents)
        self.calls: dict[str, Heard] = {}
        self.listen: Callable[[dict[str, str]], None] = lambda _: None
        self._count = 0
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> asyncio.Task[None]:
        """Signs in; events are read from then on."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.line.settings.ami_port)
        self.send(Action="Login", Username="callcenter", Secret=self.line.instance.ami_password)
        return asyncio.create_task(self._read())

    def close(self) -> None:
        """Ends the connection."""
        self._writer.close()

    def send(self, **fields: str) -> None:
        """One action; a trailing digit of a name is left out, so that a field may come twice."""
        lines = [f"{name.rstrip('0123456789')}: {value}" for name, value in fields.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def call(self, number: int) -> Heard:
        """A robot calls ``number`` (its id)."""
        self._count += 1
        heard = Heard(f"robot.{time.monotonic_ns()}.{self._count}")
        self.calls[heard.id] = heard
        self.send(
            Action="Originate", Channel="Local/s@robot-in/n", Context="robot", Exten="caller", Priority="1",
            Async="true", ChannelId=heard.id, OtherChannelId=f"{heard.id}.2", Timeout="600000",
            Variable=f"__ROBOT_NUMBER={number}",
        )  # fmt: skip
        return heard

    def hang_up(self, heard: Heard) -> None:
        """The robot has had enough."""
        self.send(Action="Hangup", Channel=heard.id)

    async def rung(self, heard: Heard, count: int, timeout: float = 20.0) -> list[int]:
        """Waits until ``count`` rings were heard; who they were."""
        await until(lambda: len(heard.rung) >= count, what=f"{count} rings; there were {heard.rung}", timeout=timeout)
        return heard.rung

    async def finish(self, heard: Heard) -> None:
        """Hangs up and waits until the call is over."""
        self.hang_up(heard)
        async with asyncio.timeout(20):
            await heard.over.wait()
        self.calls.pop(heard.id, None)

    async def members(self, queue: int, agents: Sequence[int], *, penalty: int = 0) -> None:
        """Adds agents to a queue, in this order."""
        for agent in agents:
            await self.line.rx(f"queue add member PJSIP/a{agent}s to q{queue} penalty {penalty}")

    async def leave(self, queue: int, agents: Sequence[int]) -> None:
        """Takes agents out of a queue."""
        for agent in agents:
            await self.line.rx(f"queue remove member PJSIP/a{agent}s from q{queue}")

    async def _read(self) -> None:
        await self._reader.readline()
        with suppress(asyncio.IncompleteReadError):
            while True:
                block = await self._reader.readuntil(b"\r\n\r\n")
                fields = dict(part.split(": ", 1) for part in block.decode().split("\r\n") if ": " in part)
                self._event(fields)

    def _event(self, fields: dict[str, str]) -> None:
        kind = fields.get("Event")
        heard = self.calls.get(fields.get("Linkedid") or fields.get("DestLinkedid", ""))
        agent = agent_of(fields.get("DestChannel", ""))
        if heard is not None and agent:
            if kind == "DialBegin":
                heard.rung.append(agent)
                heard.rung_at.append(float(fields.get("Timestamp", 0)))
            elif kind == "DialEnd" and fields.get("DialStatus") == "ANSWER":
                heard.agent = agent
                heard.answered.set()
        if heard is not None and kind == "Hangup" and fields.get("Uniqueid") == f"{heard.id}.2":
            heard.over.set()
        self.listen(fields)


def agent_of(channel: str) -> int:
    """The agent whose telephone a channel leads to; 0 for others."""
    found = re.match(r"PJSIP/a(\d+)[ws]-", channel)
    return int(found[1]) if found else 0


def number_of(queue: int) -> int:
    """The number whose calls go to ``queue``."""
    return queue + 100


@asynccontextmanager
async def floor(
    folder: Path, queues: Sequence[Queue], *, answers: int, rings: int = 0, numbers: Sequence[Number] = ()
) -> AsyncIterator[Floor]:
    """A running Asterisk with ``queues``, each with a number (number_of), and agents from FIRST on.

    The first ``answers`` agents' telephones answer at once, those of the next ``rings`` only ring.
    """
    line = lines.prepare(folder)
    phones = [await Phones.start("answers"), await Phones.start("rings")]
    agents = tuple(
        Agent(
            id=FIRST + n, business_id=BUSINESS, name=f"A{FIRST + n}", short_number=str(FIRST + n),
            devices=(Device(kind="sip", password="robot", contact=f"sip:r@127.0.0.1:{phones[n >= answers].port}"),),
        )
        for n in range(answers + rings)
    )  # fmt: skip
    own = tuple(
        Number(
            id=number_of(queue.id), business_id=BUSINESS, e164=f"+7495{number_of(queue.id):07d}", trunk_id=TRUNK,
            target=Target(kind="queue", id=queue.id), record=False,
        )
        for queue in queues
    )  # fmt: skip
    model: Model = replace(
        line.model,
        agents=line.model.agents + agents,
        queues=line.model.queues + tuple(queues),
        numbers=line.model.numbers + own + tuple(numbers),
    )
    line.model = model
    write(line, model)
    reading = None
    made = Floor(line, [one.id for one in agents])
    try:
        await line.runner.start()
        reading = await made.open()
        yield made
        made.close()
    finally:
        if reading:
            reading.cancel()
        await line.runner.stop()
        for one in phones:
            one.close()
        lines.remove(line)


def write(line: Line, model: Model) -> None:
    """Writes Asterisk's files for ``model``, with the robots."""
    files = render(model)
    files["extensions.conf"] += _EXTRA
    apply.write(line.instance, files)
