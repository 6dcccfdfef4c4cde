"""Ad campaigns: made, shown, finished; by supervisors and above."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.http.permissions import ROLES
from callcenter.plugin import Services
from tests.support.call_log import line
from tests.support.house import House

Client = TestClient[Any, Any]


async def create(client: Client, house: House, who: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/api/v1/campaigns", json=body, headers=house.headers(who))
    return answer.status, await answer.json()


async def test_a_campaign_is_made_shown_and_finished(client: Client, services: Services, house: House) -> None:
    number_id = await line(services.db, house.businesses["a"], title="Продажи")
    status, made = await create(
        client, house, "supervisor@a", name="Осень", starts_on="2026-03-01", budget="12 500,50", number_ids=[number_id]
    )
    assert status == 201
    assert (made["state"], made["budget"], made["currency"], made["ends_on"]) == ("active", 1250050, "RUB", None)
    assert [one["title"] for one in made["numbers"]] == ["Продажи"]
    page = await (await client.get("/campaigns?new=1", headers=house.headers("supervisor@a"))).text()
    assert "Осень" in page
    assert "сейчас в: Осень" in page
    done = await client.post(
        f"/campaigns/{made['id']}/finish", headers=house.headers("supervisor@a"), allow_redirects=False
    )
    assert done.status == 303
    listed = await (await client.get("/api/v1/campaigns", headers=house.headers("supervisor@a"))).json()
    assert (listed["campaigns"][0]["state"], listed["campaigns"][0]["ends_on"]) == ("finished", "2026-03-02")
    assert (await client.post(f"/api/v1/campaigns/{made['id']}/finish", headers=house.headers("owner@b"))).status == 404
    other = await (await client.get("/api/v1/campaigns", headers=house.headers("owner@b"))).json()
    assert other["campaigns"] == []


@pytest.mark.rule("ADV-01")
@pytest.mark.parametrize("role", ROLES)
async def test_only_managers_and_administrators_see_campaigns(client: Client, house: House, role: str) -> None:
    may = role in ("owner", "administrator", "supervisor")
    for path in ("/campaigns", "/api/v1/campaigns"):
        assert (await client.get(path, headers=house.headers(f"{role}@a"))).status == (200 if may else 403)
    status, _ = await create(client, house, f"{role}@a", name="x")
    assert status == (422 if may else 403)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"starts_on": ""}, "starts_on"),
        ({"starts_on": "02.03.2026"}, "starts_on"),
        ({"ends_on": "2026-02-01"}, "ends_on"),
        ({"budget": "много"}, "budget"),
        ({"budget": "-5"}, "budget"),
        ({"budget": "1.005"}, "budget"),
        ({"budget": "1e400"}, "budget"),
        ({"number_ids": []}, "number_ids"),
        ({"number_ids": [4242]}, "number_ids"),
    ],
)
async def test_bad_input_names_its_field_and_is_not_lost(
    client: Client, services: Services, house: House, wrong: dict[str, Any], field: str
) -> None:
    number_id = await line(services.db, house.businesses["a"])
    good = {"name": "Осень", "starts_on": "2026-03-01", "number_ids": [number_id]}
    status, body = await create(client, house, "supervisor@a", **{**good, **wrong})
    assert status == 422
    assert list(body["error"]["fields"]) == [field]
    form = {key: value for key, value in {**good, **wrong, "budget": wrong.get("budget", "777")}.items() if value != []}
    answer = await client.post("/campaigns", data=form, headers=house.headers("supervisor@a"))
    page = await answer.text()
    assert answer.status == 422
    assert f'value="{form["budget"]}"' in page
