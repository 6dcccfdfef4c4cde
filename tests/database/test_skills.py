"""Skills over the API and on their page; queues that ask for them, and Asterisk's members ranked by them."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.events import ConfigChanged
from callcenter.core.routing import Asked, Relaxation
from callcenter.features.dialplan.usecases import rendering
from callcenter.features.queues import api as queues
from callcenter.features.queues.gateway import Asks, MemberSync
from callcenter.plugin import Services
from tests.database.test_routing import Asterisk, ask, asterisk, ids  # noqa: F401 - fixtures
from tests.support import house as houses
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
API = "/api/v1/skills"


@pytest.fixture
async def queue(services: Services, house: House) -> queues.QueueInfo:
    """A queue of business a with its operator and supervisor."""
    people = [house.people["operator@a"].agent_id, house.people["supervisor@a"].agent_id]
    async with services.db.business(house.businesses["a"]) as session:
        settings = queues.QueuePatch(members=[p for p in people if p], wrapup_seconds=0)
        return await queues.create(
            session, business_id=house.businesses["a"], name="Продажи", at=NOW, settings=settings
        )


async def skill(client: Client, house: House, name: str = "English") -> int:
    made = await client.post(API, json={"name": name}, headers=house.headers("administrator@a"))
    assert made.status == 201, await made.text()
    return int((await made.json())["id"])


async def test_skills_and_levels_over_the_api(client: Client, services: Services, house: House) -> None:
    told: list[ConfigChanged] = []
    services.bus.listen(ConfigChanged, told.append)
    admin, operator = house.headers("administrator@a"), house.people["operator@a"].agent_id
    english = await skill(client, house)
    assert (await client.post(API, json={"name": "english"}, headers=admin)).status == 422
    assert (await client.post(API, json={"name": "French"}, headers=house.headers("supervisor@a"))).status == 403
    path = f"{API}/{english}/levels"
    assert (await client.put(path, json={"levels": {str(operator): 6}}, headers=admin)).status == 422
    stranger = house.people["operator@b"].agent_id
    assert (await client.put(path, json={"levels": {str(stranger): 3}}, headers=admin)).status == 422
    done = await client.put(path, json={"levels": {str(operator): 4}}, headers=admin)
    assert await done.json() == {"id": english, "name": "English", "levels": {str(operator): 4}}
    assert [e.what for e in told] == ["skills"]
    await client.put(path, json={"levels": {str(operator): 0}}, headers=admin)
    renamed = await client.patch(f"{API}/{english}", json={"name": "Английский"}, headers=admin)
    assert await renamed.json() == {"id": english, "name": "Английский", "levels": {}}
    other = house.headers("administrator@b")
    assert (await (await client.get(API, headers=other)).json()) == {"skills": []}
    assert (await client.delete(f"{API}/{english}", headers=other)).status == 404
    assert (await client.delete(f"{API}/{english}", headers=admin)).status == 204


async def test_a_queue_asks_for_a_skill_which_then_cannot_be_deleted(
    client: Client, house: House, queue: queues.QueueInfo
) -> None:
    admin, path = house.headers("administrator@a"), f"/api/v1/queues/{queue.id}"
    english = await skill(client, house)
    asked = {"skill_id": english, "level": 4, "relax": [{"after": 60, "level": 0}, {"after": 30, "level": 2}]}
    done = await client.patch(path, json={"asked": asked}, headers=admin)
    assert done.status == 200, await done.text()
    assert (await done.json())["asked"]["relax"] == [{"after": 30, "level": 2}, {"after": 60, "level": 0}]
    refused = await client.delete(f"{API}/{english}", headers=admin)
    assert refused.status == 409
    assert "Продажи" in await refused.text()
    for wrong in ({**asked, "level": 1}, {**asked, "skill_id": 999}, {**asked, "level": 9}):
        answer = await client.patch(path, json={"asked": wrong}, headers=admin)
        assert (answer.status, set((await answer.json())["error"]["fields"])) == (422, {"asked"})
    assert (await (await client.patch(path, json={"asked": None}, headers=admin)).json())["asked"] is None
    assert (await client.delete(f"{API}/{english}", headers=admin)).status == 204


async def test_the_pages_show_and_keep_levels_and_asks(client: Client, house: House, queue: queues.QueueInfo) -> None:
    csrf = await houses.sign_in(client, "administrator@a.example")
    operator = house.people["operator@a"].agent_id
    added = await client.post("/skills/add", data={"_csrf": csrf, "name": "English"}, allow_redirects=False)
    assert added.status == 303
    english = (await (await client.get(API)).json())["skills"][0]["id"]
    saved = await client.post("/skills", data={"_csrf": csrf, f"level-{operator}-{english}": "4"})
    assert '<option value="4" selected>' in await saved.text()
    wrong = await client.post("/skills", data={"_csrf": csrf, f"level-{operator}-{english}": "9"})
    assert wrong.status == 422
    form = {
        "_csrf": csrf, "name": "Продажи", "strategy": "longest_idle", "answer_target": "20", "short_abandon": "5",
        "ring_seconds": "20", "wrapup_seconds": "0", "max_wait": "0", "asked_skill": str(english), "asked_level": "4",
    }  # fmt: skip
    steps = [("relax_after", "30"), ("relax_level", "2"), ("relax_after", "x"), ("relax_level", "0")]
    refused = await client.post(f"/queues/{queue.id}", data=[*form.items(), *steps])
    text = await refused.text()
    assert (refused.status, 'value="x"' in text, 'value="30"' in text) == (422, True, True)
    steps[2] = ("relax_after", "")
    done = await client.post(f"/queues/{queue.id}", data=[*form.items(), *steps], allow_redirects=False)
    assert done.status == 303, await done.text()
    now = await (await client.get(f"/api/v1/queues/{queue.id}")).json()
    assert now["asked"] == {"skill_id": english, "level": 4, "relax": [{"after": 30, "level": 2}]}
    shown = await (await client.get(f"/queues?edit={queue.id}")).text()
    assert f'<option value="{english}" selected>' in shown
    blocked = await client.post(f"/skills/{english}/delete", data={"_csrf": csrf})
    assert blocked.status == 422


@pytest.mark.rule("INQ-03")
async def test_members_are_ranked_by_what_callers_meet_not_by_the_draft(
    client: Client, services: Services, house: House, queue: queues.QueueInfo
) -> None:
    business, operator = house.businesses["a"], house.people["operator@a"].agent_id
    assert operator is not None
    english = await skill(client, house)
    path = f"{API}/{english}/levels"
    await client.put(path, json={"levels": {str(operator): 2}}, headers=house.headers("administrator@a"))
    # The first version is made while nothing is asked for.
    await rendering.rank_members(services)
    sync = services.part(MemberSync, MemberSync)
    asked = Asked(skill_id=english, level=4, relax=(Relaxation(after=30, level=2),))
    async with services.db.business(business) as session:
        await queues.settle(session, queue.id, queues.QueuePatch())
        row = await queues.get(session, queue.id)
        assert row is not None
    body = {"asked": {"skill_id": english, "level": 4, "relax": [{"after": 30, "level": 2}]}}
    await client.patch(f"/api/v1/queues/{queue.id}", json=body, headers=house.headers("administrator@a"))
    assert (await sync._wishes({operator}))[operator].queues == {queue.id: 0}
    queues.ask_for(services, {queue.id: asked})
    assert services.part(Asks, lambda _: Asks()).live == {queue.id: asked}
    assert (await sync._wishes({operator}))[operator].queues == {queue.id: 1}
    supervisor = house.people["supervisor@a"].agent_id
    assert supervisor is not None
    assert (await sync._wishes({supervisor}))[supervisor].queues == {queue.id: 99}


@pytest.mark.rule("INQ-03")
async def test_what_a_queue_asks_for_waits_for_an_apply_and_is_warned_of(
    asterisk: Asterisk,  # noqa: F811
    ids: dict[str, int],  # noqa: F811
    client: Client,
    services: Services,
    house: House,
) -> None:
    admin, line = house.headers("administrator@a"), ids["queue"]
    english = await skill(client, house)
    body = {
        "asked": {"skill_id": english, "level": 4, "relax": [{"after": 30, "level": 2}]},
        "survey": {"first": "standard-survey-rating", "second": "standard-survey-agent", "second_most": 2},
    }
    done = await client.patch(f"/api/v1/queues/{line}", json=body, headers=admin)
    assert done.status == 200, await done.text()
    assert (await done.json())["survey"]["second_most"] == 2
    wrong = await client.patch(f"/api/v1/queues/{line}", json={"survey": {"first": "none-such"}}, headers=admin)
    assert (wrong.status, set((await wrong.json())["error"]["fields"])) == (422, {"survey"})
    assert services.part(Asks, lambda _: Asks()).live == {}
    _, told = await ask(client, house, "GET", "")
    assert [row["after"] for row in told["changes"][0]["fields"]] == [
        "English, уровень от 4, через 30 с уровень от 2",
        "standard-survey-rating (1–5), standard-survey-agent (1–2), затем —",
    ]
    assert [(row["severity"], row["text"]) for row in told["findings"] if "English" in row["text"]] == [
        ("warning", "Звонящим нужен навык «English», но ни один оператор очереди никогда не сможет их принять.")
    ]
    levels = {"levels": {str(house.people["operator@a"].agent_id): 2}}
    await client.put(f"{API}/{english}/levels", json=levels, headers=admin)
    _, told = await ask(client, house, "GET", "")
    assert [row["text"] for row in told["findings"] if "English" in row["text"]] == [
        "Звонящим нужен навык «English» от уровня 4, но его нет ни у одного оператора очереди: ждать придётся дольше."
    ]
    simulated = {"number_id": ids["number"], "keys": ["1"], "answered": False}
    path = (await (await client.post("/api/v1/menus/simulate", json=simulated, headers=admin)).json())["path"]
    assert [one["text"] for one in path if "Operator A" in one["text"]] == ["через 30 с также: Operator A"]
    status, _ = await ask(client, house, "POST", "/apply")
    assert status == 200
    assert {key: one.level for key, one in (services.part(Asks, lambda _: Asks()).live or {}).items()} == {line: 4}
    assert f"[skill-q{line}]" in asterisk.had["queuerules.conf"]
    assert f"Queue(q{line},c," in asterisk.had["extensions.conf"]
    # It is no more asked for in the draft, but callers still meet it: the skill stays until that is applied.
    await client.patch(f"/api/v1/queues/{line}", json={"asked": None}, headers=admin)
    assert (await client.delete(f"{API}/{english}", headers=admin)).status == 409
    assert (await ask(client, house, "POST", "/apply"))[0] == 200
    assert services.part(Asks, lambda _: Asks()).live == {}
    assert (await client.delete(f"{API}/{english}", headers=admin)).status == 204
