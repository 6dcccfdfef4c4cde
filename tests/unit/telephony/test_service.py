"""Telephony as features see it, against a fake AMI: order of a resync, failures in words, overflow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
import pytest

from callcenter.core.bus import Bus
from callcenter.core.calls import Call, Leg
from callcenter.core.clock import SystemClock
from callcenter.core.errors import Conflict, Unavailable
from callcenter.core.events import Alert, CallEnded, CallFailed, CallUpdated, DeviceChanged, Event, LinkChanged
from callcenter.telephony import commands, intents
from callcenter.telephony import link as links
from callcenter.telephony.link import Timing
from callcenter.telephony.service import Account, Telephony
from callcenter.telephony.stream import EventStream
from tests.support.fake_ami import Action, Connection, FakeAmi, fake_ami, message
from tests.traces import replay

E = TypeVar("E", bound=Event)
QUICK = Timing(keepalive=5, pause_first=0.02, pause_away=0.05, pause_most=0.05)


class Desk:
    """Telephony and what it told."""

    def __init__(self, server: FakeAmi) -> None:
        self.bus = Bus()
        self.events: list[Event] = []
        self._news = asyncio.Event()
        for kind in (Alert, CallEnded, CallFailed, CallUpdated, DeviceChanged, LinkChanged):
            self.bus.listen(kind, self._take)
        self.telephony = Telephony(
            Account(port=server.port, username="cc", secret="right"),
            self.bus,
            SystemClock(),
            replay.DIRECTORY,
            timing=QUICK,
        )

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def until(self, kind: type[E], matches: Callable[[E], bool] = lambda _: True, since: int = 0) -> E:
        async with asyncio.timeout(5):
            while True:
                for event in self.events[since:]:
                    if isinstance(event, kind) and matches(event):
                        return event
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def desk_at(server: FakeAmi) -> AsyncIterator[Desk]:
    desk = Desk(server)
    await desk.telephony.start()
    try:
        await desk.until(LinkChanged, lambda e: e.up)
        yield desk
    finally:
        await desk.telephony.stop()


def newchannel(uniqueid: str, channel: str = "PJSIP/t1-00000001", **more: object) -> bytes:
    """A channel that begins."""
    return message(
        Event="Newchannel",
        Timestamp=f"{uniqueid.partition('.')[0]}.5",
        Channel=channel,
        ChannelState=4,
        CallerIDNum="79160000001",
        Context="trunk-1",
        Exten="74950000001",
        Uniqueid=uniqueid,
        Linkedid=more.pop("Linkedid", uniqueid),
        **more,
    )


def hangup(uniqueid: str, cause: int = 16) -> bytes:
    """A channel that ends."""
    return message(Event="Hangup", Timestamp="1795300300.5", Uniqueid=uniqueid, Linkedid=uniqueid, Cause=cause)


async def test_up_is_told_only_after_the_state_and_events_meanwhile_come_after_it() -> None:
    async with fake_ami() as server:
        server.items["status"] = [
            {
                "Event": "Status",
                "Channel": "PJSIP/t1-00000001",
                "ChannelState": 6,
                "Uniqueid": "1795300200.1",
                "Linkedid": "1795300200.1",
                "Context": "trunk-1",
                "Exten": "74950000001",
                "Seconds": 5,
                "Variable": ["CC_BUSINESS=1", "CC_DIR=in", "CC_NUMBER=(null)"],
            }
        ]

        def status(connection: Connection, action: Action) -> bytes:
            # While the list is written a call begins, and the one in the list ends.
            early = newchannel("1795300201.2", "PJSIP/t1-00000002")
            late = hangup("1795300200.1") + newchannel("1795300202.3", "PJSIP/t1-00000003")
            return early + server.listing(action["actionid"][0], "status") + late

        server.replies["status"] = status
        async with desk_at(server) as desk:
            await desk.until(CallUpdated, lambda e: e.call.id == "1795300202.3")
            story = [
                (type(e).__name__, e.call.id if isinstance(e, CallUpdated | CallEnded) else "")
                for e in desk.events
                if isinstance(e, CallUpdated | CallEnded | LinkChanged)
            ]
            up = story.index(("LinkChanged", ""))
            assert ("CallUpdated", "1795300200.1") in story[:up]
            assert story.count(("CallEnded", "1795300200.1")) == 1
            assert ("CallUpdated", "1795300201.2") in story
            assert story.index(("CallEnded", "1795300200.1")) > story.index(("CallUpdated", "1795300200.1"))
            assert sorted(desk.telephony.tracker.calls) == ["1795300201.2", "1795300202.3"]


async def test_an_event_that_breaks_something_is_skipped_and_the_next_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_ami() as server, desk_at(server) as desk:
        take = desk.telephony.tracker.feed

        def feed(fields: dict[str, str]) -> list[Event]:
            if fields["Uniqueid"] == "1795300201.2":
                raise RuntimeError("bang")
            return take(fields)

        monkeypatch.setattr(desk.telephony.tracker, "feed", feed)
        server.last.send(newchannel("1795300201.2") + newchannel("1795300202.3"))
        assert (await desk.until(CallUpdated)).call.id == "1795300202.3"
        assert len(server.connections) == 1


async def test_too_many_events_make_a_new_start_with_an_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_ami() as server, desk_at(server) as desk:
        desk.telephony.stream._limit = 50
        server.last.send(b"".join(hangup(f"1.{n}") for n in range(60)))
        down = await desk.until(LinkChanged, lambda e: not e.up)
        assert down.reason == links.OVERFLOW
        assert (await desk.until(Alert, lambda e: e.active)).message == links.OVERFLOW
        await desk.until(LinkChanged, lambda e: e.up, since=desk.events.index(down))
        await desk.until(Alert, lambda e: not e.active)
        assert len(server.connections) == 2


async def test_what_came_before_a_break_is_told_before_the_break() -> None:
    async with fake_ami() as server, desk_at(server) as desk:
        fields = dict(line.split(": ", 1) for line in newchannel("1795300201.2").decode().strip().split("\r\n"))
        desk.telephony.stream.put([{"Event": "Hangup", "Uniqueid": "1.1"}] * 5000 + [fields])
        desk.telephony.link.drop(links.LOST)
        down = await desk.until(LinkChanged, lambda e: not e.up)
        began = await desk.until(CallUpdated)
        assert desk.events.index(began) < desk.events.index(down)
        assert down.reason == links.LOST


async def test_each_change_of_the_link_is_told_once() -> None:
    async with fake_ami() as server, desk_at(server) as desk:
        await server.stop()
        await desk.until(LinkChanged, lambda e: e.reason == links.AWAY)
        await asyncio.sleep(0.3)
        assert [e.reason for e in desk.events if isinstance(e, LinkChanged)] == ["", links.LOST, links.AWAY]
        with pytest.raises(Unavailable):
            await desk.telephony.dial(agent_id=11, to="+79161234567", business_id=1)
        with pytest.raises(Unavailable):
            await desk.telephony.members()


def with_phone(server: FakeAmi, state: str) -> None:
    """What Asterisk says of every phone."""
    server.items["devicestatelist"] = [{"Event": "DeviceStateChange", "Device": "PJSIP/a11w", "State": "UNAVAILABLE"}]
    server.replies["getvar"] = lambda _c, a: message(Response="Success", ActionID=a["actionid"][0], Value=state)


async def failed(server: FakeAmi, reason: int, state: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The word for an Originate that failed without a channel."""
    monkeypatch.setattr(commands, "_STORY", 0.1)
    async with desk_at(server) as desk:
        with_phone(server, state)
        call_id = await desk.telephony.dial(agent_id=11, to="+79161234567", business_id=1, device="sip")
        server.last.send(
            message(Event="OriginateResponse", ActionID=f"originate-{call_id}", Response="Failure", Reason=reason)
        )
        found = await desk.until(CallFailed)
        assert (found.call_id, found.agent_id, found.business_id) == (call_id, 11, 1)
        return found.reason


@pytest.mark.parametrize(
    ("reason", "state", "word"),
    [
        (0, "UNAVAILABLE", "offline"),
        (0, "NOT_INUSE", "rejected"),
        (3, "NOT_INUSE", "no_answer"),
        (5, "NOT_INUSE", "busy"),
    ],
)
async def test_reason_0_is_told_apart_by_a_look_at_the_phone(
    reason: int, state: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fake_ami() as server:
        assert await failed(server, reason, state, monkeypatch) == word


async def test_the_browser_rings_first_and_the_sip_phone_when_it_is_away() -> None:
    async with fake_ami() as server:
        with_phone(server, "UNAVAILABLE")
        async with desk_at(server) as desk:
            await desk.telephony.dial(agent_id=12, to="+79161234567", business_id=1)
            await desk.telephony.dial(agent_id=11, to="+79161234567", business_id=1)
            assert [a["channel"][0] for a in server.said("Originate")] == ["PJSIP/a12w", "PJSIP/a11s"]
            # The page answers by itself; a desk phone has no use for its sign.
            signs = ["X-Auto" in str(a["variable"]) for a in server.said("Originate")]
            assert signs == [True, False]
            with pytest.raises(Conflict) as error:
                await desk.telephony.dial(agent_id=11, to="+79161234567", business_id=1, device="webrtc")
            assert error.value.error_code == "offline"


def test_the_stream_keeps_its_order_and_works_in_portions() -> None:
    async def run() -> list[int]:
        taken: list[int] = []
        stream = EventStream(lambda fields: taken.append(int(fields["n"])), lambda: None)
        stream.put([{"n": str(n)} for n in range(10)])
        await asyncio.sleep(0)
        assert taken == [], "held back until the state is read"
        stream.release()
        assert taken == list(range(10))
        stream.put([{"n": str(n)} for n in range(10, 1000)])
        assert len(taken) == 10, "the wire is not kept waiting"
        await asyncio.sleep(0)
        assert 10 < len(taken) < 1000, "nor is anybody else"
        for _ in range(10):
            await asyncio.sleep(0)
        return taken

    assert asyncio.run(run()) == list(range(1000))


def call(*legs: Leg, **changes: object) -> Call:
    """An ended click-to-dial."""
    base = Call(
        id="d1", business_id=1, direction="out", state="ended", started_at=1.0, ended_at=9.0, click_to_dial=True,
        result="failed", hangup_by="system", legs=legs,
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def leg(role: str, cause: int, answered: bool = False) -> Leg:
    """A leg that ended."""
    return Leg(
        id=role, channel=role, role=role, state="ended", started_at=1.0, ended_at=9.0, cause=cause,  # type: ignore[arg-type]
        answered_at=2.0 if answered else None,
    )  # fmt: skip


AGENT = leg("agent", 16, answered=True)


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        (call(AGENT, leg("client", 16, True), result="answered"), None),
        (call(AGENT, leg("client", 17), result="busy"), "busy"),
        (call(AGENT, leg("client", 19), result="no_answer"), "no_answer"),
        (call(AGENT, leg("client", 20), result="failed"), "no_answer"),
        (call(AGENT, leg("client", 21), result="busy"), "rejected"),
        (call(AGENT, leg("client", 1), result="failed"), "wrong_number"),
        (call(AGENT, leg("client", 28), result="failed"), "wrong_number"),
        (call(AGENT, leg("client", 34), result="failed"), "failed"),
        (call(AGENT, leg("client", 16), result="cancelled", hangup_by="agent"), None),
        (call(leg("agent", 20)), "offline"),
        (call(leg("agent", 17)), "busy"),
        (call(leg("agent", 21)), "rejected"),
        (call(leg("agent", 19)), "no_answer"),
        (call(AGENT, cause=34), "failed"),
        (call(AGENT, cause=28), "wrong_number"),
        (call(AGENT, hangup_by="agent", result="cancelled"), None),
    ],
)
def test_a_failed_click_is_said_in_one_word(ended: Call, word: str | None) -> None:
    assert intents.outcome(ended) == word


def test_an_order_to_a_colleague_is_internal_and_one_to_a_client_shows_our_number() -> None:
    agent = replay.DIRECTORY.agents[11]
    inside = intents.order(replay.DIRECTORY, agent, "102", number_id=1)
    assert (inside.context, inside.exten, inside.variables["CC_DIR"]) == ("dial-1", "102", "internal")
    assert (inside.variables["CC_FROM"], "CC_NUMBER" in inside.variables) == ("101", False)
    outside = intents.order(replay.DIRECTORY, agent, "89161234567", number_id=1)
    assert (outside.context, outside.exten) == ("click-1", "1")
    assert (outside.variables["CC_TO"], outside.variables["CC_FROM"]) == ("+79161234567", "+74950000001")
    assert outside.account == "1:+74950000001:+79161234567:out"
    assert intents.order(replay.DIRECTORY, agent, "+79161234567", number_id=404).context == "dial-1"


def test_ids_of_our_calls_are_fresh_and_recognised() -> None:
    made = {intents.new_call_id(1795300247.123) for _ in range(100)}
    assert len(made) == 100
    assert all(intents.OUR_CALL_ID.match(one) for one in made)
    assert not intents.OUR_CALL_ID.match("1795300247.12")
