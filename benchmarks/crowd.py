"""A crowd on the real product: Asterisk and the server as two processes that can be had apart, many agents, SIPp.

The agents' phones are one SIPp that answers every call and hangs up after a moment's talk; the callers are another.
Everything is recorded. Telephones are other machines in real life, so SIPp has Asterisk's own priority for the CPU.
The agents sit in one queue of their own, without a greeting and without wrap-up time.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter import app
from callcenter.config import Settings
from callcenter.core.clock import SystemClock
from callcenter.demo.children import Child
from callcenter.demo.registrar import Phone, keep_registered
from callcenter.demo.seed import seed
from callcenter.demo.world import SALES_NUMBER
from callcenter.features.accounts.models import Membership, User
from callcenter.features.accounts.usecases import people
from callcenter.features.agents import api as agents_api
from callcenter.features.agents.models import Agent, Device
from callcenter.features.demo import api as phones
from callcenter.features.dialplan import usecases as dialplan
from callcenter.features.numbers.models import Number
from callcenter.features.queues.models import Queue, QueueMember
from callcenter.storage.scope import Database
from callcenter.telephony.asterisk import provision
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.runner import NICENESS, Runner
from tests.support import sipp, stack
from tests.support.line import make_settings
from tests.support.telephone import free_port
from tests.support.wait import until

AGENTS = 120
NUMBER = "+74950000900"
TALK_SECONDS = 1.0
RING_SECONDS = 0.05
LOOKERS = ("supervisor", "admin", "operator1", "operator2")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Crowd:
    """What runs, and who may look: ``tokens`` of two who see all and two who see their own calls only.

    ``agents`` are the tokens of those whose phones are on line.
    """

    settings: Settings
    asterisk: Runner
    server: Child
    folder: Path
    queue: str
    tokens: list[str]
    agents: list[str]

    async def serve(self) -> None:
        """Starts the server and waits until it knows Asterisk and every agent is in the queue and free."""
        await self.server.start()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as http:
            await until(lambda: self._well(http), timeout=60, what=f"the server is well: {self.server.tail()}")
        await until(self._all_there, timeout=60, what="all agents are in the queue")

    async def _well(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"http://127.0.0.1:{self.settings.http_port}/healthz") as found:
                return found.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _all_there(self) -> bool:
        said = await self.asterisk.rx(f"queue show {self.queue}")
        return sum("Not in use" in line and "paused" not in line for line in said.splitlines()) >= len(self.agents)

    async def quiet(self) -> None:
        """Waits until no call is left."""

        async def none() -> bool:
            return "0 active channels" in await self.asterisk.rx("core show channels count")

        await until(none, timeout=30, what="all calls have ended")

    def cpu(self) -> float:
        """Seconds of CPU that the server's process has taken, user and system."""
        assert self.server.process is not None
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    async def call(self, seconds: float, *, rate: float, at_once: int) -> Rate:
        """Lets callers ring for ``seconds``, ``rate`` a second and ``at_once`` at most. The first third is warm-up."""
        folder = Path(tempfile.mkdtemp(prefix="callers-", dir=self.folder))
        # A caller waits for the agent to hang up, so a call that ends well went the whole way.
        scenario = sipp.caller(sound=sipp.sound_file(folder, 440), seconds=0, hangs_up=False)
        numbers = folder / "callers.csv"
        numbers.write_text("SEQUENTIAL\n" + "".join(f"79160{n:06};\n" for n in range(5000)))
        process = await sipp.Sipp.start(
            folder,
            scenario.replace("[caller]", "[field0]"),
            *(f"127.0.0.1:{self.settings.sip_port}", "-s", NUMBER, "-r", f"{rate:g}", "-l", str(at_once)),
            *("-inf", str(numbers), "-m", "1000000", "-recv_timeout", "15000"),
            seconds=int(seconds) + 60,
        )
        _like_another_machine(process.process.pid)
        try:
            await asyncio.sleep(seconds / 3)
            begun, cpu = time.monotonic(), self._cpu_or_zero()
            await asyncio.sleep(seconds * 2 / 3)
            took, cpu = time.monotonic() - begun, self._cpu_or_zero() - cpu
            # No new calls; those that go on may end.
            process.process.send_signal(signal.SIGUSR1)
            with contextlib.suppress(TimeoutError):
                await process.result(timeout=20)
        finally:
            await process.stop()
        await self.quiet()
        return _rate(folder / "stats.csv", seconds / 3, took, cpu)

    def _cpu_or_zero(self) -> float:
        running = self.server.process is not None and self.server.process.returncode is None
        return self.cpu() if running else 0.0


def _like_another_machine(pid: int) -> None:
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), NICENESS)


@dataclass(frozen=True)
class Rate:
    """Calls a second that ended well, how many failed, and the server's CPU as a share of one core."""

    per_second: float
    failed: int
    cores: float


def _rate(stats: Path, skip: float, seconds: float, cpu: float) -> Rate:
    rows = list(csv.DictReader(stats.open(), delimiter=";"))
    ended = [int(row["SuccessfulCall(C)"]) for row in rows]
    begun = float(rows[0]["StartTime"].split()[-1]) if rows else 0.0
    at = [float(row["CurrentTime"].split()[-1]) - begun for row in rows]
    inside = [n for n, moment in enumerate(at) if skip <= moment <= skip + seconds]
    if len(inside) < 2:
        raise RuntimeError("SIPp told too little")
    first, last = inside[0], inside[-1]
    return Rate((ended[last] - ended[first]) / (at[last] - at[first]), int(rows[-1]["FailedCall(C)"]), cpu / seconds)


@contextlib.asynccontextmanager
async def crowd(
    agents: int = AGENTS, talk: float = TALK_SECONDS, street: Callable[[Path], str] | None = None
) -> AsyncIterator[Crowd]:
    """Asterisk with all agents' phones on line; the server is not started yet.

    A phone hangs up after ``talk`` seconds. ``street`` gives the scenario of the world outside, if it is called at all,
    from the µ-law file of its voice.
    """
    async with contextlib.AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        settings = make_settings(folder / "data")
        installation = await asyncio.to_thread(provision.ensure, settings)
        db = await app.open_database(settings)
        try:
            queue, logins, tokens, own = await _seed(db, settings, agents)
            await dialplan.write_config(settings, db)
        finally:
            await db.close()
        instance = Instance.from_settings(settings, installation)
        parts.callback(shutil.rmtree, instance.folder, ignore_errors=True)
        asterisk = Runner(instance)
        parts.push_async_callback(asterisk.stop)
        await asterisk.start()
        port = free_port()
        voice = sipp.sound_file(folder / "agents", 660)
        answers = phones.agent_scenario(audio=str(voice), ring_seconds=RING_SECONDS, longest=talk)
        process = await phones.listen(folder / "agents", answers, port)
        parts.push_async_callback(phones.end, process)
        _like_another_machine(process.pid)
        if street is not None:
            scenario = street(sipp.sound_file(folder / "street", 440))
            outside = await phones.listen(folder / "street", scenario, settings.demo_carrier_port)
            parts.push_async_callback(phones.end, outside)
            _like_another_machine(outside.pid)
        registered = asyncio.create_task(
            keep_registered([Phone(login, password, port) for login, password in logins], settings.sip_port)
        )
        parts.callback(registered.cancel)
        server = Child("server", ("-m", "callcenter", "serve"), stack.environment(settings), folder / "server.log")
        parts.push_async_callback(server.stop)
        yield Crowd(settings, asterisk, server, folder, f"q{queue}", tokens, own)


async def _seed(
    db: Database, settings: Settings, count: int
) -> tuple[int, list[tuple[str, str]], list[str], list[str]]:
    """The demo business with the crowd: the queue's id, the logins of its phones, tokens of who looks and of agents."""
    now = SystemClock().now()
    await seed(db, now=now, password=stack.PASSWORD, carrier_port=settings.demo_carrier_port, days=1)
    async with db.system() as session:
        sales = (await session.scalars(select(Number).where(Number.e164 == SALES_NUMBER))).one()
        owner = {"business_id": sales.business_id}
        queue = Queue(**owner, name="Все", wrapup_seconds=0, ring_seconds=20, created_at=now)
        session.add(queue)
        await session.flush()
        number = Number(**owner, trunk_id=sales.trunk_id, e164=NUMBER, title="Все", created_at=now)
        number.target_kind, number.target_id = "queue", queue.id
        session.add(number)
        agents = [await _agent(session, sales.business_id, queue.id, place) for place in range(count)]
        found = await session.execute(
            select(Device.endpoint, Device.password).where(Device.kind == "sip", Device.agent_id.in_(agents))
        )
        logins = [(login, password) for login, password in found]
        looking = [await _token(session, sales.business_id, name) for name in LOOKERS]
        own = [await _token(session, sales.business_id, f"crowd{place}") for place in range(count)]
        return queue.id, logins, looking, own


async def _token(session: AsyncSession, business_id: int, name: str) -> str:
    user = (await session.scalars(select(User).where(User.email == f"{name}@demo.example"))).one()
    _, secret = await people.create_token(
        session, business_id=business_id, user_id=user.id, name="bench", at=SystemClock().now(), days=1, scopes=[]
    )
    return secret


async def _agent(session: AsyncSession, business_id: int, queue_id: int, place: int) -> int:
    now = SystemClock().now()
    user = User(email=f"crowd{place}@demo.example", name=f"Агент {place}", created_at=now)
    session.add(user)
    await session.flush()
    member = Membership(business_id=business_id, user_id=user.id, role="operator", created_at=now)
    session.add(member)
    await session.flush()
    made = await agents_api.create_agent(
        session, business_id=business_id, membership_id=member.id, name=user.name, at=now
    )
    agent = await session.get_one(Agent, made.id)
    agent.wanted = "ready"
    session.add(QueueMember(business_id=business_id, queue_id=queue_id, agent_id=made.id, position=place))
    return made.id
