"""Calls that a person asked for (click-to-dial): from the order to its outcome in one word. Pure."""

from __future__ import annotations

import re
import secrets
from typing import Literal

import msgspec

from callcenter.core.calls import Call, Leg
from callcenter.core.directory import AgentRef, Directory
from callcenter.core.phones import to_e164

Reason = Literal["busy", "no_answer", "rejected", "offline", "wrong_number", "failed"]

# What may be dialled: E.164 with or without plus, or a short number.
DIALLABLE = re.compile(r"\+?[0-9]{2,18}\Z")

# Where a call may be transferred: an agent, a queue, a menu (by id) or a number outside.
TRANSFERABLE = re.compile(r"(?:[aqm][0-9]{1,18}|\+[0-9]{7,15})\Z")

# Ids of calls that we begin (d: click-to-dial, b: call-back, p: a dial list's that calls the client first), as against
# those that Asterisk makes. The client's phone rings first in the latter two.
OUR_CALL_ID = re.compile(r"[dbp][0-9]{13}\.[0-9a-f]{8}\Z")
CLIENT_FIRST = re.compile(r"[bp][0-9]{13}\.[0-9a-f]{8}\Z")

# Hang-up causes (Q.850) of a leg that was never answered.
_WORDS: dict[int, Reason] = {
    1: "wrong_number",
    2: "wrong_number",
    3: "wrong_number",
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "no_answer",
    21: "rejected",
    22: "wrong_number",
    28: "wrong_number",
}
# What OriginateResponse says about the agent's own phone: control frames of Asterisk.
_RESPONSES: dict[str, Reason] = {"1": "no_answer", "3": "no_answer", "5": "busy", "8": "rejected"}


class Dial(msgspec.Struct, kw_only=True):
    """A click-to-dial that is under way. ``refused`` is the Reason field of a failed OriginateResponse."""

    call_id: str
    business_id: int
    agent_id: int
    endpoint: str
    asked_at: float
    refused: str | None = None
    seen: bool = False


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How a click-to-dial is given to Asterisk. ``account`` is what the journal knows of it from the first moment."""

    context: str
    exten: str
    variables: dict[str, str | int]
    account: str


def order(
    directory: Directory, agent: AgentRef, to: str, *, caller_id: str = "", number_id: int | None = None
) -> Order:
    """The way of a call from ``agent`` to the number ``to``: to a client, or to a colleague by his short number."""
    business_id = agent.business_id
    variables: dict[str, str | int] = {"CC_BUSINESS": business_id, "CC_AGENT": agent.id}
    if directory.agent_by_short(business_id, to) is not None:
        variables |= {"CC_DIR": "internal", "CC_FROM": agent.short_number, "CC_TO": to}
        account = f":{agent.short_number}:{to}:internal"
        return Order(context=f"dial-{business_id}", exten=to, variables=variables, account=account)
    to = to_e164(to) or to
    number = directory.numbers.get(number_id or 0)
    if number is None or number.business_id != business_id:
        number_id = None
    else:
        caller_id = caller_id or number.e164
    variables |= {"CC_DIR": "out", "CC_TO": to}
    if number_id is not None:
        variables["CC_NUMBER"] = number_id
    if caller_id:
        variables["CC_FROM"] = caller_id
        if number is not None and caller_id != number.e164:
            # Another number than the line's is seen: the caller has seen to it that it is confirmed.
            variables["SHOWID"] = caller_id
    # With everything known the call takes the dialplan's short way.
    short = number_id is not None and to.startswith("+")
    return Order(
        context=f"click-{business_id}" if short else f"dial-{business_id}",
        exten=str(number_id) if short else to,
        variables=variables,
        account=f"{number_id or ''}:{caller_id}:{to}:out",
    )


def new_call_id(now: float) -> str:
    """A fresh id for a call that we begin: unique over restarts, fit for file names, unlike any that Asterisk makes."""
    return f"d{int(now * 1000)}.{secrets.token_hex(4)}"


def new_callback_id(now: float) -> str:
    """The same for a call to a client who wants to be called back."""
    return f"b{int(now * 1000)}.{secrets.token_hex(4)}"


def new_list_call_id(now: float) -> str:
    """The same for a call of a dial list that calls the client before it has an agent for him."""
    return f"p{int(now * 1000)}.1{secrets.token_hex(4)[1:]}"


def outcome(call: Call) -> Reason | None:
    """Why an ended click-to-dial did not come about; None = the client answered, or the agent gave up himself."""
    if call.result == "answered":
        return None
    client = _last(call, ("client", "other"))
    if client is not None:
        if client.answered_at is not None:
            return None
        if call.result == "cancelled" or (client.cause in (None, 0, 16) and call.hangup_by == "agent"):
            return None
        return _word(client.cause, "failed")
    agent = _last(call, ("agent",))
    if agent is None or agent.answered_at is None:
        # The agent's own phone: absent means not on line.
        cause = agent.cause if agent is not None else call.cause
        return "offline" if cause in (3, 20) else _word(cause, "no_answer")
    # The agent answered, but no leg to the client came about: there is no way to that number.
    return None if call.hangup_by == "agent" else _word(call.cause, "wrong_number")


def refusal(reason: str, online: bool) -> Reason:
    """Why no channel to the agent's phone came about. Asterisk says 0 for «not registered» and «rejected» alike."""
    if not online:
        return "offline"
    return _RESPONSES.get(reason, "rejected" if reason == "0" else "failed")


def _last(call: Call, roles: tuple[str, ...]) -> Leg | None:
    legs = [leg for leg in call.legs if leg.role in roles]
    return legs[-1] if legs else None


def _word(cause: int | None, otherwise: Reason) -> Reason:
    if cause in (None, 0, 16):
        return otherwise
    return _WORDS.get(cause or 0, "failed")
