"""Calls for tests of the call log: pictures as the tracker makes them, and the rows that they point at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from callcenter.core.calls import Call, Leg, Step
from callcenter.features.calls.rules.merging import Picture, Source
from callcenter.features.calls.usecases.store import store
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.storage.scope import Database
from tests.support.house import NOW

CLIENT = "+79031182740"
OWN = "+74950000001"
AT = NOW.timestamp()


def client_leg(call_id: str, at: float = AT, **more: Any) -> Leg:
    """The outside party's channel."""
    return Leg(
        **{
            "id": f"{call_id}-c",
            "channel": "PJSIP/t1-00000001",
            "role": "client",
            "state": "up",
            "started_at": at,
            "address": CLIENT,
            **more,
        }
    )


def agent_leg(call_id: str, agent_id: int, at: float = AT, state: str = "ringing", **more: Any) -> Leg:
    """An agent's channel."""
    return Leg(
        **{
            "id": f"{call_id}-a{agent_id}",
            "channel": f"PJSIP/a{agent_id}w-00000002",
            "role": "agent",
            "state": state,
            "started_at": at,
            "agent_id": agent_id,
            "device": "webrtc",
            "ringing_at": at,
            **more,
        }
    )


def call(business_id: int, call_id: str = "1772442000.1", **more: Any) -> Call:
    """An incoming call that has just begun; everything can be said otherwise."""
    return Call(
        **{
            "id": call_id,
            "business_id": business_id,
            "direction": "in",
            "state": "started",
            "started_at": AT,
            "from_number": CLIENT,
            "to_number": OWN,
            "legs": (client_leg(call_id, more.get("started_at", AT)),),
            "steps": (Step(at=more.get("started_at", AT), kind="started"),),
            **more,
        }
    )


def answered(business_id: int, agent_id: int, call_id: str = "1772442000.1", **more: Any) -> Call:
    """An incoming call that an agent took after 4 seconds and that ended after 60 seconds of talk."""
    at = more.get("started_at", AT)
    return call(
        business_id,
        call_id,
        **{
            "state": "ended",
            "result": "answered",
            "agent_id": agent_id,
            "agents": (agent_id,),
            "rung": (agent_id,),
            "answered_at": at + 4,
            "ended_at": at + 64,
            "wait_seconds": 4.0,
            "talk_seconds": 60.0,
            "cause": 16,
            "hangup_by": "client",
            "legs": (
                client_leg(call_id, at, state="ended", answered_at=at, ended_at=at + 64),
                agent_leg(call_id, agent_id, at + 1, "ended", answered_at=at + 4, ended_at=at + 64),
            ),
            "steps": (
                Step(at=at, kind="started"),
                Step(at=at + 1, kind="rang", agent_id=agent_id),
                Step(at=at + 4, kind="answered", agent_id=agent_id),
                Step(at=at + 64, kind="hangup", text="16"),
            ),
            **more,
        },
    )


def missed(business_id: int, rung: tuple[int, ...] = (), call_id: str = "1772442000.1", **more: Any) -> Call:
    """An incoming call that nobody took within 4 seconds."""
    at = more.get("started_at", AT)
    return call(
        business_id,
        call_id,
        **{
            "state": "ended",
            "result": "abandoned",
            "rung": rung,
            "ended_at": at + 4,
            "wait_seconds": 4.0,
            "hangup_by": "client",
            **more,
        },
    )


async def save(db: Database, *calls: Call, source: Source = "live") -> None:
    """Writes calls into the log."""
    for one in calls:
        async with db.business(one.business_id) as session:
            await store(session, [Picture(one, source)])


async def line(db: Database, business_id: int, e164: str = OWN, at: datetime = NOW, **more: Any) -> int:
    """A number of the business; gives its id."""
    async with db.business(business_id) as session:
        made = await numbers.create_number(session, business_id=business_id, e164=e164, at=at, **more)
    return made.id


async def queue(db: Database, business_id: int, name: str = "Продажи", members: tuple[int, ...] = ()) -> int:
    """A queue of the business; gives its id."""
    async with db.business(business_id) as session:
        made = await queues.create(session, business_id=business_id, name=name, at=NOW)
        if members:
            await queues.set_members(session, made.id, members)
    return made.id
