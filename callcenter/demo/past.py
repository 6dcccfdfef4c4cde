"""A month of calls that never happened: plausible hours, waits and talks, marked as demo in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Result
from callcenter.demo.world import Demo
from callcenter.features.calls.models import CallAgent, CallLeg, CallRecord, CallStep
from callcenter.features.contacts.api import Contact

ZONE = ZoneInfo("Europe/Moscow")
# Share of a day's calls by hour of the day, 9:00 to 20:00: a morning and an afternoon peak.
_HOURS = {9: 6, 10: 11, 11: 13, 12: 11, 13: 8, 14: 10, 15: 12, 16: 11, 17: 8, 18: 5, 19: 3, 20: 2}
_WEEKDAY, _WEEKEND = 110, 35
_OUT_SHARE, _PERSONAL_SHARE, _UNKNOWN_SHARE = 0.35, 0.06, 0.12
_CAUSE = {"answered": 16, "abandoned": 16, "missed": 19, "busy": 17, "no_answer": 19, "cancelled": 16, "failed": 21}


@dataclass(frozen=True)
class _Plan:
    """One past call before it becomes rows; waits and talks in seconds."""

    id: str
    at: datetime
    direction: str
    result: Result
    client: tuple[int, str, str]
    number_id: int
    number: str
    queue_id: int | None
    agent_id: int | None
    rung: tuple[int, ...]
    wait: float
    talk: float


async def add_past(session: AsyncSession, demo: Demo, now: datetime, days: int) -> int:
    """Adds ``days`` days of calls that ended before ``now``; returns how many."""
    dice = Random(7)
    count = 0
    last: dict[int, datetime] = {}
    made: dict[int, datetime] = {}
    for back in range(days, -1, -1):
        day = (now.astimezone(ZONE) - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0)
        total = _WEEKDAY if day.weekday() < 5 else _WEEKEND
        later: list[CallRecord | CallAgent | CallLeg | CallStep] = []
        for _ in range(total + dice.randrange(-8, 9)):
            plan = _plan(dice, demo, day, count)
            if plan.at + timedelta(seconds=plan.wait + plan.talk + 60) < now:
                record, *rest = _rows(plan, demo.business_id)
                session.add(record)
                later += rest
                client = plan.client[0]
                for kept in (last, made) if plan.direction == "out" else (last,):
                    kept[client] = max(plan.at, kept.get(client, plan.at))
                count += 1
        await session.flush()
        session.add_all(later)
        await session.flush()
    for contact_id, at in last.items():
        (await session.get_one(Contact, contact_id)).last_call_at = at
    for contact_id, at in made.items():
        (await session.get_one(Contact, contact_id)).called_at = at
    await session.flush()
    return count


def _plan(dice: Random, demo: Demo, day: datetime, serial: int) -> _Plan:
    hour = dice.choices(list(_HOURS), weights=list(_HOURS.values()))[0]
    at = day + timedelta(hours=hour, seconds=dice.random() * 3600)
    client = dice.choice(demo.strangers if dice.random() < _UNKNOWN_SHARE else demo.clients)
    operators = [demo.agents[f"operator{n}"] for n in range(1, 9)]
    agent = dice.choice(operators)
    call_id = f"demo-{int(at.timestamp())}.{serial}"
    talk = min(1500.0, dice.lognormvariate(4.9, 0.7))
    if dice.random() < _OUT_SHARE:
        result: Result = dice.choices(("answered", "no_answer", "busy", "failed"), weights=(68, 22, 8, 2))[0]
        wait = dice.uniform(4, 14) if result == "answered" else dice.uniform(15, 40) if result == "no_answer" else 2.0
        sales = demo.numbers["sales"]
        answered = talk if result == "answered" else 0.0
        return _Plan(call_id, at, "out", result, client, sales, "+74950000001", None, agent, (agent,), wait, answered)
    if dice.random() < _PERSONAL_SHARE:
        index = list(demo.agents.values()).index(agent)
        number_id, number = demo.numbers[f"personal{index}"], f"+7495000010{index}"
        result = "answered" if dice.random() < 0.8 else "missed"
        wait = dice.uniform(3, 20)
        answered = talk if result == "answered" else 0.0
        return _Plan(call_id, at, "in", result, client, number_id, number, None, agent, (agent,), wait, answered)
    line = "sales" if dice.random() < 0.6 else "support"
    queue = demo.queues["vip" if line == "support" and dice.random() < 0.15 else line]
    result = "answered" if dice.random() < 0.93 else "abandoned"
    wait = min(240.0, dice.expovariate(1 / 14)) if result == "answered" else dice.uniform(3, 150)
    others = tuple(dice.sample(operators, k=dice.choice((0, 0, 0, 1, 2))))
    rung = tuple(dict.fromkeys((*others, agent))) if result == "answered" else others
    answered = talk if result == "answered" else 0.0
    number = "+74950000001" if line == "sales" else "+74950000002"
    taker = agent if result == "answered" else None
    return _Plan(call_id, at, "in", result, client, demo.numbers[line], number, queue, taker, rung, wait, answered)


def _rows(plan: _Plan, business_id: int) -> list[CallRecord | CallAgent | CallLeg | CallStep]:
    owner = {"business_id": business_id}
    contact_id, client, name = plan.client
    talked_at = plan.at + timedelta(seconds=plan.wait)
    ended = talked_at + timedelta(seconds=plan.talk)
    answered_at = talked_at if plan.result == "answered" else None
    incoming = plan.direction == "in"
    record = CallRecord(
        **owner,
        id=plan.id,
        direction=plan.direction,
        result=plan.result,
        from_number=client if incoming else plan.number,
        from_name=name if incoming else "",
        to_number=plan.number if incoming else client,
        client_number=client,
        number_id=plan.number_id,
        queue_id=plan.queue_id,
        agent_id=plan.agent_id if plan.result == "answered" or not incoming else None,
        contact_id=contact_id,
        started_at=plan.at,
        queued_at=plan.at if plan.queue_id else None,
        answered_at=answered_at,
        ended_at=ended,
        wait_seconds=round(plan.wait, 1),
        talk_seconds=round(plan.talk, 1),
        cause=_CAUSE[plan.result],
        hangup_by="client" if incoming else "agent",
        click_to_dial=not incoming,
        demo=True,
    )
    agents = [
        CallAgent(
            **owner,
            call_id=plan.id,
            agent_id=agent,
            talked=agent == plan.agent_id and plan.result == "answered",
            started_at=plan.at,
        )
        for agent in plan.rung
    ]
    leg = CallLeg(
        **owner,
        id=plan.id,
        call_id=plan.id,
        role="client",
        address=client,
        started_at=plan.at,
        answered_at=answered_at,
        ended_at=ended,
        cause=_CAUSE[plan.result],
    )
    kinds: list[tuple[datetime, str, int | None]] = [(plan.at, "started", None)]
    if plan.queue_id:
        kinds.append((plan.at, "queued", None))
    kinds += [(plan.at, "rang", agent) for agent in plan.rung]
    if answered_at:
        kinds.append((answered_at, "answered", plan.agent_id))
    kinds.append((ended, "hangup", None))
    steps = [
        CallStep(**owner, call_id=plan.id, at=at, kind=kind, agent_id=agent, queue_id=plan.queue_id)
        for at, kind, agent in kinds
    ]
    return [record, *agents, leg, *steps]
