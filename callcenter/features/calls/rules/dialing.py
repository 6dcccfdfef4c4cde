"""Click-to-dial: who may dial now, what number the client sees, and what a failure is called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from callcenter.core.i18n import N_

PER_MINUTE = 20
WINDOW = 60.0

UNCONFIRMED: dict[str, str] = {
    "common": N_(
        "Calls out are blocked: the company's number is not confirmed. "
        "An administrator confirms it in Telephony, Numbers, Calls out."
    ),
    "personal": N_(
        "Calls out are blocked: your own number is not confirmed. Confirm it in your profile, My number for calls."
    ),
}
NO_RIGHT = N_("You may not call out. An administrator can allow it in Team, Calls out.")
NO_NUMBER = N_(
    "No number of the company is open to you for calls out. An administrator can allow one in Telephony, Numbers."
)
FAILURES: dict[str, str] = {
    "busy": N_("The number is busy."),
    "no_answer": N_("Nobody answered."),
    "rejected": N_("The call was rejected."),
    "offline": N_("Your phone is not on line. Open the phone in the page or register your SIP phone."),
    "wrong_number": N_("This number does not exist. Check it and dial again."),
    "failed": N_("The call could not be connected. Try again in a minute."),
}


class OwnNumber(NamedTuple):
    """A number of the business as far as caller ID goes; ``agent_id`` owns it when it is personal.

    Calls out go by it where ``outgoing`` says so, and then of ``callers`` only (None = everybody).
    """

    id: int
    e164: str
    kind: str
    agent_id: int | None
    active: bool
    trunk_id: int | None
    outgoing: bool = True
    callers: frozenset[int] | None = None

    def serves(self, agent_id: int) -> bool:
        """Whether an agent may call out by this number now."""
        return self.active and self.outgoing and (self.callers is None or agent_id in self.callers)


def caller_number(
    numbers: Sequence[OwnNumber], agent_id: int, chosen: int | None, default: int | None
) -> OwnNumber | None:
    """The number that the client sees: the agent's personal one, else the one chosen for him, else the business's.

    ``default`` is the business's own choice; without it, its first multichannel number serves. Only numbers count by
    which he may call. None = there is none.
    """
    usable = {number.id: number for number in numbers if number.serves(agent_id)}
    for number in usable.values():
        if number.kind == "personal" and number.agent_id == agent_id:
            return number
    for wanted in (chosen, default):
        if wanted is not None and wanted in usable and usable[wanted].kind == "multichannel":
            return usable[wanted]
    shared = sorted((n for n in usable.values() if n.kind == "multichannel"), key=lambda n: n.id)
    return shared[0] if shared else None


def retry_after(times: Iterable[float], now: float, limit: int = PER_MINUTE) -> int:
    """Seconds until one more call may be dialled, 0 = at once; ``times`` are the agent's earlier dials (epoch)."""
    recent = sorted(at for at in times if now - at < WINDOW)
    if len(recent) < limit:
        return 0
    return max(1, int(recent[-limit] + WINDOW - now + 0.999))


def failure_text(reason: str) -> str:
    """What a person reads when a dialled call did not come about (a gettext key)."""
    return FAILURES.get(reason, FAILURES["failed"])
