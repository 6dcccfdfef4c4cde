"""Employees' own telephones: entered by them, approved by an administrator, then forwarded to."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.clock import FixedClock
from callcenter.core.events import ConfigChanged, MemberNotice
from callcenter.features.dialplan import queries as dialplan
from callcenter.features.forwarding import api as forwarding
from callcenter.features.numbers import api as numbers
from callcenter.plugin import Services
from tests.support.call_log import line
from tests.support.confirmed import confirm
from tests.support.house import House

Client = TestClient[Any, Any]
MOBILE = "+79161234567"


@pytest.mark.rule("INB-15")
async def test_an_own_telephone_works_once_an_administrator_approved_it(
    client: Client, services: Services, house: House, clock: FixedClock
) -> None:
    business, person = house.businesses["a"], house.people["operator@a"]
    changes: list[ConfigChanged] = []
    notices: list[MemberNotice] = []
    services.bus.listen(ConfigChanged, changes.append)
    services.bus.listen(MemberNotice, notices.append)
    number_id = await line(services.db, business)
    body = {"takers": "some", "agent_ids": [person.agent_id], "forward": {"mode": "own"}}
    await client.patch(f"/api/v1/numbers/{number_id}", json=body, headers=house.headers("owner@a"))

    async def enter(number: str, who: str = "operator@a") -> tuple[int, Any]:
        answer = await client.put("/api/v1/telephone", json={"number": number}, headers=house.headers(who))
        return answer.status, await answer.json()

    async def approve(yes: bool, who: str = "administrator@a") -> int:
        path = f"/api/v1/telephones/{person.agent_id}"
        return (await client.put(path, json={"approved": yes}, headers=house.headers(who))).status

    async def rings() -> list[str]:
        async with services.db.system() as session:
            return (await forwarding.mobiles(session, services.clock.now())).get(number_id, [])

    assert (await enter("12"))[0] == 422
    status, view = await enter("8 916 123-45-67")
    assert (status, view["number"], view["state"], view["until"]) == (200, MOBILE, "unconfirmed", None)
    # First its owner confirms it: nobody else's confirmation will do, and no approval without it.
    assert await approve(True) == 409
    await confirm(services, business, MOBILE)
    await confirm(services, business, MOBILE, house.people["supervisor@a"].agent_id)
    assert (await enter(MOBILE))[1]["state"] == "unconfirmed"
    await confirm(services, business, MOBILE, person.agent_id)
    status, view = await enter(MOBILE)
    assert (view["state"], view["confirmation"], view["until"]) == ("waiting", "valid", "2026-06-02T09:00:00Z")
    assert await rings() == []
    assert await approve(True, "operator@a") == 403
    assert await approve(True, "owner@b") == 404
    before = len(changes)
    assert await approve(True) == 200
    assert await rings() == [MOBILE]
    assert len(changes) == before + 1
    assert notices[-1].membership_id == person.membership_id
    # What callers meet is made of it.
    async with services.db.system() as session:
        found = dialplan.numbers(
            await numbers.all_numbers(session),
            {business: "UTC"},
            {},
            await forwarding.mobiles(session, services.clock.now()),
        )
    forward = next(one.forward for one in found if one.id == number_id)
    assert forward is not None
    assert forward.numbers == (MOBILE,)
    # Another number needs another approval; the same one typed again does not.
    assert (await enter("+7 916 123 45 67"))[1]["state"] == "works"
    await confirm(services, business, "+79161234568", person.agent_id)
    assert (await enter("+7 916 123 45 68"))[1]["state"] == "waiting"
    assert await rings() == []
    assert await approve(True) == 200
    assert await rings() == ["+79161234568"]
    # With the end of the confirmation it stops by itself; renewed, it needs no new approval.
    clock.advance((services.clock.now().replace(month=6) - services.clock.now()).total_seconds())
    assert await rings() == []
    assert (await enter("+7 916 123 45 68"))[1]["state"] == "unconfirmed"
    await confirm(services, business, "+79161234568", person.agent_id)
    assert await rings() == ["+79161234568"]
    assert await approve(False) == 200
    assert await rings() == []
    assert (await enter(""))[1]["state"] == ""
    assert await approve(True) == 404


async def test_the_pages_of_telephones(client: Client, services: Services, house: House) -> None:
    mine, admin = house.headers("operator@a"), house.headers("administrator@a")
    wrong = await client.post("/telephone", data={"number": "12"}, headers=mine)
    assert wrong.status == 422
    assert 'value="12"' in await wrong.text()
    await client.post("/telephone", data={"number": MOBILE}, headers=mine)
    page = await (await client.get("/telephone", headers=mine)).text()
    assert "Не подтверждён" in page
    assert "/confirm?number=%2B79161234567&amp;place=telephone" in page
    agent = house.people["operator@a"].agent_id
    await confirm(services, house.businesses["a"], MOBILE, agent)
    listed = await (await client.get("/telephones", headers=admin)).text()
    assert "Operator A" in listed
    assert "Ждёт одобрения" in listed
    assert "до 02.06.2026" in listed
    await client.post(f"/telephones/{agent}", data={"approved": "true"}, headers=admin)
    assert "Принимает переадресацию" in await (await client.get("/telephone", headers=mine)).text()
    nobody = await (await client.get("/telephones", headers=house.headers("owner@b"))).text()
    assert MOBILE not in nobody
    # Who has no phone here has nothing to forward.
    assert (await client.put("/api/v1/telephone", json={"number": MOBILE}, headers=admin)).status == 409
