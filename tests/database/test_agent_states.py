"""Reasons to pause, rings that nobody answers, states that a supervisor sets: who may, what is kept, who is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from msgspec.structs import replace
from sqlalchemy import select

from callcenter.core.calls import Call, Leg
from callcenter.core.clock import FixedClock
from callcenter.core.events import (
    AgentWanted,
    CallEnded,
    CallUpdated,
    ConfigChanged,
    DeviceChanged,
    MemberNotice,
    PauseOverdue,
)
from callcenter.features.accounts import api as accounts
from callcenter.features.accounts.models import Business
from callcenter.features.agents import api, handlers
from callcenter.features.agents.models import Agent, PauseReason
from callcenter.features.agents.usecases import life, states
from callcenter.http.site import catalogues
from callcenter.plugin import Services
from tests.database.test_wallboard import furnish_queue
from tests.support import house as houses
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
T = NOW.timestamp()
REASONS = "/api/v1/pause-reasons"
FIRST = [
    ("Перерыв", False, 15),
    ("Обед", False, 60),
    ("Совещание", True, None),
    ("Обучение", True, None),
    ("Бумаги", True, 30),
]


@pytest.fixture
def notices(services: Services) -> list[MemberNotice]:
    """What members were told."""
    found: list[MemberNotice] = []
    services.bus.listen(MemberNotice, found.append)
    return found


def told(notices: list[MemberNotice], house: House, who: str) -> list[str]:
    """What somebody was told, in Russian."""
    say = catalogues().language("ru").gettext
    member = house.people[who].membership_id
    return [say(one.text) % dict(one.values) for one in notices if one.membership_id == member]


def operator(house: House) -> int:
    agent_id = house.people["operator@a"].agent_id
    assert agent_id is not None
    return agent_id


async def learn(services: Services, house: House) -> None:
    """Everybody knows the agents and their reasons; the operator's phone is on line."""
    services.bus.publish(ConfigChanged(at=T, business_id=house.businesses["a"], what="agents"))
    await services.bus.settle()
    services.bus.publish(DeviceChanged(at=T, endpoint=f"a{operator(house)}s", agent_id=operator(house), online=True))


async def listed(client: Client, house: House, who: str = "administrator@a", **query: str) -> list[dict[str, Any]]:
    answer = await client.get(REASONS, params=query, headers=house.headers(who))
    assert answer.status == 200, await answer.text()
    found: list[dict[str, Any]] = (await answer.json())["reasons"]
    return found


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


async def kept(services: Services, house: House) -> Agent:
    async with services.db.business(house.businesses["a"]) as session:
        return (await session.scalars(select(Agent).where(Agent.id == operator(house)))).one()


async def audited(services: Services, house: House) -> list[tuple[str, int | None, dict[str, Any]]]:
    async with services.db.business(house.businesses["a"]) as session:
        rows = await session.scalars(select(accounts.AuditEntry).order_by(accounts.AuditEntry.id))
        return [(r.action, r.user_id, r.detail) for r in rows if r.action.startswith(("agent.", "reason."))]


# --- AGD-02: reasons --------------------------------------------------------------------------------


@pytest.mark.rule("AGD-02")
async def test_a_business_begins_with_reasons_in_its_owners_language(
    client: Client, services: Services, house: House
) -> None:
    async with services.db.system() as session:
        (await session.get_one(Business, house.businesses["b"])).language = "en"
    found = await listed(client, house, "operator@a")
    assert [(r["name"], r["counts_as_work"], r["limit_minutes"]) for r in found] == FIRST
    assert names(await listed(client, house, "operator@b")) == ["Break", "Lunch", "Meeting", "Training", "Paperwork"]
    assert {r["id"] for r in found}.isdisjoint(r["id"] for r in await listed(client, house, "operator@b"))
    assert len(await listed(client, house, "operator@a")) == 5, "once"


@pytest.mark.rule("AGD-02")
async def test_businesses_that_were_there_before_get_them_at_the_start_and_who_pauses_keeps_his_reason(
    services: Services, house: House
) -> None:
    async with services.db.system() as session:
        agent = await session.get_one(Agent, operator(house))
        agent.wanted, agent.reason = "paused", "lunch"
    client = await houses.serve(services)
    await client.close()
    async with services.db.system() as session:
        rows = (await session.scalars(select(PauseReason).order_by(PauseReason.id))).all()
    assert [(r.business_id, r.key) for r in rows] == [
        (house.businesses[b], key) for b in "ab" for key in ("break", "lunch", "meeting", "training", "paperwork")
    ]
    agent = await kept(services, house)
    assert (agent.reason, agent.reason_id) == ("Обед", rows[1].id)


@pytest.mark.rule("AGD-02")
async def test_an_administrator_arranges_the_reasons(client: Client, services: Services, house: House) -> None:
    admin = house.headers("administrator@a")
    break_, lunch, *_ = await listed(client, house)

    async def put(path: str, body: Any, status: int = 200) -> Any:
        answer = await client.put(REASONS + path, json=body, headers=admin)
        assert answer.status == status, await answer.text()
        return await answer.json()

    made = await client.post(REASONS, json={"name": "  Вызов   врача ", "limit_minutes": 5}, headers=admin)
    assert made.status == 201, await made.text()
    new = await made.json()
    assert (new["name"], new["limit_minutes"], new["counts_as_work"], new["active"]) == ("Вызов врача", 5, False, True)
    changed = await put(f"/{lunch['id']}", {"name": "Ужин", "counts_as_work": True, "limit_minutes": None})
    assert (changed["name"], changed["counts_as_work"], changed["limit_minutes"]) == ("Ужин", True, None)
    ordered = await put("/order", {"ids": [new["id"], lunch["id"]]})
    assert names(ordered["reasons"])[:3] == ["Вызов врача", "Ужин", "Перерыв"]
    assert names(await listed(client, house, "operator@a"))[:3] == ["Вызов врача", "Ужин", "Перерыв"]
    # Retired: out of the choice, kept for the past, and may come back.
    gone = await client.delete(f"{REASONS}/{break_['id']}", headers=admin)
    assert gone.status == 204
    assert "Перерыв" not in names(await listed(client, house))
    assert names(await listed(client, house, retired="1"))[-1] == "Перерыв"
    past = await api.pause_reasons(services, house.businesses["a"])
    assert (past[break_["id"]].name, past[break_["id"]].active) == ("Перерыв", False)
    for body in ({"reason_id": break_["id"]}, {"reason": "break"}, {"reason": "Перерыв"}):
        refused = await client.put(
            f"/api/v1/agents/{operator(house)}/state",
            json={"state": "paused", **body},
            headers=house.headers("supervisor@a"),
        )
        assert refused.status == 422
        assert "reason" in (await refused.json())["error"]["fields"]
    back = await client.post(f"{REASONS}/{break_['id']}/back", headers=admin)
    assert (back.status, (await back.json())["active"]) == (200, True)
    assert [action for action, _, _ in await audited(services, house)] == [
        "reason.save", "reason.save", "reason.order", "reason.retire", "reason.back",
    ]  # fmt: skip
    # The words of the audit log know them all.
    said = await (await client.get("/api/v1/audit", headers=house.headers("owner@a"))).json()
    assert not [one["action"] for one in said["entries"] if one["said"] == one["action"]]


@pytest.mark.rule("AGD-02")
async def test_wrong_reasons_are_named_and_others_may_not_touch_them(
    client: Client, services: Services, house: House
) -> None:
    first = (await listed(client, house))[0]
    for body, field in [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "no_answer"}, "name"),
        ({"name": "A", "limit_minutes": 0}, "limit_minutes"),
        ({"name": "A", "limit_minutes": 1441}, "limit_minutes"),
        ({"name": "A", "limit_minutes": "ten"}, "limit_minutes"),
        ({}, "name"),
    ]:
        answer = await client.post(REASONS, json=body, headers=house.headers("administrator@a"))
        assert answer.status == 422, body
        assert field in (await answer.json())["error"]["fields"], body
    twice = await client.post(REASONS, json={"name": "обед"}, headers=house.headers("administrator@a"))
    error = (await twice.json())["error"]
    assert (twice.status, error["code"], list(error["fields"])) == (422, "reason_exists", ["name"])
    path = f"{REASONS}/{first['id']}"
    for who, status in [("operator@a", 403), ("supervisor@a", 403), ("administrator@b", 404)]:
        headers = house.headers(who)
        assert (await client.put(path, json={"name": "X"}, headers=headers)).status == status
        assert (await client.delete(path, headers=headers)).status == status
        assert (await client.post(f"{path}/back", headers=headers)).status == status
    # Another business's ids in an order move nothing.
    await client.put(f"{REASONS}/order", json={"ids": [first["id"]]}, headers=house.headers("administrator@b"))
    assert [(r["name"], r["counts_as_work"], r["limit_minutes"]) for r in await listed(client, house)] == FIRST
    # Nor can one pause for another business's reason.
    strange = (await listed(client, house, "administrator@b"))[0]
    answer = await client.put(
        f"/api/v1/agents/{operator(house)}/state",
        json={"state": "paused", "reason_id": strange["id"]},
        headers=house.headers("supervisor@a"),
    )
    assert answer.status == 422


@pytest.mark.rule("AGD-02")
async def test_the_settings_page_loses_nothing_that_was_typed(client: Client, house: House) -> None:
    csrf = await houses.sign_in(client, "administrator@a.example")
    page = "/agents/settings"

    async def send(path: str, **form: str) -> tuple[int, str]:
        answer = await client.post(page + path, data={"_csrf": csrf, **form}, allow_redirects=False)
        return answer.status, await answer.text()

    assert 'name="limit_minutes"' in await (await client.get(f"{page}?new=1")).text()
    status, text = await send("/reasons", name="Врач", limit_minutes="полчаса", counts_as_work="on")
    assert status == 422
    for there in ('value="Врач"', 'value="полчаса"', "checked", 'aria-invalid="true"', "от 1 до 1440 минут"):
        assert there in text, there
    status, text = await send("/reasons", name="Обед", limit_minutes="")
    assert (status, "Причина с таким названием уже есть." in text) == (422, True)
    assert (await send("/reasons", name="Врач", limit_minutes="30"))[0] == 303
    rows = await listed(client, house)
    assert (rows[-1]["name"], rows[-1]["limit_minutes"]) == ("Врач", 30)
    assert (await send(f"/reasons/{rows[-1]['id']}/up"))[0] == 303
    assert names(await listed(client, house))[-2:] == ["Врач", FIRST[-1][0]]
    # The rules below: a wrong number is said at its field, and what was typed stays.
    status, text = await send("", unanswered="99", wrapup_out="soon")
    assert (status, 'value="99"' in text, 'value="soon"' in text) == (422, True, True)
    assert (await send("", unanswered="2", wrapup_out="15"))[0] == 303
    rules = await (await client.get("/api/v1/agent-settings", headers=house.headers("owner@a"))).json()
    assert rules == {"unanswered": 2, "wrapup_out": 15}
    await houses.sign_in(client, "operator@a.example")
    assert (await client.get(page)).status == 403


@pytest.mark.rule("AGD-02")
async def test_an_overrun_is_told_once_to_the_agent_and_the_supervisors_also_over_a_restart(
    client: Client, services: Services, house: House, clock: FixedClock, notices: list[MemberNotice]
) -> None:
    business = house.businesses["a"]
    await api.set_wanted(services, business, operator(house), "paused", "lunch")
    await learn(services, house)
    clock.advance(3600)
    services.live.tick(clock.epoch())
    await services.bus.settle()
    assert told(notices, house, "operator@a") == ["Перерыв дольше положенного: Обед, 60 мин."]
    for who in ("supervisor@a", "administrator@a", "owner@a"):
        assert told(notices, house, who) == ["Operator A: перерыв дольше положенного (Обед, 60 мин)."]
    assert {one.membership_id for one in notices} == {
        house.people[f"{who}@a"].membership_id for who in ("operator", "supervisor", "administrator", "owner")
    }
    assert {one.kind for one in notices} == {"agent.overdue"}
    # The server starts anew and finds the overrun again.
    again = PauseOverdue(at=clock.epoch(), business_id=business, agent_id=operator(house), limit_at=T + 3600)
    await handlers.on_overdue(services, again)
    assert len(notices) == 4
    await api.set_wanted(services, business, operator(house), "ready")
    clock.advance(60)
    await api.set_wanted(services, business, operator(house), "paused", "break")
    clock.advance(15 * 60)
    services.live.tick(clock.epoch())
    await services.bus.settle()
    assert len(told(notices, house, "operator@a")) == 2, "the next pause is told again"


# --- AGD-04: rings that nobody answers --------------------------------------------------------------


def rung(house: House, number: int, *, business: str = "a") -> CallEnded:
    """A call that rang the operator for twenty seconds and was not answered."""
    call_id = f"call-{number}"
    begun = T + 100 * number
    leg = Leg(
        id=f"{call_id}.1", channel="PJSIP/a1s-1", role="agent", state="ended", started_at=begun,
        agent_id=house.people[f"operator@{business}"].agent_id, ringing_at=begun, ended_at=begun + 20, cause=19,
    )  # fmt: skip
    call = Call(
        id=call_id, business_id=house.businesses[business], direction="in", state="ended", started_at=begun,
        ended_at=begun + 21, result="missed", legs=(leg,),
    )  # fmt: skip
    return CallEnded(at=begun + 21, call=call)


@pytest.mark.rule("AGD-04")
async def test_who_lets_calls_ring_is_paused_and_he_and_the_supervisors_are_told(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    wishes: list[AgentWanted] = []
    services.bus.listen(AgentWanted, wishes.append)
    await api.set_wanted(services, house.businesses["a"], operator(house), "ready")
    await learn(services, house)
    wishes.clear()
    for number in (1, 2):
        services.bus.publish(rung(house, number))
        await services.bus.settle()
    # The journal tells a call that the live picture had already.
    services.bus.publish(replace(rung(house, 2), source="journal"))
    await services.bus.settle()
    assert (wishes, notices, (await kept(services, house)).wanted) == ([], [], "ready")
    services.bus.publish(rung(house, 3))
    await services.bus.settle()
    assert [(w.agent_id, w.wanted, w.reason, w.reason_id) for w in wishes] == [
        (operator(house), "paused", "no_answer", None)
    ]
    agent = await kept(services, house)
    assert (agent.wanted, agent.reason, agent.reason_id) == ("paused", "no_answer", None)
    view = services.live.agent(house.businesses["a"], operator(house))
    assert view is not None
    assert (view.state, view.reason, view.limit_at) == ("paused", "no_answer", None)
    assert len(told(notices, house, "operator@a")) == 1
    assert "Звонков подряд без ответа: 3." in told(notices, house, "operator@a")[0]
    assert told(notices, house, "supervisor@a") == ["Operator A: звонков подряд без ответа — 3, поставлена пауза."]
    # More rings (of calls to him alone) change nothing; after «I am back» he has three again.
    services.bus.publish(rung(house, 4))
    await services.bus.settle()
    assert len(wishes) == 1
    await api.set_wanted(services, house.businesses["a"], operator(house), "ready")
    for number in (5, 6):
        services.bus.publish(rung(house, number))
    await services.bus.settle()
    assert (await kept(services, house)).wanted == "ready"
    services.bus.publish(rung(house, 7))
    await services.bus.settle()
    assert (await kept(services, house)).wanted == "paused"


@pytest.mark.rule("AGD-04")
@pytest.mark.parametrize(("most", "paused_after"), [(1, 1), (2, 2), (0, None)])
async def test_after_how_many_is_the_businesses_own_choice_and_nought_is_never(
    client: Client, services: Services, house: House, most: int, paused_after: int | None
) -> None:
    rules = {"unanswered": most, "wrapup_out": 0}
    saved = await client.put("/api/v1/agent-settings", json=rules, headers=house.headers("administrator@a"))
    assert saved.status == 200
    refused = await client.put("/api/v1/agent-settings", json=rules, headers=house.headers("supervisor@a"))
    assert refused.status == 403
    await api.set_wanted(services, house.businesses["a"], operator(house), "ready")
    await learn(services, house)
    after = None
    for number in range(1, 6):
        services.bus.publish(rung(house, number))
        await services.bus.settle()
        if (await kept(services, house)).wanted == "paused":
            after = after or number
    assert after == paused_after


async def test_who_is_paused_already_keeps_his_own_reason(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    await api.set_wanted(services, house.businesses["a"], operator(house), "paused", "lunch")
    await learn(services, house)
    for number in range(1, 5):
        services.bus.publish(rung(house, number))
    await services.bus.settle()
    assert ((await kept(services, house)).reason, notices) == ("Обед", [])


# --- SUP-04: states that a supervisor sets ----------------------------------------------------------


@pytest.mark.rule("SUP-04")
async def test_a_supervisor_sets_a_state_the_agent_is_told_who_and_it_is_written_down(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    await learn(services, house)
    path = f"/api/v1/agents/{operator(house)}/state"
    boss = house.people["supervisor@a"]
    lunch = (await listed(client, house))[1]
    seen = []
    for body in ({"state": "ready"}, {"state": "paused", "reason_id": lunch["id"]}, {"state": "offline"}):
        answer = await client.put(path, json=body, headers=house.headers("supervisor@a"))
        assert answer.status == 200, await answer.text()
        view = await answer.json()
        seen.append((view["state"], view["status"], view["reason"]))
        assert (await kept(services, house)).wanted == body["state"]
    assert seen == [
        ("ready", "available", ""),
        ("paused", "do_not_disturb", "Обед"),
        ("offline", "disconnected", ""),
    ]
    assert told(notices, house, "operator@a") == [
        "Supervisor A: вы теперь готовы принимать звонки.",
        "Supervisor A: вы теперь на перерыве (Обед).",
        "Supervisor A: вы теперь не на линии.",
    ]
    assert told(notices, house, "supervisor@a") == []
    assert await audited(services, house) == [
        ("agent.ready", boss.user_id, {"agent": "Operator A"}),
        ("agent.paused", boss.user_id, {"agent": "Operator A", "reason": "Обед"}),
        ("agent.offline", boss.user_id, {"agent": "Operator A"}),
    ]
    said = await (await client.get("/api/v1/audit", headers=house.headers("owner@a"))).json()
    assert [one["said"] for one in said["entries"]] == [
        "Снял с линии: Operator A",
        "Отправил на перерыв: Operator A (Обед)",
        "Сделал готовым принимать звонки: Operator A",
    ]


@pytest.mark.rule("SUP-04")
async def test_nobody_else_may_set_a_state(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    before = (await kept(services, house)).wanted_since
    path = f"/api/v1/agents/{operator(house)}/state"
    for who, status in [("operator@a", 403), ("guest@a", 403), ("supervisor@b", 404), ("owner@b", 404)]:
        answer = await client.put(path, json={"state": "ready"}, headers=house.headers(who))
        assert answer.status == status, who
    for wrong in ({"state": "talking"}, {}, {"state": "paused", "reason": "Сон"}):
        answer = await client.put(path, json=wrong, headers=house.headers("supervisor@a"))
        assert answer.status == 422
    agent = await kept(services, house)
    assert (agent.wanted, agent.wanted_since, notices, await audited(services, house)) == ("offline", before, [], [])


@pytest.mark.rule("SUP-04")
async def test_a_talk_goes_on_and_the_state_begins_after_it(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    await api.set_wanted(services, house.businesses["a"], operator(house), "ready")
    await learn(services, house)
    leg = Leg(
        id="1.2", channel="PJSIP/a1s-1", role="agent", state="up", started_at=T, agent_id=operator(house),
        ringing_at=T, answered_at=T, bridged_at=T,
    )  # fmt: skip
    call = Call(
        id="1.1", business_id=house.businesses["a"], direction="in", state="talking", started_at=T, answered_at=T,
        agents=(operator(house),), legs=(leg,),
    )  # fmt: skip
    services.bus.publish(CallUpdated(at=T, call=call, what="answered"))
    answer = await client.put(
        f"/api/v1/agents/{operator(house)}/state",
        json={"state": "paused", "reason": "lunch"},
        headers=house.headers("supervisor@a"),
    )
    view = await answer.json()
    assert (view["state"], view["wanted"], view["call_id"]) == ("talking", "paused", "1.1")
    assert services.telephony.commands == []  # type: ignore[attr-defined]
    assert told(notices, house, "operator@a") == ["Supervisor A: после этого разговора у вас перерыв (Обед)."]
    over = replace(call, state="ended", ended_at=T + 60, legs=(replace(leg, state="ended", ended_at=T + 60),))
    services.bus.publish(CallEnded(at=T + 60, call=over))
    after = services.live.agent(house.businesses["a"], operator(house))
    assert after is not None
    assert (after.state, after.reason) == ("paused", "Обед")


# --- AGD-03 and TEL-53 ------------------------------------------------------------------------------


@pytest.mark.rule("AGD-03")
async def test_a_wrap_up_that_is_over_or_was_lengthened_is_refused_in_words(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await learn(services, house)
    real = services.live.agent
    picture = {"state": "ready", "can_extend": False}

    def agent(business_id: int, agent_id: int) -> Any:
        found = real(business_id, agent_id)
        return found and replace(found, **picture)

    monkeypatch.setattr(services.live, "agent", agent)
    for state, may, status, code in [
        ("ready", False, 409, "no_wrapup"),
        ("wrapup", False, 409, "extended"),
        ("wrapup", True, 200, ""),
    ]:
        picture |= {"state": state, "can_extend": may}
        answer = await client.post("/api/v1/me/wrapup/extend", headers=house.headers("operator@a"))
        assert answer.status == status
        if code:
            assert (await answer.json())["error"]["code"] == code


@pytest.mark.rule("AGD-03")
async def test_a_wrap_up_and_its_only_extension_outlive_the_server(
    client: Client, services: Services, house: House, clock: FixedClock, tmp_path: Path
) -> None:
    business = house.businesses["a"]
    rules = {"unanswered": 3, "wrapup_out": 60}
    await client.put("/api/v1/agent-settings", json=rules, headers=house.headers("owner@a"))
    await learn(services, house)
    await api.set_wanted(services, business, operator(house), "ready")
    leg = Leg(
        id="1.1", channel="PJSIP/a1s-1", role="agent", state="up", started_at=T, agent_id=operator(house),
        answered_at=T, bridged_at=T,
    )  # fmt: skip
    call = Call(
        id="1.1", business_id=business, direction="out", state="talking", started_at=T, answered_at=T,
        agents=(operator(house),), legs=(leg,),
    )  # fmt: skip
    services.bus.publish(CallUpdated(at=T, call=call, what="answered"))
    over = replace(call, state="ended", ended_at=T, legs=(replace(leg, state="ended", ended_at=T),))
    services.bus.publish(CallEnded(at=T, call=over))
    for status in (200, 409):
        answer = await client.post("/api/v1/me/wrapup/extend", headers=house.headers("operator@a"))
        assert answer.status == status
    await services.part(handlers.SpanWriter, handlers.SpanWriter).drained()
    life.touch_life(services.settings)
    clock.advance(80)
    later = houses.make_services(services.db, tmp_path, clock)
    # Each server has a bus and a picture of its own; the database and the clock are all that they share.
    again = await houses.serve(later)
    try:
        phone = DeviceChanged(at=T + 80, endpoint=f"a{operator(house)}s", agent_id=operator(house), online=True)
        later.bus.publish(phone)
        view = later.live.agent(business, operator(house))
        assert view is not None
        assert (view.state, view.can_extend, view.wrapup_until) == ("wrapup", False, "2026-03-02T09:02:00.000Z")
        assert later.live.resting(operator(house))
        refused = await again.post("/api/v1/me/wrapup/extend", headers=house.headers("operator@a"))
        assert refused.status == 409
        clock.advance(40)
        later.live.tick(clock.epoch())
        ready = later.live.agent(business, operator(house))
        assert ready is not None
        assert (ready.state, later.live.resting(operator(house))) == ("ready", False)
    finally:
        await again.close()


@pytest.mark.rule("TEL-53")
async def test_do_not_disturb_is_for_those_to_whom_calls_come_in(
    client: Client, services: Services, house: House
) -> None:
    await learn(services, house)

    async def choose(state: str) -> tuple[int, Any]:
        answer = await client.put("/api/v1/me/state", json={"state": state}, headers=house.headers("operator@a"))
        return answer.status, await answer.json()

    status, body = await choose("paused")
    assert (status, body["error"]["code"]) == (409, "no_inbound")
    assert "Входящие звонки к вам не поступают" in body["error"]["message"]
    assert (await kept(services, house)).wanted == "offline"
    status, view = await choose("ready")
    assert (status, view["status"], view["takes_calls"]) == (200, "available", False)
    await furnish_queue(services, house)
    status, view = await choose("paused")
    assert (status, view["status"], view["takes_calls"]) == (200, "do_not_disturb", True)
    # Not on line, whatever he wants, is disconnected: no phone, no service.
    services.bus.publish(DeviceChanged(at=T, endpoint=f"a{operator(house)}s", agent_id=operator(house), online=False))
    csrf = await houses.sign_in(client, "operator@a.example")
    assert csrf
    page = await (await client.get("/agents")).text()
    row = page.partition(f'<tr data-agent="{operator(house)}"')[2].partition("</tr>")[0]
    assert "Отключен" in row
    assert "Не беспокоить" not in row


async def test_supervisors_are_those_who_may_supervise(services: Services, house: House) -> None:
    async with services.db.business(house.businesses["a"]) as session:
        found = await states.supervisors(session)
    assert found == {house.people[f"{who}@a"].membership_id for who in ("supervisor", "administrator", "owner")}
