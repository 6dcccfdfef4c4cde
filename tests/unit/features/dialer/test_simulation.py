"""The virtual day: its distributions, its bookkeeping, and pacers tried on it."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from statistics import mean, median

import pytest

from callcenter.features.dialer.rules.pacing.baselines import FixedRatio, OnePerAgent
from callcenter.features.dialer.rules.pacing.predictive import Predictive
from callcenter.features.dialer.rules.pacing.seen import OUT, READY, TALK, WRAP, Pacer, Seen
from callcenter.features.dialer.rules.simulation.day import run, setting
from callcenter.features.dialer.rules.simulation.scenario import SCENARIOS, Drift, Fate, Fates, Scenario, of_size
from callcenter.features.dialer.rules.simulation.tally import Hour, Tally
from callcenter.features.dialer.rules.simulation.trial import PACERS, attempt, summary

SHORT = Scenario(agents=20, hours=1.0)


@pytest.fixture(scope="module")
def fates() -> list[Fate]:
    day = Scenario()
    drawn = Fates(day, Random(5), Drift(day, Random(6)))
    return [drawn.next(0.0) for _ in range(10_000)]


def test_calls_end_as_the_page_of_the_model_says(fates: list[Fate]) -> None:
    share = {kind: sum(fate.kind == kind for fate in fates) / len(fates) for kind in ("person", "machine", "fail")}
    assert share["person"] == pytest.approx(0.30, abs=0.012)
    assert share["machine"] == pytest.approx(0.70 * 0.25, abs=0.01)
    assert share["fail"] == pytest.approx(0.70 * 0.15, abs=0.008)


def test_persons_and_machines_pick_up_when_they_should(fates: list[Fate]) -> None:
    persons = [fate for fate in fates if fate.kind == "person"]
    machines = [fate for fate in fates if fate.kind == "machine"]
    assert median(fate.ring for fate in persons) == pytest.approx(11.0, abs=0.3)
    assert max(fate.ring for fate in persons) <= 25
    assert min(fate.ring for fate in machines) >= 12
    assert mean(fate.ring for fate in machines) == pytest.approx(18.5, abs=0.3)
    assert mean(fate.passed for fate in persons) == pytest.approx(0.96, abs=0.01)
    assert mean(fate.passed for fate in machines) == pytest.approx(0.08, abs=0.02)
    assert mean(fate.patience for fate in persons) == pytest.approx(10.0, rel=0.05)


def test_talks_and_wrapups_are_as_long_as_they_should(fates: list[Fate]) -> None:
    talks = [fate.talk for fate in fates if fate.kind == "person"]
    wraps = [fate.wrapup for fate in fates if fate.kind == "person"]
    # 65 % lognormal (20, 0.5), 35 % lognormal (250, 0.35)
    assert mean(talks) == pytest.approx(0.65 * 20 * math.exp(0.125) + 0.35 * 250 * math.exp(0.06125), rel=0.04)
    assert sum(talk < 80 for talk in talks) / len(talks) == pytest.approx(0.65, abs=0.02)
    assert median(wraps) == pytest.approx(12.0, rel=0.04)
    assert 3 <= min(wraps) <= max(wraps) <= 60


def test_a_drifting_day_goes_up_and_down_around_its_mean() -> None:
    day = replace(Scenario(), drifting=True)
    drifts = [Drift(day, Random(seed)) for seed in range(200)]
    shares = [drift.at(second) for drift in drifts for second in range(0, 30_000, 3000)]
    assert mean(shares) == pytest.approx(0.30, abs=0.015)
    assert min(shares) >= 0.30 * 0.6 * 0.75
    assert max(shares) <= 0.30 * 1.4 * 1.25
    assert {Drift(Scenario(), Random(1)).at(second) for second in (0, 9000, 20_000)} == {0.30}


class Watching:
    """A pacer that looks whether what it is shown fits together."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.looks: list[float] = []
        self.open: set[object] = set()
        self.abandoned = self.passed = 0

    def place(self, seen: Seen) -> int:
        self.looks.append(seen.now)
        for at, kind, who, _ in seen.events:
            assert at <= seen.now
            if kind == "placed":
                self.open.add(who)
            elif kind in ("end", "connect", "drop", "hangup"):
                self.open.remove(who)
            self.passed += kind == "answer"
            self.abandoned += kind in ("drop", "hangup")
        assert self.open == {*seen.dialing, *seen.in_amd, *seen.waiting}
        assert not (seen.waiting and READY in seen.state)
        assert all(since <= seen.now for since in seen.since)
        assert seen.trunk_free >= 0
        return self.pacer.place(seen)


def test_what_a_pacer_is_shown_fits_together() -> None:
    day = replace(SHORT, warmup=0.0, agents=6)
    watching = Watching(FixedRatio(4.0))
    tally = run(day, 3, watching)
    gaps = [later - earlier for earlier, later in zip(watching.looks, watching.looks[1:], strict=False)]
    assert max(gaps) <= 1.0
    assert min(gap for gap in gaps) >= 0
    assert sum(gap < 0.2499 for gap in gaps) < 0.35 * len(gaps)
    assert watching.abandoned == tally.abandoned > 0
    assert watching.passed == tally.passed


def test_time_is_booked_once() -> None:
    day = replace(SHORT, agents=5, arriving=1e-9, late=0.0, leaving_early=0.0, break_every=1e9, warmup=0.0)
    tally = run(day, 1, OnePerAgent())
    assert tally.talk + tally.wrapup + tally.ready == pytest.approx(5 * 3600, rel=1e-6)
    assert 0.4 < tally.occupancy < 0.8


def test_agents_come_and_go() -> None:
    seen: list[list[int]] = []

    class Look:
        def place(self, look: Seen) -> int:
            seen.append(list(look.state))
            return 0

    run(replace(Scenario(), agents=200, hours=2.0), 1, Look())
    working = [sum(state in (READY, TALK, WRAP) for state in states) for states in seen]
    assert working[0] <= 2
    assert working[450] == pytest.approx(95, abs=25)
    assert max(working) > 180
    assert seen[-1].count(OUT) == pytest.approx(40, abs=20)


@pytest.mark.rule("OBD-12")
def test_the_same_seed_is_the_same_day() -> None:
    day = replace(SHORT, agents=8, hours=0.25, warmup=600.0)
    one, two, other = (run(day, seed, Predictive(setting(day))) for seed in (7, 7, 8))
    assert one == two
    assert one != other


@pytest.mark.rule("OBD-12")
def test_ours_keeps_agents_busier_than_one_call_each_and_than_vicidial_under_the_cap() -> None:
    day = replace(Scenario(), hours=1.5, warmup=900.0)
    ours, one, vicidial = (attempt(day, PACERS[name], [1]) for name in ("predictive", "one", "vicidial"))
    assert ours.occupancy > one.occupancy + 0.15
    assert ours.occupancy > vicidial.occupancy + 0.10
    assert ours.worst_day <= 0.03
    assert one.abandoned < 0.005


def test_the_scenarios_are_of_any_size() -> None:
    assert {of_size(day, 50).lines for day in SCENARIOS.values()} == {410}
    assert of_size(SCENARIOS["0.50"], 5).answering == 0.50


def test_figures_of_a_day_and_of_some_days() -> None:
    day = Tally(talk=60.0, wrapup=20.0, ready=20.0, hours=[Hour(100, 2), Hour(100, 4), Hour()])
    assert day.occupancy == pytest.approx(0.8)
    assert day.share == pytest.approx(0.03)
    assert day.worst_hour == pytest.approx(0.04)
    assert Tally().occupancy == 0
    both = summary([day, Tally(talk=60.0, ready=40.0, hours=[Hour(50, 0)])])
    assert both.occupancy == pytest.approx(0.7)
    assert both.abandoned == pytest.approx(0.015)
    assert both.worst_day == pytest.approx(0.03)
    assert both.talks == pytest.approx((194 + 50) / 2)
