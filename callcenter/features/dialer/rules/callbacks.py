"""Calls that were promised: when, by whose clock, and what a call means for the promise (OBD-08). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.rules import outcomes
from callcenter.features.dialer.rules.outcomes import Verdict

Clock = Literal["client", "mine"]
MAX_AHEAD = timedelta(days=366)
PAST = N_("Choose a time that is still to come, within a year.")
UNREADABLE = N_("Choose a day and a time.")
NOWHERE = N_("It is not certain where the client is. Give the time by your own clock, or fill in the city in his card.")
NO_SUCH_TIME = N_("There is no such time on that day: the clocks are changed. Choose another one.")


def typed(text: str) -> datetime:
    """A day and a time in ISO 8601, with or without a zone. Raises BadInput."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise _bad(UNREADABLE) from None


def moment(at: datetime, clock: Clock, client: Sequence[ZoneInfo], mine: ZoneInfo, now: datetime) -> datetime:
    """When a client is to be called: ``at`` without a zone is by the client's clock or by the agent's own.

    ``client`` are zones of which each has a clock of its own. Raises BadInput.
    """
    if at.tzinfo is None:
        if clock == "client" and len(client) != 1:
            raise _bad(NOWHERE)
        here = at.replace(tzinfo=client[0] if clock == "client" else mine)
        found = here.astimezone(UTC)
        if found.astimezone(here.tzinfo).replace(tzinfo=None) != at:
            raise _bad(NO_SUCH_TIME)
    else:
        found = at.astimezone(UTC)
    if not now < found <= now + MAX_AHEAD:
        raise _bad(PAST)
    return found


def after(verdict: Verdict, found: str, promised: datetime | None, now: datetime) -> tuple[Verdict, bool]:
    """What follows for a client of an outcome when a call was promised, and whether the promise holds.

    One for later, made in this very call, is kept whatever the call came to. A promised call that did not reach the
    client at all is due at once; one that did is kept.
    """
    if promised is None:
        return verdict, False
    if promised > now:
        return Verdict("later", verdict.tries, verdict.phone, promised), True
    if found in outcomes.UNTOUCHED:
        return Verdict("later", verdict.tries, verdict.phone, now), True
    return verdict, verdict.state != rules.DONE


def without(outcome: str) -> str:
    """The state of a client whose promised call is called off: who was talked to is done, others wait in turn."""
    return rules.DONE if outcome and outcome not in outcomes.RETRIED else rules.DUE


def _bad(message: str) -> BadInput:
    return BadInput(message, fields={"at": message})
