"""Finding and dialling: spam, requests, costs of calls, a number given to a client, the phone book, the start page."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from msgspec.structs import replace
from sqlalchemy import select, update

from callcenter.core.calls import Call
from callcenter.features.accounts.models import AuditEntry, User
from callcenter.features.calls.models import CallRecord, SpamNumber
from callcenter.features.contacts import api as contacts
from callcenter.plugin import Services
from tests.database.test_calls_pages import agent, page, part, rows_of
from tests.support.call_log import AT, CLIENT, agent_leg, answered, call, client_leg, missed, save
from tests.support.house import NOW, PASSWORD, House

Client = TestClient[Any, Any]
OTHER = "+79267710455"


async def post(client: Client, house: House, who: str, path: str, body: Any, status: int = 200) -> Any:
    answer = await client.post(path, json=body, headers=house.headers(who))
    assert answer.status == status, await answer.text()
    return await answer.json() if status in (200, 201) else None


async def ids(client: Client, house: House, query: str, who: str = "supervisor@a") -> list[str]:
    answer = await client.get(f"/api/v1/calls?{query}", headers=house.headers(who))
    assert answer.status == 200, await answer.text()
    return sorted(one["id"] for one in (await answer.json())["calls"])


@pytest.mark.rule("TEL-13")
async def test_calls_are_filtered_by_type_and_spam_leaves_the_other_types(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    await save(
        services.db,
        answered(business, operator, "1.1"),
        missed(business, (operator,), "1.2", from_number=OTHER),
        answered(business, operator, "1.3", direction="out", to_number=CLIENT, from_number="+74950000001"),
        missed(business, (operator,), "1.4", from_number=OTHER, started_at=AT + 60),
    )
    assert await ids(client, house, "kind=in") == ["1.1"]
    assert await ids(client, house, "kind=missed") == ["1.2", "1.4"]
    assert await ids(client, house, "kind=out") == ["1.3"]
    assert await ids(client, house, "kind=spam") == []
    marked = await post(client, house, "operator@a", "/api/v1/calls/1.2/spam", {"spam": True})
    assert marked == {"id": "1.2", "number": OTHER, "spam": True}
    assert await ids(client, house, "kind=missed") == []
    assert await ids(client, house, "kind=spam") == ["1.2", "1.4"]
    assert await ids(client, house, "") == ["1.1", "1.2", "1.3", "1.4"]
    # A call that comes later is spam from its beginning, and the page says so.
    await save(services.db, missed(business, (operator,), "1.5", from_number=OTHER, started_at=AT + 120))
    assert await ids(client, house, "kind=spam") == ["1.2", "1.4", "1.5"]
    assert "Спам" in rows_of(await page(client, house, "supervisor@a", "/calls?kind=spam"))["1.5"]
    answer = await client.get("/api/v1/spam-numbers", headers=house.headers("supervisor@a"))
    assert [one["number"] for one in (await answer.json())["numbers"]] == [OTHER]
    # The other business knows nothing of it; twice is once; taking the mark off brings everything back.
    async with services.db.business(house.businesses["b"]) as session:
        assert list(await session.scalars(select(SpamNumber.number))) == []
    await post(client, house, "operator@a", "/api/v1/calls/1.4/spam", {"spam": True})
    await post(client, house, "operator@a", "/api/v1/calls/1.4/spam", {"spam": False})
    assert await ids(client, house, "kind=missed") == ["1.2", "1.4", "1.5"]
    async with services.db.business(business) as session:
        said = list(await session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("spam.%"))))
    assert said == ["spam.mark", "spam.mark", "spam.unmark"]


async def test_only_outside_numbers_that_one_may_see_can_be_marked(
    client: Client, services: Services, house: House
) -> None:
    business, other = house.businesses["a"], agent(house, "supervisor@a")
    await save(
        services.db,
        answered(business, other, "1.1"),
        call(business, "1.2", direction="internal", from_number="101", to_number="102", result="answered",
             agents=(agent(house, "operator@a"),)),
        missed(business, (agent(house, "operator@a"),), "1.3", from_number=""),
    )  # fmt: skip
    await post(client, house, "operator@a", "/api/v1/calls/1.1/spam", {"spam": True}, 404)
    await post(client, house, "operator@b", "/api/v1/calls/1.1/spam", {"spam": True}, 404)
    await post(client, house, "supervisor@a", "/api/v1/calls/1.2/spam", {"spam": True}, 409)
    await post(client, house, "supervisor@a", "/api/v1/calls/1.3/spam", {"spam": True}, 409)
    answer = await client.get("/api/v1/spam-numbers", headers=house.headers("operator@a"))
    assert answer.status == 403


async def test_requests_are_the_last_call_of_each_number(client: Client, services: Services, house: House) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    await save(
        services.db,
        missed(business, (operator,), "1.1"),
        answered(business, operator, "1.2", started_at=AT + 60),
        answered(business, operator, "1.3", started_at=AT + 30, from_number=OTHER),
        missed(business, (operator,), "1.4", started_at=AT + 90, from_number=OTHER),
        missed(business, (operator,), "1.5", from_number=""),
        call(business, "1.6", direction="internal", from_number="101", to_number="102", result="answered",
             agents=(operator,)),
    )  # fmt: skip
    assert await ids(client, house, "requests=1") == ["1.2", "1.4"]
    # What was missed first and talked about since is no open request; all other filters stay.
    assert await ids(client, house, "requests=1&kind=missed") == ["1.4"]
    assert await ids(client, house, "requests=1&kind=in") == ["1.2"]
    await post(client, house, "operator@a", "/api/v1/calls/1.4/spam", {"spam": True})
    assert await ids(client, house, "requests=1") == ["1.2"]
    text = await page(client, house, "supervisor@a", "/calls?requests=1")
    assert sorted(rows_of(text)) == ["1.2"]
    assert 'aria-checked="true" href="/calls"' in text


def dialled(business: int, operator: int, call_id: str, to: str, seconds: float = 61.0, **more: Any) -> Call:
    """A call out whose client talked for ``seconds``."""
    made = answered(
        business, operator, call_id, direction="out", to_number=to, from_number="+74950000001", talk_seconds=seconds
    )
    talk = {"answered_at": AT + 4, "ended_at": AT + 4 + seconds, "state": "ended"}
    return replace(made, legs=(agent_leg(call_id, operator), client_leg(call_id, address=to, **talk)), **more)


@pytest.mark.rule("TEL-63")
async def test_the_list_shows_what_calls_cost_by_the_prices_of_the_business(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    await save(services.db, dialled(business, operator, "1.1", CLIENT))
    text = await page(client, house, "supervisor@a")
    assert "Стоимость" not in text
    administrator, prices = "administrator@a", "/api/v1/call-prices"
    made = await post(client, house, administrator, prices, {"prefix": "8", "per_minute": "1,85"}, 201)
    assert (made["prefix"], made["per_minute"], made["step"], made["currency"]) == ("+7", "1.85", 60, "RUB")
    await save(services.db, dialled(business, operator, "1.2", CLIENT), answered(business, operator, "1.3"))
    text = await page(client, house, "supervisor@a")
    assert "Стоимость" in text
    assert part(text, "1.2", "cost") == "3,70 ₽"
    assert part(text, "1.1", "cost") == ""
    assert part(text, "1.3", "cost") == ""
    for name in ("Когда", "Сотрудник", "Клиент", "Длительность", "Стоимость"):
        assert f">{name}<" in text
    # Costs are for who sees everybody's calls.
    assert "Стоимость" not in await page(client, house, "operator@a")
    answer = await client.get("/api/v1/calls", headers=house.headers("operator@a"))
    assert {one["cost"] for one in (await answer.json())["calls"]} == {None}
    # A call of the past keeps what it cost.
    answer = await client.put(f"{prices}/{made['id']}", json={"prefix": "+7", "per_minute": "9"},
                              headers=house.headers(administrator))  # fmt: skip
    assert answer.status == 200
    assert part(await page(client, house, "supervisor@a"), "1.2", "cost") == "3,70 ₽"


async def test_wrong_prices_are_refused_with_words_and_nothing_is_lost(client: Client, house: House) -> None:
    who = house.headers("administrator@a")
    form = {"prefix": "звёздочка", "per_minute": "дорого", "step": "60"}
    answer = await client.post("/call-prices", data=form, headers=who)
    text = await answer.text()
    assert answer.status == 422
    assert 'value="звёздочка"' in text
    assert 'value="дорого"' in text
    assert "Напишите начало номера" in text
    assert "Напишите цену" in text
    for body, status in (
        ({"prefix": "+7", "per_minute": "1"}, 201),
        ({"prefix": "8", "per_minute": "2"}, 409),
        ({"prefix": "+7", "per_minute": ""}, 422),
        ({"prefix": "+7", "per_minute": "1", "step": 7}, 422),
        ({"prefix": "+7", "per_minute": "1", "trunk_id": 999}, 422),
    ):
        answer = await client.post("/api/v1/call-prices", json=body, headers=who)
        assert answer.status == status, (body, await answer.text())
    listed = await (await client.get("/api/v1/call-prices", headers=who)).json()
    assert [one["per_minute"] for one in listed["prices"]] == ["1"]
    await client.delete(f"/api/v1/call-prices/{listed['prices'][0]['id']}", headers=who)
    assert (await (await client.get("/api/v1/call-prices", headers=who)).json())["prices"] == []
    assert (await client.get("/call-prices", headers=house.headers("supervisor@a"))).status == 403
    assert (await (await client.get("/api/v1/call-prices", headers=house.headers("administrator@b"))).json()) == {
        "prices": []
    }


async def client_of(services: Services, business: int, **form: Any) -> int:
    async with services.db.business(business) as session:
        return (await contacts.create_client(session, contacts.ClientForm(**form), NOW)).id


async def contact_of(services: Services, business: int, number: str) -> int | None:
    async with services.db.business(business) as session:
        found = await contacts.find_by_number(session, number)
    return found.id if found else None


async def test_the_number_of_a_call_is_given_to_a_client_with_all_its_calls(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    ivan = await client_of(services, business, first_name="Иван", last_name="Соколов", phone="+79120000001")
    await save(services.db, missed(business, (operator,), "1.1"), answered(business, operator, "1.2"))
    number = await contact_of(services, business, CLIENT)
    text = await page(client, house, "operator@a")
    assert f'data-give="{number}"' in text
    assert f'href="/contacts/{number}?tab=create"' in text
    await post(client, house, "operator@a", f"/api/v1/contacts/{ivan}/numbers", {"contact_id": number}, 204)
    assert await contact_of(services, business, CLIENT) == ivan
    async with services.db.business(business) as session:
        assert set(await session.scalars(select(CallRecord.contact_id))) == {ivan}
    assert "Соколов" in rows_of(await page(client, house, "operator@a"))["1.1"]
    # A number that is somebody's stays his; a card of another business is not there.
    anna = await client_of(services, business, first_name="Анна", phone=OTHER)
    await post(client, house, "operator@a", f"/api/v1/contacts/{ivan}/numbers", {"contact_id": anna}, 409)
    await post(client, house, "operator@b", f"/api/v1/contacts/{ivan}/numbers", {"contact_id": anna}, 404)


async def test_a_firm_can_be_given_a_number_too(client: Client, services: Services, house: House) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    answer = await client.post("/api/v1/contacts?kind=organisation", json={"name": "Ромашка"},
                               headers=house.headers("operator@a"))  # fmt: skip
    firm = (await answer.json())["id"]
    await save(services.db, missed(business, (operator,), "1.1"))
    number = await contact_of(services, business, CLIENT)
    await post(client, house, "operator@a", f"/api/v1/contacts/{firm}/numbers", {"contact_id": number}, 204)
    assert await contact_of(services, business, CLIENT) == firm


@pytest.mark.rule("TEL-58")
async def test_the_phone_book_finds_by_a_piece_of_the_name_and_names_every_number(
    client: Client, services: Services, house: House
) -> None:
    business = house.businesses["a"]
    body = {
        "first_name": "Иван",
        "last_name": "Соколов",
        "phones": [{"number": "+79120000001", "kind": "mobile"}, {"number": "+74951112233", "kind": "work"}],
    }
    answer = await client.post("/api/v1/contacts", json=body, headers=house.headers("operator@a"))
    assert answer.status == 201
    await client_of(services, business, first_name="Соколова", last_name="Безномерная")
    await client_of(services, house.businesses["b"], first_name="Соколов", phone="+79120000009")

    async def entries(q: str) -> list[Any]:
        found = await client.get("/api/v1/dial-book", params={"q": q}, headers=house.headers("operator@a"))
        assert found.status == 200
        return list((await found.json())["entries"])

    for q in ("околов", "СОКОЛ", "иван сок", "111-22"):
        found = await entries(q)
        assert [one["phones"] for one in found] == [
            [{"number": "+79120000001", "title": "Мобильный"}, {"number": "+74951112233", "title": "Рабочий"}]
        ], q
    assert await entries("с") == []
    assert await entries("нет такого") == []
    answer = await client.get("/api/v1/countries", headers=house.headers("operator@a"))
    codes = {one["region"]: (one["name"], one["code"]) for one in await answer.json()}
    assert codes["RU"] == ("Россия", "+7")
    assert codes["DE"] == ("Германия", "+49")
    assert len(codes) > 200


@pytest.mark.rule("TEL-66")
async def test_the_work_place_opens_after_sign_in_if_that_is_chosen(
    client: Client, services: Services, house: House
) -> None:
    form = {"email": "operator@a.example", "password": PASSWORD}
    browser = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}

    async def lands(**more: str) -> str:
        client.session.cookie_jar.clear()
        cookie = {"Cookie": f"callcenter_left={more.pop('left')}"} if "left" in more else {}
        answer = await client.post("/sign-in", data=form | more, headers=browser | cookie, allow_redirects=False)
        assert answer.status == 303
        return answer.headers["Location"]

    assert await lands(left="/contacts") == "/"
    await client.patch("/api/v1/me", json={"start_always": False}, headers=house.headers("operator@a"))
    async with services.db.system() as session:
        chosen = await session.execute(select(User.start_always).where(User.id == house.people["operator@a"].user_id))
    assert chosen.scalar_one() is False
    assert await lands(left="%2Fcontacts%2F7") == "/contacts/7"
    assert await lands() == "/"
    assert await lands(left="%2F%2Fevil.example") == "/"
    assert await lands(left="/contacts", next="/calls") == "/calls"
    async with services.db.system() as session:
        await session.execute(update(User).values(start_always=True))
    assert await lands(left="/contacts") == "/"
