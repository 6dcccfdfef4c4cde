"""Background jobs: states, how far one is, how long it can be undone, how large its portions are. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

SCHEDULED, WAITING, RUNNING, DONE, FAILED, CANCELLED = "scheduled", "waiting", "running", "done", "failed", "cancelled"
OPEN = (SCHEDULED, WAITING, RUNNING)
STATE_TITLES: dict[str, str] = {
    SCHEDULED: N_("Job is scheduled"),
    WAITING: N_("Job waits for its turn"),
    RUNNING: N_("Job runs"),
    DONE: N_("Job is done"),
    FAILED: N_("Job failed"),
    CANCELLED: N_("Job was cancelled"),
}
UNDO_HOURS = 24
LATEST_DAYS = 366
# A portion should hold the database's write lock about so long (seconds), between so few and so many rows.
PORTION_SECONDS = 0.08
SMALLEST, LARGEST = 20, 500


def share(done: int, total: int | None) -> int | None:
    """How far a job is in per cent, None while nobody knows how much there is to do."""
    if total is None:
        return None
    return 100 if total <= 0 else max(0, min(100, done * 100 // total))


def next_portion(size: int, seconds: float, largest: int = LARGEST) -> int:
    """How many rows the next portion takes after one of ``size`` rows took so long; at most doubled at a time."""
    fitting = int(size * PORTION_SECONDS / max(seconds, 0.001))
    return max(SMALLEST, min(largest, fitting, size * 2))


def rest(seconds: float) -> float:
    """How long a job leaves the database to others (seconds) after a portion that took ``seconds``.

    As long as it took: SQLite's waiting writers look only now and then whether it is their turn.
    """
    return min(0.2, max(0.005, seconds))


def undo_ends(ended_at: datetime | None) -> datetime | None:
    """Until when a finished job can be undone."""
    return ended_at + timedelta(hours=UNDO_HOURS) if ended_at is not None else None


def may_undo(state: str, ended_at: datetime | None, now: datetime) -> bool:
    """Whether a job can still be undone: it has ended (also half-way) less than a day ago."""
    ends = undo_ends(ended_at)
    return state not in OPEN and ends is not None and now < ends


def start_at(wanted: datetime, now: datetime) -> datetime:
    """The chosen start; raises BadInput when it is past (a minute's grace) or too far away."""
    if wanted < now - timedelta(minutes=1):
        message = N_("This moment has passed. Choose a later one.")
        raise BadInput(message, fields={"at": message})
    if wanted > now + timedelta(days=LATEST_DAYS):
        message = N_("Choose a moment within a year.")
        raise BadInput(message, fields={"at": message})
    return wanted
