"""Answers of surveys: out of the log once, also those of a server that was away; their report and its files."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from openpyxl import load_workbook

from callcenter.core.calls import Call, Step
from callcenter.core.events import CallLogged
from callcenter.features.surveys import handlers, queries, usecases
from callcenter.plugin import Services
from tests.support import house as houses
from tests.support.call_log import AT, answered, queue, save
from tests.support.house import House

Client = TestClient[Any, Any]
API = "/api/v1/surveys"
DAYS = "from=2026-03-01&to=2026-03-31"


def surveyed(house: House, agent: int, queue_id: int, call_id: str, *scores: str, at: float = AT) -> Call:
    """A call whose client was asked after the talk."""
    made = answered(house.businesses["a"], agent, call_id, queue_id=queue_id, started_at=at)
    told = [Step(at=at + 64, kind="survey", agent_id=agent, queue_id=queue_id, text=str(queue_id))]
    told += [Step(at=at + 70 + n, kind="score", agent_id=agent, text=one) for n, one in enumerate(scores)]
    return msgspec.structs.replace(made, steps=(*made.steps, *told))


@pytest.fixture
async def asked(services: Services, house: House) -> tuple[int, int, int]:
    """A queue and two agents of business a, and three calls with a survey in the log, one without."""
    business = house.businesses["a"]
    line = await queue(services.db, business)
    one, two = (house.people[f"{who}@a"].agent_id for who in ("operator", "supervisor"))
    assert one is not None
    assert two is not None
    await save(
        services.db,
        surveyed(house, one, line, "1772442000.1", "1 5", "2 4"),
        surveyed(house, one, line, "1772442000.2", "1 2", at=AT + 100),
        surveyed(house, two, line, "1772442000.3", at=AT + 200),
        answered(business, one, "1772442000.4", started_at=AT + 300),
    )
    return line, one, two


@pytest.mark.rule("INQ-09")
async def test_answers_are_stored_once_with_call_queue_and_agent(
    services: Services, house: House, asked: tuple[int, int, int]
) -> None:
    line, one, _ = asked
    business = house.businesses["a"]
    # The first look finds what was logged while nobody looked.
    await usecases.collect(services)
    async with services.db.business(business) as session:
        row = await queries.of_call(session, "1772442000.1")
        assert row is not None
        assert (row.queue_id, row.agent_id, row.first, row.second) == (line, one, 5, 4)
        assert await queries.of_call(session, "1772442000.4") is None
    # Told again (the journal completes a call), it stays one row; what is more is taken over.
    await save(services.db, surveyed(house, one, line, "1772442000.2", "1 2", "2 3", at=AT + 100), source="journal")
    for call_id in ("1772442000.2", "1772442000.1"):
        await handlers.logged(services, CallLogged(at=AT, business_id=business, call_id=call_id, ended=True))
    await usecases.collect(services)
    assert not usecases.kept(services).logged
    async with services.db.business(business) as session:
        found = await queries.known(session, [f"1772442000.{n}" for n in range(1, 5)])
    assert {key[-1]: (row.first, row.second) for key, row in found.items()} == {
        "1": (5, 4), "2": (2, 3), "3": (None, None),
    }  # fmt: skip


@pytest.mark.rule("INQ-09")
async def test_the_report_sums_up_by_queue_and_agent(
    client: Client, services: Services, house: House, asked: tuple[int, int, int]
) -> None:
    line, one, two = asked
    await usecases.collect(services)
    boss = house.headers("supervisor@a")
    found = await (await client.get(f"{API}?{DAYS}", headers=boss)).json()
    assert (found["all"]["asked"], found["all"]["answered"]) == (3, 2)
    assert found["all"]["first"] == {"counts": [0, 1, 0, 0, 1], "answers": 2, "average": 3.5}
    assert found["all"]["second"] == {"counts": [0, 0, 0, 1, 0], "answers": 1, "average": 4.0}
    assert [(row["id"], row["name"], row["asked"]) for row in found["queues"]] == [(line, "Продажи", 3)]
    assert [(row["id"], row["asked"], row["answered"]) for row in found["agents"]] == [(one, 2, 2), (two, 1, 0)]
    only = await (await client.get(f"{API}/answers?{DAYS}&agent={two}", headers=boss)).json()
    assert [(row["call_id"], row["first"]) for row in only["answers"]] == [("1772442000.3", None)]
    assert only["total"] == 1
    before = await (await client.get(f"{API}?from=2026-01-01&to=2026-01-31", headers=boss)).json()
    assert before["all"]["asked"] == 0
    single = await client.get("/api/v1/calls/1772442000.1/survey", headers=boss)
    assert (await single.json())["second"] == 4
    assert (await client.get("/api/v1/calls/1772442000.4/survey", headers=boss)).status == 404


async def test_who_may_see_it_and_what_is_no_period(
    client: Client, services: Services, house: House, asked: tuple[int, int, int]
) -> None:
    await usecases.collect(services)
    assert (await client.get(API, headers=house.headers("operator@a"))).status == 403
    other = await (await client.get(f"{API}?{DAYS}", headers=house.headers("supervisor@b"))).json()
    assert (other["all"]["asked"], other["queues"], other["agents"]) == (0, [], [])
    boss = house.headers("supervisor@a")
    for wrong in ("from=x", "from=2026-02-01&to=2026-01-01", "queue=x", "page=-1"):
        assert (await client.get(f"{API}?{wrong}", headers=boss)).status == 422


async def test_files_have_the_single_answers(
    client: Client, services: Services, house: House, asked: tuple[int, int, int]
) -> None:
    await usecases.collect(services)
    boss = house.headers("supervisor@a")
    text = await (await client.get(f"{API}/answers.csv?{DAYS}", headers=boss)).text(encoding="utf-8-sig")
    lines = [line.split(";") for line in text.splitlines()]
    assert len(lines) == 4
    assert lines[3][1:] == ["Продажи", "Operator A", "5", "4", "1772442000.1"]
    book = load_workbook(io.BytesIO(await (await client.get(f"{API}/answers.xlsx?{DAYS}", headers=boss)).read()))
    rows = list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert [row[3:5] for row in rows[1:]] == [(None, None), (2, None), (5, 4)]


async def test_the_page_shows_sums_answers_and_what_was_typed_wrongly(
    client: Client, services: Services, house: House, asked: tuple[int, int, int]
) -> None:
    await usecases.collect(services)
    await houses.sign_in(client, "supervisor@a.example")
    text = await (await client.get(f"/surveys?{DAYS}")).text()
    assert text.count("data-call=") == 3
    assert "3,50" in text or "3.50" in text
    assert f'data-agent="{asked[1]}"' in text
    empty = await client.get("/surveys?from=2026-01-01&to=2026-01-02")
    assert (empty.status, "data-call=" in await empty.text()) == (200, False)
    wrong = await client.get("/surveys?from=2026-02-01&to=2026-01-02")
    assert (wrong.status, 'value="2026-02-01"' in await wrong.text()) == (422, True)
