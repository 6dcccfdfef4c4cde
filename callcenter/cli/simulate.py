"""``simulate``: pacers on virtual days, side by side."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

import msgspec

from callcenter.config import Settings
from callcenter.core.errors import BadInput
from callcenter.features.dialer.rules.simulation.scenario import Scenario
from callcenter.features.dialer.rules.simulation.trial import PACERS, Trial, attempt

HEAD = ("pacer", "occupancy %", "abandoned %", "worst day %", "worst hour %", "talks", "calls", "lost to detector")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command may be told."""
    day = Scenario()
    add = parser.add_argument
    add("--agents", type=int, default=day.agents, help="how many agents (default: %(default)s)")
    add("--answering", type=float, default=day.answering, metavar="SHARE", help="calls that a person answers, 0 … 1")
    add("--drift", action="store_true", help="let that share change over the day")
    add("--hours", type=float, default=day.hours, help="hours to measure after half an hour (default: %(default)s)")
    add("--refusals", type=float, default=day.refusals, metavar="SHARE", help="persons who refuse at once, 0 … 1")
    add("--refusal", type=float, default=day.refusal.median, metavar="SECONDS", help="their median talk")
    add(
        "--conversation", type=float, default=day.conversation.median, metavar="SECONDS", help="the others' median talk"
    )
    add("--wrapup", type=float, default=day.wrapup.median, metavar="SECONDS", help="the median wrap-up")
    add("--cap", type=float, default=0.03, metavar="SHARE", help="persons that may be abandoned, 0 … 1")
    add("--days", type=int, default=1, help="how many days (default: %(default)s)")
    add("--seed", type=int, default=1, help="seed of the first day (default: %(default)s)")
    add("--pacer", action="append", choices=list(PACERS), help="may be repeated (default: all)")
    add("--json", action="store_true", help="print JSON")


def simulate(settings: Settings, args: argparse.Namespace) -> int:
    """Prints what each pacer comes to on the same days."""
    day = scenario(args)
    seeds = range(args.seed, args.seed + args.days)
    trials = {name: attempt(day, PACERS[name], seeds, args.cap) for name in args.pacer or PACERS}
    if args.json:
        print(msgspec.json.encode({name: asdict(trial) for name, trial in trials.items()}).decode())
    else:
        print(report(trials))
    return 0


def report(trials: dict[str, Trial]) -> str:
    """A table of text."""
    rows: list[Sequence[str]] = [HEAD]
    for name, trial in trials.items():
        shares = (trial.occupancy, trial.abandoned, trial.worst_day, trial.worst_hour)
        counts = (trial.talks, trial.placed, trial.lost)
        rows.append((name, *(f"{100 * share:.2f}" for share in shares), *(f"{count:.0f}" for count in counts)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in enumerate(cells))
        for cells in (list(zip(row, widths, strict=True)) for row in rows)
    )


def scenario(args: argparse.Namespace) -> Scenario:
    """The day that is asked for. BadInput names an argument that makes no sense."""
    for name in ("answering", "refusals", "cap"):
        if not 0 <= getattr(args, name) <= 1:
            raise BadInput(f"--{name} is a share from 0 to 1.")
    for name in ("agents", "days"):
        if getattr(args, name) < 1:
            raise BadInput(f"--{name} is at least 1.")
    for name in ("hours", "refusal", "conversation", "wrapup"):
        if getattr(args, name) <= 0:
            raise BadInput(f"--{name} is more than 0.")
    day = Scenario()
    return Scenario(
        agents=args.agents,
        answering=args.answering,
        drifting=args.drift,
        hours=args.hours,
        refusals=args.refusals,
        refusal=day.refusal._replace(median=args.refusal),
        conversation=day.conversation._replace(median=args.conversation),
        wrapup=day.wrapup._replace(median=args.wrapup),
    )
