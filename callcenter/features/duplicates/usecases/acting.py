"""Duplicates become one, or all but the base are deleted: in the background, each group in a transaction of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.api import Contact, Viewer
from callcenter.features.duplicates import rules
from callcenter.features.duplicates.models import DuplicateMember, DuplicateSearch
from callcenter.features.duplicates.queries import finding, found
from callcenter.features.duplicates.queries.found import Where
from callcenter.features.duplicates.usecases import noticing, searching
from callcenter.features.duplicates.usecases.owner import owner
from callcenter.features.work import api as work
from callcenter.features.work.api import Run, WorkJob
from callcenter.http.current import Current
from callcenter.plugin import Services

KIND = "duplicates.act"
TITLES = {rules.MERGE: N_("Merging duplicates"), rules.ERASE: N_("Deleting duplicates")}
# After so many groups the job asks again what its owner may do.
RIGHTS_EVERY = 50


async def start(
    session: AsyncSession, services: Services, person: Current, action: str, *, everything: bool, mine: bool
) -> WorkJob:
    """Starts a merge or deletion of the ticked cards of the person's last search, or of all. NotFound, Conflict.

    ``mine``: cards that others look after are available to this person only, once they are merged (IMP-34).
    """
    search = await found.latest(session, person.membership_id)
    if search is None or search.ended_at is None:
        raise NotFound(searching.GONE)
    await searching.need_rest(session, search)
    who = await contacts.access.viewer(session, person)
    plan = await found.plan(session, search.id, who, everything=everything)
    if not plan.cards:
        raise Conflict(N_("Nothing is ticked."))
    job = await work.start(
        session,
        services,
        kind=KIND,
        title=TITLES[action],
        params={"search": search.id, "action": action, "everything": everything, "mine": mine},
        owner_id=person.membership_id,
        total=plan.cards,
    )
    search.job_id = job.id
    await session.flush()
    return job


@dataclass
class Done:
    """What came of one group."""

    cards: int = 0
    skipped: int = 0
    left: contacts.Leftovers | None = None


async def run(run: Run) -> dict[str, Any]:
    """The background job. A group is done whole or not at all; a restart goes on with the group after the last one."""
    services, mark = run.services, dict(run.mark)
    await contacts.tidy(services, mark.get("left") or {})
    at: Where | None = (mark["kind"], mark["group"]) if mark else None
    groups, cards, turn = int(mark.get("groups", 0)), int(mark.get("cards", 0)), 0
    person: Current | None = None
    while True:
        try:
            async with services.db.business(run.business_id) as session:
                if person is None or turn % RIGHTS_EVERY == 0:
                    person = await owner(session, run)
                place = await found.after(session, int(run.params["search"]), at)
                if place is None:
                    break
                done = await _group(session, run, person, place)
                groups, cards = groups + bool(done.cards), cards + done.cards
                mark = {
                    "kind": place[0], "group": place[1], "groups": groups, "cards": cards, "left": done.left or {}
                }  # fmt: skip
                await run.keep(session, done=run.done + done.cards, failed=run.failed + done.skipped, mark=mark)
        except _Untouched as stay:
            # Rolled back: only that it was skipped is kept.
            async with services.db.business(run.business_id) as session:
                mark = {"kind": stay.place[0], "group": stay.place[1], "groups": groups, "cards": cards, "left": {}}
                await run.keep(session, failed=run.failed + stay.cards, mark=mark)
            place = stay.place
        else:
            await contacts.tidy(services, mark["left"])
        # For a job that is cancelled after this.
        run.result = {"action": run.params["action"], "groups": groups, "cards": cards, "skipped": run.failed}
        at, turn = place, turn + 1
    return {"action": run.params["action"], "groups": groups, "cards": cards, "skipped": run.failed}


class _Untouched(Exception):
    """This group cannot be done as a whole (a card went in this very moment)."""

    def __init__(self, place: Where, cards: int) -> None:
        super().__init__(str(place))
        self.place, self.cards = place, cards


async def _group(session: AsyncSession, run: Run, person: Current, place: Where) -> Done:
    """Does one group: what changed meanwhile or is not this person's to change stays as it is and is counted."""
    search = await session.get_one(DuplicateSearch, int(run.params["search"]))
    rows = (await found.members(session, search.id, [place]))[place]
    wished = [row for row in rows if not row.base and (row.chosen or run.params["everything"])]
    if not wished:
        return Done()
    who = await contacts.access.viewer(session, person)
    base = next((row for row in rows if row.base), None)
    fit = await _fit(session, who, [*wished, *([base] if base else [])], run.params["action"], search.created_at)
    going = [fit[row.contact_id] for row in wished if row.contact_id in fit]
    if base is None or base.contact_id not in fit or not going:
        return Done(skipped=len(wished))
    at = run.services.clock.now()
    try:
        left = await _act(session, run, person, fit[base.contact_id], going, at)
    except ProductError:
        raise _Untouched(place, len(wished)) from None
    gone = {one.id for one in going}
    if len([row for row in rows if row.contact_id not in gone]) == 1:
        await session.delete(base)
    return Done(cards=len(going), skipped=len(wished) - len(going), left=left)


async def _act(
    session: AsyncSession, run: Run, person: Current, base: Contact, going: list[Contact], at: datetime
) -> contacts.Leftovers:
    action, me = run.params["action"], person.membership_id
    concerned = [*going, base] if action == rules.MERGE else going
    await noticing.note(session, run, concerned, at)
    names = [{"id": one.id, "number": one.number, "name": one.name} for one in going[:50]]
    # Before the deed, while the names are there; in its transaction, so that neither is ever there alone.
    await accounts.audit(
        session, person, f"contact.{action}", "contact", base.id, cards=names, count=len(going), base=base.name
    )
    ids = [one.id for one in going]
    if action == rules.ERASE:
        return await contacts.erase(session, ids)
    foreign = any(one.responsible_id not in (None, me) for one in concerned)
    return await contacts.merge(session, base.id, ids, at, me, keeper=me if foreign and run.params["mine"] else None)


async def _fit(
    session: AsyncSession, who: Viewer, rows: Collection[DuplicateMember], action: str, since: datetime
) -> dict[int, Contact]:
    """The cards that still are duplicates and that this person may change.

    What is to be deleted must also be as it was when it was found: who changed it since put something into it.
    """
    ids = [row.contact_id for row in rows]
    cards = await found.changeable(session, ids, who)
    now = await finding.values_of(session, list(cards))
    fit = {
        row.contact_id: cards[row.contact_id]
        for row in rows
        if row.contact_id in cards and rules.still_matches(row.matched, now[row.contact_id])
    }
    if action == rules.MERGE:
        return fit
    going = {row.contact_id for row in rows if not row.base}
    return {
        one: card
        for one, card in fit.items()
        if one not in going or card.changed_at is None or card.changed_at <= since
    }


work.register(KIND, run)
