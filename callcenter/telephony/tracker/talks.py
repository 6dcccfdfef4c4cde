"""Talks of more than two: who asks whom first, who is parked, who is left when one goes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from callcenter.telephony import facts as f
from callcenter.telephony.tracker import learn
from callcenter.telephony.tracker.model import CallNow, LegNow

TOLD = frozenset({"consult", "returned", "transferred", "conference", "parked", "comeback", "away", "held", "resumed"})
"""Steps of the dialplan that change the form of a talk."""


def somebody_aside(call: CallNow) -> bool:
    """Whether one who has talked waits with music until he is fetched."""
    return call.first_talk_at is not None and any(leg.aside for leg in call.legs if leg.ended_at is None)


def shifted(call: CallNow, talking: Sequence[LegNow]) -> bool:
    """One left a talk that goes on: whose call it is now. Whether anything changed."""
    changed = False
    # Who hung up has not ended the call.
    call.hangup_by = None
    if call.form == "conference" and len(talking) == 2 and not somebody_aside(call):
        call.set_form("")
        changed = True
    agents = [leg.agent_id for leg in talking if leg.agent_id is not None]
    if agents and call.agent_id is not None and call.agent_id not in agents and len(talking) > 1:
        call.step("left", agent_id=call.agent_id)
        call.agent_id = agents[-1]
        changed = True
    return changed


def told(call: CallNow, leg: LegNow, fact: f.StepTold) -> None:
    """A step that the dialplan tells of such a talk; whose order it was stands before the rest of its text."""
    text, agent_id, kind = learn.clean(fact.text, 200), leg.agent_id, fact.kind
    if kind in ("comeback", "away"):
        # He is led on: he waits for nobody here any more.
        leg.aside = False
        leg.touch()
    if kind in ("transferred", "away", "conference", "parked"):
        by, _, text = text.partition(" ")
        agent_id = int(by) if by.isascii() and by.isdigit() and len(by) < 10 else None
    if kind == "consult":
        call.set_form("consult", text=text, by=agent_id)
    elif kind == "held":
        call.set_form("waiting", by=agent_id)
    elif kind == "parked":
        call.set_form("parked", text=text, by=agent_id)
    elif kind == "conference":
        call.set_form("conference", by=agent_id)
    else:
        call.set_form("")
    if kind in ("transferred", "away", "parked", "comeback"):
        call.hangup_by = None
    call.step("transferred" if kind == "away" else kind, agent_id=agent_id, text=text)
