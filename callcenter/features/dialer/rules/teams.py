"""How a list dials: its mode, and for lists that several employees work on together what is set of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

PREVIEW, POWER, PROGRESSIVE, PREDICTIVE = "preview", "power", "progressive", "predictive"
MODES: dict[str, str] = {
    PREVIEW: N_("Preview: the employee looks at the client, then calls"),
    POWER: N_("Power: the employee's phone rings, then the client is called"),
    PROGRESSIVE: N_("Progressive: one client is called for each ready employee"),
    PREDICTIVE: N_("Predictive: as many are called as employees will be free for"),
}
SHORT: dict[str, str] = {
    PREVIEW: N_("Preview"), POWER: N_("Power"), PROGRESSIVE: N_("Progressive"), PREDICTIVE: N_("Predictive"),
}  # fmt: skip
TEAM = frozenset({PROGRESSIVE, PREDICTIVE})
"""Modes in which the client is called first and a team of employees takes those who answer."""
LEDGER = timedelta(days=30)
"""Over so long the share of abandoned persons is kept under a list's cap."""
QUIET = timedelta(hours=72)
"""So long nobody is called predictively whom a list has abandoned."""
DROP_AFTER = 2.0
"""Seconds that a person waits for an employee after his greeting."""
MAX_NUMBERS = 20

CALLERS: dict[str, str] = {
    "fixed": N_("Always the same one"),
    "rotate": N_("Several in turn"),
    "region": N_("The one of the client's region"),
}
FIGURES: dict[str, str] = {
    "ringing": N_("Clients being called"),
    "analysed": N_("Being listened to"),
    "waiting": N_("Waiting for an employee"),
    "talking": N_("Clients in talk"),
    "persons": N_("People reached in 30 days"),
    "abandoned": N_("Of them met nobody"),
}
HEARD: dict[str, str] = {"person": N_("A person"), "machine": N_("A machine")}
FIELDS: tuple[tuple[str, str, int, int], ...] = (
    ("initial", N_("Silence before the first word, ms"), 500, 10_000),
    ("longest", N_("Longest greeting of a person, ms"), 300, 10_000),
    ("silence", N_("Pause that ends a greeting, ms"), 200, 5_000),
    ("total", N_("Decided after, ms"), 1_000, 15_000),
    ("words", N_("Most words of a person"), 1, 20),
)
"""Settings of the analysis as the form offers them: name, words, least, most."""

_LIMITS: dict[str, tuple[float, float]] = {
    "cap": (0.1, 10.0),
    "initial": (500, 10_000),
    "longest": (300, 10_000),
    "silence": (200, 5_000),
    "total": (1_000, 15_000),
    "words": (1, 20),
    "sample": (0, 100),
    "inbound": (0, 100),
}


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What is set of how a list dials.

    ``callers``: which number clients see: ``fixed`` (the list's own), ``rotate`` (``numbers`` in turn), ``region`` (the
    one of ``numbers`` in the client's region, else the first).

    Of lists with a team: ``cap`` is the share of persons that may be abandoned, in per cent. ``amd``: whether answering
    machines are told from persons, by ``initial``, ``longest``, ``silence``, ``total`` (milliseconds) and ``words``
    (`telephony.nailing.Greeting`). ``machine``: hangup, or message (the prompt ``message`` after the tone). ``dropped``
    is the prompt that an abandoned person hears. ``sample``: of so many calls in a hundred the greeting is kept.
    ``inbound``: nobody is called while so many callers wait in the team's queues (0 = that does not count).
    """

    callers: Literal["fixed", "rotate", "region"] = "fixed"
    numbers: tuple[int, ...] = ()
    cap: float = 3.0
    amd: bool = False
    initial: int = 2500
    longest: int = 1500
    silence: int = 800
    total: int = 5000
    words: int = 3
    machine: Literal["hangup", "message"] = "hangup"
    message: str = ""
    dropped: str = "standard-dropped"
    sample: int = 10
    inbound: int = 0


def setting(kept: Mapping[str, Any]) -> Setting:
    """A list's setting out of the database."""
    return msgspec.convert(dict(kept), Setting)


def checked(mode: str, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What of a typed setting is kept for a list of this mode. Raises BadInput with a note for each wrong field."""
    if mode not in MODES:
        message = N_("Choose how the list dials: preview, power, progressive or predictive.")
        raise BadInput(message, fields={"mode": message})
    try:
        found = msgspec.convert(dict(typed), Setting)
    except msgspec.ValidationError:
        message = N_("This setting of the list is not known. Choose one of those that are offered.")
        raise BadInput(message, fields={"dialing": message}) from None
    for name, (least, most) in _LIMITS.items():
        if not least <= getattr(found, name) <= most:
            message = N_("Enter a number from %(least)s to %(most)s.")
            raise BadInput(message, fields={name: message}, least=f"{least:g}", most=f"{most:g}")
    if found.callers != "fixed" and not 0 < len(set(found.numbers)) <= MAX_NUMBERS:
        message = N_("Choose the numbers that clients see.")
        raise BadInput(message, fields={"numbers": message})
    if mode in TEAM and found.amd and found.machine == "message" and not found.message:
        message = N_("Choose what a machine hears.")
        raise BadInput(message, fields={"message": message})
    return msgspec.to_builtins(found)  # type: ignore[no-any-return]


def check_pause(mode: str, seconds: int | None) -> None:
    """Raises BadInput where a list with a team would wait for somebody to ask for the next client."""
    if mode in TEAM and seconds is None:
        message = N_("Choose a pause in seconds: in a list with a team clients come by themselves.")
        raise BadInput(message, fields={"pause": message})


def caller(found: Setting, own: int | None, usable: Sequence[tuple[int, str]], client: str, turn: int) -> int | None:
    """The number (its id) that a client sees; None = the one that a click would show.

    ``own`` is the list's own number, ``usable`` those that may be shown now with their regions, ``client`` the
    client's region ('' = unknown), ``turn`` how many calls the list has made.
    """
    if found.callers == "fixed":
        return own
    there = dict(usable)
    offered = [one for one in found.numbers if one in there]
    if not offered:
        return own
    if found.callers == "region":
        return next((one for one in offered if client and there[one] == client), offered[0])
    return offered[turn % len(offered)]


def sampled(found: Setting, turn: int) -> bool:
    """Whether the greeting of the call with this running number is kept: of each hundred the first ``sample``."""
    return found.amd and (turn * found.sample) % 100 < found.sample


def share(persons: int, abandoned: int) -> float:
    """Abandoned persons of all who were reached, in per cent."""
    return 100.0 * abandoned / persons if persons else 0.0
