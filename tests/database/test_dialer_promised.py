"""Calls that clients of lists are promised: they go first, by who promised them, and nothing makes them forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.clock import FixedClock
from callcenter.features.dialer.usecases import promising, running
from callcenter.features.dialer.usecases.belonging import PART
from callcenter.features.privacy import api as privacy
from callcenter.plugin import Services
from tests.support.call_log import save
from tests.support.dialer import Floor
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
ONE, TWO, THREE = "+74950000011", "+74950000012", "+74950000013"
CLIENTS = ([ONE], [TWO], [THREE])


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own dialer does not look: the tests do."""

    async def rest(_services: Services) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(running, "serve", rest)


@pytest.fixture
async def floor(services: Services, house: House, clock: FixedClock) -> Floor:
    found = Floor(services, house, clock)
    await found.furnish()
    return found


class Desk:
    """What somebody does over the API."""

    def __init__(self, client: Client, house: House, floor: Floor) -> None:
        self.client, self.house, self.floor = client, house, floor

    async def promise(self, path: str, at: str, who: str = "operator@a", *, status: int = 200, **more: Any) -> Any:
        answer = await self.client.put(
            f"/api/v1{path}/call-back", json={"at": at, **more}, headers=self.house.headers(who)
        )
        assert answer.status == status, await answer.text()
        return await answer.json()

    async def call_off(self, path: str, who: str = "operator@a", *, status: int = 200) -> Any:
        answer = await self.client.delete(f"/api/v1{path}/call-back", headers=self.house.headers(who))
        assert answer.status == status, await answer.text()
        return await answer.json()

    def call(self) -> str:
        """The path of the last call."""
        return f"/calls/{self.floor.dialled[-1]['call_id']}"


@pytest.fixture
def desk(client: Client, house: House, floor: Floor) -> Desk:
    return Desk(client, house, floor)


@pytest.mark.rule("OBD-08")
async def test_at_its_time_a_promised_call_goes_first_also_after_a_restart(desk: Desk, floor: Floor) -> None:
    made = await floor.make(CLIENTS, pause=20, retry={"busy": [300, 1]})
    await floor.start(made)
    await floor.look()
    floor.live[floor.dialled[0]["call_id"]] = floor.call("answered")
    # In the talk, by the client's clock: in Moscow it is noon.
    found = await desk.promise(desk.call(), "2026-03-02T12:10", clock="client", agent_id=floor.me.agent_id)
    assert found["client_now"] == "12:00"
    assert found["callback"]["client_time"] == "12:10"
    assert found["callback"]["at"] == "2026-03-02T09:10:00Z"
    floor.live.clear()
    await floor.ends("answered")
    assert (await floor.states())[0] == ("later", "answered")
    await floor.pass_time(20)
    await floor.ends("busy")
    # Both are due by now, and a third one waits in turn: the promise comes before.
    floor.restart()
    await floor.pass_time(600)
    assert floor.called == [ONE, TWO, ONE]
    await floor.ends("answered")
    entry = (await floor.entries())[0]
    assert (entry.state, entry.outcome, entry.callback_at) == ("done", "answered", None)
    await floor.pass_time(20)
    assert floor.called == [ONE, TWO, ONE, TWO]


@pytest.mark.rule("OBD-08")
async def test_what_one_promised_himself_is_left_to_him(desk: Desk, floor: Floor, house: House) -> None:
    made = await floor.make(CLIENTS)
    other = house.people["supervisor@a"].agent_id
    first = (await floor.entries())[0]
    await desk.promise(
        f"/dial-lists/{made}/clients/{first.id}", "2026-03-02T09:01Z", who="supervisor@a", agent_id=other
    )
    await floor.start(made)
    await floor.pass_time(120)
    assert floor.called == [TWO]
    await floor.ends("answered")
    await floor.ends("answered")
    # The operator is through; the rest waits for who promised it, and he is told.
    row = await floor.row(made)
    assert floor.called == [TWO, THREE]
    assert (row.status, row.agent_id, row.counts["left"]) == ("paused", None, 1)
    assert "other employees promised" in floor.notices[-1].text
    floor.notices.clear()
    await promising.remind(floor.services)
    await promising.remind(floor.services)
    (told,) = floor.notices
    assert (told.membership_id, told.link) == (
        house.people["supervisor@a"].membership_id,
        f"/dialer/{made}?state=later",
    )
    # Anybody may do it from now on.
    await desk.promise(f"/dial-lists/{made}/clients/{first.id}", "2026-03-02T10:00Z", who="supervisor@a")
    await floor.start(made)
    await floor.look()
    assert floor.called == [TWO, THREE]
    await floor.pass_time(3600)
    assert floor.called == [TWO, THREE, ONE]


@pytest.mark.rule("OBD-08")
async def test_a_promise_after_the_talk_brings_the_client_back_and_can_be_changed_and_called_off(
    desk: Desk, floor: Floor, client: Client, house: House
) -> None:
    made = await floor.make([[ONE]])
    await floor.start(made)
    await floor.look()
    call = await floor.ends("answered")
    await save(floor.services.db, call)
    assert (await floor.row(made)).status == "finished"
    await desk.promise(desk.call(), "2026-03-02T13:00", clock="client")
    row = await floor.row(made)
    assert (row.status, row.counts) == ("paused", {"left": 1})
    page = await (await client.get(f"/dialer/{made}?state=later", headers=house.headers("operator@a"))).text()
    assert "Перезвонить 2 марта в 13:00" in page
    assert "у клиента 13:00" in page
    entry = (await floor.entries())[0]
    path = f"/dial-lists/{made}/clients/{entry.id}"
    changed = await desk.promise(path, "2026-03-02T11:00Z", agent_id=floor.me.agent_id)
    assert changed["callback"]["at"] == "2026-03-02T11:00:00Z"
    assert changed["callback"]["agent"]["id"] == floor.me.agent_id
    page = await (await client.get(f"/calls/{call.id}", headers=house.headers("operator@a"))).text()
    assert f"/api/v1/calls/{call.id}/call-back" in page
    await desk.call_off(path)
    assert await floor.states() == [("done", "answered")]
    assert (await floor.row(made)).counts == {"answered": 1}
    await desk.call_off(path, status=409)


async def test_what_keeps_a_promise_from_being_made(desk: Desk, floor: Floor, client: Client, house: House) -> None:
    made = await floor.make(CLIENTS, who="supervisor@a", hours={"from": "09:00", "to": "18:00"})
    first = (await floor.entries())[0]
    path = f"/dial-lists/{made}/clients/{first.id}"
    assert (
        "09:00–18:00"
        in (await desk.promise(path, "2026-03-02T15:30Z", who="supervisor@a", status=422))["error"]["fields"]["at"]
    )
    await desk.promise(path, "2026-03-02T09:00Z", who="supervisor@a", status=422)
    await desk.promise(path, "2026-03-02T10:00Z", status=403)
    wrong = await desk.promise(
        path, "2026-03-02T10:00Z", who="supervisor@a", agent_id=house.people["operator@b"].agent_id, status=422
    )
    assert set(wrong["error"]["fields"]) == {"agent_id"}
    await desk.promise(path, "2026-03-02T10:00Z", who="administrator@b", status=404)
    await desk.promise("/calls/1772442000.1", "2026-03-02T10:00Z", status=404)
    await desk.promise(path, "2026-03-02T10:00Z", who="supervisor@a", agent_id=floor.me.agent_id)
    # Who is to call may change it.
    await desk.promise(path, "2026-03-02T10:30Z", agent_id=floor.me.agent_id)
    head = house.headers("supervisor@a")
    assert (await client.delete(f"/api/v1/dial-lists/{made}/clients/{first.id}", headers=head)).status == 200
    assert (await floor.entries())[0].callback_at is None
    await desk.promise(path, "2026-03-02T10:00Z", who="supervisor@a", status=409)


async def test_a_promised_call_that_never_reached_the_client_is_still_promised(desk: Desk, floor: Floor) -> None:
    made = await floor.make(CLIENTS)
    first = (await floor.entries())[0]
    await desk.promise(f"/dial-lists/{made}/clients/{first.id}", "2026-03-02T09:01Z")
    floor.clock.advance(60)
    await floor.start(made)
    await floor.look()
    # His own phone is not answered: the client was not called.
    await floor.ends("cancelled", agent=False, client=False)
    entry = (await floor.entries())[0]
    assert (entry.state, entry.callback_at) == ("later", NOW + timedelta(minutes=1))
    await floor.start(made)
    await floor.look()
    assert floor.called == [ONE, ONE]


@pytest.mark.rule("PLT-08")
async def test_what_lists_know_of_a_person_is_given_out_and_erased(floor: Floor) -> None:
    made = await floor.make([[ONE], [TWO]])
    await floor.start(made)
    await floor.look()
    await floor.ends("answered")
    first = (await floor.entries())[0]
    person = privacy.Person(first.contact_id, None, "", (ONE,), (), ())
    async with floor.services.db.business(floor.business) as session:
        found = await PART.held(floor.services, session, person)
    assert [one["number"] for one in found.data["dial_attempts"]] == [ONE]
    assert len(found.data["dial_lists"]) == 1
    assert await PART.erase(floor.services, floor.business, person) == {"dial_lists": 1}
    assert [one.number for one in await floor.attempts()] == [TWO]
