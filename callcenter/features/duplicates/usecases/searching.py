"""A search for duplicates: started by a person, done in the background, its results kept for ticking and merging."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.api import Contact
from callcenter.features.duplicates import rules
from callcenter.features.duplicates.models import DuplicateMember, DuplicateSearch
from callcenter.features.duplicates.queries import finding, found
from callcenter.features.duplicates.rules import Candidate, Group, Match, Settings
from callcenter.features.duplicates.usecases.owner import owner
from callcenter.features.work import api as work
from callcenter.features.work.api import Run
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_ALL
from callcenter.plugin import Services

KIND = "duplicates.search"
TITLE = N_("Search for duplicates")
OPEN = ("scheduled", "waiting", "running")
BUSY = N_("Wait until the work with the duplicates found so far is over, or cancel it.")
GONE = N_("There are no such search results any more. Search anew.")
# Cards written in one transaction.
PORTION = 400
REMOVED = 2000
_COLUMNS = (
    "name", "sex", "birth_date", "position", "organisation", "address", "city", "industry", "inn", "kpp", "description",
    "type_id", "warmth_id", "currency", "photo",
)  # fmt: skip


async def start(session: AsyncSession, services: Services, person: Current, settings: Settings) -> DuplicateSearch:
    """Starts a search. Operators search among their own clients only (IMP-25). Raises BadInput, Forbidden, Conflict."""
    rules.check(settings)
    if settings.place != rules.OWN and not person.can(CONTACTS_ALL):
        raise Forbidden(N_("You may search among your own clients only."))
    await need_rest(session, await found.latest(session, person.membership_id))
    row = DuplicateSearch(
        owner_id=person.membership_id,
        settings=msgspec.to_builtins(settings),
        created_at=services.clock.now(),
        groups=0,
        surplus=0,
    )
    session.add(row)
    await session.flush()
    job = await work.start(
        session, services, kind=KIND, title=TITLE, params={"search": row.id}, owner_id=person.membership_id
    )
    row.job_id = job.id
    await session.flush()
    return row


async def run(run: Run) -> dict[str, Any]:
    """The background job: whatever an earlier run of it has written is made anew."""
    db, search_id = run.services.db, int(run.params["search"])
    async with db.business(run.business_id) as session:
        person = await owner(session, run)
        who = await contacts.access.viewer(session, person)
        row = await session.get(DuplicateSearch, search_id)
        settings = msgspec.convert(row.settings, Settings) if row else None
    if settings is None:
        raise NotFound(GONE)
    await _forget(run, search_id)
    groups = 0
    surplus = 0
    steps = [(kind, criterion) for kind in settings.kinds for criterion in settings.criteria]
    matches: dict[str, list[Match]] = {kind: [] for kind in settings.kinds}
    async with db.business(run.business_id) as session:
        await run.keep(session, done=0, total=2 * len(steps))
    for number, (kind, criterion) in enumerate(steps, 1):
        async for some in finding.matches(db, run.business_id, who, settings, kind, criterion):
            matches[kind] += some
        async with db.business(run.business_id) as session:
            await run.keep(session, done=number)
    for place, kind in enumerate(settings.kinds, 1):
        # In a thread: a base that was imported twice has half a million matches.
        joined = await asyncio.to_thread(rules.groups, matches.pop(kind))
        await _write(run, search_id, kind, joined, settings.base)
        groups += len(joined)
        surplus += sum(len(one.ids) - 1 for one in joined)
        async with db.business(run.business_id) as session:
            await run.keep(session, done=len(steps) + place * len(settings.criteria))
    async with db.business(run.business_id) as session:
        row = await session.get_one(DuplicateSearch, search_id)
        row.groups, row.surplus, row.ended_at = groups, surplus, run.services.clock.now()
    return {"groups": groups, "surplus": surplus}


async def choose_base(session: AsyncSession, person: Current, member_id: int) -> DuplicateMember:
    """Makes this card the base of its group (IMP-28); the one that was it takes part like the others."""
    row = await _member(session, person, member_id)
    group = await found.members(session, row.search_id, [(row.kind, row.group)])
    for other in group[row.kind, row.group]:
        if other.base and other is not row:
            other.base, other.chosen = False, True
    row.base = True
    await session.flush()
    return row


async def tick(session: AsyncSession, person: Current, member_id: int, chosen: bool) -> DuplicateMember:
    """Ticks a card, or unticks it: then it takes no part in a merge or deletion of the ticked ones (IMP-31)."""
    row = await _member(session, person, member_id)
    row.chosen = chosen
    await session.flush()
    return row


async def _member(session: AsyncSession, person: Current, member_id: int) -> DuplicateMember:
    row = await found.member(session, member_id, person.membership_id)
    if row is None:
        raise NotFound(GONE)
    await need_rest(session, await session.get_one(DuplicateSearch, row.search_id))
    return row


async def need_rest(session: AsyncSession, search: DuplicateSearch | None) -> None:
    """Raises Conflict while something goes on with the search."""
    job = await found.job(session, search.job_id) if search else None
    if job is not None and job.state in OPEN:
        raise Conflict(BUSY)


async def _forget(run: Run, search_id: int) -> None:
    """Removes this person's earlier searches, and what a broken run of this one wrote."""
    db = run.services.db
    while True:
        async with db.business(run.business_id) as session:
            older = select(DuplicateSearch.id).where(
                DuplicateSearch.owner_id == run.owner_id, DuplicateSearch.id <= search_id
            )
            ids = list(
                await session.scalars(
                    select(DuplicateMember.id).where(DuplicateMember.search_id.in_(older)).limit(REMOVED)
                )
            )
            for start in range(0, len(ids), 500):
                await session.execute(delete(DuplicateMember).where(DuplicateMember.id.in_(ids[start : start + 500])))
        if not ids:
            break
    async with db.business(run.business_id) as session:
        await session.execute(
            delete(DuplicateSearch).where(DuplicateSearch.owner_id == run.owner_id, DuplicateSearch.id < search_id)
        )


async def _write(run: Run, search_id: int, kind: str, groups: Sequence[Group], base: str) -> None:
    """Writes groups, some hundred cards a transaction."""
    first = 0
    while first < len(groups):
        last, cards = first, 0
        while last < len(groups) and (last == first or cards + len(groups[last].ids) <= PORTION):
            cards += len(groups[last].ids)
            last += 1
        part = groups[first:last]
        async with run.services.db.business(run.business_id) as session:
            known = await _candidates(session, [one for group in part for one in group.ids], base)
            rows = []
            for number, group in enumerate(part, first + 1):
                there = [known[one] for one in group.ids if one in known]
                if len(there) < 2:
                    continue
                chosen = rules.choose_base(there, base)
                rows += [
                    {
                        "search_id": search_id,
                        "kind": kind,
                        "group": number,
                        "contact_id": one.id,
                        "base": one.id == chosen,
                        "chosen": True,
                        "matched": [list(match) for match in group.matched[one.id]],
                    }
                    for one in there
                ]
            if rows:
                await session.execute(insert(DuplicateMember), rows)
            await run.keep(session)
        first = last


async def _candidates(session: AsyncSession, ids: Sequence[int], base: str) -> dict[int, Candidate]:
    """The cards as far as the choice of the base goes; only what this choice looks at is counted."""
    columns = [getattr(Contact, name) for name in _COLUMNS] if base == "filled" else []
    active = await contacts.activity(session, ids) if base == "active" else {}
    values = await finding.values_of(session, ids) if base == "filled" else {}
    known: dict[int, Candidate] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        for row in await session.execute(
            select(Contact.id, Contact.created_at, Contact.state, *columns).where(Contact.id.in_(part))
        ):
            contact_id, created_at, state, *filled = row
            many = sum(1 for one in filled if one not in (None, ""))
            many += sum(len(values[contact_id].get(name, ())) for name in ("phone", "email")) if values else 0
            known[contact_id] = Candidate(contact_id, created_at, state != "contact", many, active.get(contact_id, 0))
    return known


work.register(KIND, run)
