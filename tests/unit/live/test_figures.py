"""The figures of SUP-02, each with numerator and denominator, over the calls of a day."""

from __future__ import annotations

import pytest

from callcenter.core.events import CallEnded
from callcenter.live import figures
from callcenter.live.audience import Audience
from callcenter.live.figures import Counters, Spent
from callcenter.live.views import Figure, QueueView
from tests.unit.live.conftest import World

ALL = Audience(1, None, True, "en")


def view(world: World) -> QueueView:
    return world.live.snapshot(ALL).queues[7]


def parts(figure: Figure) -> tuple[float | None, float, float]:
    return figure.value, figure.numerator, figure.denominator


@pytest.mark.rule("SUP-02")
def test_the_formulas() -> None:
    """Exactly as the specification has them, with what they are made of."""
    c = Counters(
        entered=20, answered=12, in_target=9, abandoned=5, short_abandoned=2, handled=10,
        wait_seconds=180, talk_seconds=1500, hold_seconds=200, wrapup_seconds=100,
    )  # fmt: skip
    assert parts(figures.service_level(c)) == (9 / 15, 9, 15)
    assert parts(figures.asa(c)) == (15, 180, 12)
    assert parts(figures.aht(c)) == (180, 1800, 10)
    assert parts(figures.abandonment(c)) == (0.25, 5, 20)
    assert parts(figures.occupancy(Spent(talking=1700, wrapup=100, ready=200))) == (0.9, 1800, 2000)
    assert {figures.service_level(c).formula, figures.asa(c).formula} == {"service_level", "asa"}


@pytest.mark.rule("SUP-02")
def test_nothing_to_divide_by_is_no_value() -> None:
    """A queue without calls has no figures, and not a hundred per cent."""
    nothing = Counters()
    for formula in (figures.service_level, figures.asa, figures.aht, figures.abandonment):
        assert formula(nothing).value is None
    assert figures.occupancy(Spent()).value is None


@pytest.mark.rule("SUP-02")
async def test_a_day_of_calls(world: World) -> None:
    """Answered in time and late, abandoned early and late: each where it belongs. T = 20 s, S = 5 s."""
    world.at_work(1)
    world.queue_call("in time", 1, wait=20, talk=60)
    world.later(10)
    world.queue_call("late", 1, wait=21, talk=40)
    world.later(10)
    world.queue_call("early", None, wait=5)
    world.queue_call("lost", None, wait=6)
    queue = view(world)
    assert (queue.entered, queue.answered, queue.abandoned) == (4, 2, 2)
    assert parts(queue.service_level) == (1 / 3, 1, 3)
    assert parts(queue.asa) == (20.5, 41, 2)
    assert parts(queue.abandonment) == (0.5, 2, 4)
    # Talk 60 + 40, and two wrap-ups of 10 s each.
    assert parts(queue.aht) == (60, 120, 2)
    # Ready: 20 + 21 + 5 + 6 s while callers waited.
    assert parts(queue.occupancy) == (120 / 172, 120, 172)


async def test_calls_that_go_on_count_too(world: World) -> None:
    """Who waits has entered; who talks has been answered, but is not handled yet."""
    world.at_work(1)
    world.call("a", queue_id=7, queued_at=world.now, state="queued")
    world.call("b", queue_id=7, queued_at=world.now, left_queue_at=world.now, answered_at=world.now, wait_seconds=3)
    queue = view(world)
    assert (queue.entered, queue.answered) == (2, 1)
    assert parts(queue.service_level) == (1, 1, 1)
    assert queue.aht.value is None


async def test_time_ran_out_is_not_abandoned(world: World) -> None:
    """Who left the queue otherwise has entered, no more; taken elsewhere afterwards is no answer of the queue."""
    world.call("a", queue_id=7, queued_at=world.now, left_queue_at=world.now + 30)
    world.end("a", result="missed", wait_seconds=30)
    world.call("b", queue_id=7, queued_at=world.now, left_queue_at=world.now + 30)
    world.end("b", answered_at=world.now + 50, wait_seconds=50)
    queue = view(world)
    assert (queue.entered, queue.answered, queue.abandoned) == (2, 0, 0)


async def test_a_call_told_twice_counts_once(world: World) -> None:
    """The journal tells a call once more after a break: its better picture replaces the first one."""
    call = world.queue_call("c1", None, wait=8)
    better = call.__class__(
        **{
            **{name: getattr(call, name) for name in call.__struct_fields__},
            "result": "answered",
            "answered_at": call.ended_at,
        }
    )
    world.publish(CallEnded(at=world.now, call=better, source="journal"))
    world.publish(CallEnded(at=world.now, call=better, source="journal"))
    queue = view(world)
    assert (queue.entered, queue.answered, queue.abandoned) == (1, 1, 0)


async def test_the_database_primes_the_day(world: World) -> None:
    """After a restart the day goes on where it was, and calls that are told again do not count twice."""
    world.live.prime(7, Counters(entered=10, answered=8, abandoned=2, wait_seconds=80), calls=["c1"])
    world.queue_call("c1", None, wait=8)
    world.queue_call("c2", None, wait=8)
    queue = view(world)
    assert (queue.entered, queue.answered, queue.abandoned) == (11, 8, 3)
    world.live.prime_agents({1: Spent(talking=90, ready=10)})
    assert view(world).occupancy.value == 0.9


async def test_priming_again_takes_nothing_off(world: World) -> None:
    """The log has the last word; a call counted before it spoke is not subtracted when it is told once more."""
    call = world.queue_call("c1", None, wait=8)
    world.live.prime(7, Counters(entered=1, abandoned=1), calls=["c1"])
    world.publish(CallEnded(at=world.now, call=call, source="journal"))
    world.live.prime(7, Counters())
    world.publish(CallEnded(at=world.now, call=call, source="journal"))
    assert view(world).abandoned == 0


async def test_the_day_begins_at_the_business_s_midnight(world: World) -> None:
    """12 hours from noon in Moscow everything begins anew there, and not where it is another time."""
    world.at_work(1)
    world.queue_call("c1", 1, wait=1, talk=10)
    world.later(20)
    world.live.prime(8, Counters(entered=5))
    other = Audience(2, None, True, "en")
    world.later(11 * 3600)
    assert view(world).entered == 1
    # 16:00 in Moscow is midnight in Vladivostok.
    assert world.live.snapshot(other).queues[8].entered == 0
    world.later(3600 - 31)
    queue = view(world)
    assert queue.entered == 0
    assert queue.aht.value is None
    assert queue.occupancy.denominator == pytest.approx(0, abs=1.1)


async def test_a_call_of_yesterday_does_not_count_today(world: World) -> None:
    """The journal may bring calls that ended before midnight."""
    call = world.call("old", queue_id=7, queued_at=world.now - 86_400)
    world.publish(CallEnded(at=world.now, call=_ended(call, world.now - 86_000), source="journal"))
    assert view(world).entered == 0


def _ended(call: object, at: float) -> object:
    fields = {name: getattr(call, name) for name in call.__struct_fields__}  # type: ignore[attr-defined]
    return call.__class__(**{**fields, "ended_at": at, "result": "abandoned", "state": "ended"})
