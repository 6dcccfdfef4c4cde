"""How a line's figures are judged and joined. Pure."""

from __future__ import annotations

from callcenter.core.i18n import N_

CHECKS = {
    "browser": N_("Browser"),
    "found": N_("Microphone found"),
    "allowed": N_("Microphone allowed"),
    "loud": N_("Microphone loud enough"),
    "server": N_("Connection to the server"),
    "phone": N_("Phone registered"),
    "route": N_("Way of the sound"),
}
"""The self-test's lines in their order."""


def joined(old: float, before: int, new: float, more: int) -> float:
    """The mean of two means over ``before`` and ``more`` samples; 0.0 when there are none."""
    count = before + more
    return (old * before + new * more) / count if count else 0.0


def word(mos: float) -> str:
    """A line in one word (a gettext key), as telephone engineers divide MOS."""
    if mos >= 4.0:
        return N_("Excellent connection")
    if mos >= 3.6:
        return N_("Good connection")
    return N_("Poor connection") if mos >= 3.1 else N_("Bad connection")
