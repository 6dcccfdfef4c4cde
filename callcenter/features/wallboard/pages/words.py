"""The wallboard's words: what each figure means, for the page and for its script (SUP-02)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from callcenter.core.i18n import N_
from callcenter.features.wallboard import rules
from callcenter.http import formats

Say = Callable[[str], str]

# name, formula, numerator's name, denominator's name, kind of value, kinds of numerator and denominator.
# Kinds: share (per cent), span (time), count.
_FIGURES: Mapping[str, tuple[str, str, str, str, str, str, str]] = {
    "service_level": (
        N_("Service level"),
        N_("Answered within %(target)s ÷ (answered + lost)"),
        N_("Answered within %(target)s"),
        N_("Answered + lost"),
        "share",
        "count",
        "count",
    ),
    "asa": (
        N_("Average wait"),
        N_("Sum of the waits of answered calls ÷ answered calls"),
        N_("Sum of waits"),
        N_("Answered by agents"),
        "span",
        "span",
        "count",
    ),
    "aht": (
        N_("Average handling"),
        N_("(Talk + hold + wrap-up) ÷ handled calls"),
        N_("Talk, hold and wrap-up"),
        N_("Handled calls"),
        "span",
        "span",
        "count",
    ),
    "occupancy": (
        N_("Occupancy"),
        N_("(Talk + hold + wrap-up) ÷ (talk + hold + wrap-up + ready)"),
        N_("Talk, hold and wrap-up"),
        N_("The same and ready time"),
        "share",
        "span",
        "span",
    ),
    "abandonment": (
        N_("Abandonment"),
        N_("Lost ÷ entered"),
        N_("Lost"),
        N_("Entered"),
        "share",
        "count",
        "count",
    ),
}
# Formula, numerator's and denominator's name of the service level by its variant (live.figures.SERVICE_LEVELS).
_SERVICE_LEVELS: Mapping[str, tuple[str, str, str]] = {
    "asterisk": (
        N_("Answered within %(target)s ÷ answered (Asterisk SL)"),
        N_("Answered within %(target)s"),
        N_("Answered by agents"),
    ),
    "asterisk2": (
        N_("(Answered within %(target)s + lost within %(target)s) ÷ (answered + lost) (Asterisk SL2)"),
        N_("Answered or lost within %(target)s"),
        N_("Answered + lost"),
    ),
    "genesys": (
        N_("Answered within %(target)s ÷ (answered + all lost) (Genesys)"),
        N_("Answered within %(target)s"),
        N_("Answered + lost"),
    ),
    "wazo": (
        N_("Answered within %(target)s ÷ answered (Wazo QoS)"),
        N_("Answered within %(target)s"),
        N_("Answered by agents"),
    ),
}
_COUNTS: Mapping[str, tuple[str, str]] = {
    "waiting": (N_("Waiting in queue"), N_("Callers who are in the queue now and have not been answered.")),
    "longest": (N_("Longest wait"), N_("Now − the moment when the caller who has waited longest entered the queue.")),
    "talking": (N_("Talks now"), N_("Agents who talk now.")),
    "ready": (N_("Ready now"), N_("Agents who would be rung now.")),
    "entered": (N_("Entered"), N_("Calls that came into the queue today.")),
    "answered": (N_("Answered by agents"), N_("Calls of the queue that an agent answered today.")),
    "abandoned": (N_("Lost"), N_("Callers who hung up in the queue today before an agent answered.")),
}
_SHORT = N_("Callers who hang up within %(short)s are not counted.")
_SECONDS = N_("%(seconds)s s")
_OWN_TARGET = N_("each queue's target")
_OWN_SHORT = N_("each queue's limit")
_GOAL = N_("goal %(goal)s within %(target)s")
_MET = N_("goal %(goal)s within %(target)s, met")
_MISSED = N_("goal %(goal)s within %(target)s, not met")
_TEXTS = {
    "all": N_("all queues, today"),
    "today": N_("today"),
    "now": N_("now"),
    "eachQueue": N_("An agent of several queues counts in each of them."),
    "none": N_("Nothing to divide by yet."),
    "value": N_("How many"),
    "for": N_("for how long"),
    "calm": N_("All is calm"),
    "sparkName": N_("Service level by hour"),
    "full": N_("Full screen"),
    "leave": N_("Leave full screen"),
    "setState": N_("Set the state"),
}
_CONCERNS = {
    "wait": N_("Waits"),
    "no_answer": N_("Does not answer"),
    "phone": N_("No phone on line"),
    "limit": N_("Break over its limit"),
    "pause": N_("Break"),
    "wrapup": N_("Wrap-up"),
}
CONCERN_ICONS = {
    "wait": "clock",
    "no_answer": "missed",
    "phone": "alert",
    "limit": "alert",
    "pause": "cup",
    "wrapup": "note",
}
_STATES = {
    "ready": N_("Ready"),
    "ringing": N_("Ringing"),
    "talking": N_("In a call"),
    "wrapup": N_("Wrap-up"),
    "paused": N_("Break"),
    "offline": N_("Off line"),
}
# The built-in reason, and those that were known before each business had its own list.
_REASONS = {
    "no_answer": N_("Not answering"),
    "break": N_("Break"),
    "lunch": N_("Lunch"),
    "meeting": N_("Meeting"),
    "training": N_("Training"),
    "paperwork": N_("Paperwork"),
}


def state(say: Say, name: str, why: str) -> str:
    """An agent's state in words; a break is called by its reason."""
    if name == "paused" and why:
        return reason(say, why)
    return say(_STATES.get(name, name))


def reason(say: Say, name: str) -> str:
    """A break's reason: one of the known keys, else as it was typed."""
    return say(_REASONS[name]) if name in _REASONS else name


def concerns(say: Say) -> dict[str, str]:
    """What each kind of concern is called."""
    return {kind: say(text) for kind, text in _CONCERNS.items()}


def seconds(say: Say, values: Iterable[int | None], mixed: str) -> str:
    """``20 s`` when all queues have the same seconds, else ``mixed``."""
    found = {v if v is not None else rules.DEFAULT_TARGET for v in values} or {rules.DEFAULT_TARGET}
    return say(_SECONDS) % {"seconds": found.pop()} if len(found) == 1 else say(mixed)


def goal_note(say: Say, language: str, level: float | None, targets: Sequence[int | None]) -> str:
    """The line below the service level: the goal, and whether it is met."""
    text = _GOAL if level is None else _MET if level >= rules.SERVICE_GOAL else _MISSED
    return say(text) % {"goal": goal(language), "target": seconds(say, targets, _OWN_TARGET)}


def goal(language: str) -> str:
    """The goal in per cent, in the language's way of writing it."""
    return formats.percent(rules.SERVICE_GOAL, language)


def config(
    say: Say,
    language: str,
    *,
    variant: str,
    targets: Mapping[int, int],
    shorts: Mapping[int, int],
    queues: Sequence[Any],
    agents: Sequence[Any],
) -> dict[str, Any]:
    """What the page's script must know: limits, queues with their settings, and every text it shows."""
    figures: dict[str, dict[str, str]] = {}
    for key, (name, formula, top, bottom, kind, top_kind, bottom_kind) in _FIGURES.items():
        figures[key] = {
            "name": say(name),
            "formula": say(formula),
            "top": say(top),
            "bottom": say(bottom),
            "kind": kind,
            "topKind": top_kind,
            "bottomKind": bottom_kind,
        }
    if variant in _SERVICE_LEVELS:
        formula, top, bottom = _SERVICE_LEVELS[variant]
        figures["service_level"] |= {"formula": say(formula), "top": say(top), "bottom": say(bottom)}
    for key, (name, formula) in _COUNTS.items():
        figures[key] = {"name": say(name), "formula": say(formula), "kind": "span" if key == "longest" else "count"}
    return {
        "variant": variant,
        "goal": rules.SERVICE_GOAL,
        "late": rules.LATE,
        "veryLate": rules.VERY_LATE,
        "pauseLimit": rules.PAUSE_LIMIT,
        "wrapupLimit": rules.WRAPUP_LIMIT,
        "lostPhone": rules.LOST_PHONE,
        "target": rules.DEFAULT_TARGET,
        "targets": {str(q): t for q, t in targets.items()},
        "shorts": {str(q): s for q, s in shorts.items()},
        "queues": queues,
        "agents": agents,
        "figures": figures,
        "states": list(rules.STATES),
        "tones": dict(rules.TONES),
        "concerns": concerns(say),
        "concernIcons": CONCERN_ICONS,
        "texts": {
            **{key: say(text) for key, text in _TEXTS.items()},
            "short": say(_SHORT),
            "seconds": say(_SECONDS),
            "ownTarget": say(_OWN_TARGET),
            "ownShort": say(_OWN_SHORT),
            "goalNote": say(_GOAL),
            "goalMet": say(_MET),
            "goalMissed": say(_MISSED),
            "goal": goal(language),
        },
    }
