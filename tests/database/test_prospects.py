"""The calling page: who is listed and by which filters, and how one goes on from client to client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from msgspec.structs import replace
from sqlalchemy import event, insert, select

from callcenter.core.clock import FixedClock
from callcenter.core.events import CallEnded, CallUpdated
from callcenter.features.calls.usecases.log import CallLog
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import Contact, ContactPhone
from callcenter.features.contacts.usecases import zoning
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from tests.support.call_log import AT, OWN, answered, client_leg, save
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
MOSCOW, OMSK, KAMCHATKA = "+74950000021", "+73812000022", "+74152000023"
OUTCOMES = [{"title": "Agreed", "kind": "success"}, {"title": "Later", "kind": "call_back"}]


class Page:
    """What somebody of business a does on the page, over its API."""

    def __init__(self, client: Client, house: House, db: Database) -> None:
        self.client, self.house, self.db = client, house, db
        self.business = house.businesses["a"]
        self.agent = house.people["operator@a"].agent_id or 0
        self.calls = 0

    async def api(self, method: str, path: str, who: str = "operator@a", *, status: int = 200, **body: Any) -> Any:
        more = {"json": body} if method != "GET" else {}
        answer = await self.client.request(method, f"/api/v1{path}", headers=self.house.headers(who), **more)
        assert answer.status == status, await answer.text()
        return await answer.json() if answer.status not in (204,) else None

    async def html(self, path: str, who: str = "operator@a") -> str:
        answer = await self.client.get(path, headers=self.house.headers(who))
        assert answer.status == 200, await answer.text()
        return await answer.text()

    async def person(self, name: str, *phones: str, who: str = "operator@a", **more: Any) -> int:
        card = {"first_name": name, "last_name": "X", "phones": [{"number": one} for one in phones], **more}
        return int((await self.api("POST", "/contacts", who, status=201, **card))["id"])

    async def firm(self, name: str, *phones: str, **more: Any) -> int:
        card = {"name": name, "phones": [{"number": one} for one in phones], **more}
        return int((await self.api("POST", "/contacts?kind=organisation", status=201, **card))["id"])

    async def script(self, name: str = "Sale", **more: Any) -> Any:
        body = {"name": name, "kind": "out", "text": "<p>Good day</p>", "outcomes": OUTCOMES} | more
        return await self.api("POST", "/scripts", "supervisor@a", status=201, **body)

    async def called(self, number: str, *, at: float = 0.0, direction: str = "out") -> str:
        """A talk of the operator with this number, over by now; its id."""
        self.calls += 1
        call_id = f"1772442000.{self.calls}"
        numbers = {"from_number": OWN, "to_number": number} if direction == "out" else {"from_number": number}
        legs = (client_leg(call_id, AT + at, state="ended", address=number),)
        call = answered(
            self.business, self.agent, call_id, direction=direction, started_at=AT + at, legs=legs, **numbers
        )
        await save(self.db, call)
        return call_id

    async def say(self, call_id: str, script: Any, outcome: int = 0) -> None:
        body = {"script_id": script["id"], "outcome_id": script["outcomes"][outcome]["id"]}
        await self.api("PUT", f"/calls/{call_id}/outcome", **body)

    async def names(self, query: str = "", who: str = "operator@a") -> list[str]:
        return [one["name"] for one in (await self.api("GET", f"/prospects{query}", who))["clients"]]


@pytest.fixture
def page(client: Client, house: House, db: Database) -> Page:
    return Page(client, house, db)


@pytest.mark.rule("OUT-17")
async def test_companies_and_persons_are_listed_and_called_from_their_cards(page: Page) -> None:
    firm = await page.firm("Firm", OMSK)
    boss = await page.person("Boss", MOSCOW, organisation_id=firm, position="Director")
    found = (await page.api("GET", "/prospects"))["clients"]
    assert [(one["kind"], one["name"], one["phones"]) for one in found] == [
        ("person", "Boss X", [MOSCOW]),
        ("organisation", "Firm", [OMSK]),
    ]
    text = await page.html("/prospects?all=1")
    assert 'class="firm mid"' in text
    assert 'class="person mid"' in text
    assert f'data-dial="{MOSCOW}"' in text
    # The card of a company has its own number and its people's.
    card = await page.html(f"/prospects/{firm}")
    assert f'data-dial="{OMSK}"' in card
    assert f'data-dial="{MOSCOW}"' in card
    assert f'data-dial="{MOSCOW}"' in await page.html(f"/prospects/{boss}")


@pytest.mark.rule("OUT-18")
async def test_the_filter_by_the_client_s_clock(page: Page, services: Services) -> None:
    # It is 9:00 in UTC: 12:00 in Moscow, 15:00 in Omsk, 21:00 in Kamchatka.
    for name, number in (("Moscow", MOSCOW), ("Omsk", OMSK), ("Far", KAMCHATKA)):
        await page.person(name, number)
    await page.person("Anywhere", "+79160000001")
    await page.person("Settled", "+79160000002", city="Омск")
    assert await page.names("?from=12:00&to=16:00") == ["Settled X", "Omsk X", "Moscow X"]
    assert await page.names("?from=15:00&to=21:00") == ["Settled X", "Omsk X"]
    assert await page.names("?from=20:00&to=08:00") == ["Far X"]
    assert await page.names("?to=13:00") == ["Moscow X"]
    # A mobile number may be anywhere, where it is from 11:00 to 21:00 by now.
    assert "Anywhere X" in await page.names("?from=10:00&to=22:00")
    rows = {one["name"]: one["clock"] for one in (await page.api("GET", "/prospects"))["clients"]}
    assert rows["Omsk X"] == "15:00"
    assert rows["Anywhere X"] == "11:00–21:00"
    # Who moves is found where he is.
    (far,) = [one["id"] for one in (await page.api("GET", "/prospects?q=far"))["clients"]]
    await page.api("PATCH", f"/contacts/{far}", phones=[{"number": MOSCOW}])
    assert await page.names("?from=20:00&to=08:00") == []
    await page.api("GET", "/prospects?from=noon", status=422)


async def test_cards_that_were_written_in_bulk_are_placed_afterwards(page: Page, services: Services) -> None:
    async with page.db.business(page.business) as session:
        rows = [
            {"kind": "person", "state": "client", "name": f"B{n}", "number": 1000 + n, "created_at": NOW}
            for n in range(3)
        ]
        await session.execute(insert(Contact), rows)
        ids = list(await session.scalars(select(Contact.id)))
        await session.execute(insert(ContactPhone), [{"contact_id": one, "e164": OMSK, "typed": OMSK} for one in ids])
    assert await page.names("?from=15:00&to=15:01") == []
    assert await zoning.fill(services) == 3
    assert await zoning.fill(services) == 0
    assert await page.names("?from=15:00&to=15:01") == ["B2", "B1", "B0"]


@pytest.mark.rule("OUT-19")
async def test_the_filter_by_the_last_result(page: Page) -> None:
    sale, poll = await page.script(), await page.script("Poll")
    people = {name: await page.person(name, f"+7495000010{n}") for n, name in enumerate(("A", "B", "C", "D"))}
    assert len(people) == 4
    await page.say(await page.called("+74950000100"), sale, 0)
    await page.say(await page.called("+74950000101", at=10), sale, 0)
    await page.say(await page.called("+74950000101", at=20), sale, 1)
    await page.say(await page.called("+74950000102", at=30), poll, 0)
    # A talk without a result does not change the last result.
    await page.called("+74950000100", at=40)
    assert await page.names(f"?script={sale['id']}") == ["B X", "A X"]
    assert await page.names(f"?outcome={sale['outcomes'][0]['id']}") == ["A X"]
    assert await page.names(f"?outcome={sale['outcomes'][1]['id']}") == ["B X"]
    assert await page.names(f"?script={poll['id']}&outcome={sale['outcomes'][0]['id']}") == []
    assert await page.names("?since=2026-03-02&until=2026-03-02") == ["C X", "B X", "A X"]
    assert await page.names("?since=2026-03-03") == []
    assert await page.names("?until=2026-03-01") == []
    rows = {one["name"]: one["result"] for one in (await page.api("GET", "/prospects"))["clients"]}
    assert (rows["B X"]["script"], rows["B X"]["title"], rows["B X"]["tone"]) == ("Sale", "Later", "ring")
    assert rows["D X"] is None
    # The same fields are in the filter builder of all lists.
    where = json.dumps({"field": "last_outcome", "op": "not_in", "value": [sale["outcomes"][0]["id"]]})
    assert {one["name"] for one in (await page.api("GET", f"/contacts?where={where}"))["rows"]} == {"B X", "C X", "D X"}
    where = json.dumps({"field": "last_script", "op": "empty"})
    assert [one["name"] for one in (await page.api("GET", f"/contacts?where={where}"))["rows"]] == ["D X"]


@pytest.mark.rule("OUT-20")
async def test_those_who_were_called_can_be_hidden(page: Page) -> None:
    for name, number in (("Called", MOSCOW), ("Caller", OMSK), ("New", KAMCHATKA)):
        await page.person(name, number)
    await page.called(MOSCOW)
    # Who called us was not called yet.
    await page.called(OMSK, direction="in")
    assert await page.names() == ["New X", "Caller X", "Called X"]
    assert await page.names("?never=1") == ["New X", "Caller X"]


async def test_cards_that_become_one_were_called_as_either_was(page: Page) -> None:
    first, second = await page.person("Called", MOSCOW), await page.person("New", OMSK)
    await page.called(MOSCOW)
    async with page.db.business(page.business) as session:
        await contacts.merge(session, second, [first], NOW, None)
    assert await page.names("?never=1") == []


@pytest.mark.rule("OUT-21")
async def test_the_filter_by_tags(page: Page) -> None:
    tags = [(await page.api("POST", "/tags", status=201, title=one))["id"] for one in ("hot", "north")]
    await page.person("Hot", MOSCOW, tags=tags[:1])
    await page.person("Both", OMSK, tags=tags)
    await page.person("None", KAMCHATKA)
    assert await page.names(f"?tag={tags[0]}") == ["Both X", "Hot X"]
    assert await page.names(f"?tag={tags[0]}&tag={tags[1]}") == ["Both X"]


@pytest.mark.rule("OUT-22", "OUT-29")
async def test_saving_opens_the_next_of_the_list_and_dials_it_where_the_script_says_so(page: Page) -> None:
    ids = [await page.person(name, number) for name, number in (("A", MOSCOW), ("B", OMSK), ("C", KAMCHATKA))]
    firm = await page.firm("Firm")
    filter = {"never": "1"}
    first = await page.api("POST", f"/prospects/{firm}/save", filter=filter)
    assert first["next"] == {
        "id": ids[2],
        "name": "C X",
        "number": KAMCHATKA,
        "address": f"/prospects/{ids[2]}?never=1",
    }
    assert first["autodial"] is False
    # He does not fit any more, as he was called; the list goes on behind him all the same.
    await page.called(KAMCHATKA)
    script = await page.script(autodial=True)
    assert await page.api("POST", f"/prospects/{ids[2]}/save", filter=filter, stay=True) == {
        "next": None,
        "autodial": False,
    }
    second = await page.api("POST", f"/prospects/{ids[2]}/save", filter=filter)
    assert (second["next"]["id"], second["autodial"]) == (ids[1], True)
    assert (await page.api("POST", f"/prospects/{ids[0]}/save", filter=filter))["next"] is None
    assert script["autodial"]


@pytest.mark.rule("OUT-28")
async def test_without_a_result_the_next_card_stays_closed_where_the_script_asks_for_one(page: Page) -> None:
    first, second = await page.person("A", MOSCOW), await page.person("B", OMSK)
    free = await page.script()
    assert free["skip_allowed"] is True
    assert (await page.api("POST", f"/prospects/{second}/save"))["next"]["id"] == first
    await page.called(MOSCOW, at=-60.0)
    strict = await page.script("Strict", skip_allowed=False)
    await page.api("PUT", "/prospects/script", status=204, script_id=strict["id"])
    # A talk of before there was this script owes it no result.
    assert "data-script-of" not in await page.html(f"/prospects/{second}")
    # Not called yet: the result can be had by a call only.
    refused = await page.api("POST", f"/prospects/{second}/save", status=409)
    assert refused["error"]["code"] == "no_result"
    call = await page.called(OMSK)
    await page.api("POST", f"/prospects/{second}/save", status=409)
    # Nor is another card opened by the list.
    assert "data-dial" not in await page.html(f"/prospects/{first}")
    assert f"/prospects/{second}" in await page.html(f"/prospects/{first}")
    await page.api("POST", f"/prospects/{second}/save", stay=True)
    await page.say(call, strict)
    assert (await page.api("POST", f"/prospects/{second}/save"))["next"]["id"] == first
    assert "data-dial" in await page.html(f"/prospects/{first}")
    # Whom nobody can call keeps nobody.
    nobody = await page.person("Mute")
    assert (await page.api("POST", f"/prospects/{nobody}/save"))["next"]["id"] == second


@pytest.mark.rule("OUT-28")
async def test_the_result_is_chosen_and_saved_in_the_very_moment_the_call_ends(page: Page, services: Services) -> None:
    first, second = await page.person("A", MOSCOW), await page.person("B", OMSK)
    strict = await page.script("Strict", skip_allowed=False)
    await page.api("PUT", "/prospects/script", status=204, script_id=strict["id"])
    numbers = {"direction": "out", "from_number": OWN, "to_number": OMSK}
    legs = (client_leg("1772442000.9", AT, state="ended", address=OMSK),)
    over = answered(page.business, page.agent, "1772442000.9", legs=legs, **numbers)
    begun = replace(over, state="started", result=None, ended_at=None, agent_id=None, agents=(), rung=())
    writer = services.part(CallLog, CallLog)
    services.bus.publish(CallUpdated(at=AT, call=begun, what="started"))
    await writer.drained()
    # The log is a moment behind: the call has left memory and its row says nothing of whose it was.
    async with writer.writing:
        services.bus.publish(CallEnded(at=AT, call=over))
        assert (await page.api("GET", "/calls/1772442000.9/script"))["writable"] is True
        said = asyncio.create_task(page.say("1772442000.9", strict))
        refused = asyncio.create_task(page.api("POST", f"/prospects/{first}/save", status=409))
        await asyncio.sleep(0)
    await asyncio.gather(said, refused)
    services.bus.publish(CallEnded(at=AT, call=over))
    assert (await page.api("POST", f"/prospects/{second}/save"))["next"]["id"] == first


@pytest.mark.rule("OUT-31")
async def test_the_script_that_is_chosen_stands_in_the_card_and_opens_in_the_call(page: Page) -> None:
    one = await page.person("A", MOSCOW)
    await page.script("First", text="<p>Hello from the first</p>")
    other = await page.script("Second", text="<p>Hello from the second</p>")
    foreign = await page.script("Foreign", everybody=False, agents=[page.house.people["supervisor@a"].agent_id])
    assert "Hello from the first" in await page.html(f"/prospects/{one}")
    await page.api("PUT", "/prospects/script", status=204, script_id=other["id"])
    assert "Hello from the second" in await page.html(f"/prospects/{one}")
    call = await page.called(MOSCOW)
    assert (await page.api("GET", f"/calls/{call}/script"))["script"]["id"] == other["id"]
    await page.api("PUT", "/prospects/script", status=422, script_id=foreign["id"])


async def test_pages_go_both_ways_and_what_one_may_not_see_is_not_there(page: Page, clock: FixedClock) -> None:
    async with page.db.business(page.business) as session:
        kinds = ("person", "organisation")
        rows = [
            {"kind": kinds[n % 2], "state": "client", "name": f"N{n}", "number": 100 + n, "created_at": NOW}
            for n in range(70)
        ]
        await session.execute(insert(Contact), rows)
    first = await page.api("GET", "/prospects")
    second = await page.api("GET", f"/prospects?below={first['older']}")
    third = await page.api("GET", f"/prospects?below={second['older']}")
    assert [one["number"] for part in (first, second, third) for one in part["clients"]] == list(range(169, 99, -1))
    assert (first["newer"], third["older"], len(third["clients"])) == (None, None, 10)
    assert await page.api("GET", f"/prospects?above={third['newer']}") == second
    back = await page.api("GET", f"/prospects?above={second['newer']}")
    assert (back["clients"], back["older"], back["newer"]) == (first["clients"], first["older"], None)
    hidden = await page.person("Hidden", MOSCOW, who="administrator@a", access="private")
    assert "Hidden X" not in await page.names()
    await page.api("POST", f"/prospects/{hidden}/save", status=404)
    assert (await page.client.get(f"/prospects/{hidden}", headers=page.house.headers("operator@a"))).status == 404
    assert (await page.client.get("/prospects", headers=page.house.headers("guest@a"))).status == 403
    assert await page.names(who="operator@b") == []


async def test_a_page_counts_nobody(page: Page) -> None:
    """However many clients there are, a page asks for one more than it shows."""
    await page.person("A", MOSCOW)
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(page.db.engine.sync_engine, "before_cursor_execute", note)
    try:
        await page.api("GET", "/prospects")
    finally:
        event.remove(page.db.engine.sync_engine, "before_cursor_execute", note)
    assert not [one for one in asked if "count(" in one.lower()]


async def test_the_filter_is_remembered_and_what_cannot_be_used_is_said(page: Page) -> None:
    await page.person("A", MOSCOW)
    await page.html("/prospects?q=zzz")
    assert "zzz" in await page.html("/prospects")
    await page.html("/prospects?all=1")
    assert 'value="zzz"' not in await page.html("/prospects")
    assert 'role="alert"' in await page.html("/prospects?since=someday")
