"""AGD-03 and AGD-02 in the live picture: the wrap-up and its end, the limit of a pause, both over a restart."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from msgspec.structs import replace

from callcenter.core.directory import BusinessRef, Directory, PauseReasonRef, QueueRef
from callcenter.core.events import AgentWanted, PauseOverdue, WrapupExtended, WrapupGiven
from callcenter.live.agents import OpenStretch
from callcenter.live.views import AgentView
from tests.unit.live.conftest import DIRECTORY, World

LUNCH = PauseReasonRef(id=5, business_id=1, name="Lunch", limit=60)


def settings(*, wrapup: int = 10, wrapup_out: int = 0) -> Directory:
    return replace(
        DIRECTORY,
        queues={7: QueueRef(id=7, business_id=1, name="Sales", members=(1, 2), wrapup_seconds=wrapup)},
        businesses={1: BusinessRef(id=1, timezone="Europe/Moscow", wrapup_out=wrapup_out)},
        pause_reasons={LUNCH.id: LUNCH},
    )


@pytest.fixture
def overdue(world: World) -> list[PauseOverdue]:
    found: list[PauseOverdue] = []
    world.bus.listen(PauseOverdue, found.append)
    return found


def view(world: World, agent_id: int = 1) -> AgentView:
    found = world.live.agent(1, agent_id)
    assert found is not None
    return found


def extend(world: World) -> None:
    world.publish(WrapupExtended(at=world.now, business_id=1, agent_id=1))


def dial(world: World, *, bridged: bool = True, seconds: float = 20) -> None:
    """The agent calls out and talks, or nobody answers."""
    leg = world.leg(1, "up", leg_id="own")
    if not bridged:
        leg = replace(leg, bridged_at=None)
    world.call("own", direction="out", legs=(leg,), agents=(1,))
    world.later(seconds)
    world.end("own")


def pauses(world: World, agent_id: int = 1) -> None:
    world.publish(
        AgentWanted(at=world.now, business_id=1, agent_id=agent_id, wanted="paused", reason="Lunch", reason_id=5)
    )


@pytest.mark.rule("AGD-03")
@pytest.mark.parametrize("seconds", [25, 0])
async def test_each_queue_has_its_own_wrap_up_and_who_had_it_is_ready_by_himself(world: World, seconds: int) -> None:
    world.live.set_directory(settings(wrapup=seconds))
    world.at_work(1)
    world.queue_call("c1", 1, talk=20)
    if not seconds:
        assert world.state(1) == "ready"
        assert not world.live.resting(1)
        return
    assert (world.state(1), view(world).wrapup_until, view(world).can_extend) == (
        "wrapup",
        "2026-03-10T09:00:45.000Z",
        True,
    )
    world.later(seconds - 0.1)
    assert world.state(1) == "wrapup"
    assert world.live.resting(1), "queues leave him alone"
    world.later(0.1)
    assert (world.state(1), view(world).wrapup_until, world.live.resting(1)) == ("ready", None, False)


@pytest.mark.rule("AGD-03")
async def test_the_wrap_up_is_lengthened_once_by_as_much_again_but_thirty_seconds_at_least(world: World) -> None:
    for length, more in ((10, 30), (50, 50)):
        world.live.set_directory(settings(wrapup=length))
        world.at_work(1)
        world.queue_call(f"c{length}", 1, talk=20)
        world.later(length - 1)
        for _ in range(2):
            extend(world)
            assert not view(world).can_extend
        told = world.changes[-1]
        assert (told.state, told.extended, told.due_at) == ("wrapup", True, world.now + 1 + more)
        world.later(more + 0.9)
        assert world.state(1) == "wrapup"
        world.later(0.1)
        assert world.state(1) == "ready"
        extend(world)
        assert world.state(1) == "ready", "what is over is not lengthened"


@pytest.mark.rule("AGD-03")
async def test_after_a_call_that_he_dialled_the_business_says_how_long(world: World) -> None:
    world.at_work(1)
    dial(world)
    assert world.state(1) == "ready", "none by default"
    world.live.set_directory(settings(wrapup_out=15))
    world.call("own", direction="out", legs=(world.leg(1, "up", leg_id="own"),), agents=(1,))
    assert world.live.resting(1), "the queue must not be quicker than the wrap-up"
    world.later(5)
    world.end("own")
    assert world.state(1) == "wrapup"
    world.later(15)
    assert world.state(1) == "ready"
    dial(world, bridged=False)
    assert world.state(1) == "ready", "nobody answered, so there is nothing to write up"
    # Who is called has no wrap-up of the caller's.
    world.at_work(2)
    inside = (world.leg(1, "up", leg_id="in1"), world.leg(2, "up"))
    world.call("in1", direction="internal", legs=inside, agents=(1, 2))
    world.end("in1")
    assert (world.state(1), world.state(2)) == ("ready", "ready")


@pytest.mark.rule("AGD-03")
async def test_a_wrap_up_goes_on_over_a_restart_and_ends_when_it_would_have(world: World) -> None:
    def restart(until: float, *, wanted: Any = "ready", extended: bool = False) -> World:
        fresh = World()
        fresh.clock.advance(100)
        fresh.live.set_directory(settings())
        begun = fresh.now - 20
        fresh.publish(AgentWanted(at=begun - 60, business_id=1, agent_id=1, wanted=wanted))
        stretch = OpenStretch(agent_id=1, state="wrapup", since=begun, due_at=fresh.now + until, extended=extended)
        fresh.live.restore([stretch])
        fresh.phone(1)
        return fresh

    fresh = restart(7)
    assert (fresh.state(1), view(fresh).can_extend, fresh.live.resting(1)) == ("wrapup", True, True)
    fresh.later(7)
    assert (fresh.state(1), fresh.live.resting(1)) == ("ready", False)
    assert not view(restart(7, extended=True)).can_extend, "once is once"
    assert restart(-1).state(1) == "ready", "it was over while the server was away"
    assert restart(7, wanted="paused").state(1) == "paused"


async def test_the_clockwork_ends_a_wrap_up_that_went_on_over_a_restart(world: World) -> None:
    """The alarm is set for it, though no phone has told anything yet."""
    world.live.set_directory(settings())
    world.wants(1, "ready")
    world.live.restore([OpenStretch(agent_id=1, state="wrapup", since=world.now - 5, due_at=world.now + 5)])
    alarm = world.live._wake_timer
    assert alarm is not None
    assert world.live._loop is not None
    assert alarm.when() - world.live._loop.time() < 6


@pytest.mark.rule("AGD-02")
async def test_a_pause_over_its_limit_is_told_once_and_counts_from_the_choice(
    world: World, overdue: list[PauseOverdue]
) -> None:
    world.live.set_directory(settings())
    world.at_work(1)
    pauses(world)
    assert (view(world).reason, view(world).limit_at) == ("Lunch", "2026-03-10T09:01:00.000Z")
    world.later(59.9)
    # Choosing the same again does not begin anew.
    pauses(world)
    assert overdue == []
    world.later(0.1)
    world.later(5)
    assert [(one.agent_id, one.reason, one.limit_at - one.at) for one in overdue] == [(1, "Lunch", 0)]
    assert view(world).limit_at == "2026-03-10T09:01:00.000Z", "the pages count on from here"
    world.wants(1, "ready")
    assert view(world).limit_at is None
    world.later(3600)
    assert len(overdue) == 1
    pauses(world)
    world.later(61)
    assert len(overdue) == 2, "another pause, another news"


@pytest.mark.rule("AGD-02")
async def test_a_limit_that_is_changed_holds_for_pauses_that_go_on(world: World, overdue: list[PauseOverdue]) -> None:
    world.live.set_directory(settings())
    world.at_work(1)
    pauses(world)
    world.later(30)
    short = replace(LUNCH, name="Dinner", limit=20)
    world.live.set_directory(replace(settings(), pause_reasons={5: short}))
    assert [one.limit_at - world.now for one in overdue] == [-10]
    assert view(world).reason == "Dinner", "by the name that it has now"
    world.live.set_directory(replace(settings(), pause_reasons={5: replace(LUNCH, limit=None)}))
    assert view(world).limit_at is None


async def test_a_call_in_the_pause_hides_the_limit_and_after_it_the_overrun_is_told(
    world: World, overdue: list[PauseOverdue]
) -> None:
    world.live.set_directory(settings())
    world.at_work(1)
    pauses(world)
    world.call("own", direction="out", legs=(world.leg(1, "up", leg_id="own"),))
    world.later(90)
    assert (overdue, view(world).limit_at) == ([], None)
    world.end("own")
    assert world.state(1) == "paused"
    assert len(overdue) == 1


def give(world: World, seconds: float, call_id: str = "own") -> None:
    world.publish(WrapupGiven(at=world.now, business_id=1, agent_id=1, call_id=call_id, seconds=seconds))


@pytest.mark.parametrize("bridged", [True, False])
async def test_a_wrap_up_that_was_given_for_a_call_lasts_whatever_the_business_says(
    world: World, bridged: bool
) -> None:
    world.live.set_directory(settings(wrapup_out=5))
    world.at_work(1)
    give(world, 30)
    dial(world, bridged=bridged)
    assert world.state(1) == "wrapup"
    world.later(29.9)
    assert world.state(1) == "wrapup"
    world.later(0.1)
    assert world.state(1) == "ready"


async def test_a_given_wrap_up_is_changed_while_it_lasts_and_ended_by_nought(world: World) -> None:
    world.at_work(1)
    give(world, 60)
    dial(world)
    world.later(5)
    give(world, 10)
    assert view(world).wrapup_until == "2026-03-10T09:00:30.000Z"
    give(world, 99, "another")
    world.later(5)
    assert world.state(1) == "ready"
    give(world, 60)
    dial(world)
    give(world, 0)
    assert (world.state(1), world.live.resting(1)) == ("ready", False)


async def test_an_endless_wrap_up_has_no_end_to_show_and_is_not_lengthened(world: World) -> None:
    world.at_work(1)
    give(world, inf)
    dial(world)
    world.later(100_000)
    assert (world.state(1), view(world).wrapup_until, view(world).can_extend) == ("wrapup", None, False)
    extend(world)
    assert world.live.resting(1)
    give(world, 0)
    assert world.state(1) == "ready"
