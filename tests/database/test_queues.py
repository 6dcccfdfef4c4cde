"""Queues over the API and in the database, and Asterisk's members brought to what agents want."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import delete, update

from callcenter.core.clock import FixedClock
from callcenter.core.errors import BadInput, Conflict, Unavailable
from callcenter.core.events import ConfigChanged, DeviceChanged, LinkChanged, MemberChanged, RoutingDrafted
from callcenter.features.agents import api as agents
from callcenter.features.agents.usecases import states
from callcenter.features.numbers.models import Number
from callcenter.features.queues import api, gateway, handlers
from callcenter.features.queues.gateway import MemberSync
from callcenter.features.queues.models import Queue, QueueMember
from callcenter.features.queues.rules import LOST_PHONE_GRACE
from callcenter.live.views import AgentView
from callcenter.plugin import Services
from callcenter.telephony.snapshot import MemberNow
from tests.support import house as houses
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


@pytest.fixture
async def queue(services: Services, house: House) -> api.QueueInfo:
    """A queue of business a with its operator and supervisor."""
    business = house.businesses["a"]
    people = [house.people["operator@a"].agent_id, house.people["supervisor@a"].agent_id]
    async with services.db.business(business) as session:
        return await api.create(
            session,
            business_id=business,
            name="Продажи",
            at=NOW,
            settings=api.QueuePatch(members=[p for p in people if p], wrapup_seconds=0),
        )


async def test_a_queue_keeps_its_members_in_order(services: Services, house: House, queue: api.QueueInfo) -> None:
    operator, supervisor = (house.people[f"{w}@a"].agent_id for w in ("operator", "supervisor"))
    assert [m.agent_id for m in queue.members] == [operator, supervisor]
    assert (queue.strategy, queue.asterisk_strategy, queue.answer_target) == ("longest_idle", "leastrecent", 20)
    async with services.db.business(queue.business_id) as session:
        await api.set_members(session, queue.id, [supervisor, operator, supervisor])  # type: ignore[list-item]
    async with services.db.system() as session:
        found = (await api.for_directory(session))[queue.id]
    assert found.members == (supervisor, operator)
    assert (found.answer_target, found.short_abandon, found.wrapup_seconds) == (20, 5, 0)


async def test_an_agent_of_another_business_cannot_serve(
    services: Services, house: House, queue: api.QueueInfo
) -> None:
    stranger = house.people["operator@b"].agent_id
    assert stranger is not None
    with pytest.raises(BadInput):
        async with services.db.business(queue.business_id) as session:
            await api.set_members(session, queue.id, [stranger])
    async with services.db.business(queue.business_id) as session:
        assert len(await api.members(session, queue.id)) == 2


async def test_a_number_has_a_queue_of_its_own(services: Services, house: House) -> None:
    business, operator = house.businesses["a"], house.people["operator@a"].agent_id
    assert operator is not None
    async with services.db.business(business) as session:
        number = Number(e164="+74950000001", title="Продажи", created_at=NOW)
        session.add(number)
        await session.flush()
        first = await api.set_own_members(
            session, business_id=business, number_id=number.id, name="Продажи", agent_ids=[operator], at=NOW
        )
        again = await api.set_own_members(
            session, business_id=business, number_id=number.id, name="Линия 1", agent_ids=[], at=NOW
        )
        assert first.id == again.id
        assert (again.name, again.members) == ("Линия 1", ())
        assert (await api.own_queue(session, number.id)) == again


async def test_settings_over_the_api(client: Client, services: Services, house: House, queue: api.QueueInfo) -> None:
    told: list[ConfigChanged] = []
    drafts: list[RoutingDrafted] = []
    services.bus.listen(ConfigChanged, told.append)
    services.bus.listen(RoutingDrafted, drafts.append)
    listed = await (await client.get("/api/v1/queues", headers=house.headers("operator@a"))).json()
    assert [(q["id"], q["name"], len(q["members"])) for q in listed["queues"]] == [(queue.id, "Продажи", 2)]
    path, admin = f"/api/v1/queues/{queue.id}", house.headers("administrator@a")
    assert (await client.patch(path, json={"name": "X"}, headers=house.headers("supervisor@a"))).status == 403
    done = await client.patch(path, json={"answer_target": 30, "strategy": "random", "members": []}, headers=admin)
    assert done.status == 200, await done.text()
    assert (await done.json()) | {"id": 0} == listed["queues"][0] | {
        "id": 0,
        "answer_target": 30,
        "strategy": "random",
        "members": [],
    }
    # Members are live at once, the way of distribution waits for an apply.
    assert [(e.business_id, e.what) for e in told] == [(queue.business_id, "members")]
    assert [(e.business_id, e.what, e.now) for e in drafts] == [(queue.business_id, "queues", False)]


async def test_a_setting_out_of_its_limits_is_named_and_nothing_is_changed(
    client: Client, house: House, queue: api.QueueInfo
) -> None:
    path, admin = f"/api/v1/queues/{queue.id}", house.headers("administrator@a")
    wrong = {"answer_target": 0, "ring_seconds": 4, "strategy": "loudest", "name": " ", "wrapup_seconds": 30}
    answer = await client.patch(path, json=wrong, headers=admin)
    assert answer.status == 422
    assert set((await answer.json())["error"]["fields"]) == {"answer_target", "ring_seconds", "strategy", "name"}
    now = await (await client.get(path, headers=admin)).json()
    assert (now["wrapup_seconds"], now["name"]) == (0, "Продажи")


async def test_a_queue_of_another_business_is_not_found(client: Client, house: House, queue: api.QueueInfo) -> None:
    path, admin = f"/api/v1/queues/{queue.id}", house.headers("administrator@b")
    assert (await client.get(path, headers=admin)).status == 404
    assert (await client.patch(path, json={"name": "X"}, headers=admin)).status == 404
    assert (await (await client.get("/api/v1/queues", headers=admin)).json()) == {"queues": []}


async def test_the_form_keeps_what_was_typed(client: Client, house: House, queue: api.QueueInfo) -> None:
    csrf = await houses.sign_in(client, "administrator@a.example")
    operator = house.people["operator@a"].agent_id
    form = {
        "_csrf": csrf,
        "name": "Новые продажи",
        "strategy": "ring_all",
        "answer_target": "9999",
        "short_abandon": "5",
        "ring_seconds": "x",
        "wrapup_seconds": "15",
        "max_wait": "0",
        "members": str(operator),
    }
    wrong = await client.post(f"/queues/{queue.id}", data=form)
    assert wrong.status == 422
    text = await wrong.text()
    for kept in ('value="Новые продажи"', 'value="x"', 'value="15"', 'value="ring_all" selected'):
        assert kept in text
    assert text.count(" checked>") == 1
    form |= {"answer_target": "25", "ring_seconds": "15"}
    done = await client.post(f"/queues/{queue.id}", data=form, allow_redirects=False)
    assert done.status == 303, await done.text()
    now = await (await client.get(f"/api/v1/queues/{queue.id}")).json()
    assert (now["name"], now["answer_target"], [m["id"] for m in now["members"]]) == ("Новые продажи", 25, [operator])


# --- members ---------------------------------------------------------------------------------------------------------


class Exchange:
    """An Asterisk that keeps members as real ones do, and agents' phones that come and go."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.services = services
        self.there: dict[tuple[int, str], bool] = {}
        self.online: dict[int, list[str]] = {}
        self.refuse: set[int] = set()
        self.refused = 0
        self.tried_often = asyncio.Event()
        telephony = services.telephony
        for name in ("add_member", "remove_member", "pause_member", "members"):
            monkeypatch.setattr(telephony, name, getattr(self, name))
        monkeypatch.setattr(services.live, "agent", self.agent)

    def agent(self, business_id: int, agent_id: int) -> AgentView:
        online = self.online.get(agent_id, [])
        return AgentView(id=agent_id, name="", short_number="", state="offline", since="", online=online)

    def _key(self, queue_id: int, agent_id: int, device: str) -> tuple[int, str]:
        if queue_id in self.refuse:
            self.refused += 1
            if self.refused >= 4:
                self.tried_often.set()
            raise Conflict("no such queue")
        if not self.services.telephony.up:
            raise Unavailable("away")
        return queue_id, f"PJSIP/a{agent_id}{device[0]}"

    async def add_member(self, queue_id: int, agent_id: int, device: str, *, paused: bool = False, **_: Any) -> None:
        self.there[self._key(queue_id, agent_id, device)] = paused

    async def remove_member(self, queue_id: int, agent_id: int, device: str) -> None:
        self.there.pop(self._key(queue_id, agent_id, device), None)

    async def pause_member(
        self, agent_id: int, device: str, paused: bool, *, reason: str = "", queue_id: int = 0
    ) -> None:
        assert self._key(queue_id, agent_id, device) in self.there
        self.there[self._key(queue_id, agent_id, device)] = paused

    async def members(self) -> tuple[MemberNow, ...]:
        strangers = (MemberNow(queue="support", interface="Local/1@x"), MemberNow(queue="q1", interface="PJSIP/t3"))
        ours = (MemberNow(queue=f"q{q}", interface=i, paused=p) for (q, i), p in self.there.items())
        return (*strangers, *ours)

    async def phone(self, agent_id: int, device: str, online: bool) -> None:
        kinds = self.online.setdefault(agent_id, [])
        kinds.append(device) if online else kinds.remove(device)
        await handlers.on_device(
            self.services,
            DeviceChanged(at=0, endpoint=f"a{agent_id}{device[0]}", agent_id=agent_id, online=online),
        )

    async def wants(self, house: House, who: str, wanted: Any) -> None:
        person = house.people[who]
        assert person.agent_id is not None
        await agents.set_wanted(self.services, person.business_id, person.agent_id, wanted)

    async def link(self, up: bool) -> None:
        self.services.telephony.is_up = up  # type: ignore[attr-defined]
        await handlers.on_link(self.services, LinkChanged(at=0, up=up))


@pytest.fixture
async def exchange(
    services: Services, queue: api.QueueInfo, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Exchange]:
    """The exchange with the member keeper running on the bus's events of agents."""
    found = Exchange(services, monkeypatch)
    sync = services.part(MemberSync, MemberSync)
    monkeypatch.setattr(gateway, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(gateway, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(gateway, "SETTLE", 0.0)

    async def on_wanted(event: Any) -> None:
        await handlers.on_wanted(services, event)

    from callcenter.core.events import AgentWanted

    services.bus.handle("queues.members", AgentWanted, on_wanted)
    await services.bus.start()
    await sync.start()
    yield found
    await sync.stop()
    await services.bus.stop()


async def settle(services: Services) -> None:
    await services.bus.settle()
    async with asyncio.timeout(5):
        await services.part(MemberSync, MemberSync).settle()


@pytest.mark.parametrize("order", ["ready first", "phone first"])
async def test_ready_and_registered_in_either_order(
    exchange: Exchange, services: Services, house: House, queue: api.QueueInfo, order: str
) -> None:
    agent = house.people["operator@a"].agent_id
    assert agent is not None
    if order == "ready first":
        await exchange.wants(house, "operator@a", "ready")
        await settle(services)
        assert exchange.there == {}
        await exchange.phone(agent, "webrtc", True)
    else:
        await exchange.phone(agent, "webrtc", True)
        await settle(services)
        assert exchange.there == {}
        await exchange.wants(house, "operator@a", "ready")
    await settle(services)
    assert exchange.there == {(queue.id, f"PJSIP/a{agent}w"): False}


async def test_pausing_keeps_the_place_and_going_off_line_leaves_it(
    exchange: Exchange, services: Services, house: House, queue: api.QueueInfo
) -> None:
    agent = house.people["operator@a"].agent_id
    assert agent is not None
    await exchange.phone(agent, "sip", True)
    for wanted, there in [("ready", False), ("paused", True), ("ready", False)]:
        await exchange.wants(house, "operator@a", wanted)
        await settle(services)
        assert exchange.there == {(queue.id, f"PJSIP/a{agent}s"): there}
    await exchange.wants(house, "operator@a", "offline")
    await settle(services)
    assert exchange.there == {}


async def test_a_browser_that_comes_takes_the_place_of_the_sip_phone(
    exchange: Exchange, services: Services, house: House, queue: api.QueueInfo, clock: FixedClock
) -> None:
    agent = house.people["operator@a"].agent_id
    assert agent is not None
    await exchange.wants(house, "operator@a", "ready")
    await exchange.phone(agent, "sip", True)
    await exchange.phone(agent, "webrtc", True)
    await settle(services)
    assert list(exchange.there) == [(queue.id, f"PJSIP/a{agent}w")]
    await exchange.phone(agent, "webrtc", False)
    await settle(services)
    assert list(exchange.there) == [(queue.id, f"PJSIP/a{agent}w")], "a page that is loaded anew keeps its place"
    clock.advance(LOST_PHONE_GRACE)
    services.part(MemberSync, MemberSync).touch()
    await settle(services)
    assert list(exchange.there) == [(queue.id, f"PJSIP/a{agent}s")]


@pytest.mark.rule("AGD-01")
async def test_after_a_break_members_follow_what_was_wanted_meanwhile(
    exchange: Exchange, services: Services, house: House, queue: api.QueueInfo
) -> None:
    operator, supervisor = (house.people[f"{w}@a"].agent_id for w in ("operator", "supervisor"))
    assert operator is not None
    assert supervisor is not None
    for who, agent in (("operator@a", operator), ("supervisor@a", supervisor)):
        await exchange.phone(agent, "webrtc", True)
        await exchange.wants(house, who, "ready")
    await settle(services)
    assert len(exchange.there) == 2
    await exchange.link(False)
    await exchange.wants(house, "operator@a", "paused")
    await exchange.wants(house, "supervisor@a", "offline")
    await settle(services)
    assert set(exchange.there.values()) == {False}, "nothing reaches an Asterisk that is away"
    exchange.there[(queue.id, "PJSIP/a999w")] = False
    await exchange.link(True)
    await settle(services)
    assert exchange.there == {(queue.id, f"PJSIP/a{operator}w"): True}


@pytest.mark.rule("AGD-04")
async def test_who_was_paused_for_not_answering_while_the_link_was_down_is_paused_in_asterisk_after_it(
    exchange: Exchange, services: Services, house: House, queue: api.QueueInfo
) -> None:
    operator = house.people["operator@a"].agent_id
    assert operator is not None
    await exchange.phone(operator, "sip", True)
    await exchange.wants(house, "operator@a", "ready")
    await settle(services)
    await exchange.link(False)
    await states.pause_unanswered(services, queue.business_id, operator, 3)
    await settle(services)
    assert exchange.there == {(queue.id, f"PJSIP/a{operator}s"): False}
    await exchange.link(True)
    await settle(services)
    assert exchange.there == {(queue.id, f"PJSIP/a{operator}s"): True}


async def test_an_asterisk_that_lost_all_members_gets_them_back(
    exchange: Exchange, services: Services, house: House, queue: api.QueueInfo
) -> None:
    agent = house.people["operator@a"].agent_id
    assert agent is not None
    await exchange.phone(agent, "webrtc", True)
    await exchange.wants(house, "operator@a", "ready")
    await settle(services)
    exchange.there.clear()
    services.part(MemberSync, MemberSync).touch(read=True)
    await settle(services)
    assert list(exchange.there) == [(queue.id, f"PJSIP/a{agent}w")]
    exchange.there.clear()
    await handlers.on_member(
        services,
        MemberChanged(
            at=0, queue_id=queue.id, agent_id=agent, interface=f"PJSIP/a{agent}w", paused=False, removed=True
        ),
    )
    await settle(services)
    assert list(exchange.there) == [(queue.id, f"PJSIP/a{agent}w")], "removed by hand: back at once"


async def test_a_queue_that_asterisk_does_not_know_yet_is_tried_again_and_holds_up_nobody(
    exchange: Exchange, services: Services, house: House, queue: api.QueueInfo
) -> None:
    agent = house.people["operator@a"].agent_id
    assert agent is not None
    async with services.db.business(queue.business_id) as session:
        new = await api.create(
            session, business_id=queue.business_id, name="Новая", at=NOW, settings=api.QueuePatch(members=[agent])
        )
    exchange.refuse.add(new.id)
    await exchange.phone(agent, "webrtc", True)
    await exchange.wants(house, "operator@a", "ready")
    await services.bus.settle()
    async with asyncio.timeout(5):
        await exchange.tried_often.wait()
    assert list(exchange.there) == [(queue.id, f"PJSIP/a{agent}w")]
    exchange.refuse.clear()
    await settle(services)
    assert set(exchange.there) == {(queue.id, f"PJSIP/a{agent}w"), (new.id, f"PJSIP/a{agent}w")}


async def test_who_leaves_a_queue_is_taken_out_of_it(
    exchange: Exchange, services: Services, house: House, queue: api.QueueInfo
) -> None:
    agent = house.people["operator@a"].agent_id
    assert agent is not None
    await exchange.phone(agent, "webrtc", True)
    await exchange.wants(house, "operator@a", "ready")
    await settle(services)
    async with services.db.business(queue.business_id) as session:
        await session.execute(delete(QueueMember).where(QueueMember.agent_id == agent))
    await handlers.on_config(services, ConfigChanged(at=0, business_id=queue.business_id, what="queues"))
    await settle(services)
    assert exchange.there == {}


@pytest.mark.rule("INQ-04")
async def test_where_a_full_queue_leads_is_chosen_and_checked(
    client: Client, services: Services, house: House, queue: api.QueueInfo
) -> None:
    headers = house.headers("administrator@a")
    async with services.db.business(queue.business_id) as session:
        other = await api.create(session, business_id=queue.business_id, name="Вторая", at=NOW)
        off = await api.create(session, business_id=queue.business_id, name="Бывшая", at=NOW)
        await session.execute(update(Queue).where(Queue.id == off.id).values(active=False))
    async with services.db.business(house.businesses["b"]) as session:
        strange = await api.create(session, business_id=house.businesses["b"], name="Чужая", at=NOW)

    async def patch(queue_id: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = await client.patch(f"/api/v1/queues/{queue_id}", json=body, headers=headers)
        return answer.status, await answer.json()

    goals = (
        {"kind": "queue", "id": other.id},
        {"kind": "voicemail", "id": queue.id},
        {"kind": "voicemail"},
        {"kind": "external", "number": "+79161234567"},
        {"kind": "hangup"},
        None,
    )
    for goal in goals:
        status, found = await patch(queue.id, {"overflow": goal, "max_callers": 3, "max_wait": 60})
        assert (status, found["overflow"], found["max_callers"]) == (200, goal, 3)
    status, found = await patch(queue.id, {"overflow": {"kind": "queue", "id": other.id}})
    wrong = (
        {"kind": "queue", "id": queue.id},
        {"kind": "queue", "id": strange.id},
        {"kind": "queue", "id": off.id},
        {"kind": "queue", "id": 999},
        {"kind": "external", "number": "12"},
        {"kind": "play", "prompt": "x"},
        {"kind": "agent", "id": 999},
    )
    for goal in wrong:
        status, said = await patch(queue.id, {"overflow": goal})
        assert status == 422, goal
        assert list(said["error"]["fields"]) == ["overflow"]
    # The other queue would lead back here.
    assert (await patch(other.id, {"overflow": {"kind": "queue", "id": queue.id}}))[0] == 422
    assert (await patch(queue.id, {"max_callers": 1001}))[0] == 422
    kept = await (await client.get(f"/api/v1/queues/{queue.id}", headers=headers)).json()
    assert (kept["overflow"], kept["max_callers"]) == ({"kind": "queue", "id": other.id}, 3)
    # A change of something else leaves it alone.
    assert (await patch(queue.id, {"max_wait": 61}))[1]["overflow"] == {"kind": "queue", "id": other.id}


@pytest.mark.rule("INQ-04")
async def test_the_form_of_a_queue_chooses_its_overflow(client: Client, house: House, queue: api.QueueInfo) -> None:
    csrf = await houses.sign_in(client, house.people["administrator@a"].email)
    form = {
        "name": "Продажи", "strategy": "in_order", "answer_target": "20", "short_abandon": "5", "ring_seconds": "20",
        "wrapup_seconds": "0", "max_wait": "60", "max_callers": "4", "overflow_choice": "external",
        "overflow_number": "8 916 123-45-67", "_csrf": csrf,
    }  # fmt: skip
    done = await client.post(f"/queues/{queue.id}", data=form, allow_redirects=False)
    assert done.status == 303, await done.text()
    headers = house.headers("administrator@a")
    found = await (await client.get(f"/api/v1/queues/{queue.id}", headers=headers)).json()
    assert (found["overflow"], found["max_callers"]) == ({"kind": "external", "number": "+79161234567"}, 4)
    page = await (await client.get(f"/queues?edit={queue.id}")).text()
    assert 'value="+79161234567"' in page
    wrong = await client.post(f"/queues/{queue.id}", data=form | {"overflow_number": "12"})
    assert wrong.status == 422
    assert "Это не телефонный номер." in await wrong.text()
