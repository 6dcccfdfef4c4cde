"""An agent's own day over the API and as a page: what he did, who may see it (AGD-15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.features.accounts.models import User
from callcenter.features.agents import api as agents
from callcenter.features.agents.models import AgentStateSpan
from callcenter.plugin import Services
from tests.support import house as houses
from tests.support.call_log import AT, answered, call, missed, save
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
# (state, minutes before now that it began, that it ended, minutes after which it was over its limit)
MORNING = (
    ("ready", 120, 100, None),
    ("talking", 100, 90, None),
    ("wrapup", 90, 85, None),
    ("paused", 85, 45, 30),
    ("ready", 45, None, None),
)


def agent(house: House, who: str = "operator@a") -> int:
    found = house.people[who].agent_id
    assert found is not None
    return found


@pytest.fixture
async def morning(services: Services, house: House) -> int:
    """A morning of business a's operator: states and calls; his id."""
    business, mine, other = house.businesses["a"], agent(house), agent(house, "supervisor@a")
    lunch = next(iter((await agents.pause_reasons(services, business)).values()))
    async with services.db.business(business) as session:
        for state, began, ended, limit in MORNING:
            since = NOW - timedelta(minutes=began)
            session.add(
                AgentStateSpan(
                    business_id=business,
                    agent_id=mine,
                    state=state,
                    since=since,
                    until=None if ended is None else NOW - timedelta(minutes=ended),
                    reason=lunch.name if state == "paused" else "",
                    reason_id=lunch.id if state == "paused" else None,
                    due_at=None if limit is None else since + timedelta(minutes=limit),
                )
            )
        yesterday = NOW - timedelta(days=1, hours=1)
        session.add(
            AgentStateSpan(agent_id=mine, state="ready", since=yesterday, until=yesterday + timedelta(minutes=30))
        )
    await save(
        services.db,
        answered(business, mine, "1.1", started_at=AT - 3600),
        answered(business, mine, "1.2", started_at=AT - 1800, direction="out"),
        missed(business, (mine,), "1.3", started_at=AT - 900),
        answered(business, other, "1.4", started_at=AT - 800, rung=(mine, other)),
        call(business, "1.5", started_at=AT - 700, direction="out", state="ended", result="busy", ended_at=AT - 690,
             agent_id=mine),
        answered(business, mine, "1.6", started_at=AT - 2 * 86400),
        answered(business, other, "1.7", started_at=AT - 600),
    )  # fmt: skip
    return mine


async def day(client: Client, house: House, who: str, path: str, status: int = 200) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/{path}", headers=house.headers(who) | {"Accept-Language": "en"})
    assert answer.status == status, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


@pytest.mark.rule("AGD-15")
async def test_a_day_tells_calls_talk_wrapup_breaks_and_results(client: Client, house: House, morning: int) -> None:
    found = await day(client, house, "operator@a", "me/day")
    assert found["seconds"] == {"ready": 65 * 60, "talking": 600, "wrapup": 300, "paused": 2400}
    assert (found["busy_seconds"], found["counted_seconds"], found["occupancy"]) == (900, 80 * 60, 900 / 4800)
    calls = found["calls"]
    assert [calls[one] for one in ("came", "dialled", "internal", "missed", "elsewhere", "unreached")] == [
        1, 1, 0, 1, 1, 1,
    ]  # fmt: skip
    assert calls["talk_seconds"] == 120
    assert {(one["direction"], one["result"]): one["count"] for one in calls["results"]} == {
        ("in", "answered"): 1, ("in", "abandoned"): 1, ("out", "answered"): 1, ("out", "busy"): 1,
    }  # fmt: skip
    (lunch,) = found["pauses"]
    assert (lunch["times"], lunch["seconds"], lunch["over_times"], lunch["over_seconds"]) == (1, 2400, 1, 600)
    assert [one["state"] for one in found["states"]] == [one[0] for one in MORNING]
    assert await day(client, house, "supervisor@a", f"agents/{morning}/day") == found


@pytest.mark.rule("AGD-15")
async def test_another_day_has_its_own_figures(client: Client, house: House, morning: int) -> None:
    found = await day(client, house, "operator@a", f"me/day?date={(NOW - timedelta(days=1)).date()}")
    assert (found["seconds"], found["calls"]["came"], found["pauses"]) == ({"ready": 1800}, 0, [])
    refused = await day(client, house, "operator@a", "me/day?date=2031-01-01", 422)
    assert set(refused["error"]["fields"]) == {"date"}


@pytest.mark.rule("AGD-15")
async def test_a_day_is_for_the_agent_and_his_supervisors(client: Client, house: House, morning: int) -> None:
    await day(client, house, "operator@a", f"agents/{agent(house, 'supervisor@a')}/day", 403)
    await day(client, house, "supervisor@a", f"agents/{agent(house, 'operator@b')}/day", 404)
    await day(client, house, "guest@a", "me/day", 403)
    await houses.sign_in(client, house.people["operator@a"].email)
    assert (await client.get(f"/agents/{morning}/day")).status == 403


async def test_the_page_keeps_what_is_there_beside_a_wrong_date(client: Client, house: House, morning: int) -> None:
    await houses.sign_in(client, house.people["operator@a"].email)
    answer = await client.get("/day?date=2031-01-01")
    page = await answer.text()
    assert answer.status == 422
    assert 'role="alert"' in page
    assert "day-states" in page
    empty = await (await client.get("/day?date=2020-01-01")).text()
    assert 'class="empty"' in empty


async def test_a_day_is_one_of_the_agents_own_clock_and_says_so(
    client: Client, house: House, services: Services, morning: int
) -> None:
    supervisor = house.headers("supervisor@a") | {"Accept-Language": "en"}
    page = await (await client.get(f"/agents/{morning}/day", headers=supervisor)).text()
    assert "data-zone" not in page
    async with services.db.system() as session:
        user = await session.get_one(User, house.people["operator@a"].user_id)
        user.timezone = "America/Los_Angeles"
    # Midnight there was an hour ago: in the middle of the break.
    found = await day(client, house, "supervisor@a", f"agents/{morning}/day")
    assert (found["date"], found["timezone"]) == (str(NOW.date()), "America/Los_Angeles")
    assert found["seconds"] == {"paused": 15 * 60, "ready": 45 * 60}
    assert await day(client, house, "operator@a", "me/day") == found
    page = await (await client.get(f"/agents/{morning}/day", headers=supervisor)).text()
    assert "время: Лос-Анджелес, UTC-8" in page
    assert "на линии с 00:00 до 01:00" in page
    # The shell of who looks goes on in his own time.
    assert '"timezone": "Europe/Moscow"' in page
