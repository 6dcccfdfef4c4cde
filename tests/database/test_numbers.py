"""The company's numbers: what they are called, who takes their calls, who may change them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.events import ConfigChanged, RoutingDrafted
from callcenter.features.agents import api as agents
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.numbers import handlers
from callcenter.features.queues import api as queues
from callcenter.http.permissions import ROLES
from callcenter.plugin import Services
from tests.support.call_log import line, queue
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


@pytest.fixture
def changes(services: Services) -> list[RoutingDrafted]:
    told: list[RoutingDrafted] = []
    services.bus.listen(RoutingDrafted, told.append)
    return told


async def patch(client: Client, house: House, who: str, number_id: int, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.patch(f"/api/v1/numbers/{number_id}", json=body, headers=house.headers(who))
    return answer.status, await answer.json()


async def takers(services: Services, business: int, number_id: int) -> list[int]:
    async with services.db.business(business) as session:
        number = await numbers.get(session, number_id)
        assert number is not None
        assert number.target_kind == "queue"
        own = await queues.own_queue(session, number_id)
        assert own is not None
        assert number.target_id == own.id
        return [member.agent_id for member in own.members]


@pytest.mark.rule("TEL-18")
async def test_the_list_shows_number_name_if_renamed_and_date_added(
    client: Client, services: Services, house: House
) -> None:
    business = house.businesses["a"]
    first = await line(services.db, business, "+74950000001", title="Продажи")
    await line(services.db, business, "+74950000002")
    await line(services.db, house.businesses["b"], "+74950000003", title="Чужой")
    answer = await client.get("/numbers", headers=house.headers("operator@a"))
    page = await answer.text()
    rows = [
        " ".join(re.sub(r"<[^>]+>", " ", found).split())
        for found in re.findall(r"<tr data-number=.*?</tr>", page, re.S)
    ]
    assert rows[0].startswith("+7 (495) 000-00-01 Продажи")
    assert rows[1].startswith("+7 (495) 000-00-02 —")
    assert all("02.03.2026" in row for row in rows)
    assert len(rows) == 2
    # A name opens the number's own page.
    assert f'href="/numbers/{first}"' in page


@pytest.mark.rule("TEL-19")
@pytest.mark.parametrize("role", ROLES)
async def test_only_an_administrator_may_rename_a_number(
    client: Client, services: Services, house: House, changes: list[RoutingDrafted], role: str
) -> None:
    number_id = await line(services.db, house.businesses["a"], title="Было")
    may = role in ("owner", "administrator")
    status, _ = await patch(client, house, f"{role}@a", number_id, title=" Новое  имя ")
    form = await client.post(
        f"/numbers/{number_id}/line",
        data={"title": "Из формы"},
        headers=house.headers(f"{role}@a"),
        allow_redirects=False,
    )
    assert (status, form.status) == ((200, 303) if may else (403, 403))
    async with services.db.business(house.businesses["a"]) as session:
        number = await numbers.get(session, number_id)
    assert number is not None
    assert number.title == ("Из формы" if may else "Было")
    assert len(changes) == (2 if may else 0)
    assert (await patch(client, house, "owner@b", number_id, title="x"))[0] == 404


@pytest.mark.rule("INB-03")
async def test_all_or_some_employees_take_the_calls_of_a_number(
    client: Client, services: Services, house: House, changes: list[RoutingDrafted]
) -> None:
    business, first = house.businesses["a"], house.people["operator@a"].agent_id
    second, strange = house.people["supervisor@a"].agent_id, house.people["operator@b"].agent_id
    assert first is not None
    number_id = await line(services.db, business, title="Продажи")
    status, body = await patch(client, house, "administrator@a", number_id, takers="some", agent_ids=[first])
    assert (status, body["takers"], body["agent_ids"]) == (200, "some", [first])
    assert await takers(services, business, number_id) == [first]
    status, body = await patch(client, house, "administrator@a", number_id, takers="all")
    assert (status, body["takers"]) == (200, "all")
    assert sorted(await takers(services, business, number_id)) == sorted([first, second])  # type: ignore[list-item]
    assert len(changes) == 2
    # Whoever is taken on later takes them as well, but only where all do.
    some = await line(services.db, business, "+74950000002")
    await patch(client, house, "administrator@a", some, takers="some", agent_ids=[second])
    async with services.db.business(business) as session:
        member = house.people["administrator@a"].membership_id
        new = await agents.create_agent(session, business_id=business, membership_id=member, name="Новый", at=NOW)
    await handlers.config_changed(services, ConfigChanged(at=0, business_id=business, what="agents"))
    assert new.id in await takers(services, business, number_id)
    assert await takers(services, business, some) == [second]
    for wrong in (
        {"takers": "some"},
        {"takers": "some", "agent_ids": [strange]},
        {"takers": "nobody"},
        {"agent_ids": [first]},
    ):
        assert (await patch(client, house, "administrator@a", some, **wrong))[0] == 422
    assert await takers(services, business, some) == [second]


async def test_calls_go_to_a_queue_a_menu_or_an_employee(client: Client, services: Services, house: House) -> None:
    business, operator = house.businesses["a"], house.people["operator@a"].agent_id
    number_id, sales = await line(services.db, business), await queue(services.db, business, "Продажи")
    foreign = await queue(services.db, house.businesses["b"], "Чужая")
    async with services.db.business(business) as session:
        menu = await ivr.create_menu(
            session, business_id=business, name="Главное", at=NOW, keys={"1": ("queue", sales), "0": ("hangup", None)}
        )
    assert [key.key for key in menu.keys] == ["1", "0"]
    for kind, target, name in (
        ("queue", sales, "Продажи"),
        ("menu", menu.id, "Главное"),
        ("agent", operator, "Operator A"),
    ):
        status, body = await patch(
            client, house, "administrator@a", number_id, takers="target", target_kind=kind, target_id=target
        )
        assert status == 200
        assert body["target"] == {"kind": kind, "id": target, "name": name}
        assert body["takers"] == "target"
    for kind, target in (("queue", foreign), ("menu", 4242), ("nothing", 1)):
        status, _ = await patch(
            client, house, "administrator@a", number_id, takers="target", target_kind=kind, target_id=target
        )
        assert status == 422


async def test_recording_is_switched_and_a_personal_number_keeps_its_owner(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], house.people["operator@a"].agent_id
    mine = await line(
        services.db, business, kind="personal", agent_id=operator, target_kind="agent", target_id=operator
    )
    status, body = await patch(client, house, "administrator@a", mine, record=False)
    assert (status, body["record"], body["target"]["name"]) == (200, False, "Operator A")
    assert (await patch(client, house, "administrator@a", mine, takers="all"))[0] == 422
    form = await client.post(
        f"/numbers/{mine}/line",
        data={"title": "", "record": "true"},
        headers=house.headers("administrator@a"),
        allow_redirects=False,
    )
    assert form.status == 303
    listed = await (await client.get("/api/v1/numbers", headers=house.headers("operator@a"))).json()
    assert listed["numbers"][0]["record"] is True
