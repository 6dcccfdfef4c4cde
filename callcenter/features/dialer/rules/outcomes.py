"""What a call by a list came to, and what follows for its client: done, another try, or as if it had not been. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from callcenter.core.calls import Call, Leg
from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

ANSWERED, NO_ANSWER, BUSY, FAILED, WRONG_NUMBER = "answered", "no_answer", "busy", "failed", "wrong_number"
# Of calls that reach the client first: a machine took it, no employee was there for him, he hung up unheard.
MACHINE, ABANDONED, HUNG_UP = "machine", "abandoned", "hung_up"
# The client was not called at all, so that he is due as before.
AGENT_AWAY, AGENT_LEFT, NOT_PLACED, LOST, LINE_AWAY = "agent_away", "agent_left", "not_placed", "lost", "line_away"
UNTOUCHED = frozenset({AGENT_AWAY, AGENT_LEFT, NOT_PLACED, LOST, LINE_AWAY})
# Why a client was taken out.
BY_HAND, NO_NUMBER, BLOCKED, SPAM, DO_NOT_CALL = "by_hand", "no_number", "blocked", "spam", "do_not_call"
NO_HOUR = "no_hour"

TITLES: dict[str, str] = {
    ANSWERED: N_("Talked to"),
    NO_ANSWER: N_("Client did not answer"),
    BUSY: N_("Client was busy"),
    FAILED: N_("Call failed"),
    WRONG_NUMBER: N_("Number does not exist"),
    MACHINE: N_("Answering machine"),
    ABANDONED: N_("No employee was free"),
    HUNG_UP: N_("Client hung up at once"),
    AGENT_AWAY: N_("Employee did not answer his phone"),
    AGENT_LEFT: N_("Employee hung up before the client was called"),
    NOT_PLACED: N_("Call was not made"),
    LOST: N_("Call never came about"),
    LINE_AWAY: N_("Operator's line took no call"),
    BY_HAND: N_("Taken out by hand"),
    NO_NUMBER: N_("No phone number any more"),
    BLOCKED: N_("Client is blocked"),
    SPAM: N_("Number is marked as spam"),
    DO_NOT_CALL: N_("Asked not to be called"),
    NO_HOUR: N_("No hour fits all time zones of the number"),
}
RETRIED = (NO_ANSWER, BUSY, FAILED, MACHINE, ABANDONED)
"""Outcomes after which a client may be called again."""
_LIKE = {HUNG_UP: NO_ANSWER}
AFTER = (300, 900, 1800, 3600, 7200, 14_400, 86_400)
MAX_TIMES = 5
# Hang-up causes (Q.850) of a number that does not exist.
_WRONG = frozenset({1, 2, 3, 22, 28})
# Those of an operator who is away or full: nothing rang, and the next client would fare no better.
_LINE = frozenset({0, 18, 20, 27, 29, 34, 38, 41, 42, 102})


class Verdict(NamedTuple):
    """What becomes of a client: ``state`` due, later or done; ``phone`` is which of his numbers comes next."""

    state: Literal["due", "later", "done"]
    tries: int
    phone: int
    next_at: datetime | None = None


def client_first(call_id: str) -> bool:
    """Whether a call is one that reaches the client before an agent is chosen (telephony.intents.new_list_call_id)."""
    return call_id.startswith("p")


def outcome(call: Call) -> str:
    """What an ended call came to. Its first leg is the agent's phone, the client's leg comes when he has answered."""
    if client_first(call.id):
        return _client_first(call)
    client = next((leg for leg in reversed(call.legs) if leg.agent_id is None and leg.id != call.id), None)
    if call.result == "answered":
        return ANSWERED
    if client is None:
        first = next((leg for leg in call.legs if leg.id == call.id), None)
        if first is None or first.answered_at is None:
            return AGENT_AWAY
        return AGENT_LEFT if call.hangup_by == "agent" or call.result == "cancelled" else LINE_AWAY
    return _unanswered(call, client)


def _client_first(call: Call) -> str:
    """The same of a call whose first leg is the client's: what its dialplan told says what was found there."""
    told = {step.kind for step in call.steps}
    client = next((leg for leg in call.legs if leg.id == call.id), None)
    if call.result == "answered":
        return ANSWERED
    if "person" in told:
        return ABANDONED
    if "machine" in told:
        return MACHINE
    if client is None:
        return FAILED
    return HUNG_UP if client.answered_at is not None else _unanswered(call, client)


def _unanswered(call: Call, client: Leg) -> str:
    if client.cause in _WRONG:
        return WRONG_NUMBER
    if call.result == "busy" or client.cause in (17, 21):
        return BUSY
    if client.ringing_at is None and client.cause in _LINE and call.result != "cancelled":
        return LINE_AWAY
    return NO_ANSWER if call.result in ("no_answer", "cancelled", "missed", "abandoned") else FAILED


def person_at(call: Call) -> float | None:
    """When a person answered who is to count in a list's ledger (epoch seconds)."""
    return next((step.at for step in call.steps if step.kind == "person"), None)


def verdict(found: str, tries: int, phone: int, numbers: int, rules: Mapping[str, Any], now: datetime) -> Verdict:
    """What follows from an outcome for a client with ``numbers`` telephones who was called ``tries`` times before.

    ``rules`` are a list's retry rules: outcome → [seconds, times]. A number that does not exist gives way to the
    client's next one at once; after other failures the next try goes to the next number.
    """
    if found in UNTOUCHED:
        return Verdict("due", tries, phone)
    tries += 1
    if found == WRONG_NUMBER and phone + 1 < numbers:
        return Verdict("due", tries, phone + 1)
    rule = _LIKE.get(found, found)
    seconds, times = rules.get(rule, (0, 0)) if rule in RETRIED else (0, 0)
    if found == ANSWERED or tries > times:
        return Verdict("done", tries, phone)
    return Verdict("later", tries, (phone + 1) % max(numbers, 1), now + timedelta(seconds=seconds))


def retry(typed: Mapping[str, Any]) -> dict[str, list[int]]:
    """Retry rules as kept: outcome → [seconds, times]; those that ask for none are left out. Raises BadInput."""
    found: dict[str, list[int]] = {}
    for one, rule in typed.items():
        message = N_("Choose after how long and how many times a client is called again.")
        try:
            seconds, times = (int(part) for part in rule)
        except (TypeError, ValueError):
            raise BadInput(message, fields={"retry": message}) from None
        if one not in RETRIED or seconds not in AFTER or not 0 <= times <= MAX_TIMES:
            raise BadInput(message, fields={"retry": message})
        if times:
            found[one] = [seconds, times]
    return found


def later(numbers: Sequence[str], phone: int) -> str:
    """The number of a client that comes now; '' when he has none."""
    return numbers[phone % len(numbers)] if numbers else ""
