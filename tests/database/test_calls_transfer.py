"""Who may give a call away, and where to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.directory import AgentRef, Directory
from callcenter.http import permissions
from callcenter.plugin import Services
from tests.database.test_calls_dial import agent, commands, view
from tests.support.call_log import AT, agent_leg, call, client_leg, line, queue
from tests.support.house import House

Client = TestClient[Any, Any]
OUTSIDE = {"kind": "number", "number": "8 (903) 118-27-40"}


@pytest.fixture
def talk(services: Services, house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """The operator of business a talks in call 1.1; sets the state of all colleagues."""
    business, operator = house.businesses["a"], agent(house, "operator@a")
    legs = (client_leg("1.1"), agent_leg("1.1", operator, state="up", answered_at=AT + 1, bridged_at=AT + 1))
    going = call(business, "1.1", state="talking", agent_id=operator, agents=(operator,), legs=legs)
    monkeypatch.setattr(services.live, "call", lambda b, c: going if (b, c) == (business, "1.1") else None)
    people = [one for one in house.people.values() if one.agent_id]
    services.telephony.directory = Directory(
        agents={
            one.agent_id or 0: AgentRef(
                id=one.agent_id or 0, business_id=one.business_id, name=one.email, short_number="1"
            )
            for one in people
        }
    )
    of = {one.agent_id: one.business_id for one in people}

    def everybody(state: str) -> None:
        def seen(wanted: int, agent_id: int) -> Any:
            found = view(agent_id, ["sip"])
            found.state = state  # type: ignore[assignment]
            return found if of.get(agent_id) == wanted else None

        monkeypatch.setattr(services.live, "agent", seen)

    everybody("ready")
    return everybody


async def give(client: Client, house: House, who: str, body: dict[str, Any]) -> tuple[int, str]:
    answer = await client.post("/api/v1/calls/1.1/transfer", json=body, headers=house.headers(who))
    said = await answer.json()
    return answer.status, said.get("error", {}).get("code", "")


async def offered(client: Client, house: House, who: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/transfer-targets", headers=house.headers(who))
    found: dict[str, Any] = await answer.json()
    return found


def gone(services: Services) -> list[str]:
    return [command["target"] for command in commands(services, "transfer")]


@pytest.mark.rule("TEL-46")
@pytest.mark.usefixtures("talk")
async def test_without_the_team_a_call_goes_to_outside_numbers_only(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales = await queue(services.db, house.businesses["a"])
    colleague = {"kind": "agent", "id": agent(house, "supervisor@a")}
    with_team = await offered(client, house, "supervisor@a")
    assert with_team["inside"]
    assert agent(house, "operator@a") in [one["id"] for one in with_team["targets"] if one["kind"] == "agent"]
    assert sales in [one["id"] for one in with_team["targets"] if one["kind"] == "queue"]
    less = permissions.ROLE_PERMISSIONS["operator"] - {permissions.AGENTS_SEE}
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, "operator", less)
    assert await offered(client, house, "operator@a") == {"inside": False, "targets": []}
    assert (await give(client, house, "operator@a", colleague))[0] == 403
    assert (await give(client, house, "operator@a", {"kind": "queue", "id": sales}))[0] == 403
    assert (await give(client, house, "operator@a", OUTSIDE))[0] == 202
    assert gone(services) == ["+79031182740"]


@pytest.mark.rule("TEL-47")
@pytest.mark.parametrize("state", ["paused", "talking", "ringing", "wrapup", "offline"])
async def test_only_who_is_available_gets_a_call(
    client: Client, services: Services, house: House, talk: Callable[[str], None], state: str
) -> None:
    colleague = {"kind": "agent", "id": agent(house, "supervisor@a")}
    talk(state)
    assert [one for one in (await offered(client, house, "operator@a"))["targets"] if one["kind"] == "agent"] == []
    assert await give(client, house, "operator@a", colleague) == (409, "not_available")
    talk("ready")
    assert (await give(client, house, "operator@a", colleague))[0] == 202
    assert gone(services) == [f"a{colleague['id']}"]


@pytest.mark.usefixtures("talk")
async def test_a_call_of_others_and_a_target_elsewhere_are_refused(
    client: Client, services: Services, house: House
) -> None:
    await line(services.db, house.businesses["a"], "+74950000001")
    theirs = await queue(services.db, house.businesses["b"])
    me, stranger = agent(house, "operator@a"), agent(house, "operator@b")
    assert (await give(client, house, "supervisor@a", OUTSIDE))[0] == 404
    assert (await give(client, house, "operator@b", OUTSIDE))[0] == 404
    for body in (
        {"kind": "agent", "id": me},
        {"kind": "agent", "id": stranger},
        {"kind": "queue", "id": theirs},
        {"kind": "menu", "id": 4242},
        {"kind": "agent"},
        {"kind": "number", "number": "1"},
        {"kind": "number", "number": "+74950000001"},
        {"kind": "number", "number": "+7903\r\nAction: Ping"},
    ):
        assert (await give(client, house, "operator@a", body))[0] == 422
    assert gone(services) == []


@pytest.mark.rule("TEL-28")
async def test_nobody_is_given_away_outside_by_who_may_not_call_out(
    client: Client, services: Services, house: House, talk: Callable[[str], None]
) -> None:
    body = {"number_mode": "personal", "caller_mode": "own"}
    await client.put("/api/v1/calling-settings", json=body, headers=house.headers("administrator@a"))
    assert await give(client, house, "operator@a", OUTSIDE) == (409, "unconfirmed")
    inside = {"kind": "agent", "id": house.people["supervisor@a"].agent_id}
    assert (await give(client, house, "operator@a", inside))[0] < 300
    assert [one["target"] for one in commands(services, "transfer")] == [f"a{inside['id']}"]
