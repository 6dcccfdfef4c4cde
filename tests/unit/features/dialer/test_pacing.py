"""The predictive pacer: what it may never do, what it learns, and the price that holds the cap."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import pytest

from callcenter.features.dialer.rules.pacing import price as prices
from callcenter.features.dialer.rules.pacing.answers import Answers
from callcenter.features.dialer.rules.pacing.baselines import FixedLevel, FixedRatio, OnePerAgent
from callcenter.features.dialer.rules.pacing.curves import Lasting, lognormal, widening
from callcenter.features.dialer.rules.pacing.freeing import Freeing
from callcenter.features.dialer.rules.pacing.odds import Coins, Exact, Normal
from callcenter.features.dialer.rules.pacing.predictive import CAUTIOUS, HORIZONS, Predictive, within
from callcenter.features.dialer.rules.pacing.price import Price
from callcenter.features.dialer.rules.pacing.seen import BREAK, OUT, READY, TALK, WRAP, Event, Seen, Setting


def floor(
    state: list[int],
    *,
    now: float = 0.0,
    since: float = 0.0,
    dialing: dict[int, float] | None = None,
    waiting: dict[int, float] | None = None,
    lines: int = 100,
    events: list[Event] | None = None,
) -> Seen:
    return Seen(now, state, [since] * len(state), dict(dialing or {}), {}, dict(waiting or {}), lines, events or [])


PACERS = [OnePerAgent(), FixedRatio(2.5), FixedLevel(1.5), Predictive(Setting(4, 42))]


@pytest.mark.parametrize("pacer", PACERS, ids=lambda pacer: type(pacer).__name__)
def test_nobody_is_called_while_no_agent_is_there(pacer: OnePerAgent) -> None:
    assert pacer.place(floor([OUT, BREAK, OUT, BREAK])) == 0


@pytest.mark.parametrize("pacer", PACERS, ids=lambda pacer: type(pacer).__name__)
def test_lines_are_a_limit(pacer: OnePerAgent) -> None:
    assert pacer.place(floor([READY] * 4, now=1.0, lines=2)) == 2
    assert pacer.place(floor([READY] * 4, now=2.0, lines=0)) == 0


def test_calls_under_way_count() -> None:
    assert OnePerAgent().place(floor([READY] * 4, dialing={1: 0.0, 2: 0.0, 3: 0.0})) == 1
    assert OnePerAgent().place(floor([READY] * 2, dialing={1: 0.0, 2: 0.0, 3: 0.0})) == 0
    assert FixedRatio(2.0).place(floor([READY] * 3, dialing={1: 0.0, 2: 0.0})) == 4
    assert FixedLevel(1.5).place(floor([READY, READY, TALK, TALK], dialing={1: 0.0})) == 3
    fresh = Predictive(Setting(4, 42)).place(floor([READY] * 4))
    busy = Predictive(Setting(4, 42)).place(floor([READY] * 4, dialing=dict.fromkeys(range(fresh), 0.0)))
    assert fresh > 4 - 1
    assert busy == 0


def known(setting: Setting, answers: int = 0) -> Predictive:
    """A pacer that has seen enough calls: so many of them were answered by persons, the others rang out in vain."""
    found = Predictive(setting)
    events: list[Event] = [(0.0, "placed", n, None) for n in range(CAUTIOUS)]
    events += [(0.0, "answer" if n < answers else "end", n, None) for n in range(CAUTIOUS)]
    found.place(floor([], events=events))
    found._now = None
    return found


def test_a_list_that_nobody_knows_is_called_as_if_everybody_answered() -> None:
    state = [READY] * 3 + [TALK] * 5
    fresh = Predictive(Setting(8, 100))
    assert fresh.place(floor(state, dialing={1: 0.0})) == 2
    assert known(Setting(8, 100)).place(floor(state, dialing={1: 0.0})) > 2


def test_more_ready_agents_are_never_fewer_calls() -> None:
    for agents in (6, 30):
        counts = [
            known(Setting(agents, 500)).place(floor([READY] * ready + [TALK] * (agents - ready)))
            for ready in range(agents + 1)
        ]
        assert counts == sorted(counts)
        assert counts[-1] > counts[0]


def test_an_agent_in_wrapup_is_worth_more_than_one_who_has_just_begun_to_talk() -> None:
    def calls(state: int, age: float) -> int:
        return known(Setting(40, 500)).place(floor([state] * 40, now=age, since=0.0))

    assert calls(WRAP, 10.0) > calls(TALK, 0.0)


def test_an_empty_account_leaves_one_call_for_each_ready_agent() -> None:
    owing = Predictive(Setting(4, 42, persons=1000, abandoned=40))
    assert owing.price.spent
    assert owing.place(floor([READY, READY, WRAP, WRAP])) == 2
    assert owing.place(floor([READY, READY, WRAP, WRAP], now=5.0, dialing={1: 5.0, 2: 5.0})) == 0


def test_a_large_floor_is_looked_at_once_a_second() -> None:
    pacer = Predictive(Setting(100, 810))
    assert pacer.place(floor([READY] * 100)) > 0
    assert pacer.place(floor([READY] * 100, now=0.25)) == 0
    assert pacer.place(floor([READY] * 100, now=1.0)) > 0


# --- the price


def test_a_team_that_grows_is_paced_as_one_that_was_large_and_forgets_nothing() -> None:
    grown, large = Predictive(Setting(1, 42)), Predictive(Setting(50, 42))
    for pacer in (grown, large):
        pacer.price.passed_on()
        pacer.price.passed_on()
    account = grown.price.account
    assert grown.price.risk != large.price.risk
    grown.resize(50)
    assert grown.price.account == account
    assert grown.price.risk == pytest.approx(large.price.risk, rel=0.05)
    seen = [floor([READY] * 50, now=now) for now in (1.0, 1.2)]
    assert [grown.place(one) for one in seen] == [large.place(one) for one in seen]


def test_each_abandoned_person_lowers_the_price_and_each_served_one_raises_it() -> None:
    price = Price(0.03, 20)
    begins = price.risk
    price.abandoned()
    after = price.risk
    assert after < begins
    for _ in range(40):
        price.passed_on()
    assert price.risk > begins


@pytest.mark.parametrize(("agents", "most"), [(1, 0.0305), (5, 0.0315), (10, 0.0315), (15, 0.0312), (20, 0.03)])
def test_the_price_brings_the_share_under_the_cap_whatever_the_floor_is_like(agents: int, most: float) -> None:
    # A floor where the share of abandoned is 0.5, 1 or 2 times the allowed risk of the marginal call.
    for slope in (0.5, 1.0, 2.0):
        price, due, abandoned, persons = Price(0.03, agents), 0.0, 0, 6000
        for _ in range(persons):
            price.passed_on()
            due += 0.0 if price.spent else slope * price.risk
            if due >= 1:
                due -= 1
                abandoned += 1
                price.abandoned()
        assert 0.024 < abandoned / persons <= most


def test_what_was_saved_while_learning_is_not_spent_later() -> None:
    price = Price(0.03, 20)
    for _ in range(1000):
        price.passed_on()
    price.settle()
    assert price.account == 0
    price.abandoned()
    price.settle()
    assert price.account == -1


def test_a_debt_of_the_last_days_is_kept_but_no_credit() -> None:
    assert Price(0.03, 20, account=-3.0).account == -3
    assert Price(0.03, 20, account=50.0).account == 0


def test_what_the_last_days_owe_is_worked_off_first_and_then_a_small_floor_may_swing_again() -> None:
    owing, even = Price(0.03, 10, account=-10.0), Price(0.03, 10)
    for _ in range(10):
        even.abandoned()
    # The same account: a bad hour of today is no debt of a month.
    assert owing.account == even.account
    assert (owing.spent, even.spent) == (True, False)
    assert owing.risk == prices.LEAST < even.risk
    for _ in range(340):
        owing.passed_on()
    for _ in range(10):
        owing.abandoned()
    assert owing.account < 1
    assert not owing.spent


def test_the_price_has_limits() -> None:
    price = Price(0.03, 5)
    for _ in range(100_000):
        price.passed_on()
    assert price.risk == prices.MOST
    for _ in range(10_000):
        price.abandoned()
    assert price.risk == prices.LEAST


# --- the odds


def test_the_exact_odds_are_those_of_all_cases() -> None:
    busy, calls, fresh = [0.3, 0.6], [0.5, 0.2], 0.4
    expected = 0.0
    for coins in itertools.product([0, 1], repeat=4):
        chance = math.prod(p if coin else 1 - p for coin, p in zip(coins, busy + calls, strict=True))
        if 1 + coins[0] + coins[1] - coins[2] - coins[3] <= 0:
            expected += chance
    odds = Exact(1, [Coins(1, [p]) for p in busy], [Coins(1, [p]) for p in calls], [fresh])
    assert odds.risk() == pytest.approx(expected)


def test_the_normal_odds_are_near_the_exact_ones() -> None:
    busy = [Coins(30, [0.2, 0.4])]
    calls = [Coins(20, [0.15, 0.3])]
    exact, normal = (kind(6, busy, calls, [0.1, 0.3]) for kind in (Exact, Normal))
    for _ in range(20):
        assert normal.risk() == pytest.approx(exact.risk(), abs=0.02)
        exact.place()
        normal.place()


def test_calls_are_placed_while_the_next_one_is_worth_its_risk() -> None:
    def odds() -> Exact:
        return Exact(3, [], [], [1.0])

    # Each call is answered for certain: the fourth would meet nobody.
    assert within(odds(), 0.05, 10) == 3
    assert within(odds(), 0.05, 2) == 2
    assert within(odds(), 1.0, 10) == 10


# --- what is learnt


def test_a_curve_comes_from_the_prior_to_what_was_seen() -> None:
    lasting = Lasting(widening(2.0, 1.1, 300.0), lognormal(20.0, 0.5), 10.0)
    assert lasting.left(20.0) == pytest.approx(0.5, abs=0.03)
    for _ in range(50):
        for seconds in range(40, 60):
            lasting.saw(float(seconds))
    lasting.learn()
    assert lasting.left(30.0) > 0.75
    assert lasting.left(50.0) / lasting.left(36.0) == pytest.approx(0.5, abs=0.08)
    assert lasting.left(75.0) / lasting.left(36.0) < 0.02


def test_a_curve_only_falls() -> None:
    lasting = Lasting(widening(2.0, 1.1, 60.0), lognormal(20.0, 0.5), 10.0)
    left = [lasting.left(age / 2) for age in range(300)]
    assert left[0] == 1
    assert left == sorted(left, reverse=True)
    assert left[-1] >= 0


def test_what_was_seen_long_ago_fades() -> None:
    lasting = Lasting(widening(2.0, 1.1, 300.0), lognormal(20.0, 0.5), 10.0)
    for seconds in (100.0, 200.0):
        for _ in range(300):
            lasting.saw(seconds)
        lasting.forget(0.01 if seconds == 100.0 else 1.0)
    lasting.learn()
    assert lasting.left(150.0) > 0.7


class Call(NamedTuple):
    """When it was placed, how long it rang and was analysed (None: nobody took it), whether it was a person."""

    at: float
    rings: float
    analysis: float | None = None
    person: bool = False


def lived(calls: list[Call]) -> Answers:
    """What is learnt of such calls, seen second by second."""
    answers = Answers(HORIZONS, memory=60.0)
    told: list[tuple[float, int, Callable[[int, float], object]]] = []
    for name, call in enumerate(calls):
        told.append((call.at, name, answers.placed))
        up = call.at + call.rings
        if call.analysis is None:
            told.append((up, name, answers.ended))
        else:
            told.append((up, name, answers.picked_up))
            told.append((up + call.analysis, name, answers.answered if call.person else answers.ended))
    told.sort(key=lambda event: event[0])
    events = iter([*told, (math.inf, 0, answers.ended)])
    event = next(events)
    for second in range(int(told[-1][0]) + 2):
        while event[0] <= second:
            event[2](event[1], event[0])
            event = next(events)
        ringing = {name: call.at for name, call in enumerate(calls) if call.at <= second < call.at + call.rings}
        answers.passed(1.0, floor([READY], now=float(second), dialing=ringing))
        if second % 60 == 0:
            answers.learn()
    answers.learn()
    return answers


def test_answers_are_expected_at_the_ages_at_which_they_came() -> None:
    answers = lived([Call(1.07 * call, 8.5, 1.0, person=True) for call in range(400)])
    seen = floor([READY], now=500.0, dialing={900: 496.0})
    answers.passed(0.0, seen)
    (coin,) = answers.coins(seen)
    by = dict(zip(HORIZONS, coin.row, strict=True))
    # It has rung for 4 s: nearly nothing in the next 3 s, most of it 5 … 6 s from now.
    assert by[3.0] < 0.1
    assert by[6.0] - by[3.0] > 0.55


def test_a_call_that_has_rung_too_long_is_not_expected_any_more() -> None:
    answers = lived([Call(1.07 * n, 28.5) if n % 3 else Call(1.07 * n, 9.0, 1.0, person=True) for n in range(500)])
    seen = floor([READY], now=600.0, dialing={1: 599.5, 2: 580.5})
    answers.passed(0.0, seen)
    young, old = sorted(answers.coins(seen), key=lambda coins: -coins.row[-1])
    assert young.row[-1] == pytest.approx(1 / 3, abs=0.05)
    assert old.row[-1] < 0.1


def test_people_who_answer_less_are_noticed_before_the_curve_knows() -> None:
    answers = lived([Call(1.07 * call, 9.5, 1.0, person=True) for call in range(400)])
    before = answers.fresh[-1]
    # A minute in which ten calls are always nine seconds old, and nobody answers.
    for second in range(60):
        answers.passed(1.0, floor([READY], now=float(second), dialing=dict.fromkeys(range(10), second - 9.0)))
    assert answers.fresh[-1] < 0.5 * before


def test_an_analysis_that_lasts_is_more_likely_a_machine() -> None:
    answers = lived([Call(1.07 * n, 10.5, 1.0 if n % 2 else 3.0, person=bool(n % 2)) for n in range(400)])
    chances = []
    for age in (0.2, 2.5):
        answers.placed(1000, 500.0)
        answers.picked_up(1000, 510.5)
        seen = Seen(510.5 + age, [READY], [0.0], {}, {1000: 510.5}, {}, 10, [])
        answers.passed(0.0, seen)
        chances.append(answers.coins(seen)[0].row[-1])
    assert chances[0] == pytest.approx(0.45, abs=0.15)
    assert chances[1] < 0.1


def test_a_call_hung_up_before_it_was_passed_on_is_not_abandoned() -> None:
    pacer = Predictive(Setting(4, 42))
    told: list[Event] = [(0.0, "placed", 1, None), (8.0, "pickup", 1, None), (9.0, "hangup", 1, None)]
    pacer.place(floor([READY] * 4, now=10.0, events=told))
    assert pacer.price.account == 0
    told = [(11.0, "placed", 2, None), (18.0, "pickup", 2, None), (19.0, "answer", 2, None), (20.0, "hangup", 2, None)]
    pacer.place(floor([READY] * 4, now=21.0, events=told))
    assert pacer.price.account == pytest.approx(0.03 - 1)


def test_agents_become_free_as_talks_and_wrapups_end() -> None:
    freeing = Freeing(HORIZONS)
    for _ in range(300):
        freeing.talked(31.0)
        freeing.wrapped_up(5.0)
    freeing.learn()
    ready, coins = freeing.coins(Seen(100.0, [TALK, TALK, READY], [97.0, 72.0, 0.0], {}, {}, {}, 9, []))
    young, old = sorted((dict(zip(HORIZONS, coin.row, strict=True)) for coin in coins), key=lambda row: row[12.0])
    assert ready == 1
    assert young[18.0] < 0.2
    assert old[12.0] > 0.7
