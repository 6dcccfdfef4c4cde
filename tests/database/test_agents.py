"""Agents over the API and in the database: states, phones, short numbers, time in each state."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from callcenter.core.clock import FixedClock
from callcenter.core.directory import AgentRef, NumberRef
from callcenter.core.errors import BadInput, Conflict
from callcenter.core.events import AgentChanged, AgentWanted, ConfigChanged, Event, LinkChanged
from callcenter.features.agents import api, handlers
from callcenter.features.agents.models import Agent, AgentStateSpan, Device
from callcenter.features.agents.usecases import life, people
from callcenter.plugin import Services
from tests.support import house as houses
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


@pytest.fixture
def heard(services: Services) -> list[Event]:
    """What was told on the bus."""
    events: list[Event] = []
    for kind in (AgentWanted, ConfigChanged):
        services.bus.listen(kind, events.append)
    return events


async def answers_calls(services: Services, house: House) -> None:
    """The operator gets a number of his own, so calls come in to him."""
    me = house.people["operator@a"]
    directory = services.telephony.directory
    number = NumberRef(id=1, business_id=me.business_id, e164="+74950000001", kind="personal", agent_id=me.agent_id)
    services.telephony.set_directory(replace(directory, numbers={1: number}))


async def reason_named(services: Services, house: House, name: str) -> int:
    """A reason of business a."""
    found = await api.pause_reasons(services, house.businesses["a"])
    return next(one.id for one in found.values() if one.name == name)


async def changed(
    services: Services, house: House, state: str, seconds: float, reason: str = "", *, written: bool = True
) -> None:
    person = house.people["operator@a"]
    assert person.agent_id is not None
    await handlers.on_changed(
        services,
        AgentChanged(
            at=NOW.timestamp() + seconds,
            business_id=person.business_id,
            agent_id=person.agent_id,
            state=state,  # type: ignore[arg-type]
            reason=reason,
        ),
    )
    if written:
        await services.part(handlers.SpanWriter, handlers.SpanWriter).drained()


async def spans(services: Services) -> list[tuple[str, str, float, float | None]]:
    await services.part(handlers.SpanWriter, handlers.SpanWriter).drained()
    async with services.db.system() as session:
        rows = (await session.scalars(select(AgentStateSpan).order_by(AgentStateSpan.since, AgentStateSpan.id))).all()
    zero = NOW.timestamp()
    return [
        (r.state, r.reason, r.since.timestamp() - zero, r.until.timestamp() - zero if r.until else None) for r in rows
    ]


async def test_a_new_agent_gets_both_phones_with_long_passwords(services: Services, house: House) -> None:
    async with services.db.system() as session:
        found = await api.for_rendering(session)
    assert len(found) == 4
    for one in found:
        assert [d.kind for d in one.devices] == ["webrtc", "sip"]
        assert [d.endpoint for d in one.devices] == [f"a{one.agent.id}w", f"a{one.agent.id}s"]
        assert all(len(d.password) == 24 and d.password.isalnum() for d in one.devices)
    assert len({d.password for one in found for d in one.devices}) == 8
    assert all(d.password not in repr(one) for one in found for d in one.devices)


async def test_short_numbers_are_given_in_turn_and_belong_to_one_business(services: Services, house: House) -> None:
    person = house.people["administrator@a"]
    async with services.db.system() as session:
        new = await api.create_agent(
            session, business_id=person.business_id, membership_id=person.membership_id, name=" New  One ", at=NOW
        )
    taken = {"103", "104"}
    assert new.short_number not in taken
    assert new.short_number == "101"
    assert new.name == "New One"
    owner = house.people["owner@a"]
    for number, error in (("103", Conflict), ("12", BadInput), ("abc", BadInput)):
        with pytest.raises(error):
            async with services.db.system() as session:
                await api.create_agent(
                    session,
                    business_id=owner.business_id,
                    membership_id=owner.membership_id,
                    name="X",
                    at=NOW,
                    short_number=number,
                )


async def test_an_agent_chooses_a_state_and_everybody_hears_it(
    client: Client, services: Services, house: House, clock: FixedClock, heard: list[Event]
) -> None:
    me = house.people["operator@a"]
    lunch = await reason_named(services, house, "Обед")
    # The first look at the reasons made them, and the directory is read anew.
    await services.bus.settle()
    await answers_calls(services, house)
    heard.clear()
    clock.advance(60)
    for method in ("PUT", "POST"):
        state, reason = ("ready", "") if method == "PUT" else ("paused", "lunch")
        answer = await client.request(
            method, "/api/v1/me/state", json={"state": state, "reason": reason}, headers=house.headers("operator@a")
        )
        assert answer.status == 200, await answer.text()
        assert (await answer.json())["id"] == me.agent_id
    told = [e for e in heard if isinstance(e, AgentWanted)]
    assert [(e.agent_id, e.wanted, e.reason) for e in told] == [
        (me.agent_id, "ready", ""),
        (me.agent_id, "paused", "Обед"),
    ]
    assert told[1].reason_id == lunch
    async with services.db.business(me.business_id) as session:
        row = (await session.scalars(select(Agent).where(Agent.id == me.agent_id))).one()
    assert (row.wanted, row.reason, row.reason_id) == ("paused", "Обед", lunch)
    assert row.wanted_since == clock.now()


async def test_a_state_that_does_not_exist_is_refused_and_nothing_changes(
    client: Client, house: House, heard: list[Event]
) -> None:
    heard.clear()
    for wrong in ({"state": "talking"}, {"state": ""}, {}, {"state": 1}, {"state": "ready", "reason": {}}):
        answer = await client.put("/api/v1/me/state", json=wrong, headers=house.headers("operator@a"))
        assert answer.status == 422
    assert heard == []


async def test_who_has_no_phone_is_told_so(client: Client, house: House) -> None:
    for path in ("/api/v1/me/state", "/api/v1/me/devices"):
        answer = await client.get(path, headers=house.headers("administrator@a"))
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "no_phone"


async def test_what_agents_wanted_is_told_again_when_the_server_starts(services: Services, house: House) -> None:
    me = house.people["operator@a"]
    assert me.agent_id is not None
    await api.set_wanted(services, me.business_id, me.agent_id, "paused", "lunch")
    told: list[AgentWanted] = []
    services.bus.listen(AgentWanted, told.append)
    client = await houses.serve(services)
    await client.close()
    mine = [e for e in told if e.agent_id == me.agent_id]
    assert [(e.business_id, e.wanted, e.reason) for e in mine] == [(me.business_id, "paused", "Обед")]


async def test_my_phones_are_shown_to_me_alone_and_kept_nowhere(
    client: Client, services: Services, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    me = house.people["operator@a"]
    answer = await client.get("/api/v1/me/devices", headers=house.headers("operator@a"))
    assert answer.status == 200
    assert "no-store" in answer.headers["Cache-Control"]
    devices = (await answer.json())["devices"]
    assert [(d["kind"], d["login"], d["transport"], d["online"]) for d in devices] == [
        ("webrtc", f"a{me.agent_id}w", "ws", False),
        ("sip", f"a{me.agent_id}s", "udp", False),
    ]
    browser, phone = devices
    assert browser["ws_url"] == "ws://127.0.0.1:8088/ws"
    assert (phone["server"], phone["domain"], phone["ws_url"]) == ("127.0.0.1:5060", "127.0.0.1", None)
    async with services.db.business(me.business_id) as session:
        rows = (await session.scalars(select(Device).where(Device.agent_id == me.agent_id))).all()
    assert {d["password"] for d in devices} == {r.password for r in rows}
    assert not [r for r in caplog.records for d in devices if d["password"] in r.getMessage()]


async def test_a_renewed_password_is_new_and_reaches_asterisk(client: Client, house: House, heard: list[Event]) -> None:
    headers = house.headers("operator@a")
    before = (await (await client.get("/api/v1/me/devices", headers=headers)).json())["devices"]
    heard.clear()
    answer = await client.post("/api/v1/me/devices/sip/password", headers=headers)
    after = (await answer.json())["devices"]
    assert after[0]["password"] == before[0]["password"]
    assert after[1]["password"] != before[1]["password"]
    assert [(type(e), getattr(e, "what", "")) for e in heard] == [(ConfigChanged, "devices")]
    assert (await client.post("/api/v1/me/devices/fax/password", headers=headers)).status == 404


async def test_the_list_shows_the_own_business_only(client: Client, house: House) -> None:
    answer = await client.get("/api/v1/agents", headers=house.headers("operator@a"))
    listed = (await answer.json())["agents"]
    mine = {p.agent_id for p in house.people.values() if p.agent_id and p.business_id == house.businesses["a"]}
    assert {a["id"] for a in listed} == mine
    assert "password" not in await answer.text()
    stranger = house.people["operator@b"].agent_id
    for path in (f"/api/v1/agents/{stranger}", "/api/v1/agents/0", "/api/v1/agents/x", "/api/v1/agents/9999999999"):
        assert (await client.get(path, headers=house.headers("operator@a"))).status == 404
    one = house.people["operator@a"].agent_id
    assert (await (await client.get(f"/api/v1/agents/{one}", headers=house.headers("operator@a"))).json())["id"] == one


async def test_an_administrator_renames_and_renumbers_others_may_not(client: Client, house: House) -> None:
    one = house.people["operator@a"].agent_id
    path = f"/api/v1/agents/{one}"
    refused = await client.patch(path, json={"short_number": "222"}, headers=house.headers("supervisor@a"))
    assert refused.status == 403
    admin = house.headers("administrator@a")
    done = await client.patch(path, json={"short_number": "222", "name": "Анна Климова"}, headers=admin)
    assert done.status == 200
    taken = await client.patch(path, json={"short_number": "103"}, headers=admin)
    assert taken.status == 409
    assert "103" in (await taken.json())["error"]["message"]
    stranger = house.people["operator@b"].agent_id
    assert (await client.patch(f"/api/v1/agents/{stranger}", json={"name": "X"}, headers=admin)).status == 404


async def test_the_team_page_keeps_what_was_typed_when_it_is_wrong(client: Client, house: House) -> None:
    csrf = await houses.sign_in(client, "administrator@a.example")
    one = house.people["operator@a"].agent_id
    page = await client.get(f"/agents?edit={one}")
    assert page.status == 200
    assert f'action="/agents/{one}"' in await page.text()
    wrong = await client.post(f"/agents/{one}", data={"_csrf": csrf, "name": "Вера К.", "short_number": "7"})
    assert wrong.status == 422
    text = await wrong.text()
    assert 'value="Вера К."' in text
    assert 'value="7"' in text
    assert 'aria-invalid="true"' in text
    good = await client.post(
        f"/agents/{one}", data={"_csrf": csrf, "name": "Вера К.", "short_number": "777"}, allow_redirects=False
    )
    assert good.status == 303
    assert "Вера К." in await (await client.get("/agents")).text()


@pytest.mark.rule("AGD-01")
async def test_the_time_in_each_state_is_kept(services: Services, house: House) -> None:
    for at, state, reason in [
        (0, "ready", ""),
        (10, "ringing", ""),
        (15, "talking", ""),
        (15, "talking", ""),
        (75, "wrapup", ""),
        (85, "ready", ""),
        (100, "paused", "lunch"),
        (100.5, "offline", ""),
    ]:
        await changed(services, house, state, at, reason)
    assert await spans(services) == [
        ("ready", "", 0, 10),
        ("ringing", "", 10, 15),
        ("talking", "", 15, 75),
        ("wrapup", "", 75, 85),
        ("ready", "", 85, 100),
        ("paused", "lunch", 100, 100.5),
        ("offline", "", 100.5, None),
    ]


async def test_states_of_one_moment_are_written_together(
    services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await changed(services, house, "ready", 0)
    real, transactions = services.db.business, []

    def counted(business_id: int) -> Any:
        transactions.append(business_id)
        return real(business_id)

    monkeypatch.setattr(services.db, "business", counted)
    for at, state in ((10, "ringing"), (15, "talking"), (75, "wrapup"), (75, "wrapup")):
        await changed(services, house, state, at, written=False)
    event = AgentChanged(at=NOW.timestamp(), business_id=house.businesses["a"], agent_id=999_999, state="ready")
    await handlers.on_changed(services, event)
    assert services.bus.backlog()["agents.spans"] == 5
    assert await spans(services) == [
        ("ready", "", 0, 10),
        ("ringing", "", 10, 15),
        ("talking", "", 15, 75),
        ("wrapup", "", 75, None),
    ]
    assert len(transactions) == 1
    assert services.bus.backlog()["agents.spans"] == 0


async def test_seconds_in_states_are_cut_at_both_ends(services: Services, house: House, clock: FixedClock) -> None:
    me = house.people["operator@a"]
    assert me.agent_id is not None
    await changed(services, house, "ready", -100)
    await changed(services, house, "talking", 20)
    clock.advance(50)
    async with services.db.business(me.business_id) as session:
        found = await api.seconds_in_states(session, NOW, clock.now())
    assert found == {me.agent_id: {"ready": 20.0, "talking": 30.0}}


async def test_a_locked_database_loses_no_state(
    services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = services.db.business, 3

    def locked(business_id: int) -> Any:
        nonlocal failures
        if failures:
            failures -= 1
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return real(business_id)

    async def at_once(_seconds: float) -> None:
        return None

    monkeypatch.setattr(services.db, "business", locked)
    monkeypatch.setattr(asyncio, "sleep", at_once)
    await changed(services, house, "ready", 0)
    await changed(services, house, "talking", 5)
    assert failures == 0
    assert await spans(services) == [("ready", "", 0, 5), ("talking", "", 5, None)]


async def test_a_state_of_an_agent_who_is_gone_is_dropped(services: Services, house: House) -> None:
    event = AgentChanged(at=NOW.timestamp(), business_id=house.businesses["a"], agent_id=999_999, state="ready")
    await handlers.on_changed(services, event)
    assert await spans(services) == []


async def test_a_night_without_the_server_is_nobodys_working_time(
    services: Services, house: House, clock: FixedClock
) -> None:
    await changed(services, house, "ready", 0)
    life.touch_life(services.settings)
    last = NOW.timestamp() + 60
    os.utime(life.life_file(services.settings), (last, last))
    clock.advance(100)
    await life.end_stale_spans(services)
    assert await spans(services) == [("ready", "", 0, None)], "forty seconds are a restart"
    clock.advance(8 * 3600)
    await life.end_stale_spans(services)
    assert await spans(services) == [("ready", "", 0, 60)]


@pytest.mark.rule("AGD-01")
async def test_after_a_break_the_stretches_follow_what_is_true_now(
    services: Services, house: House, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = house.people["operator@a"].agent_id

    def now(business_id: int, agent_id: int, at: float) -> AgentChanged | None:
        if agent_id != me:
            return None
        return AgentChanged(at=at, business_id=business_id, agent_id=agent_id, state="paused", reason="lunch")

    await changed(services, house, "ready", 0)
    monkeypatch.setattr(services.live, "now", now)
    for at, up in ((30, False), (40, True), (50, True)):
        await handlers.on_link(services, LinkChanged(at=NOW.timestamp() + at, up=up))
    assert await spans(services) == [("ready", "", 0, 40), ("paused", "lunch", 40, None)]


async def test_answering_by_itself_holds_from_the_very_next_call(services: Services, house: House) -> None:
    """Nobody waits for the whole configuration to be read anew."""
    me = house.people["operator@a"]
    assert me.agent_id is not None
    known = services.telephony.directory
    ref = AgentRef(id=me.agent_id, business_id=me.business_id, name="Я", short_number="101")
    services.telephony.set_directory(replace(known, agents={me.agent_id: ref}))
    for chosen in (True, False):
        await people.set_auto_answer(services, me.business_id, me.agent_id, dialed=chosen, queue=False)
        assert services.telephony.directory.agents[me.agent_id].auto_dialed is chosen
