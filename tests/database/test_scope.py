"""A business's session can neither read nor write another business's rows, whichever way it tries."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, exists, false, func, insert, literal, select, table, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InvalidRequestError, NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, relationship, selectinload

from callcenter.core.errors import NotFound
from callcenter.features.accounts.models import Business, Membership, User, UserSession
from callcenter.features.agents.models import Agent, Device
from callcenter.features.calls.models import CallRecord
from callcenter.features.queues.models import Queue, QueueMember
from callcenter.storage.scope import SCOPE, Database, ScopeError, exclusive, insert_many, update_many
from tests.support.house import NOW, House


@pytest.fixture
async def strange(db: Database, house: House) -> tuple[int, int]:
    """Ids of a queue and an agent of business B."""
    async with db.system() as session:
        for key in ("a", "b"):
            row = Queue(business_id=house.businesses[key], name=f"queue {key}", created_at=NOW)
            session.add(row)
        await session.flush()
        agent = house.people["operator@b"].agent_id
        assert agent
        return row.id, agent


@pytest.fixture
async def a(db: Database, house: House, strange: tuple[int, int]) -> AsyncIterator[AsyncSession]:
    """A session of business A."""
    async with db.business(house.businesses["a"]) as session:
        yield session


async def names(db: Database) -> list[str]:
    async with db.system() as session:
        return sorted((await session.scalars(select(Queue.name))).all())


READS = {
    "entity": lambda: select(Queue),
    "column": lambda: select(Queue.name),
    "alias": lambda: select(aliased(Queue).name),
    "aliased subquery": lambda: select(aliased(Queue, select(Queue).subquery()).name),
    "cte": lambda: select(select(Queue.name.label("n")).cte().c.n),
    "union": lambda: select(Queue.name).union(select(Queue.name)),
    "union in subquery": lambda: select(select(Queue.name).union_all(select(Queue.name)).subquery().c.name),
    "scalar subquery": lambda: select(select(func.max(Queue.name)).scalar_subquery()),
    "nested": lambda: select(select(select(Queue.name).subquery().c.name).subquery().c.name),
    "in": lambda: select(Queue.name).where(Queue.id.in_(select(Queue.id))),
}


@pytest.mark.parametrize("how", READS)
async def test_reads_see_own_rows_only(a: AsyncSession, how: str) -> None:
    found = {getattr(row, "name", row) for row in (await a.scalars(READS[how]())).all()}
    assert found == {"queue a"}


async def test_counts_and_sums(a: AsyncSession, house: House) -> None:
    assert await a.scalar(select(func.count()).select_from(Queue)) == 1
    assert await a.scalar(select(func.count(Queue.id))) == 1
    assert await a.scalar(select(func.sum(Queue.business_id))) == house.businesses["a"]


async def test_joins(a: AsyncSession) -> None:
    other = aliased(Queue)
    assert len((await a.execute(select(Queue.id, other.id).join(other, literal(True)))).all()) == 1
    left = select(Queue.name, other.name).join(other, other.id != Queue.id, isouter=True)
    assert (await a.execute(left)).all() == [("queue a", None)]


async def test_exists_does_not_tell(a: AsyncSession, strange: tuple[int, int]) -> None:
    guess = exists().where(Queue.id == strange[0])
    assert await a.scalar(select(guess)) is False


async def test_get_by_guessed_id(a: AsyncSession, strange: tuple[int, int]) -> None:
    assert await a.get(Queue, strange[0]) is None
    with pytest.raises(NoResultFound):
        await a.get_one(Queue, strange[0])


async def test_get_after_identity_was_loaded_elsewhere(db: Database, house: House, strange: tuple[int, int]) -> None:
    async with db.system() as session:
        foreign = await session.get_one(Queue, strange[0])
    async with db.business(house.businesses["a"]) as session:
        with pytest.raises(ScopeError):
            session.add(foreign)
        await session.merge(foreign)
        with pytest.raises(ScopeError):
            await session.flush()
        session.expunge_all()


async def test_refresh_of_a_foreign_row(db: Database, house: House, strange: tuple[int, int]) -> None:
    async with db.business(house.businesses["a"]) as session:
        crafted = Queue(id=strange[0])
        session.add(crafted)
        with pytest.raises(InvalidRequestError):
            await session.refresh(crafted)
        session.expunge(crafted)


async def test_update_and_delete(db: Database, house: House, strange: tuple[int, int]) -> None:
    async with db.business(house.businesses["a"]) as session:
        assert (await session.execute(update(Queue).values(name="mine"))).rowcount == 1
        assert (await session.execute(update(Queue).where(Queue.id == strange[0]).values(name="x"))).rowcount == 0
        inner = select(Queue.id)
        assert (await session.execute(update(Queue).where(Queue.id.in_(inner)).values(name="mine 2"))).rowcount == 1
    assert await names(db) == ["mine 2", "queue b"]
    async with db.business(house.businesses["a"]) as session:
        assert (await session.execute(delete(Queue).where(Queue.id == strange[0]))).rowcount == 0
        assert (await session.execute(delete(Queue))).rowcount == 1
    assert await names(db) == ["queue b"]


async def test_update_with_returning(a: AsyncSession) -> None:
    assert (await a.scalars(update(Queue).values(name="r").returning(Queue.name))).all() == ["r"]


@pytest.mark.parametrize(
    "statement",
    [
        lambda b, q: select(Queue.__table__),
        lambda b, q: select(Queue.__table__.c.name),
        lambda b, q: select(Queue.__table__.alias().c.name),
        lambda b, q: select(select(Queue.__table__.c.name).subquery().c.name),
        lambda b, q: select(Queue.name).where(Queue.id.in_(select(Queue.__table__.c.id))),
        lambda b, q: select(Queue.name).union(select(Queue.__table__.c.name)),
        lambda b, q: select(func.count()).select_from(Queue.__table__),
        lambda b, q: select(table("queues")),
        lambda b, q: text("SELECT name FROM queues"),
        lambda b, q: select(text("name")).select_from(text("queues")),
        lambda b, q: select(Queue.name).where(text("id IN (SELECT id FROM queues)")),
        lambda b, q: update(Queue.__table__).values(name="x"),
        lambda b, q: delete(Queue.__table__),
        lambda b, q: insert(Queue.__table__).values(business_id=b, name="x", created_at=NOW),
        lambda b, q: insert(Queue).values(business_id=b, name="x", created_at=NOW),
        lambda b, q: insert(Queue).values([{"business_id": b, "name": "x", "created_at": NOW}]),
        lambda b, q: insert(Queue).from_select(["name", "business_id"], select(literal("x"), literal(b))),
        lambda b, q: update(Queue).values(business_id=b),
        lambda b, q: update(Queue).values(name=Agent.name).where(Agent.id == Queue.id),
        lambda b, q: update(Queue).values(name="x").execution_options(dml_strategy="core_only"),
        lambda b, q: select(UserSession),
        lambda b, q: select(aliased(UserSession)),
        lambda b, q: insert(User).values(email="x@y.zz", name="x", created_at=NOW),
    ],
)
async def test_refused(a: AsyncSession, house: House, strange: tuple[int, int], statement) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ScopeError):
        await a.execute(statement(house.businesses["b"], strange[0]))


async def test_refused_with_parameters(a: AsyncSession, house: House, strange: tuple[int, int]) -> None:
    b = house.businesses["b"]
    for statement, parameters in (
        (insert(Queue), [{"business_id": b, "name": "x", "created_at": NOW}]),
        (insert(Queue), {"business_id": b, "name": "x", "created_at": NOW}),
        (update(Queue), [{"id": strange[0], "name": "x"}]),
    ):
        with pytest.raises(ScopeError):
            await a.execute(statement, parameters)
    for doing in (a.connection,):
        with pytest.raises(ScopeError):
            await doing()
    for name in ("bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"):
        with pytest.raises(ScopeError):
            await a.run_sync(lambda sync, n=name: getattr(sync, n)(Queue, []))  # type: ignore[misc]


async def test_inserts_get_the_business(db: Database, house: House) -> None:
    async with db.business(house.businesses["a"]) as session:
        session.add(Queue(name="added", created_at=NOW))
        await session.execute(insert(Queue).values(name="one", created_at=NOW))
        await session.execute(insert(Queue), [{"name": "two", "created_at": NOW}, {"name": "three", "created_at": NOW}])
        new = await session.scalars(insert(Queue).returning(Queue), [{"name": "four", "created_at": NOW}])
        assert [row.name for row in new] == ["four"]
    async with db.system() as session:
        rows = (await session.execute(select(Queue.name, Queue.business_id))).all()
    assert {row.name for row in rows} == {"added", "one", "two", "three", "four"}
    assert {row.business_id for row in rows} == {house.businesses["a"]}


async def test_upsert_does_not_reach_another_business(db: Database, house: House) -> None:
    a, b = house.businesses["a"], house.businesses["b"]
    made = postgresql.insert if db.dialect == "postgresql" else sqlite.insert

    def upsert(comment: str):  # type: ignore[no-untyped-def]
        row = made(CallRecord).values(id="1.1", direction="in", started_at=NOW, comment=comment)
        return row.on_conflict_do_update(index_elements=["id"], set_={"comment": row.excluded.comment})

    for business, comment, kept in ((b, "theirs", "theirs"), (a, "stolen", "theirs"), (b, "again", "again")):
        async with db.business(business) as session:
            await session.execute(upsert(comment))
        async with db.system() as session:
            found = (await session.execute(select(CallRecord.business_id, CallRecord.comment))).all()
        assert found == [(b, kept)]
    async with db.business(a) as session:
        row = made(CallRecord).values(id="1.1", direction="in", started_at=NOW)
        with pytest.raises(ScopeError):
            await session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"business_id": a}))


async def test_writing_a_row_of_another_business(db: Database, house: House) -> None:
    a, b = house.businesses["a"], house.businesses["b"]
    with pytest.raises(ScopeError):
        async with db.business(a) as session:
            session.add(Queue(name="x", business_id=b, created_at=NOW))
    async with db.business(a) as session:
        session.add(Queue(name="mine", created_at=NOW))
    with pytest.raises(ScopeError):
        async with db.business(a) as session:
            (await session.scalars(select(Queue))).one().business_id = b
    assert await names(db) == ["mine"]


async def test_references_to_another_business(db: Database, house: House, strange: tuple[int, int]) -> None:
    queue, agent = strange
    own = house.people["operator@a"].agent_id
    a = house.businesses["a"]
    for row in (
        QueueMember(queue_id=queue, agent_id=own),
        QueueMember(queue_id=999_999, agent_id=own),
        CallRecord(id="2.1", direction="in", started_at=NOW, agent_id=agent),
    ):
        with pytest.raises(NotFound):
            async with db.business(a) as session:
                session.add(row)
    for statement in (
        insert(QueueMember).values(queue_id=queue, agent_id=own),
        update(Agent).values(caller_number_id=999_999),
    ):
        with pytest.raises(NotFound):
            async with db.business(a) as session:
                await session.execute(statement)
    with pytest.raises(NotFound):
        async with db.business(a) as session:
            await session.execute(insert(QueueMember), [{"queue_id": queue, "agent_id": own}])
    async with db.business(a) as session:
        mine = (await session.scalars(select(Queue.id))).one()
        session.add(QueueMember(queue_id=mine, agent_id=own))
    async with db.business(a) as session:
        fresh = Queue(name="new", created_at=NOW)
        session.add(fresh)
        await session.flush()
        session.add(QueueMember(queue_id=fresh.id, agent_id=own))


async def test_many_rows_at_once_keep_to_the_business(db: Database, house: House, strange: tuple[int, int]) -> None:
    """insert_many and update_many refuse and limit what the ORM's own way does."""
    queue, _ = strange
    a, b = house.businesses["a"], house.businesses["b"]
    own = house.people["operator@a"].agent_id
    async with db.business(a) as session:
        await session.run_sync(insert_many, Queue, [{"name": f"many {n}", "created_at": NOW} for n in range(3)])
    async with db.system() as session:
        rows = (await session.execute(select(Queue.business_id, Queue.strategy).where(Queue.name.like("many%")))).all()
    assert rows == [(a, "longest_idle")] * 3
    refused: list[tuple[type[Exception], type, dict[str, object]]] = [
        (ScopeError, Queue, {"name": "x", "created_at": NOW, "business_id": b}),
        (ScopeError, User, {"email": "x@y.example", "name": "x", "created_at": NOW}),
        (NotFound, QueueMember, {"queue_id": queue, "agent_id": own}),
        (ValueError, Queue, {"name": "x", "created_at": NOW, "name) VALUES (1); --": 1}),
    ]
    for error, kind, row in refused:
        with pytest.raises(error):
            async with db.business(a) as session:
                await session.run_sync(insert_many, kind, [row])
    # A row of another business is not reached by its id, and no row goes over or is hung on a foreign one.
    async with db.business(a) as session:
        await session.run_sync(update_many, Queue, [{"id": queue, "name": "stolen"}])
    assert "stolen" not in await names(db)
    async with db.business(a) as session:
        mine = (await session.scalars(select(Queue.id).where(Queue.name == "many 0"))).one()
    for error, kind, row in (
        (ScopeError, Queue, {"id": mine, "business_id": b}),
        (NotFound, Agent, {"id": own, "caller_number_id": 999_999}),
    ):
        with pytest.raises(error):
            async with db.business(a) as session:
                await session.run_sync(update_many, kind, [row])
    async with db.business(a) as session:
        await session.run_sync(update_many, Queue, [{"id": mine, "name": "changed"}])
    assert "changed" in await names(db)
    for work in (insert_many, update_many):
        with pytest.raises(ScopeError):
            async with db.system() as session:
                await session.run_sync(work, Queue, [{"id": mine, "name": "x"}])


async def test_relationship_loads(db: Database, house: House, strange: tuple[int, int]) -> None:
    if not hasattr(Agent, "devices_in_test"):
        Agent.devices_in_test = relationship(Device, viewonly=True, lazy="select")  # type: ignore[attr-defined]
    own = house.people["operator@a"].agent_id
    async with db.system() as session:
        await session.execute(delete(Device))
        session.add(
            Device(
                business_id=house.businesses["b"], agent_id=own, kind="sip", endpoint="x", password="x", created_at=NOW
            )
        )
    async with db.business(house.businesses["a"]) as session:
        lazy = await session.get_one(Agent, own)
        assert await session.run_sync(lambda _: list(lazy.devices_in_test)) == []
    async with db.business(house.businesses["a"]) as session:
        query = select(Agent).where(Agent.id == own).options(selectinload(Agent.devices_in_test))  # type: ignore[attr-defined]
        assert (await session.scalars(query)).one().devices_in_test == []


async def test_people_of_other_businesses(a: AsyncSession, house: House) -> None:
    emails = set((await a.scalars(select(User.email))).all())
    assert emails == {p.email for p in house.people.values() if p.business_id == house.businesses["a"]}
    assert (await a.scalars(select(Business.id))).all() == [house.businesses["a"]]
    assert await a.get(User, house.people["owner@b"].user_id) is None
    assert await a.scalar(select(func.count()).select_from(Membership)) == 5
    user = await a.get_one(User, house.people["owner@a"].user_id)
    user.name = "changed"
    with pytest.raises(ScopeError):
        await a.flush()
    a.expunge_all()


async def test_a_session_without_a_business(db: Database) -> None:
    async with db._sessions.begin() as session:
        for statement in (select(Queue), select(User), update(Queue).values(name="x"), text("SELECT * FROM queues")):
            with pytest.raises(ScopeError):
                await session.execute(statement)
        session.add(Queue(name="x", created_at=NOW))
        with pytest.raises(ScopeError):
            await session.flush()
        session.expunge_all()
        assert SCOPE not in session.info


async def test_harmless_statements_pass(a: AsyncSession) -> None:
    assert await a.scalar(select(literal(1))) == 1
    assert await a.scalar(text("SELECT 1")) == 1
    assert (await a.execute(delete(Queue).where(false()))).rowcount == 0
    assert await a.scalar(select(Queue.name).where(Queue.__table__.c.id > 0)) == "queue a"
    await exclusive(a, "key")
