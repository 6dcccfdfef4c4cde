"""The tracker: keeps every call that goes on, and says what changed after each AMI event.

Built to be wrong about nothing for long: events may be lost, doubled or come in another order than they happened. A leg
that is first heard of in the middle is taken up there; what is told of a channel that has ended already is ignored;
time never runs backwards within a call; every call ends exactly once; a resync puts right what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from callcenter.core.calls import LegRole
from callcenter.core.directory import Directory
from callcenter.core.events import CallEnded, CallUpdated, DeviceChanged, Event, LinkChanged, MemberChanged
from callcenter.telephony import facts as f
from callcenter.telephony.snapshot import Snapshot
from callcenter.telephony.tracker import learn
from callcenter.telephony.tracker.memory import Recent
from callcenter.telephony.tracker.model import CallNow, LegNow, Mode
from callcenter.telephony.tracker.people import People
from callcenter.telephony.tracker.results import result_of, ring_outcome
from callcenter.telephony.tracker.wires import Wires
from callcenter.telephony.translate import Fields, translate

# Hang-up causes for calls whose end nobody saw: Asterisk itself went away, or the call is simply no longer there.
CAUSE_ASTERISK_GONE = 38
CAUSE_UNSEEN = 127

_UP = 6
_RINGING = 5


class Tracker:
    """AMI events in, core.events out. Not thread-safe; never raises on what Asterisk says."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.calls: dict[str, CallNow] = {}
        self.legs: dict[str, LegNow] = {}
        self.bridges: dict[str, list[LegNow]] = {}
        self.wires = Wires()
        self.people = People()
        self.ended_calls = Recent(2_000)
        self.ended_legs = Recent(6_000)
        self.at = 0.0
        self.up = False
        self.down_at: float | None = None
        self._out: list[Event] = []
        self._takers: dict[type[f.Fact], Callable[[Any], None]] = {
            f.ChannelSeen: self._seen,
            f.VariableSet: self._variable,
            f.StepTold: self._step,
            f.DialBegun: self._dial_begun,
            f.DialEnded: self._dial_ended,
            f.BridgeEntered: self._entered,
            f.BridgeLeft: self._left,
            f.BridgeMerged: self._merged,
            f.BridgeGone: self._bridge_gone,
            f.WireLaid: self._wire,
            f.HoldChanged: self._hold,
            f.SentOn: self._sent_on,
            f.Joined: self._joined,
            f.QueueJoined: self._queue_joined,
            f.QueueLeft: self._queue_left,
            f.HangupAsked: self._asked,
            f.HungUp: self._hung_up,
            f.ContactSeen: self.contact,
            f.MemberSeen: self.member,
        }

    # --- in and out ---------------------------------------------------------------------------------

    def feed(self, fields: Fields) -> list[Event]:
        """Takes one AMI event; what changed by it."""
        fact = translate(fields)
        return self.take(fact) if fact is not None else []

    def take(self, fact: f.Fact) -> list[Event]:
        """Takes one fact; what changed by it."""
        if fact.at > self.at:
            self.at = fact.at
        self._takers[type(fact)](fact)
        return self._drain()

    def resync(self, snapshot: Snapshot) -> list[Event]:
        """Puts calls, phones and members right after a break; ``LinkChanged(up=True)`` comes last."""
        from callcenter.telephony.tracker.resync import apply

        self.at = max(self.at, snapshot.at)
        apply(self, snapshot)
        self.up, self.down_at = True, None
        self._out.append(LinkChanged(at=self.at, up=True))
        return self._drain()

    def link_down(self, at: float) -> list[Event]:
        """The connection is lost at ``at``. Calls are kept: Asterisk carries them on."""
        if not self.up:
            return []
        self.at = max(self.at, at)
        self.up, self.down_at = False, self.at
        return [LinkChanged(at=self.at, up=False)]

    def set_directory(self, directory: Directory) -> None:
        """Replaces what is known of agents, queues, numbers and trunks; calls that go on keep what they know."""
        self.directory = directory

    def _drain(self) -> list[Event]:
        out, self._out = self._out, []
        return out

    def updated(self, call: CallNow, what: str) -> None:
        """Tells that a call changed, once it is known whose call it is."""
        if not call.business_id:
            return
        if not call.published:
            call.published, what = True, "started"
        self._out.append(CallUpdated(at=call.at, call=call.picture(), what=what))

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
        if channel.name.startswith("Local/"):
            self.wires.touch(channel.id)
            return None
        if channel.id in self.ended_legs or channel.call_id in self.ended_calls:
            return None
        call = self.calls.get(channel.call_id)
        party = learn.party_of(channel.name)
        # Asterisk calls a phone when its channel begins down, or belongs to a call that another channel began.
        dialled = channel.id != channel.call_id or channel.state in (0, _RINGING)
        if call is None:
            call = learn.new_call(self.directory, channel, party, at or self.at, dialled)
            self.calls[call.id] = call
            call.step("started")
        self.moment(call, at)
        role: LegRole = "other"
        if party.agent_id is not None:
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
        if channel.state == _UP:
            leg.answered_at = call.at
        self.add_leg(leg)
        if not call.business_id:
            call.business_id = learn.business_of(self.directory, party)
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
        leg.holding = False
        leg.touch()
        del self.legs[leg.id]
        self.ended_legs.add(leg.id)
        call.live -= 1
        self.stop_ringing(leg)
        if learn.tells_cause(call, leg):
            call.cause = cause
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
        call.hangup_by = call.hangup_by or "system"
        call.step("hangup", text=call.hangup_by)
        self.calls.pop(call.id, None)
        self.ended_calls.add(call.id)
        if call.business_id:
            source: Literal["live", "resync"] = "resync" if unseen else "live"
            self._out.append(CallEnded(at=call.at, call=call.picture(result), source=source))

    def put_in(self, leg: LegNow, bridge: str, holding: bool) -> None:
        """Puts a leg into a bridge, out of the one where it was."""
        self.unbridge(leg)
        leg.bridge, leg.in_holding_bridge = bridge, holding
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
        mode = self._mode(call)
        if mode == call.mode:
            if what is not None:
                self.updated(call, what)
            return
        before = call.mode
        call.set_mode(mode)
        if mode is None:
            if what is not None:
                self.updated(call, what)
        elif before is None:
            self._talk_began(call)
            self.updated(call, "answered")
            if mode == "hold":
                call.step("held", agent_id=call.agent_id)
                self.updated(call, "held")
        else:
            word = "held" if mode == "hold" else "resumed"
            call.step(word, agent_id=call.agent_id)
            self.updated(call, word)

    def _mode(self, call: CallNow) -> Mode | None:
        """Two legs in one bridge talk; on hold when one of them holds the other."""
        bridged = [leg for leg in call.legs if leg.bridge and not leg.in_holding_bridge]
        if not bridged or (len(bridged) == 1 and not self.wires):
            return None
        homes: dict[str, int] = {}
        for leg in bridged:
            home = self.wires.home(leg.bridge)
            homes[home] = homes.get(home, 0) + 1
        talking = [leg for leg in bridged if homes[self.wires.home(leg.bridge)] > 1]
        if not talking:
            return None
        return "hold" if any(leg.holding for leg in talking) else "talk"

    def _talk_began(self, call: CallNow) -> None:
        call.hangup_by = None
        if call.first_talk_at is None:
            call.first_talk_at = call.at
            if call.queue_id is not None and call.queued_at is not None:
                call.answer_queue = (call.queue_id, call.queued_at, call.left_queue_at or call.at)
        here = [leg for leg in call.legs if leg.bridge]
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
        call.step("answered", agent_id=call.agent_id, queue_id=call.queue_id if call.answer_queue else None)

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
        if agent_id is None or agent_id not in leg.call.rings:
            return
        if leg.answered_at is None and any(
            one.rings and one.agent_id == agent_id and not one.dial_status for one in leg.call.legs if one is not leg
        ):
            return
        leg.call.rang(agent_id, ring_outcome(leg))

    # --- facts --------------------------------------------------------------------------------------

    def _seen(self, fact: f.ChannelSeen) -> None:
        fresh = fact.channel.id not in self.legs
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        call = leg.call
        if fresh:
            learn.learn_first(self.directory, call, leg, fact)
        state = fact.channel.state
        changed = False
        if state == _UP and leg.answered_at is None:
            leg.answered_at = call.at
            leg.touch()
            if leg.dialled:
                self.stop_ringing(leg)
                learn.took_part(call, leg)
            changed = True
        elif state == _RINGING:
            changed = self.start_ringing(leg, real=True)
            if changed and leg.agent_id is not None and call.published:
                self.updated(call, "rang")
                return
        if fresh and leg.id == call.id:
            self.updated(call, "started")
        elif changed:
            self.updated(call, "leg")

    def _variable(self, fact: f.VariableSet) -> None:
        leg = self.leg(fact.channel, fact.at)
        if leg is not None:
            self.set_variable(leg.call, fact.name, fact.value)

    def set_variable(self, call: CallNow, name: str, value: str) -> None:
        """Takes over one of our variables."""
        if name == "CC_REC":
            if value and value != call.recording:
                call.recording = value[:200]
                call.step("recording")
                self.updated(call, "recording")
        elif learn.learn(self.directory, call, name, value):
            self.updated(call, "leg")

    def _step(self, fact: f.StepTold) -> None:
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        call, kind = leg.call, fact.kind[:20]
        if kind == "failed":
            call.failed = True
        call.step(kind, agent_id=leg.agent_id, text=fact.text)
        self.updated(call, kind)

    def _dial_begun(self, fact: f.DialBegun) -> None:
        if fact.source is not None:
            self.leg(fact.source, fact.at)
        leg = self.leg(fact.dest, fact.at)
        if leg is None or leg.dial_status:
            return
        learn.learn_target(self.directory, leg, fact)
        if self.start_ringing(leg, real=False):
            self.updated(leg.call, "rang" if leg.agent_id is not None else "leg")

    def _dial_ended(self, fact: f.DialEnded) -> None:
        leg = self.leg(fact.dest, fact.at)
        if leg is None or not leg.dialled:
            return
        leg.dial_status = fact.status
        if fact.status == "ANSWER":
            if leg.answered_at is not None:
                return
            leg.answered_at = leg.call.at
            leg.touch()
            learn.took_part(leg.call, leg)
            self.stop_ringing(leg)
            self.updated(leg.call, "leg")
        else:
            # The channel's Hangup follows at once and tells the rest.
            self.stop_ringing(leg)

    def _entered(self, fact: f.BridgeEntered) -> None:
        if self.wires and self.wires.enter(fact.channel.id, fact.bridge):
            self._look_around(fact.bridge)
            return
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        self._gather(leg, fact.channel.call_id, fact.bridge)
        call = leg.call
        self.put_in(leg, fact.bridge, fact.holding)
        if leg.answered_at is None:
            leg.answered_at = call.at
            if leg.dialled:
                self.stop_ringing(leg)
                learn.took_part(call, leg)
        leg.touch()
        if call.mode is not None and leg.bridged_at is None and not fact.holding:
            # A third one comes into a talk that goes on.
            leg.bridged_at = call.at
            if leg.agent_id is not None and leg.agent_id not in call.agents:
                call.agents.append(leg.agent_id)
        self.look(call, None)
        if self.wires:
            self._look_around(fact.bridge)

    def _gather(self, leg: LegNow, call_id: str, bridge: str) -> None:
        """Who meets in a bridge belongs to one call from then on: the older one, as Asterisk's Linkedid says."""
        home = self.calls.get(call_id)
        if home is None:
            return
        self.move_leg(leg, home)
        for one in list(self.bridges.get(bridge, ())):
            self.move_leg(one, home)

    def _left(self, fact: f.BridgeLeft) -> None:
        if self.wires and self.wires.leave(fact.channel.id, fact.bridge):
            self._look_around(fact.bridge)
            return
        leg = self.legs.get(fact.channel.id)
        if leg is None or leg.bridge != fact.bridge:
            return
        self.moment(leg.call, fact.at)
        self.unbridge(leg)
        leg.touch()
        self.look(leg.call, "leg" if leg.call.mode is not None else None)

    def _merged(self, fact: f.BridgeMerged) -> None:
        self._rebridge(fact.gone, fact.into, fact.at)

    def _bridge_gone(self, fact: f.BridgeGone) -> None:
        self._rebridge(fact.bridge, "", fact.at)

    def _rebridge(self, gone: str, into: str, at: float) -> None:
        if self.wires:
            self.wires.rebridge(gone, into)
        legs = self.bridges.pop(gone, [])
        for leg in legs:
            leg.bridge = into
            leg.touch()
        if into and legs:
            self.bridges.setdefault(into, []).extend(legs)
        for call in {leg.call.id: leg.call for leg in legs}.values():
            self.moment(call, at)
            self.look(call, None)

    def _wire(self, fact: f.WireLaid) -> None:
        self.wires.lay(fact.one, fact.two)

    def _look_around(self, bridge: str) -> None:
        """A wire changed: looks at every call that may be connected by it."""
        for call in list({leg.call.id: leg.call for leg in self.legs.values() if leg.bridge}.values()):
            self.moment(call, self.at)
            self.look(call, None)

    def _hold(self, fact: f.HoldChanged) -> None:
        leg = self.leg(fact.channel, fact.at)
        if leg is None or leg.holding == fact.on:
            return
        leg.holding = fact.on
        leg.touch()
        self.look(leg.call, None)

    def _sent_on(self, fact: f.SentOn) -> None:
        leg = self.leg(fact.who, fact.at)
        if leg is None:
            return
        if fact.transferee is not None:
            self.leg(fact.transferee, fact.at)
        self._transferred(leg.call, leg.agent_id, fact.target)

    def _joined(self, fact: f.Joined) -> None:
        leg = self.leg(fact.who, fact.at)
        target = self.legs.get(fact.target.id) if fact.target else None
        home = self.legs.get(fact.transferee.id) if fact.transferee else None
        call = home.call if home is not None else leg.call if leg is not None else None
        if call is None:
            return
        agent_id = leg.agent_id if leg is not None else None
        self._transferred(call, agent_id, fact.target_number)
        if target is not None and target.call is not call:
            self.move_leg(target, call)
            self.look(call, None)

    def _transferred(self, call: CallNow, agent_id: int | None, target: str) -> None:
        call.hangup_by = None
        call.step("transferred", agent_id=agent_id, text=target)
        self.updated(call, "transferred")

    def _queue_joined(self, fact: f.QueueJoined) -> None:
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        call = leg.call
        if call.queue_id == fact.queue_id and call.queued_at is not None and call.left_queue_at is None:
            return
        call.queue_id, call.queued_at, call.left_queue_at = fact.queue_id, call.at, None
        call.abandoned = False
        if call.first_talk_at is None:
            call.wait_from = call.at
        call.step("queued", queue_id=fact.queue_id)
        self.updated(call, "queued")

    def _queue_left(self, fact: f.QueueLeft) -> None:
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        call = leg.call
        if fact.abandoned and call.queue_id in (None, fact.queue_id):
            call.abandoned = True
        if call.queue_id != fact.queue_id or call.queued_at is None or call.left_queue_at is not None:
            return
        call.left_queue_at = call.at
        call.step("left_queue", queue_id=fact.queue_id)
        self.updated(call, "left_queue")

    def _asked(self, fact: f.HangupAsked) -> None:
        leg = self.legs.get(fact.channel.id)
        if leg is None:
            return
        call = leg.call
        self.moment(call, fact.at)
        if call.hangup_by is not None:
            return
        # A phone that is only being called does not end the call, unless it is the one that was wanted.
        matters = leg.bridge or leg.id == call.id or leg.role == "client"
        if fact.soft:
            # Asterisk takes channels down by itself after a phone has hung up: only then it is news.
            call.hangup_by = "system" if matters and not self._after_transfer(call) else None
        elif matters:
            call.hangup_by = "client" if leg.role == "client" else "agent" if leg.role == "agent" else "client"

    @staticmethod
    def _after_transfer(call: CallNow) -> bool:
        return bool(call.steps) and call.steps[-1].kind == "transferred"

    def _hung_up(self, fact: f.HungUp) -> None:
        if self.wires and self.wires.drop(fact.channel_id):
            self.ended_legs.add(fact.channel_id)
            return
        leg = self.legs.get(fact.channel_id)
        if leg is None:
            # Its first event may still be on the way.
            self.ended_legs.add(fact.channel_id)
            return
        self.moment(leg.call, fact.at)
        self.end_leg(leg, fact.cause)

    def contact(self, fact: f.ContactSeen) -> None:
        """Tells when a phone went on line or off line."""
        online = self.people.contact(fact)
        if online is not None:
            self._out.append(
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
            self._out.append(
                MemberChanged(
                    at=fact.at or self.at,
                    queue_id=fact.queue_id,
                    agent_id=fact.agent_id,
                    interface=fact.interface,
                    paused=fact.paused,
                    removed=fact.removed,
                    status=fact.status,
                )
            )
