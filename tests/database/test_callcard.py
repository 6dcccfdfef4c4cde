"""The client on the page of a call: changed at once, handed over only when the call is saved too."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import update

from callcenter.core.events import MemberNotice
from callcenter.features.calls.models import CallRecord
from callcenter.features.contacts import api as contacts
from callcenter.plugin import Services
from tests.support.call_log import answered, save
from tests.support.house import House, sign_in
from tests.support.mailing import TO, ivan

Client = TestClient[Any, Any]
CALL = "1772442000.1"
CARD = f"/api/v1/calls/{CALL}/card"


@pytest.fixture
async def client_id(services: Services, house: House) -> int:
    """The client of the operator's call, of whom he is responsible."""
    business, operator = house.businesses["a"], house.people["operator@a"]
    assert operator.agent_id is not None
    await save(services.db, answered(business, operator.agent_id))
    made = await ivan(services, business, phone="+79160000000", organisation="", responsible_id=operator.membership_id)
    async with services.db.business(business) as session:
        await session.execute(update(CallRecord).where(CallRecord.id == CALL).values(contact_id=made))
    return made


async def responsible(services: Services, house: House, client_id: int) -> int | None:
    async with services.db.business(house.businesses["a"]) as session:
        return (await contacts.get_card(session, client_id)).responsible_id


@pytest.mark.rule("OUT-39")
async def test_the_responsible_changes_only_when_card_and_call_are_saved(
    client: Client, services: Services, house: House, client_id: int
) -> None:
    told: list[MemberNotice] = []
    services.bus.listen(MemberNotice, told.append)
    mine, other = house.people["operator@a"].membership_id, house.people["supervisor@a"].membership_id
    head = house.headers("operator@a")
    first = await client.put(
        CARD, json={"position": "Директор", "email": "new@example.com", "responsible_id": other}, headers=head
    )
    found = await first.json()
    assert first.status == 200, found
    # The card itself is kept; the client is still mine.
    assert (found["position"], found["emails"]) == ("Директор", [TO, "new@example.com"])
    assert found["next_responsible"] == {"membership_id": other, "name": "Supervisor A"}
    assert await responsible(services, house, client_id) == mine
    assert told == []
    second = await client.post(f"{CARD}/save", headers=head)
    assert second.status == 200, await second.text()
    assert (await second.json())["next_responsible"] is None
    assert await responsible(services, house, client_id) == other
    assert [one.membership_id for one in told] == [other]
    history = await client.get(f"/api/v1/contacts/{client_id}/history?kind=responsible", headers=head)
    assert [one["data"]["after"] for one in (await history.json())["entries"]] == [other]
    # Nothing waits any more, and the client is not mine to give away.
    assert (await client.post(f"{CARD}/save", headers=head)).status == 409
    assert (await client.put(CARD, json={"responsible_id": mine}, headers=head)).status == 403


async def test_a_hand_over_can_be_dropped_and_is_checked(client: Client, house: House, client_id: int) -> None:
    head, other = house.headers("operator@a"), house.people["supervisor@a"].membership_id
    strange = house.people["operator@b"].membership_id
    refused = await client.put(CARD, json={"responsible_id": strange}, headers=head)
    assert set((await refused.json())["error"]["fields"]) == {"responsible_id"}
    await client.put(CARD, json={"responsible_id": other}, headers=head)
    dropped = await client.delete(f"{CARD}/save", headers=head)
    assert (await dropped.json())["next_responsible"] is None
    assert (await client.get(CARD, headers=house.headers("operator@b"))).status == 404


@pytest.mark.rule("OUT-39")
async def test_the_responsible_is_chosen_in_edit_mode_only(client: Client, house: House, client_id: int) -> None:
    other = house.people["supervisor@a"].membership_id
    csrf = await sign_in(client, "operator@a.example")
    page = await (await client.get(f"/calls/{CALL}")).text()
    assert 'name="responsible_id"' not in page
    assert f"to={TO.replace('@', '%40')}" in page
    assert f'href="/calls/{CALL}/card"' in page
    edit = await (await client.get(f"/calls/{CALL}/card")).text()
    assert 'name="responsible_id"' in edit
    data = {"first_name": "Иван", "last_name": "Сидоров", "responsible_id": str(other), "_csrf": csrf}
    saved = await (await client.post(f"/calls/{CALL}/card", data=data)).text()
    assert "data-hand-over" in saved
    assert "Supervisor A" in saved
    done = await (await client.post(f"/calls/{CALL}/card/save", data={"_csrf": csrf})).text()
    assert "data-hand-over" not in done
    wrong = await client.post(f"/calls/{CALL}/card", data=data | {"first_name": "", "last_name": ""})
    assert wrong.status in (403, 422)
