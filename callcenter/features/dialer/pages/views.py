"""Dial lists as the API and the pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialAttempt, DialEntry, DialList
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.rules import outcomes, teams
from callcenter.features.dialer.usecases import control, promising
from callcenter.http.current import Current
from callcenter.live.views import AgentBrief

ACTIONS = (
    *("start", "pause", "stop", "next", "join", "leave", "set_pause", "set_mode"),
    *("exclude", "retry", "archive", "restore", "promise"),
)


class Creator(msgspec.Struct, kw_only=True):
    """Who made a list."""

    id: int
    name: str


class ListView(msgspec.Struct, kw_only=True):
    """A dial list. ``pause`` is in seconds, null = until the employee asks for the next client.

    ``status``: created, running, paused, finished, archive. ``agent`` is responsible for it now. ``outcomes``: how many
    clients who are done came to what. ``filled`` False: its clients are still being written. ``why`` is why it paused
    by itself. ``can``: what the person who asks may do now.
    """

    id: int
    title: str
    mode: str
    dialing: dict[str, Any]
    status: str
    pause: int | None
    creator: Creator | None
    agent: AgentBrief | None
    number_id: int | None
    retry: dict[str, Any]
    hours: dict[str, Any]
    total: int
    left: int
    excluded: int
    outcomes: dict[str, int]
    filled: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    next_at: datetime | None
    expected_end: datetime | None = None
    why: str = ""
    can: list[str]

    @property
    def done(self) -> int:
        """Clients who are through."""
        return sum(self.outcomes.values())


class ListPage(msgspec.Struct, kw_only=True):
    """A page of lists, the newest first."""

    lists: list[ListView]
    total: int
    page: int
    pages: int


class AttemptView(msgspec.Struct, kw_only=True):
    """A call to a client by the list; ``outcome`` '' = it goes on."""

    call_id: str
    number: str
    placed_at: datetime
    talk_seconds: float
    outcome: str
    agent: AgentBrief | None


class EntryView(msgspec.Struct, kw_only=True):
    """A client of a list: ``state`` due, later, dialing, done, excluded; ``outcome`` what the last call came to, or why
    he was taken out. ``callback`` is a call that he was promised. ``contact_id`` null: the person who asks may not see
    this client.
    """

    id: int
    contact_id: int | None
    name: str
    phone: str
    position: int
    state: str
    outcome: str
    tries: int
    next_at: datetime | None
    attempts: list[AttemptView]
    callback: promising.CallBack | None = None


class EntryPage(msgspec.Struct, kw_only=True):
    """A page of a list's clients; ``more`` says whether it goes on."""

    clients: list[EntryView]
    page: int
    more: bool


async def lists(session: AsyncSession, person: Current, rows: Sequence[DialList], said: Any) -> list[ListView]:
    """Lists in this order; ``said(key, values)`` translates."""
    people = {one.membership_id: one.name for one in await accounts.people(session)}
    names = await agents.briefs(session, {one.agent_id for one in rows if one.agent_id is not None})
    mine = await team_queries.member(session, person.agent_id) if person.agent_id is not None else None
    inside = mine.list_id if mine is not None else 0
    return [_list(row, person, people, names, said, inside=row.id == inside) for row in rows]


async def one(session: AsyncSession, person: Current, row: DialList, now: datetime, said: Any) -> ListView:
    """One list, with its expected end."""
    found = (await lists(session, person, [row], said))[0]
    if row.status == rules.RUNNING:
        past = await queries.lately(session, row.id)
        if row.mode in teams.TEAM:
            found.expected_end = rules.expected_end_together(found.left, past, now)
        else:
            found.expected_end = rules.expected_end(found.left, past, row.pause, now)
    return found


def _list(
    row: DialList, person: Current, people: dict[int, str], names: dict[int, AgentBrief], said: Any, *, inside: bool
) -> ListView:
    counts = {key: int(count) for key, count in row.counts.items()}
    who, of = control.who(person), control.of(row, inside=inside)
    creator = row.creator_id
    return ListView(
        id=row.id,
        title=row.title,
        mode=row.mode,
        dialing=row.dialing,
        status=row.status,
        pause=row.pause,
        creator=Creator(id=creator, name=people.get(creator, "")) if creator is not None else None,
        agent=names.get(row.agent_id or 0),
        number_id=row.number_id,
        retry=row.retry,
        hours=row.hours,
        total=row.total,
        left=counts.pop(rules.LEFT, 0),
        excluded=counts.pop(rules.EXCLUDED, 0),
        outcomes=counts,
        filled=row.filled,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        next_at=row.next_at,
        why=said(row.why, {"title": row.title, **row.why_values}) if row.why else "",
        can=[action for action in ACTIONS if rules.may(action, who, of) and _useful(action, row)],
    )


def _useful(action: str, row: DialList) -> bool:
    """Whether it would do anything just now."""
    if action == "retry":
        return any(row.counts.get(one) for one in outcomes.RETRIED)
    # During a call there is nothing to hurry.
    return action != "next" or bool(row.rest_call) or row.next_at is not None


async def entries(session: AsyncSession, person: Current, rows: Sequence[DialEntry]) -> list[EntryView]:
    """Clients of a list in this order; of those whom the person may not see only their place."""
    ids = {one.contact_id for one in rows}
    seen = await contacts.access.only_visible(session, await contacts.viewer(session, person), ids) if ids else set()
    cards = await contacts.briefs(session, seen)
    phones = await contacts.first_phones(session, seen)
    attempts = await queries.attempts_of(session, [one.id for one in rows])
    agents_of = {one.agent_id for some in attempts.values() for one in some}
    agents_of |= {one.callback_agent_id for one in rows}
    names = await agents.briefs(session, {one for one in agents_of if one is not None})
    found = [_entry(row, cards, phones, attempts.get(row.id, []), names) for row in rows]
    if any(row.callback_at is not None for row in rows):
        lists = {one: await queries.by_id(session, one) for one in {row.list_id for row in rows}}
        for view, row in zip(found, rows, strict=True):
            if (of := lists[row.list_id]) is not None:
                view.callback = await promising.shown(session, of, row, names)
    return found


def _entry(
    row: DialEntry,
    cards: dict[int, Any],
    phones: dict[int, str],
    attempts: Sequence[DialAttempt],
    names: dict[int, AgentBrief],
) -> EntryView:
    card = cards.get(row.contact_id)
    return EntryView(
        id=row.id,
        contact_id=row.contact_id if card is not None else None,
        name=card.name if card is not None else "",
        phone=phones.get(row.contact_id, ""),
        position=row.position,
        state=row.state,
        outcome=row.outcome,
        tries=row.tries,
        next_at=row.next_at,
        attempts=[
            AttemptView(
                call_id=one.call_id,
                number=one.number if card is not None else "",
                placed_at=one.placed_at,
                talk_seconds=one.talk_seconds,
                outcome=one.outcome,
                agent=names.get(one.agent_id or 0),
            )
            for one in attempts
        ],
    )


OUTCOMES = outcomes.TITLES
