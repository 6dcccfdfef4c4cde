"""Both databases behave alike: writers wait, readers do not, nothing is lost while the database is locked."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from callcenter import app
from callcenter.config import Settings
from callcenter.features.accounts.models import Business
from callcenter.features.agents.models import Agent
from callcenter.features.queues.models import Queue
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database, exclusive
from tests.support.house import NOW, House

pytestmark = pytest.mark.rule("SCL-01")


class Lock:
    """Holds every writer off from another connection, as another program would."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def __aenter__(self) -> None:
        if self.url.startswith("sqlite"):
            self.file = sqlite3.connect(self.url.partition("///")[2], isolation_level=None)
            self.file.execute("BEGIN IMMEDIATE")
        else:
            self.engine = create_async_engine(self.url)
            self.connection = await self.engine.connect()
            await self.connection.execute(text("LOCK TABLE queues IN EXCLUSIVE MODE"))

    async def __aexit__(self, *_: object) -> None:
        if self.url.startswith("sqlite"):
            self.file.execute("COMMIT")
            self.file.close()
        else:
            await self.connection.close()
            await self.engine.dispose()


async def add(db: Database, business: int, name: str) -> None:
    async with db.business(business) as session:
        session.add(Queue(name=name, created_at=NOW))


async def count(db: Database, business: int) -> int:
    async with db.business(business) as session:
        return int(await session.scalar(select(func.count(Queue.id))) or 0)


@pytest.mark.parametrize("seconds", [1.5, pytest.param(10, marks=pytest.mark.fault)])
async def test_nothing_is_lost_while_the_database_is_locked(
    db: Database, database_url: str, house: House, seconds: float
) -> None:
    business = house.businesses["a"]
    began = time.monotonic()
    async with Lock(database_url):
        writers = [asyncio.create_task(add(db, business, f"queue {n}")) for n in range(8)]
        while time.monotonic() - began < seconds:
            # Readers see the state before, and do not wait: the lock is given back only after they have read.
            async with asyncio.timeout(30):
                assert await count(db, business) == 0
            await asyncio.sleep(0.2)
        assert not any(task.done() for task in writers)
    await asyncio.gather(*writers)
    assert await count(db, business) == 8


async def test_transactions_that_read_first_may_write_at_once(db: Database, house: House) -> None:
    """On plain SQLite the second of them fails: «database is locked» at once, whatever the time-out."""
    business = house.businesses["a"]

    async def grow(n: int) -> None:
        async with db.business(business) as session:
            await session.scalar(select(func.count(Queue.id)))
            await asyncio.sleep(0.02)
            session.add(Queue(name=f"queue {n}", created_at=NOW))

    await asyncio.gather(*(grow(n) for n in range(12)))
    assert await count(db, business) == 12


WRITERS = 7


async def test_writers_come_in_the_order_of_their_asking(tmp_path: Path) -> None:
    """SQLite's own waiting looks ten times a second and knows no order: some writers would starve."""
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'turns.sqlite3'}")
    done: list[int] = []

    async def write(number: int) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO turns VALUES (:n)"), {"n": number})
            await asyncio.sleep(0.003)
            done.append(number)

    async def fails() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO turns VALUES (-1)"))
            raise RuntimeError

    try:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE turns (n INTEGER)"))
        # As many connections as the pool keeps open, so that only the turn decides.
        opened = [await engine.connect() for _ in range(10)]
        for connection in opened:
            await connection.close()
        async with engine.begin() as first:
            await first.execute(text("INSERT INTO turns VALUES (0)"))
            tasks = [asyncio.create_task(fails()), asyncio.create_task(write(-2))]
            tasks += [asyncio.create_task(write(number)) for number in range(WRITERS)]
            # Nothing but the turn holds them back: each asks as soon as it begins.
            for _ in range(5):
                await asyncio.sleep(0)
            # Whoever fails or is called off while he waits lets the next one through.
            tasks[1].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in found[:2]] == [RuntimeError, asyncio.CancelledError]
        assert done == list(range(WRITERS))
    finally:
        await engine.dispose()


async def test_each_statement_sees_what_is_committed(db: Database, house: House) -> None:
    business = house.businesses["a"]
    async with db.business(business) as session:
        assert await session.scalar(select(func.count(Queue.id))) == 0
        await add(db, business, "from elsewhere")
        assert await session.scalar(select(func.count(Queue.id))) == 1


async def test_for_update_makes_others_wait(db: Database, house: House) -> None:
    business = house.businesses["a"]
    await add(db, business, "0")

    async def increment() -> None:
        async with db.business(business) as session:
            row = (await session.scalars(select(Queue).with_for_update())).one()
            await asyncio.sleep(0.01)
            row.name = str(int(row.name) + 1)

    await asyncio.gather(*(increment() for _ in range(10)))
    async with db.business(business) as session:
        assert await session.scalar(select(Queue.name)) == "10"


async def test_exclusive_makes_others_wait(db: Database, house: House) -> None:
    business = house.businesses["a"]

    async def only_once() -> None:
        async with db.business(business) as session:
            await exclusive(session, "queue")
            if not await session.scalar(select(func.count(Queue.id))):
                await asyncio.sleep(0.05)
                session.add(Queue(name="one", created_at=NOW))

    await asyncio.gather(*(only_once() for _ in range(6)))
    assert await count(db, business) == 1


async def test_an_error_takes_everything_back(db: Database, house: House) -> None:
    business = house.businesses["a"]

    async def half() -> None:
        async with db.business(business) as session:
            session.add(Queue(name="half", created_at=NOW))
            await session.flush()
            raise RuntimeError

    async def twice() -> None:
        async with db.business(business) as session:
            session.add(Queue(name="whole", created_at=NOW))
            one = (await session.scalars(select(Agent))).first()
            assert one
            number, member = one.short_number, one.membership_id
            session.add(Agent(membership_id=member, name="twice", short_number=number, wanted_since=NOW))

    with pytest.raises(RuntimeError):
        await half()
    with pytest.raises(IntegrityError):
        await twice()
    assert await count(db, business) == 0


async def test_savepoints(db: Database, house: House) -> None:
    business = house.businesses["a"]
    async with db.business(business) as session:
        session.add(Queue(name="kept", created_at=NOW))
        try:
            async with session.begin_nested():
                session.add(Queue(name="dropped", created_at=NOW))
                await session.flush()
                raise RuntimeError
        except RuntimeError:
            pass
    assert await count(db, business) == 1


async def test_foreign_keys_hold_and_cascade(db: Database, house: House) -> None:
    async with db.system() as session:
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                session.add(Queue(name="x", business_id=999_999, created_at=NOW))
    await add(db, house.businesses["a"], "queue")
    async with db.system() as session:
        await session.delete(await session.get_one(Business, house.businesses["a"]))
    assert await count(db, house.businesses["a"]) == 0


async def test_moments_are_utc(db: Database, house: House) -> None:
    tokyo = timezone(timedelta(hours=9))
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tokyo)
    async with db.business(house.businesses["a"]) as session:
        session.add(Queue(name="t", created_at=moment))
    async with db.business(house.businesses["a"]) as session:
        found = await session.scalar(select(Queue.created_at).where(Queue.created_at == moment))
        assert found == moment
        assert found.tzinfo is UTC
        assert await session.scalar(select(Queue.id).where(Queue.created_at < moment)) is None
    with pytest.raises(Exception, match="naive"):
        async with db.business(house.businesses["a"]) as session:
            session.add(Queue(name="t", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001


async def test_any_text_comes_back_as_it_was(db: Database, house: House) -> None:
    strange = "«Ёж» 😀 '\"; DROP TABLE queues --\r\n\t" + "x" * 60
    async with db.business(house.businesses["a"]) as session:
        session.add(Queue(name=strange, created_at=NOW))
    async with db.system() as session:
        assert (await session.scalars(select(Queue.name))).all() == [strange]
        await session.execute(update(Business).values(settings={"ключ": [1, None, {"a": 1.5}], "at": NOW}))
    async with db.system() as session:
        kept = await session.scalar(select(Business.settings).limit(1))
        assert kept == {"ключ": [1, None, {"a": 1.5}], "at": "2026-03-02T09:00:00Z"}


async def test_sqlite_is_set_up_for_a_server(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path / 'deep' / 'er' / 'x.sqlite3'}")
    async with engine.connect() as connection:
        found = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        }
    await engine.dispose()
    assert found == {"journal_mode": "wal", "busy_timeout": 20_000, "foreign_keys": 1, "synchronous": 1}


async def test_only_the_server_brings_sqlite_s_journal_into_the_file(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    pages = {}
    for serves in (True, False):
        db = await app.open_database(settings, serves=serves)
        async with db.engine.connect() as connection:
            pages[serves] = (await connection.execute(text("PRAGMA wal_autocheckpoint"))).scalar()
        await db.close()
    assert pages == {True: 1000, False: 0}
