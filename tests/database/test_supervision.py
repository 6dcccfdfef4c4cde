"""Supervision in the database: who may, what is written down; limits and screens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from callcenter.core.calls import Call, Leg
from callcenter.core.clock import FixedClock
from callcenter.core.events import CallEnded, CallUpdated, SpyChanged
from callcenter.features.accounts import api as accounts
from callcenter.features.supervision.models import SpySession
from callcenter.features.supervision.usecases.spying import Spying, spying
from callcenter.features.wallboard import gateway
from callcenter.features.wallboard.models import ScreenLink
from callcenter.features.wallboard.usecases.limits import limits
from callcenter.plugin import Services
from tests.database.test_wallboard import furnish_queue
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
T = NOW.timestamp()


class Ordered:
    """What was ordered from Asterisk."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.orders: list[tuple[str, dict[str, Any]]] = []
        telephony = services.telephony

        async def spy(**arguments: Any) -> str:
            self.orders.append(("spy", arguments))
            spy_id = f"s{1772442000000 + len(self.orders)}.0123abcd"
            telephony.spies.ordered(spy_id)
            return spy_id

        def write(name: str) -> Any:
            async def command(*arguments: Any) -> None:
                self.orders.append((name, {"arguments": arguments}))

            return command

        monkeypatch.setattr(telephony, "spy", spy)
        for name in ("spy_on", "end_spy", "lead"):
            monkeypatch.setattr(telephony, name, write(name))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.orders]


@pytest.fixture
def ordered(services: Services, monkeypatch: pytest.MonkeyPatch) -> Ordered:
    return Ordered(services, monkeypatch)


def talk(
    house: House, call_id: str = "1.1", *, leg: str = "1.2", ended: bool = False, queue: int | None = None
) -> Call:
    """A client and the operator of business A."""
    agent = house.people["operator@a"].agent_id
    return Call(
        id=call_id,
        business_id=house.businesses["a"],
        direction="in",
        state="talking",
        started_at=T,
        from_number="+79160000001",
        agent_id=agent,
        agents=(agent,) if agent else (),
        queue_id=queue,
        queued_at=T if queue else None,
        left_queue_at=T + 1 if queue else None,
        answered_at=T + 1,
        legs=(
            Leg(id=call_id, channel="PJSIP/t1-1", role="client", state="up", started_at=T, answered_at=T),
            Leg(
                id=leg, channel="PJSIP/a1w-1", role="agent", state="ended" if ended else "up", started_at=T,
                agent_id=agent, answered_at=T + 1, ended_at=T + 5 if ended else None,
            ),
        ),
    )  # fmt: skip


async def actions(services: Services, house: House) -> list[tuple[str, dict[str, Any]]]:
    async with services.db.business(house.businesses["a"]) as session:
        rows = await session.scalars(select(accounts.AuditEntry).order_by(accounts.AuditEntry.id))
        return [(row.action, row.detail) for row in rows if row.action.startswith(("spy", "call", "limit", "screen"))]


async def begin(client: Client, house: House, who: str = "supervisor@a", **body: Any) -> Any:
    body = {"agent_id": house.people["operator@a"].agent_id, "mode": "listen"} | body
    return await client.post("/api/v1/supervision/spies", headers=house.headers(who), json=body)


@pytest.mark.rule("SUP-03")
async def test_a_spy_follows_the_leg_that_took_the_others_place(
    client: Client, services: Services, house: House, ordered: Ordered
) -> None:
    await furnish_queue(services, house)
    services.bus.publish(CallUpdated(at=T, call=talk(house), what="answered"))
    made = await (await begin(client, house)).json()
    own = spying(services)
    services.bus.publish(SpyChanged(at=T, spy_id=made["id"], state="up"))
    # The page was reloaded: another leg of the same agent in the same call.
    services.bus.publish(CallUpdated(at=T + 6, call=talk(house, leg="1.3"), what="leg"))
    await settle(own)
    assert ordered.orders[-1] == ("spy_on", {"arguments": (made["id"], house.businesses["a"], "1.3", "listen")})
    # The agent leaves the call: it ends clearly.
    services.bus.publish(CallUpdated(at=T + 7, call=talk(house, leg="1.3", ended=True), what="leg"))
    await settle(own)
    assert ordered.names == ["spy", "spy_on", "end_spy"]
    assert own.spies == {}
    found = await actions(services, house)
    assert [action for action, _ in found] == ["spy.begin", "spy.end"]
    assert found[-1][1]["why"] == "call"


async def settle(own: Spying) -> None:
    while own._tasks:
        await asyncio.gather(*own._tasks)


@pytest.mark.rule("SUP-03")
async def test_each_use_is_written_down_and_only_one_is_at_a_time(
    client: Client, services: Services, house: House, ordered: Ordered
) -> None:
    await furnish_queue(services, house)
    assert (await begin(client, house)).status == 409
    services.bus.publish(CallUpdated(at=T, call=talk(house), what="answered"))
    assert (await begin(client, house, "operator@a")).status == 403
    assert (await begin(client, house, "supervisor@b")).status == 404
    assert (await begin(client, house, mode="shout")).status == 422
    made = await (await begin(client, house)).json()
    # The same agent again is another mode and no second leg.
    again = await (await begin(client, house, mode="barge")).json()
    assert (again["id"], again["mode"]) == (made["id"], "barge")
    gone = await client.delete(f"/api/v1/supervision/spies/{made['id']}", headers=house.headers("supervisor@b"))
    assert gone.status == 404
    gone = await client.delete(f"/api/v1/supervision/spies/{made['id']}", headers=house.headers("supervisor@a"))
    assert gone.status == 204
    assert ordered.names == ["spy", "spy_on", "end_spy"]
    assert [a for a, _ in await actions(services, house)] == ["spy.begin", "spy.mode", "spy.end"]


@pytest.mark.rule("SUP-03")
async def test_the_agent_is_told_only_when_the_company_wants_it(
    client: Client, services: Services, house: House, ordered: Ordered
) -> None:
    await furnish_queue(services, house)
    services.bus.publish(CallUpdated(at=T, call=talk(house), what="answered"))
    for told in (True, False):
        saved = await client.put(
            "/api/v1/supervision/settings", headers=house.headers("owner@a"), json={"tell_agents": told}
        )
        assert saved.status == 200
        made = await (await begin(client, house)).json()
        await spying(services).changed(SpyChanged(at=T, spy_id=made["id"], state="up"))
        answer = await client.get("/api/v1/me/listeners", headers=house.headers("operator@a"))
        assert bool((await answer.json())["listeners"]) is told
        assert made["told"] is told
        await client.delete(f"/api/v1/supervision/spies/{made['id']}", headers=house.headers("supervisor@a"))


@pytest.mark.rule("SUP-03")
async def test_a_server_that_comes_back_knows_who_still_listens(
    client: Client, services: Services, house: House, ordered: Ordered
) -> None:
    await furnish_queue(services, house)
    services.bus.publish(CallUpdated(at=T, call=talk(house), what="answered"))
    made = await (await begin(client, house)).json()
    fresh = Spying(services)
    await fresh.load()
    assert fresh.spies[made["id"]].agent_id == house.people["operator@a"].agent_id
    # Asterisk does not have it any more.
    for change in services.telephony.spies.resync({}, T):
        await fresh.changed(change)
    assert fresh.spies == {}
    async with services.db.business(house.businesses["a"]) as session:
        assert (await session.get_one(SpySession, made["id"])).ended_at is not None


@pytest.mark.rule("SUP-04", "SUP-05")
async def test_calls_are_led_hung_up_and_put_first_only_within_the_business(
    client: Client, services: Services, house: House, ordered: Ordered
) -> None:
    queue = await furnish_queue(services, house)
    other = await furnish_queue(services, house, "Чужая", "b")
    services.bus.publish(CallUpdated(at=T, call=talk(house), what="answered"))
    agent = str(house.people["operator@a"].agent_id)

    async def lead(kind: str, target: str, who: str = "supervisor@a", call: str = "1.1") -> int:
        answer = await client.post(
            f"/api/v1/supervision/calls/{call}/redirect",
            headers=house.headers(who),
            json={"kind": kind, "target": target},
        )
        return answer.status

    assert await lead("agent", agent) == 202
    assert await lead("queue", str(queue.id)) == 202
    assert await lead("number", "8 (495) 123-45-67") == 202
    assert [o["arguments"][2] for _, o in ordered.orders] == [f"agent{agent}", f"queue{queue.id}", "+74951234567"]
    assert [o["arguments"][0] for _, o in ordered.orders] == ["1.1"] * 3
    assert await lead("queue", str(other.id)) == 422
    assert await lead("agent", str(house.people["operator@b"].agent_id)) == 422
    assert await lead("number", "1,2)") == 422
    assert await lead("agent", agent, "supervisor@b") == 404
    assert await lead("agent", agent, "operator@a") == 403
    front = await client.post("/api/v1/supervision/calls/1.1/front", headers=house.headers("supervisor@a"))
    assert front.status == 409
    assert len(ordered.orders) == 3
    assert [a for a, _ in await actions(services, house)] == ["call.redirect"] * 3


async def limit(client: Client, house: House, **body: Any) -> Any:
    return await client.post("/api/v1/wallboard/limits", headers=house.headers("owner@a"), json=body)


@pytest.mark.rule("SUP-06")
async def test_a_limit_raises_an_alert_and_tells_another_system_signed(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str, bytes]] = []

    async def hook(request: web.Request) -> web.Response:
        heard.append((request.headers["X-Signature"], request.headers["X-Timestamp"], await request.read()))
        return web.Response(status=500 if len(heard) == 1 else 204)

    app = web.Application()
    app.router.add_post("/hook", hook)
    server = TestServer(app)
    await server.start_server()
    real = gateway.send

    async def near(url: str, secret: str, stamp: str, message: dict[str, Any]) -> bool:
        # The test's own server stands inside.
        address = str(server.make_url("/hook"))
        return await real(address, secret, stamp, message, pauses=(0, 0), check=lambda _: True)

    monkeypatch.setattr(gateway, "send", near)
    queue = await furnish_queue(services, house)
    made = await limit(client, house, figure="waiting", alarm=1, webhook="https://hooks.example.org/x")
    assert made.status == 201
    kept = await made.json()
    own = limits(services)
    await own.check()
    assert own.on == {}
    waits = talk(house, "2.1", queue=queue.id)
    waits = Call(
        **{f: getattr(waits, f) for f in waits.__struct_fields__} | {"left_queue_at": None, "answered_at": None}
    )
    services.bus.publish(CallUpdated(at=T, call=waits, what="queued"))
    await own.check()
    await own.check()
    assert [a.key for a in services.live.state.alerts_of(house.businesses["a"])] == [f"limit:{kept['id']}:{queue.id}"]
    assert services.live.state.alerts_of(house.businesses["b"]) == []
    await settle_limits(own)
    services.bus.publish(
        CallEnded(
            at=T + 9,
            call=Call(
                **{f: getattr(waits, f) for f in waits.__struct_fields__} | {"ended_at": T + 9, "result": "abandoned"}
            ),
        )
    )
    await own.check()
    await settle_limits(own)
    assert services.live.state.alerts_of(house.businesses["a"]) == []
    # The first try failed and was made again; then the end was told.
    assert len(heard) == 3
    for signed, stamp, body in heard:
        assert signed == f"sha256={gateway.signature(kept['secret'], stamp, body)}"
    await server.close()


async def settle_limits(own: Any) -> None:
    while own._tasks:
        await asyncio.gather(*own._tasks)


@pytest.mark.rule("SUP-06")
async def test_a_webhook_never_goes_inside() -> None:
    assert not await gateway.send("http://127.0.0.1:1/x", "s", "1", {}, pauses=(0,))
    assert not await gateway.send("http://localhost:1/x", "s", "1", {}, pauses=(0,))
    with pytest.raises(gateway.Refused):
        await gateway.OutsideResolver().resolve("localhost", 80)


async def test_wrong_limits_are_named(client: Client, house: House) -> None:
    for wrong, field in [
        ({"figure": "moon", "alarm": 1}, "figure"),
        ({"figure": "service_level", "alarm": 80}, "alarm"),
        ({"figure": "waiting", "alarm": 5, "warn": 6}, "warn"),
        ({"figure": "waiting", "alarm": 5, "queue_id": 999}, "queue_id"),
        ({"figure": "waiting", "alarm": 5, "webhook": "http://10.0.0.1/"}, "webhook"),
    ]:
        answer = await limit(client, house, **wrong)
        assert answer.status == 422, wrong
        assert field in (await answer.json())["error"]["fields"]


@pytest.mark.rule("SUP-07")
async def test_a_screen_shows_the_board_without_sign_in_until_its_link_is_taken_away(
    client: Client, services: Services, house: House
) -> None:
    queue = await furnish_queue(services, house)
    waits = talk(house, "2.1", queue=queue.id)
    waits = Call(**{f: getattr(waits, f) for f in waits.__struct_fields__} | {"left_queue_at": None})
    services.bus.publish(CallUpdated(at=T, call=waits, what="queued"))
    for numbers in (False, True):
        made = await client.post(
            "/api/v1/wallboard/screens",
            headers=house.headers("owner@a"),
            json={"title": "Hall", "numbers": numbers},
        )
        link = await made.json()
        for path in (f"/screen/{link['token']}", f"/screen/{link['token']}/state"):
            answer = await client.get(path)
            assert answer.status == 200
            text = await answer.text()
            assert "Продажи" in text or "\\u041f" in text
            assert ("79160000001" in text) is numbers
            assert answer.headers["Cache-Control"] == "no-store"
        async with services.db.business(house.businesses["a"]) as session:
            row = await session.get_one(ScreenLink, link["id"])
            assert link["token"] not in (row.token_hash, row.prefix)
            assert row.seen_at is not None
        listed = await (await client.get("/api/v1/wallboard/screens", headers=house.headers("owner@a"))).json()
        assert listed["screens"][0]["token"] is None
        # The token opens the screen and nothing else.
        bearer = {"Authorization": f"Bearer {link['token']}"}
        assert (await client.get("/api/v1/wallboard/hours", headers=bearer)).status == 401
        address = f"/api/v1/wallboard/screens/{link['id']}"
        assert (await client.delete(address, headers=house.headers("owner@b"))).status == 404
        assert (await client.delete(address, headers=house.headers("owner@a"))).status == 204
        assert (await client.get(f"/screen/{link['token']}/state")).status == 404
    assert isinstance(services.clock, FixedClock)
