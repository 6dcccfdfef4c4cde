"""What this process keeps of lists that run, and what the page of who performs one shows."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from math import inf
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call
from callcenter.core.events import MemberNotice, WrapupGiven
from callcenter.features.agents import api as agents
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialAttempt, DialList
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.rules import outcomes
from callcenter.plugin import Services

# In place of the call after which a pause lasts: there was none yet.
FIRST = "-"
# So many calls that ended, and so many that failed, are kept until they are looked at.
REMEMBERED = 2000


class Desk:
    """One object of a process: what ended since the last look, whom a look is for, and the bell that calls for one."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.woken = asyncio.Event()
        self.ended: OrderedDict[str, Call] = OrderedDict()
        self.failed: OrderedDict[str, str] = OrderedDict()
        # Agents who perform lists; False = there may be lists and attempts that this process has not seen.
        self.agents: set[int] = set()
        self.looked = False
        self.up_since: float | None = None
        # What is to be done when a list with a team, or a team, was changed.
        self.teams_changed: Callable[[], None] = lambda: None
        # Agents who leave their team when their talk is over.
        self.leaving: set[int] = set()

    def over(self, call: Call) -> None:
        """A call that a list may have made is over."""
        self.ended[call.id] = call
        while len(self.ended) > REMEMBERED:
            self.ended.popitem(last=False)
        self.woken.set()

    def refused(self, call_id: str, reason: str) -> None:
        """A call did not come about."""
        self.failed[call_id] = reason
        while len(self.failed) > REMEMBERED:
            self.failed.popitem(last=False)
        self.woken.set()


def kept(services: Services) -> Desk:
    """The one object of this process."""
    return services.part(Desk, Desk)


class RunClient(msgspec.Struct, kw_only=True):
    """The client who is called, or who comes next; ``number`` is E.164."""

    id: int
    name: str
    number: str


class RunView(msgspec.Struct, kw_only=True):
    """The list that an employee performs.

    ``phase``: ringing (his own phone), calling (the client), talking, pause (until ``until``), waits (for his press),
    later (nobody is due before ``until``), soon (the next call is about to begin), held (the list is paused). Of a list
    with a ``team``: standing (his phone is picked up), aside (it is free for callers who wait), talking, held.
    ``why`` is why it was paused, in words. ``call_id`` is the call that goes on, or after which the pause lasts.
    """

    list_id: int
    title: str
    status: str
    phase: str
    pause: int | None
    until: str | None = None
    client: RunClient | None = None
    total: int = 0
    left: int = 0
    done: int = 0
    why: str = ""
    mode: str = ""
    team: bool = False
    call_id: str = ""


def give_rest(services: Services, row: DialList, call_id: str, seconds: int | None) -> None:
    """The agent's state shows the pause after a call as his wrap-up; None = until he asks for the next client."""
    if row.agent_id is None or not call_id:
        return
    services.bus.publish(
        WrapupGiven(
            at=services.clock.epoch(),
            business_id=row.business_id,
            agent_id=row.agent_id,
            call_id=call_id,
            seconds=inf if seconds is None else float(seconds),
        )
    )


def end_rest(services: Services, row: DialList) -> None:
    """The pause is over before its time: on a press, or because the list does not go on."""
    if row.rest_call and row.rest_call != FIRST:
        give_rest(services, row, row.rest_call, 0)


async def view(services: Services, business_id: int, agent_id: int) -> RunView | None:
    """The list that an agent performs or has paused; None when there is none."""
    async with services.db.business(business_id) as session:
        held = await queries.held_by(session, agent_id)
        if not held:
            return await _in_team(services, session, business_id, agent_id)
        row = held[0]
        attempt = await queries.open_attempt(session, row.id)
        entry = None
        if attempt is not None:
            entry = await queries.entry(session, row.id, attempt.entry_id)
        elif row.status == rules.RUNNING:
            entry = await queries.next_entry(session, row.id, row.next_at or services.clock.now(), agent_id)
        client = None
        if entry is not None:
            brief = (await contacts.briefs(session, [entry.contact_id])).get(entry.contact_id)
            number = attempt.number if attempt is not None else ""
            number = number or outcomes.later(await contacts.numbers_of(session, entry.contact_id), entry.phone)
            client = RunClient(id=entry.contact_id, name=brief.name if brief else "", number=number)
    phase = _phase(services, row, attempt)
    if phase in ("pause", "later") and row.next_at is not None and row.next_at <= services.clock.now():
        phase = "soon"
    until = row.next_at if phase in ("pause", "later") else None
    agent = services.live.agent(business_id, agent_id)
    if phase in ("pause", "soon") and agent is not None and agent.wrapup_until is not None:
        # He may have asked for more time.
        ends = datetime.fromisoformat(agent.wrapup_until)
        if row.next_at is not None and ends > max(row.next_at, services.clock.now()):
            phase, until = "pause", ends
    left = int(row.counts.get(rules.LEFT, 0))
    return RunView(
        list_id=row.id,
        title=row.title,
        status=row.status,
        phase=phase,
        pause=row.pause,
        until=until.isoformat().replace("+00:00", "Z") if until is not None else None,
        client=client,
        total=row.total,
        left=left,
        done=row.total - left - int(row.counts.get(rules.EXCLUDED, 0)),
        why=row.why,
        mode=row.mode,
        call_id=attempt.call_id if attempt is not None else row.rest_call,
    )


async def _in_team(services: Services, session: AsyncSession, business_id: int, agent_id: int) -> RunView | None:
    """The list in whose team an agent is."""
    member = await team_queries.member(session, agent_id)
    row = await queries.by_id(session, member.list_id) if member is not None else None
    if member is None or row is None:
        return None
    now, client = services.live.agent(business_id, agent_id), None
    entry = await team_queries.entry_of(session, now.call_id) if now is not None and now.call_id else None
    if entry is not None:
        brief = (await contacts.briefs(session, [entry.contact_id])).get(entry.contact_id)
        client = RunClient(id=entry.contact_id, name=brief.name if brief else "", number="")
    phase = "talking" if entry is not None else "held" if row.status != rules.RUNNING else "standing"
    left = int(row.counts.get(rules.LEFT, 0))
    return RunView(
        list_id=row.id,
        title=row.title,
        status=row.status,
        phase=phase if member.leg_id or phase == "talking" else "aside",
        pause=row.pause,
        client=client,
        total=row.total,
        left=left,
        done=row.total - left - int(row.counts.get(rules.EXCLUDED, 0)),
        why=row.why,
        mode=row.mode,
        team=True,
    )


def _phase(services: Services, row: DialList, attempt: DialAttempt | None) -> str:
    if attempt is not None:
        call = services.live.call(row.business_id, attempt.call_id)
        if call is None:
            return "ringing"
        if call.answered_at is not None:
            return "talking"
        first = next((leg for leg in call.legs if leg.id == call.id), None)
        return "calling" if first is not None and first.answered_at is not None else "ringing"
    if row.status != rules.RUNNING:
        return "held"
    if row.next_at is None:
        return "waits" if row.rest_call else "soon"
    return "pause" if row.rest_call else "later"


async def tell(services: Services, business_id: int, agent_id: int | None) -> None:
    """Sends the picture to the pages of who performs a list (event ``dialer`` of the stream)."""
    if agent_id is None:
        return
    async with services.db.business(business_id) as session:
        agent = await agents.get(session, agent_id)
    if agent is None:
        return
    found = await view(services, business_id, agent_id)

    def said(say: Any) -> dict[str, Any]:
        shown = msgspec.to_builtins(found) if found is not None else {}
        if found is not None and found.why:
            shown["why"] = say(found.why, {})
        return shown

    services.live.tell(business_id, agent.membership_id, "dialer", said)


async def notice(services: Services, row: DialList, text: str, values: dict[str, Any] | None = None) -> None:
    """Tells who performs a list what became of it."""
    if row.agent_id is None:
        return
    async with services.db.business(row.business_id) as session:
        agent = await agents.get(session, row.agent_id)
    if agent is not None:
        services.bus.publish(
            MemberNotice(
                at=services.clock.epoch(),
                business_id=row.business_id,
                membership_id=agent.membership_id,
                kind="dialer",
                text=text,
                values={"title": row.title, **(values or {})},
                link=f"/dialer/{row.id}",
            )
        )
