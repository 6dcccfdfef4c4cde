"""The telephony section as people see it: tabs, rows and their labels, filters, one call, the card."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.calls import Step
from callcenter.features.contacts import api as contacts
from callcenter.plugin import Services
from tests.support.call_log import AT, CLIENT, answered, call, line, missed, queue, save
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


class Text(HTMLParser):
    """The page's visible text, one space between pieces."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.hidden and data.strip():
            self.pieces.append(" ".join(data.split()))

    def __str__(self) -> str:
        return " ".join(self.pieces)


def main_of(page: str) -> str:
    found = re.search(r'<main id="main".*?</main>', page, re.S)
    assert found, page[:500]
    return found[0]


def rows_of(page: str) -> dict[str, str]:
    """The text of each row by call id, in the page's order."""
    return {found[1]: str(Text(found[0])) for found in re.finditer(r'<tr id="call-([^"]+)".*?</tr>', page, re.S)}


def part(page: str, call_id: str, name: str) -> str:
    """One named part of a row."""
    row = re.search(rf'<tr id="call-{re.escape(call_id)}".*?</tr>', page, re.S)
    assert row
    found = re.search(rf'<(\w+)[^>]*data-part="{name}"[^>]*>(.*?)</\1>', row[0], re.S)
    return str(Text(found[2])) if found else ""


async def page(client: Client, house: House, who: str, path: str = "/calls") -> str:
    answer = await client.get(path, headers=house.headers(who))
    text = await answer.text()
    assert answer.status == 200, text
    return text


def agent(house: House, who: str) -> int:
    found = house.people[who].agent_id
    assert found is not None
    return found


@pytest.mark.rule("TEL-01")
async def test_the_telephony_section_has_three_tabs(client: Client, house: House) -> None:
    names = ["Звонки", "Многоканальные номера", "Рекламные кампании"]
    for path, here in (("/calls", 0), ("/numbers", 1), ("/campaigns", 2)):
        text = await page(client, house, "supervisor@a", path)
        tabs = re.search(r'<nav class="tabs".*?</nav>', text, re.S)
        assert tabs
        links = re.findall(r'<a href="([^"]+)"([^>]*)>([^<]+)</a>', tabs[0])
        assert [link[0] for link in links] == ["/calls", "/numbers", "/campaigns"]
        assert [link[2] for link in links] == names
        assert ["aria-current" in link[1] for link in links] == [n == here for n in range(3)]


@pytest.mark.rule("TEL-02")
async def test_the_list_holds_incoming_outgoing_and_missed_calls_of_the_company(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    await save(
        services.db,
        answered(business, operator, "1.1"),
        missed(business, (operator,), "1.2", started_at=AT + 100),
        answered(
            business,
            agent(house, "supervisor@a"),
            "1.3",
            direction="out",
            to_number="+79267710455",
            started_at=AT + 200,
        ),
        missed(house.businesses["b"], (), "9.9"),
    )
    for who in ("supervisor@a", "administrator@a", "owner@a"):
        rows = rows_of(await page(client, house, who))
        assert list(rows) == ["1.3", "1.2", "1.1"]
        assert rows["1.3"].startswith("Исходящий")
        assert rows["1.2"].startswith("Пропущен")
        assert rows["1.1"].startswith("Входящий")


@pytest.mark.rule("TEL-03")
async def test_an_operator_sees_only_own_calls_and_others_all(client: Client, services: Services, house: House) -> None:
    business, operator, other = house.businesses["a"], agent(house, "operator@a"), agent(house, "supervisor@a")
    await save(
        services.db,
        answered(business, operator, "1.1"),
        answered(business, other, "1.2", rung=(operator, other)),
        missed(business, (operator,), "1.3"),
        missed(business, (other,), "1.4"),
        missed(business, (), "1.5"),
    )
    assert sorted(rows_of(await page(client, house, "operator@a"))) == ["1.1", "1.3"]
    for who in ("supervisor@a", "administrator@a"):
        assert sorted(rows_of(await page(client, house, who))) == ["1.1", "1.2", "1.3", "1.4", "1.5"]
    # Nor by guessing an address, nor through the API, nor by asking for single rows.
    for path in ("/calls/1.2", "/api/v1/calls/1.2"):
        assert (await client.get(path, headers=house.headers("operator@a"))).status == 404
        assert (await client.get(path, headers=house.headers("supervisor@a"))).status == 200
        assert (await client.get(path, headers=house.headers("owner@b"))).status == 404
    assert rows_of(await page_of_rows(client, house, "operator@a", "1.2", "1.1")).keys() == {"1.1"}
    api = await (await client.get("/api/v1/calls", headers=house.headers("operator@a"))).json()
    assert sorted(one["id"] for one in api["calls"]) == ["1.1", "1.3"]
    assert (await client.get("/calls", headers=house.headers("guest@a"))).status == 403


async def page_of_rows(client: Client, house: House, who: str, *ids: str) -> str:
    return await page(client, house, who, "/calls/rows?" + "&".join(f"id={one}" for one in ids))


@pytest.mark.rule("TEL-04", "TEL-05", "TEL-06", "TEL-07")
async def test_a_multichannel_number_is_named_under_the_employees_and_a_personal_one_is_not(
    client: Client, services: Services, house: House
) -> None:
    business, first, second = house.businesses["a"], agent(house, "operator@a"), agent(house, "supervisor@a")
    many = await line(services.db, business, title="Продажи")
    mine = await line(
        services.db,
        business,
        "+74950000009",
        title="Прямой",
        kind="personal",
        agent_id=first,
        target_kind="agent",
        target_id=first,
    )
    nameless = await line(services.db, business, "+74950000010")
    await save(
        services.db,
        answered(business, first, "1.1", number_id=many),
        answered(business, second, "1.2", number_id=many, agents=(first, second), rung=(first, second)),
        missed(business, (first, second), "1.3", number_id=many),
        answered(business, first, "1.4", number_id=mine),
        missed(business, (first,), "1.5", number_id=mine),
        missed(business, (), "1.6", number_id=mine),
        missed(business, (), "1.7", number_id=nameless),
    )
    text = await page(client, house, "supervisor@a")
    label = {one: (part(text, one, "agents"), part(text, one, "line")) for one in rows_of(text)}
    assert label == {
        "1.1": ("Operator A", "Продажи"),
        "1.2": ("Operator A, Supervisor A", "Продажи"),
        "1.3": ("Operator A, Supervisor A", "Продажи"),
        "1.4": ("Operator A", ""),
        "1.5": ("Operator A", ""),
        "1.6": ("Operator A", ""),
        "1.7": ("—", "+7 (495) 000-00-10"),
    }


@pytest.mark.rule("TEL-09")
async def test_a_known_client_has_name_and_counters_an_unknown_one_number_and_new_contact(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    business = house.businesses["a"]
    async with services.db.business(business) as session:
        form = contacts.ClientForm(first_name="Ирина", last_name="Лаптева", phone=CLIENT)
        known = await contacts.create_client(session, form, NOW)
    await save(services.db, missed(business, (), "1.1"), missed(business, (), "1.2", from_number="+79267710455"))
    text = await page(client, house, "supervisor@a")
    rows = rows_of(text)
    assert "Ирина Лаптева" in rows["1.1"]
    assert part(text, "1.1", "counts") == "Сделок: 0, Задач: 0"
    assert "+7 (926) 771-04-55" in rows["1.2"]
    assert part(text, "1.2", "counts") == "Новый контакт"

    async def deals(_session: Any, ids: Any) -> dict[int, int]:
        return dict.fromkeys(ids, 2)

    monkeypatch.setattr(contacts, "_counters", {"deals": deals})
    assert part(await page(client, house, "supervisor@a"), "1.1", "counts") == "Сделок: 2, Задач: 0"
    assert f'href="/contacts/{known.id}"' in text


@pytest.mark.rule("TEL-10")
async def test_a_row_shows_waiting_or_talk_time_comment_date_and_time(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    await save(
        services.db, missed(business, (operator,), "1.1"), answered(business, operator, "1.2", talk_seconds=247.0)
    )
    answer = await client.patch(
        "/api/v1/calls/1.2", json={"comment": "Просил перезвонить"}, headers=house.headers("operator@a")
    )
    assert answer.status == 200
    text = await page(client, house, "supervisor@a")
    assert part(text, "1.1", "wait") == "ожидание 00:04"
    assert part(text, "1.1", "talk") == ""
    assert part(text, "1.1", "comment") == "Нет комментария"
    assert part(text, "1.2", "talk") == "04:07"
    assert part(text, "1.2", "wait") == ""
    assert part(text, "1.2", "comment") == "Просил перезвонить"
    for row in rows_of(text).values():
        assert "12:00" in row  # 9:00 UTC in Moscow
        assert "02.03.2026" in row


@pytest.mark.rule("TEL-14", "TEL-15", "TEL-16")
async def test_filters_narrow_the_list(client: Client, services: Services, house: House) -> None:
    business, operator, other = house.businesses["a"], agent(house, "operator@a"), agent(house, "supervisor@a")
    many = await line(services.db, business, title="Продажи")
    sales = await queue(services.db, business)
    async with services.db.business(business) as session:
        form = contacts.ClientForm(first_name="Ирина", last_name="Лаптева", phone=CLIENT)
        await contacts.create_client(session, form, NOW)
    day = 86400
    await save(
        services.db,
        answered(business, operator, "1.1", number_id=many, queue_id=sales),
        missed(business, (other,), "1.2", from_number="+79267710455", started_at=AT - day),
        answered(business, other, "1.3", direction="out", to_number="+79267710456", from_number="+74950000001"),
        missed(business, (), "1.4", result="busy", started_at=AT - 40 * day, from_number="+442079460000"),
        call(
            business,
            "1.5",
            direction="internal",
            from_number="101",
            to_number="102",
            result="answered",
            agents=(other,),
        ),
    )
    for query, expected in {
        "": ["1.1", "1.2", "1.3", "1.4", "1.5"],
        "kind=in": ["1.1"],
        "kind=missed": ["1.2", "1.4"],
        "kind=out": ["1.3"],
        "kind=internal": ["1.5"],
        "result=busy&result=abandoned": ["1.2", "1.4"],
        f"number={many}": ["1.1"],
        f"queue={sales}": ["1.1"],
        f"agent={operator}": ["1.1"],
        f"agent={operator}&agent={other}": ["1.1", "1.2", "1.3", "1.5"],
        "period=today": ["1.1", "1.3", "1.5"],
        "period=yesterday": ["1.2"],
        "period=month": ["1.1", "1.2", "1.3", "1.5"],
        "from=2026-01-01&to=2026-01-31": ["1.4"],
        "to=2026-03-01": ["1.2", "1.4"],
        "q=лапт": ["1.1"],
        "q=8 (926) 771": ["1.2", "1.3"],
        "q=771-04-55": ["1.2"],
        "q=%2B44": ["1.4"],
        "q=102": ["1.5"],
        "q=%25": [],
        "q=нет такого": [],
        "kind=missed&q=926": ["1.2"],
    }.items():
        text = await page(client, house, "supervisor@a", f"/calls?{query}")
        assert sorted(rows_of(text)) == expected, query
        if expected:
            assert f"Всего: {len(expected)}" in str(Text(main_of(text)))


@pytest.mark.parametrize(
    "query",
    ["kind=nonsense", "period=never", "number=x", "from=2026-13-01", "result=nice", "page=-1", "agent=" + "9" * 30],
)
async def test_a_filter_that_makes_no_sense_is_said_so(client: Client, house: House, query: str) -> None:
    answer = await client.get(f"/api/v1/calls?{query}", headers=house.headers("supervisor@a"))
    assert answer.status == 422
    assert (await answer.json())["error"]["code"] == "bad_input"


async def test_pages_of_the_list_hold_thirty_calls_and_tell_the_total(
    client: Client, services: Services, house: House
) -> None:
    business = house.businesses["a"]
    await save(services.db, *(missed(business, (), f"1.{n:02}", started_at=AT + n) for n in range(65)))
    first = await page(client, house, "supervisor@a")
    last = await page(client, house, "supervisor@a", "/calls?page=3&kind=missed")
    assert next(iter(rows_of(first))) == "1.64"
    assert len(rows_of(first)) == 30
    assert "Всего: 65" in str(Text(first))
    assert "1 из 3 стр." in str(Text(first))
    assert list(rows_of(last)) == ["1.04", "1.03", "1.02", "1.01", "1.00"]
    assert "page=2&amp;kind" in last or "kind=missed&amp;page=2" in last
    assert not rows_of(await page(client, house, "supervisor@a", "/calls?page=99"))


async def test_a_call_opens_with_its_legs_and_story(client: Client, services: Services, house: House) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    sales = await queue(services.db, business)
    story = (
        Step(at=AT, kind="started"),
        Step(at=AT + 1, kind="key", text="1"),
        Step(at=AT + 2, kind="queued", queue_id=sales),
    )
    await save(services.db, answered(business, operator, "1.1", queue_id=sales, steps=story))
    text = str(Text(main_of(await page(client, house, "operator@a", "/calls/1.1"))))
    for piece in ("Operator A", "+7 (903) 118-27-40", "Продажи", "12:00:01", "12:00:04", "01:00"):
        assert piece in text
    detail = await (await client.get("/api/v1/calls/1.1", headers=house.headers("operator@a"))).json()
    assert [step["kind"] for step in detail["story"]] == ["started", "key", "queued"]
    assert detail["story"][2]["queue"] == {"id": sales, "name": "Продажи"}
    assert {leg["role"] for leg in detail["legs"]} == {"client", "agent"}
    assert detail["call"]["from"] == CLIENT
    assert detail["call"]["wait_seconds"] == 4.0


async def test_strange_names_do_no_harm_on_the_page(client: Client, services: Services, house: House) -> None:
    business = house.businesses["a"]
    async with services.db.business(business) as session:
        form = contacts.ClientForm(first_name="<script>alert(1)</script>", phone=CLIENT)
        await contacts.create_client(session, form, NOW)
    await save(services.db, missed(business, (), "1.1", from_name="<img src=x>"))
    text = await page(client, house, "supervisor@a")
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<img src=x>" not in await page(client, house, "supervisor@a", "/calls/1.1")


async def test_the_day_picture_counts_per_hour(client: Client, services: Services, house: House) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    hour = 3600
    await save(
        services.db,
        answered(business, operator, "1.1", started_at=AT - hour),
        answered(business, operator, "1.2", started_at=AT - hour + 1),
        missed(business, (), "1.3", started_at=AT - hour),
        answered(business, operator, "1.4", direction="out", to_number=CLIENT, started_at=AT - 22 * hour),
        answered(business, operator, "1.5", started_at=AT - 25 * hour),
        call(business, "1.6"),
    )
    for who, figures in (
        ("supervisor@a", ("2", "1", "1")),
        ("operator@a", ("2", "1", "0")),
        ("owner@b", ("0", "0", "0")),
    ):
        text = await page(client, house, who, "/calls/day")
        assert (
            tuple(re.search(rf'data-figure="{kind}">(\d+)<', text)[1] for kind in ("answered", "out", "missed"))
            == figures
        )  # type: ignore[index]
    assert len(re.findall(r"<g>", text)) == 24


async def test_a_comment_is_saved_by_the_form_and_kept_when_the_call_is_written_again(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    await save(services.db, answered(business, operator, "1.1"))
    headers = house.headers("operator@a")
    answer = await client.post(
        "/calls/1.1/comment", data={"comment": " Договор\nна почте "}, headers=headers, allow_redirects=False
    )
    assert answer.status == 303
    await save(services.db, answered(business, operator, "1.1"), source="journal")
    detail = await (await client.get("/api/v1/calls/1.1", headers=headers)).json()
    assert detail["call"]["comment"] == "Договор\nна почте"
    long = await client.patch("/api/v1/calls/1.1", json={"comment": "я" * 2001}, headers=headers)
    assert long.status == 422
    strange = await client.patch("/api/v1/calls/1.1", json={"comment": "x"}, headers=house.headers("operator@b"))
    assert strange.status == 404


@pytest.mark.rule("TEL-22", "CON-31")
async def test_calls_stand_in_the_history_of_a_number_that_nobody_saved(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    await save(
        services.db,
        answered(business, operator, "1.1"),
        answered(business, operator, "1.2", direction="out", to_number=CLIENT, started_at=AT + 60),
    )
    headers = house.headers("operator@a")
    call = await (await client.get("/api/v1/calls/1.2", headers=headers)).json()
    path = f"/api/v1/contacts/{call['call']['contact']['id']}"
    assert not (await (await client.get(path, headers=headers)).json())["saved"]
    await client.post(f"{path}/comments", json={"text": "Перезвонить"}, headers=headers)
    told = (await (await client.get(f"{path}/history", headers=headers)).json())["entries"]
    assert [one["data"].get("call_id") for one in told if one["kind"] == "call"] == ["1.2", "1.1"]
    assert {one["title"] for one in told if one["kind"] == "call"} == {"Входящий звонок", "Исходящий звонок"}
    assert [one["at"] for one in told] == sorted((one["at"] for one in told), reverse=True)
    only = (await (await client.get(f"{path}/history?kind=call", headers=headers)).json())["entries"]
    assert {one["kind"] for one in only} == {"call"}


@pytest.mark.rule("TEL-20")
async def test_the_card_of_an_unknown_number_holds_its_whole_history_and_keeps_it_as_a_client(
    client: Client, services: Services, house: House
) -> None:
    business, operator, other = house.businesses["a"], agent(house, "operator@a"), agent(house, "supervisor@a")
    await save(
        services.db,
        missed(business, (), "1.1"),
        answered(business, other, "1.2", started_at=AT + 60),
        answered(business, operator, "1.3", direction="out", to_number=CLIENT, started_at=AT + 120),
    )
    listed = await (await client.get("/api/v1/calls/1.3", headers=house.headers("operator@a"))).json()
    contact_id = listed["call"]["contact"]["id"]
    card = main_of(await page(client, house, "operator@a", f"/contacts/{contact_id}"))
    assert "Новый контакт" in card
    assert "+7 (903) 118-27-40" in str(Text(card))
    assert re.findall(r'<li class="past-call" data-call="([^"]+)"', card) == ["1.3", "1.2", "1.1"]
    headers = house.headers("operator@a")
    bad = await client.post(f"/contacts/{contact_id}", data={"position": "Директор", "phone": "123"}, headers=headers)
    assert bad.status == 422
    assert 'value="Директор"' in await bad.text()
    saved = await client.post(
        f"/contacts/{contact_id}",
        data={"first_name": "Ирина", "last_name": "Лаптева", "phone": "8 812 640-15-09"},
        headers=headers,
        allow_redirects=False,
    )
    assert saved.status == 303
    card = main_of(await page(client, house, "operator@a", f"/contacts/{contact_id}"))
    assert "Ирина Лаптева" in str(Text(card))
    assert "+7 (812) 640-15-09" in str(Text(card))
    assert "Сделок: 0, Задач: 0" in str(Text(card))
    assert len(re.findall(r'<li class="past-call"', card)) == 3
    assert (await client.get(f"/contacts/{contact_id}", headers=house.headers("owner@b"))).status == 404
