"""What a number may be called and where its calls may go. Pure."""

from __future__ import annotations

import re
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
