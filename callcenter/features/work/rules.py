"""Background jobs: states, and how far one is. Pure."""

from __future__ import annotations

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


def share(done: int, total: int | None) -> int | None:
    """How far a job is in per cent, None while nobody knows how much there is to do."""
    if total is None:
        return None
    return 100 if total <= 0 else max(0, min(100, done * 100 // total))
