"""When an employee's own telephone may take forwarded calls. Pure."""

from __future__ import annotations

from callcenter.core.i18n import N_

UNCONFIRMED, WAITING, WORKS = "unconfirmed", "waiting", "works"
STATES: dict[str, str] = {
    UNCONFIRMED: N_("Not confirmed"),
    WAITING: N_("Waits for approval"),
    WORKS: N_("Takes forwarded calls"),
}


def state(*, confirmed: bool, approved: bool) -> str:
    """What is still missing: first the confirmation by its owner, then the approval."""
    if not confirmed:
        return UNCONFIRMED
    return WORKS if approved else WAITING
