"""The wallboard of a past moment is what was shown then: recorded calls are played, each picture is rebuilt."""

from __future__ import annotations

from typing import Any

import pytest

from callcenter.core.clock import FixedClock, utc
from callcenter.core.events import AgentChanged, AgentWanted, CallEnded, CallUpdated, DeviceChanged, Event
from callcenter.features.agents import handlers as agents
from callcenter.features.calls.usecases.log import CallLog
from callcenter.features.wallboard.usecases import past
from callcenter.live.audience import Audience
from callcenter.live.views import Figure, Snapshot
from callcenter.plugin import Services
from tests.database.test_calls_traces import furnish
from tests.support.house import House
from tests.traces import replay

# Queues, menus, holds, transfers, several agents, colleagues, click-to-dial, calls that nobody takes.
SHIFT = (
    "queue_answered", "queue_held", "queue_abandoned", "queue_no_agent", "queue_second_agent", "menu_queue_all_ring",
    "menu_left", "personal_two_devices", "personal_missed", "outgoing_answered", "outgoing_busy", "internal_answered",
    "click_answered", "click_client_busy", "blind_transfer", "attended_transfer", "queue_moved_to_front",
    "talk_redirected", "listened_to",
)  # fmt: skip


def shown(picture: Snapshot) -> dict[str, Any]:
    """What the wallboard draws of a picture; phones that are on line were never stored."""
    return {
        "queues": {
            q.id: {
                "waiting": [(w.call_id, w.number, w.since, w.position) for w in q.waiting],
                "states": (q.ready, q.talking, q.ringing, q.paused, q.wrapup),
                "counts": (q.entered, q.answered, q.abandoned),
                "figures": [proof(f) for f in (q.service_level, q.asa, q.aht, q.occupancy, q.abandonment)],
            }
            for q in picture.queues.values()
        },
        "agents": {a.id: (a.state, a.reason, a.since, a.call_id) for a in picture.agents.values()},
        "calls": {
            c.id: (c.state, c.direction, c.client_number, c.agent_id, c.queue and c.queue.id)
            for c in picture.calls.values()
        },
    }


def proof(figure: Figure) -> tuple[Any, ...]:
    return (
        pytest.approx(figure.value, abs=0.02) if figure.value is not None else None,
        pytest.approx(figure.numerator, abs=0.05),
        pytest.approx(figure.denominator, abs=0.05),
    )


def play(services: Services, clock: FixedClock, business: int) -> tuple[list[Event], list[tuple[float, Snapshot]]]:
    """Plays the shift into the live picture; the events of it, and what was shown between each two moments."""
    told: list[Event] = []
    services.bus.listen(AgentChanged, told.append)
    recorded = sorted((replay.replay(replay.events(name)) for name in SHIFT), key=lambda events: events[0].at)
    stream = [event for events in recorded for event in events if isinstance(event, CallUpdated | CallEnded)]
    begin = stream[0].at - 5
    clock.advance(begin - clock.epoch())
    services.live.set_directory(replay.DIRECTORY)
    for agent_id in replay.DIRECTORY.agents:
        services.bus.publish(DeviceChanged(at=begin, endpoint=f"a{agent_id}s", agent_id=agent_id, online=True))
        services.bus.publish(AgentWanted(at=begin + 1, business_id=business, agent_id=agent_id, wanted="ready"))
    services.bus.publish(AgentWanted(at=begin + 2, business_id=business, agent_id=13, wanted="paused", reason="lunch"))
    services.bus.publish(AgentWanted(at=begin + 3, business_id=business, agent_id=13, wanted="ready"))
    pictures = []
    for event, following in zip(stream, [*stream[1:], None], strict=True):
        while (wake := services.live.state.next_wake()) is not None and wake <= event.at:
            clock.advance(wake - clock.epoch())
            services.live.tick(wake)
        clock.advance(event.at - clock.epoch())
        services.bus.publish(event)
        told.append(event)
        until = following.at if following is not None else event.at + 30
        if until - event.at > 0.004:
            at = event.at + min((until - event.at) / 2, 5.0)
            clock.advance(at - clock.epoch())
            services.live.tick(at)
            pictures.append((at, services.live.snapshot(Audience(business, sees_all=True))))
    return told, pictures


@pytest.mark.rule("SUP-11")
async def test_every_past_moment_is_shown_as_it_was(services: Services, house: House) -> None:
    business = await furnish(services, house)
    services.telephony.set_directory(replay.DIRECTORY)
    clock = services.clock
    assert isinstance(clock, FixedClock)
    told, pictures = play(services, clock, business)
    for event in told:
        if isinstance(event, AgentChanged):
            await agents.on_changed(services, event)
        elif isinstance(event, CallUpdated):
            services.part(CallLog, CallLog).updated(event)
        elif isinstance(event, CallEnded):
            services.part(CallLog, CallLog).ended(event)
    await services.part(CallLog, CallLog).drained()
    await services.part(agents.SpanWriter, agents.SpanWriter).drained()
    clock.advance(3600)
    assert len(pictures) > 60
    states = set()
    for at, then in pictures:
        rebuilt = await past.board_at(services, business, utc(at))
        assert shown(rebuilt) == shown(then), f"{utc(at)}"
        states |= {a.state for a in then.agents.values()} | {c.state for c in then.calls.values()}
    assert states >= {"ready", "ringing", "talking", "wrapup", "held", "queued", "menu"}
