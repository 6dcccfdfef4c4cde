"""A live picture with a clock of its own, and short ways to make things happen in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from callcenter.core.bus import Bus
from callcenter.core.calls import Call, Leg
from callcenter.core.clock import FixedClock
from callcenter.core.directory import AgentRef, BusinessRef, Directory, QueueRef
from callcenter.core.events import AgentChanged, AgentWanted, CallEnded, CallUpdated, DeviceChanged, Event
from callcenter.live.service import Live

# 12:00 in Moscow.
NOON = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)

DIRECTORY = Directory(
    agents={
        **{one: AgentRef(id=one, business_id=1, name=f"Agent {one}", short_number=str(100 + one)) for one in (1, 2, 3)},
        9: AgentRef(id=9, business_id=2, name="Stranger", short_number="101"),
    },
    queues={
        7: QueueRef(id=7, business_id=1, name="Sales", members=(1, 2), answer_target=20, short_abandon=5),
        8: QueueRef(id=8, business_id=2, name="Other", members=(9,)),
    },
    businesses={1: BusinessRef(id=1, timezone="Europe/Moscow"), 2: BusinessRef(id=2, timezone="Asia/Vladivostok")},
)


class World:
    """The live picture under test: publish, look, let time pass."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.clock = FixedClock(NOON)
        self.live = Live(self.bus, self.clock)
        self.changes: list[AgentChanged] = []
        self.bus.listen(AgentChanged, self.changes.append)
        self.live.set_directory(DIRECTORY)

    @property
    def now(self) -> float:
        return self.clock.epoch()

    def publish(self, event: Event) -> None:
        self.bus.publish(event)

    def later(self, seconds: float) -> None:
        """Lets time pass, as the clockwork would."""
        self.clock.advance(seconds)
        self.live.tick(self.now)

    def phone(self, agent_id: int, online: bool = True, kind: str = "w") -> None:
        self.publish(DeviceChanged(at=self.now, endpoint=f"a{agent_id}{kind}", agent_id=agent_id, online=online))

    def wants(self, agent_id: int, wanted: Any, reason: str = "") -> None:
        self.publish(AgentWanted(at=self.now, business_id=1, agent_id=agent_id, wanted=wanted, reason=reason))

    def at_work(self, agent_id: int) -> None:
        """The agent has a phone on line and is ready."""
        self.phone(agent_id)
        self.wants(agent_id, "ready")

    def state(self, agent_id: int) -> str:
        found = self.live.agent(1, agent_id)
        assert found is not None
        return found.state

    def call(self, call_id: str = "c1", **changes: Any) -> Call:
        """A call with the last picture's fields, changed and published."""
        old = self.live.call(changes.get("business_id", 1), call_id)
        if old is None:
            old = Call(
                id=call_id,
                business_id=changes.get("business_id", 1),
                direction=changes.get("direction", "in"),
                state="started",
                started_at=self.now,
                from_number="+79160000001",
                from_name="Ivan",
                to_number="+74950000001",
            )
        call = msgspec.structs.replace(old, **changes)
        self.publish(CallUpdated(at=self.now, call=call, what="leg"))
        return call

    def end(self, call_id: str = "c1", **changes: Any) -> Call:
        """Ends a call with all its legs."""
        old = self.live.call(changes.get("business_id", 1), call_id)
        assert old is not None
        legs = tuple(msgspec.structs.replace(leg, state="ended", ended_at=self.now) for leg in old.legs)
        call = msgspec.structs.replace(
            old,
            **{"result": "answered", "state": "ended", "ended_at": self.now, "legs": legs, **changes},
        )
        self.publish(CallEnded(at=self.now, call=call))
        return call

    def leg(self, agent_id: int | None, state: str = "ringing", *, leg_id: str = "", kind: str = "w") -> Leg:
        """A leg of an agent, or (None) of a client."""
        up = state in ("up", "held")
        return Leg(
            id=leg_id or f"leg-{agent_id}-{kind}",
            channel=f"PJSIP/a{agent_id}{kind}-1" if agent_id else "PJSIP/t1-1",
            role="agent" if agent_id else "client",
            state=state,  # type: ignore[arg-type]
            started_at=self.now,
            agent_id=agent_id,
            ringing_at=self.now,
            answered_at=self.now if up else None,
            bridged_at=self.now if up else None,
        )

    def queue_call(self, call_id: str, agent_id: int | None, *, wait: float = 0.0, talk: float = 0.0) -> Call:
        """A whole call of queue 7: waits, and is answered by ``agent_id`` or (None) abandoned."""
        begun = self.now
        self.call(call_id, queue_id=7, queued_at=begun, state="queued")
        self.later(wait)
        if agent_id is None:
            return self.end(call_id, result="abandoned", wait_seconds=wait, left_queue_at=self.now)
        self.call(call_id, legs=(self.leg(agent_id),), state="ringing")
        self.call(
            call_id,
            legs=(self.leg(agent_id, "up"),),
            state="talking",
            agents=(agent_id,),
            answered_at=self.now,
            left_queue_at=self.now,
            wait_seconds=wait,
        )
        self.later(talk)
        return self.end(call_id, talk_seconds=talk)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.live.start()
    yield made
    await made.live.stop()
