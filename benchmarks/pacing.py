"""Predictive pacing on the virtual days of `spec/pacing.md`, beside VICIdial's rule and one call per ready agent.

The same days for every pacer: by scenario (share of calls that a person answers: 0.15, 0.30, 0.50, drifting) and
number of agents. A row's value is the occupancy of our pacer in percent, its floor VICIdial's. The goals are those of
that page, stated for 0.30; with drift one point less is allowed, for the other shares there is no goal but the cap.
Nobody measures time here, so other work on the machine does not matter.

``CALLCENTER_BENCH_PACING_DAYS`` (seeds 1 …), ``…_AGENTS`` and ``…_SCENARIOS`` (with commas) choose what is run.
"""

from __future__ import annotations

import os

from benchmarks.report import Row
from callcenter.features.dialer.rules.simulation.scenario import SCENARIOS, of_size
from callcenter.features.dialer.rules.simulation.trial import PACERS, attempt

DAYS = int(os.environ.get("CALLCENTER_BENCH_PACING_DAYS", "1"))
AGENTS = [int(word) for word in os.environ.get("CALLCENTER_BENCH_PACING_AGENTS", "5,10,20,50,100,300").split(",")]
NAMES = os.environ.get("CALLCENTER_BENCH_PACING_SCENARIOS", "0.30,drift,0.15,0.50").split(",")
GOALS = {5: 76.0, 10: 82.0, 20: 87.0, 50: 92.0, 100: 95.0, 300: 97.0}
CAP = 3.0
WORST_HOUR = 5.0
HELD = 20
"""From so many agents on every day stays under the cap, and every hour under its limit."""


def run() -> list[Row]:
    """One row for each scenario and size."""
    return [_row(name, agents) for name in NAMES for agents in AGENTS]


def _row(name: str, agents: int) -> Row:
    day, seeds = of_size(SCENARIOS[name], agents), range(1, DAYS + 1)
    ours, vicidial, one = (attempt(day, PACERS[pacer], seeds) for pacer in ("predictive", "vicidial", "one"))
    goal = GOALS.get(agents, 0.0) - (1.0 if name == "drift" else 0.0) if name in ("0.30", "drift") else 0.0
    value, worst_day, worst_hour = (100 * share for share in (ours.occupancy, ours.worst_day, ours.worst_hour))
    held = 100 * ours.abandoned <= CAP and (agents < HELD or (worst_day <= CAP and worst_hour <= WORST_HOUR))
    text = (
        f"pacing {name}, {agents} agents: occupancy; abandoned {100 * ours.abandoned:.2f} %, "
        f"worst day {worst_day:.2f}, hour {worst_hour:.2f}; VICIdial {100 * vicidial.abandoned:.2f} %, "
        f"one per agent {100 * one.occupancy:.1f} % busy"
    )
    target = (f"≥ {goal:g} %, " if goal else "") + f"abandoned ≤ {CAP:g} %"
    floor = 100 * vicidial.occupancy
    return Row(text, value, "%", floor, value / floor, target, held and value >= goal)
