"""Snapshots and deltas: what reaches which page, how often, and in how many bytes made how often."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from callcenter.core.events import (
    Alert,
    CallContact,
    CallFailed,
    LinkChanged,
    MemberNotice,
    RecordingReady,
    ScreenPop,
)
from callcenter.live import frames
from callcenter.live.audience import Audience, Subscription
from tests.unit.live.conftest import DIRECTORY, World

BOSS = Audience(1, None, True, "en")
FIRST = Audience(1, 1, False, "en")
SECOND = Audience(1, 2, False, "en")
STRANGER = Audience(2, 9, True, "en")


def read(frame: bytes) -> tuple[str, Any]:
    """A frame's event and value."""
    head, data, *rest = frame.decode().split("\n")
    assert rest == ["", ""]
    return head.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def opened(world: World, audience: Audience) -> tuple[Subscription, Any]:
    subscription = world.live.subscribe(audience)
    event, value = read(await anext(subscription))
    assert event == "snapshot"
    return subscription, value


async def following(subscription: Subscription) -> tuple[str, Any]:
    async with asyncio.timeout(2):
        return read(await anext(subscription))


@pytest.mark.rule("SUP-01")
async def test_a_page_gets_a_snapshot_and_then_every_change(world: World) -> None:
    """Waiting callers in order, agents with their state and since when, and whom they talk with."""
    world.at_work(1)
    world.live.flush()
    page, snapshot = await opened(world, BOSS)
    assert snapshot["agents"]["1"]["state"] == "ready"
    world.call("b", queue_id=7, queued_at=world.now + 1, state="queued")
    world.call("a", queue_id=7, queued_at=world.now, state="queued")
    event, delta = await following(page)
    assert event == "delta"
    assert delta["rev"] == snapshot["rev"] + 1
    assert [(one["call_id"], one["position"]) for one in delta["queues"]["7"]["waiting"]] == [("a", 1), ("b", 2)]
    assert delta["calls"]["a"]["from"] == "+79160000001"
    assert set(delta) == {"rev", "at", "calls", "queues"}
    world.call("a", legs=(world.leg(1, "up"),), left_queue_at=world.now, answered_at=world.now, state="talking")
    _, delta = await following(page)
    assert delta["agents"]["1"]["state"] == "talking"
    assert delta["agents"]["1"]["call_id"] == "a"
    assert [one["call_id"] for one in delta["queues"]["7"]["waiting"]] == ["b"]
    assert delta["queues"]["7"]["talking"] == 1
    world.end("a")
    _, delta = await following(page)
    assert delta["calls"] == {"a": None}
    assert delta["queues"]["7"]["answered"] == 1


async def test_a_delta_brings_a_page_where_a_snapshot_would(world: World) -> None:
    """Applied one after the other, deltas give the very picture of a fresh snapshot."""
    page, picture = await opened(world, BOSS)
    world.at_work(1)
    world.at_work(2)
    for number in range(5):
        world.queue_call(f"c{number}", 1 + number % 2, wait=number, talk=3)
        world.call(f"open{number}", queue_id=7, queued_at=world.now, state="queued")
        world.live.flush()
    while page._frames:
        _, delta = await following(page)
        for part in ("calls", "agents", "queues"):
            for key, value in delta.get(part, {}).items():
                if value is None:
                    picture[part].pop(key, None)
                else:
                    picture[part][key] = value
    _, fresh = await opened(world, BOSS)
    assert picture["calls"] == fresh["calls"]
    assert picture["agents"] == fresh["agents"]
    # Occupancy moves with the clock.
    for picked in (picture, fresh):
        picked["queues"]["7"].pop("occupancy")
    assert picture["queues"]["7"] == fresh["queues"]["7"]


async def test_an_operator_sees_only_his_own_calls(world: World) -> None:
    """Other people's calls, and the numbers of those who wait, stay hidden; the queue's length does not."""
    first, _ = await opened(world, FIRST)
    second, _ = await opened(world, SECOND)
    world.call("mine", queue_id=7, queued_at=world.now, state="queued", rung=(1,), legs=(world.leg(1),))
    world.live.flush()
    _, delta = await following(first)
    assert set(delta["calls"]) == {"mine"}
    assert delta["agents"]["1"]["call_id"] == "mine"
    _, delta = await following(second)
    assert "calls" not in delta
    assert delta["agents"]["1"]["call_id"] is None
    assert delta["queues"]["7"]["waiting"] == [
        {"call_id": "", "number": "", "name": "", "since": "2026-03-10T09:00:00.000Z", "position": 1}
    ]
    text = json.dumps(world.live.snapshot(SECOND).calls) + str(world.live.snapshot(SECOND).queues)
    assert "79160000001" not in text
    world.end("mine", result="abandoned")
    world.live.flush()
    _, delta = await following(first)
    assert delta["calls"] == {"mine": None}
    _, delta = await following(second)
    assert "calls" not in delta


async def test_another_business_sees_nothing(world: World) -> None:
    """Not a byte of one business reaches the stream of another."""
    page, snapshot = await opened(world, STRANGER)
    assert set(snapshot["agents"]) == {"9"}
    assert set(snapshot["queues"]) == {"8"}
    world.at_work(1)
    world.call("a", queue_id=7, queued_at=world.now)
    world.publish(CallContact(at=world.now, business_id=1, call_id="a", contact_id=5, name="Ivan"))
    world.publish(ScreenPop(at=world.now, business_id=1, agent_id=9, call_id="a", card={}))
    world.publish(RecordingReady(at=world.now, business_id=1, call_id="a", recording_id=1))
    world.live.flush()
    assert not page._frames
    assert world.live.call(2, "a") is None


async def test_a_change_is_encoded_once_for_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred pages of supervisors share the bytes of one encoding."""
    world.live.flush()
    made = []
    original = frames.frame
    monkeypatch.setattr(frames, "frame", lambda *args: made.append(args) or original(*args))
    pages = [world.live.subscribe(BOSS) for _ in range(200)]
    for page in pages:
        await anext(page)
    assert len(made) == 1
    world.call("a", queue_id=7, queued_at=world.now)
    world.live.flush()
    assert len(made) == 2
    got = {id(await anext(page)) for page in pages}
    assert len(got) == 1


async def test_changes_within_a_moment_go_out_together(world: World) -> None:
    """A burst of events is one delta."""
    page, _ = await opened(world, BOSS)
    world.live.flush()
    page._frames.clear()
    for number in range(20):
        world.call(f"c{number}")
    _, delta = await following(page)
    assert len(delta["calls"]) == 20
    assert not page._frames


async def test_a_slow_page_gets_a_snapshot_instead_of_a_heap(world: World) -> None:
    """What waits for a page that does not read is bounded; it starts anew, and keeps its card."""
    page, _ = await opened(world, FIRST)
    for number in range(Subscription.LIMIT):
        world.call(f"c{number}")
        world.live.flush()
    world.publish(ScreenPop(at=world.now, business_id=1, agent_id=1, call_id="c1", card={"line": "Sales"}))
    for number in range(500):
        world.call(f"c{number % 3}", rung=(1,))
        world.live.flush()
    assert len(page._frames) < Subscription.LIMIT
    event, snapshot = await following(page)
    assert event == "snapshot"
    assert set(snapshot["calls"]) == {"c0", "c1", "c2"}
    assert await following(page) == ("card", {"call_id": "c1", "line": "Sales"})
    world.call("c0", held_at=1.0)
    world.live.flush()
    event, delta = await following(page)
    assert (event, delta["rev"]) == ("delta", snapshot["rev"] + 1)


async def test_cards_notices_and_recordings_reach_whom_they_concern(world: World) -> None:
    """The card at once and to the rung agent only; a failed call with its words; a recording to all who may see it."""
    boss, _ = await opened(world, BOSS)
    first, _ = await opened(world, FIRST)
    second, _ = await opened(world, SECOND)
    world.call("a", rung=(1,))
    world.live.flush()
    for page in (boss, first, second):
        await anext(page)
    world.publish(ScreenPop(at=world.now, business_id=1, agent_id=1, call_id="a", card={"name": "Ivan"}))
    assert len(first._frames) == 1
    assert await following(first) == ("card", {"call_id": "a", "name": "Ivan"})
    world.publish(CallFailed(at=world.now, business_id=1, agent_id=1, call_id="a", reason="busy"))
    event, notice = await following(first)
    assert (event, notice["kind"], notice["text"]) == ("notice", "call_failed", "The line is busy.")
    world.end("a", result="missed")
    world.live.flush()
    world.publish(RecordingReady(at=world.now, business_id=1, call_id="a", recording_id=4))
    for page in (boss, first):
        await anext(page)
        assert await following(page) == ("recording", {"call_id": "a", "recording": 4})
    await anext(second)
    assert not second._frames


async def test_alerts_speak_the_reader_s_language(world: World) -> None:
    """Each page gets the alert in its own language, from the moment it began until it is over."""
    world.live.set_translate(lambda language, text, values: f"[{language}] {text % values}")
    english, _ = await opened(world, BOSS)
    russian, _ = await opened(world, BOSS._replace(language="ru"))
    world.live.flush()
    for page in (english, russian):
        page._frames.clear()
    begun = world.now
    alert = Alert(at=begun, key="disk", active=True, message="%(free)s left", values={"free": "1 GB"})
    world.publish(alert)
    world.later(60)
    world.publish(Alert(at=world.now, key="disk", active=True, message="%(free)s left", values={"free": "0"}))
    _, delta = await following(english)
    assert delta["alerts"] == [{"key": "disk", "message": "[en] 0 left", "since": "2026-03-10T09:00:00.000Z"}]
    _, delta = await following(russian)
    assert delta["alerts"][0]["message"] == "[ru] 0 left"
    world.publish(Alert(at=world.now, key="disk", active=False))
    _, delta = await following(english)
    assert delta["alerts"] == []


async def test_the_link_s_state_is_shown(world: World) -> None:
    """Pages see at once that Asterisk is away, and that it is back."""
    page, snapshot = await opened(world, BOSS)
    assert snapshot["link_up"] is False
    world.publish(LinkChanged(at=world.now, up=True))
    _, delta = await following(page)
    assert delta["link_up"] is True
    world.publish(LinkChanged(at=world.now, up=False))
    _, delta = await following(page)
    assert delta["link_up"] is False


async def test_a_contact_gives_the_call_its_name(world: World) -> None:
    """Once the contacts know who calls, the call and the waiting caller bear the name."""
    page, _ = await opened(world, BOSS)
    world.call("a", queue_id=7, queued_at=world.now)
    world.publish(CallContact(at=world.now, business_id=1, call_id="a", contact_id=5, name="Anna", saved=True))
    _, delta = await following(page)
    assert delta["calls"]["a"]["contact"]["name"] == "Anna"
    assert delta["queues"]["7"]["waiting"][0]["name"] == "Anna"


async def test_who_leaves_the_directory_leaves_the_picture(world: World) -> None:
    """An agent or a queue that was deleted is told as gone."""
    page, _ = await opened(world, BOSS)
    world.live.set_directory(
        DIRECTORY.__class__(
            agents={one: ref for one, ref in DIRECTORY.agents.items() if one != 3}, businesses=DIRECTORY.businesses
        )
    )
    _, delta = await following(page)
    assert delta["agents"]["3"] is None
    assert set(world.live.snapshot(BOSS).queues) == set()


async def test_closing_ends_the_iteration(world: World) -> None:
    """A page that goes away leaves nothing behind, and stopping the server ends all streams."""
    page, _ = await opened(world, BOSS)
    with page:
        assert world.live.subscribers == 1
    assert world.live.subscribers == 0
    with pytest.raises(StopAsyncIteration):
        await anext(page)
    waiting, _ = await opened(world, BOSS)
    reader = asyncio.create_task(_drain(waiting))
    await asyncio.sleep(0)
    await world.live.stop()
    async with asyncio.timeout(2):
        await reader


async def _drain(page: Subscription) -> None:
    async for _ in page:
        pass


async def test_the_wrap_up_ends_by_the_clockwork(world: World) -> None:
    """Nobody has to ask: the alarm is set to the moment the wrap-up ends."""
    world.at_work(1)
    world.queue_call("c1", 1, talk=5)
    assert world.state(1) == "wrapup"
    assert world.live._wake_timer is not None
    world.clock.advance(10)
    world.live._wake()
    assert world.state(1) == "ready"


async def test_memory_stays_flat_when_calls_end(world: World) -> None:
    """Of ended calls nothing lives on but a bounded memory of the latest."""
    for number in range(4_000):
        world.call(f"c{number}", queue_id=7, queued_at=world.now)
        world.end(f"c{number}", result="abandoned")
    world.live.flush()
    business = world.live.state.businesses[1]
    assert not business.calls
    assert not business.concerned
    assert not business.contacts
    assert len(business.counted) <= 3_000
    assert len(world.live._people) <= 2_000


async def test_a_notice_reaches_the_pages_of_one_member_only(world: World) -> None:
    mine, other, unknown = (world.live.subscribe(BOSS, member) for member in (7, 8, None))
    stranger = world.live.subscribe(STRANGER, 7)
    for one in (mine, other, unknown, stranger):
        await anext(one)
    notice = MemberNotice(
        at=0.0, business_id=1, membership_id=7, kind="client", text="%(who)s calls", values={"who": "A"}, link="/x"
    )
    world.bus.publish(notice)
    event, value = await following(mine)
    assert (event, value["kind"], value["link"]) == ("notice", "client", "/x")
    for one in (other, unknown, stranger):
        assert not one._frames
