"""A small house for tests: two businesses with people of every role, a telephony that only writes down, an app."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Table, func, select

from callcenter import app as composition
from callcenter import migrations
from callcenter.config import Settings
from callcenter.core.bus import Bus
from callcenter.core.clock import FixedClock
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.http.permissions import ROLES
from callcenter.live.service import Live
from callcenter.plugin import Services
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from callcenter.telephony.service import Account, Telephony

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "Correct-horse-7"


class FakeTelephony(Telephony):
    """Connected to nothing: commands are written down in ``commands`` as (name, arguments) and succeed."""

    def __init__(self, bus: Bus, clock: FixedClock) -> None:
        super().__init__(Account(port=1), bus, clock)
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.is_up = True

    @property
    def up(self) -> bool:
        return self.is_up

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def dial(self, **arguments: Any) -> str:
        self.commands.append(("dial", arguments))
        return f"1772442000.{len(self.commands)}"

    async def hangup(self, call_id: str) -> None:
        self.commands.append(("hangup", {"call_id": call_id}))

    async def transfer(self, call_id: str, agent_id: int, target: str) -> None:
        self.commands.append(("transfer", {"call_id": call_id, "agent_id": agent_id, "target": target}))

    async def add_member(self, queue_id: int, agent_id: int, device: str, **more: Any) -> None:
        arguments = {"queue_id": queue_id, "agent_id": agent_id, "device": device, **more}
        self.commands.append(("add_member", arguments))

    async def remove_member(self, queue_id: int, agent_id: int, device: str) -> None:
        arguments = {"queue_id": queue_id, "agent_id": agent_id, "device": device}
        self.commands.append(("remove_member", arguments))

    async def pause_member(self, agent_id: int, device: str, paused: bool, **more: Any) -> None:
        arguments = {"agent_id": agent_id, "device": device, "paused": paused, **more}
        self.commands.append(("pause_member", arguments))

    async def answer_caller(self, channel: str, agent_id: int | None, priority: int | None) -> None:
        arguments = {"channel": channel, "agent_id": agent_id, "priority": priority}
        self.commands.append(("answer_caller", arguments))

    async def members(self) -> tuple[Any, ...]:
        return ()

    async def device_online(self, agent_id: int) -> set[Any]:
        return set()


@dataclass
class Person:
    """Somebody of the house."""

    user_id: int
    membership_id: int
    business_id: int
    email: str
    role: str
    agent_id: int | None = None
    token: str = ""


@dataclass
class House:
    """``people["operator@a"]`` works in business ``a``; every role is in both businesses."""

    businesses: dict[str, int] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """The bearer token of somebody."""
        return {"Authorization": f"Bearer {self.people[who].token}"}


def make_services(db: Database, folder: Path, clock: FixedClock | None = None, **settings: Any) -> Services:
    """Services around ``db`` with a live state, a bus and a telephony that only writes down."""
    clock = clock or FixedClock(NOW)
    bus = Bus()
    return Services(
        settings=Settings(data=folder, **settings),
        db=db,
        bus=bus,
        clock=clock,
        live=Live(bus, clock),
        telephony=FakeTelephony(bus, clock),
    )


async def furnish(db: Database, now: datetime = NOW) -> House:
    """Two businesses with one person of every role each; operators have phones."""
    house = House()
    hashed = await accounts.hash_password(PASSWORD)
    async with db.system() as session:
        for key in ("a", "b"):
            business = accounts.create_business(session, name=f"Business {key.upper()}", at=now)
            await session.flush()
            house.businesses[key] = business.id
            for number, role in enumerate(ROLES):
                email = f"{role}@{key}.example"
                user = await accounts.create_user(
                    session, email=email, name=f"{role.title()} {key.upper()}", password="", at=now
                )
                user.password_hash = hashed
                member = await accounts.add_member(session, business_id=business.id, user_id=user.id, role=role, at=now)
                person = Person(user.id, member.id, business.id, email, role)
                if role in ("supervisor", "operator"):
                    agent = await agents.create_agent(
                        session,
                        business_id=business.id,
                        membership_id=member.id,
                        name=user.name,
                        at=now,
                        short_number=str(101 + number),
                    )
                    person.agent_id = agent.id
                _, person.token = await accounts.create_token(
                    session, business_id=business.id, user_id=user.id, name="tests", at=now, days=None
                )
                house.people[f"{role}@{key}"] = person
    return house


@dataclass
class Plan:
    """A house as ``furnish`` made it, with every row that this took; ``build`` puts the same into another database."""

    house: House
    rows: list[tuple[Table, list[dict[str, Any]]]]

    async def build(self, db: Database) -> House:
        """Writes the rows into an empty database."""
        async with db.engine.begin() as connection:
            for table, rows in self.rows:
                await connection.execute(table.insert(), rows)
                # PostgreSQL counts ids apart from the rows.
                if connection.dialect.name == "postgresql" and "id" in table.c:
                    counter = func.pg_get_serial_sequence(table.name, "id")
                    await connection.execute(
                        select(func.setval(counter, select(func.max(table.c.id)).scalar_subquery()))
                    )
        return copy.deepcopy(self.house)


async def draw(url: str) -> Plan:
    """Furnishes the empty database at ``url`` and reads what came of it."""
    db = Database(create_engine(url))
    try:
        house = await furnish(db)
        async with db.engine.connect() as connection:
            found = [
                (table, [dict(row) for row in (await connection.execute(table.select())).mappings()])
                for table in migrations.metadata().sorted_tables
            ]
        return Plan(house, [(table, rows) for table, rows in found if rows])
    finally:
        await db.close()


async def serve(services: Services) -> TestClient[Any, Any]:
    """A running server around ``services``; close the client at the end."""
    client = TestClient(TestServer(composition.create_app(services.settings, services=services)))
    await client.start_server()
    return client


async def sign_in(client: TestClient[Any, Any], email: str, password: str = PASSWORD) -> str:
    """Signs the client in with a cookie; returns the CSRF token for its changes."""
    answer = await client.post("/api/v1/session", json={"email": email, "password": password})
    assert answer.status == 201, await answer.text()
    return str((await answer.json())["csrf"])
