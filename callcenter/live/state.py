"""The live picture as a pure reducer: events in, a new picture and the agents' changes out. No I/O, no clock.

What changed since the last delta gathers in each business's ``dirty`` sets; the service empties them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callcenter.core.calls import Call
from callcenter.core.directory import Directory, parse_object
from callcenter.core.events import (
    AgentChanged,
    AgentWanted,
    Alert,
    CallContact,
    CallEnded,
    CallUpdated,
    DeviceChanged,
    Event,
    LinkChanged,
)
from callcenter.live.agents import AgentNow, parts_of, talked_in
from callcenter.live.figures import Counters, Spent, count
from callcenter.live.pictures import agents_concerned
from callcenter.live.views import ContactBrief

# So many ended calls are remembered, so that one that is told twice (live, then by the journal) counts once.
_REMEMBERED = 3_000


class BusinessNow:
    """One business: its calls, what its queues counted today, and what changed since the last delta."""

    def __init__(self, business_id: int) -> None:
        self.id = business_id
        self.rev = 0
        self.calls: dict[str, Call] = {}
        self.contacts: dict[str, ContactBrief] = {}
        self.concerned: dict[str, set[int]] = {}
        self.counters: dict[int, Counters] = {}
        self.counted: dict[str, tuple[int, Counters] | None] = {}
        self.day_begins = 0.0
        self.day_ends = 0.0
        self.dirty_calls: set[str] = set()
        self.dirty_agents: set[int] = set()
        self.dirty_queues: set[int] = set()
        self.dirty_alerts = False
        self.dirty_link = False
        self.dirty_parked = False

    @property
    def dirty(self) -> bool:
        """Whether anything changed since the last delta."""
        return bool(self.dirty_calls or self.dirty_agents or self.dirty_queues or self.dirty_alerts or self.dirty_link)

    def clean(self) -> None:
        """A delta was made of all changes."""
        for call_id in self.dirty_calls:
            if call_id not in self.calls:
                self.concerned.pop(call_id, None)
        self.dirty_calls.clear()
        self.dirty_agents.clear()
        self.dirty_queues.clear()
        self.dirty_alerts = self.dirty_link = self.dirty_parked = False


class State:
    """Everything that goes on. ``apply`` and ``tick`` return the AgentChanged events that come of it."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.businesses: dict[int, BusinessNow] = {}
        self.agents: dict[int, AgentNow] = {}
        self.alerts: dict[tuple[int | None, str], Alert] = {}
        self.link_up = False
        self._wishes: dict[int, AgentWanted] = {}
        self._phones: dict[str, DeviceChanged] = {}
        self._wrapups: list[tuple[float, int]] = []
        self._queues_of: dict[int, tuple[int, ...]] = {}
        self._takers: dict[type[Event], Callable[[Any], list[AgentChanged]]] = {
            CallUpdated: self._call_updated,
            CallEnded: self._call_ended,
            CallContact: self._contact,
            DeviceChanged: self._device,
            AgentWanted: self._wanted,
            LinkChanged: self._link,
            Alert: self._alert,
        }

    def apply(self, event: Event) -> list[AgentChanged]:
        """Takes one event."""
        taker = self._takers.get(type(event))
        return taker(event) if taker else []

    def business(self, business_id: int, at: float = 0.0) -> BusinessNow:
        """A business, made when it is new."""
        found = self.businesses.get(business_id)
        if found is None:
            found = self.businesses[business_id] = BusinessNow(business_id)
            self._set_day(found, at)
        return found

    # --- configuration and time ---------------------------------------------------------------------

    def set_directory(self, directory: Directory, at: float) -> list[AgentChanged]:
        """Takes over names, members and settings; agents who are new begin, those who are gone end."""
        self.directory = directory
        queues_of: dict[int, list[int]] = {}
        for queue in directory.queues.values():
            for agent_id in queue.members:
                queues_of.setdefault(agent_id, []).append(queue.id)
        self._queues_of = {agent_id: tuple(queues) for agent_id, queues in queues_of.items()}
        for agent_id in [one for one, agent in self.agents.items() if one not in directory.agents]:
            self.business(self.agents.pop(agent_id).business_id, at).dirty_agents.add(agent_id)
        changes: list[AgentChanged] = []
        for ref in directory.agents.values():
            agent = self.agents.get(ref.id)
            if agent is None:
                agent = self.agents[ref.id] = AgentNow(ref.id, ref.business_id, at)
                changes += self._catch_up(agent, at)
            self.business(ref.business_id, at).dirty_agents.add(ref.id)
        for queue in directory.queues.values():
            self.business(queue.business_id, at).dirty_queues.add(queue.id)
        for business_id in directory.businesses:
            self._set_day(self.business(business_id, at), at)
        return changes

    def _catch_up(self, agent: AgentNow, at: float) -> list[AgentChanged]:
        """An agent who is new here: his wish, phones and calls may have been told before he was known."""
        for phone in self._phones.values():
            if phone.agent_id == agent.id:
                self._put_phone(agent, phone)
        wish = self._wishes.get(agent.id)
        if wish is not None:
            agent.wanted, agent.reason = wish.wanted, wish.reason
        for call in self.business(agent.business_id, at).calls.values():
            part = parts_of(call).get(agent.id)
            if part is not None:
                agent.parts[call.id] = part
        return self._settle(agent, at)

    def tick(self, now: float) -> list[AgentChanged]:
        """Ends what ends by time: wrap-ups and days."""
        changes: list[AgentChanged] = []
        while self._wrapups and self._wrapups[0][0] <= now:
            until, agent_id = heapq.heappop(self._wrapups)
            agent = self.agents.get(agent_id)
            if agent is not None and agent.state == "wrapup" and agent.wrapup_until <= now:
                changes += self._settle(agent, max(until, agent.since))
        for business in self.businesses.values():
            if business.day_ends and now >= business.day_ends:
                self._new_day(business, now)
        return changes

    def next_wake(self) -> float | None:
        """When ``tick`` has something to do next."""
        moments = [business.day_ends for business in self.businesses.values() if business.day_ends]
        if self._wrapups:
            moments.append(self._wrapups[0][0])
        return min(moments, default=None)

    def _set_day(self, business: BusinessNow, at: float) -> None:
        ref = self.directory.businesses.get(business.id)
        business.day_begins, business.day_ends = day_of(at, ref.timezone if ref else "UTC")

    def _new_day(self, business: BusinessNow, now: float) -> None:
        midnight = business.day_ends
        business.counters.clear()
        business.counted.clear()
        for agent in self.agents.values():
            if agent.business_id == business.id:
                agent.spent = Spent()
                agent.counted_from = midnight
        self._set_day(business, now)
        self._all_queues_dirty(business)

    def prime(self, queue_id: int, counters: Counters, calls: Iterable[str] = ()) -> None:
        """Sets what a queue counted today from the database; ``calls`` are ids in it that may be told again."""
        queue = self.directory.queues.get(queue_id)
        if queue is None:
            return
        business = self.business(queue.business_id)
        business.counters[queue_id] = counters
        # What was counted here before is in the new counters, or is not meant to be: it must not be taken off again.
        for call_id, counted in business.counted.items():
            if counted is not None and counted[0] == queue_id:
                business.counted[call_id] = None
        for call_id in calls:
            self._remember(business, call_id, None)
        business.dirty_queues.add(queue_id)

    def prime_agents(self, spent: Mapping[int, Spent], at: float) -> None:
        """Sets what agents spent in their states today until ``at``."""
        for agent_id, seconds in spent.items():
            agent = self.agents.get(agent_id)
            if agent is not None:
                agent.spent, agent.counted_from = seconds, max(at, agent.counted_from)
                self._agent_dirty(agent)

    # --- calls --------------------------------------------------------------------------------------

    def _call_updated(self, event: CallUpdated) -> list[AgentChanged]:
        call = event.call
        business = self.business(call.business_id, event.at)
        old = business.calls.get(call.id)
        business.calls[call.id] = call
        changes = self._involve(business, call, event.at)
        self._call_dirty(business, call, old)
        return changes

    def _call_ended(self, event: CallEnded) -> list[AgentChanged]:
        call = event.call
        business = self.business(call.business_id, event.at)
        old = business.calls.pop(call.id, None)
        changes: list[AgentChanged] = []
        if old is not None:
            changes = self._involve(business, call, event.at)
            business.contacts.pop(call.id, None)
        self._fold(business, call)
        self._call_dirty(business, call, old)
        return changes

    def _call_dirty(self, business: BusinessNow, call: Call, old: Call | None) -> None:
        if old is None and call.result is not None:
            return
        business.dirty_calls.add(call.id)
        if "parked" in (call.form, old.form if old is not None else ""):
            business.dirty_parked = True
        business.concerned[call.id] = business.concerned.get(call.id, set()) | agents_concerned(call)
        if call.queue_id is not None:
            business.dirty_queues.add(call.queue_id)
        if old is not None and old.queue_id is not None:
            business.dirty_queues.add(old.queue_id)

    def _involve(self, business: BusinessNow, call: Call, at: float) -> list[AgentChanged]:
        """Brings the agents of a call up to date; who leaves a queue call that he talked in begins his wrap-up."""
        parts = parts_of(call)
        changes: list[AgentChanged] = []
        for agent_id in {*parts, *business.concerned.get(call.id, ())}:
            agent = self.agents.get(agent_id)
            if agent is None or agent.business_id != business.id:
                continue
            before, part = agent.parts.get(call.id), parts.get(agent_id)
            if before == part:
                continue
            agent.parts.pop(call.id, None)
            if part is not None:
                agent.parts[call.id] = part
            elif before == "talking":
                self._begin_wrapup(agent, call, at)
            changes += self._settle(agent, at)
        return changes

    def _begin_wrapup(self, agent: AgentNow, call: Call, at: float) -> None:
        queue = self.directory.queues.get(call.queue_id or 0)
        if queue is None or queue.wrapup_seconds <= 0 or call.direction != "in" or not talked_in(call, agent.id):
            return
        agent.wrapup_until = at + queue.wrapup_seconds
        agent.wrapup_queue = queue.id
        heapq.heappush(self._wrapups, (agent.wrapup_until, agent.id))

    def _fold(self, business: BusinessNow, call: Call) -> None:
        """Counts an ended call in its queue's day; one that is told again replaces what it counted before."""
        queue = self.directory.queues.get(call.queue_id or 0)
        if queue is None or queue.business_id != business.id or call.queued_at is None:
            return
        if call.ended_at is None or call.ended_at < business.day_begins:
            return
        if call.id in business.counted:
            before = business.counted[call.id]
            if before is None:
                return
            queue_id, counted = before
            business.counters[queue_id] = business.counters.get(queue_id, Counters()) - counted
            business.dirty_queues.add(queue_id)
        part = count(call, queue)
        business.counters[queue.id] = business.counters.get(queue.id, Counters()) + part
        business.dirty_queues.add(queue.id)
        self._remember(business, call.id, (queue.id, part))

    @staticmethod
    def _remember(business: BusinessNow, call_id: str, what: tuple[int, Counters] | None) -> None:
        business.counted[call_id] = what
        if len(business.counted) > _REMEMBERED:
            del business.counted[next(iter(business.counted))]

    def _contact(self, event: CallContact) -> list[AgentChanged]:
        business = self.business(event.business_id, event.at)
        call = business.calls.get(event.call_id)
        if call is not None:
            business.contacts[event.call_id] = ContactBrief(
                id=event.contact_id, name=event.name, position=event.position, saved=event.saved
            )
            self._call_dirty(business, call, call)
        return []

    # --- agents -------------------------------------------------------------------------------------

    def _device(self, event: DeviceChanged) -> list[AgentChanged]:
        if event.online:
            self._phones[event.endpoint] = event
        else:
            self._phones.pop(event.endpoint, None)
        agent = self.agents.get(event.agent_id)
        if agent is None:
            return []
        self._put_phone(agent, event)
        self._agent_dirty(agent)
        return self._settle(agent, event.at)

    @staticmethod
    def _put_phone(agent: AgentNow, event: DeviceChanged) -> None:
        found = parse_object(event.endpoint)
        if found is not None and found.device is not None:
            (agent.online.add if event.online else agent.online.discard)(found.device)

    def _wanted(self, event: AgentWanted) -> list[AgentChanged]:
        self._wishes[event.agent_id] = event
        agent = self.agents.get(event.agent_id)
        if agent is None or agent.business_id != event.business_id:
            return []
        reason_changed = agent.reason != event.reason
        agent.wanted, agent.reason = event.wanted, event.reason
        # A choice ends the wrap-up.
        agent.wrapup_until = 0.0
        self._agent_dirty(agent)
        changes = self._settle(agent, event.at)
        if not changes and reason_changed and agent.state == "paused":
            agent.count(event.at)
            agent.since = event.at
            changes = [self._changed(agent, event.at)]
        return changes

    def _settle(self, agent: AgentNow, at: float) -> list[AgentChanged]:
        state, since = agent.state, agent.since
        if not agent.settle(at):
            return []
        self._agent_dirty(agent)
        if state == agent.state:
            return []
        if state == "wrapup" and agent.wrapup_queue is not None:
            business = self.business(agent.business_id, at)
            lasted = max(0.0, at - max(since, business.day_begins))
            before = business.counters.get(agent.wrapup_queue, Counters())
            business.counters[agent.wrapup_queue] = before + Counters(wrapup_seconds=lasted)
            business.dirty_queues.add(agent.wrapup_queue)
        return [self._changed(agent, at)]

    @staticmethod
    def _changed(agent: AgentNow, at: float) -> AgentChanged:
        return AgentChanged(
            at=at,
            business_id=agent.business_id,
            agent_id=agent.id,
            state=agent.state,
            reason=agent.reason if agent.state == "paused" else "",
            call_id=agent.call_id,
        )

    def _agent_dirty(self, agent: AgentNow) -> None:
        business = self.business(agent.business_id)
        business.dirty_agents.add(agent.id)
        business.dirty_queues.update(self._queues_of.get(agent.id, ()))

    def queues_of(self, agent_id: int) -> tuple[int, ...]:
        """The queues that an agent is a member of."""
        return self._queues_of.get(agent_id, ())

    # --- the rest -----------------------------------------------------------------------------------

    def _link(self, event: LinkChanged) -> list[AgentChanged]:
        if event.up != self.link_up:
            self.link_up = event.up
            for business in self.businesses.values():
                business.dirty_link = True
        return []

    def _alert(self, event: Alert) -> list[AgentChanged]:
        key = (event.business_id, event.key)
        before = self.alerts.get(key)
        if event.active:
            # The moment when it began stays, however often it is said again.
            self.alerts[key] = event if before is None else _same_moment(event, before.at)
        elif before is None:
            return []
        else:
            del self.alerts[key]
        for business in self.businesses.values():
            if event.business_id in (None, business.id):
                business.dirty_alerts = True
        return []

    def alerts_of(self, business_id: int) -> list[Alert]:
        """The alerts that this business sees, oldest first."""
        found = [alert for (owner, _), alert in self.alerts.items() if owner in (None, business_id)]
        return sorted(found, key=lambda alert: alert.at)

    def _all_queues_dirty(self, business: BusinessNow) -> None:
        business.dirty_queues.update(
            queue.id for queue in self.directory.queues.values() if queue.business_id == business.id
        )


def _same_moment(event: Alert, at: float) -> Alert:
    return Alert(
        at=at,
        key=event.key,
        active=True,
        message=event.message,
        values=event.values,
        business_id=event.business_id,
    )


def day_of(at: float, timezone: str) -> tuple[float, float]:
    """The beginning and the end of the day of ``timezone`` in which ``at`` lies, as epoch seconds."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    today = datetime.fromtimestamp(at, zone).date()
    midnights = (datetime.combine(day, time.min, zone) for day in (today, today + timedelta(days=1)))
    begins, ends = (midnight.timestamp() for midnight in midnights)
    return begins, ends
