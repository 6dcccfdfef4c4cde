"""The desk: the agent's day, whom to call back, who sees what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.calls import Leg
from callcenter.features.calls import api as calls
from callcenter.features.calls.api import CallBack, Scope
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from tests.support import house as houses
from tests.support.call_log import AT, CLIENT, agent_leg, answered, call, client_leg, line, missed, save
from tests.support.house import NOW, House

SINCE = NOW - timedelta(hours=12)
EVERYTHING = Scope(everything=True)


def agent(house: House, who: str = "operator@a") -> int:
    found = house.people[who].agent_id
    assert found is not None
    return found


def transferred(call_id: str, agent_id: int) -> tuple[Leg, ...]:
    """The legs of a call that an agent gave away after twenty seconds and that went on for forty more."""
    at = AT - 1800
    return (
        client_leg(call_id, at, state="ended", answered_at=at, ended_at=at + 64),
        agent_leg(call_id, agent_id, at + 1, "ended", answered_at=at + 4, ended_at=at + 24),
    )


async def to_call_back(db: Database, business_id: int, scope: Scope = EVERYTHING) -> list[CallBack]:
    async with db.business(business_id) as session:
        return await calls.to_call_back(session, scope, SINCE, 10)


async def test_the_figures_of_a_day(db: Database, house: House) -> None:
    business, mine = house.businesses["a"], agent(house)
    await save(
        db,
        answered(business, mine, "1.1", started_at=AT - 3600),
        answered(business, mine, "1.2", started_at=AT - 1800, legs=transferred("1.2", mine)),
        answered(business, mine, "1.3", started_at=AT - 3 * 86400),
        missed(business, (mine,), "1.4", started_at=AT - 900),
        answered(business, agent(house, "supervisor@a"), "1.5", started_at=AT - 600),
        # He is in this one now: no conversation of no length.
        call(business, "1.6", state="talking", agent_id=mine, agents=(mine,), started_at=AT - 30, answered_at=AT - 20),
    )
    async with db.business(business) as session:
        day = await calls.agent_day(session, mine, SINCE, NOW)
    assert (day.talked, day.talk_seconds, day.missed) == (2, 80.0, 1)


async def test_a_caller_is_listed_once_until_somebody_has_talked_to_him(db: Database, house: House) -> None:
    business, mine = house.businesses["a"], agent(house)
    await line(db, business, title="Продажи")
    await save(
        db,
        missed(business, (mine,), "1.1", started_at=AT - 3600),
        missed(business, (mine,), "1.2", started_at=AT - 1800),
    )
    (found,) = await to_call_back(db, business)
    assert (found.number, found.times, found.call_id, found.result) == (CLIENT, 2, "1.2", "abandoned")
    await save(db, answered(business, mine, "1.3", started_at=AT - 60))
    assert await to_call_back(db, business) == []
    await save(db, missed(business, (mine,), "1.4", started_at=AT - 10))
    assert [one.call_id for one in await to_call_back(db, business)] == ["1.4"]


async def test_an_operator_sees_his_own_and_no_other_business(db: Database, house: House) -> None:
    business, mine = house.businesses["a"], agent(house)
    other = agent(house, "supervisor@a")
    await save(db, missed(business, (other,), "1.1", started_at=AT - 3600))
    assert await to_call_back(db, business, Scope(everything=False, agent_id=mine)) == []
    assert await to_call_back(db, business, Scope(everything=False, agent_id=None)) == []
    assert len(await to_call_back(db, business, Scope(everything=False, agent_id=other))) == 1
    assert await to_call_back(db, house.businesses["b"]) == []
    # A talk with the same number in another company settles nothing here.
    await save(db, answered(house.businesses["b"], agent(house, "operator@b"), "2.1", started_at=AT - 60))
    assert len(await to_call_back(db, business)) == 1


@pytest.mark.parametrize("who", ["owner@a", "supervisor@a", "operator@a", "guest@a"])
async def test_everybody_has_a_desk(client: TestClient[Any, Any], house: House, services: Services, who: str) -> None:
    await save(services.db, missed(house.businesses["a"], (agent(house),), "1.1", started_at=AT - 60))
    await houses.sign_in(client, house.people[who].email)
    answer = await client.get("/")
    page = await answer.text()
    assert answer.status == 200, page
    assert ('id="desk-start"' in page) == (house.people[who].agent_id is not None)
    assert ("data-dial" in page) == (who != "guest@a")
