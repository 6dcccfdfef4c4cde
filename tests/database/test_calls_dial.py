"""Click-to-dial, hanging up, and the card that pops up when a phone rings."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from msgspec.structs import replace

from callcenter.core.errors import Conflict
from callcenter.core.events import CallContact, CallEnded, CallUpdated, ScreenPop
from callcenter.features.calls import handlers
from callcenter.features.calls.rules.dialing import PER_MINUTE
from callcenter.features.calls.usecases.pop import Pops
from callcenter.features.contacts import api as contacts
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.live.views import AgentView
from callcenter.plugin import Services
from tests.support.call_log import AT, CLIENT, OWN, agent_leg, answered, call, client_leg, line, missed, queue, save
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


def agent(house: House, who: str) -> int:
    found = house.people[who].agent_id
    assert found is not None
    return found


def view(agent_id: int, online: list[str], call_id: str | None = None) -> AgentView:
    return AgentView(
        id=agent_id,
        name="x",
        short_number="1",
        state="ready",
        since="2026-03-02T09:00:00Z",
        online=online,
        call_id=call_id,
    )


def commands(services: Services, name: str) -> list[dict[str, Any]]:
    return [arguments for command, arguments in services.telephony.commands if command == name]  # type: ignore[attr-defined]


@pytest.fixture
def on_line(services: Services, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.live, "agent", lambda _business, agent_id: view(agent_id, ["webrtc"]))


async def post(client: Client, house: House, who: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/api/v1/calls", json=body, headers=house.headers(who))
    return answer.status, await answer.json()


@pytest.mark.usefixtures("on_line")
async def test_a_click_dials_with_the_company_s_number_and_gives_the_call_s_id(
    client: Client, services: Services, house: House
) -> None:
    _business, number_id, _queue = await furnish(services, house)
    await line(services.db, house.businesses["b"], "+74950000077")
    status, body = await post(client, house, "operator@a", to="8 (903) 118-27-40")
    assert status == 201
    assert body["id"]
    assert (body["direction"], body["to"], body["from"], body["state"]) == ("out", CLIENT, OWN, "started")
    assert body["number"]["title"] == "Окна"
    assert commands(services, "dial") == [
        {
            "agent_id": agent(house, "operator@a"),
            "to": CLIENT,
            "business_id": house.businesses["a"],
            "caller_id": OWN,
            "number_id": number_id,
            "through": None,
            "call_id": "",
        }
    ]


@pytest.mark.usefixtures("on_line")
async def test_the_client_sees_the_personal_then_the_chosen_then_the_company_s_number(
    client: Client, services: Services, house: House
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    await line(services.db, business, "+74950000001")
    second = await line(services.db, business, "+74950000002")
    await post(client, house, "operator@a", to=CLIENT, number_id=second)
    await line(services.db, business, "+74950000003", kind="personal", agent_id=operator)
    await post(client, house, "operator@a", to=CLIENT)
    await post(client, house, "supervisor@a", to=CLIENT)
    seen = [command["caller_id"] for command in commands(services, "dial")]
    assert seen == ["+74950000002", "+74950000003", "+74950000001"]
    status, body = await post(client, house, "operator@a", to=CLIENT, number_id=4242)
    assert (status, list(body["error"]["fields"])) == (422, ["number_id"])


@pytest.mark.usefixtures("on_line")
@pytest.mark.parametrize(
    "to", ["", "123", "привет", "+7 903", "0" * 60, "+7903118274O", "102\r\nAction: Ping", "999", OWN]
)
async def test_a_wrong_number_is_said_so_and_nothing_is_dialled(
    client: Client, services: Services, house: House, to: str
) -> None:
    await line(services.db, house.businesses["a"])
    status, body = await post(client, house, "operator@a", to=to)
    assert status == 422
    assert body["error"]["code"] == "wrong_number"
    assert body["error"]["message"]
    assert commands(services, "dial") == []


async def test_without_a_phone_on_line_or_in_a_call_it_is_said_why(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.live, "agent", lambda _business, agent_id: view(agent_id, []))
    status, body = await post(client, house, "operator@a", to=CLIENT)
    assert (status, body["error"]["code"]) == (409, "offline")
    assert "телефон не на линии" in body["error"]["message"].lower()
    monkeypatch.setattr(services.live, "agent", lambda _business, agent_id: view(agent_id, ["sip"], "1.1"))
    status, body = await post(client, house, "operator@a", to=CLIENT)
    assert (status, body["error"]["code"]) == (409, "in_call")
    # Live may be a moment behind: Asterisk's own word counts.
    monkeypatch.setattr(services.live, "agent", lambda _business, agent_id: view(agent_id, ["sip"]))

    async def refuse(**_: Any) -> str:
        raise Conflict("Your phone is not on line.", code="offline")

    monkeypatch.setattr(services.telephony, "dial", refuse)
    status, body = await post(client, house, "operator@a", to=CLIENT)
    assert (status, body["error"]["code"]) == (409, "offline")
    assert (await post(client, house, "administrator@a", to=CLIENT))[0] == 403
    assert (await post(client, house, "guest@a", to=CLIENT))[0] == 403
    assert commands(services, "dial") == []


@pytest.mark.usefixtures("on_line")
async def test_a_colleague_is_dialled_by_short_number(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callcenter.core.directory import AgentRef, Directory

    refs = {}
    for who, short in (("operator@a", "104"), ("supervisor@a", "103"), ("operator@b", "105")):
        one = agent(house, who)
        refs[one] = AgentRef(id=one, business_id=house.people[who].business_id, name=who, short_number=short)
    monkeypatch.setattr(services.telephony, "directory", Directory(agents=refs))
    status, body = await post(client, house, "operator@a", to="103")
    assert (status, body["direction"], body["to"]) == (201, "internal", "103")
    assert (await post(client, house, "operator@a", to="104"))[0] == 422
    assert (await post(client, house, "operator@a", to="105"))[0] == 422


@pytest.mark.usefixtures("on_line")
async def test_dialling_faster_than_a_person_can_is_stopped(
    client: Client, services: Services, house: House, clock: Any
) -> None:
    for _ in range(PER_MINUTE):
        assert (await post(client, house, "operator@a", to=CLIENT))[0] == 201
    status, body = await post(client, house, "operator@a", to=CLIENT)
    assert (status, body["error"]["code"]) == (429, "too_many")
    assert (await post(client, house, "supervisor@a", to=CLIENT))[0] == 201
    clock.advance(61)
    assert (await post(client, house, "operator@a", to=CLIENT))[0] == 201


async def test_one_s_own_call_can_be_ended_and_with_the_right_any(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    going = {"1.1": call(business, "1.1", rung=(operator,)), "1.2": call(business, "1.2")}
    monkeypatch.setattr(
        services.live, "call", lambda wanted, call_id: going.get(call_id) if wanted == business else None
    )

    async def end(who: str, call_id: str) -> int:
        return (await client.post(f"/api/v1/calls/{call_id}/hangup", headers=house.headers(who))).status

    assert await end("operator@a", "1.1") == 202
    assert await end("operator@a", "1.2") == 404
    assert await end("supervisor@a", "1.2") == 202
    assert await end("supervisor@b", "1.1") == 404
    assert await end("operator@a", "9.9") == 404
    assert [command["call_id"] for command in commands(services, "hangup")] == ["1.1", "1.2"]


# --- the card ---


class Desk:
    """Feeds call events to the handlers and keeps the cards that come."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.cards: list[ScreenPop] = []
        self.contacts: list[CallContact] = []
        services.bus.listen(ScreenPop, self.cards.append)
        services.bus.listen(CallContact, self.contacts.append)

    async def say(self, what: str, now: Any) -> None:
        event = CallUpdated(at=now.started_at, call=now, what=what)
        await handlers.pop_update(self.services, event)

    async def looked_up(self, call_id: str) -> None:
        caller = self.services.part(Pops, Pops).callers[call_id]
        assert caller.lookup is not None
        await asyncio.wait_for(caller.lookup, 10)


async def furnish(services: Services, house: House) -> tuple[int, int, int]:
    """(business, number, queue) with the telephony's directory filled."""
    business = house.businesses["a"]
    number_id, queue_id = await line(services.db, business, title="Окна"), await queue(services.db, business, "Продажи")
    async with services.db.system() as session:
        services.telephony.directory = replace(
            services.telephony.directory,
            numbers=await numbers.directory_numbers(session),
            queues=await queues.for_directory(session),
        )
    return business, number_id, queue_id


def rings(now: Any, agent_id: int) -> Any:
    return replace(now, state="ringing", legs=(client_leg(now.id), agent_leg(now.id, agent_id)))


@pytest.mark.rule("TEL-65", "INB-02")
async def test_a_known_caller_pops_up_with_name_position_number_and_line(services: Services, house: House) -> None:
    business, number_id, queue_id = await furnish(services, house)
    operator, other = agent(house, "operator@a"), agent(house, "supervisor@a")
    async with services.db.business(business) as session:
        form = contacts.ClientForm(
            first_name="Олег", last_name="Кравцов", position="Директор", city="Тюмень", phone=CLIENT
        )
        client = await contacts.create_client(session, form, NOW)
    await save(
        services.db,
        *(answered(business, other, f"0.{n}", started_at=AT - 1000 + n) for n in range(6)),
        missed(business, (), "0.9", started_at=AT - 10),
        missed(house.businesses["b"], (), "0.10", started_at=AT - 5),
    )
    desk = Desk(services)
    begun = call(business, "1.1", number_id=number_id, queue_id=queue_id, queued_at=AT + 2)
    await save(services.db, begun)
    await desk.say("started", begun)
    await desk.looked_up("1.1")
    assert [(one.contact_id, one.name, one.position, one.saved) for one in desk.contacts] == [
        (client.id, "Олег Кравцов", "Директор", True)
    ]
    before = time.perf_counter()
    await desk.say("rang", rings(begun, operator))
    assert time.perf_counter() - before < 0.02
    [pop] = desk.cards
    assert (pop.agent_id, pop.call_id, pop.business_id) == (operator, "1.1", business)
    card = pop.card
    assert (card["name"], card["position"], card["number"]) == ("Олег Кравцов", "Директор", CLIENT)
    assert card["line"] == {"title": "Окна", "e164": OWN}
    assert card["queue"] == {"id": queue_id, "name": "Продажи"}
    assert card["waited_since"] == "2026-03-02T09:00:02Z"
    assert (card["calls_total"], len(card["last_calls"])) == (7, 5)
    assert [past["id"] for past in card["last_calls"]] == ["0.9", "0.5", "0.4", "0.3", "0.2"]
    assert card["last_calls"][1]["agents"] == ["Supervisor A"]
    assert (card["city"], card["saved"], card["contact_id"]) == ("Тюмень", True, client.id)
    # The same ring again pops nothing; another phone does.
    await desk.say("leg", rings(begun, operator))
    await desk.say("rang", rings(begun, other))
    assert [one.agent_id for one in desk.cards] == [operator, other]


@pytest.mark.rule("TEL-65")
async def test_an_unknown_caller_pops_up_with_the_number_only(services: Services, house: House) -> None:
    business, number_id, _queue = await furnish(services, house)
    desk = Desk(services)
    begun = call(business, "1.1", number_id=number_id)
    await desk.say("started", begun)
    await desk.looked_up("1.1")
    await desk.say("rang", rings(begun, agent(house, "operator@a")))
    card = desk.cards[0].card
    assert (card["name"], card["position"], card["number"], card["saved"]) == ("", "", CLIENT, False)
    assert card["line"] == {"title": "Окна", "e164": OWN}
    assert (card["contact_id"], card["calls_total"], card["last_calls"], card["queue"]) == (None, 0, [], None)


async def test_a_slow_look_up_does_not_hold_the_card_back(
    services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    business, operator = house.businesses["a"], agent(house, "operator@a")
    go = asyncio.Event()
    real = contacts.find_by_number

    async def slow(*arguments: Any) -> Any:
        await go.wait()
        return await real(*arguments)

    async with services.db.business(business) as session:
        await contacts.create_client(session, contacts.ClientForm(first_name="Олег", phone=CLIENT), NOW)
    monkeypatch.setattr(contacts, "find_by_number", slow)
    desk = Desk(services)
    ringing = rings(call(business, "1.1"), operator)
    monkeypatch.setattr(services.live, "call", lambda *_: ringing)
    await desk.say("rang", ringing)
    assert [one.card["name"] for one in desk.cards] == [""]
    go.set()
    await desk.looked_up("1.1")
    for _ in range(100):
        if len(desk.cards) == 2:
            break
        await asyncio.sleep(0.01)
    assert [one.card["name"] for one in desk.cards] == ["", "Олег"]


async def test_a_call_that_is_over_is_forgotten(services: Services, house: House) -> None:
    business = house.businesses["a"]
    desk = Desk(services)
    begun = call(business, "1.1")
    await desk.say("started", begun)
    looking = services.part(Pops, Pops).callers["1.1"].lookup
    assert looking is not None
    ended = CallEnded(at=AT + 1, call=missed(business, (), "1.1"))
    await handlers.pop_end(services, ended)
    # A look-up that was cut off gives its connection back before the database goes.
    await asyncio.wait({looking})
    assert services.part(Pops, Pops).callers == {}


async def test_the_callers_of_one_business_are_looked_up_in_it_only(services: Services, house: House) -> None:
    async with services.db.business(house.businesses["a"]) as session:
        await contacts.create_client(session, contacts.ClientForm(first_name="Олег", phone=CLIENT), NOW)
    desk = Desk(services)
    begun = call(house.businesses["b"], "1.1")
    await desk.say("started", begun)
    await desk.looked_up("1.1")
    await desk.say("rang", rings(begun, agent(house, "operator@b")))
    assert desk.contacts == []
    assert desk.cards[0].card["name"] == ""
