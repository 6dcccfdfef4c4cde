"""What the page of a list with a team shows: who takes part, what goes on, whom it abandoned, kept greetings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialAttempt, DialList
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.rules import outcomes, teams
from callcenter.features.dialer.usecases import pacing
from callcenter.features.dialer.usecases import samples as keeping
from callcenter.http.current import Current
from callcenter.plugin import Services

SAMPLES = 10
"""So many kept greetings are shown."""
GONE = N_("This greeting is not there any more.")


class TeamMember(msgspec.Struct, kw_only=True):
    """Somebody of the team. ``state`` is his state (live); ``aside``: his phone is free for callers who wait."""

    agent_id: int
    name: str
    state: str
    since: str
    aside: bool


class Sample(msgspec.Struct, kw_only=True):
    """A kept greeting: what the call came to, and what was ``heard`` (person, machine, '' = nobody listened yet)."""

    id: int
    call_id: str
    placed_at: datetime
    outcome: str
    heard: str


class Judgement(msgspec.Struct, kw_only=True):
    """What a kept greeting is."""

    heard: Literal["person", "machine"]


class TeamView(msgspec.Struct, kw_only=True):
    """A list with a team just now: how many clients it calls (``ringing``), analyses, lets wait, talks with.

    ``persons`` were reached in the last 30 days and ``abandoned`` of them met nobody; ``share`` and ``cap`` are in per
    cent. ``wrong`` of ``judged`` greetings that were taken for machines were persons.
    """

    members: list[TeamMember]
    ringing: int
    analysed: int
    waiting: int
    talking: int
    persons: int
    abandoned: int
    share: float
    cap: float
    judged: int
    wrong: int


async def team(services: Services, session: AsyncSession, row: DialList) -> TeamView:
    """A list's team and calls now."""
    members = await team_queries.members(session, row.id)
    names = await agents.briefs(session, {one.agent_id for one in members})
    persons, abandoned = await team_queries.ledger(session, row.id, services.clock.now() - teams.LEDGER)
    judged = await team_queries.judged(session, row.id)
    run = pacing.kept(services).runs.get(row.id)
    floor = run.floor if run is not None else None
    shown = []
    for one in members:
        view = services.live.agent(row.business_id, one.agent_id)
        shown.append(
            TeamMember(
                agent_id=one.agent_id,
                name=names[one.agent_id].name if one.agent_id in names else "",
                state=view.state if view is not None else "offline",
                since=view.since if view is not None else "",
                aside=not one.leg_id,
            )
        )
    return TeamView(
        members=shown,
        ringing=len(floor.dialing) if floor else 0,
        analysed=len(floor.in_amd) if floor else 0,
        waiting=len(floor.waiting) if floor else 0,
        talking=len(floor.talking) if floor else 0,
        persons=persons,
        abandoned=abandoned,
        share=round(teams.share(persons, abandoned), 2),
        cap=teams.setting(row.dialing).cap,
        judged=sum(n for (outcome, _), n in judged.items() if outcome == outcomes.MACHINE),
        wrong=judged.get((outcomes.MACHINE, "person"), 0),
    )


async def samples(session: AsyncSession, row: DialList) -> list[Sample]:
    """The latest kept greetings."""
    return [_sample(one) for one in await team_queries.samples(session, row.id, SAMPLES)]


def _sample(one: DialAttempt) -> Sample:
    return Sample(id=one.id, call_id=one.call_id, placed_at=one.placed_at, outcome=one.outcome, heard=one.heard)


async def _need(session: AsyncSession, list_id: int, attempt_id: int) -> DialAttempt:
    row = await queries.by_id(session, list_id)
    attempt = await session.get(DialAttempt, attempt_id) if row is not None else None
    if row is None or attempt is None or attempt.list_id != row.id or not attempt.sampled:
        raise NotFound(GONE)
    return attempt


async def judge(services: Services, person: Current, list_id: int, attempt_id: int, form: Judgement) -> Sample:
    """Keeps what somebody heard. NotFound."""
    async with services.db.business(person.business_id) as session:
        attempt = await _need(session, list_id, attempt_id)
        attempt.heard = form.heard
        await accounts.audit(session, person, "dialer.judge", "dial_list", list_id, call=attempt.call_id)
        return _sample(attempt)


async def sound(services: Services, person: Current, list_id: int, attempt_id: int) -> Path:
    """The file of a kept greeting. NotFound."""
    async with services.db.business(person.business_id) as session:
        attempt = await _need(session, list_id, attempt_id)
        await accounts.audit(session, person, "dialer.listen", "dial_list", list_id, call=attempt.call_id)
    file = keeping.file_of(services, attempt.call_id)
    if not file.is_file():
        raise NotFound(GONE)
    return file
