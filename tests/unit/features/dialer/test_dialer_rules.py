"""Dial lists: who may do what, what an outcome means, pauses, hours, counts, the expected end."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from callcenter.core.errors import BadInput
from callcenter.features.dialer.rules import hours, lists, outcomes
from callcenter.features.dialer.rules.lists import Of, Who
from tests.support.dialer import over

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORDER = {"call_id": "d1.1", "agent_id": 7, "to": "+79160000001"}


def call(result: str, **how: Any) -> Any:
    return over(1, ORDER, result, NOW.timestamp(), **how)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (call("answered"), "answered"),
        (call("no_answer"), "no_answer"),
        (call("busy"), "busy"),
        (call("failed"), "failed"),
        # The agent gave up while the client's phone rang.
        (call("cancelled"), "no_answer"),
        (call("no_answer", agent=False, client=False), "agent_away"),
        (call("cancelled", client=False, hangup_by="agent"), "agent_left"),
        (call("failed", client=False), "line_away"),
    ],
)
def test_what_a_call_came_to(found: Any, expected: str) -> None:
    assert outcomes.outcome(found) == expected


@pytest.mark.parametrize("cause", [1, 2, 3, 22, 28])
def test_a_number_that_does_not_exist(cause: int) -> None:
    found = call("failed")
    assert outcomes.outcome(replace(found, legs=(found.legs[0], replace(found.legs[1], cause=cause)))) == "wrong_number"


@pytest.mark.parametrize(
    ("cause", "rang", "expected"), [(34, None, "line_away"), (34, 1.0, "failed"), (16, None, "failed")]
)
def test_a_line_that_takes_no_calls(cause: int, rang: float | None, expected: str) -> None:
    found = call("failed")
    legs = (found.legs[0], replace(found.legs[1], cause=cause, ringing_at=rang))
    assert outcomes.outcome(replace(found, legs=legs)) == expected


@pytest.mark.rule("OBD-07")
def test_what_follows_from_an_outcome() -> None:
    rules = {"busy": [300, 2], "no_answer": [900, 1]}
    after = outcomes.verdict("busy", 0, 0, 3, rules, NOW)
    assert after == ("later", 1, 1, NOW + timedelta(seconds=300))
    assert outcomes.verdict("busy", 1, 1, 3, rules, NOW) == ("later", 2, 2, NOW + timedelta(seconds=300))
    assert outcomes.verdict("busy", 2, 2, 3, rules, NOW).state == "done"
    assert outcomes.verdict("no_answer", 1, 0, 1, rules, NOW).state == "done"
    assert outcomes.verdict("failed", 0, 0, 1, rules, NOW).state == "done"
    assert outcomes.verdict("answered", 0, 0, 1, rules, NOW) == ("done", 1, 0, None)
    # A number that does not exist gives way to the next one, and the last one is the end.
    assert outcomes.verdict("wrong_number", 0, 0, 2, rules, NOW) == ("due", 1, 1, None)
    assert outcomes.verdict("wrong_number", 1, 1, 2, rules, NOW).state == "done"


@pytest.mark.parametrize("found", sorted(outcomes.UNTOUCHED))
def test_who_was_not_called_is_due_as_before(found: str) -> None:
    assert outcomes.verdict(found, 2, 1, 3, {"no_answer": [900, 5]}, NOW) == ("due", 2, 1, None)


@pytest.mark.rule("OUT-04")
def test_pauses_that_can_be_chosen() -> None:
    assert [lists.pause(one) for one in (0, 10, 20, 30, 60, None)] == [0, 10, 20, 30, 60, None]
    for wrong in (-1, 5, 15, 61, 3600, True):
        with pytest.raises(BadInput):
            lists.pause(wrong)
    assert lists.next_at(NOW, 30) == NOW + timedelta(seconds=30)
    assert lists.next_at(NOW, None) is None


@pytest.mark.rule("OUT-08", "OUT-09", "OUT-10", "OUT-11", "OUT-12", "OUT-14")
def test_who_may_do_what_with_a_list() -> None:
    """The originals' sentences, for every mix of creator, performer and manager."""
    for status, mine, performs, held, manages in itertools.product(
        lists.STATUSES, (True, False), (True, False), (True, False), (True, False)
    ):
        agent = 7 if performs else 8 if held else None
        of, who = Of(status, 1 if mine else 2, agent), Who(1, 7, manages)
        assert lists.may("stop", who, of) == (
            (status == "running" or (status == "paused" and agent is not None)) and (performs or manages)
        )
        assert lists.may("exclude", who, of) == (status != "archive" and (mine or manages))
        assert lists.may("archive", who, of) == (
            status in ("created", "paused", "finished") and agent is None and (mine or manages)
        )
        assert lists.may("set_pause", who, of) == (performs and status in ("created", "running", "paused"))
        assert lists.may("start", who, of) == (status in ("created", "paused") and (performs or agent is None))
        assert not lists.may("start", Who(1, None, manages), of)


def test_counts_follow_clients() -> None:
    counts = lists.moved({"left": 3}, "left", "answered")
    assert counts == {"left": 2, "answered": 1}
    assert lists.moved(counts, "left", "left") == counts
    assert lists.moved({"left": 1}, "left", "excluded") == {"excluded": 1}
    assert lists.moved({}, "left", "busy") == {"busy": 1}
    assert (lists.bucket("done", "busy"), lists.bucket("excluded", "spam")) == ("busy", "excluded")
    assert {lists.bucket(one, "") for one in ("due", "later", "dialing")} == {"left"}


@pytest.mark.rule("OBD-13")
def test_the_expected_end_goes_by_the_last_calls() -> None:
    past = [
        (NOW + timedelta(seconds=at), NOW + timedelta(seconds=at + took)) for at, took in ((0, 20), (50, 40), (99, 60))
    ]
    assert lists.expected_end(10, past, 20, NOW) == NOW + timedelta(seconds=600)
    assert lists.expected_end(10, past, None, NOW) == NOW + timedelta(seconds=400)
    assert lists.expected_end(10, past[:2], 20, NOW) is None
    assert lists.expected_end(0, past, 20, NOW) is None


@pytest.mark.rule("OBD-06")
def test_a_client_who_may_be_in_several_zones_is_called_when_all_of_them_are_open() -> None:
    day = hours.checked({"from": "09:00", "to": "21:00"})
    both = ["Europe/Moscow", "Asia/Vladivostok"]
    # 12:00 in Moscow, 19:00 in Vladivostok; two hours later it is too late there, until it is 09:00 in Moscow.
    assert hours.opens(day, both, NOW) is None
    assert hours.opens(day, both, NOW.replace(hour=11)) == datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
    short = hours.checked({"from": "10:00", "to": "17:00"})
    assert hours.opens(short, both, NOW) == hours.NEVER


@pytest.mark.rule("OBD-06")
def test_a_weekday_may_have_hours_of_its_own() -> None:
    day = hours.checked(
        {"from": "09:00", "to": "21:00", "days": [1, 2, 3, 4, 5, 6], "by_day": {"6": ["11:00", "15:00"]}}
    )
    moscow = ["Europe/Moscow"]
    saturday = datetime(2026, 3, 7, 6, 0, tzinfo=UTC)
    assert hours.opens(day, moscow, saturday) == datetime(2026, 3, 7, 8, 0, tzinfo=UTC)
    assert hours.opens(day, moscow, saturday.replace(hour=9)) is None
    # Sunday is none of the days.
    assert hours.opens(day, moscow, saturday.replace(hour=12)) == datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
    assert hours.shown(day) == [([1, 2, 3, 4, 5], "09:00", "21:00"), ([6], "11:00", "15:00")]
    assert hours.shown({}) == []


def test_hours_of_calls() -> None:
    day = hours.checked({"from": "09:00", "to": "21:00", "days": [1, 2, 3, 4, 5]})
    assert day == {"from": "09:00", "to": "21:00", "days": [1, 2, 3, 4, 5]}
    assert hours.checked({}) == {}
    # Monday, 12:00 in Moscow.
    assert hours.opens(day, ["Europe/Moscow"], NOW) is None
    assert hours.opens({}, ["Europe/Moscow"], NOW) is None
    night = NOW.replace(hour=20)
    assert hours.opens(day, ["Europe/Moscow"], night) == datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
    friday = datetime(2026, 3, 6, 18, 0, tzinfo=UTC)
    assert hours.opens(day, ["Europe/Moscow"], friday) == datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
    assert hours.opens(day, ["Nowhere/Land"], NOW) is None
    for wrong in (
        {"from": "21:00", "to": "09:00"},
        {"from": "9", "to": "x"},
        {"from": "09:00"},
        {"from": "09:00", "to": "10:00", "days": [8]},
        {"from": "09:00", "to": "18:00", "by_day": {"6": ["15:00", "10:00"]}},
        {"from": "09:00", "to": "18:00", "by_day": {"6": ["15:00"]}},
        {"from": "09:00", "to": "18:00", "days": [1], "by_day": {"6": ["10:00", "15:00"]}},
        {"from": "09:00", "to": "18:00", "by_day": [6]},
    ):
        with pytest.raises(BadInput):
            hours.checked(wrong)


@pytest.mark.rule("OBD-13")
def test_a_list_with_a_team_ends_at_the_pace_of_its_last_calls() -> None:
    # Six calls in a minute, three at a time.
    past = [(NOW + timedelta(seconds=20 * (n // 3)), NOW + timedelta(seconds=20 * (n // 3) + 40)) for n in range(6)]
    assert lists.expected_end_together(30, past, NOW) == NOW + timedelta(seconds=300)
    assert lists.expected_end_together(30, past[:2], NOW) is None
    assert lists.expected_end_together(0, past, NOW) is None
