"""Views of agents and queues from the live state. Pure."""

from __future__ import annotations

import msgspec

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.live import figures
from callcenter.live.agents import STATUSES, AgentNow
from callcenter.live.business import BusinessNow
from callcenter.live.figures import Counters
from callcenter.live.pictures import call_view, iso, iso_or_none
from callcenter.live.state import State
from callcenter.live.views import AgentView, CallView, ParkedView, QueueView, Waiting


def moment(epoch: float) -> str:
    """Now as ISO 8601; unlike ``iso`` it keeps nothing in memory."""
    return utc(epoch).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def live_call(state: State, business: BusinessNow, call: Call) -> CallView:
    """A call that goes on, with who the outside party is."""
    return call_view(call, state.directory, business.contacts.get(call.id))


def parked(state: State, business: BusinessNow) -> list[ParkedView]:
    """The parked clients by slot: everybody who may dial sees them, so that any desk can take them."""
    found = []
    for call in business.calls.values():
        if call.form != "parked" or not call.form_text.isdecimal():
            continue
        contact, by = business.contacts.get(call.id), state.directory.agents.get(call.form_by or 0)
        found.append(
            ParkedView(
                call_id=call.id,
                slot=int(call.form_text),
                number=call.client_number,
                name=contact.name if contact and contact.saved else "",
                since=iso(call.form_at or call.started_at),
                by=by.name if by else "",
            )
        )
    return sorted(found, key=lambda one: one.slot)


def agent_view(state: State, agent: AgentNow, *, with_call: bool = True) -> AgentView | None:
    """An agent; None when the directory no longer has him."""
    ref = state.directory.agents.get(agent.id)
    if ref is None:
        return None
    paused, wrapup = agent.state == "paused", agent.state == "wrapup"
    return AgentView(
        id=agent.id,
        name=ref.name,
        short_number=ref.short_number,
        state=agent.state,
        status=STATUSES[agent.state],
        reason=_reason(state, agent) if paused else "",
        reason_id=agent.reason_id if paused else None,
        since=iso(agent.since),
        limit_at=iso_or_none(agent.limit_at) if paused else None,
        wrapup_until=iso(agent.wrapup_ends) if wrapup and agent.wrapup_ends is not None else None,
        can_extend=wrapup and not agent.extended and agent.wrapup_ends is not None,
        takes_calls=state.takes_calls(agent.id),
        device=agent.device,
        online=sorted(agent.online),
        wanted=agent.wanted,
        call_id=agent.call_id if with_call else None,
        queues=list(state.queues_of(agent.id)),
    )


def _reason(state: State, agent: AgentNow) -> str:
    """Why he is paused, by the name that the reason has now."""
    known = state.directory.pause_reasons.get(agent.reason_id or 0)
    return known.name if known else agent.reason


def calls_by_queue(business: BusinessNow) -> dict[int, list[Call]]:
    """The calls that go on, by the queue they wait in or came from."""
    found: dict[int, list[Call]] = {}
    for call in business.calls.values():
        if call.queue_id is not None and call.queued_at is not None:
            found.setdefault(call.queue_id, []).append(call)
    return found


def queue_view(
    state: State, business: BusinessNow, queue_id: int, calls: list[Call], now: float, *, names: bool = True
) -> QueueView | None:
    """A queue now and today; None when the directory no longer has it. Without ``names`` callers stay unknown."""
    queue = state.directory.queues.get(queue_id)
    if queue is None or queue.business_id != business.id:
        return None
    members = [state.agents[agent_id] for agent_id in queue.members if agent_id in state.agents]
    counters = business.counters.get(queue_id, Counters())
    counters = figures.total([counters, *(figures.count(call, queue) for call in calls)])
    spent = figures.together(member.spent_at(now) for member in members)
    states = dict.fromkeys(("ready", "talking", "ringing", "paused", "wrapup", "offline"), 0)
    for member in members:
        states[member.state] += 1
    owner = state.directory.businesses.get(business.id)
    variant = owner.service_level if owner else "standard"
    return QueueView(
        id=queue.id,
        name=queue.name,
        waiting=waiting(business, calls, names=names),
        ready=states["ready"],
        talking=states["talking"],
        ringing=states["ringing"],
        paused=states["paused"],
        wrapup=states["wrapup"],
        entered=counters.entered,
        answered=counters.answered,
        abandoned=counters.abandoned,
        service_level=figures.service_level(counters, variant),
        asa=figures.asa(counters),
        aht=figures.aht(counters),
        occupancy=figures.occupancy(spent),
        abandonment=figures.abandonment(counters),
    )


def without_names(view: QueueView, business: BusinessNow, calls: list[Call]) -> QueueView:
    """The same queue for those who may not know who waits."""
    return msgspec.structs.replace(view, waiting=waiting(business, calls, names=False)) if view.waiting else view


def waiting(business: BusinessNow, calls: list[Call], *, names: bool = True) -> list[Waiting]:
    """The callers who wait, in the order in which they will be taken."""
    found = [call for call in calls if call.left_queue_at is None]
    found.sort(key=lambda call: (-call.priority, call.queued_at or 0.0, call.id))
    views: list[Waiting] = []
    for position, call in enumerate(found, start=1):
        contact = business.contacts.get(call.id)
        views.append(
            Waiting(
                call_id=call.id if names else "",
                number=call.from_number if names else "",
                name=(contact.name if contact else call.from_name) if names else "",
                since=iso(call.queued_at or call.started_at),
                position=position,
            )
        )
    return views
