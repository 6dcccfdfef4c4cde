"""What a row of the call list says: its kind, whose call it is, the line's name, waiting or talk time (TEL-04…10)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from callcenter.core.i18n import N_

Kind = Literal["in", "missed", "out", "internal", "spam"]

KIND_TITLES: dict[Kind, str] = {
    "in": N_("Incoming"),
    "missed": N_("Missed"),
    "out": N_("Outgoing"),
    "internal": N_("Internal"),
    "spam": N_("Spam"),
}
RESULT_TITLES: dict[str, str] = {
    "answered": N_("Answered"),
    "missed": N_("Missed"),
    "abandoned": N_("Hung up waiting"),
    "busy": N_("Busy"),
    "no_answer": N_("No answer"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
    "blocked": N_("Number is blocked"),
}
STATE_TITLES: dict[str, str] = {
    "started": N_("Connecting"),
    "menu": N_("In the menu"),
    "message": N_("Leaves a message"),
    "queued": N_("Waits in the queue"),
    "ringing": N_("Ringing"),
    "talking": N_("Talking"),
    "held": N_("On hold"),
    "ended": N_("Ended"),
}
STEP_TITLES: dict[str, str] = {
    "started": N_("Call began"),
    "prompt": N_("Prompt played"),
    "menu": N_("Menu"),
    "key": N_("Key pressed"),
    "queued": N_("Entered the queue"),
    "left_queue": N_("Left the queue"),
    "rang": N_("Rang at"),
    "answered": N_("Answered"),
    "held": N_("Put on hold"),
    "resumed": N_("Taken off hold"),
    "transferred": N_("Transferred"),
    "recording": N_("Recording began"),
    "record_pause": N_("Recording paused"),
    "record_resume": N_("Recording went on"),
    "redirected": N_("Redirected by a supervisor"),
    "front": N_("Moved to the front of the queue"),
    "consult": N_("Asked somebody first"),
    "returned": N_("Back with the client"),
    "conference": N_("Three talk"),
    "left": N_("Left the talk"),
    "parked": N_("Parked"),
    "comeback": N_("Came back"),
    "closed": N_("Came out of hours"),
    "blocked": N_("Refused: the number is blocked"),
    "own": N_("Own employee first"),
    "forwarded": N_("Forwarded"),
    "overflow": N_("Led on from the queue"),
    "voicemail": N_("Asked to leave a message"),
    "callback": N_("Asked to be called back"),
    "called_back": N_("Called back"),
    "survey": N_("Asked about the talk"),
    "score": N_("Answered about the talk"),
    "failed": N_("Could not be led anywhere"),
    "hangup": N_("Hung up"),
}


class Timing(NamedTuple):
    """``kind`` 'wait' or 'talk', and how many seconds."""

    kind: Literal["wait", "talk"]
    seconds: float


class Label(NamedTuple):
    """Who is responsible, and the name of the line under them (empty on a personal number)."""

    agents: tuple[str, ...]
    line: str


def kind(direction: str, result: str | None, spam: bool = False) -> Kind:
    """The call's kind in the list; an incoming call that nobody took is missed, one that goes on is not (yet).

    A blocked caller is not missed by anybody.
    """
    if spam or result == "blocked":
        return "spam"
    if direction == "in":
        return "in" if result in (None, "answered") else "missed"
    return "out" if direction == "out" else "internal"


def responsible(involved: Iterable[tuple[int, bool]], answered: bool) -> tuple[int, ...]:
    """Whose call it is: those who talked, or, when it was not answered, those whom it rang.

    ``involved`` gives (agent, talked) pairs.
    """
    pairs = list(involved)
    if answered and any(talked for _, talked in pairs):
        return tuple(agent for agent, talked in pairs if talked)
    return tuple(agent for agent, _ in pairs)


def label(
    agents: Iterable[str], *, number_kind: str | None, number_title: str, number_shown: str, owner: str = ""
) -> Label:
    """The label of a call on a number (TEL-05, TEL-06, TEL-07).

    A multichannel number is named under the employees (by its own number when it has no name); a personal number is
    not named, and its ``owner`` stands for a missed call that reached nobody's phone.
    """
    names = tuple(agents)
    if number_kind == "multichannel":
        return Label(names, number_title or number_shown)
    if number_kind == "personal" and not names and owner:
        names = (owner,)
    return Label(names, "")


def timing(answered: bool, wait_seconds: float, talk_seconds: float) -> Timing:
    """The time a row shows: how long was talked, or how long was waited in vain (TEL-10)."""
    return Timing("talk", talk_seconds) if answered else Timing("wait", wait_seconds)


def clock(seconds: float) -> str:
    """``00:04``, ``12:05``, ``1:02:03``."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes:02}:{left:02}"


def colleague(direction: str, from_number: str, to_number: str, own: str) -> str:
    """The short number of the other side of an internal call, for whom ``own`` is the short number; empty otherwise."""
    if direction != "internal" or not own or own not in (from_number, to_number):
        return ""
    return to_number if from_number == own else from_number
