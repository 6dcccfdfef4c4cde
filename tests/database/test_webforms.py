"""Clients from sites: forms and addresses of lists, their limits, and that nothing is told to strangers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from callcenter.core.events import MemberNotice
from callcenter.features.accounts.models import AuditEntry
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactConsent,
    ContactEvent,
    ContactList,
    ContactListMember,
    ContactPhone,
    ContactTag,
    Tag,
)
from callcenter.features.webforms.models import WebForm
from callcenter.features.webforms.usecases import receiving
from callcenter.plugin import Services
from tests.support.house import House, sign_in

Client = TestClient[Any, Any]
ELSEWHERE = {"Origin": "https://landing.example", "Sec-Fetch-Site": "cross-site", "Accept-Language": "en"}


async def make_list(services: Services, house: House, token: str | None = "L" * 32) -> int:
    async with services.db.business(house.businesses["a"]) as session:
        row = ContactList(title="Сайт", token=token, created_at=services.clock.now())
        session.add(row)
        await session.flush()
        return row.id


async def make_form(client: Client, house: House, **more: Any) -> dict[str, Any]:
    body = {"title": "Заявка", "fields": ["name", "phone", "email", "comment"], "active": True, **more}
    answer = await client.post("/api/v1/webforms", json=body, headers=house.headers("administrator@a"))
    assert answer.status == 201, await answer.text()
    return dict(await answer.json())


def path(form: dict[str, Any]) -> str:
    return "/forms/" + form["url"].rpartition("/")[2]


async def all_of(services: Services, house: House, kind: Any, key: str = "a") -> list[Any]:
    async with services.db.business(house.businesses[key]) as session:
        return list(await session.scalars(select(kind)))


@pytest.mark.rule("CON-23", "API-02", "CON-49")
async def test_a_form_of_another_site_adds_a_client(client: Client, services: Services, house: House) -> None:
    list_id = await make_list(services, house)
    async with services.db.business(house.businesses["a"]) as session:
        tag = Tag(title="сайт", key="сайт", created_at=services.clock.now())
        session.add(tag)
    responsible = house.people["operator@a"]
    form = await make_form(
        client, house, list_id=list_id, tag_id=tag.id, responsible_id=responsible.membership_id, thanks="Ждите звонка!"
    )
    told: list[MemberNotice] = []
    services.bus.listen(MemberNotice, told.append)
    values = {"name": "Анна Ким", "phone": "8 (912) 345-67-89", "email": "Anna@Firma.RU", "comment": "Перезвоните"}
    answer = await client.post(path(form), data=values, headers=ELSEWHERE)
    assert (answer.status, "Ждите звонка!" in await answer.text()) == (200, True)
    [contact] = await all_of(services, house, Contact)
    assert (contact.name, contact.state, contact.source, contact.number) == ("Анна Ким", "client", "form", 1)
    assert contact.responsible_id == responsible.membership_id
    assert [one.e164 for one in await all_of(services, house, ContactPhone)] == ["+79123456789"]
    assert [one.list_id for one in await all_of(services, house, ContactListMember)] == [list_id]
    assert [one.tag_id for one in await all_of(services, house, ContactTag)] == [tag.id]
    events = {one.kind: one for one in await all_of(services, house, ContactEvent)}
    assert events["form"].text == "Перезвоните"
    assert [(one.membership_id, one.values["name"]) for one in told] == [(responsible.membership_id, "Анна Ким")]
    [row] = await all_of(services, house, WebForm)
    assert row.received == 1
    page = await (await client.get("/webforms", headers=house.headers("administrator@a"))).text()
    assert f'href="/contacts/{contact.id}"' in page


@pytest.mark.rule("CON-23", "API-02")
async def test_a_known_client_is_completed_and_never_overwritten(
    client: Client, services: Services, house: House
) -> None:
    form = await make_form(client, house, fields=["name", "phone", "email", "city"])
    async with services.db.business(house.businesses["a"]) as session:
        known = await contacts.create_client(
            session,
            contacts.ClientForm(first_name="Пётр", phone="+79123456789", email="petr@firma.ru"),
            services.clock.now(),
        )
    # By the number: the city was empty, the name and the e-mail stay.
    await client.post(
        path(form), data={"name": "Хакер", "phone": "+7 912 345 67 89", "email": "x@y.ru", "city": "Пермь"}
    )
    # By the e-mail: a stranger's number does not come onto the card.
    await client.post(path(form), data={"phone": "+79990000000", "email": "PETR@firma.ru", "city": "Тула"})
    phones = await all_of(services, house, ContactPhone)
    # The number of the second one is nobody's, so its e-mail decides.
    assert [one.e164 for one in phones] == ["+79123456789"]
    assert [one.value for one in await all_of(services, house, ContactChannel)] == ["petr@firma.ru"]
    [contact] = await all_of(services, house, Contact)
    assert (contact.id, contact.name, contact.city) == (known.id, "Пётр", "Пермь")
    events = [one for one in await all_of(services, house, ContactEvent) if one.kind == "form"]
    assert [one.data["phone"] for one in events] == ["+7 912 345 67 89", "+79990000000"]


@pytest.mark.rule("CON-49")
async def test_a_number_that_only_called_becomes_a_client(client: Client, services: Services, house: House) -> None:
    form = await make_form(client, house, responsible_id=house.people["operator@a"].membership_id)
    async with services.db.business(house.businesses["a"]) as session:
        brief, _ = await contacts.ensure_contact(session, "+79123456789", services.clock.now())
    await client.post(path(form), data={"name": "Анна Ким", "phone": "89123456789", "email": "a@b.ru"})
    [contact] = await all_of(services, house, Contact)
    assert (contact.id, contact.state, contact.name) == (brief.id, "client", "Анна Ким")
    assert contact.responsible_id == house.people["operator@a"].membership_id
    assert "a@b.ru" in contact.search


@pytest.mark.rule("API-01", "CON-49")
@pytest.mark.parametrize("as_json", [True, False])
async def test_a_program_adds_a_client_by_the_lists_secret_address(
    client: Client, services: Services, house: House, as_json: bool
) -> None:
    list_id = await make_list(services, house, None)
    answer = await client.post(f"/api/v1/webforms/lists/{list_id}", headers=house.headers("owner@a"))
    url = "/api/v1/" + (await answer.json())["url"].partition("/api/v1/")[2]
    values = {"name": "Олег", "phone": "+7 (495) 123-45-67", "strange": "x"}
    answer = await client.post(url, headers=ELSEWHERE, **({"json": values} if as_json else {"data": values}))
    assert (answer.status, await answer.json()) == (201, {"accepted": True})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    [contact] = await all_of(services, house, Contact)
    assert (contact.name, contact.source) == ("Олег", "api")
    [member] = await all_of(services, house, ContactListMember)
    assert (member.list_id, member.contact_id) == (list_id, contact.id)
    assert await all_of(services, house, Contact, "b") == []
    # A second time: the same answer, no second card.
    await client.post(url, json=values)
    assert len(await all_of(services, house, Contact)) == 1
    # The address can be renewed and taken away.
    await client.post(f"/api/v1/webforms/lists/{list_id}", headers=house.headers("owner@a"))
    assert (await client.post(url, json=values)).status == 404
    await client.delete(f"/api/v1/webforms/lists/{list_id}", headers=house.headers("owner@a"))
    assert [one.token for one in await all_of(services, house, ContactList)] == [None]


@pytest.mark.rule("API-01")
async def test_a_browsers_script_may_send_from_any_site(client: Client, services: Services, house: House) -> None:
    await make_list(services, house)
    url = f"/api/v1/lists/{'L' * 32}/clients"
    asked = await client.options(url, headers=ELSEWHERE | {"Access-Control-Request-Method": "POST"})
    assert asked.status == 204
    assert asked.headers["Access-Control-Allow-Methods"] == "POST"
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    for body, field in (({"name": "x"}, "phone"), ({"phone": "12"}, "phone"), ({"email": "nobody"}, "email")):
        answer = await client.post(url, json=body, headers=ELSEWHERE)
        assert answer.status == 422
        assert field in (await answer.json())["error"]["fields"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (await client.post(url, json={"phone": "+79123456789", "comment": "x" * 40_000})).status == 422


async def test_nobody_is_looked_for_behind_an_open_request(client: Client, services: Services, house: House) -> None:
    """A signed-in administrator who is led to another site does nothing in his own name."""
    form = await make_form(client, house)
    await sign_in(client, "administrator@a.example")
    answer = await client.post(path(form), data={"name": "Анна", "phone": "+79123456789"}, headers=ELSEWHERE)
    assert answer.status == 200
    [contact] = await all_of(services, house, Contact)
    assert (contact.created_by, contact.responsible_id) == (None, None)
    # All other routes refuse another site as before.
    answer = await client.post("/api/v1/webforms", json={}, headers=ELSEWHERE)
    assert (answer.status, (await answer.json())["error"]["code"]) == (403, "cross_site")


async def test_strangers_learn_nothing(client: Client, services: Services, house: House) -> None:
    await make_list(services, house)
    form = await make_form(client, house)
    off = await make_form(client, house, active=False)
    for unknown in (path(off), "/forms/" + "x" * 32):
        assert (await client.get(unknown)).status == 404
        assert (await client.post(unknown, data={"phone": "+79123456789"})).status == 404
    assert (await client.post(f"/api/v1/lists/{'x' * 32}/clients", json={"phone": "+79123456789"})).status == 404
    answer = await client.get(path(form))
    text = await answer.text()
    assert answer.status == 200
    assert "<script" not in text
    assert "Business A" not in text
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    assert answer.cookies == {}
    renewed = await client.post(f"/api/v1/webforms/{form['id']}/token", headers=house.headers("owner@a"))
    assert (await renewed.json())["url"] != form["url"]
    assert (await client.get(path(form))).status == 404
    assert (await client.post(f"/api/v1/webforms/{form['id']}/token", headers=house.headers("owner@b"))).status == 404


async def test_robots_are_thanked_and_forgotten(client: Client, services: Services, house: House, clock: Any) -> None:
    form = await make_form(client, house, thanks="Спасибо, ждите")
    trapped = {"name": "Bot", "phone": "+79123456789", "website": "http://spam"}
    assert "Спасибо, ждите" in await (await client.post(path(form), data=trapped)).text()
    assert await all_of(services, house, Contact) == []
    # Our own page knows when it was shown: at once is too soon, and what was typed stays.
    own = {"Sec-Fetch-Site": "same-origin", "Origin": str(client.make_url("")).rstrip("/")}
    page = await (await client.get(path(form))).text()
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found
    values = {"name": "Анна", "phone": "+79123456789", "shown": found[1]}
    answer = await client.post(path(form), data=values, headers=own)
    assert (answer.status, 'value="Анна"' in await answer.text()) == (422, True)
    without = await client.post(path(form), data=values | {"shown": ""}, headers=own)
    assert without.status == 422
    clock.advance(5)
    assert (await client.post(path(form), data=values, headers=own)).status == 200
    assert len(await all_of(services, house, Contact)) == 1


async def test_too_many_are_told_to_wait(client: Client, services: Services, house: House, clock: Any) -> None:
    form = await make_form(client, house)
    statuses = []
    for number in range(12):
        answer = await client.post(path(form), data={"phone": f"+7912345670{number % 10}"})
        statuses.append(answer.status)
    assert statuses[:8] == [200] * 8
    assert statuses[8:] == [429] * 4
    assert int(answer.headers["Retry-After"]) >= 1
    clock.advance(11)
    assert (await client.post(path(form), data={"phone": "+79123456700"})).status == 200
    await make_list(services, house)
    for _ in range(60):
        receiving.gate(services).buckets.take(
            ("api:127.0.0.1", str(receiving.rules.API_ADDRESS)), receiving.rules.API_ADDRESS, clock.epoch()
        )
    answer = await client.post(f"/api/v1/lists/{'L' * 32}/clients", json={"phone": "+79123456700"})
    assert answer.status == 429
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.rule("API-01", "API-02")
@pytest.mark.parametrize("way", ["form", "list"])
async def test_many_senders_together_are_too_many_as_well(
    client: Client, services: Services, house: House, clock: Any, way: str
) -> None:
    form = await make_form(client, house)
    await make_list(services, house)
    token = path(form).rsplit("/", 1)[-1] if way == "form" else "L" * 32
    rate = receiving.rules.FORM_TOTAL if way == "form" else receiving.rules.API_TOTAL
    address = path(form) if way == "form" else f"/api/v1/lists/{token}/clients"
    for _ in range(rate.burst):
        receiving.gate(services).buckets.take((f"{way}:{token}", str(rate)), rate, clock.epoch())
    body = {"data": {"phone": "+79123456700"}} if way == "form" else {"json": {"phone": "+79123456700"}}
    assert (await client.post(address, **body)).status == 429
    clock.advance(60)
    assert (await client.post(address, **body)).status in (200, 201)


@pytest.mark.rule("CON-23")
async def test_a_large_body_is_refused(client: Client, services: Services, house: House) -> None:
    form = await make_form(client, house)
    answer = await client.post(path(form), data={"phone": "+79123456789", "more": "a" * 33_000})
    assert answer.status == 422
    assert "большой объём" in await answer.text()
    assert await all_of(services, house, Contact) == []


async def test_consent_is_asked_for_and_kept(client: Client, services: Services, house: House) -> None:
    form = await make_form(client, house, fields=["phone", "consent"])
    answer = await client.post(path(form), data={"phone": "+79123456789"})
    assert answer.status == 422
    assert await all_of(services, house, Contact) == []
    await client.post(path(form), data={"phone": "+79123456789", "consent": "1"})
    [consent] = await all_of(services, house, ContactConsent)
    assert (consent.kind, consent.given, consent.source) == ("data", True, "Заявка")


@pytest.mark.rule("CON-23")
@pytest.mark.parametrize("who", ["supervisor@a", "operator@a", "guest@a"])
async def test_only_administrators_make_forms(client: Client, house: House, who: str) -> None:
    body = {"title": "x", "fields": ["phone"]}
    assert (await client.post("/api/v1/webforms", json=body, headers=house.headers(who))).status == 403
    assert (await client.get("/webforms", headers=house.headers(who))).status == 403


@pytest.mark.rule("CON-23")
async def test_the_page_gives_a_form_to_paste(client: Client, services: Services, house: House) -> None:
    headers = house.headers("administrator@a") | {"Accept-Language": "en"}
    bad = await client.post("/webforms", data={"title": "Заявка", "fields": "name", "thanks": "Ура"}, headers=headers)
    text = await bad.text()
    assert (bad.status, 'value="Ура"' in text, 'value="Заявка"' in text) == (422, True, True)
    made = await client.post(
        "/webforms",
        data={"title": 'A"><script>', "fields": ["name", "phone"], "active": "true", "responsible_id": ""},
        headers=headers,
        allow_redirects=False,
    )
    assert made.status == 303
    page = await (await client.get(made.headers["Location"], headers=headers)).text()
    assert "&lt;form action=&#34;http" in page
    assert 'A"><script>' not in page
    form_id = made.headers["Location"].rpartition("=")[2]
    await client.post(f"/webforms/{form_id}/delete", data={}, headers=headers)
    async with services.db.business(house.businesses["a"]) as session:
        assert await session.scalar(select(func.count()).select_from(WebForm)) == 0
        actions = list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["webform.create", "webform.delete"]
