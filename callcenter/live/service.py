"""The live picture of every business, and the streams that show it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from callcenter.core.bus import Bus
from callcenter.core.calls import Call
from callcenter.core.clock import Clock
from callcenter.core.directory import Directory
from callcenter.core.events import (
    AgentChanged,
    AgentWanted,
    Alert,
    CallContact,
    CallEnded,
    CallFailed,
    CallUpdated,
    DeviceChanged,
    Event,
    LinkChanged,
    MemberNotice,
    RecordingReady,
    ScreenPop,
    WrapupExtended,
    WrapupGiven,
)
from callcenter.live import build, frames, notices
from callcenter.live.agents import OpenStretch
from callcenter.live.audience import Audience, Subscription
from callcenter.live.business import BusinessNow
from callcenter.live.figures import Counters, Spent
from callcenter.live.pictures import agents_concerned, iso
from callcenter.live.state import State
from callcenter.live.views import AgentView, AlertView, Snapshot

Translate = Callable[[str, str, dict[str, Any]], str]
"""``translate(language, key, values)`` → the text in that language."""
Say = Callable[[str, dict[str, Any]], str]
"""``say(key, values)`` → the text in the reader's language."""

# Changes that come within this time go out as one delta.
BATCH_SECONDS = 0.025
# Occupancy moves while nothing happens: the figures of queues are sent anew this often, in seconds.
REFRESH_SECONDS = 10.0
# A call's people are remembered for so many ended calls, for the news that its recording is ready.
_REMEMBERED = 2_000
# A snapshot serves all pages that ask within this time, if nothing changes; so many are kept.
_SNAPSHOT_SECONDS = 1.0
_SNAPSHOTS = 200


def in_english(_language: str, key: str, values: dict[str, Any]) -> str:
    """The text itself, where nobody translates."""
    return key % values if values else key


class Live:
    """Calls, agents and queues of every business now; hands snapshots and deltas to subscribers.

    ``translate`` turns texts into the reader's language (``set_translate`` gives it later). Listens on the bus from
    the first moment; the composition root calls ``set_directory``, ``start`` and ``stop``.
    """

    def __init__(self, bus: Bus, clock: Clock, translate: Translate = in_english) -> None:
        self.state = State()
        self._bus = bus
        self._clock = clock
        self._translate = translate
        self._subscriptions: dict[int, set[Subscription]] = {}
        self._people: dict[str, set[int]] = {}
        self._snapshots: dict[Audience, tuple[float, bytes]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._wake_timer: asyncio.TimerHandle | None = None
        self._refresh_timer: asyncio.TimerHandle | None = None
        for kind in (
            CallUpdated, CallContact, DeviceChanged, AgentWanted, WrapupExtended, WrapupGiven, LinkChanged, Alert,
        ):  # fmt: skip
            bus.listen(kind, self._on_event)
        bus.listen(CallEnded, self._on_ended)
        bus.listen(ScreenPop, self._on_card)
        bus.listen(CallFailed, self._on_failed)
        bus.listen(MemberNotice, self._on_notice)
        bus.listen(RecordingReady, self._on_recording)

    def set_translate(self, translate: Translate) -> None:
        """Who translates from now on."""
        self._translate = translate

    async def start(self) -> None:
        """Starts the clockwork: wrap-ups that end, midnight, batches of deltas."""
        self._loop = asyncio.get_running_loop()
        self._refresh_timer = self._loop.call_later(REFRESH_SECONDS, self._refresh)
        self._set_alarm()
        self._changed()

    async def stop(self) -> None:
        """Ends the clockwork and all subscriptions."""
        for timer in (self._flush_timer, self._wake_timer, self._refresh_timer):
            if timer is not None:
                timer.cancel()
        self._flush_timer = self._wake_timer = self._refresh_timer = self._loop = None
        for subscription in [one for some in self._subscriptions.values() for one in some]:
            subscription.close()

    def set_directory(self, directory: Directory) -> None:
        """Takes over new names, members and settings."""
        self._tell(self.state.set_directory(directory, self._clock.epoch()))
        self._snapshots.clear()
        self._set_alarm()
        self._changed()

    # --- questions ----------------------------------------------------------------------------------

    def snapshot(self, audience: Audience) -> Snapshot:
        """Everything that ``audience`` may see now."""
        now = self._clock.epoch()
        business = self.state.business(audience.business_id, now)
        return frames.snapshot(
            self.state, business, audience, now, self._alerts(audience.business_id, audience.language)
        )

    def call(self, business_id: int, call_id: str) -> Call | None:
        """A call that goes on in this business, or None."""
        business = self.state.businesses.get(business_id)
        return business.calls.get(call_id) if business else None

    def calls_of(self, business_id: int) -> list[Call]:
        """The calls that go on in this business, oldest first."""
        business = self.state.businesses.get(business_id)
        return sorted(business.calls.values(), key=lambda call: call.started_at) if business else []

    def agent(self, business_id: int, agent_id: int) -> AgentView | None:
        """An agent of this business now, or None."""
        found = self.state.agents.get(agent_id)
        if found is None or found.business_id != business_id:
            return None
        return build.agent_view(self.state, found)

    def now(self, business_id: int, agent_id: int, at: float) -> AgentChanged | None:
        """An agent's state as if it had changed at ``at``, for who missed changes; None for a strange one."""
        found = self.state.agents.get(agent_id)
        return found.changed(at) if found is not None and found.business_id == business_id else None

    def resting(self, agent_id: int) -> bool:
        """Whether queues shall leave an agent alone although he is ready: in wrap-up, or just before it."""
        return self.state.resting(agent_id, self._clock.epoch())

    def restore(self, stretches: Iterable[OpenStretch]) -> None:
        """Goes on with what agents did when the server stopped; tell what they want (AgentWanted) before."""
        self.state.restore(stretches, self._clock.epoch())
        self._set_alarm()

    # --- the day so far -----------------------------------------------------------------------------

    def prime(self, queue_id: int, counters: Counters, calls: Iterable[str] = ()) -> None:
        """Sets what a queue has counted since midnight, from the call log.

        Replaces what was counted before. ``calls`` are the ids of the latest calls in it: when such a call is told
        once more (by the journal after a break), it does not count again.
        """
        self.state.prime(queue_id, counters, calls)
        self._changed()

    def prime_agents(self, spent: Mapping[int, Spent]) -> None:
        """Sets what agents (by id) have spent in their states since midnight; from here on it is counted live."""
        self.state.prime_agents(spent, self._clock.epoch())
        self._changed()

    # --- subscribers --------------------------------------------------------------------------------

    def subscribe(self, audience: Audience, member: int | None = None) -> Subscription:
        """A stream for one page of ``member`` (a membership); its first frame is a snapshot."""
        subscription = Subscription(audience, lambda: self._snapshot_frame(audience), self._unsubscribe, member)
        self._subscriptions.setdefault(audience.business_id, set()).add(subscription)
        return subscription

    def tell(self, business_id: int, membership_id: int, event: str, value: Callable[[Say], Any]) -> None:
        """Sends an event to a member's open pages; ``value(say)`` makes its data, ``say`` translates for each page."""
        for subscription in self._subscriptions.get(business_id, ()):
            if subscription.member == membership_id:
                say = partial(self._translate, subscription.audience.language)
                subscription.put(frames.frame(event, value(say)), state=False)

    @property
    def subscribers(self) -> int:
        """How many streams are open; for metrics."""
        return sum(len(some) for some in self._subscriptions.values())

    def _unsubscribe(self, subscription: Subscription) -> None:
        some = self._subscriptions.get(subscription.audience.business_id)
        if some is not None:
            some.discard(subscription)
            if not some:
                del self._subscriptions[subscription.audience.business_id]

    def _snapshot_frame(self, audience: Audience) -> bytes:
        """A snapshot's frame; pages that come back together after a break share it."""
        now = self._clock.epoch()
        business = self.state.business(audience.business_id, now)
        if business.dirty:
            self._flush(business, now)
        kept = self._snapshots.get(audience)
        if kept is not None and 0 <= now - kept[0] < _SNAPSHOT_SECONDS:
            return kept[1]
        made = frames.frame("snapshot", self.snapshot(audience))
        if len(self._snapshots) >= _SNAPSHOTS:
            self._snapshots.clear()
        self._snapshots[audience] = (now, made)
        return made

    def flush(self) -> None:
        """Sends what changed to all subscribers; usually called by the clockwork."""
        self._flush_timer = None
        now = self._clock.epoch()
        for business in self.state.businesses.values():
            if business.dirty:
                self._flush(business, now)

    def _flush(self, business: BusinessNow, now: float) -> None:
        business.rev += 1
        self._snapshots.clear()
        some = self._subscriptions.get(business.id)
        if some:
            languages = {one.audience.language for one in some} if business.dirty_alerts else set()
            alerts = {language: self._alerts(business.id, language) for language in languages}
            deltas = frames.Deltas(self.state, business, now, alerts)
            for subscription in some:
                subscription.put(deltas.frame_for(subscription.audience))
        business.clean()

    def _alerts(self, business_id: int, language: str) -> list[AlertView]:
        return [
            AlertView(
                key=alert.key,
                message=self._translate(language, alert.message, alert.values),
                since=iso(alert.at),
            )
            for alert in self.state.alerts_of(business_id)
        ]

    # --- events -------------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        self._tell(self.state.apply(event))
        self._changed()

    def _on_ended(self, event: CallEnded) -> None:
        self._people[event.call.id] = agents_concerned(event.call)
        if len(self._people) > _REMEMBERED:
            del self._people[next(iter(self._people))]
        self._on_event(event)

    def _on_card(self, event: ScreenPop) -> None:
        self._send_to_agent(event.business_id, event.agent_id, "card", {"call_id": event.call_id, **event.card})

    def _on_failed(self, event: CallFailed) -> None:
        text = notices.CALL_FAILED.get(event.reason, notices.CALL_FAILED["failed"])
        for subscription in self._pages_of(event.business_id, event.agent_id):
            notice = {
                "kind": "call_failed",
                "text": self._translate(subscription.audience.language, text, {}),
                "reason": event.reason,
                "call_id": event.call_id,
            }
            subscription.put(frames.frame("notice", notice), state=False)

    def _on_notice(self, event: MemberNotice) -> None:
        for subscription in self._subscriptions.get(event.business_id, ()):
            if subscription.member == event.membership_id:
                text = self._translate(subscription.audience.language, event.text, event.values)
                notice = {"kind": event.kind, "text": text, "link": event.link}
                subscription.put(frames.frame("notice", notice), state=False)

    def _on_recording(self, event: RecordingReady) -> None:
        some = self._subscriptions.get(event.business_id)
        if not some:
            return
        people = self._people.get(event.call_id, set())
        ready = frames.frame("recording", {"call_id": event.call_id, "recording": event.recording_id})
        for subscription in some:
            if subscription.audience.sees_all or subscription.audience.agent_id in people:
                subscription.put(ready, state=False)

    def _pages_of(self, business_id: int, agent_id: int) -> list[Subscription]:
        some = self._subscriptions.get(business_id, ())
        return [one for one in some if one.audience.agent_id == agent_id]

    def _send_to_agent(self, business_id: int, agent_id: int, event: str, value: Any) -> None:
        pages = self._pages_of(business_id, agent_id)
        if pages:
            made = frames.frame(event, value)
            for subscription in pages:
                subscription.put(made, state=False)

    def _tell(self, changes: list[Event]) -> None:
        for change in changes:
            self._bus.publish(change)
            if isinstance(change, AgentChanged) and change.due_at is not None:
                self._set_alarm()

    # --- clockwork ----------------------------------------------------------------------------------

    def _changed(self) -> None:
        if self._flush_timer is None and self._loop is not None:
            self._flush_timer = self._loop.call_later(BATCH_SECONDS, self.flush)

    def _set_alarm(self) -> None:
        if self._loop is None:
            return
        if self._wake_timer is not None:
            self._wake_timer.cancel()
        wake = self.state.next_wake()
        if wake is None:
            self._wake_timer = None
            return
        # A clock that is set back or forward is noticed within the minute.
        delay = min(max(0.0, wake - self._clock.epoch()), 60.0)
        self._wake_timer = self._loop.call_later(delay + 0.005, self._wake)

    def _wake(self) -> None:
        self._wake_timer = None
        self.tick(self._clock.epoch())
        self._set_alarm()

    def tick(self, now: float) -> None:
        """Ends what ends by time until ``now``; usually called by the clockwork."""
        self._tell(self.state.tick(now))
        self._changed()

    def _refresh(self) -> None:
        assert self._loop is not None
        for queue in self.state.directory.queues.values():
            if queue.business_id in self._subscriptions:
                self.state.business(queue.business_id).dirty_queues.add(queue.id)
        self._changed()
        self._refresh_timer = self._loop.call_later(REFRESH_SECONDS, self._refresh)
