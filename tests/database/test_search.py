"""The search: groups, rights, numbers as they are typed, pages by words of both languages (PLT-02)."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.features.calls.models import CallAgent, CallRecord
from callcenter.features.contacts import api as contacts
from callcenter.features.search import api, rules
from callcenter.features.search.usecases import _sources
from callcenter.http.permissions import SETTINGS_EDIT
from callcenter.plugin import Services
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


async def find(client: Client, house: House, who: str, q: str, language: str = "ru") -> dict[str, list[dict[str, Any]]]:
    answer = await client.get(
        "/api/v1/search", params={"q": q}, headers=house.headers(who) | {"Accept-Language": language}
    )
    assert answer.status == 200, await answer.text()
    return {group["name"]: group["hits"] for group in (await answer.json())["groups"]}


@pytest.fixture
async def base(services: Services, house: House) -> dict[str, int]:
    """Clients of both businesses, one of them private, and a call."""
    made: dict[str, int] = {}
    operator = house.people["operator@a"]
    for key in ("a", "b"):
        async with services.db.business(house.businesses[key]) as session:
            form = contacts.ClientForm(
                first_name="Иван",
                last_name="Соколов",
                phone="+79123456789",
                organisation="Ромашка",
                email=f"ivan@{key}.ru",
            )
            made[key] = (await contacts.create_client(session, form, NOW)).id
    async with services.db.business(house.businesses["a"]) as session:
        form = contacts.ClientForm(
            first_name="Иван",
            last_name="Тайный",
            access="private",
            responsible_id=house.people["supervisor@a"].membership_id,
        )
        made["private"] = (await contacts.create_client(session, form, NOW)).id
        session.add(
            CallRecord(
                id="1.1",
                direction="in",
                result="answered",
                client_number="+79123456789",
                contact_id=made["a"],
                started_at=NOW,
            )
        )
        await session.flush()
        session.add(CallAgent(call_id="1.1", agent_id=operator.agent_id, talked=True, started_at=NOW))
    return made


@pytest.mark.rule("PLT-02")
@pytest.mark.parametrize("q", ["соко", "СОКОЛОВ", "ван со", "ivan@a", "ро", "Ив"])
async def test_clients_and_organisations_by_any_piece(
    client: Client, house: House, base: dict[str, int], q: str
) -> None:
    found = await find(client, house, "operator@a", q)
    if q != "ро":
        [hit] = found["clients"]
        assert (hit["title"], hit["url"], hit["number"]) == ("Иван Соколов", f"/contacts/{base['a']}", "+79123456789")
    else:
        assert [hit["title"] for hit in found["organisations"]] == ["Ромашка"]


@pytest.mark.rule("PLT-02")
@pytest.mark.parametrize("q", ["9123456789", "8 912 345-67", "+7 (912) 345", "34567"])
async def test_clients_and_calls_by_the_number_as_people_type_it(
    client: Client, house: House, base: dict[str, int], q: str
) -> None:
    found = await find(client, house, "operator@a", q)
    assert [hit["url"] for hit in found["clients"]] == [f"/contacts/{base['a']}"]
    assert [(hit["url"], hit["number"]) for hit in found["calls"]] == [("/calls/1.1", "+79123456789")]


@pytest.mark.rule("PLT-02")
async def test_only_what_one_may_see(client: Client, house: House, base: dict[str, int]) -> None:
    assert "clients" not in await find(client, house, "operator@a", "Тайный")
    assert len((await find(client, house, "supervisor@a", "Тайный"))["clients"]) == 1
    assert [one["url"] for one in (await find(client, house, "operator@b", "иван"))["clients"]] == [
        f"/contacts/{base['b']}"
    ]
    assert "calls" not in await find(client, house, "operator@b", "9123456789")
    guest = await find(client, house, "guest@a", "иван")
    assert not {"clients", "organisations", "calls", "people"} & set(guest)


@pytest.mark.rule("PLT-02")
async def test_employees_and_pages(client: Client, house: House) -> None:
    found = await find(client, house, "operator@a", "operat")
    assert [hit["title"] for hit in found["people"]] == ["Operator A"]
    assert (await find(client, house, "operator@a", "104"))["people"][0]["number"] == "104"
    only = await find(client, house, "operator@a", "*")
    assert set(only) == {"people"}
    # By the words of either language, whichever the reader has.
    for q in ("очеред", "queue", "Очереди"):
        assert "/queues" in [hit["url"] for hit in (await find(client, house, "operator@a", q))["pages"]]
    assert "/audit" in [hit["url"] for hit in (await find(client, house, "owner@a", "журнал"))["pages"]]
    assert "/audit" not in [hit["url"] for hit in (await find(client, house, "operator@a", "журнал")).get("pages", [])]


async def test_other_features_add_their_own_source(client: Client, house: House) -> None:
    async def deals(request: Any, typed: rules.Typed) -> list[api.Hit]:
        return [api.Hit(title=f"Сделка {typed.text}", url="/deals/1")]

    api.add_source(api.Source("deals", "Deals", SETTINGS_EDIT, deals))
    try:
        assert (await find(client, house, "owner@a", "Ремонт"))["deals"][0]["title"] == "Сделка ремонт"
        assert "deals" not in await find(client, house, "operator@a", "Ремонт")
    finally:
        del _sources["deals"]


@pytest.mark.parametrize("q", ["", " ", "%", "_", "'", '"', "\\", "a" * 5000, "٣٤٥", "*", "**", "(", "NEAR("])
async def test_strange_words_are_no_fault(client: Client, house: House, base: dict[str, int], q: str) -> None:
    await find(client, house, "operator@a", q)
