"""Who is rung first for a caller, and before whom he goes: what the server answers the dialplan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import update

from callcenter.core.directory import AgentRef, BusinessRef, Directory
from callcenter.core.events import AgentWanted, CallerAsked, DeviceChanged
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import Contact, ContactTag, Tag
from callcenter.features.distribution import rules
from callcenter.features.distribution.rules import Priorities
from callcenter.features.distribution.usecases import answer, set_priorities
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from tests.support.call_log import AT, CLIENT, answered, save
from tests.support.house import NOW, FakeTelephony, House

OWN, LAST = "operator@a", "supervisor@a"


def agent(house: House, who: str) -> int:
    found = house.people[who].agent_id
    assert found is not None
    return found


@pytest.fixture
async def floor(services: Services, house: House, db: Database) -> Services:
    """The client's own employee and another one who talked to him yesterday are both ready at their browsers."""
    business = house.businesses["a"]
    people = [agent(house, OWN), agent(house, LAST)]
    services.live.set_directory(
        Directory(
            agents={n: AgentRef(id=n, business_id=business, name=f"A{n}", short_number=str(n)) for n in people},
            businesses={business: BusinessRef(id=business)},
        )
    )
    for one in people:
        services.bus.publish(DeviceChanged(at=AT, endpoint=f"a{one}w", agent_id=one, online=True))
        services.bus.publish(AgentWanted(at=AT, business_id=business, agent_id=one, wanted="ready"))
    await save(db, answered(business, agent(house, LAST), "1.1", started_at=AT - 86400))
    async with db.business(business) as session:
        form = contacts.ClientForm(first_name="Иван", phone=CLIENT)
        contact_id = (await contacts.create_client(session, form, NOW)).id
        await session.execute(
            update(Contact).where(Contact.id == contact_id).values(responsible_id=house.people[OWN].membership_id)
        )
        tag = Tag(business_id=business, title="VIP", key="vip", owner_id=None, created_at=NOW)
        session.add(tag)
        await session.flush()
        session.add(ContactTag(business_id=business, tag_id=tag.id, contact_id=contact_id))
    return services


async def asked(services: Services, house: House, *, own: bool = False, days: int = 0, caller: str = CLIENT) -> Any:
    event = CallerAsked(
        at=AT, business_id=house.businesses["a"], call_id="9.1", channel="PJSIP/t1-1", number_id=1, caller=caller,
        own_first=own, last_days=days,
    )  # fmt: skip
    telephony = services.telephony
    assert isinstance(telephony, FakeTelephony)
    await answer(services, event)
    name, told = telephony.commands.pop()
    assert name == "answer_caller"
    assert told.pop("channel") == "PJSIP/t1-1"
    return told["agent_id"], told["priority"]


def wants(services: Services, house: House, who: str, wanted: Any) -> None:
    services.bus.publish(
        AgentWanted(at=AT, business_id=house.businesses["a"], agent_id=agent(house, who), wanted=wanted)
    )


@pytest.mark.rule("INB-07")
async def test_the_clients_own_employee_comes_first_while_he_is_active(floor: Services, house: House) -> None:
    assert await asked(floor, house, own=True) == (agent(house, OWN), None)
    assert await asked(floor, house, own=True, caller="+79990000000") == (None, None)
    assert await asked(floor, house, own=True, caller="") == (None, None)
    assert await asked(floor, house) == (None, None)
    wants(floor, house, OWN, "paused")
    assert await asked(floor, house, own=True) == (None, None)
    wants(floor, house, OWN, "ready")
    # Whoever is looked up for another reason is led to nobody where the tick is off.
    await set_priorities(floor, house.businesses["a"], Priorities(tags={"vip": 7}))
    assert await asked(floor, house) == (None, 7)
    assert await asked(floor, house, own=True) == (agent(house, OWN), 7)
    await set_priorities(floor, house.businesses["a"], Priorities())
    floor.bus.publish(DeviceChanged(at=AT, endpoint=f"a{agent(house, OWN)}w", agent_id=agent(house, OWN), online=False))
    assert await asked(floor, house, own=True) == (None, None)


@pytest.mark.rule("INQ-08")
async def test_who_talked_to_the_caller_last_comes_first(floor: Services, house: House, db: Database) -> None:
    assert await asked(floor, house, days=2) == (agent(house, LAST), None)
    # The own employee goes before him; when that one is away it is the other's turn.
    assert await asked(floor, house, own=True, days=2) == (agent(house, OWN), None)
    wants(floor, house, OWN, "paused")
    assert await asked(floor, house, own=True, days=2) == (agent(house, LAST), None)
    wants(floor, house, LAST, "paused")
    assert await asked(floor, house, own=True, days=2) == (None, None)
    wants(floor, house, LAST, "ready")
    await save(db, answered(house.businesses["a"], agent(house, OWN), "1.2", started_at=AT - 3600))
    wants(floor, house, OWN, "ready")
    assert await asked(floor, house, days=2) == (agent(house, OWN), None)
    await save(db, answered(house.businesses["b"], agent(house, "operator@b"), "1.3", started_at=AT - 60))
    assert await asked(floor, house, days=2) == (agent(house, OWN), None)


@pytest.mark.rule("INQ-08")
async def test_a_talk_of_long_ago_counts_no_more(floor: Services, house: House, clock: Any) -> None:
    clock.advance(timedelta(days=2, minutes=1).total_seconds())
    assert await asked(floor, house, days=2) == (None, None)
    assert await asked(floor, house, days=4) == (agent(house, LAST), None)


async def test_tags_and_lists_give_a_priority(floor: Services, house: House) -> None:
    business = house.businesses["a"]
    await set_priorities(floor, business, Priorities(tags={"vip": 7, "gone": 0}, lists={"5": 9}))
    assert await asked(floor, house) == (None, 7)
    assert await asked(floor, house, own=True) == (agent(house, OWN), 7)
    assert await asked(floor, house, caller="+79990000000") == (None, None)
    await set_priorities(floor, business, Priorities())
    assert await asked(floor, house) == (None, None)


async def test_priorities_over_the_api(client: TestClient[Any, Any], house: House) -> None:
    headers = house.headers("administrator@a")
    typed = {"tags": {"vip": 7}, "lists": {"5": 9}}
    answered = await client.put("/api/v1/caller-priorities", json=typed, headers=headers)
    assert answered.status == 200, await answered.text()
    assert await (await client.get("/api/v1/caller-priorities", headers=headers)).json() == typed
    other = await client.get("/api/v1/caller-priorities", headers=house.headers("administrator@b"))
    assert await other.json() == {"tags": {}, "lists": {}}
    wrong = await client.put("/api/v1/caller-priorities", json={"tags": {"vip": 101}}, headers=headers)
    assert wrong.status == 422
    assert (
        await client.put("/api/v1/caller-priorities", json=typed, headers=house.headers("operator@a"))
    ).status == 403


def test_what_cannot_be_read_is_no_priority() -> None:
    assert not rules.read({rules.SETTING: {"tags": "x"}})
    assert not rules.read({})
    assert Priorities(tags={"a": 3}, lists={"1": 5}).of(["a"], [1]) == 5
