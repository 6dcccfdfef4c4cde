"""Dial lists: what may be typed, who may do what with one, when the next call is due, how one's counts move. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

POWER = "power"
CREATED, RUNNING, PAUSED, FINISHED, ARCHIVE = "created", "running", "paused", "finished", "archive"
STATUSES: dict[str, str] = {
    CREATED: N_("List is created"),
    RUNNING: N_("List is running"),
    PAUSED: N_("List is paused"),
    FINISHED: N_("List is finished"),
    ARCHIVE: N_("List is in the archive"),
}
PAUSES: tuple[int | None, ...] = (0, 10, 20, 30, 60, None)
USUAL_PAUSE = 20
"""Seconds that can be chosen between two calls; None = until the agent asks for the next client."""
MAX_TITLE = 100
# What a list's counts are kept by, beside the outcomes of clients who are done.
LEFT, EXCLUDED = "left", "excluded"
DUE, LATER, DIALING, DONE, OUT = "due", "later", "dialing", "done", "excluded"
# So many calls say how long one takes, and at least so many.
MEASURED, LEAST_MEASURED = 50, 3


class Who(NamedTuple):
    """Somebody who wants to do something; ``manages``: a supervisor or an administrator."""

    membership_id: int
    agent_id: int | None
    manages: bool = False


class Of(NamedTuple):
    """What of a list decides who may do what; ``team``: it has one, and ``inside``: he who asks is in it."""

    status: str
    creator_id: int | None = None
    agent_id: int | None = None
    team: bool = False
    inside: bool = False


def title(typed: str) -> str:
    """The name of a list in one line. Raises BadInput when it is empty or too long."""
    line = " ".join(typed.split())
    if not line or len(line) > MAX_TITLE or not line.isprintable():
        message = N_("Give the list a name of at most %(limit)s characters.")
        raise BadInput(message, fields={"title": N_("Fill in this field.")}, limit=MAX_TITLE)
    return line


def pause(seconds: int | None) -> int | None:
    """A pause that can be chosen. Raises BadInput."""
    if seconds not in PAUSES or isinstance(seconds, bool):
        message = N_("Choose a pause: 0, 10, 20, 30, 60 seconds, or until you ask for the next client.")
        raise BadInput(message, fields={"pause": message})
    return seconds


def allowed(action: str, who: Who, of: Of) -> bool:
    """Whether ``who`` is one of those who may do ``action`` (OUT-08 … OUT-14), whatever the list does just now.

    ``start``: whoever has a phone, unless somebody else is responsible. ``pause``, ``stop``: who performs it, and
    managers. ``next``, ``set_pause``: only who performs it. ``exclude``, ``retry``, ``archive``: who made it, and
    managers; of a list with a team also ``start``, ``pause``, ``stop`` and ``set_pause``. ``join``, ``leave``: whoever
    has a phone. ``set_mode``: as ``exclude``. ``promise`` (a call to a client at a time): also who performs it.
    """
    performs = who.agent_id is not None and who.agent_id == of.agent_id
    if action in ("join", "leave"):
        return of.team and who.agent_id is not None and of.inside == (action == "leave")
    if of.team:
        return action != "next" and (who.manages or (of.creator_id is not None and of.creator_id == who.membership_id))
    if action == "start":
        return who.agent_id is not None and of.agent_id in (None, who.agent_id)
    if action in ("pause", "stop"):
        return performs or who.manages
    if action in ("next", "set_pause"):
        return performs
    if action == "promise" and performs:
        return True
    return who.manages or (of.creator_id is not None and of.creator_id == who.membership_id)


_STATUSES: dict[str, tuple[str, ...]] = {
    "start": (CREATED, PAUSED),
    "pause": (RUNNING,),
    "stop": (RUNNING, PAUSED),
    "next": (RUNNING,),
    "join": (CREATED, RUNNING, PAUSED),
    "leave": (CREATED, RUNNING, PAUSED, FINISHED, ARCHIVE),
    "set_pause": (CREATED, RUNNING, PAUSED),
    "set_mode": (CREATED, PAUSED),
    "exclude": (CREATED, RUNNING, PAUSED, FINISHED),
    "retry": (RUNNING, PAUSED, FINISHED),
    "archive": (CREATED, PAUSED, FINISHED),
    "restore": (ARCHIVE,),
    "promise": (CREATED, RUNNING, PAUSED, FINISHED),
}


def fitting(action: str, of: Of) -> bool:
    """Whether a list in this status can have that done to it; a list that somebody holds can neither be put
    away nor get another mode.
    """
    if action == "stop" and of.status == PAUSED and not of.team:
        return of.agent_id is not None
    return of.status in _STATUSES[action] and (action not in ("archive", "set_mode") or of.agent_id is None)


def may(action: str, who: Who, of: Of) -> bool:
    """Whether the button is there."""
    return allowed(action, who, of) and fitting(action, of)


def next_at(ended_at: datetime, seconds: int | None) -> datetime | None:
    """When the next client is called after a call that ended; None = when the agent asks."""
    return None if seconds is None else ended_at + timedelta(seconds=seconds)


def bucket(state: str, outcome: str) -> str:
    """What a client in this state is counted by."""
    if state == DONE:
        return outcome
    return EXCLUDED if state == OUT else LEFT


def counted(counts: Mapping[str, int], changes: Mapping[str, int]) -> dict[str, Any]:
    """Counts with ``changes`` added; what is nought is left out."""
    keys = (*counts, *(one for one in changes if one not in counts))
    found = {key: max(0, counts.get(key, 0) + changes.get(key, 0)) for key in keys}
    return {key: count for key, count in found.items() if count}


def moved(counts: Mapping[str, int], before: str, after: str, number: int = 1) -> dict[str, Any]:
    """Counts when ``number`` clients went from one bucket to another."""
    return counted(counts, {before: -number, after: number}) if before != after else dict(counts)


def expected_end(
    left: int, past: Sequence[tuple[datetime, datetime]], seconds: int | None, now: datetime
) -> datetime | None:
    """When the list will be through if it goes on as lately; None while too little is known.

    ``past`` are the beginnings and ends of its last calls.
    """
    if left <= 0 or len(past) < LEAST_MEASURED:
        return None
    taken = sum((end - begin).total_seconds() for begin, end in past) / len(past)
    return now + timedelta(seconds=left * (taken + (seconds or 0)))


def expected_end_together(left: int, past: Sequence[tuple[datetime, datetime]], now: datetime) -> datetime | None:
    """The same of a list that has several calls at once: it goes on at the pace of its last ones."""
    if left <= 0 or len(past) < LEAST_MEASURED:
        return None
    lasted = (max(end for _, end in past) - min(begin for begin, _ in past)).total_seconds()
    return now + timedelta(seconds=left * lasted / len(past))
