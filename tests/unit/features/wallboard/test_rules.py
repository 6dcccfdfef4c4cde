"""Sums, tones, concerns and sparks of the wallboard, by value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.features.wallboard import rules
from callcenter.live.views import AgentView, CallView, ContactBrief, Figure, QueueBrief, QueueView, Waiting

NOW = "2025-11-21T12:00:00Z"


def figure(top: float = 0, bottom: float = 0) -> Figure:
    return Figure(value=top / bottom if bottom else None, numerator=top, denominator=bottom, formula="f")


def queue(number: int, *, waits: tuple[str, ...] = (), **more: object) -> QueueView:
    values: dict[str, object] = dict.fromkeys(rules.FIGURES, figure()) | more
    waiting = [
        Waiting(call_id=f"c{number}.{n}", number="+79513304712", name="", since=since, position=n + 1)
        for n, since in enumerate(waits)
    ]
    return QueueView(id=number, name=f"queue {number}", waiting=waiting, **values)  # type: ignore[arg-type]


def agent(number: int, state: str, since: str = "2025-11-21T11:59:00Z", **more: object) -> AgentView:
    values: dict[str, object] = {"name": f"Agent {number}", "short_number": str(100 + number)} | more
    return AgentView(id=number, state=state, since=since, **values)  # type: ignore[arg-type]


def test_sums_add_numerators_and_denominators_and_do_not_average_shares() -> None:
    two = [queue(1, service_level=figure(90, 100)), queue(2, service_level=figure(0, 10))]
    level = rules.sums(two, {}, NOW).figures["service_level"]
    assert (level.numerator, level.denominator) == (90, 110)
    assert level.value == pytest.approx(90 / 110)


def test_a_figure_without_a_denominator_has_no_value() -> None:
    assert rules.sums([], {}, NOW).figures["asa"].value is None
    assert rules.sums([queue(1)], {}, NOW).figures["abandonment"].value is None


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=8))
def test_one_queue_more_never_changes_the_others_part(parts: list[tuple[int, int]]) -> None:
    together = rules.sum_figures([figure(*p) for p in parts])
    assert together.numerator == sum(p[0] for p in parts)
    assert together.denominator == sum(p[1] for p in parts)


def test_the_longest_wait_is_of_all_queues_and_coloured_by_its_own_queues_target() -> None:
    queues = [queue(1, waits=("2025-11-21T11:59:20Z",)), queue(2, waits=("2025-11-21T11:59:30Z",))]
    found = rules.sums(queues, {1: 60, 2: 5}, NOW)
    assert found.waiting == 2
    assert found.longest == "2025-11-21T11:59:20Z"
    assert found.longest_tone == "ring"
    assert rules.sums(queues, {1: 20, 2: 5}, NOW).longest_tone == "over"
    assert rules.sums(queues, {1: 10, 2: 5}, NOW).longest_tone == "missed"


@pytest.mark.parametrize(("seconds", "tone"), [(0, "ring"), (19.9, "ring"), (20, "over"), (59, "over"), (60, "missed")])
def test_a_wait_turns_late_at_t_and_very_late_at_three_t(seconds: float, tone: str) -> None:
    assert rules.wait_tone(seconds, 20) == tone


def test_a_clock_that_runs_ahead_shows_zero_not_minus() -> None:
    assert rules.seconds_between("2025-11-21T12:00:05Z", NOW) == 0


def test_tiles_stand_by_name_and_keep_their_place_when_the_state_changes() -> None:
    people = [agent(1, "talking", name="Вера"), agent(2, "ready", name="Анна"), agent(3, "offline", name="Алла")]
    assert [t.agent.name for t in rules.tiles(people, {}, NOW)] == ["Анна", "Вера", "Алла"]
    people[0].state, people[1].state = "ready", "wrapup"
    assert [t.agent.name for t in rules.tiles(people, {}, NOW)] == ["Анна", "Вера", "Алла"]


def test_a_tile_says_with_whom_and_in_which_queue() -> None:
    call = CallView(
        id="c1",
        direction="in",
        state="talking",
        result=None,
        from_="+79513304712",
        to="+74950000001",
        client_number="+79513304712",
        queue=QueueBrief(id=7, name="Продажи"),
        contact=ContactBrief(id=3, name="Ирина Лаптева", saved=True),
        started_at=NOW,
    )
    (tile,) = rules.tiles([agent(1, "talking", call_id="c1")], {"c1": call}, NOW)
    assert (tile.whom, tile.queue, tile.tone, tile.seconds) == ("Ирина Лаптева", "Продажи", "talk", 60.0)
    call.contact = None
    assert rules.tiles([agent(1, "talking", call_id="c1")], {"c1": call}, NOW)[0].whom == "+79513304712"


def test_a_break_beyond_its_limit_is_marked() -> None:
    (long,) = rules.tiles([agent(1, "paused", "2025-11-21T11:45:00Z")], {}, NOW)
    (short,) = rules.tiles([agent(1, "paused", "2025-11-21T11:45:01Z")], {}, NOW)
    assert (long.tone, short.tone) == ("over", "pause")


def test_concerns_come_with_the_worst_first() -> None:
    people = [
        agent(1, "wrapup", "2025-11-21T11:50:00Z"),
        agent(2, "paused", "2025-11-21T11:30:00Z", reason="lunch"),
        agent(3, "offline", "2025-11-21T11:58:00Z", wanted="ready"),
        agent(4, "offline", "2025-11-21T08:00:00Z", wanted="offline"),
        agent(5, "ready", "2025-11-21T08:00:00Z"),
    ]
    queues = [queue(7, waits=("2025-11-21T11:58:36Z", "2025-11-21T11:59:58Z"))]
    found = rules.concerns(queues, people, {7: 20}, NOW)
    assert [(c.kind, c.name) for c in found] == [
        ("wait", "queue 7"),
        ("phone", "Agent 3"),
        ("pause", "Agent 2"),
        ("wrapup", "Agent 1"),
    ]


def test_a_busy_queue_is_no_alarm_but_an_empty_one_is() -> None:
    assert rules.unserved({7: 3, 8: 1, 9: 0}, {7: 2}) == {8}


def test_a_spark_runs_from_the_first_hour_to_the_last() -> None:
    found = rules.spark([(9, 8, 10), (10, 0, 0), (11, 10, 10)])
    assert found is not None
    assert found.line == "M0.0 13.4L120.0 3.0"
    assert found.values == ((9, 0.8), (11, 1.0))
    assert found.tone == "talk"


def test_a_spark_below_the_goal_is_marked_and_one_hour_is_a_flat_line() -> None:
    found = rules.spark([(9, 1, 2)])
    assert found is not None
    assert found.line == "M0.0 29.0L120.0 29.0"
    assert found.tone == "over"
    assert rules.spark([(9, 0, 0)]) is None


def test_wrap_up_belongs_to_the_queue_of_the_call_before_it() -> None:
    calls = [(7, 1, 100.0), (8, 1, 200.0), (7, 2, 150.0)]
    wrapups = [(1, 99.5, 110.0), (1, 201.0, 221.0), (2, 140.0, 145.0), (3, 100.0, 200.0)]
    assert rules.wrapup_by_queue(calls, wrapups) == {7: 10.5, 8: 20.0}
