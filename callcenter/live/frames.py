"""The stream's frames as bytes: each change is encoded once for all who see everything, and once per agent for others.

An audience that sees only its own calls gets agents without the calls of others and queues whose callers have no names.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from callcenter.live import build
from callcenter.live.audience import Audience
from callcenter.live.business import BusinessNow
from callcenter.live.state import State
from callcenter.live.views import AlertView, CallView, ParkedView, QueueView, Snapshot

_ENCODE = msgspec.json.Encoder().encode
_GONE = msgspec.Raw(b"null")


class Delta(msgspec.Struct, kw_only=True):
    """What changed: absent = unchanged, null = gone."""

    rev: int
    at: str
    calls: dict[str, msgspec.Raw] | UnsetType = UNSET
    agents: dict[int, msgspec.Raw] | UnsetType = UNSET
    queues: dict[int, msgspec.Raw] | UnsetType = UNSET
    alerts: list[AlertView] | UnsetType = UNSET
    link_up: bool | UnsetType = UNSET
    parked: list[ParkedView] | UnsetType = UNSET


def frame(event: str, value: Any) -> bytes:
    """One Server-Sent Event with ``value`` as JSON."""
    return b"event: " + event.encode() + b"\ndata: " + _ENCODE(value) + b"\n\n"


class Deltas:
    """The frames of one revision of one business, each made when the first subscriber needs it."""

    def __init__(self, state: State, business: BusinessNow, now: float, alerts: dict[str, list[AlertView]]) -> None:
        self._state = state
        self._business = business
        self._now = now
        self._alerts = alerts
        self._at = build.moment(now)
        self._calls = self._encode_calls()
        self._by_queue = build.calls_by_queue(business) if business.dirty_queues else {}
        self._shared: dict[bool, tuple[dict[int, msgspec.Raw], dict[int, msgspec.Raw]]] = {}
        self._parked = build.parked(state, business) if business.dirty_parked else UNSET
        self._frames: dict[tuple[int | None, str], bytes] = {}
        self._queues: dict[int, QueueView | None] = {}

    def frame_for(self, audience: Audience) -> bytes:
        """The frame for one audience."""
        agent_id = None if audience.sees_all else audience.agent_id or 0
        key = (agent_id, audience.language if self._business.dirty_alerts else "")
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = frame("delta", self._delta(agent_id, audience.language))
        return found

    def _delta(self, agent_id: int | None, language: str) -> Delta:
        business = self._business
        agents, queues = self._agents_and_queues(agent_id is None)
        calls = self._calls
        if agent_id is not None:
            concerned = business.concerned
            calls = {key: raw for key, raw in calls.items() if agent_id in concerned.get(key, ())}
            if agent_id in agents:
                agents = {**agents, agent_id: self._agent(agent_id, True)}
        return Delta(
            rev=business.rev,
            at=self._at,
            calls=calls or UNSET,
            agents=agents or UNSET,
            queues=queues or UNSET,
            alerts=self._alerts.get(language, []) if business.dirty_alerts else UNSET,
            link_up=self._state.link_up if business.dirty_link else UNSET,
            parked=UNSET if agent_id == 0 else self._parked,
        )

    def _encode_calls(self) -> dict[str, msgspec.Raw]:
        found: dict[str, msgspec.Raw] = {}
        for call_id in self._business.dirty_calls:
            call = self._business.calls.get(call_id)
            if call is None:
                found[call_id] = _GONE
            else:
                found[call_id] = msgspec.Raw(_ENCODE(build.live_call(self._state, self._business, call)))
        return found

    def _agents_and_queues(self, names: bool) -> tuple[dict[int, msgspec.Raw], dict[int, msgspec.Raw]]:
        found = self._shared.get(names)
        if found is None:
            agents = {agent_id: self._agent(agent_id, names) for agent_id in self._business.dirty_agents}
            queues = {queue_id: self._queue(queue_id, names) for queue_id in self._business.dirty_queues}
            found = self._shared[names] = (agents, queues)
        return found

    def _agent(self, agent_id: int, with_call: bool) -> msgspec.Raw:
        agent = self._state.agents.get(agent_id)
        view = build.agent_view(self._state, agent, with_call=with_call) if agent else None
        return _GONE if view is None else msgspec.Raw(_ENCODE(view))

    def _queue(self, queue_id: int, names: bool) -> msgspec.Raw:
        calls = self._by_queue.get(queue_id, [])
        if queue_id not in self._queues:
            # Its figures go through all its agents: once for everybody.
            self._queues[queue_id] = build.queue_view(self._state, self._business, queue_id, calls, self._now)
        view = self._queues[queue_id]
        if view is not None and not names:
            view = build.without_names(view, self._business, calls)
        return _GONE if view is None else msgspec.Raw(_ENCODE(view))


def snapshot(state: State, business: BusinessNow, audience: Audience, now: float, alerts: list[AlertView]) -> Snapshot:
    """Everything that ``audience`` may see."""
    own, names = audience.agent_id, audience.sees_all
    calls: dict[str, CallView] = {}
    for call in business.calls.values():
        if names or own in business.concerned.get(call.id, ()):
            calls[call.id] = build.live_call(state, business, call)
    agents = {}
    for agent in state.agents.values():
        if agent.business_id == business.id:
            view = build.agent_view(state, agent, with_call=names or agent.id == own)
            if view is not None:
                agents[agent.id] = view
    by_queue = build.calls_by_queue(business)
    queues: dict[int, QueueView] = {}
    for queue in state.directory.queues.values():
        found = build.queue_view(state, business, queue.id, by_queue.get(queue.id, []), now, names=names)
        if found is not None:
            queues[queue.id] = found
    return Snapshot(
        rev=business.rev,
        now=build.moment(now),
        link_up=state.link_up,
        calls=calls,
        agents=agents,
        queues=queues,
        alerts=alerts,
        parked=build.parked(state, business) if names or own is not None else [],
        me={"agent_id": own},
    )
