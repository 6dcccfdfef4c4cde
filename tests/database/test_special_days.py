"""Special days of the company: added, changed, deleted, put back; they come before the week (INQ-06)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.features.numbers import api as numbers
from callcenter.plugin import Services
from tests.database.test_number_page import save, week
from tests.support.call_log import line
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


@pytest.mark.rule("INQ-06")
async def test_special_days_are_added_changed_deleted_and_put_back(
    client: Client, services: Services, house: House
) -> None:
    business, headers = house.businesses["a"], house.headers("administrator@a")

    async def post(path: str = "", **form: Any) -> tuple[int, str]:
        fields = [(n, str(o)) for n, v in form.items() for o in (v if isinstance(v, list) else [v])]
        answer = await client.post(f"/numbers/days{path}", data=fields, headers=headers, allow_redirects=False)
        return answer.status, await answer.text()

    async def days() -> list[tuple[str, str, tuple[tuple[int, int], ...]]]:
        async with services.db.business(business) as session:
            return [(str(one.day), one.title, one.spans) for one in await numbers.special_days(session)]

    assert (await post(first="2026-05-01", last="2026-05-03", title="Майские", closed="1"))[0] == 303
    assert [one[0] for one in await days()] == ["2026-05-01", "2026-05-02", "2026-05-03"]
    kwargs = {"from": ["10:00", "14:00"], "to": ["13:00", "15:00"]}
    assert (await post(first="2026-05-02", title="Коротко", **kwargs))[0] == 303
    assert (await days())[1] == ("2026-05-02", "Коротко", ((600, 780), (840, 900)))
    status, page = await post("/2026-05-02/delete")
    assert status == 200
    assert 'name="from" value="10:00"' in page
    assert [one[0] for one in await days()] == ["2026-05-01", "2026-05-03"]
    assert (await post("/2026-05-02/delete"))[0] == 404
    for wrong in (
        {"first": "", "closed": "1"},
        {"first": "2026-05-05", "last": "2026-05-04", "closed": "1"},
        {"first": "2026-05-05", "last": "2026-08-04", "closed": "1"},
        {"first": "2026-05-05", "from": "", "to": ""},
        {"first": "2026-05-05", "from": ["9:00", "12:00"], "to": ["13:00", "18:00"]},
        {"first": "2026-05-05", "closed": "1", "title": "x" * 101},
    ):
        assert (await post(**wrong))[0] == 422, wrong
    assert len(await days()) == 2
    operator = await client.post("/numbers/days", data={"first": "2026-06-01"}, headers=house.headers("operator@a"))
    assert operator.status == 403


async def test_a_special_day_comes_before_the_week(client: Client, services: Services, house: House) -> None:
    business = house.businesses["a"]
    number_id = await line(services.db, business)
    typed = week(**{f"d{n}": [("9:00", "18:00")] for n in range(7)})
    await save(client, house, number_id, "hours", mode="week", zone="UTC", **typed)
    day = NOW.date() + timedelta(days=1)
    await client.post(
        "/numbers/days", data={"first": str(day), "from": "12:00", "to": "13:00"}, headers=house.headers("owner@a")
    )
    async with services.db.system() as session:
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        assert await numbers.is_open(session, number_id, at.replace(hour=12), "UTC")
        assert not await numbers.is_open(session, number_id, at.replace(hour=10), "UTC")
        assert await numbers.is_open(session, number_id, NOW.replace(hour=10), "UTC")
