"""An import of 30,000 rows with merging (half of them known, in a base of 100,000 clients) beside a bare executemany.

The floor writes the very rows that the import wrote into a copy of the base as it was: same tables, indexes and
triggers. On SQLite, in this process; ``python -m benchmarks imports``.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.report import Row, at_most
from callcenter import migrations
from callcenter.features.contacts.models import Contact, ContactPhone
from callcenter.features.imports.gateway import files
from callcenter.features.imports.models import Import
from callcenter.features.work import api as work
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from tests.support import house as houses

BASE, ROWS = 100_000, 30_000
TABLES = ("contacts", "contact_phones", "contact_channels", "contact_events", "import_rows")


def run() -> list[Row]:
    """The two figures: time against the floor, growth of memory."""
    with tempfile.TemporaryDirectory(prefix="bench-imports-") as folder:
        return asyncio.run(_run(Path(folder)))


async def _run(folder: Path) -> list[Row]:
    file = folder / "callcenter.sqlite3"
    url = f"sqlite+aiosqlite:///{file}"
    await migrations.upgrade(url)
    db = Database(create_engine(url))
    house = await houses.furnish(db)
    services = houses.make_services(db, folder)
    business = house.businesses["a"]
    for start in range(0, BASE, 5000):
        numbers = range(start, start + 5000)
        people = [
            {"kind": "person", "state": "client", "number": n + 1, "name": f"Клиент {n}", "first_name": f"Клиент {n}",
             "name_key": f"клиент {n}", "search": f"клиент {n}\n+7916{n:07}", "created_at": houses.NOW}
            for n in numbers
        ]  # fmt: skip
        async with db.business(business) as session:
            ids = await session.scalars(insert(Contact).returning(Contact.id, sort_by_parameter_order=True), people)
            phones = [
                {"contact_id": one, "e164": f"+7916{n:07}", "typed": ""} for one, n in zip(ids, numbers, strict=True)
            ]
            await session.execute(insert(ContactPhone), phones)
    await db.close()
    before = folder / "before.sqlite3"
    with sqlite3.connect(file) as found:
        found.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(file, before)
    table = folder / "rows.csv"
    lines = [f"Клиент {n * 2};8916{n * 2:07};c{n}@example.com;Пермь" for n in range(ROWS // 2)]
    lines += [f"Новый {n};8903{n:07};n{n}@example.com;Казань" for n in range(ROWS // 2)]
    table.write_text("Имя;Телефон;E-mail;Город\n" + "\n".join(lines) + "\n", "utf-8")
    took, grown = await _load(db, services, house, table)
    await db.close()
    floor = _floor(file, before)
    return [
        at_most("import of 30,000 rows, half merged", took, "s", floor, 3),
        Row("memory while importing", grown, "MB", None, None, "≤ 40 MB more", grown <= 40),
    ]


async def _load(db: Database, services: Any, house: houses.House, table: Path) -> tuple[float, float]:
    person = house.people["owner@a"]
    name = "ab" * 16
    (services.settings.data / "imports").mkdir(exist_ok=True)
    about = await files.convert(table, files.path_of(services.settings, name))
    async with db.business(person.business_id) as session:
        row = Import(
            owner_id=person.membership_id, name="rows.csv", file=name, state="running", counts={}, policy="merge",
            format={**about, "stamp": houses.NOW.isoformat()}, created_at=houses.NOW,
            mapping={"0": "first_name", "1": "phone", "2": "email", "3": "city"},
        )  # fmt: skip
        session.add(row)
        await session.flush()
        job = await work.start(
            session, services, kind="imports.load", title="rows.csv", owner_id=person.membership_id, total=ROWS,
            params={"import_id": row.id, "viewer": [person.membership_id, True, True, True]},
        )  # fmt: skip
        row.job_id = job.id
    peak, small = 0.0, _memory()

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, _memory())
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    await work.office(services).idle()
    took = time.perf_counter() - began
    watching.cancel()
    async with db.business(person.business_id) as session:
        done = await session.get_one(Import, row.id)
        if (done.state, done.counts["persons"], done.counts["updated"]) != ("done", ROWS // 2, ROWS // 2):
            raise RuntimeError(f"the import did not do what it should: {done.state} {done.counts}")
    return took, peak - small


def _memory() -> float:
    """Resident memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1024**2


def _floor(after: Path, before: Path) -> float:
    """Seconds for writing what the import wrote into the base as it was before, by executemany and nothing else."""
    done, bare = sqlite3.connect(after), sqlite3.connect(before, isolation_level=None)
    bare.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
    work_: list[tuple[str, list[Any]]] = []
    for name in TABLES:
        last = bare.execute(f"SELECT coalesce(max(id), 0) FROM {name}").fetchone()[0]  # noqa: S608
        rows = done.execute(f"SELECT * FROM {name} WHERE id > ? ORDER BY id", (last,)).fetchall()  # noqa: S608
        columns = [one[1] for one in done.execute(f"PRAGMA table_info({name})")]
        places = ",".join("?" * len(columns))
        work_.append((f"INSERT INTO {name} ({','.join(columns)}) VALUES ({places})", rows))  # noqa: S608
        if name == "contacts":
            changed = done.execute(
                "SELECT city, search, changed_at, responsible_id, id FROM contacts WHERE changed_at IS NOT NULL"
            ).fetchall()
            update = "UPDATE contacts SET city = ?, search = ?, changed_at = ?, responsible_id = ? WHERE id = ?"
            work_.append((update, changed))
    bare.execute("PRAGMA foreign_keys=OFF")
    began = time.perf_counter()
    bare.execute("BEGIN IMMEDIATE")
    for statement, rows in work_:
        bare.executemany(statement, rows)
    bare.execute("COMMIT")
    return time.perf_counter() - began
