"""The tracker: keeps every call that goes on, and says what changed after each AMI event.

Built to be wrong about nothing for long: events may be lost, doubled or come in another order than they happened. A leg
that is first heard of in the middle is taken up there; what is told of a channel that has ended already is ignored;
time never runs backwards within a call; every call ends exactly once; a resync puts right what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callcenter.core.directory import Directory
from callcenter.core.events import CallerAsked, Event, LinkChanged
from callcenter.telephony import facts as f
from callcenter.telephony.snapshot import Snapshot
from callcenter.telephony.tracker import learn, resync, talks
from callcenter.telephony.tracker.book import CAUSE_ASTERISK_GONE, CAUSE_UNSEEN, RINGING, UP, Book
from callcenter.telephony.tracker.model import CallNow, LegNow
from callcenter.telephony.translate import Fields, is_wire, translate

# A page that took over a talk holds and resumes it at once, in this many seconds, which wakes its sound: nobody waits.
_WAKING = 1.5

__all__ = ["CAUSE_ASTERISK_GONE", "CAUSE_UNSEEN", "Tracker"]


class Tracker(Book):
    """AMI events in, core.events out. Not thread-safe; never raises on what Asterisk says."""

    def __init__(self, directory: Directory) -> None:
        super().__init__(directory)
        self.up = False
        self._takers: dict[type[f.Fact], Callable[[Any], None]] = {
            f.ChannelSeen: self._seen,
            f.VariableSet: self._variable,
            f.StepTold: self._step,
            f.CallerAsked: self._who_calls,
            f.DialBegun: self._dial_begun,
            f.DialEnded: self._dial_ended,
            f.BridgeEntered: self._entered,
            f.BridgeLeft: self._left,
            f.BridgeMerged: self._merged,
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
        self.at = max(self.at, snapshot.at)
        # What became of them was not heard.
        self.coming_back.clear()
        resync.apply(self, snapshot)
        self.up, self.down_at = True, None
        self.out.append(LinkChanged(at=self.at, up=True))
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
        out, self.out = self.out, []
        return out

    # --- facts --------------------------------------------------------------------------------------

    def _seen(self, fact: f.ChannelSeen) -> None:
        fresh = fact.channel.id not in self.legs
        if fresh and (fact.exten in (f.TAKES_OVER, f.ECHO) or fact.exten.startswith(f.PICKS_UP)):
            self.taking_over.add(fact.channel.id)
            agent_id = learn.party_of(fact.channel.name).agent_id
            if fact.exten == f.TAKES_OVER and agent_id is not None:
                self.coming_back[agent_id] = fact.channel.id
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        call = leg.call
        if fresh:
            learn.learn_first(self.directory, call, leg, fact)
        state = fact.channel.state
        changed = False
        if state == UP and leg.answered_at is None:
            leg.answered_at = call.at
            leg.touch()
            if leg.dialled:
                self.stop_ringing(leg)
                learn.took_part(call, leg)
            changed = True
        elif state == RINGING:
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
        elif is_wire(fact.channel.name):
            call = self.calls.get(fact.channel.call_id)
            if call is not None:
                self.set_variable(call, fact.name, fact.value)
            else:
                self.wires.tell(fact.channel.call_id, fact.name, fact.value)

    def _step(self, fact: f.StepTold) -> None:
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        call, kind = leg.call, learn.clean(fact.kind, 20)
        if kind == "failed":
            call.failed = True
        elif kind in talks.TOLD:
            talks.told(call, leg, fact)
            self.updated(call, kind)
            self.look(call, None)
            return
        elif kind in ("front", "redirected"):
            learn.redirected(call, fact)
        elif kind == "voicemail":
            learn.leaves_message(self.directory, call, fact.text)
        elif kind in ("survey", "score"):
            # It is about him who talked last.
            queue_id = int(fact.text) if kind == "survey" and fact.text.isdecimal() and len(fact.text) < 10 else None
            call.step(kind, agent_id=call.agent_id, queue_id=queue_id, text=learn.clean(fact.text, 200))
            self.updated(call, kind)
            return
        call.step(kind, agent_id=leg.agent_id, text=learn.clean(fact.text, 200))
        self.updated(call, kind)

    def _who_calls(self, fact: f.CallerAsked) -> None:
        number = self.directory.numbers.get(fact.number_id)
        if number is not None:
            self.out.append(
                CallerAsked(
                    at=fact.at or self.at,
                    business_id=number.business_id,
                    call_id=fact.channel.call_id,
                    channel=fact.channel.name,
                    number_id=number.id,
                    caller=fact.caller,
                    own_first=fact.own_first,
                    last_days=fact.last_days,
                )
            )

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
        comes = fact.channel.id not in self.legs and (
            fact.channel.id in self.taking_over or f.REJOINS.match(fact.channel.id)
        )
        leg = self.take_over(fact.channel, fact.at, fact.bridge) if comes else self.leg(fact.channel, fact.at)
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
        self.look(call, "leg" if comes else None)
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
        if leg.call.form == "conference" and leg.agent_id in self.coming_back:
            # His other leg comes in his place at once: nobody has left the talk of three.
            return
        self.look(leg.call, "leg" if leg.call.mode is not None else None)

    def _merged(self, fact: f.BridgeMerged) -> None:
        if self.wires:
            self.wires.rebridge(fact.gone, fact.into)
        legs = self.bridges.pop(fact.gone, [])
        for leg in legs:
            leg.bridge = fact.into
            leg.touch()
        if legs:
            self.bridges.setdefault(fact.into, []).extend(legs)
        for call in {leg.call.id: leg.call for leg in legs}.values():
            self.moment(call, fact.at)
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
        if fact.on and leg.taken_at is not None and leg.call.at - leg.taken_at < _WAKING:
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
        call.step("transferred", agent_id=agent_id, text=learn.clean(target, 80))
        self.updated(call, "transferred")

    def _queue_joined(self, fact: f.QueueJoined) -> None:
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        call = leg.call
        if call.queue_id == fact.queue_id and call.queued_at is not None and call.left_queue_at is None:
            return
        waits_on = call.waits_on and call.queued_at is not None
        call.queue_id, call.left_queue_at, call.waits_on = fact.queue_id, None, False
        call.abandoned = False
        if not waits_on:
            call.queued_at = call.at
            if call.first_talk_at is None:
                call.wait_from = call.at
        call.step("queued", queue_id=fact.queue_id)
        self.updated(call, "queued")

    def _queue_left(self, fact: f.QueueLeft) -> None:
        leg = self.leg(fact.channel, fact.at)
        if leg is None:
            return
        call = leg.call
        if fact.abandoned and call.queue_id in (None, fact.queue_id) and call.hangup_by == "client":
            # Asterisk says so of callers whose time is up, too; only who hung up himself has abandoned.
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
        # A phone that is only being called does not end the call, unless it is the one that was wanted. Who ends a call
        # by a command, or by the dialplan, asks no telephone: then nobody is named, which means the system.
        if leg.bridge or leg.id == call.id or leg.role == "client":
            call.hangup_by = "agent" if leg.role == "agent" else "client"

    def _hung_up(self, fact: f.HungUp) -> None:
        if self.wires and self.wires.drop(fact.channel_id):
            self.ended_legs.add(fact.channel_id)
            return
        leg = self.legs.get(fact.channel_id)
        if leg is None:
            # Its first event may still be on the way.
            self.ended_legs.add(fact.channel_id)
            self.coming_back = {agent: one for agent, one in self.coming_back.items() if one != fact.channel_id}
            return
        self.moment(leg.call, fact.at)
        self.end_leg(leg, fact.cause)
