"""The lists of clients and organisations: filters, columns, order, pages, saved views, and whom they show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import delete, select

from callcenter.features.contacts.models import (
    Contact,
    ContactField,
    ContactList,
    ContactListMember,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.queries import filtering, lists
from callcenter.features.contacts.queries.filtering import Selection
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.usecases import keeping
from callcenter.features.contacts.usecases.forms import ClientForm
from callcenter.plugin import Services
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
PEOPLE = (
    ("Анна", "Ким", "f", "Тверь", "+79160000001", "anna@firma.ru", "окна"),
    ("Борис", "Иванов", "m", "Москва", "+79160000002", "", "балкон"),
    ("Вера", "Иванова", "f", "тверь", "", "vera@firma.ru", "окна"),
    ("Глеб", "Орлов", "m", "", "+79160000004", "", ""),
)


@pytest.fixture
async def people(services: Services, house: House) -> dict[str, int]:
    """Four clients of business A: ids by first name; an organisation; a tag, a list and an own number field."""
    found: dict[str, int] = {}
    async with services.db.business(house.businesses["a"]) as session:
        tags = {one: Tag(title=one, key=one, created_at=NOW) for one in ("окна", "балкон")}
        some = ContactList(title="Осень", created_at=NOW)
        field = ContactField(entity="person", title="Площадь", type="number", created_at=NOW)
        session.add_all([*tags.values(), some, field])
        await session.flush()
        for place, (first, last, sex, city, phone, email, tag) in enumerate(PEOPLE):
            form = ClientForm(first_name=first, last_name=last, sex=sex, city=city, phone=phone, email=email)
            one = await keeping.create(session, form, NOW)
            found[first] = one.id
            if tag:
                session.add(ContactTag(contact_id=one.id, tag_id=tags[tag].id))
            amount = 10.0 * (place + 1)
            session.add(
                ContactValue(contact_id=one.id, field_id=field.id, text=str(amount), key=str(amount), amount=amount)
            )
        session.add(ContactListMember(list_id=some.id, contact_id=found["Борис"]))
        firm = await keeping.create(session, ClientForm(name="ООО «Лес»", inn="7701234567"), NOW, kind="organisation")
        nested = await session.get_one(Contact, found["Анна"])
        nested.organisation_id, nested.organisation = firm.id, firm.name
        found |= {"tag": tags["окна"].id, "list": some.id, "field": field.id, "firm": firm.id}
    return found


async def ask(client: Client, house: House, who: str = "supervisor@a", path: str = "contacts", **query: Any) -> Any:
    where = query.pop("where", None)
    if where is not None:
        query["where"] = json.dumps(where)
    answer = await client.get(f"/api/v1/{path}", params=query, headers=house.headers(who))
    return await answer.json()


async def names(client: Client, house: House, **query: Any) -> list[str]:
    found = await ask(client, house, **{"sort": "name", **query})
    return [row["name"].split()[0] for row in found["rows"]]


def rule(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


@pytest.mark.rule("CON-10")
@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        (rule("city", "equals", "ТВЕРЬ"), ["Анна", "Вера"]),
        (rule("city", "not_equals", "Тверь"), ["Борис", "Глеб"]),
        (rule("city", "empty"), ["Глеб"]),
        (rule("last_name", "contains", "иван"), ["Борис", "Вера"]),
        (rule("last_name", "begins", "Ор"), ["Глеб"]),
        (rule("phone", "contains", "916 000-00-02"), ["Борис"]),
        (rule("phone", "filled"), ["Анна", "Борис", "Глеб"]),
        (rule("email", "contains", "ANNA"), ["Анна"]),
        ({"join": "and", "items": [rule("sex", "in", ["f"]), rule("has_phone", "no")]}, ["Вера"]),
        ({"join": "or", "items": [rule("city", "equals", "Москва"), rule("city", "empty")]}, ["Борис", "Глеб"]),
        (
            {
                "join": "and",
                "items": [
                    rule("sex", "in", ["m"]),
                    {"join": "or", "items": [rule("city", "equals", "Москва"), rule("last_name", "equals", "Орлов")]},
                ],
            },
            ["Борис", "Глеб"],
        ),
        ({"join": "and", "items": []}, ["Анна", "Борис", "Вера", "Глеб"]),
    ],
)
async def test_conditions_are_joined(
    client: Client, house: House, people: dict[str, int], where: dict[str, Any], wanted: list[str]
) -> None:
    assert await names(client, house, where=where) == wanted


@pytest.mark.rule("CON-10")
async def test_own_fields_tags_and_lists_are_conditions_too(
    client: Client, house: House, people: dict[str, int]
) -> None:
    own = f"f{people['field']}"
    assert await names(client, house, where=rule(own, "greater", "20")) == ["Вера", "Глеб"]
    assert await names(client, house, where=rule(own, "between", ["10", "20"])) == ["Анна", "Борис"]
    assert await names(client, house, where=rule("tags", "in", [people["tag"]])) == ["Анна", "Вера"]
    assert await names(client, house, where=rule("tags", "empty")) == ["Глеб"]
    assert await names(client, house, where=rule("lists", "not_in", [people["list"]])) == ["Анна", "Вера", "Глеб"]


@pytest.mark.parametrize(
    "where",
    ["{", "[]", "7", '{"field": "city"}', '{"field": "no", "op": "equals", "value": "x"}', '{"join": "xor"}',
     '{"field": "city", "op": "greater", "value": "x"}', '{"field": "city", "op": "equals", "value": ""}',
     json.dumps({"items": [{"items": [{"items": [{"items": [{"items": [{"items": []}]}]}]}]}]}),
     json.dumps({"items": [rule("city", "empty")] * 51})],
)  # fmt: skip
async def test_a_filter_that_cannot_be_read_is_refused_in_words(
    client: Client, house: House, people: dict[str, int], where: str
) -> None:
    answer = await client.get("/api/v1/contacts", params={"where": where}, headers=house.headers("supervisor@a"))
    assert answer.status == 422
    page = await client.get("/contacts", params={"where": where}, headers=house.headers("supervisor@a"))
    assert (page.status, "data-error" in await page.text()) == (200, True)


@pytest.mark.rule("CON-40")
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("иванов", ["Борис", "Вера"]), ("ИВАНОВА", ["Вера"]), ("000-00-04", ["Глеб"]), ("8 (916) 000-00-01", ["Анна"]),
     ("vera@", ["Вера"]), ("50%_", []), ("ки", ["Анна"])],
)  # fmt: skip
async def test_search_by_name_phone_or_e_mail(
    client: Client, house: House, people: dict[str, int], typed: str, wanted: list[str]
) -> None:
    assert await names(client, house, q=typed) == wanted


@pytest.mark.rule("CON-41")
async def test_quick_filters(client: Client, house: House, people: dict[str, int]) -> None:
    assert await names(client, house, sex="f") == ["Анна", "Вера"]
    assert await names(client, house, phone="no") == ["Вера"]
    assert await names(client, house, email="yes") == ["Анна", "Вера"]
    assert await names(client, house, tag=people["tag"], phone="yes") == ["Анна"]


@pytest.mark.rule("CON-09", "CON-51")
async def test_a_list_and_the_archive(client: Client, services: Services, house: House, people: dict[str, int]) -> None:
    assert await names(client, house, list=people["list"]) == ["Борис"]
    url = f"/api/v1/contacts/{people['Глеб']}/archive"
    assert (await client.post(url, headers=house.headers("administrator@a"))).status < 300
    assert await names(client, house) == ["Анна", "Борис", "Вера"]
    assert await names(client, house, state="archive") == ["Глеб"]


@pytest.mark.rule("CON-07", "CON-38")
async def test_columns_are_chosen_at_most_six(client: Client, house: House, people: dict[str, int]) -> None:
    own = f"f{people['field']}"
    wanted = f"email,position,city:300,{own},tags,name,phone,inn"
    found = await ask(client, house, cols=wanted, sort="name")
    cells = found["rows"][0]["cells"]
    assert set(cells) == {"email", "position", "city", own, "tags", "name"}
    assert (cells["email"], cells["city"], cells[own], cells["tags"]) == ("anna@firma.ru", "Тверь", "10.0", "окна")
    page = await client.get("/contacts", params={"cols": wanted}, headers=house.headers("supervisor@a"))
    text = await page.text()
    shown = [part.split('"')[0] for part in text.split('data-column="')[1:]]
    assert shown == ["email", "position", "city", own, "tags", "name"]
    assert "width: 300px" in text
    nonsense = await ask(client, house, cols="drop table,,f999,name:99999")
    assert set(nonsense["rows"][0]["cells"]) == {"name"}


@pytest.mark.rule("CON-06")
async def test_the_organisations_list(client: Client, house: House, people: dict[str, int]) -> None:
    found = await ask(client, house, path="organisations")
    (row,) = found["rows"]
    assert row["cells"] == {"name": "ООО «Лес»", "inn": "7701234567", "people": "1"}


@pytest.mark.rule("CON-08", "CON-39")
async def test_pages_and_running_numbers(client: Client, house: House, people: dict[str, int]) -> None:
    first = await ask(client, house, sort="number", per_page=3)
    assert ([row["number"] for row in first["rows"]], first["total"], first["pages"]) == ([1, 2, 3], 4, 2)
    second = await ask(client, house, sort="number", per_page=3, page=2)
    assert [row["number"] for row in second["rows"]] == [4]
    assert [row["number"] for row in (await ask(client, house, per_page=3, page=99))["rows"]] == [1]

    async def rows(per_page: int) -> str:
        answer = await client.get(
            "/contacts", params={"all": 1}, headers=house.headers("supervisor@a"),
            cookies={"callcenter_rows": str(per_page)},
        )  # fmt: skip
        return await answer.text()

    page = await rows(3)
    assert page.count("data-client=") == 3
    assert "Всего: 4" in page
    assert "1 из 2 стр." in page
    assert "адаптивно" in page
    assert 'data-rows="30"' in await rows(500)


@pytest.mark.parametrize("key", ["name", "city", "birth_date", "created", "last_call", "own"])
async def test_every_order_shows_everybody_once(client: Client, house: House, people: dict[str, int], key: str) -> None:
    sort = f"f{people['field']}" if key == "own" else key
    for direction in (sort, f"-{sort}"):
        seen = []
        for page in (1, 2, 3, 4):
            found = await ask(client, house, sort=direction, per_page=1, page=page)
            seen += [row["name"] for row in found["rows"]]
        assert sorted(seen) == sorted(f"{first} {last}" for first, last, *_ in PEOPLE), direction
    values = [row["name"].split()[0] for row in (await ask(client, house, sort="-name"))["rows"]]
    assert values == ["Глеб", "Вера", "Борис", "Анна"]


async def test_a_new_client_is_counted_at_once(
    client: Client, services: Services, house: House, people: dict[str, int]
) -> None:
    assert (await ask(client, house))["total"] == 4
    body = {"first_name": "Дина", "last_name": "Юн"}
    assert (await client.post("/api/v1/contacts", json=body, headers=house.headers("supervisor@a"))).status == 201
    assert (await ask(client, house))["total"] == 5


@pytest.mark.rule("CON-37", "CON-53")
async def test_the_list_shows_whom_one_may_see(
    client: Client, services: Services, house: House, people: dict[str, int]
) -> None:
    mine = house.people["operator@a"].membership_id
    async with services.db.business(house.businesses["a"]) as session:
        anna = await session.get_one(Contact, people["Анна"])
        anna.responsible_id = mine
        for name in ("Борис", "Вера", "Глеб"):
            (await session.get_one(Contact, people[name])).responsible_id = house.people["owner@a"].membership_id
        (await session.get_one(Contact, people["Вера"])).access = "private"
    assert await names(client, house, who="supervisor@a") == ["Анна", "Борис", "Глеб"]
    assert await names(client, house, who="administrator@a") == ["Анна", "Борис", "Вера", "Глеб"]
    answer = await client.put("/api/v1/contacts/access", json={"mode": "own"}, headers=house.headers("administrator@a"))
    assert answer.status == 200, await answer.text()
    assert await names(client, house, who="operator@a") == ["Анна"]
    assert await names(client, house, who="supervisor@b") == []


async def test_a_selection_of_everything_is_what_the_list_shows(
    services: Services, house: House, people: dict[str, int]
) -> None:
    chosen = Selection(everything=True, filter={"where": rule("city", "equals", "тверь"), "quick": []})
    async with services.db.business(house.businesses["a"]) as session:
        where = await filtering.selected(session, Viewer(1, everything=True, private=True), chosen)
        found = set(await session.scalars(filtering.select(Contact.id).where(where)))
    assert found == {people["Анна"], people["Вера"]}


@pytest.mark.rule("PLT-03")
async def test_views_are_saved_shared_renamed_and_deleted(client: Client, house: House, people: dict[str, int]) -> None:
    async def views(who: str) -> list[str]:
        answer = await client.get("/api/v1/views?page=contacts", headers=house.headers(who))
        return [view["title"] for view in (await answer.json())["views"]]

    boss, operator = house.headers("supervisor@a"), house.headers("operator@a")
    form = {"page": "contacts", "title": "Тверь", "state": {"q": "тверь"}}
    mine = await (await client.post("/api/v1/views", json=form, headers=boss)).json()
    assert (await views("supervisor@a"), await views("operator@a")) == (["Тверь"], [])
    answer = await client.patch(f"/api/v1/views/{mine['id']}", json={"shared": True, "title": "Наши"}, headers=boss)
    assert answer.status == 200
    assert (await views("operator@a"), await views("supervisor@b")) == (["Наши"], [])
    assert (await client.patch(f"/api/v1/views/{mine['id']}", json={"title": "x"}, headers=operator)).status == 403
    assert (await client.delete(f"/api/v1/views/{mine['id']}", headers=operator)).status == 403
    assert (await client.post("/api/v1/views", json=form | {"shared": True}, headers=operator)).status == 403
    assert (await client.post("/api/v1/views", json=form | {"title": " "}, headers=operator)).status == 422
    assert (await client.delete(f"/api/v1/views/{mine['id']}", headers=boss)).status == 200
    assert await views("operator@a") == []


@pytest.mark.rule("PLT-03")
async def test_a_list_opens_as_it_was_left(client: Client, house: House, people: dict[str, int]) -> None:
    headers = house.headers("supervisor@a")
    await client.get("/contacts", params={"q": "иванов", "cols": "name,city"}, headers=headers)
    page = await (await client.get("/contacts", headers=headers)).text()
    assert page.count("data-client=") == 2
    assert 'data-column="city"' in page
    other = await (await client.get("/contacts", headers=house.headers("operator@a"))).text()
    assert other.count("data-client=") == 4


async def test_how_many_a_look_up_finds_is_remembered(services: Services, house: House) -> None:
    now = [0.0]
    sizes = lists.Sizes(lambda: now[0])
    async with services.db.business(house.businesses["a"]) as session:
        session.add_all(Contact(name_key=f"n{n}", created_at=NOW) for n in range(5))
        await session.flush()
        look_up = filtering.Narrowing((select(Contact.id).where(Contact.name_key.like("n%")),))
        assert [await sizes.at_most(session, b"n", look_up, limit) for limit in (2, 1, 4, 9, 5, 2)] == [
            3,
            2,
            5,
            5,
            5,
            3,
        ]
        await session.execute(delete(Contact).where(Contact.name_key == "n0"))
        # Still what it was; another look-up is counted by itself, and some minutes later everything anew.
        assert await sizes.at_most(session, b"n", look_up, 9) == 5
        assert await sizes.at_most(session, b"other", look_up, 9) == 4
        now[0] = lists.REMEMBERED + 1
        assert await sizes.at_most(session, b"n", look_up, 9) == 4
