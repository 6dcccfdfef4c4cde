"""VICIdial's adaptive rule against cases worked out by hand from its description."""

from __future__ import annotations

from collections import deque

import pytest

from callcenter.features.dialer.rules.pacing.seen import BREAK, OUT, READY, TALK, Event, Seen, Setting
from callcenter.features.dialer.rules.pacing.vicidial import Options, Vicidial, difference, held_back, next_level


def floor(state: list[int], now: float, events: list[Event] | None = None, lines: int = 100, dialing: int = 0) -> Seen:
    calls = dict.fromkeys(range(dialing), now)
    return Seen(now, state, [0.0] * len(state), calls, {}, {}, lines, events or [])


def test_the_difference_is_ready_less_waiting_by_all_agents() -> None:
    assert difference(deque([(4, 1, 10), (2, 1, 10)]), 0.0) == pytest.approx((3 - 1) / 10)
    assert difference(deque([(4, 1, 10), (2, 1, 10)]), -1.0) == pytest.approx((3 - 1 - 1) / 10)
    assert difference(deque([(0, 0, 0)]), 2.0) == 0
    assert difference(deque(), 2.0) == 0


@pytest.mark.parametrize(
    ("level", "m", "intensity", "expected"),
    [
        (2.0, 0.2, 0.0, 2.4),
        (2.0, -0.2, 0.0, 1.6),
        # m > 0 → m · (i/100 + 1); m < 0 → m · |i/100 − 1|
        (2.0, 0.2, 50.0, 2 * 1.3),
        (2.0, -0.2, 50.0, 2 * 0.9),
        (2.0, 0.2, -50.0, 2 * 1.1),
        (2.0, -0.2, -50.0, 2 * 0.7),
        # Between 1 and 3.
        (2.9, 0.5, 0.0, 3.0),
        (1.1, -0.9, 0.0, 1.0),
    ],
)
def test_the_level_follows_the_difference(level: float, m: float, intensity: float, expected: float) -> None:
    assert next_level(level, m, Options(intensity=intensity)) == pytest.approx(expected)


def test_the_three_ways_to_hold_back() -> None:
    assert held_back(2.6, Options("hard"), 0.0) == 1
    assert held_back(2.6, Options("average"), 0.0) == pytest.approx(1.3)
    assert held_back(1.4, Options("average"), 0.0) == 1
    # 17:30 to 21:00: 2100 − 1730 = 370, a thousandth of it.
    assert held_back(3.0, Options("tapered", ends=21 * 3600.0), 17.5 * 3600) == pytest.approx(3 * 0.37)
    assert held_back(3.0, Options("tapered", ends=21 * 3600.0), 9 * 3600.0) == 3


def test_calls_are_placed_every_two_and_a_half_seconds_up_to_the_level() -> None:
    rule = Vicidial(Setting(6, 58))
    rule.level = 2.0
    state = [READY, READY, TALK, TALK, BREAK, OUT]
    # Level 2 × (2 ready + 2 in call) less one that rings and two in talk.
    assert rule.place(floor(state, 0.0, dialing=1)) == 5
    assert rule.place(floor(state, 1.0)) == 0
    assert rule.place(floor(state, 2.5)) == 6
    assert rule.place(floor([BREAK, OUT], 5.0)) == 0


def run(rule: Vicidial, seconds: range, state: list[int], events: dict[int, list[Event]] | None = None) -> None:
    for second in seconds:
        rule.place(floor(state, float(second), (events or {}).get(second)))


def test_ready_agents_drive_it_to_its_maximum() -> None:
    rule = Vicidial(Setting(4, 42))
    run(rule, range(16), [READY, READY, TALK, TALK])
    assert rule.level == pytest.approx(1.5)
    run(rule, range(16, 60), [READY, READY, TALK, TALK])
    assert rule.level == 3


def test_more_dropped_than_allowed_halves_it() -> None:
    rule = Vicidial(Setting(4, 42))
    placed: list[Event] = [(1.0, "placed", call, None) for call in range(60)]
    judged: list[Event] = [(2.0, "answer", call, None) for call in range(20)]
    run(rule, range(60), [READY, READY, TALK, TALK], {1: placed, 2: [*judged, (3.0, "drop", 1, None)]})
    assert rule.level == 3
    # At 60 s the share, 1 of 20, is known to be above 3 %: 3 · 1.5 is cut to 3, and halved.
    run(rule, range(60, 61), [READY, READY, TALK, TALK])
    assert rule.level == pytest.approx(1.5)


def test_half_of_the_last_minute_dropped_halves_it_at_once() -> None:
    rule = Vicidial(Setting(4, 42, cap=1.0))
    rule.level = 3.0
    placed: list[Event] = [(1.0, "placed", call, None) for call in range(21)]
    drops: list[Event] = [(2.0, "drop", call, None) for call in range(11)]
    run(rule, range(16), [TALK] * 4, {1: placed, 2: drops})
    assert rule.level == pytest.approx(1.5)
