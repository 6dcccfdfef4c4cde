"""What channel names, caller IDs and our variables tell of a call: whose it is, from whom, to which number. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from callcenter.core.calls import Direction, LegRole
from callcenter.core.directory import DeviceKind, Directory, parse_object
from callcenter.core.phones import to_e164
from callcenter.telephony import facts as f
from callcenter.telephony.intents import CLIENT_FIRST, OUR_CALL_ID
from callcenter.telephony.tracker.model import CallNow, LegNow
from callcenter.telephony.translate import endpoint_of

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_DIRECTIONS: dict[str, Direction] = {"in": "in", "out": "out", "internal": "internal"}


class Party(NamedTuple):
    """Whose channel it is: an agent's phone, a trunk, or (neither) something else."""

    agent_id: int | None = None
    device: DeviceKind | None = None
    trunk_id: int | None = None


@lru_cache(maxsize=4096)
def _party(endpoint: str) -> Party:
    found = parse_object(endpoint)
    if found and found.kind == "agent":
        return Party(agent_id=found.id, device=found.device)
    if found and found.kind == "trunk":
        return Party(trunk_id=found.id)
    return Party()


def party_of(channel: str) -> Party:
    """Whose channel this is, by its name."""
    return _party(endpoint_of(channel))


def business_of(directory: Directory, party: Party) -> int:
    """The business that a phone or trunk belongs to; 0 = not known."""
    if party.agent_id is not None:
        agent = directory.agents.get(party.agent_id)
        return agent.business_id if agent else 0
    trunk = directory.trunks.get(party.trunk_id or 0)
    return trunk.business_id if trunk else 0


def number(text: str) -> str:
    """A number as calls carry it: E.164, or as it is (short numbers, strange caller IDs) in at most 80 characters."""
    text = clean(text, 80)
    return to_e164(text) or text


def clean(text: str, limit: int) -> str:
    """Text from outside without control characters and halves of surrogate pairs, in at most ``limit`` characters."""
    return _CONTROL.sub(" ", text[: 4 * limit]).strip()[:limit]


def epoch_of(call_id: str) -> float:
    """When a call began by its Linkedid (whole seconds), or 0.0 when the id does not tell."""
    whole = call_id.rpartition("-")[2].partition(".")[0]
    return float(whole) if whole.isascii() and whole.isdigit() and len(whole) == 10 else 0.0


def new_call(directory: Directory, channel: f.Channel, party: Party, at: float, dialled: bool) -> CallNow:
    """A call that is heard of for the first time by this channel; the direction is a guess until CC_DIR is known."""
    direction: Direction = "in"
    if (party.agent_id is not None and channel.id == channel.call_id) or (party.trunk_id and dialled):
        direction = "out"
    call = CallNow(channel.call_id, at or epoch_of(channel.call_id), direction)
    call.business_id = business_of(directory, party)
    call.trunk_id = party.trunk_id
    own = party.agent_id is not None or own_phone(channel, party)
    call.click_to_dial = own and channel.id == channel.call_id and dialled
    return call


def own_phone(channel: f.Channel, party: Party) -> bool:
    """Whether a trunk's channel is an agent's own telephone, which the server rings first (TEL-40)."""
    own_id = channel.id.rpartition("-")[2]
    ours = OUR_CALL_ID.match(own_id) and not CLIENT_FIRST.match(own_id)
    return party.trunk_id is not None and channel.id == channel.call_id and bool(ours)


def address_of(directory: Directory, call: CallNow, party: Party, role: LegRole) -> str:
    """The number at a leg's other end, as far as it is known."""
    if party.agent_id is not None:
        agent = directory.agents.get(party.agent_id)
        return agent.short_number if agent else ""
    if role != "client":
        return ""
    return call.from_number if call.direction == "in" else call.to_number


def learn_first(directory: Directory, call: CallNow, leg: LegNow, fact: f.ChannelSeen) -> None:
    """What a new channel's first event tells: the call's own first channel says most."""
    party = party_of(leg.channel)
    if party.trunk_id is not None and call.trunk_id is None:
        call.trunk_id = party.trunk_id
    if leg.id != call.id:
        return
    if leg.role == "agent":
        _first_agent(directory, call, leg, fact)
        return
    if "from" not in call.settled:
        call.from_number = number(fact.caller_number)
    call.from_name = clean(fact.caller_name, 200)
    leg.address = call.from_number
    if "to" not in call.settled and fact.exten not in ("", "s"):
        call.to_number = number(fact.exten)
    _learn_number(directory, call)


def _first_agent(directory: Directory, call: CallNow, leg: LegNow, fact: f.ChannelSeen) -> None:
    agent = directory.agents.get(leg.agent_id or 0)
    call.agent_id = leg.agent_id
    if "from" not in call.settled:
        call.from_number = agent.short_number if agent else number(fact.caller_number)
    if leg.dialled or leg.agent_id is None:
        return
    if leg.agent_id not in call.agents:
        call.agents.append(leg.agent_id)
    if "to" not in call.settled and fact.exten not in ("", "s"):
        call.to_number = number(fact.exten)
        short = len(fact.exten) <= 5 and fact.exten.isdigit()
        if "direction" not in call.settled and short:
            call.direction = "internal"


def learn(directory: Directory, call: CallNow, name: str, value: str) -> bool:
    """Takes over one of our variables; whether that changed the call.

    The first word counts: dialplan that runs after a transfer sets the same variables for its own purposes.
    """
    word = name[3:].lower()
    if call.first_talk_at is not None or word in call.settled or not value:
        return False
    if word in ("from", "to"):
        shown = number(value)
        before = call.from_number if word == "from" else call.to_number
        if word == "from":
            call.from_number = shown
        else:
            call.to_number = shown
        call.settled.add(word)
        _readdress(call)
        _learn_number(directory, call)
        return before != shown
    if word == "dir":
        direction = _DIRECTIONS.get(value)
        # A command cannot know that the number it dials is a colleague's: the dialplan says so a moment later.
        if direction is None or ("direction" in call.settled and not call.click_to_dial):
            return False
        call.settled.add("direction")
        changed, call.direction = call.direction != direction, direction
        return changed
    return _learn_id(directory, call, word, value)


def _learn_id(directory: Directory, call: CallNow, word: str, value: str) -> bool:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        return False
    found = int(value)
    if word == "business":
        # Once shown to one business, a call never wanders into another.
        if call.published or not found:
            return False
        call.settled.add(word)
        changed, call.business_id = call.business_id != found, found
        if changed:
            _learn_number(directory, call)
        return changed
    if word == "number" and found:
        call.settled.add(word)
        changed, call.number_id = call.number_id != found, found
        _owner(directory, call)
        return changed
    if word == "agent" and found:
        for leg in call.legs:
            if leg.id == call.id and leg.role == "agent" and leg.agent_id is None:
                leg.agent_id = found
                leg.touch()
        if call.agent_id is None:
            call.agent_id = found
            return True
    return False


def _readdress(call: CallNow) -> None:
    outside = call.from_number if call.direction == "in" else call.to_number
    for leg in call.legs:
        if leg.role == "client" and leg.address != outside:
            leg.address = outside
            leg.touch()


def _learn_number(directory: Directory, call: CallNow) -> None:
    """Which of the business's numbers the call came to, or shows to the client."""
    if "number" in call.settled or not call.business_id or call.direction == "internal":
        return
    ours = call.to_number if call.direction == "in" else call.from_number
    if not ours.startswith("+"):
        return
    found = directory.number_of(call.business_id, ours)
    if found is not None:
        call.number_id = found.id
        _owner(directory, call)


def _owner(directory: Directory, call: CallNow) -> None:
    """A call to a personal number is its owner's from the first moment."""
    if call.direction != "in" or call.agent_id is not None:
        return
    found = directory.numbers.get(call.number_id or 0)
    if found is not None and found.kind == "personal" and found.agent_id is not None:
        call.agent_id = found.agent_id


def learn_target(directory: Directory, leg: LegNow, fact: f.DialBegun) -> None:
    """Whom a leg is dialled to, where no variable has told it."""
    call = leg.call
    if leg.role == "agent":
        if call.direction == "internal" and not call.to_number:
            call.to_number = leg.address
        return
    target = number(fact.target.rpartition("/")[2].partition("@")[0].removeprefix("sip:"))
    if leg.role == "client" and call.direction == "out":
        if not call.to_number:
            call.to_number = target
        leg.address = call.to_number
    elif not leg.address:
        leg.address = target
    leg.touch()


def redirected(call: CallNow, fact: f.StepTold) -> None:
    """A supervisor leads a call elsewhere: a caller who waits keeps the beginning of his wait."""
    call.hangup_by = None
    call.waits_on = call.first_talk_at is None and call.queued_at is not None
    if fact.kind == "front":
        call.priority = int(fact.text) if fact.text.isascii() and fact.text.isdigit() and len(fact.text) < 11 else 0
    else:
        call.priority = 0


def leaves_message(directory: Directory, call: CallNow, whose: str) -> None:
    """Nobody takes the caller any more: his wait is over. A message for one agent makes it that agent's call."""
    call.hangup_by = None
    if call.first_talk_at is None:
        call.gave_up_at = call.at
    agent = directory.agents.get(int(whose[1:]) if whose[:1] == "a" and whose[1:].isdecimal() else 0)
    if agent is not None and agent.business_id == call.business_id and call.agent_id is None:
        call.agent_id = agent.id


def took_part(call: CallNow, leg: LegNow) -> None:
    """An agent who answers his own click-to-dial takes part in the call, whatever becomes of it."""
    if call.click_to_dial and leg.id == call.id and leg.agent_id is not None and leg.agent_id not in call.agents:
        call.agents.append(leg.agent_id)


def tells_cause(call: CallNow, leg: LegNow) -> bool:
    """Whether this leg's end says why the call ended: the outside party's, or the called colleague's."""
    if call.direction == "internal":
        return leg.dialled or call.cause is None
    return leg.role == "client" or call.cause is None
