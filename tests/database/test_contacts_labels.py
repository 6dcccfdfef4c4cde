"""Tags and lists over HTTP, with the rights of each role."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from callcenter.features.accounts.models import AuditEntry
from callcenter.features.contacts.models import Contact, ContactListMember, ContactTag
from callcenter.features.contacts.usecases import labels
from callcenter.features.work import api as work
from callcenter.plugin import Services
from tests.support.clients import make_clients
from tests.support.house import House

Client = TestClient[Any, Any]


class Desk:
    """Requests of one person."""

    def __init__(self, client: Client, house: House, who: str) -> None:
        self.client, self.headers, self.me = client, house.headers(who), house.people[who].membership_id

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = await self.client.request(method, f"/api/v1{path}", json=body, headers=self.headers)
        text = await answer.text()
        assert answer.status == status, text
        return await answer.json()

    async def titles(self, query: str = "") -> list[str]:
        return [one["title"] for one in (await self.ask("GET", f"/tags{query}"))["tags"]]

    async def on(self, contact_id: int) -> list[str]:
        return [one["title"] for one in (await self.ask("GET", f"/contacts/{contact_id}/tags"))["tags"]]

    async def put(self, contact_id: int, title: str, status: int = 201) -> Any:
        return await self.ask("POST", f"/contacts/{contact_id}/tags", {"title": title}, status)


def desks(client: Client, house: House) -> tuple[Desk, Desk, Desk]:
    return (
        Desk(client, house, "operator@a"),
        Desk(client, house, "supervisor@a"),
        Desk(client, house, "administrator@a"),
    )


@pytest.mark.rule("CON-17", "CON-33")
async def test_a_card_gets_a_new_tag_and_one_that_is_there(client: Client, services: Services, house: House) -> None:
    operator, _, _ = desks(client, house)
    one, two = await make_clients(services.db, house.businesses["a"], 2, responsible_id=operator.me)
    made = await operator.put(one, " Важный ")
    assert [tag["title"] for tag in made["tags"]] == ["Важный"]
    choices = (await operator.ask("GET", f"/contacts/{two}/tags"))["choices"]
    assert [tag["title"] for tag in choices] == ["Важный"]
    await operator.ask("POST", f"/contacts/{two}/tags", {"tag_id": choices[0]["id"]}, 201)
    await operator.put(two, "важный")
    assert await operator.on(two) == ["Важный"]
    listed = (await operator.ask("GET", "/tags"))["tags"]
    assert [(tag["title"], tag["contacts"]) for tag in listed] == [("Важный", 2)]
    left = await operator.ask("DELETE", f"/contacts/{one}/tags/{listed[0]['id']}")
    assert left["tags"] == []
    assert await operator.on(two) == ["Важный"]
    await operator.put(one, "", 422)
    await operator.put(one, "x" * 61, 422)


@pytest.mark.rule("CON-33")
async def test_a_deleted_tag_is_off_all_clients(client: Client, services: Services, house: House) -> None:
    operator, _, _ = desks(client, house)
    ids = await make_clients(services.db, house.businesses["a"], 3, responsible_id=operator.me)
    for one in ids:
        await operator.put(one, "Осень")
    tag = (await operator.ask("GET", "/tags"))["tags"][0]
    assert await operator.ask("DELETE", f"/tags/{tag['id']}") == {"contacts": 3, "job": None}
    for one in ids:
        assert await operator.on(one) == []
    async with services.db.business(house.businesses["a"]) as session:
        audit = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "tag.delete"))).one()
        assert audit.detail == {"title": "Осень", "contacts": 3}
        assert await session.scalar(select(func.count()).select_from(Contact)) == 3


@pytest.mark.rule("CON-33")
async def test_a_tag_of_many_clients_is_deleted_in_the_background(
    services: Services, client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, _, _ = desks(client, house)
    monkeypatch.setattr(labels, "AT_ONCE", 2)
    monkeypatch.setattr(labels, "PORTION", 2)
    for one in await make_clients(services.db, house.businesses["a"], 5, responsible_id=operator.me):
        await operator.put(one, "Осень")
    tag = (await operator.ask("GET", "/tags"))["tags"][0]
    done = await operator.ask("DELETE", f"/tags/{tag['id']}")
    assert done["contacts"] == 5
    await work.office(services).idle()
    job = await operator.ask("GET", f"/work/{done['job']}")
    assert (job["state"], job["notes"]) == ("done", ["Снято с клиентов: 5"])
    assert await operator.titles() == []


@pytest.mark.rule("CON-34", "CON-35")
async def test_an_administrator_sees_his_own_tags_and_picks_an_employee(
    client: Client, services: Services, house: House
) -> None:
    operator, _, administrator = desks(client, house)
    (one,) = await make_clients(services.db, house.businesses["a"], 1, responsible_id=operator.me)
    await operator.put(one, "Личный")
    await administrator.ask("POST", "/tags", {"title": "Общий"}, 201)
    assert await administrator.titles() == ["Общий"]
    assert await administrator.titles(f"?member={operator.me}") == ["Личный"]
    page = await (await client.get(f"/contacts/tags?member={operator.me}", headers=administrator.headers)).text()
    assert "Личный" in page
    assert "data-label-delete" not in page
    assert await operator.titles(f"?member={administrator.me}") == ["Личный"], "operators cannot pick"
    tag = (await administrator.ask("GET", f"/tags?member={operator.me}"))["tags"][0]
    assert tag["may_delete"] is False
    await administrator.ask("DELETE", f"/tags/{tag['id']}", status=403)
    await administrator.ask("PUT", f"/tags/{tag['id']}", {"title": "x"}, 403)
    choice = {"action": "tag_remove", "ids": [one], "params": {"tag_id": tag["id"]}}
    await administrator.ask("POST", "/contacts/bulk", choice, 403)
    assert await operator.on(one) == ["Личный"]
    assert (await administrator.ask("DELETE", f"/contacts/{one}/tags/{tag['id']}"))["tags"] == []


@pytest.mark.rule("CON-36")
async def test_an_operator_manages_the_tags_of_his_own_clients(
    client: Client, services: Services, house: House
) -> None:
    operator, supervisor, administrator = desks(client, house)
    (mine,) = await make_clients(services.db, house.businesses["a"], 1, responsible_id=operator.me)
    (other,) = await make_clients(services.db, house.businesses["a"], 1, responsible_id=supervisor.me, access="write")
    await administrator.put(mine, "Старший")
    await supervisor.put(other, "Чужой")
    assert await operator.titles() == ["Старший"], "an administrator added it to his client"
    assert await operator.on(other) == []
    await operator.put(other, "Мой", 403)
    stranger = (await supervisor.ask("GET", f"/contacts/{other}/tags"))["tags"][0]["id"]
    await operator.ask("DELETE", f"/contacts/{other}/tags/{stranger}", status=403)
    await operator.ask("POST", f"/contacts/{mine}/tags", {"tag_id": stranger}, 404)
    async with services.db.business(house.businesses["a"]) as session:
        (await session.get_one(Contact, other)).responsible_id = operator.me
    assert await operator.titles() == ["Старший", "Чужой"], "the client was transferred to him with it"
    assert await operator.on(other) == ["Чужой"]
    assert (await operator.ask("DELETE", f"/contacts/{other}/tags/{stranger}"))["tags"] == []
    await operator.put(other, "Мой")


async def test_titles_are_ones_own_and_once(client: Client, house: House) -> None:
    operator, supervisor, _ = desks(client, house)
    made = await operator.ask("POST", "/tags", {"title": "Осень"}, 201)
    await operator.ask("POST", "/tags", {"title": "ОСЕНЬ"}, 422)
    await supervisor.ask("POST", "/tags", {"title": "Осень"}, 201)
    second = await operator.ask("POST", "/tags", {"title": "Весна"}, 201)
    await operator.ask("PUT", f"/tags/{second['id']}", {"title": "осень"}, 422)
    assert (await operator.ask("PUT", f"/tags/{made['id']}", {"title": "Осень 2026"}))["title"] == "Осень 2026"


@pytest.mark.rule("CON-09")
async def test_a_client_is_in_several_lists_and_lists_leave_clients_alone(
    client: Client, services: Services, house: House
) -> None:
    operator, supervisor, _ = desks(client, house)
    ids = await make_clients(services.db, house.businesses["a"], 3, responsible_id=operator.me)
    one = await supervisor.ask("POST", "/lists", {"title": "Обзвон"}, 201)
    two = await supervisor.ask("POST", "/lists", {"title": "Письма"}, 201)
    await supervisor.ask("POST", "/lists", {"title": "обзвон"}, 422)
    for found in (one, two):
        choice = {"action": "list_add", "ids": ids[:2], "params": {"list_id": found["id"]}}
        await operator.ask("POST", "/contacts/bulk", choice, 201)
    await work.office(services).idle()
    assert [(x["title"], x["contacts"]) for x in (await operator.ask("GET", "/lists"))["lists"]] == [
        ("Обзвон", 2),
        ("Письма", 2),
    ]
    renamed = await supervisor.ask("PUT", f"/lists/{two['id']}", {"title": "Рассылка"})
    assert (renamed["title"], renamed["contacts"]) == ("Рассылка", 2)
    for method, body in (("DELETE", None), ("PUT", {"title": "x"})):
        await operator.ask(method, f"/lists/{one['id']}", body, 403)
    assert (await supervisor.ask("DELETE", f"/lists/{one['id']}"))["contacts"] == 2
    async with services.db.business(house.businesses["a"]) as session:
        assert await session.scalar(select(func.count()).select_from(Contact)) == 3
        assert await session.scalar(select(func.count()).select_from(ContactListMember)) == 2
        assert await session.scalar(select(func.count()).select_from(ContactTag)) == 0
    assert "Рассылка" in await (await client.get("/contacts/lists", headers=operator.headers)).text()
