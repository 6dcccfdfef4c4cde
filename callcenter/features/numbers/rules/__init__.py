"""What a number may be called and where its calls may go. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

TargetKind = Literal["queue", "menu", "agent"]
Takers = Literal["", "all", "some"]
MAX_TITLE = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")

TAKER_TITLES: dict[str, str] = {
    "": N_("By the target"),
    "all": N_("All employees"),
    "some": N_("Chosen employees"),
}
TARGET_TITLES: dict[str, str] = {"queue": N_("Queue"), "menu": N_("Voice menu"), "agent": N_("Employee")}
SITUATIONS: dict[str, str] = {
    "greeting": N_("On arrival"),
    "waiting": N_("While waiting"),
    "busy": N_("Everybody is busy"),
    "nobody": N_("Nobody can answer"),
    "closed": N_("Out of hours"),
}
"""The five situations in which a caller hears a prompt (INB-19)."""
GOAL_KINDS = frozenset({"queue", "menu", "agent", "external", "play", "voicemail", "agent_voicemail", "hangup"})
LIMITS: dict[str, tuple[int, int]] = {"last_days": (0, 365), "own_seconds": (5, 120), "priority": (0, 10)}
FORWARD_LIMITS: dict[str, tuple[int, int]] = {"seconds": (5, 120), "attempts": (1, 5)}
LIMIT_TEXTS: dict[str, str] = {
    "last_days": N_("Enter from 0 to 365 days."),
    "own_seconds": N_("Enter from 5 to 120 seconds."),
    "priority": N_("Enter from 0 to 10."),
    "forward_seconds": N_("Enter from 5 to 120 seconds."),
    "forward_attempts": N_("Enter from 1 to 5 attempts."),
}


def confirmed(e164: str, lines: Collection[str], valid: Collection[str]) -> bool:
    """Whether a number may be shown or forwarded to: a line of the company's own, or one with a valid confirmation."""
    return e164 in lines or e164 in valid


def title(text: str) -> str:
    """The line's name in one line; raises BadInput when it is too long."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    if len(line) > MAX_TITLE:
        message = N_("The line's name is too long: at most %(limit)s characters.")
        raise BadInput(message, fields={"title": N_("This is too long.")}, limit=MAX_TITLE)
    return line


def own_queue_name(number_title: str, shown: str) -> str:
    """What the private queue of a number is called."""
    return (number_title or shown)[:MAX_TITLE]
