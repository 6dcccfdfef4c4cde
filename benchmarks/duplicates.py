"""Duplicate search over a base of a million clients, on SQLite and PostgreSQL, beside the bare GROUP BY.

Two of a hundred clients have the phone or the e-mail of another one. While the search runs, the event loop's longest
stall and the memory of the process are watched. ``CALLCENTER_BENCH_CLIENTS`` makes the base smaller.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.report import Row
from callcenter import migrations
from callcenter.features.contacts.models import Contact, ContactChannel, ContactPhone
from callcenter.features.duplicates.rules import Settings
from callcenter.features.duplicates.usecases import searching
from callcenter.features.work.usecases.running import office
from callcenter.http.current import Current
from callcenter.http.permissions import ROLE_PERMISSIONS
from callcenter.storage.engine import create_engine, refresh_statistics
from callcenter.storage.scope import Database, insert_many
from tests.support import house as houses
from tests.support.postgres import PostgresServer

CLIENTS = int(os.environ.get("CALLCENTER_BENCH_CLIENTS", "1000000"))
PART = 10_000
LIMIT = 60.0


def run() -> list[Row]:
    """Measures; some minutes, most of which make the base."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rows += asyncio.run(_measure("SQLite", f"sqlite+aiosqlite:///{folder}/base.sqlite3", Path(folder)))
        server = PostgresServer(shared_buffers="128MB")  # PostgreSQL's own default.
        try:
            server.start()
            server.sql("CREATE DATABASE bench")
            rows += asyncio.run(_measure("PostgreSQL", server.url("bench"), Path(folder)))
        finally:
            server.stop()
    return rows


async def _measure(name: str, url: str, folder: Path) -> list[Row]:
    await migrations.upgrade(url)
    db = Database(create_engine(url))
    try:
        house = await houses.furnish(db)
        business = house.businesses["a"]
        await _fill(db, business)
        await refresh_statistics(db.engine)
        began = time.monotonic()
        async with db.business(business) as session:
            for key in (ContactPhone.e164, ContactChannel.key):
                (await session.scalars(select(key).group_by(key).having(func.count() > 1))).all()
        floor = time.monotonic() - began
        services = houses.make_services(db, folder)
        owner = house.people["owner@a"]
        person = Current(
            user_id=owner.user_id, email="", name="", business_id=business, business_name="",
            membership_id=owner.membership_id, role="owner", permissions=ROLE_PERMISSIONS["owner"], agent_id=None,
            language="ru", timezone="UTC", theme="auto", via="token",
        )  # fmt: skip
        before = _own_memory()
        stalls: list[float] = []
        held: list[float] = []
        watch = asyncio.create_task(_watch(stalls, held))
        began = time.monotonic()
        async with db.business(business) as session:
            search_id = (await searching.start(session, services, person, Settings(place="all"))).id
        await office(services).idle()
        took = time.monotonic() - began
        watch.cancel()
        grown = max(held) - before
        async with db.business(business) as session:
            found = await session.get_one(searching.DuplicateSearch, search_id)
        print(f"{name}: {found.groups} groups of {CLIENTS} clients", file=sys.stderr)
        right = found.groups == CLIENTS // 100
        return [
            Row(
                f"duplicates among {CLIENTS:,} clients, {name}", took, "s", floor, took / floor, f"≤ {LIMIT:g} s",
                right and took <= LIMIT,
            ),
            Row(f"  longest stall of the loop, {name}", max(stalls), "s", None, None, "≤ 0.2 s", max(stalls) < 0.2),
            Row(f"  memory more than before, {name}", grown, "MB", None, None, "≤ 100 MB", grown < 100),
        ]  # fmt: skip
    finally:
        await db.close()


async def _watch(stalls: list[float], held: list[float]) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.005)
        stalls.append(time.monotonic() - began - 0.005)
        if len(stalls) % 20 == 1:
            held.append(_own_memory())


def _own_memory() -> float:
    """MB of the process's own: without the database's file, which is read as memory."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1024


async def _fill(db: Database, business: int) -> None:
    """Client n has phone and e-mail n; of each hundred the last has the first one's phone or, in turn, e-mail."""
    for first in range(0, CLIENTS, PART):
        numbers = range(first + 1, min(first + PART, CLIENTS) + 1)
        cards = [
            {
                "id": n, "kind": "person", "state": "client", "number": n, "name": f"Client {n}",
                "name_key": f"client {n}", "search": f"client {n}", "created_at": houses.NOW,
            }
            for n in numbers
        ]  # fmt: skip
        phones = [{"contact_id": n, "e164": f"+7{9_000_000_000 + _same(n, 0)}"} for n in numbers]
        mails = [(n, f"c{_same(n, 1)}@example.ru") for n in numbers]
        channels = [{"contact_id": n, "kind": "email", "value": mail, "key": mail} for n, mail in mails]
        async with db.business(business) as session:
            for kind, rows in ((Contact, cards), (ContactPhone, phones), (ContactChannel, channels)):
                await session.run_sync(insert_many, kind, rows)


def _same(n: int, turn: int) -> int:
    return n - 99 if n % 100 == 0 and n // 100 % 2 == turn else n
