"""Dial lists over the API: made by a filter, who may do what, clients taken out and put back, filters, do-not-call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from callcenter.core.clock import FixedClock
from callcenter.features.accounts.models import Membership
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import Contact
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialAttempt, DialEntry, DialList
from callcenter.features.dialer.queries import refusing
from callcenter.features.dialer.usecases import making, running
from callcenter.features.work import api as work
from callcenter.plugin import Services
from tests.support.clients import make_clients
from tests.support.dialer import Floor, clients, person
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
API = "/api/v1/dial-lists"
ONE, TWO, THREE = "+79160000001", "+79160000002", "+79160000003"


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own dialer does not look: the tests do."""

    async def rest(_services: Services) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(running, "serve", rest)


@pytest.fixture
async def floor(services: Services, house: House, clock: FixedClock) -> Floor:
    found = Floor(services, house, clock)
    await found.furnish()
    return found


async def ask(
    client: Client, house: House, who: str, method: str, path: str, body: Any = None
) -> tuple[int, dict[str, Any]]:
    answer = await client.request(method, path, json=body, headers=house.headers(who))
    return answer.status, await answer.json()


@pytest.mark.rule("OUT-01", "OUT-02", "OUT-03", "OUT-04")
@pytest.mark.parametrize("who", ["operator@a", "supervisor@a", "administrator@a", "owner@a"])
async def test_every_employee_makes_a_list_of_clients_with_a_phone_and_sees_how_many_before(
    client: Client, services: Services, house: House, who: str
) -> None:
    business = house.businesses["a"]
    await clients(services, business, [[ONE], [], [TWO, THREE], []])
    await make_clients(services.db, business, 3)
    await clients(services, house.businesses["b"], [["+79160000009"]])
    assert await ask(client, house, who, "POST", f"{API}/count", {}) == (200, {"total": 2})
    where = {"join": "or", "items": [{"field": "first_name", "op": "equals", "value": "Client2"},
                                     {"field": "phone", "op": "contains", "value": "0009"}]}  # fmt: skip
    assert await ask(client, house, who, "POST", f"{API}/count", {"where": where}) == (200, {"total": 1})
    status, made = await ask(client, house, who, "POST", API, {"title": " My  list ", "where": where, "pause": 30})
    assert (status, made["title"], made["pause"], made["status"]) == (201, "My list", 30, "created")
    assert made["creator"]["id"] == house.people[who].membership_id
    await work.office(services).idle()
    _, shown = await ask(client, house, who, "GET", f"{API}/{made['id']}")
    assert (shown["total"], shown["left"], shown["filled"]) == (1, 1, True)
    _, page = await ask(client, house, who, "GET", f"{API}/{made['id']}/clients")
    assert [(one["name"], one["phone"]) for one in page["clients"]] == [("Client2", TWO)]
    assert (await ask(client, house, "operator@b", "GET", f"{API}/{made['id']}"))[0] == 404
    assert (await ask(client, house, "guest@a", "POST", API, {"title": "x"}))[0] == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"title": "x", "pause": 15}, "pause"),
        ({"title": "x", "where": {"field": "city", "op": "equals", "value": "Nowhere"}}, "where"),
        ({"title": "x", "retry": {"answered": [900, 1]}}, "retry"),
        ({"title": "x", "retry": {"busy": [901, 1]}}, "retry"),
        ({"title": "x", "hours": {"from": "21:00", "to": "09:00"}}, "hours"),
    ],
)
async def test_a_list_that_cannot_be_made_says_which_field(
    client: Client, services: Services, house: House, body: dict[str, Any], field: str
) -> None:
    await clients(services, house.businesses["a"], [[ONE]])
    status, said = await ask(client, house, "operator@a", "POST", API, body)
    assert status == 422
    assert list(said["error"]["fields"]) == [field]
    async with services.db.business(house.businesses["a"]) as session:
        assert await session.scalar(select(func.count()).select_from(DialList)) == 0


@pytest.mark.rule("OUT-13")
async def test_a_large_list_is_written_in_portions_and_a_crash_between_them_loses_and_doubles_nobody(
    services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    business = house.businesses["a"]
    monkeypatch.setattr(making, "FIRST_PORTION", 20)
    monkeypatch.setattr(work, "next_portion", lambda *_: 20)
    ids = await make_clients(services.db, business, 110)
    async with services.db.business(business) as session:
        session.add_all(contacts.ContactPhone(contact_id=one, e164=f"+7916{one:07d}") for one in ids)
    asked = person(house, "operator@a")
    async with services.db.business(business) as session:
        made = await making.create(session, services, asked, making.ListForm(title="Large"))
    portions = 0

    async def crash(_seconds: float) -> None:
        nonlocal portions
        portions += 1
        if portions == 3:
            raise SystemExit

    monkeypatch.setattr(making, "pause", crash)
    run = await work.office(services)._next()
    assert run is not None
    with pytest.raises(SystemExit):
        await making.fill(run)
    async with services.db.business(business) as session:
        assert len(await queries.entries(session, made.id, "due", 1)) == queries.PER_PAGE + 1
        assert await queries.counts(session, made.id) == {"left": 60}
    await work.office(services).idle()
    async with services.db.business(business) as session:
        rows = list(await session.scalars(select(DialEntry).order_by(DialEntry.position)))
        row = await session.get_one(DialList, made.id)
    assert [one.contact_id for one in rows] == ids
    assert [one.position for one in rows] == list(range(1, 111))
    assert (row.total, row.counts, row.filled) == (110, {"left": 110}, True)


WHO = {
    "creator": "operator@a",
    "other": "operator2@a",
    "supervisor": "supervisor@a",
    "administrator": "administrator@a",
}


@pytest.fixture
async def team(services: Services, house: House) -> House:
    """One operator more, who has no part in the list."""
    from callcenter.features.accounts import api as accounts
    from callcenter.features.agents import api as agents
    from tests.support.house import Person

    async with services.db.system() as session:
        user = await accounts.create_user(session, email="two@a.example", name="Operator Two", password="", at=NOW)
        business = house.businesses["a"]
        member = await accounts.add_member(session, business_id=business, user_id=user.id, role="operator", at=NOW)
        agent = await agents.create_agent(
            session, business_id=business, membership_id=member.id, name="Two", at=NOW, short_number="120"
        )
        found = Person(user.id, member.id, business, "two@a.example", "operator", agent_id=agent.id)
        _, found.token = await accounts.create_token(
            session, business_id=business, user_id=user.id, name="tests", at=NOW, days=None
        )
    house.people["operator2@a"] = found
    return house


async def _set(services: Services, house: House, list_id: int, status: str, performer: str) -> None:
    """The list as it would be after what people did."""
    async with services.db.business(house.businesses["a"]) as session:
        row = await session.get_one(DialList, list_id)
        row.status = status
        row.agent_id = house.people[performer].agent_id if performer else None
        # Nothing is dialled in these tests.
        row.next_at, row.rest_call, row.rest_from = None, "d", NOW


# What is done × the list's status and who performs it ('' = nobody) → the answers to its creator (an operator), another
# operator, a supervisor, an administrator without a phone. 200 = done, 403 = may not, 409 = not now.
TABLE: list[tuple[str, str, str, tuple[int, int, int, int]]] = [
    ("start", "created", "", (200, 200, 200, 403)),
    ("start", "paused", "", (200, 200, 200, 403)),
    ("start", "paused", "operator2@a", (409, 200, 409, 403)),
    ("start", "running", "operator2@a", (409, 409, 409, 403)),
    ("start", "finished", "", (409, 409, 409, 403)),
    ("start", "archive", "", (409, 409, 409, 403)),
    ("pause", "running", "operator2@a", (403, 200, 200, 200)),
    ("stop", "running", "operator2@a", (403, 200, 200, 200)),
    ("stop", "paused", "operator2@a", (403, 200, 200, 200)),
    ("stop", "created", "", (403, 403, 409, 409)),
    ("next", "running", "operator2@a", (403, 200, 403, 403)),
    ("set_pause", "running", "operator2@a", (403, 200, 403, 403)),
    ("set_pause", "paused", "operator2@a", (403, 200, 403, 403)),
    ("set_pause", "created", "", (403, 403, 403, 403)),
    ("set_mode", "created", "", (200, 403, 200, 200)),
    ("set_mode", "paused", "", (200, 403, 200, 200)),
    ("set_mode", "paused", "operator2@a", (409, 403, 409, 409)),
    ("set_mode", "running", "operator2@a", (409, 403, 409, 409)),
    ("exclude", "running", "operator2@a", (200, 403, 200, 200)),
    ("exclude", "created", "", (200, 403, 200, 200)),
    ("archive", "paused", "", (200, 403, 200, 200)),
    ("archive", "created", "", (200, 403, 200, 200)),
    ("archive", "finished", "", (200, 403, 200, 200)),
    ("archive", "running", "operator2@a", (409, 403, 409, 409)),
    ("archive", "paused", "operator2@a", (409, 403, 409, 409)),
    ("restore", "archive", "", (200, 403, 200, 200)),
]


@pytest.mark.rule("OUT-08", "OUT-09", "OUT-10", "OUT-11", "OUT-12", "OUT-14")
async def test_who_may_do_what(client: Client, services: Services, team: House, clock: FixedClock) -> None:
    floor = Floor(services, team, clock)
    await floor.furnish()
    await clients(services, floor.business, [[ONE], [TWO]])
    async with services.db.business(floor.business) as session:
        made = await making.create(session, services, floor.me, making.ListForm(title="List"))
    await work.office(services).idle()
    (first, _) = await floor.entries()
    wrong = []
    for action, status, performer, answers in TABLE:
        for who, expected in zip(WHO.values(), answers, strict=True):
            await _set(services, team, made.id, status, performer)
            path, method, body = f"{API}/{made.id}/{action}", "POST", None
            if action == "set_pause":
                path, method, body = f"{API}/{made.id}", "PATCH", {"pause": 60}
            if action == "set_mode":
                path, method, body = f"{API}/{made.id}", "PATCH", {"mode": "power", "dialing": {}}
            if action == "exclude":
                path, method = f"{API}/{made.id}/clients/{first.id}", "DELETE"
            got, said = await ask(client, team, who, method, path, body)
            if got != expected:
                wrong.append((action, status, performer, who, got, said))
            _, shown = await ask(client, team, who, "GET", f"{API}/{made.id}")
            if action == "exclude":
                await ask(client, team, "administrator@a", "POST", f"{path}/restore")
            if got >= 400 and action in shown["can"]:
                wrong.append((action, status, who, "the button is there"))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.rule("OUT-12")
async def test_a_stop_lets_go_and_a_pause_does_not(client: Client, services: Services, team: House) -> None:
    floor = Floor(services, team, services.clock)  # type: ignore[arg-type]
    await floor.furnish()
    made = await floor.make([[ONE]])
    await _set(services, team, made, "running", "operator@a")
    _, shown = await ask(client, team, "operator@a", "POST", f"{API}/{made}/pause")
    assert (shown["status"], shown["agent"]["id"]) == ("paused", floor.me.agent_id)
    _, shown = await ask(client, team, "operator@a", "POST", f"{API}/{made}/stop")
    assert (shown["status"], shown["agent"]) == ("paused", None)
    # Whoever comes now is responsible, and one performs one list at a time.
    assert (await ask(client, team, "operator2@a", "POST", f"{API}/{made}/start"))[0] == 200
    other = await floor.make(title="Other")
    status, said = await ask(client, team, "operator2@a", "POST", f"{API}/{other}/start")
    assert (status, said["error"]["code"]) == (409, "busy")


@pytest.mark.rule("OUT-15")
async def test_lists_are_found_by_who_made_them_their_clients_their_status_and_their_name(
    client: Client, floor: Floor
) -> None:
    house = floor.house
    ours = await floor.make([[ONE]], title="Осенняя акция")
    where = {"field": "phone", "op": "equals", "value": TWO}
    await clients(floor.services, floor.business, [[TWO]])
    theirs = await floor.make(title="Сервис", who="supervisor@a", where=where)

    async def found(query: str) -> list[int]:
        status, page = await ask(client, house, "operator@a", "GET", f"{API}?{query}")
        assert status == 200
        return [one["id"] for one in page["lists"]]

    assert await found("") == [theirs, ours]
    assert await found(f"creator={house.people['supervisor@a'].membership_id}") == [theirs]
    assert await found("client=0000002") == [theirs]
    assert await found("client=client0") == [theirs, ours]
    assert await found("q=осенняя") == [ours]
    assert await found("status=running") == []
    await ask(client, house, "operator@a", "POST", f"{API}/{ours}/archive")
    assert await found("") == [theirs]
    assert await found("status=archive") == [ours]
    answer = await client.get("/dialer", headers=house.headers("operator@a"))
    page = await answer.text()
    assert "Пауза между вызовами" in page
    assert "Создан" in page


async def test_a_client_is_taken_out_and_put_back(client: Client, floor: Floor) -> None:
    made = await floor.make([[ONE], [TWO]])
    first, _ = await floor.entries()
    status, shown = await ask(client, floor.house, "operator@a", "DELETE", f"{API}/{made}/clients/{first.id}")
    assert (status, shown["state"], shown["outcome"]) == (200, "excluded", "by_hand")
    assert (await floor.row(made)).counts == {"left": 1, "excluded": 1}
    await floor.start(made)
    await floor.look()
    assert floor.called == [TWO]
    second = (await floor.entries())[1]
    status, said = await ask(client, floor.house, "operator@a", "DELETE", f"{API}/{made}/clients/{second.id}")
    assert (status, said["error"]["code"]) == (409, "dialing")
    await ask(client, floor.house, "operator@a", "POST", f"{API}/{made}/clients/{first.id}/restore")
    await floor.ends("answered")
    assert floor.called == [TWO, ONE]


async def test_those_who_were_not_reached_are_called_again(client: Client, floor: Floor) -> None:
    made = await floor.make([[ONE], [TWO], [THREE]])
    assert (await ask(client, floor.house, "operator@a", "POST", f"{API}/{made}/retry"))[0] == 409
    await floor.start(made)
    await floor.look()
    for result in ("no_answer", "answered", "busy"):
        await floor.ends(result)
    assert (await floor.row(made)).status == "finished"
    status, shown = await ask(client, floor.house, "operator@a", "POST", f"{API}/{made}/retry")
    assert (status, shown["status"]) == (200, "paused")
    await work.office(floor.services).idle()
    assert (await floor.row(made)).counts == {"left": 2, "answered": 1}
    await floor.start(made)
    await floor.look()
    await floor.ends("answered")
    assert floor.called == [ONE, TWO, THREE, ONE, THREE]


@pytest.mark.rule("OBD-13")
async def test_the_progress_of_a_list_is_counted_by_outcome_with_its_expected_end(client: Client, floor: Floor) -> None:
    made = await floor.make([[f"+7916000010{n}"] for n in range(8)], pause=10)
    await floor.start(made)
    await floor.look()
    for result in ("answered", "no_answer", "busy", "answered"):
        floor.clock.advance(50)
        floor.live.clear()
        await floor.ends(result)
        await floor.pass_time(10)
        floor.live[floor.dialled[-1]["call_id"]] = floor.call("answered")
    _, shown = await ask(client, floor.house, "operator@a", "GET", f"{API}/{made}")
    assert (shown["total"], shown["left"], shown["outcomes"]) == (8, 4, {"answered": 2, "no_answer": 1, "busy": 1})
    # Four more, each 50 s and the pause.
    end = shown["expected_end"].replace("Z", "+00:00")
    from datetime import datetime

    assert (datetime.fromisoformat(end) - floor.clock.now()).total_seconds() == 240
    async with floor.services.db.business(floor.business) as session:
        row = await floor.row(made)
        assert await queries.counts(session, made) == row.counts


@pytest.mark.rule("OBD-05")
async def test_who_asked_not_to_be_called_is_left_out_at_the_making_and_at_the_moment_of_dialling(
    client: Client, floor: Floor
) -> None:
    house = floor.house
    status, said = await ask(client, house, "operator@a", "POST", "/api/v1/do-not-call",
                             {"numbers": f"8 916 000-00-01\n{ONE}; nonsense", "reason": "Asked"})  # fmt: skip
    assert (status, said) == (201, {"added": 1, "known": 0, "wrong": ["nonsense"]})
    assert (await ask(client, house, "operator@a", "POST", "/api/v1/do-not-call", {"numbers": "x"}))[0] == 422
    made = await floor.make([[ONE], [ONE, TWO], [THREE]])
    assert await floor.states() == [("excluded", "do_not_call"), ("due", ""), ("due", "")]
    assert (await floor.row(made)).counts == {"left": 2, "excluded": 1}
    await ask(client, house, "operator@a", "POST", "/api/v1/do-not-call", {"numbers": THREE})
    await floor.start(made)
    await floor.look()
    assert floor.called == [TWO]
    await floor.ends("answered")
    assert floor.called == [TWO]
    assert (await floor.states())[2] == ("excluded", "do_not_call")
    # Another company's clients are another company's.
    async with floor.services.db.business(house.businesses["b"]) as session:
        assert await refusing.among(session, [ONE]) == set()
    _, page = await ask(client, house, "operator@a", "GET", "/api/v1/do-not-call?q=0001")
    (one,) = page["numbers"]
    assert (one["number"], one["reason"]) == (ONE, "Asked")
    path = f"/api/v1/do-not-call/{one['id']}"
    assert (await ask(client, house, "operator@a", "DELETE", path))[0] == 403
    assert (await ask(client, house, "supervisor@a", "DELETE", path))[0] == 200


async def test_blocked_clients_and_spam_are_not_called(floor: Floor) -> None:
    from callcenter.features.calls.models import SpamNumber

    made = await floor.make([[ONE], [TWO], [THREE]])
    async with floor.services.db.business(floor.business) as session:
        person_one = await session.scalar(select(Contact).order_by(Contact.id).limit(1))
        assert person_one is not None
        person_one.blocked = True
        session.add(SpamNumber(number=TWO, marked_at=NOW))
    await floor.start(made)
    await floor.look()
    assert floor.called == [THREE]
    assert (await floor.states())[:2] == [("excluded", "blocked"), ("excluded", "spam")]


@pytest.mark.rule("OBD-06")
async def test_the_address_narrows_down_where_a_client_is(floor: Floor, clock: FixedClock) -> None:
    # It is nine o'clock in UTC: noon in Moscow, nine at night in Kamchatka.
    ids = await clients(floor.services, floor.business, [[ONE], [TWO], [THREE], ["+74950000009"]])
    async with floor.services.db.business(floor.business) as session:
        for one, city in zip(ids, ("", "Москва", "Камчатский край", "Камчатский край"), strict=True):
            (await session.get_one(contacts.Contact, one)).city = city
    made = await floor.make(hours={"from": "09:00", "to": "20:00"})
    await floor.start(made)
    await floor.look()
    # A mobile number may be anywhere in Russia; the city says that this one is in Moscow.
    assert floor.called == [TWO]
    await floor.ends("answered")
    later = [(one.state, one.next_at and one.next_at.isoformat()) for one in await floor.entries()]
    assert later[0] == ("later", "2026-03-03T07:00:00+00:00")
    assert later[2] == ("later", "2026-03-02T21:00:00+00:00")
    # Moscow's number, Kamchatka's address: both have to be awake.
    assert later[3] == ("later", "2026-03-03T06:00:00+00:00")


@pytest.mark.rule("OBD-06")
async def test_a_client_for_whom_no_hour_fits_is_taken_out_and_it_is_said_why(floor: Floor) -> None:
    made = await floor.make([[ONE]], hours={"from": "10:00", "to": "18:00"})
    await floor.start(made)
    await floor.look()
    assert (floor.called, await floor.states()) == ([], [("excluded", "no_hour")])


async def test_clients_are_called_within_their_hours_only(floor: Floor, clock: FixedClock) -> None:
    # Moscow is three hours ahead of UTC, where it is nine o'clock; Khabarovsk ten.
    made = await floor.make([["+74212000001"], ["+74952000001"]], hours={"from": "10:00", "to": "18:00"})
    await floor.start(made)
    await floor.look()
    assert floor.called == ["+74952000001"]
    later = (await floor.entries())[0]
    assert later.state == "later"
    assert later.next_at is not None
    assert later.next_at.isoformat() == "2026-03-03T00:00:00+00:00"
    await floor.ends("answered")
    await floor.pass_time(15 * 3600)
    assert floor.called == ["+74952000001", "+74212000001"]


async def test_cards_that_are_merged_or_erased_take_their_places_along(floor: Floor) -> None:
    made = await floor.make([[ONE], [TWO], [THREE]])
    first, second, third = [one.contact_id for one in await floor.entries()]
    async with floor.services.db.business(floor.business) as session:
        await contacts.merge(session, first, [second], NOW, None)
        await contacts.erase(session, [third])
    await floor.start(made)
    await floor.look()
    assert [one.contact_id for one in await floor.entries()] == [first]
    await floor.ends("answered")
    assert (await floor.row(made)).status == "finished"
    async with floor.services.db.business(floor.business) as session:
        assert await session.scalar(select(func.count()).select_from(DialAttempt)) == 1


async def test_clients_whom_one_may_not_see_are_hidden_in_the_list(client: Client, floor: Floor) -> None:
    made = await floor.make([[ONE]], who="administrator@a")
    async with floor.services.db.business(floor.business) as session:
        card = await session.scalar(select(Contact))
        member = await session.scalar(select(Membership.id).where(Membership.role == "owner"))
        assert card is not None
        card.access, card.responsible_id = "private", member
    _, page = await ask(client, floor.house, "operator@a", "GET", f"{API}/{made}/clients")
    (one,) = page["clients"]
    assert (one["contact_id"], one["name"], one["phone"]) == (None, "", "")
    answer = await client.get(f"/dialer/{made}", headers=floor.house.headers("operator@a"))
    text = await answer.text()
    assert ONE[2:] not in text.replace(" ", "").replace("-", "")
    assert "Клиент другого сотрудника" in text


async def test_the_next_client_is_found_by_indexes_alone(floor: Floor) -> None:
    if floor.services.db.dialect != "sqlite":
        return
    await floor.make([[ONE]])
    async with floor.services.db.system() as session:
        from sqlalchemy import text

        for state, order in (("due", "position"), ("later", "next_at")):
            found = f"SELECT id FROM dial_entries WHERE list_id=1 AND state='{state}' ORDER BY {order} LIMIT 1"  # noqa: S608
            sql = f"EXPLAIN QUERY PLAN {found}"
            plan = " ".join(str(row[-1]) for row in await session.execute(text(sql)))
            assert f"ix_dial_entries_{state}" in plan
            assert "B-TREE" not in plan


async def test_the_page_of_a_list_shows_its_progress_in_every_state(client: Client, floor: Floor) -> None:
    made = await floor.make([[f"+7916000010{n}"] for n in range(6)], retry={"busy": [900, 1]})
    await floor.start(made)
    await floor.look()
    who = floor.house.headers("operator@a")
    await floor.ends("answered")
    answer = await client.get(f"/dialer/{made}", headers=who)
    assert (answer.status, "Повторить недозвоны" in await answer.text()) == (200, False)
    for result in ("busy", "no_answer", "answered"):
        await floor.ends(result)
    answer = await client.get(f"/dialer/{made}", headers=who)
    assert "Повторить недозвоны" in await answer.text()
    for state in ("", "due", "later", "done", "excluded"):
        answer = await client.get(f"/dialer/{made}?state={state}", headers=who)
        assert answer.status == 200, await answer.text()
        assert "Promo" in await answer.text()
    status, mine = await ask(client, floor.house, "operator@a", "GET", "/api/v1/me/dial-list")
    assert (status, mine["run"]["done"], mine["run"]["left"]) == (200, 3, 3)
    assert (await client.get("/dialer", headers=who)).status == 200
    assert (await client.get("/do-not-call", headers=who)).status == 200
