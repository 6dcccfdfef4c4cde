"""Call-backs: written down, dialled once, tried again, on both databases (INQ-02)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callcenter.core.calls import Call, Step
from callcenter.core.clock import FixedClock
from callcenter.core.directory import AgentRef, BusinessRef, Directory, QueueRef
from callcenter.core.errors import Unavailable
from callcenter.core.events import AgentWanted, CallLogged, DeviceChanged
from callcenter.features.accounts import api as accounts
from callcenter.features.callbacks import handlers, usecases
from callcenter.features.callbacks.models import Callback
from callcenter.features.queues import api as queues
from callcenter.plugin import Services
from tests.support.call_log import AT, CLIENT, answered, call, missed, save
from tests.support.confirmed import confirm
from tests.support.house import NOW, House


class Desk:
    """A queue of business a, its free agents, and what was dialled."""

    def __init__(self, services: Services, business: int, queue: int) -> None:
        self.services, self.business, self.queue = services, business, queue
        self.free: list[int] = [11]
        self.dialled: list[dict[str, Any]] = []
        self.fails: Exception | None = None

    async def call_back(self, **order: Any) -> None:
        # What is dialled stands in the database already.
        (row,) = [one for one in await self.rows() if one.call_id == order["call_id"]]
        assert row.state == "dialling"
        self.dialled.append(order)
        if self.fails is not None:
            raise self.fails

    async def rows(self) -> list[Callback]:
        async with self.services.db.business(self.business) as session:
            return list(await session.scalars(select(Callback).order_by(Callback.entered_at)))

    async def states(self) -> list[tuple[str, int]]:
        return [(row.state, row.tries) for row in await self.rows()]

    def asked(self, call_id: str = "1772442000.1", client: str = CLIENT, waited: float = 30.0) -> Call:
        steps = (Step(at=AT, kind="started"), Step(at=AT, kind="callback", text=str(self.queue)))
        return missed(
            self.business, call_id=call_id, from_number=client, queued_at=AT - waited, queue_id=self.queue, steps=steps
        )

    def restarted(self) -> None:
        """As after a restart of the server: nothing is remembered."""
        self.services.parts.pop(usecases.Callbacks, None)

    async def ends(self, result: str) -> None:
        order = self.dialled[-1]
        await usecases.ended(self.services, self.over(order["call_id"], result))

    def over(self, call_id: str, result: str = "answered") -> Call:
        """The call-back with this id, when it is over."""
        return call(
            self.business,
            call_id,
            direction="out",
            state="ended",
            from_number="+74950000001",
            to_number=self.dialled[-1]["to"],
            result=result,
            started_at=AT + 5,
            answered_at=AT + 9 if result == "answered" else None,
            ended_at=AT + 60,
        )


@pytest.fixture
async def desk(services: Services, house: House, monkeypatch: pytest.MonkeyPatch) -> Desk:
    business = house.businesses["a"]
    async with services.db.business(business) as session:
        queue = await queues.create(session, business_id=business, name="Sales", at=NOW)
    found = Desk(services, business, queue.id)

    async def line(*_: Any) -> Any:
        class Line:
            id, trunk_id, record = 5, 3, True

        return Line

    monkeypatch.setattr(services.telephony, "_up", True)
    monkeypatch.setattr(services.telephony, "call_back", found.call_back)
    monkeypatch.setattr(usecases, "_line", line)
    monkeypatch.setattr(usecases, "_free", lambda *_: {found.queue: found.free})
    return found


@pytest.mark.rule("INQ-02")
async def test_a_call_back_keeps_its_place_and_is_dialled_when_an_agent_is_free(desk: Desk) -> None:
    desk.free = []
    assert await usecases.ask(desk.services, desk.asked("1.1", "+79160000001", waited=10))
    assert await usecases.ask(desk.services, desk.asked("1.2", "+79160000002", waited=60))
    # Told twice, or asked for again by who waits already: one call-back.
    assert not await usecases.ask(desk.services, desk.asked("1.2", "+79160000002"))
    assert not await usecases.ask(desk.services, desk.asked("1.3", "+79160000001"))
    await usecases.work(desk.services)
    assert desk.dialled == []
    desk.free = [11]
    await usecases.work(desk.services)
    await usecases.work(desk.services)
    assert [one["to"] for one in desk.dialled] == ["+79160000002"]
    await desk.ends("answered")
    await usecases.work(desk.services)
    assert [one["to"] for one in desk.dialled] == ["+79160000002", "+79160000001"]
    assert await desk.states() == [("done", 1), ("dialling", 1)]


@pytest.mark.rule("INQ-02")
async def test_who_does_not_answer_is_called_again_later(desk: Desk, clock: FixedClock) -> None:
    await usecases.ask(desk.services, desk.asked())
    for seconds in (300, 900, 0):
        await usecases.work(desk.services)
        await desk.ends("no_answer")
        await usecases.work(desk.services)
        clock.advance(seconds - 1)
        count = len(desk.dialled)
        await usecases.work(desk.services)
        assert len(desk.dialled) == count
        clock.advance(1)
    assert len(desk.dialled) == 3
    assert await desk.states() == [("failed", 3)]


@pytest.mark.rule("INQ-02")
async def test_after_a_crash_nobody_is_dialled_twice(desk: Desk, clock: FixedClock) -> None:
    await usecases.ask(desk.services, desk.asked())
    desk.fails = Unavailable("no answer", code="unconfirmed")
    await usecases.work(desk.services)
    desk.restarted()
    for _ in range(3):
        clock.advance(20)
        await usecases.work(desk.services)
    assert len(desk.dialled) == 1
    # The journal has told of the talk.
    call_id = desk.dialled[0]["call_id"]
    await save(desk.services.db, desk.over(call_id))
    clock.advance(60)
    await usecases.work(desk.services)
    assert await desk.states() == [("done", 1)]
    assert len(desk.dialled) == 1


@pytest.mark.rule("INQ-02")
async def test_a_key_pressed_while_the_server_was_away_counts(desk: Desk) -> None:
    await save(desk.services.db, desk.asked(), source="journal")
    event = CallLogged(at=AT, business_id=desk.business, call_id="1772442000.1", ended=True)
    await handlers.logged(desk.services, event)
    await usecases.work(desk.services)
    (row,) = await desk.rows()
    assert row.entered_at == NOW - timedelta(seconds=30)
    assert [one["to"] for one in desk.dialled] == [CLIENT]


async def test_who_was_talked_to_meanwhile_is_not_called(desk: Desk) -> None:
    desk.free = []
    await usecases.ask(desk.services, desk.asked())
    await usecases.ended(desk.services, answered(desk.business, 0, "9.9", started_at=AT + 60, agents=(), rung=()))
    assert await desk.states() == [("done", 0)]


@pytest.mark.rule("TEL-28")
async def test_nobody_is_called_back_while_calls_out_are_blocked(desk: Desk, clock: FixedClock) -> None:
    await usecases.ask(desk.services, desk.asked())
    async with desk.services.db.system() as session:
        wish = {"number_mode": "common", "caller_mode": "own", "number": "+79161234567"}
        await accounts.set_setting(session, desk.business, "calling", wish)
    await usecases.work(desk.services)
    assert (desk.dialled, await desk.states()) == ([], [("waiting", 0)])
    await confirm(desk.services, desk.business, "+79161234567")
    clock.advance(60)
    await usecases.work(desk.services)
    assert [one["caller_id"] for one in desk.dialled] == ["+79161234567"]


@pytest.mark.rule("INQ-02")
async def test_free_is_who_serves_the_queue_is_ready_and_has_a_phone(services: Services, house: House) -> None:
    business = house.businesses["a"]
    first, second = (house.people[who].agent_id or 0 for who in ("operator@a", "supervisor@a"))
    everybody = Directory(
        agents={n: AgentRef(id=n, business_id=business, name="A", short_number=str(n)) for n in (first, second)},
        businesses={business: BusinessRef(id=business)},
        queues={
            7: QueueRef(id=7, business_id=business, name="Sales", members=(first, second)),
            8: QueueRef(id=8, business_id=business, name="Support", members=(second,)),
        },
    )
    services.telephony.set_directory(everybody)
    services.live.set_directory(everybody)

    def free() -> dict[int, list[int]]:
        return usecases._free(services, business, dict.fromkeys((7, 8, 9), 0.0))

    assert free() == {7: [], 8: [], 9: []}
    for one in (first, second):
        services.bus.publish(DeviceChanged(at=AT, endpoint=f"a{one}w", agent_id=one, online=True))
        services.bus.publish(AgentWanted(at=AT, business_id=business, agent_id=one, wanted="ready"))
    assert free() == {7: [first, second], 8: [second], 9: []}
    services.bus.publish(AgentWanted(at=AT, business_id=business, agent_id=first, wanted="paused"))
    assert free() == {7: [second], 8: [second], 9: []}
    services.bus.publish(DeviceChanged(at=AT, endpoint=f"a{second}w", agent_id=second, online=False))
    assert free() == {7: [], 8: [], 9: []}
