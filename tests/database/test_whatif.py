"""The what-if page: a supervisor has days tried in the background, by the very command of the command line."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.features.dialer import gateway
from callcenter.features.dialer.models import DialAttempt, DialEntry, DialList
from callcenter.features.dialer.rules import whatif as rules
from callcenter.features.work import api as work
from callcenter.plugin import Services
from tests.support import dialer
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
API = "/api/v1/dialer/what-if"


async def ask(client: Client, house: House, who: str = "supervisor@a", **asked: int) -> tuple[int, Any]:
    answer = await client.post(API, json=asked, headers=house.headers(who))
    return answer.status, await answer.json()


@pytest.mark.rule("OBD-12")
async def test_days_are_tried_by_the_simulator_and_shown(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A quarter of an hour says as much here as four hours.
    monkeypatch.setattr(rules, "HOURS", 0.25)
    status, made = await ask(client, house, agents=4, more=0, answering=60)
    assert (status, made["answers"]) == (201, [])
    await work.office(services).idle()
    answer = await client.get(f"{API}/{made['job']}", headers=house.headers("supervisor@a"))
    found = await answer.json()
    assert found["state"] == "done"
    by_pacer = {one["pacer"]: one for one in found["answers"]}
    assert set(by_pacer) == {"predictive", "one", "vicidial"}
    assert by_pacer["one"]["abandoned"] == 0
    assert all(0 < one["occupancy"] < 100 and one["talks"] > 0 for one in by_pacer.values())
    assert by_pacer["predictive"] != by_pacer["one"]
    page = await client.get(f"/dialer/what-if?job={made['job']}", headers=house.headers("supervisor@a"))
    text = await page.text()
    assert page.status == 200
    assert 'data-answer="4-predictive"' in text
    # Another company's question is nobody else's.
    other = await client.get(f"{API}/{made['job']}", headers=house.headers("supervisor@b"))
    assert other.status == 404


async def test_operators_do_not_ask_and_nonsense_is_named(client: Client, house: House) -> None:
    assert (await ask(client, house, "operator@a"))[0] == 403
    status, answer = await ask(client, house, agents=0, answering=96)
    assert status == 422
    assert set(answer["error"]["fields"]) == {"agents", "answering"}
    assert "1 до 300" in answer["error"]["fields"]["agents"]
    page = await client.get("/dialer/what-if?job=999999", headers=house.headers("supervisor@a"))
    assert page.status == 404


async def test_a_simulator_that_fails_says_so_and_keeps_what_is_known(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[list[str]] = []

    async def simulate(arguments: list[str]) -> dict[str, dict[str, float]]:
        said.append(arguments)
        if len(said) > 1:
            raise gateway.SimulatorError("out of memory")
        return {"predictive": dict.fromkeys(("occupancy", "abandoned", "worst_hour", "talks", "placed"), 0.5)}

    monkeypatch.setattr(gateway, "simulate", simulate)
    _, made = await ask(client, house)
    await work.office(services).idle()
    headers = house.headers("supervisor@a")
    found = await (await client.get(f"{API}/{made['job']}", headers=headers)).json()
    assert (found["state"], len(found["answers"])) == ("failed", 1)
    text = await (await client.get(f"/dialer/what-if?job={made['job']}", headers=headers)).text()
    assert "Не удалось просчитать" in text


async def test_a_simulator_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(gateway.SimulatorError, match="--agents"):
        await gateway.simulate(["--agents=0"])


async def test_the_form_begins_with_one_s_own_figures(client: Client, services: Services, house: House) -> None:
    business = house.businesses["a"]
    headers = house.headers("supervisor@a")
    assert "пока мало звонков" in await (await client.get("/dialer/what-if", headers=headers)).text()
    (person,) = await dialer.clients(services, business, [["+79160000001"]])
    async with services.db.business(business) as session:
        made = DialList(title="x", pause=0, created_at=NOW)
        session.add(made)
        await session.flush()
        entry = DialEntry(list_id=made.id, contact_id=person, position=1)
        session.add(entry)
        await session.flush()
        for n in range(60):
            outcome = "answered" if n % 4 == 0 else "agent_away" if n == 1 else "no_answer"
            session.add(
                DialAttempt(
                    list_id=made.id, entry_id=entry.id, call_id=f"w.{n}", number="+79160000001", placed_at=NOW,
                    closed_at=NOW, outcome=outcome, talk_seconds=80.0 if outcome == "answered" else 0.0,
                )
            )  # fmt: skip
    text = await (await client.get("/dialer/what-if", headers=headers)).text()
    # 15 of 59: the employee's own phone that was not answered is no call.
    assert "ответили на 15 из 59 звонков, разговор в среднем 80 с" in text
    assert 'name="answering" type="number" value="25"' in text
