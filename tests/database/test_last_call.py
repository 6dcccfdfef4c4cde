"""When the last call with a client was: kept by the log, sorted and filtered by, right after merging and erasing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp.test_utils import TestClient
from sqlalchemy import event

from callcenter import migrations
from callcenter.core.clock import utc
from callcenter.features.calls.models import CallRecord
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases import erasing
from callcenter.features.calls.usecases.store import store
from callcenter.features.contacts import api as contacts
from callcenter.plugin import Services
from tests.support.call_log import AT, call, missed, save
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
DAY = 86400.0
NUMBERS = {"Анна": "+79160000001", "Борис": "+79160000002", "Вера": "+79160000003", "Глеб": "+79160000004"}


def one(house: House, name: str, days: float, call_id: str) -> Any:
    """A call of that client, so many days ago."""
    business = house.businesses["a"]
    return missed(business, call_id=call_id, from_number=NUMBERS[name], started_at=AT - days * DAY)


async def furnish(services: Services, house: House) -> dict[str, int]:
    """Four clients: of today, of 5 days ago, of 40 days ago, and never called."""
    found = {}
    async with services.db.business(house.businesses["a"]) as session:
        for name, number in NUMBERS.items():
            found[name] = (
                await contacts.create_client(session, contacts.ClientForm(first_name=name, phone=number), NOW)
            ).id
    calls = [
        one(house, "Борис", 5, "b1"),
        one(house, "Борис", 90, "b0"),
        one(house, "Вера", 40, "v1"),
        one(house, "Анна", 0, "a1"),
    ]
    await save(services.db, *calls)
    return found


async def moment(services: Services, house: House, contact_id: int) -> datetime | None:
    async with services.db.business(house.businesses["a"]) as session:
        return (await session.get_one(contacts.Contact, contact_id)).last_call_at


async def names(client: Client, house: House, **query: str) -> list[str]:
    answer = await client.get("/api/v1/contacts", params=query, headers=house.headers("supervisor@a"))
    found = await answer.json()
    assert answer.status == 200, found
    return [row["name"] for row in found["rows"]]


def where(op: str, value: Any = None) -> str:
    return json.dumps({"field": "last_call", "op": op, "value": value})


async def test_clients_are_sorted_and_found_by_their_last_call(
    services: Services, house: House, client: Client
) -> None:
    await furnish(services, house)
    # Who was never called comes last whatever the direction.
    assert await names(client, house, sort="-last_call") == ["Анна", "Борис", "Вера", "Глеб"]
    assert await names(client, house, sort="last_call") == ["Вера", "Борис", "Анна", "Глеб"]
    assert await names(client, house, sort="name", where=where("empty")) == ["Глеб"]
    assert await names(client, house, sort="name", where=where("filled")) == ["Анна", "Борис", "Вера"]
    before = (NOW - timedelta(days=20)).date().isoformat()
    assert await names(client, house, sort="name", where=where("before", before)) == ["Вера"]
    assert await names(client, house, sort="name", where=where("after", before)) == ["Анна", "Борис"]
    # Relative days are counted from the clock's today.
    gone = (datetime.now(UTC) - NOW).days
    recent = await names(client, house, sort="name", where=where("last_days", gone + 20))
    assert recent == ["Анна", "Борис"]
    # «No calls for so many days» is true of who was never called.
    assert await names(client, house, sort="name", where=where("not_last_days", gone + 20)) == ["Вера", "Глеб"]


async def test_a_call_that_is_stored_late_changes_nothing_and_a_newer_one_does(
    services: Services, house: House
) -> None:
    found = await furnish(services, house)
    assert await moment(services, house, found["Борис"]) == utc(AT - 5 * DAY)
    await save(services.db, one(house, "Борис", 60, "b2"))
    assert await moment(services, house, found["Борис"]) == utc(AT - 5 * DAY)
    await save(services.db, one(house, "Борис", 1, "b3"), one(house, "Борис", 2, "b4"))
    assert await moment(services, house, found["Борис"]) == utc(AT - DAY)
    assert await moment(services, house, found["Глеб"]) is None


async def test_a_portion_of_calls_costs_one_statement(services: Services, house: House) -> None:
    await furnish(services, house)
    said: list[tuple[str, bool]] = []
    engine = services.db.engine.sync_engine

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith("UPDATE") and "last_call_at" in statement:
            said.append((statement, many))

    event.listen(engine, "before_cursor_execute", note)
    try:
        async with services.db.business(house.businesses["a"]) as session:
            portion = [one(house, name, 0, f"n{place}") for place, name in enumerate(NUMBERS)]
            await store(session, [Picture(made, "live") for made in portion])
        assert [many for _, many in said] == [True]
        # A call that goes on and is known already costs nothing more.
        await save(services.db, call(house.businesses["a"], "n0", from_number=NUMBERS["Анна"]))
        assert len(said) == 1
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_cards_that_become_one_have_the_later_call(services: Services, house: House) -> None:
    found = await furnish(services, house)
    async with services.db.business(house.businesses["a"]) as session:
        await contacts.merge(session, found["Глеб"], [found["Борис"], found["Вера"]], NOW, None)
    assert await moment(services, house, found["Глеб"]) == utc(AT - 5 * DAY)


async def test_erased_calls_are_forgotten_on_other_cards_too(services: Services, house: House) -> None:
    found = await furnish(services, house)
    business = house.businesses["a"]
    async with services.db.business(business) as session:
        # Boris called from Vera's phone, once.
        (await session.get_one(CallRecord, "b1")).client_number = NUMBERS["Вера"]
        person = await contacts.erasing.person(session, found["Вера"])
    await erasing.erase(services, business, person)
    assert await moment(services, house, found["Вера"]) is None
    assert await moment(services, house, found["Борис"]) == utc(AT - 90 * DAY)


async def test_the_migration_fills_it_from_the_log_and_the_search_stays(
    services: Services, house: House, client: Client, database_url: str
) -> None:
    found = await furnish(services, house)
    await services.db.engine.dispose()
    await migrations.downgrade(database_url, "0008")
    await migrations.upgrade(database_url)
    assert await moment(services, house, found["Борис"]) == utc(AT - 5 * DAY)
    assert await moment(services, house, found["Глеб"]) is None
    async with services.db.business(house.businesses["a"]) as session:
        await contacts.create_client(session, contacts.ClientForm(first_name="Дарьяна"), NOW)
    assert await names(client, house, q="арьян") == ["Дарьяна"]
