"""Duplicates over the API: found, ticked, merged, deleted, told of; on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from callcenter.features.accounts.models import AuditEntry
from callcenter.features.contacts.models import Contact
from callcenter.features.work.usecases.running import office
from callcenter.plugin import Services
from tests.database.test_merging import PHONES, card
from tests.support.house import House

Client = TestClient[Any, Any]


async def ask(
    client: Client, house: House, who: str, method: str, path: str, body: Any = None, status: int = 200
) -> Any:
    answer = await client.request(method, f"/api/v1/duplicates{path}", json=body, headers=house.headers(who))
    assert answer.status == status, await answer.text()
    return await answer.json()


async def find(client: Client, services: Services, house: House, who: str, **settings: Any) -> list[Any]:
    await ask(client, house, who, "POST", "", settings, 202)
    await office(services).idle()
    return list((await ask(client, house, who, "GET", "/groups"))["groups"])


def members(groups: list[Any]) -> list[list[int]]:
    return [sorted(one["contact_id"] for one in group["members"]) for group in groups]


async def make(services: Services, house: House, who: str, *cards: dict[str, Any]) -> list[int]:
    person = house.people[who]
    async with services.db.business(person.business_id) as session:
        return [(await card(session, **{"responsible_id": person.membership_id, **one})).id for one in cards]


@pytest.mark.rule("IMP-24", "IMP-26", "IMP-27", "IMP-29")
async def test_phone_and_email_find_whole_groups_of_one_kind(client: Client, services: Services, house: House) -> None:
    a, b, c, _d, f, g = await make(
        services, house, "operator@a",
        {"name": "А", "name_key": "а", "phones": PHONES[:1]},
        {"name": "Б", "phones": PHONES[:1], "mails": ["x@x.ru"]},
        {"name": "В", "mails": ["x@x.ru"]},
        {"name": "А", "name_key": "аб"},
        {"name": "Ф", "kind": "organisation", "phones": PHONES[:1]},
        {"name": "Г", "kind": "organisation", "phones": PHONES[:1]},
    )  # fmt: skip
    await make(services, house, "operator@a", {"name": "Лицо", "organisation_id": f, "phones": PHONES[:1]})
    await make(services, house, "supervisor@a", {"name": "Чужой", "phones": PHONES[:1]})
    assert members(await find(client, services, house, "operator@a")) == [[a, b, c], [f, g]]
    shown = await client.get("/duplicates", headers=house.headers("operator@a"))
    assert shown.status == 200
    # Red, and in words.
    assert 'class="tone" data-state="missed"' in await shown.text()
    assert members(await find(client, services, house, "operator@a", object="organisation")) == [[f, g]]
    assert members(await find(client, services, house, "operator@a", object="person", criteria=["phone"])) == [[a, b]]
    assert await find(client, services, house, "operator@a", criteria=["name"]) == []
    page = await client.get("/duplicates", headers=house.headers("operator@a"))
    assert page.status == 200


@pytest.mark.rule("IMP-24", "IMP-29")
async def test_whole_names_and_tax_numbers_can_be_compared_as_well(
    client: Client, services: Services, house: House
) -> None:
    a, b, _c, d, e = await make(
        services, house, "operator@a",
        {"name": "Анна Ким", "name_key": "анна ким"},
        {"name": "АННА КИМ", "name_key": "анна ким"},
        {"name": "Анна Кимова", "name_key": "анна кимова"},
        {"name": "Альфа", "name_key": "альфа", "kind": "organisation", "inn": "7707083893"},
        {"name": "Бета", "name_key": "бета", "kind": "organisation", "inn": "7707083893"},
    )  # fmt: skip
    assert members(await find(client, services, house, "operator@a", criteria=["name"])) == [[a, b]]
    assert members(await find(client, services, house, "operator@a", criteria=["inn"])) == [[d, e]]


@pytest.mark.rule("IMP-25")
async def test_operators_search_their_own_only(client: Client, services: Services, house: House) -> None:
    (one,) = await make(services, house, "operator@a", {"name": "А", "phones": PHONES[:1]})
    (two,) = await make(services, house, "supervisor@a", {"name": "Б", "phones": PHONES[:1]})
    assert await find(client, services, house, "operator@a") == []
    await ask(client, house, "operator@a", "POST", "", {"place": "all"}, 403)
    assert members(await find(client, services, house, "supervisor@a", place="all")) == [[one, two]]
    mine = [house.people["operator@a"].membership_id]
    assert await find(client, services, house, "supervisor@a", place="chosen", members=mine) == []
    await ask(client, house, "supervisor@b", "GET", "/groups", status=404)


@pytest.mark.rule("IMP-28", "IMP-31")
async def test_base_is_changed_one_is_unticked_and_the_rest_merged(
    client: Client, services: Services, house: House
) -> None:
    some = {"phones": PHONES[:1]}
    a, b, c = await make(services, house, "operator@a", *({"name": name, **some} for name in "АБВ"))
    (group,) = await find(client, services, house, "operator@a")
    assert [one["contact_id"] for one in group["members"] if one["base"]] == [a]
    assert all(one["chosen"] for one in group["members"])
    row = {one["contact_id"]: one["id"] for one in group["members"]}
    await ask(client, house, "operator@a", "PATCH", f"/members/{row[b]}", {"base": True})
    await ask(client, house, "operator@a", "PATCH", f"/members/{row[c]}", {"chosen": False})
    await ask(client, house, "supervisor@a", "PATCH", f"/members/{row[c]}", {"chosen": False}, 404)
    assert (await ask(client, house, "operator@a", "GET", "/plan"))["cards"] == 1
    assert (await ask(client, house, "operator@a", "GET", "/plan?everything=1"))["cards"] == 2
    await ask(client, house, "operator@a", "POST", "/merge", {}, 202)
    await office(services).idle()
    job = (await ask(client, house, "operator@a", "GET", ""))["search"]["job"]
    assert (job["state"], job["cards"], job["skipped"]) == ("done", 1, 0)
    async with services.db.business(house.businesses["a"]) as session:
        assert sorted(await session.scalars(select(Contact.id))) == [b, c]
        actions = set(await session.scalars(select(AuditEntry.action)))
    assert {"duplicates.merge", "contact.merge"} <= actions


@pytest.mark.rule("IMP-34")
async def test_those_whose_clients_were_merged_are_told_and_only_the_doer_has_them(
    client: Client, services: Services, house: House
) -> None:
    (a,) = await make(services, house, "operator@a", {"name": "Анна", "phones": PHONES[:1]})
    await make(services, house, "supervisor@a", {"name": "Аня", "phones": PHONES[:1]})
    await find(client, services, house, "administrator@a", place="all")
    await ask(client, house, "administrator@a", "POST", "/merge", {}, 202)
    await office(services).idle()
    (told,) = (await ask(client, house, "operator@a", "GET", "/notices"))["notices"]
    assert (told["action"], told["count"], told["cards"]) == ("merge", 1, ["Анна"])
    assert not (await ask(client, house, "administrator@a", "GET", "/notices"))["notices"]
    await ask(client, house, "operator@a", "PUT", "/notices", {})
    assert not (await ask(client, house, "operator@a", "GET", "/notices"))["notices"]
    for who, status in (("operator@a", 404), ("supervisor@a", 404), ("administrator@a", 200)):
        assert (await client.get(f"/api/v1/contacts/{a}", headers=house.headers(who))).status == status


@pytest.mark.rule("IMP-32")
async def test_deletion_leaves_the_base_and_what_changed_meanwhile(
    client: Client, services: Services, house: House
) -> None:
    a, _b, c = await make(services, house, "operator@a", *({"name": n, "phones": PHONES[:1]} for n in "АБВ"))
    await find(client, services, house, "operator@a")
    async with services.db.business(house.businesses["a"]) as session:
        one = await session.get_one(Contact, c)
        one.changed_at = services.clock.now().replace(year=2027)
    await ask(client, house, "operator@a", "POST", "/erase", {"everything": True}, 202)
    await office(services).idle()
    job = (await ask(client, house, "operator@a", "GET", ""))["search"]["job"]
    assert (job["cards"], job["skipped"]) == (1, 1)
    async with services.db.business(house.businesses["a"]) as session:
        assert sorted(await session.scalars(select(Contact.id))) == [a, c]


@pytest.mark.rule("IMP-30")
async def test_the_check_names_what_one_sees_and_counts_the_rest(
    client: Client, services: Services, house: House
) -> None:
    (a,) = await make(services, house, "operator@a", {"name": "Анна", "phones": PHONES[:1]})
    await make(services, house, "supervisor@a", {"name": "Тайна", "phones": PHONES[:1], "access": "private"})
    path = "/check?phone=8 (903) 111-00-01"
    found = await ask(client, house, "operator@a", "GET", path)
    assert [(one["id"], one["by"]) for one in found["cards"]] == [(a, ["phone"])]
    assert found["others"] == 1
    assert (await ask(client, house, "operator@a", "GET", f"{path}&besides={a}"))["cards"] == []
    await ask(client, house, "operator@a", "PUT", "/settings", {"check": False}, 403)
    await ask(client, house, "administrator@a", "PUT", "/settings", {"check": False})
    off = await ask(client, house, "operator@a", "GET", path)
    assert (off["on"], off["cards"], off["others"]) == (False, [], 0)
