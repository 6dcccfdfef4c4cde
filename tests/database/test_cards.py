"""The card of a person and of an organisation: made, changed, seen, archived, deleted."""

from __future__ import annotations

import io
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from PIL import Image

from callcenter.core.events import MemberNotice
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.usecases import registry
from callcenter.plugin import Services
from tests.support.house import NOW, House

pytestmark = pytest.mark.database
Client = TestClient[Any, Any]


class Cards:
    """The API of the cards for one person."""

    def __init__(self, client: Client, house: House, who: str = "operator@a") -> None:
        self.client, self.house, self.headers = client, house, house.headers(who)
        self.me = house.people[who].membership_id

    def __call__(self, who: str) -> Cards:
        return Cards(self.client, self.house, who)

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = await self.client.request(method, f"/api/v1/contacts{path}", json=body, headers=self.headers)
        assert answer.status == status, await answer.text()
        return await answer.json() if answer.status != 204 else None

    async def person(self, **form: Any) -> dict[str, Any]:
        form = {"first_name": "Ирина", "last_name": "Лаптева"} | form
        found: dict[str, Any] = await self.ask("POST", "", form, 201)
        return found

    async def organisation(self, **form: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.ask("POST", "?kind=organisation", {"name": "Окна"} | form, 201)
        return found

    async def history(self, card: int, kind: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.ask("GET", f"/{card}/history?kind={kind}"))["entries"]
        return found

    async def upload(self, method: str, path: str, name: str, raw: bytes) -> Any:
        form = FormData(quote_fields=False)
        form.add_field("file", raw, filename=name)
        return await self.client.request(method, f"/api/v1/contacts{path}", data=form, headers=self.headers)


@pytest.fixture
def cards(client: Client, house: House) -> Cards:
    return Cards(client, house)


@pytest.fixture
def notices(services: Services) -> list[MemberNotice]:
    heard: list[MemberNotice] = []
    services.bus.listen(MemberNotice, heard.append)
    return heard


def picture(width: int, height: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(made, "PNG")
    return made.getvalue()


@pytest.mark.rule("CON-01", "CON-15", "CON-16", "CON-48", "CON-50")
async def test_a_card_holds_all_base_fields_own_fields_and_several_channels(cards: Cards) -> None:
    admin = cards("administrator@a")
    layout = await admin.ask("GET", "/fields")
    own = [{"title": "Договор"}, {"title": "Сумма", "type": "number"}, {"title": "Окончание", "type": "date"}]
    own.append({"title": "Пакет", "type": "list", "options": ["Малый", "Большой"]})
    form = [{"key": one["key"]} for one in layout] + own
    saved = await admin.ask("PUT", "/fields", {"fields": form})
    ids = {one["title"]: str(one["id"]) for one in saved if one["id"]}
    made = await cards.person(
        phones=[{"number": "8 903 118-27-40", "kind": "mobile"}, {"number": "+49 30 901820", "kind": "work"}],
        channels=[{"kind": "email", "value": "i@example.ru"}, {"kind": "telegram", "value": "@irina"}],
        organisation="Окна", position="Директор", address="ул. Береговая, 18", description="Ждёт замера",
        currency="usd", birth_date="1990-02-28",
        values={ids["Договор"]: "А-1", ids["Сумма"]: "1 200,5", ids["Окончание"]: "31.12.2026", ids["Пакет"]: "Малый"},
    )  # fmt: skip
    card = await cards.ask("GET", f"/{made['id']}")
    assert card == made
    assert (card["organisation"], card["address"], card["currency"]) == ("Окна", "ул. Береговая, 18", "USD")
    assert [(one["e164"], one["kind"]) for one in card["phones"]] == [
        ("+79031182740", "mobile"),
        ("+4930901820", "work"),
    ]
    assert card["values"][ids["Окончание"]] == "2026-12-31"
    changed = await cards.ask("PATCH", f"/{made['id']}", {"channels": [{"kind": "telegram", "value": "@irina"}]})
    assert [one["kind"] for one in changed["channels"]] == ["telegram"]
    wrong = {ids["Сумма"]: "много", ids["Пакет"]: "Средний", ids["Окончание"]: "32.01.2026"}
    bad = await cards.ask("PATCH", f"/{made['id']}", {"values": wrong}, 422)
    assert set(bad["error"]["fields"]) == {f"values.{key}" for key in wrong}
    of_all = await admin.person(first_name="Общий", responsible_id=None)
    assert of_all["responsible_id"] is None
    assert (await cards.ask("PATCH", f"/{of_all['id']}", {"position": "Снабженец"}))["position"] == "Снабженец"


@pytest.mark.rule("CON-02", "CON-03", "CON-04")
async def test_fields_are_arranged_hidden_and_deleted_by_administrators_only(cards: Cards) -> None:
    admin = cards("administrator@a")
    await cards.ask("PUT", "/fields", {"fields": []}, 403)
    for kind, fixed in (("person", ["first_name"]), ("organisation", ["name", "inn"])):
        keys = [one["key"] for one in await admin.ask("GET", f"/fields?kind={kind}")]
        turned = [{"key": one, "hidden": True, "title": "Другое"} for one in reversed(keys)]
        saved = await admin.ask("PUT", f"/fields?kind={kind}", {"fields": [*turned, {"title": "Своё", "hidden": True}]})
        assert [one["key"] for one in saved] == [*reversed(keys), ""]
        assert [one["key"] for one in saved if not one["hidden"]] == list(reversed(fixed))
        assert not any(one["title"] == "Другое" for one in saved)
        base = [{"key": one["key"]} for one in saved if one["key"]]
        assert len(await admin.ask("PUT", f"/fields?kind={kind}", {"fields": base})) == len(saved), "nothing is lost"
        own = saved[-1]["id"]
        left = await admin.ask("PUT", f"/fields?kind={kind}", {"fields": base, "deleted": [own]})
        assert own not in [one["id"] for one in left]
    await admin.ask("PUT", "/fields", {"fields": [], "deleted": [987654]}, 422)


@pytest.mark.rule("CON-05", "CON-13", "CON-26")
async def test_who_needs_which_name(cards: Cards) -> None:
    bad = await cards.ask("POST", "", {"first_name": "Ирина"}, 422)
    assert list(bad["error"]["fields"]) == ["last_name"]
    bad = await cards.ask("POST", "?kind=organisation", {"name": " "}, 422)
    assert list(bad["error"]["fields"]) == ["name"]
    by_inn = await cards.ask("POST", "?kind=organisation", {"inn": "7701234567"}, 201)
    assert (by_inn["kind"], by_inn["name"], by_inn["inn"]) == ("organisation", "7701234567", "7701234567")
    assert (await cards.ask("POST", "?kind=organisation", {"name": "Окна"}, 201))["name"] == "Окна"


@pytest.mark.rule("CON-06", "CON-29")
async def test_an_organisation_lists_its_people_who_follow_its_responsible(cards: Cards) -> None:
    admin = cards("administrator@a")
    firm = await cards.organisation()
    one = await cards.person(organisation_id=firm["id"], phone="+79031182740")
    two = await cards.person(first_name="Пётр", organisation="окна")
    people = await cards.ask("GET", f"/{firm['id']}/people")
    assert [person["id"] for person in people["people"]] == [one["id"], two["id"]]
    assert people["people"][0]["phone"] == "+79031182740"
    bad = await admin.ask("PATCH", f"/{one['id']}", {"responsible_id": admin.me}, 422)
    assert list(bad["error"]["fields"]) == ["responsible"]
    await admin.ask("PATCH", f"/{firm['id']}", {"responsible_id": admin.me, "name": "Двери"})
    moved = await admin.ask("GET", f"/{one['id']}")
    assert (moved["responsible_id"], moved["organisation"]) == (admin.me, "Двери")
    assert (await admin.history(one["id"]))[0]["kind"] == "responsible"
    assert (await cards.ask("GET", f"/{firm['id']}/people"))["total"] == 2


@pytest.mark.rule("CON-28")
async def test_the_responsible_is_changed_by_owner_or_administrator_who_tell_the_new_one(
    cards: Cards, notices: list[MemberNotice]
) -> None:
    admin, other = cards("administrator@a"), cards("supervisor@a")
    card = await cards.person(access="write")
    await cards.ask("POST", f"/{card['id']}/comments", {"text": "до передачи"}, 201)
    bad = await other.ask("PATCH", f"/{card['id']}", {"responsible_id": other.me}, 422)
    assert list(bad["error"]["fields"]) == ["responsible"]
    firm = await other.organisation()
    await other.ask("PATCH", f"/{card['id']}", {"organisation_id": firm["id"]}, 422)
    assert notices == []
    await cards.ask("PATCH", f"/{card['id']}", {"responsible_id": other.me})
    assert [(one.membership_id, one.values["name"]) for one in notices] == [(other.me, "Ирина Лаптева")]
    await admin.ask("PATCH", f"/{card['id']}", {"responsible_id": cards.me})
    assert notices[-1].membership_id == cards.me
    history = await cards.history(card["id"])
    assert [one["kind"] for one in history].count("responsible") == 2
    assert history[-2]["text"] == "до передачи"
    assert {one["data"]["after_name"] for one in await cards.history(card["id"], "responsible")} == {
        "Supervisor A",
        "Operator A",
    }


@pytest.mark.rule("CON-19")
async def test_the_creator_is_responsible_and_new_managers_are_told(cards: Cards, notices: list[MemberNotice]) -> None:
    other = cards("supervisor@a")
    card = await cards.person()
    assert card["responsible_id"] == cards.me
    await cards.ask("PATCH", f"/{card['id']}", {"managers": [other.me, cards.me]})
    await cards.ask("PATCH", f"/{card['id']}", {"managers": [other.me]})
    assert [one.membership_id for one in notices] == [other.me]
    given = await cards.person(responsible_id=other.me)
    assert [one["id"] for one in given["managers"]] == [cards.me]


@pytest.mark.rule("CON-20", "CON-37", "CON-53")
async def test_who_sees_and_changes_a_card(cards: Cards) -> None:
    admin, boss = cards("administrator@a"), cards("supervisor@a")
    await cards.ask("PUT", "/access", {"mode": "own"}, 403)
    await admin.ask("PUT", "/access", {"mode": "own"})
    foreign = await boss.person()
    await cards.ask("GET", f"/{foreign['id']}", status=404)
    assert not foreign["open"]
    await boss.ask("PATCH", f"/{foreign['id']}", {"access": "read"})
    assert (await cards.ask("GET", f"/{foreign['id']}"))["open"]
    await cards.ask("PATCH", f"/{foreign['id']}", {"city": "Томск"}, 403)
    await boss.ask("PATCH", f"/{foreign['id']}", {"access": "write"})
    await cards.ask("PATCH", f"/{foreign['id']}", {"city": "Томск"})
    await boss.ask("PATCH", f"/{foreign['id']}", {"access": "private"})
    for path in ("", "/history", "/files", "/photo"):
        await cards.ask("GET", f"/{foreign['id']}{path}", status=404)
    private = await cards.person(access="private")
    await boss.ask("GET", f"/{private['id']}", status=404)
    await admin.ask("GET", f"/{private['id']}")
    await admin.ask("PUT", "/access", {"mode": "shared"})
    assert (await cards.person())["open"]


@pytest.mark.rule("CON-12")
async def test_the_archive_is_looked_at_and_never_changed(cards: Cards, monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[int] = []

    async def deals(_session: Any, ids: Any) -> None:
        gone.extend(ids)

    monkeypatch.setattr(registry, "archive_hooks", [])
    contacts.on_archive(deals)
    card = await cards.person()
    await cards.ask("POST", f"/{card['id']}/archive")
    assert gone == [card["id"]]
    assert (await cards.ask("GET", f"/{card['id']}"))["state"] == "archive"
    admin = cards("administrator@a")
    for who in (cards, admin):
        await who.ask("PATCH", f"/{card['id']}", {"city": "Томск"}, 403)
        await who.ask("POST", f"/{card['id']}/comments", {"text": "ещё"}, 403)
        await who.ask("POST", f"/{card['id']}/archive", status=403)
    assert (await cards.history(card["id"]))[0]["kind"] == "archive"


@pytest.mark.rule("CON-22")
async def test_a_card_is_deleted_by_administrators_unless_somebody_objects(
    cards: Cards, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = cards("administrator@a")
    card = await cards.person(phone="+79031182740")
    assert (await cards.upload("POST", f"/{card['id']}/files", "a.txt", b"hello")).status == 201
    await cards.ask("DELETE", f"/{card['id']}", status=403)
    invoices = {card["id"]: "This contact has an invoice."}

    async def guard(_session: Any, ids: Any) -> dict[int, str]:
        return {one: invoices[one] for one in ids if one in invoices}

    monkeypatch.setattr(registry, "guards", {})
    contacts.add_guard("invoices", guard)
    refused = await admin.ask("DELETE", f"/{card['id']}", status=409)
    assert "invoice" in refused["error"]["message"]
    invoices.clear()
    await admin.ask("DELETE", f"/{card['id']}", status=204)
    await admin.ask("GET", f"/{card['id']}", status=404)
    assert [one for one in (services.settings.data / "files").rglob("*") if one.is_file()] == []


@pytest.mark.rule("CON-14", "CON-25")
async def test_administrators_offer_types_warmth_and_categories(cards: Cards) -> None:
    admin = cards("administrator@a")
    await cards.ask("PUT", "/choices?kind=type", {"choices": []}, 403)
    for kind in ("type", "warmth", "category"):
        words = await admin.ask("PUT", f"/choices?kind={kind}", {"choices": [{"title": "Один"}, {"title": "Два"}]})
        swapped = [{"id": words[0]["id"], "title": "Два"}, {"id": words[1]["id"], "title": "Один"}]
        assert [one["title"] for one in await admin.ask("PUT", f"/choices?kind={kind}", {"choices": swapped})] == [
            "Два",
            "Один",
        ]
        twice = [{"title": "да"}, {"title": "Да"}]
        await admin.ask("PUT", f"/choices?kind={kind}", {"choices": twice}, 422)
    type_id = (await cards.ask("GET", "/choices?kind=type"))[0]["id"]
    category = (await cards.ask("GET", "/choices?kind=category"))[1]["id"]
    plain = await cards.person()
    assert plain["type_id"] is None
    card = await cards.person(type_id=type_id)
    assert card["type"] == "Два"
    await cards.ask("PATCH", f"/{card['id']}", {"warmth_id": type_id}, 422)
    await cards.ask("POST", f"/{card['id']}/comments", {"text": "Замер", "category_id": category}, 201)
    assert (await cards.history(card["id"], "comment"))[0]["category"] == "Один"
    await admin.ask("PUT", "/choices?kind=type", {"choices": []})
    assert (await cards.ask("GET", f"/{card['id']}"))["type_id"] is None


@pytest.mark.rule("CON-31", "CON-32", "CON-52")
async def test_the_history_is_filtered_paged_and_corrected_by_few(cards: Cards) -> None:
    admin, boss = cards("administrator@a"), cards("supervisor@a")
    card = await cards.person(access="write")
    for number in range(45):
        await boss.ask("POST", f"/{card['id']}/comments", {"text": f"№ {number}"}, 201)
    seen: list[str] = []
    before = ""
    while True:
        found = await cards.ask("GET", f"/{card['id']}/history?kind=comment&before={before}")
        seen += [one["text"] for one in found["entries"]]
        before = found["before"]
        if not before:
            break
    # All at the same moment of the test's clock: none is lost or shown twice.
    assert sorted(seen) == sorted(f"№ {number}" for number in range(45))
    entry = (await boss.history(card["id"], "comment"))[0]
    assert not entry["may_edit"]
    await boss.ask("PATCH", f"/{card['id']}/history/{entry['id']}", {"text": "иначе"}, 403)
    await boss.ask("DELETE", f"/{card['id']}/history/{entry['id']}", status=403)
    await cards.ask("PATCH", f"/{card['id']}/history/{entry['id']}", {"text": "иначе"}, 204)
    changed = next(one for one in await cards.history(card["id"], "comment") if one["id"] == entry["id"])
    assert (changed["text"], changed["edited"]) == ("иначе", True)
    await admin.ask("DELETE", f"/{card['id']}/history/{entry['id']}", status=204)
    created = (await admin.history(card["id"], "other"))[-1]
    assert created["kind"] == "created"
    await admin.ask("DELETE", f"/{card['id']}/history/{created['id']}", status=403)
    await cards.ask("GET", f"/{card['id']}/history?kind=nonsense", status=422)


@pytest.mark.rule("CON-52")
async def test_documents_are_kept_sent_as_downloads_and_deleted(cards: Cards, services: Services) -> None:
    card = await cards.person()
    path = f"/{card['id']}/files"
    big = b"x" * (3 * 1024 * 1024)
    made = await cards.upload("POST", path, "../../etc/Дого<вор>.html", big)
    assert made.status == 201, await made.text()
    file = await made.json()
    assert (file["name"], file["size"]) == ("Договор.html", len(big))
    sent = await cards.client.get(f"/contacts/{card['id']}/files/{file['id']}", headers=cards.headers)
    assert await sent.read() == big
    assert sent.headers["Content-Disposition"].startswith("attachment;")
    assert sent.content_type == "application/octet-stream"
    too_big = await cards.upload("POST", path, "a.bin", b"x" * (20 * 1024 * 1024 + 1))
    assert too_big.status == 422
    assert (await cards.upload("POST", path, "a.bin", b"")).status == 422
    foreign = cards("owner@b")
    await foreign.ask("GET", f"{path}/{file['id']}", status=404)
    await cards.ask("DELETE", f"{path}/{file['id']}", status=204)
    assert [one for one in (services.settings.data / "files").rglob("*") if one.is_file()] == []


@pytest.mark.rule("CON-18")
async def test_a_photo_is_made_small(cards: Cards) -> None:
    card = await cards.person()
    path = f"/{card['id']}/photo"
    for size, wanted in (((1200, 900), (200, 150)), ((100, 100), (100, 100)), ((300, 900), (100, 300))):
        assert (await cards.upload("PUT", path, "p.png", picture(*size))).status == 204
        sent = await cards.client.get(f"/api/v1/contacts{path}", headers=cards.headers)
        assert Image.open(io.BytesIO(await sent.read())).size == wanted
    assert (await cards.upload("PUT", path, "p.png", b"<svg/>")).status == 422
    assert (await cards.upload("PUT", path, "p.png", picture(10, 10) + b"x" * 1024 * 1024)).status == 422
    assert (await cards.ask("GET", f"/{card['id']}"))["photo"]
    await cards.ask("DELETE", path, status=204)
    await cards.ask("GET", path, status=404)


async def test_consents_are_given_and_taken_back(cards: Cards) -> None:
    card = await cards.person()
    await cards.ask("POST", f"/{card['id']}/consents", {"kind": "calls", "given": True, "source": "анкета"}, 201)
    told = await cards.ask("POST", f"/{card['id']}/consents", {"kind": "calls", "given": False}, 201)
    assert [one["given"] for one in told] == [False, True]
    assert [one["kind"] for one in await cards.history(card["id"], "other")].count("consent") == 2
    await cards.ask("POST", f"/{card['id']}/consents", {"kind": "anything", "given": True}, 422)


@pytest.mark.rule("CON-27")
async def test_numbers_are_brought_to_one_form(cards: Cards) -> None:
    typed = ["8 (903) 118-27-40", "7 903 118 27 41", "+7-903-118-27-42", "903 118-27-43", "49 30 901820 11"]
    card = await cards.person(phones=[{"number": one} for one in typed])
    assert [one["e164"] for one in card["phones"]] == [
        "+79031182740", "+79031182741", "+79031182742", "+79031182743", "+493090182011",
    ]  # fmt: skip
    page = await (await cards.client.get(f"/contacts/{card['id']}", headers=cards.headers)).text()
    assert "+7 (903) 118-27-40" in page
    bad = await cards.ask("POST", "", {"phones": [{"number": "+79031182740"}, {"number": "12"}]}, 422)
    assert {"phones.1", "first_name"} <= set(bad["error"]["fields"])


@pytest.mark.rule("CON-11", "CON-21")
async def test_the_pages_of_a_card(cards: Cards) -> None:
    async def get(path: str) -> str:
        answer = await cards.client.get(path, headers=cards.headers)
        assert answer.status == 200, await answer.text()
        return await answer.text()

    for path in ("/contacts/new", "/organisations/new"):
        text = await get(path)
        assert "Сохранить и создать новую" in text
    form = {"first_name": "Ирина", "last_name": "", "has": "phones", "phones.0.number": "12", "phones.0.kind": "work"}
    bad = await cards.client.post("/contacts/new", data=form, headers=cards.headers)
    text = await bad.text()
    assert bad.status == 422
    assert text.count('class="error"') >= 1
    assert 'value="12"' in text
    form |= {"last_name": "Лаптева", "phones.0.number": "89031182740", "another": "1"}
    saved = await cards.client.post("/contacts/new", data=form, headers=cards.headers, allow_redirects=False)
    assert (saved.status, saved.headers["Location"]) == (303, "/contacts/new")
    card, firm = await cards.person(organisation="Окна"), await cards.organisation(name="Двери", inn="7701234567")
    text = await get(f"/contacts/{card['id']}")
    assert "Инфо" in text
    assert "Активность" in text
    for tab in ("info", "activity", "people", "nonsense"):
        await get(f"/contacts/{card['id']}?tab={tab}")
        await get(f"/contacts/{firm['id']}?tab={tab}")
    assert 'value="7701234567"' in await get(f"/contacts/{firm['id']}?edit=1")
    assert 'value="Двери"' in await get(f"/contacts/new?organisation={firm['id']}")


@pytest.mark.rule("TEL-21")
async def test_an_unknown_number_becomes_a_client_from_its_card(cards: Cards, services: Services, house: House) -> None:
    admin = cards("administrator@a")
    saved = await admin.ask("PUT", "/fields", {"fields": [{"title": "Источник"}]})
    own = next(one["id"] for one in saved if one["id"])
    async with services.db.business(house.businesses["a"]) as session:
        number, _ = await contacts.ensure_contact(session, "+79031182740", NOW)
    path = f"/contacts/{number.id}"
    page = await (await cards.client.get(f"{path}?tab=create", headers=cards.headers)).text()
    assert "Звонки</a>" in page
    assert "Создать клиента</a>" in page
    names = ("first_name", "last_name", "birth_date", "phone", "responsible_id", "organisation", f"values.{own}")
    for name in names:
        assert f'name="{name}"' in page, name
    form = {"first_name": "Ирина", "last_name": "Лаптева", "birth_date": "1990-02-28", "phone": "8 903 118-27-41"}
    form |= {"responsible_id": str(admin.me), "organisation": "Окна", f"values.{own}": "Выставка"}
    answer = await cards.client.post(path, data=form, headers=cards.headers, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    card = await admin.ask("GET", f"/{number.id}")
    assert (card["name"], card["organisation"], card["birth_date"]) == ("Ирина Лаптева", "Окна", "1990-02-28")
    assert [one["e164"] for one in card["phones"]] == ["+79031182740", "+79031182741"]
    assert card["values"] == {str(own): "Выставка"}


async def test_the_set_up_page_saves_what_was_arranged(cards: Cards) -> None:
    admin = cards("administrator@a")
    for kind in ("person", "organisation"):
        answer = await admin.client.get(f"/contacts/setup?kind={kind}", headers=admin.headers)
        assert answer.status == 200, await answer.text()
    form = [("order", "new:1"), ("title.new:1", "Пакет"), ("type.new:1", "list"), ("options.new:1", "")]
    form += [("shown.new:1", "1"), ("order", "key:phone"), ("shown.key:phone", "1"), ("order", "key:email")]
    bad = await admin.client.post("/contacts/setup/fields", data=form, headers=admin.headers)
    assert bad.status == 422
    assert 'value="Пакет"' in await bad.text()
    form[3] = ("options.new:1", "Малый\nБольшой")
    good = await admin.client.post("/contacts/setup/fields", data=form, headers=admin.headers, allow_redirects=False)
    assert good.status == 303, await good.text()
    saved = await admin.ask("GET", "/fields")
    assert [(one["title"] if one["id"] else one["key"], one["hidden"]) for one in saved[:3]] == [
        ("Пакет", False),
        ("phone", False),
        ("email", True),
    ]
    words = [
        ("order", "new:1"),
        ("title.new:1", "Дилер"),
        ("shown.new:1", "1"),
        ("order", "new:2"),
        ("title.new:2", ""),
    ]
    path = "/contacts/setup/choices?list=type"
    done = await admin.client.post(path, data=words, headers=admin.headers, allow_redirects=False)
    assert done.status == 303
    assert [one["title"] for one in await admin.ask("GET", "/choices?kind=type")] == ["Дилер"]
