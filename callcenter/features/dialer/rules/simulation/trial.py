"""Pacers tried on the same days, and what they came to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from callcenter.features.dialer.rules.pacing.baselines import FixedRatio, OnePerAgent
from callcenter.features.dialer.rules.pacing.predictive import Predictive
from callcenter.features.dialer.rules.pacing.seen import Pacer, Setting
from callcenter.features.dialer.rules.pacing.vicidial import Options, Vicidial
from callcenter.features.dialer.rules.simulation.day import run, setting
from callcenter.features.dialer.rules.simulation.scenario import Scenario
from callcenter.features.dialer.rules.simulation.tally import Tally

Make = Callable[[Setting], Pacer]

PACERS: dict[str, Make] = {
    "one": lambda _: OnePerAgent(),
    "ratio": lambda _: FixedRatio(2.0),
    "vicidial": Vicidial,
    # The best of the settings that were tried: as many agents ready as a tenth of all.
    "vicidial-tuned": lambda given: Vicidial(given, Options(method="hard", target=-0.1 * given.agents)),
    "predictive": Predictive,
}
"""By name: one call per ready agent, two per ready agent, VICIdial as it comes and well set, ours."""


@dataclass(frozen=True)
class Trial:
    """Some days of one pacer; shares are 0 … 1, ``placed`` and ``talks`` counts of a day."""

    occupancy: float
    abandoned: float
    worst_day: float
    worst_hour: float
    lost: float
    placed: float
    talks: float


def summary(days: Iterable[Tally]) -> Trial:
    """The means of some days, and their worst."""
    all_days = list(days)
    count = len(all_days)
    return Trial(
        occupancy=sum(day.occupancy for day in all_days) / count,
        abandoned=sum(day.share for day in all_days) / count,
        worst_day=max(day.share for day in all_days),
        worst_hour=max(day.worst_hour for day in all_days),
        lost=sum(day.lost for day in all_days) / count,
        placed=sum(day.placed for day in all_days) / count,
        talks=sum(day.passed - day.abandoned for day in all_days) / count,
    )


def attempt(scenario: Scenario, make: Make, seeds: Iterable[int], cap: float = 0.03) -> Trial:
    """One pacer on the days of these seeds, a new one each day."""
    given = setting(scenario, cap)
    return summary(run(scenario, seed, make(given)) for seed in seeds)
