"""An export of the whole base as csv, beside a bare SELECT of the same columns into csv.writer; memory while it runs.

On SQLite, in this process; ``CALLCENTER_BENCH_CLIENTS`` (100,000 by default) is the size of the base.
"""

from __future__ import annotations

import asyncio
import csv
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from benchmarks import million
from benchmarks.report import Row, at_most
from callcenter.features.exports.usecases import running
from callcenter.features.work import api as work
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from tests.support import house as houses

CLIENTS = int(os.environ.get("CALLCENTER_BENCH_CLIENTS", "100000"))
FIELDS = ["number", "name", "phone1", "email1", "city", "tags"]


def run() -> list[Row]:
    """Time against the floor, and growth of memory."""
    with tempfile.TemporaryDirectory(prefix="bench-exports-") as folder:
        return asyncio.run(_run(Path(folder)))


async def _run(folder: Path) -> list[Row]:
    file = folder / "base.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    base = await million.make(url, CLIENTS)
    db = Database(create_engine(url))
    services = houses.make_services(db, folder)
    owner = base.house.people["owner@a"].membership_id
    try:
        async with db.business(base.business) as session:
            params = {
                "fields": FIELDS, "format": "csv", "what": "all", "kind": "", "count": 0, "start": 0, "list_id": 0,
                "selection": None, "viewer": [owner, True, True, True], "language": "ru", "timezone": "UTC",
            }  # fmt: skip
            await work.start(
                session, services, kind=running.KIND, title="x", params=params, owner_id=owner, total=CLIENTS
            )
        small = peak = _memory()
        began = time.perf_counter()
        job = asyncio.create_task(work.office(services).idle())
        while not job.done():
            peak = max(peak, _memory())
            await asyncio.sleep(0.1)
        await job
        took = time.perf_counter() - began
    finally:
        await db.close()
    (made,) = (folder / "exports").glob("*.csv")
    with made.open(encoding="utf-8-sig", newline="") as found:
        rows = sum(1 for _ in found) - 1
    floor, written = _floor(file, folder / "floor.csv")
    if rows != written:
        raise RuntimeError(f"{rows} clients were exported, {written} are there")
    return [
        at_most(f"export of {rows:,} clients as csv", took, "s", floor, 20),
        Row("memory while exporting", peak - small, "MB", None, None, "≤ 40 MB more", peak - small <= 40),
    ]


def _floor(file: Path, target: Path) -> tuple[float, int]:
    """Seconds for one SELECT of the same columns into csv.writer, and how many rows it gave."""
    bare = sqlite3.connect(file)
    began = time.perf_counter()
    rows = bare.execute(
        "SELECT number, name, (SELECT e164 FROM contact_phones p WHERE p.contact_id = c.id ORDER BY id LIMIT 1), "
        "(SELECT value FROM contact_channels h WHERE h.contact_id = c.id AND kind = 'email' ORDER BY id LIMIT 1), "
        "city, "
        "(SELECT group_concat(title) FROM contact_tags t JOIN tags ON tags.id = t.tag_id WHERE t.contact_id = c.id) "
        "FROM contacts c WHERE state = 'client' ORDER BY id"
    )
    count = 0
    with target.open("w", encoding="utf-8-sig", newline="") as found:
        writer = csv.writer(found, delimiter=";")
        for row in rows:
            writer.writerow(row)
            count += 1
    return time.perf_counter() - began, count


def _memory() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1024**2
