"""The live picture as a pure reducer: events in, a new picture and the agents' changes out. No I/O, no clock.

What changed since the last delta gathers in each business's ``dirty`` sets; the service empties them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from callcenter.core.calls import Call
from callcenter.core.directory import Directory, parse_object
from callcenter.core.events import (
    AgentWanted,
    Alert,
    CallContact,
    CallEnded,
    CallUpdated,
    DeviceChanged,
    Event,
    LinkChanged,
    PauseOverdue,
    WrapupExtended,
    WrapupGiven,
)
from callcenter.live.agents import AgentNow, OpenStretch, dialled_by, parts_of, talked_in, wrapup_of
from callcenter.live.business import BusinessNow, day_of
from callcenter.live.figures import Counters, Spent
from callcenter.live.pictures import agents_concerned
from callcenter.live.views import ContactBrief

# Calls for which a wrap-up was chosen.
REMEMBERED = 5000


class State:
    """Everything that goes on. ``apply`` and ``tick`` return the events that come of it: AgentChanged, PauseOverdue."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.businesses: dict[int, BusinessNow] = {}
        self.agents: dict[int, AgentNow] = {}
        self.alerts: dict[tuple[int | None, str], Alert] = {}
        self.link_up = False
        self._wishes: dict[int, AgentWanted] = {}
        self._phones: dict[str, DeviceChanged] = {}
        # When something of an agent ends by time: his wrap-up, the limit of his pause.
        self._moments: list[tuple[float, int]] = []
        self._queues_of: dict[int, tuple[int, ...]] = {}
        self._owners: frozenset[int] = frozenset()
        # Wrap-ups that somebody chose for single calls, in seconds.
        self._chosen: dict[str, float] = {}
        self._takers: dict[type[Event], Callable[[Any], list[Event]]] = {
            CallUpdated: self._call_updated,
            CallEnded: self._call_ended,
            CallContact: self._contact,
            DeviceChanged: self._device,
            AgentWanted: self._wanted,
            WrapupExtended: self._extended,
            WrapupGiven: self._given,
            LinkChanged: self._link,
            Alert: self._alert,
        }

    def apply(self, event: Event) -> list[Event]:
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

    def set_directory(self, directory: Directory, at: float) -> list[Event]:
        """Takes over names, members and settings; agents who are new begin, those who are gone end."""
        self.directory = directory
        queues_of: dict[int, list[int]] = {}
        for queue in directory.queues.values():
            for agent_id in queue.members:
                queues_of.setdefault(agent_id, []).append(queue.id)
        self._queues_of = {agent_id: tuple(queues) for agent_id, queues in queues_of.items()}
        self._owners = frozenset(one.agent_id for one in directory.numbers.values() if one.agent_id is not None)
        for agent_id in [one for one, agent in self.agents.items() if one not in directory.agents]:
            self.business(self.agents.pop(agent_id).business_id, at).dirty_agents.add(agent_id)
        changes: list[Event] = []
        for ref in directory.agents.values():
            agent = self.agents.get(ref.id)
            if agent is None:
                agent = self.agents[ref.id] = AgentNow(ref.id, ref.business_id, at)
                changes += self._catch_up(agent, at)
            self.business(ref.business_id, at).dirty_agents.add(ref.id)
            self._watch_limit(agent)
            changes += self._overdue(agent, at)
        for queue in directory.queues.values():
            self.business(queue.business_id, at).dirty_queues.add(queue.id)
        for business_id in directory.businesses:
            self._set_day(self.business(business_id, at), at)
        return changes

    def _catch_up(self, agent: AgentNow, at: float) -> list[Event]:
        """An agent who is new here: his wish, phones and calls may have been told before he was known."""
        for phone in self._phones.values():
            if phone.agent_id == agent.id:
                self._put_phone(agent, phone)
        wish = self._wishes.get(agent.id)
        if wish is not None:
            agent.choose(wish)
        for call in self.business(agent.business_id, at).calls.values():
            part = parts_of(call).get(agent.id)
            if part is not None:
                agent.parts[call.id] = part
        return self._settle(agent, at)

    def tick(self, now: float) -> list[Event]:
        """Ends what ends by time: wrap-ups and days; tells of pauses that go over their limit."""
        changes: list[Event] = []
        while self._moments and self._moments[0][0] <= now:
            moment, agent_id = heapq.heappop(self._moments)
            agent = self.agents.get(agent_id)
            if agent is None:
                continue
            if agent.state == "wrapup" and agent.wrapup_until <= now:
                changes += self._settle(agent, max(moment, agent.since))
            changes += self._overdue(agent, now)
        for business in self.businesses.values():
            if business.day_ends and now >= business.day_ends:
                self._new_day(business, now)
        return changes

    def next_wake(self) -> float | None:
        """When ``tick`` has something to do next."""
        moments = [business.day_ends for business in self.businesses.values() if business.day_ends]
        if self._moments:
            moments.append(self._moments[0][0])
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
        self.business(queue.business_id).prime(queue_id, counters, calls)

    def prime_agents(self, spent: Mapping[int, Spent], at: float) -> None:
        """Sets what agents spent in their states today until ``at``."""
        for agent_id, seconds in spent.items():
            agent = self.agents.get(agent_id)
            if agent is not None:
                agent.spent, agent.counted_from = seconds, max(at, agent.counted_from)
                self._agent_dirty(agent)

    # --- calls --------------------------------------------------------------------------------------

    def _call_updated(self, event: CallUpdated) -> list[Event]:
        call = event.call
        business = self.business(call.business_id, event.at)
        old = business.calls.get(call.id)
        business.calls[call.id] = call
        changes = self._involve(business, call, event.at)
        self._call_dirty(business, call, old)
        return changes

    def _call_ended(self, event: CallEnded) -> list[Event]:
        call = event.call
        business = self.business(call.business_id, event.at)
        old = business.calls.pop(call.id, None)
        changes: list[Event] = []
        if old is not None:
            changes = self._involve(business, call, event.at)
            business.contacts.pop(call.id, None)
        business.fold(call, self.directory.queues.get(call.queue_id or 0))
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

    def _involve(self, business: BusinessNow, call: Call, at: float) -> list[Event]:
        """Brings the agents of a call up to date; who leaves a call that he talked in begins his wrap-up."""
        parts = parts_of(call)
        changes: list[Event] = []
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
        # Who does not want calls has no need to be kept from them: what he chose begins at once.
        chosen = self._chosen.get(call.id)
        if agent.wanted != "ready" or (chosen is None and not talked_in(call, agent.id)):
            return
        seconds, queue_id = wrapup_of(call, agent.id, self.directory) if chosen is None else (chosen, None)
        if seconds > 0:
            agent.begin_wrapup(at, seconds, queue_id, call.id)
            self._watch_wrapup(agent)

    def _watch_wrapup(self, agent: AgentNow) -> None:
        if agent.wrapup_ends is not None:
            heapq.heappush(self._moments, (agent.wrapup_ends, agent.id))

    def _contact(self, event: CallContact) -> list[Event]:
        business = self.business(event.business_id, event.at)
        call = business.calls.get(event.call_id)
        if call is not None:
            business.contacts[event.call_id] = ContactBrief(
                id=event.contact_id, name=event.name, position=event.position, saved=event.saved
            )
            self._call_dirty(business, call, call)
        return []

    # --- agents -------------------------------------------------------------------------------------

    def _device(self, event: DeviceChanged) -> list[Event]:
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

    def _wanted(self, event: AgentWanted) -> list[Event]:
        self._wishes[event.agent_id] = event
        agent = self.agents.get(event.agent_id)
        if agent is None or agent.business_id != event.business_id:
            return []
        another = agent.choose(event)
        self._watch_limit(agent)
        self._agent_dirty(agent)
        changes = self._settle(agent, event.at)
        if not changes and another and agent.state == "paused":
            agent.count(event.at)
            agent.since = event.at
            changes = [agent.changed(event.at)]
        return changes

    def _extended(self, event: WrapupExtended) -> list[Event]:
        agent = self.agents.get(event.agent_id)
        if agent is None or agent.business_id != event.business_id or not agent.extend(event.at):
            return []
        self._watch_wrapup(agent)
        self._agent_dirty(agent)
        return [agent.changed(event.at)]

    def _given(self, event: WrapupGiven) -> list[Event]:
        self._chosen.pop(event.call_id, None)
        self._chosen[event.call_id] = event.seconds
        if len(self._chosen) > REMEMBERED:
            del self._chosen[next(iter(self._chosen))]
        agent = self.agents.get(event.agent_id)
        if agent is None or agent.state != "wrapup" or agent.wrapup_call != event.call_id:
            return []
        agent.begin_wrapup(agent.since, event.seconds, agent.wrapup_queue, event.call_id)
        self._watch_wrapup(agent)
        self._agent_dirty(agent)
        return self._settle(agent, event.at) or [agent.changed(event.at)]

    def _watch_limit(self, agent: AgentNow) -> None:
        agent.set_limit(self.directory)
        if agent.limit_at is not None and not agent.overdue:
            heapq.heappush(self._moments, (agent.limit_at, agent.id))

    @staticmethod
    def _overdue(agent: AgentNow, at: float) -> list[Event]:
        """The news that a pause is over its limit, once."""
        if agent.state != "paused" or agent.overdue or agent.limit_at is None or at < agent.limit_at:
            return []
        agent.overdue = True
        return [
            PauseOverdue(
                at=at,
                business_id=agent.business_id,
                agent_id=agent.id,
                limit_at=agent.limit_at,
                reason=agent.reason,
                reason_id=agent.reason_id,
            )
        ]

    def resting(self, agent_id: int, at: float) -> bool:
        """Whether queues leave an agent alone although he is ready: in wrap-up, or in a call of his own before one.

        Before, because Asterisk may give him the next caller in the moment in which his call ends.
        """
        agent = self.agents.get(agent_id)
        if agent is None or agent.wanted != "ready":
            return False
        if at < agent.wrapup_until:
            return True
        calls = self.business(agent.business_id).calls
        talks = [calls[one] for one, part in agent.parts.items() if part == "talking" and one in calls]
        mine = [call for call in talks if dialled_by(call, agent_id)]
        return any(self._chosen.get(one.id, wrapup_of(one, agent_id, self.directory)[0]) for one in mine)

    def restore(self, stretches: Iterable[OpenStretch], at: float) -> None:
        """Goes on with what agents did when the server stopped; their wishes were told before."""
        for stretch in stretches:
            agent = self.agents.get(stretch.agent_id)
            if agent is not None:
                agent.keep(stretch, at)
                if at < agent.wrapup_until:
                    heapq.heappush(self._moments, (agent.wrapup_until, agent.id))

    def _settle(self, agent: AgentNow, at: float) -> list[Event]:
        state, since = agent.state, agent.since
        if not agent.settle(at):
            return []
        self._agent_dirty(agent)
        if state == agent.state:
            return []
        if state == "wrapup" and agent.wrapup_queue is not None:
            business = self.business(agent.business_id, at)
            lasted = max(0.0, at - max(since, business.day_begins))
            business.add(agent.wrapup_queue, Counters(wrapup_seconds=lasted))
        return [agent.changed(at), *self._overdue(agent, at)]

    def _agent_dirty(self, agent: AgentNow) -> None:
        business = self.business(agent.business_id)
        business.dirty_agents.add(agent.id)
        business.dirty_queues.update(self._queues_of.get(agent.id, ()))

    def queues_of(self, agent_id: int) -> tuple[int, ...]:
        """The queues that an agent is a member of."""
        return self._queues_of.get(agent_id, ())

    def takes_calls(self, agent_id: int) -> bool:
        """Whether calls to some number can come to an agent (core.directory says it for one at a time)."""
        return agent_id in self._owners or agent_id in self._queues_of

    # --- the rest -----------------------------------------------------------------------------------

    def _link(self, event: LinkChanged) -> list[Event]:
        if event.up != self.link_up:
            self.link_up = event.up
            for agent in self.agents.values():
                if event.up and agent.goes_on():
                    self._agent_dirty(agent)
            for business in self.businesses.values():
                business.dirty_link = True
        return []

    def _alert(self, event: Alert) -> list[Event]:
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
