"""A dial list of a million clients: how long its start takes, and how long to find and write down the next client.

Both databases; the floor of a pick is a client's row read by its id. ``CALLCENTER_BENCH_CLIENTS`` sets the size. How
fast the background job writes the clients is told as well.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert, text

from benchmarks import million
from benchmarks.report import Row
from callcenter.features.dialer.models import DialEntry, DialList
from callcenter.features.dialer.usecases import choosing, control, making, settling
from callcenter.features.work import api as work
from callcenter.plugin import Services
from callcenter.storage.engine import create_engine, refresh_statistics
from callcenter.storage.scope import Database
from callcenter.telephony.intents import new_call_id
from tests.support import house as houses
from tests.support.dialer import Floor, person
from tests.support.house import NOW, House

CLIENTS = int(os.environ.get("CALLCENTER_BENCH_CLIENTS", "1000000"))
PICKS = 400
FILLED = 20_000
# Seconds until a list has started; milliseconds of a pick at 99 %.
START, PICK = 2.0, 20.0


def run() -> list[Row]:
    """Seconds and milliseconds; most of the time makes the bases."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        url = f"sqlite+aiosqlite:///{folder}/base.sqlite3"
        base = asyncio.run(million.make(url, CLIENTS))
        rows += asyncio.run(measure("SQLite", url, base.house))
    from tests.support.postgres import PostgresServer

    server = PostgresServer(shared_buffers="128MB")  # PostgreSQL's own default.
    try:
        server.start()
        server.sql("CREATE DATABASE bench")
        base = asyncio.run(million.make(server.url("bench"), CLIENTS))
        rows += asyncio.run(measure("PostgreSQL", server.url("bench"), base.house))
    finally:
        server.stop()
    return rows


async def measure(name: str, url: str, house: House) -> list[Row]:
    """Measures one base."""
    db = Database(create_engine(url))
    services = houses.make_services(db, Path(tempfile.gettempdir()))
    floor = Floor(services, house, services.clock)  # type: ignore[arg-type]
    try:
        await floor.furnish()
        filled = await _fill(services, house)
        list_id = await _whole(db, house.businesses["a"])
        await refresh_statistics(db.engine)
        began = time.perf_counter()
        await floor.start(list_id)
        await floor.look()
        started = time.perf_counter() - began
        assert len(floor.dialled) == 1
        picks, kept, bare = await _picks(floor, list_id)
        slow, least = _at_99(picks), 1000 * statistics.median(bare)
        return [
            Row(f"list of {CLIENTS} starts, {name}", started, "s", None, None, f"≤ {START:g} s", started <= START),
            Row(f"next client, 99 %, {name}", slow, "ms", least, slow / least, f"≤ {PICK:g} ms", slow <= PICK),
            Row(f"and the attempt committed, 99 %, {name}", _at_99(kept), "ms", None, None, "told", True),
            Row(f"clients written in the background, {name}", filled, "/s", None, None, "told", True),
        ]
    finally:
        await db.close()


def _at_99(seconds: list[float]) -> float:
    return 1000 * sorted(seconds)[int(len(seconds) * 0.99)]


async def _fill(services: Services, house: House) -> float:
    """Clients a second that the background job writes, over its first ``FILLED``."""
    business, owner = house.businesses["a"], person(house, "owner@a")
    async with services.db.business(business) as session:
        await making.create(session, services, owner, making.ListForm(title="Filled"))
    run = await work.office(services)._next()
    assert run is not None
    began, size = time.perf_counter(), making.FIRST_PORTION
    while run.done < min(FILLED, CLIENTS // 2):
        at = time.perf_counter()
        await making._portion(run, size)
        took = time.perf_counter() - at
        size = work.next_portion(size, took, making.LARGEST_PORTION)
        await asyncio.sleep(work.rest(took))
    return run.done / (time.perf_counter() - began)


async def _whole(db: Database, business: int) -> int:
    """A list of everybody, as the job would have written it."""
    async with db.business(business) as session:
        row = DialList(title="Everybody", pause=0, filled=True, created_at=NOW)
        session.add(row)
        await session.flush()
        list_id = row.id
    async with db.system() as session:
        await session.execute(
            insert(DialEntry).from_select(
                [
                    *("business_id", "list_id", "contact_id", "state", "position"),
                    *("tries", "phone", "outcome", "callback_told"),
                ],
                text(
                    f"SELECT business_id, {list_id}, id, 'due', id, 0, 0, '', false FROM contacts "  # noqa: S608
                    f"WHERE kind = 'person' AND business_id = {business}"
                ).columns(),
                include_defaults=False,
            )
        )
    return list_id


async def _picks(floor: Floor, list_id: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of each choice of the next client, of writing its attempt down, and of a row by its id."""
    found, kept, bare = [], [], []
    await control.halt(floor.services, floor.me, list_id, "pause")
    await floor.ends("answered")
    async with floor.services.db.business(floor.business) as session:
        row = await session.get_one(DialList, list_id)
        row.status = "running"
    for _ in range(PICKS):
        began = time.perf_counter()
        chosen = await choosing.choose(floor.services, row)
        found.append(time.perf_counter() - began)
        if chosen is None or isinstance(chosen, float):
            continue
        began = time.perf_counter()
        attempt = await choosing.write(floor.services, row, chosen, new_call_id(time.time()))
        kept.append(time.perf_counter() - began)
        assert attempt is not None
        began = time.perf_counter()
        async with floor.services.db.business(floor.business) as session:
            await session.get_one(DialEntry, chosen.entry_id)
        bare.append(time.perf_counter() - began)
        await settling.settle(floor.services, attempt, "answered")
    return found, kept, bare
