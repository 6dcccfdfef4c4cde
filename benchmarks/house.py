"""The server's own process beside a stand-in for Asterisk's manager interface, with as many agents as wanted.

Nothing but the server and its database works here, so that what is measured is theirs: Asterisk's share is measured
by ``load``. The stand-in keeps queue members and tells of them as Asterisk does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter import app
from callcenter.config import Settings
from callcenter.core.clock import SystemClock
from callcenter.demo.children import Child
from callcenter.demo.seed import seed
from callcenter.demo.world import SALES_NUMBER
from callcenter.features.accounts import rules
from callcenter.features.accounts.models import Membership, User, UserSession
from callcenter.features.agents import api as agents_api
from callcenter.features.agents.models import Agent
from callcenter.features.numbers.models import Number
from callcenter.features.queues.models import Queue, QueueMember
from callcenter.storage.scope import Database
from callcenter.telephony.asterisk import secrets
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from tests.support import stack
from tests.support.fake_ami import Action, Connection, FakeAmi, message
from tests.support.line import make_settings
from tests.support.wait import until

QUEUE_SIZE = 50
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Person:
    """Somebody who has a page open: how he is signed in, and his agent's id and queue (0 for a supervisor)."""

    cookie: str
    csrf: str
    agent_id: int = 0
    queue_id: int = 0


@dataclass
class House:
    """What runs: the server, the stand-in, and who works there. ``number`` and ``trunk`` are where calls come in."""

    settings: Settings
    server: Child
    switch: Switch
    agents: list[Person]
    supervisors: list[Person]
    business: int
    number: tuple[int, str]
    trunk: int
    _begun: float = field(default=0.0, repr=False)

    @property
    def base(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.settings.http_port}"

    @property
    def database(self) -> Path:
        """The server's SQLite file."""
        return Path(self.settings.db_url.partition(":///")[2])

    def headers(self, person: Person) -> dict[str, str]:
        """What a page's requests carry."""
        return {"Cookie": f"callcenter_session_{self.settings.http_port}={person.cookie}", "X-CSRF-Token": person.csrf}

    def cpu(self) -> float:
        """Seconds of CPU that the server's process has taken, user and system."""
        assert self.server.process is not None
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Megabytes that the server holds; pages of files, such as the database's, are the system's own cache."""
        assert self.server.process is not None
        resident, of_files = Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1:3]
        return (int(resident) - int(of_files)) * 4096 / 1e6


class Switch(FakeAmi):
    """A stand-in that has queues: members are kept, changed by the server's commands, listed, and told of."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.members: dict[tuple[str, str], bool] = {}
        self.replies |= {"queueadd": self._add, "queueremove": self._remove, "queuepause": self._pause}
        self.replies["queuestatus"] = self._status

    def phones(self, agents: list[int]) -> None:
        """These agents' SIP phones are on line."""
        self.items["pjsipshowcontacts"] = [
            {
                "Event": "ContactList",
                "ObjectName": f"a{one}s;@{one:032x}",
                "Uri": f"sip:a{one}s@127.0.0.1:{20000 + one}",
                "Endpoint": f"a{one}s",
                "Status": "NonQualified",
                "UserAgent": "stand-in",
            }
            for one in agents
        ]
        self.items["devicestatelist"] = [
            {"Event": "DeviceStateChange", "Device": f"PJSIP/a{one}s", "State": "NOT_INUSE"} for one in agents
        ]

    def _add(self, connection: Connection, action: Action) -> bytes:
        key = (action["queue"][0], action["interface"][0])
        self.members[key] = action.get("paused", ["0"])[0] in ("1", "true", "yes")
        return self._done(action) + self._told("QueueMemberAdded", key)

    def _remove(self, connection: Connection, action: Action) -> bytes:
        key = (action["queue"][0], action["interface"][0])
        paused = self.members.pop(key, False)
        return self._done(action) + self._told("QueueMemberRemoved", key, paused)

    def _pause(self, connection: Connection, action: Action) -> bytes:
        key = (action["queue"][0], action["interface"][0])
        self.members[key] = action.get("paused", ["0"])[0] in ("1", "true", "yes")
        return self._done(action) + self._told("QueueMemberPause", key)

    def _status(self, connection: Connection, action: Action) -> bytes:
        self.items["queuestatus"] = [
            {**self._member(key, paused), "Event": "QueueMember", "Location": key[1], "Name": key[1]}
            for key, paused in self.members.items()
        ]
        return self.listing(action["actionid"][0], "queuestatus")

    @staticmethod
    def _done(action: Action) -> bytes:
        return message(Response="Success", ActionID=action["actionid"][0], Message="done")

    def _told(self, event: str, key: tuple[str, str], paused: bool | None = None) -> bytes:
        now = f"{SystemClock().epoch():.6f}"
        return message(
            Event=event, Timestamp=now, **self._member(key, self.members.get(key, False) if paused is None else paused)
        )

    @staticmethod
    def _member(key: tuple[str, str], paused: bool) -> dict[str, object]:
        return {
            "Queue": key[0],
            "MemberName": key[1],
            "Interface": key[1],
            "StateInterface": key[1],
            "Membership": "dynamic",
            "Penalty": 0,
            "CallsTaken": 0,
            "LastCall": 0,
            "InCall": 0,
            "Status": 1,
            "Paused": int(paused),
        }


@contextlib.asynccontextmanager
async def house(agents: int, supervisors: int) -> AsyncIterator[House]:
    """The server with ``agents`` agents who are ready in queues of fifty, and their phones on line.

    ``CALLCENTER_BENCH_PROFILE`` names a file into which ``sampler`` writes where the server spent its CPU.
    """
    async with contextlib.AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        settings = make_settings(folder / "data")
        switch = Switch(secrets.secret(settings.secrets_file, secrets.AMI_PASSWORD))
        db = await app.open_database(settings)
        profile = os.environ.get("CALLCENTER_BENCH_PROFILE", "")
        how = ("benchmarks.sampler", profile, "callcenter") if profile else ("callcenter",)
        server = Child("server", ("-m", *how, "serve"), stack.environment(settings), folder / "server.log")
        try:
            made = await _people(settings, db, switch, server, agents, supervisors)
        finally:
            await db.close()
        switch.phones([one.agent_id for one in made.agents])
        await switch.start(settings.ami_port)
        parts.push_async_callback(switch.stop)
        with contextlib.suppress(AsteriskError):
            parts.callback(shutil.rmtree, Instance.from_settings(settings).folder, ignore_errors=True)
        parts.push_async_callback(server.stop)
        await server.start()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as http:
            await until(lambda: _well(http, made.base), timeout=60, what=f"the server is well: {server.tail()}")
        await until(lambda: len(switch.members) >= agents, timeout=60, what="all agents are in their queues")
        yield made


async def _well(http: aiohttp.ClientSession, base: str) -> bool:
    try:
        async with http.get(f"{base}/healthz") as found:
            return found.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def _people(
    settings: Settings, db: Database, switch: Switch, server: Child, agents: int, supervisors: int
) -> House:
    now = SystemClock().now()
    await seed(db, now=now, password=stack.PASSWORD, carrier_port=settings.demo_carrier_port, days=1)
    async with db.system() as session:
        sales = (await session.scalars(select(Number).where(Number.e164 == SALES_NUMBER))).one()
        business = sales.business_id
        made: list[Person] = []
        queue_id = 0
        for place in range(agents):
            if place % QUEUE_SIZE == 0:
                queue = Queue(business_id=business, name=f"Очередь {place}", wrapup_seconds=2, created_at=now)
                session.add(queue)
                await session.flush()
                queue_id = queue.id
            made.append(await _person(session, business, f"crowd{place}", "operator", queue_id))
        looking = [await _person(session, business, f"looks{n}", "supervisor") for n in range(supervisors)]
        assert sales.trunk_id is not None
        return House(settings, server, switch, made, looking, business, (sales.id, sales.e164), sales.trunk_id)


async def _person(session: AsyncSession, business_id: int, name: str, role: str, queue_id: int = 0) -> Person:
    """Somebody who has signed in a moment ago; with ``queue_id`` an agent who is ready in it."""
    now = SystemClock().now()
    user = User(email=f"{name}@demo.example", name=name, created_at=now)
    session.add(user)
    await session.flush()
    member = Membership(business_id=business_id, user_id=user.id, role=role, created_at=now)
    cookie, csrf = rules.new_secret(), rules.new_secret()
    session.add(member)
    session.add(
        UserSession(
            user_id=user.id,
            business_id=business_id,
            token_hash=rules.fingerprint(cookie),
            csrf=csrf,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(days=1),
        )
    )
    await session.flush()
    if not queue_id:
        return Person(cookie, csrf)
    agent = await agents_api.create_agent(
        session, business_id=business_id, membership_id=member.id, name=user.name, at=now
    )
    (await session.get_one(Agent, agent.id)).wanted = "ready"
    session.add(QueueMember(business_id=business_id, queue_id=queue_id, agent_id=agent.id, position=0))
    return Person(cookie, csrf, agent.id, queue_id)


async def gathered(tasks: list[asyncio.Task[None]]) -> None:
    """Ends tasks; raises what one of them raised before."""
    failed = [task.exception() for task in tasks if task.done() and not task.cancelled() and task.exception()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if failed and failed[0] is not None:
        raise failed[0]
