"""The book of calls that go on: legs come, move and end; who talks with whom is seen after each change."""

from __future__ import annotations

from typing import Literal

from callcenter.core.calls import LegRole
from callcenter.core.directory import Directory
from callcenter.core.events import CallEnded, CallUpdated, DeviceChanged, Event, MemberChanged
from callcenter.telephony import facts as f
from callcenter.telephony import gaps
from callcenter.telephony.tracker import learn, talks
from callcenter.telephony.tracker.memory import Recent
from callcenter.telephony.tracker.model import CallNow, LegNow, Mode
from callcenter.telephony.tracker.people import People
from callcenter.telephony.tracker.results import result_of, ring_outcome
from callcenter.telephony.tracker.wires import Wires
from callcenter.telephony.translate import is_wire

# Causes of calls whose end nobody saw: Asterisk itself went away, or the call is simply no longer there.
CAUSE_ASTERISK_GONE = 38
CAUSE_UNSEEN = 127

# Within this time, in seconds, people who change bridges together have not hung up.
_MOMENT = 0.5

UP = 6
RINGING = 5


class Book:
    """What the tracker knows, and the changes that keep it consistent; what is told gathers in ``out``."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.calls: dict[str, CallNow] = {}
        self.legs: dict[str, LegNow] = {}
        self.bridges: dict[str, list[LegNow]] = {}
        self.wires = Wires()
        self.people = People()
        self.ended_calls = Recent(2_000)
        self.ended_legs = Recent(6_000)
        # Channels that will step into the place of an agent's leg; until then they belong to no call.
        self.taking_over = Recent(1_000)
        # Agents whose page comes back into their talk just now, and by which channel.
        self.coming_back: dict[int, str] = {}
        self.at = 0.0
        self.down_at: float | None = None
        self.out: list[Event] = []

    def updated(self, call: CallNow, what: str) -> None:
        """Tells that a call changed, once it is known whose call it is."""
        if not call.business_id:
            return
        if not call.published:
            call.published, what = True, "started"
        self.out.append(CallUpdated(at=call.at, call=call.picture(), what=what))

    # --- calls and legs -----------------------------------------------------------------------------

    def moment(self, call: CallNow, at: float) -> None:
        """Moves the call's own time forward to ``at`` (0 = unknown: the latest that was heard)."""
        at = at or self.at
        if at > call.at:
            call.at = at

    def leg(self, channel: f.Channel, at: float) -> LegNow | None:
        """The leg of a channel, taken up here when it is new; None when its channel or its call has ended."""
        known = self.legs.get(channel.id)
        if known is not None:
            self.moment(known.call, at)
            return known
        if is_wire(channel.name):
            self.wires.touch(channel.id)
            return None
        if channel.id in self.ended_legs or channel.call_id in self.ended_calls:
            return None
        if channel.id in self.taking_over or (channel.id == channel.call_id and f.REJOINS.match(channel.id)):
            return None
        call = self.calls.get(channel.call_id)
        party = learn.party_of(channel.name)
        # Asterisk calls a phone when its channel begins down, or belongs to a call that another channel began.
        dialled = channel.id != channel.call_id or channel.state in (0, RINGING)
        if call is None:
            call = learn.new_call(self.directory, channel, party, at or self.at, dialled)
            self.calls[call.id] = call
            call.step("started")
        self.moment(call, at)
        role: LegRole = "other"
        if party.agent_id is not None or learn.own_phone(channel, party):
            role = "agent"
        elif not any(one.role == "client" for one in call.legs):
            role = "client"
        leg = LegNow(
            channel.id,
            channel.name,
            call,
            role,
            call.at,
            agent_id=party.agent_id,
            device=party.device,
            address=learn.address_of(self.directory, call, party, role),
            dialled=dialled,
        )
        if channel.state == UP:
            leg.answered_at = call.at
        self.add_leg(leg)
        if not call.business_id:
            call.business_id = learn.business_of(self.directory, party)
        if self.wires:
            for name, value in self.wires.told(call.id).items():
                self.set_variable(call, name, value)
        return leg

    def add_leg(self, leg: LegNow) -> None:
        """Puts a leg into its call and the index."""
        self.legs[leg.id] = leg
        leg.call.legs.append(leg)
        leg.call.live += 1
        leg.call.trim()

    def move_leg(self, leg: LegNow, call: CallNow) -> None:
        """Makes a leg part of another call (attended transfer); the call it leaves ends when it was the last one."""
        old = leg.call
        if old is call:
            return
        self.moment(call, old.at)
        old.legs.remove(leg)
        old.live -= 1
        leg.call = call
        leg.dialled = True
        call.legs.append(leg)
        call.live += 1
        if leg.agent_id is not None and leg.role == "agent" and not leg.rung:
            leg.rung = True
        self.look(old, "leg")
        if old.live <= 0:
            self.end_call(old)

    def end_leg(self, leg: LegNow, cause: int) -> None:
        """A channel is gone."""
        call = leg.call
        leg.ended_at = call.at
        leg.cause = cause
        self.unbridge(leg)
        leg.holding = leg.aside = False
        leg.touch()
        del self.legs[leg.id]
        self.ended_legs.add(leg.id)
        call.live -= 1
        self.stop_ringing(leg)
        if learn.tells_cause(call, leg):
            call.cause = cause
        if call.form == "consult" and not talks.somebody_aside(call):
            call.set_form("internal", by=call.form_by)
        if call.live <= 0:
            self.look(call, None)
            self.end_call(call)
        else:
            self.look(call, "leg")

    def end_call(self, call: CallNow, *, unseen: bool = False) -> None:
        """Ends a call once; ``unseen`` = found gone after a break."""
        call.set_mode(None)
        for agent_id in list(call.rings):
            call.rang(agent_id, "cancelled")
        result = result_of(call)
        if call.queued_at is not None and call.left_queue_at is None:
            call.left_queue_at = call.at
            call.step("left_queue", queue_id=call.queue_id)
        if call.cause is None:
            call.cause = CAUSE_UNSEEN
        call.take_gaps(gaps.closed(call.gaps, call.at, "end"))
        call.hangup_by = call.hangup_by or "system"
        call.step("hangup", text=call.hangup_by)
        self.calls.pop(call.id, None)
        self.ended_calls.add(call.id)
        if call.business_id:
            source: Literal["live", "resync"] = "resync" if unseen else "live"
            self.out.append(CallEnded(at=call.at, call=call.picture(result), source=source))

    def take_over(self, channel: f.Channel, at: float, bridge: str) -> LegNow | None:
        """An agent's other leg comes into the bridge of his call: the call goes on as if nothing had happened."""
        agent_id = learn.party_of(channel.name).agent_id
        others = self.bridges.get(bridge, ())
        if channel.id in self.ended_legs or not others:
            return None
        call = others[0].call
        self.moment(call, at)
        before = next(
            (leg for leg in call.legs if leg.agent_id == agent_id and leg.bridged_at and not leg.ended_at), None
        )
        self.taking_over.forget(channel.id)
        self.coming_back.pop(agent_id or 0, None)
        leg = LegNow(
            channel.id,
            channel.name,
            call,
            "agent",
            call.at,
            agent_id=agent_id,
            device=learn.party_of(channel.name).device,
            address=before.address if before is not None else "",
            dialled=True,
        )
        leg.answered_at, leg.bridged_at = call.at, call.at
        leg.taken_at = call.at
        # It was rung for nobody: the story tells of no new ring.
        leg.rung = True
        leg.holding = before is not None and before.holding
        # Asterisk takes the old leg out a moment before: it is the same talk.
        call.talkers = call.talkers - {before.id if before is not None else ""} | {leg.id}
        self.add_leg(leg)
        return leg

    def put_in(self, leg: LegNow, bridge: str, holding: bool) -> None:
        """Puts a leg into a bridge, out of the one where it was."""
        self.unbridge(leg)
        leg.bridge, leg.in_holding_bridge = bridge, holding
        if leg.aside and not holding and leg.call.form in ("parked", "waiting"):
            leg.call.set_form("")
        leg.aside = holding
        self.bridges.setdefault(bridge, []).append(leg)

    def unbridge(self, leg: LegNow) -> None:
        """Takes a leg out of its bridge."""
        if leg.bridge:
            others = self.bridges[leg.bridge]
            others.remove(leg)
            if not others:
                del self.bridges[leg.bridge]
            leg.bridge = ""

    # --- what goes on in a call ---------------------------------------------------------------------

    def look(self, call: CallNow, what: str | None) -> None:
        """Sees who talks with whom after a change; tells it, or the change ``what`` when that stayed the same."""
        aside = talks.somebody_aside(call)
        mode = self._mode(call, aside)
        if mode == call.mode:
            if mode == "talk" and talks.shifted(call, self._talking(call)):
                what = what or "leg"
            if what is not None:
                self.updated(call, what)
            return
        before, since = call.mode, call.mode_since
        call.set_mode(mode)
        if mode is None:
            if what is not None:
                self.updated(call, what)
        elif mode == "hold" and aside:
            # Why he waits with music is told by the dialplan.
            self.updated(call, "held")
        elif before is None:
            call.hangup_by = None
            if self._same_talk(call, since) or call.steps[-1].kind == "returned":
                # Asterisk put the same people from one bridge into another.
                self.updated(call, "leg")
                return
            self._talk_began(call)
            self.updated(call, "answered")
            if mode == "hold":
                call.step("held", agent_id=call.agent_id)
                self.updated(call, "held")
        elif call.held_by_phone or mode == "hold":
            word = "held" if mode == "hold" else "resumed"
            call.step(word, agent_id=call.agent_id)
            self.updated(call, word)
        else:
            call.hangup_by = None
            if call.steps[-1].kind == "transferred":
                self._talk_began(call)
            else:
                talks.shifted(call, self._talking(call))
            self.updated(call, "resumed")
        call.held_by_phone = mode == "hold" and not aside

    def _talking(self, call: CallNow) -> list[LegNow]:
        """The legs that are in one bridge (or several that wires connect) with another one."""
        bridged = [leg for leg in call.legs if leg.bridge and not leg.in_holding_bridge]
        if len(bridged) < 2:
            return []
        homes: dict[str, int] = {}
        for leg in bridged:
            home = self.wires.home(leg.bridge)
            homes[home] = homes.get(home, 0) + 1
        return [leg for leg in bridged if homes[self.wires.home(leg.bridge)] > 1]

    def _mode(self, call: CallNow, aside: bool) -> Mode | None:
        """Two legs in one bridge talk; on hold when one of them holds the other, or one waits aside."""
        if aside:
            return "hold"
        talking = self._talking(call)
        if not talking:
            return None
        return "hold" if any(leg.holding for leg in talking) else "talk"

    @staticmethod
    def _same_talk(call: CallNow, since: float) -> bool:
        """Whether a talk that begins now is the one that was interrupted at ``since``, a moment ago."""
        before = call.talkers
        call.talkers = frozenset(leg.id for leg in call.legs if leg.bridge)
        return call.first_talk_at is not None and call.talkers == before and call.at - since < _MOMENT

    def _talk_began(self, call: CallNow) -> None:
        call.hangup_by = None
        told = bool(call.steps) and call.steps[-1].kind in ("transferred", "forwarded")
        if call.first_talk_at is None:
            call.first_talk_at = call.at
            if call.queue_id is not None and call.queued_at is not None:
                call.answer_queue = (call.queue_id, call.queued_at, call.left_queue_at or call.at)
        here = self._talking(call)
        for leg in here:
            if leg.bridged_at is None:
                leg.bridged_at = call.at
                leg.touch()
            if leg.agent_id is not None:
                if leg.agent_id not in call.agents:
                    call.agents.append(leg.agent_id)
                call.rang(leg.agent_id, "answered")
        agents = [leg.agent_id for leg in here if leg.agent_id is not None]
        called = [leg.agent_id for leg in here if leg.agent_id is not None and leg.dialled]
        if agents and (call.direction == "in" or call.agent_id not in agents):
            call.agent_id = (called or agents)[-1]
        # An outside number to which the call was given away is no agent's.
        by = call.agent_id if agents or not told else None
        call.step("answered", agent_id=by, queue_id=call.queue_id if call.answer_queue else None)

    def start_ringing(self, leg: LegNow, real: bool) -> bool:
        """A phone is being called (``real`` = it says that it rings); True when that was news."""
        if leg.answered_at is not None or leg.ended_at is not None or not leg.dialled:
            return False
        news = False
        if real and leg.ringing_at is None:
            leg.ringing_at = leg.call.at
            leg.touch()
            news = True
        if leg.rung:
            return news
        leg.rung = True
        call, agent_id = leg.call, leg.agent_id
        if agent_id is not None:
            own = call.click_to_dial and leg.id == call.id
            if not own and agent_id not in call.rung:
                call.rung.append(agent_id)
            if agent_id not in call.rings:
                call.rings[agent_id] = call.step("rang", agent_id=agent_id)
        return True

    def stop_ringing(self, leg: LegNow) -> None:
        """Closes the story of an agent's ringing when none of his phones rings any more."""
        agent_id = leg.agent_id
        if agent_id is None or not leg.rung:
            return
        if agent_id not in leg.call.rings:
            # Told at the end of dialling already; the channel's own end knows the cause.
            if leg.ended_at is not None and leg.answered_at is None:
                leg.call.rang_after_all(agent_id, ring_outcome(leg))
            return
        if leg.answered_at is None and any(
            one.rings and one.agent_id == agent_id and not one.dial_status for one in leg.call.legs if one is not leg
        ):
            return
        leg.call.rang(agent_id, ring_outcome(leg))

    def set_variable(self, call: CallNow, name: str, value: str) -> None:
        """Takes over one of our variables."""
        if name == "CC_REC":
            value = learn.clean(value, 200)
            if value == f.UNRECORDED:
                if call.recording is not None:
                    call.recording = None
                    self.updated(call, "recording")
            elif value and value != call.recording:
                # A message that follows a recorded talk is a recording of its own.
                before, call.recording = call.recording or "", value
                call.step("recording", text=before)
                self.updated(call, "recording")
        elif name == "CC_GAPS":
            for what in call.take_gaps(gaps.read(value)):
                self.updated(call, what)
        elif learn.learn(self.directory, call, name, value):
            self.updated(call, "leg")

    # --- phones and members -------------------------------------------------------------------------

    def contact(self, fact: f.ContactSeen) -> None:
        """Tells when a phone went on line or off line."""
        online = self.people.contact(fact)
        if online is not None:
            self.out.append(
                DeviceChanged(
                    at=fact.at or self.at,
                    endpoint=fact.endpoint,
                    agent_id=fact.agent_id,
                    online=online,
                    user_agent=fact.user_agent,
                )
            )

    def member(self, fact: f.MemberSeen) -> None:
        """Tells when a queue member changed."""
        if self.people.member(fact):
            self.out.append(
                MemberChanged(
                    at=fact.at or self.at,
                    queue_id=fact.queue_id,
                    agent_id=fact.agent_id,
                    interface=fact.interface,
                    paused=fact.paused,
                    removed=fact.removed,
                    status=fact.status,
                    penalty=fact.penalty,
                )
            )
