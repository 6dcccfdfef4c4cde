"""How long a call being logged waits while 10,000 clients are tagged in the background, on both databases.

The small write is a call's row with its client looked up, ten a second at least, as a busy house has them. Its floor is
the same write with nothing else going on.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.report import Row
from callcenter import migrations
from callcenter.features.calls.models import CallRecord
from callcenter.features.contacts.usecases import bulk
from callcenter.features.contacts.usecases.bulk import BulkForm
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.http.permissions import ROLE_PERMISSIONS
from callcenter.plugin import Services
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from tests.support import house as houses
from tests.support.clients import make_clients
from tests.support.postgres import PostgresServer

CLIENTS = 10_000
PAUSE_SECONDS = 0.05
LONGEST = 500.0


def run() -> list[Row]:
    """Both databases, one after the other."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows += asyncio.run(_measure("SQLite", f"sqlite+aiosqlite:///{folder}/bench.sqlite3", Path(folder)))
    server = PostgresServer()
    try:
        server.start()
        server.sql("CREATE DATABASE bench")
        with tempfile.TemporaryDirectory() as folder:
            rows += asyncio.run(_measure("PostgreSQL", server.url("bench"), Path(folder)))
    finally:
        server.stop()
    return rows


async def _measure(name: str, url: str, folder: Path) -> list[Row]:
    await migrations.upgrade(url)
    db = Database(create_engine(url))
    try:
        services = houses.make_services(db, folder)
        house = await houses.furnish(db)
        business, person = house.businesses["a"], house.people["supervisor@a"]
        await make_clients(db, business, CLIENTS)
        quiet = await _log_calls(services, business, "quiet", _after(3.0))
        current = Current(
            user_id=person.user_id, email=person.email, name="", business_id=business, business_name="",
            membership_id=person.membership_id, role="supervisor", permissions=ROLE_PERMISSIONS["supervisor"],
            agent_id=None, language="ru", timezone="UTC", theme="auto", via="token",
        )  # fmt: skip
        async with db.business(business) as session:
            form = BulkForm(action="tag_add", everything=True, params={"title": "Bench"})
            job_id = (await bulk.order(session, services, current, form, None)).id
        began = time.perf_counter()
        tagging = asyncio.create_task(work.office(services).idle())
        busy = await _log_calls(services, business, "busy", tagging.done)
        seconds = time.perf_counter() - began
        await tagging
        async with db.business(business) as session:
            job = await session.get_one(work.WorkJob, job_id)
        assert job.result["changed"] == CLIENTS, job.error
    finally:
        await db.close()
    floor = median(quiet)
    longest = max(busy)
    return [
        Row(f"{name}: 10,000 clients tagged in the background", seconds, "s", None, None, "≤ 30 s", seconds <= 30),
        Row(f"{name}: a call's row meanwhile, half", median(busy), "ms", floor, median(busy) / floor, "", True),
        Row(f"{name}: a call's row meanwhile, longest", longest, "ms", max(quiet), longest / max(quiet),
            f"≤ {LONGEST:g} ms", longest <= LONGEST),
    ]  # fmt: skip


def _after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


async def _log_calls(services: Services, business: int, name: str, ended: Callable[[], bool]) -> list[float]:
    """Milliseconds of each row, one after the other, until ``ended``."""
    took: list[float] = []
    while not ended():
        began = time.perf_counter()
        async with services.db.business(business) as session:
            session.add(
                CallRecord(id=f"{name}.{len(took)}", direction="in", started_at=services.clock.now(), result="missed")
            )
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(PAUSE_SECONDS)
    return took
