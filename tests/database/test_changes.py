"""Committed changes are counted by table, whichever way they are written; what is not committed is not counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.queues.models import Queue
from callcenter.storage.scope import Database
from tests.support.house import NOW, House

QUEUES = frozenset({"queues"})


async def add(session: AsyncSession) -> None:
    session.add(Queue(name="x", created_at=NOW))


async def core_insert(session: AsyncSession) -> None:
    await session.execute(insert(Queue).values(name="x", created_at=NOW))


async def many(session: AsyncSession) -> None:
    await session.execute(insert(Queue), [{"name": "x", "created_at": NOW}])


async def change(session: AsyncSession) -> None:
    await session.execute(update(Queue).values(name="y"))


async def remove(session: AsyncSession) -> None:
    await session.execute(delete(Queue))


@pytest.mark.parametrize("write", [add, core_insert, many, change, remove])
async def test_every_way_of_writing_is_counted(
    db: Database, house: House, write: Callable[[AsyncSession], Awaitable[None]]
) -> None:
    before = db.changes.of(QUEUES)
    async with db.business(house.businesses["a"]) as session:
        await write(session)
        assert db.changes.of(QUEUES) == before, "nobody else sees it yet"
    assert db.changes.of(QUEUES) > before


async def test_what_is_taken_back_is_not_counted(db: Database, house: House) -> None:
    before = db.changes.of(QUEUES)

    async def fail() -> None:
        async with db.business(house.businesses["a"]) as session:
            await core_insert(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with db.business(house.businesses["a"]) as session:
        await session.get(Queue, 1)
    assert db.changes.of(QUEUES) == before


async def test_a_savepoint_counts_when_the_whole_is_committed(db: Database, house: House) -> None:
    before = db.changes.of(QUEUES)
    async with db.business(house.businesses["a"]) as session:
        async with session.begin_nested():
            await core_insert(session)
        assert db.changes.of(QUEUES) == before
    assert db.changes.of(QUEUES) > before
