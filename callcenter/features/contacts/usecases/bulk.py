"""Actions on many clients: chosen, counted, and done in the background in portions with the rights of who asked.

An action is a BulkAction in the registry; other features add theirs through ``contacts.api.add_bulk_action``.
Clients are walked by id up to the highest id there was at the start, so those added meanwhile are not endless, and
a job that goes on after a restart begins behind the last portion that was committed.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import queries
from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.queries import access, walking
from callcenter.features.contacts.queries.filtering import Selection, selected
from callcenter.features.contacts.rules import bulk as rules
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_EDIT
from callcenter.plugin import Services

KIND, UNDO = "contacts.bulk", "contacts.bulk-undo"
FIRST_PORTION = 100
# Between two portions, when others may write.
pause = asyncio.sleep
NO_ACTION = N_("There is no such action.")
LEFT = N_("The person who started this does not work here any more.")


class BulkForm(msgspec.Struct, kw_only=True):
    """An action on many clients.

    Chosen are ``ids``, or with ``everything`` all that ``filter`` finds. ``params`` are the action's own (``tag_id`` or
    ``title``, ``list_id``, ``member_id`` …). ``at`` starts it later: ISO 8601, in the person's zone unless it names
    one. ``confirm`` is the number of clients, which actions that cannot be undone want to hear.
    """

    action: str
    ids: list[int] = []
    everything: bool = False
    filter: dict[str, Any] = {}
    params: dict[str, Any] = {}
    at: str = ""
    confirm: int | None = None


@dataclass
class Portion:
    """Some clients that an action is done to, in one transaction: ``contacts`` are locked and may be changed."""

    services: Services
    session: AsyncSession
    person: Current
    viewer: Viewer
    params: dict[str, Any]
    contacts: list[Contact]
    at: datetime
    job_id: int
    changed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    trace: dict[str, Any] | None = None
    done: list[Callable[[], None]] = field(default_factory=list)

    def skip(self, why: str, count: int = 1) -> None:
        """Counts clients that are left as they are (rules.bulk.SKIPS)."""
        if count:
            self.skipped[why] = self.skipped.get(why, 0) + count


Prepare = Callable[[AsyncSession, Current, Viewer, dict[str, Any], datetime], Awaitable[tuple[dict[str, Any], str]]]
"""Checks what was asked for, makes what it needs: JSON-ready parameters, and the word for ``what`` in the title."""


@dataclass(frozen=True)
class BulkAction:
    """Something that is done to many clients.

    ``label`` stands on the button; ``title`` is a gettext key with ``%(what)s`` where ``prepare`` gives a word.
    ``apply`` changes a portion and counts what it skips; its ``trace`` is what ``restore`` gets to take it back;
    ``finish`` is called at the end. ``asks``: what the dialog has to ask for (tag, own_tag, list, member, number, or
    nothing). ``at_most``: so many clients at once. ``final``: cannot be undone, so the number has to be confirmed.
    ``allowed`` narrows the right to change a client; ``archived``: also done to clients in the archive.
    """

    name: str
    label: str
    title: str
    apply: Callable[[Portion], Awaitable[None]]
    permission: str = CONTACTS_EDIT
    prepare: Prepare | None = None
    restore: Callable[[Portion, Any], Awaitable[None]] | None = None
    finish: Callable[[work.Run], None] | None = None
    asks: str = ""
    icon: str = "check"
    at_most: int | None = None
    final: bool = False
    archived: bool = False
    allowed: Callable[[Viewer], ColumnElement[bool]] | None = None


ACTIONS: dict[str, BulkAction] = {}


def add_bulk_action(action: BulkAction) -> None:
    """Adds an action to the bar above the list; features call this when they are loaded."""
    ACTIONS[action.name] = action


def action_for(person: Current, name: str) -> BulkAction:
    """The action that the person may use. BadInput, Forbidden."""
    action = ACTIONS.get(name)
    if action is None:
        raise BadInput(NO_ACTION, fields={"action": NO_ACTION})
    person.need(action.permission)
    return action


def chosen(form: BulkForm) -> Selection:
    """Who is meant; raises BadInput for more ticks than fit."""
    if len(form.ids) > rules.MAX_TICKED:
        raise BadInput(N_("At most %(limit)s clients at once."), limit=rules.MAX_TICKED)
    return Selection(ids=sorted(set(form.ids)), everything=form.everything, filter=form.filter)


async def count(session: AsyncSession, viewer: Viewer, action: BulkAction, who: Selection) -> tuple[int, int]:
    """How many clients are chosen, and how many of them the person may do this to."""
    allowed = _allowed(viewer, action)
    total = able = 0
    for part in [who] if who.everything else [Selection(ids=ids) for ids in queries.chunks(who.ids)]:
        where = await selected(session, viewer, part)
        total += await session.scalar(select(func.count()).select_from(Contact).where(where)) or 0
        able += await session.scalar(select(func.count()).select_from(Contact).where(where, allowed)) or 0
    return total, able


async def order(
    session: AsyncSession, services: Services, person: Current, form: BulkForm, due_at: datetime | None
) -> work.WorkJob:
    """Starts an action in the background (business session). BadInput, Forbidden, NotFound."""
    action = action_for(person, form.action)
    viewer = await access.viewer(session, person)
    who = chosen(form)
    total, _able = await count(session, viewer, action, who)
    rules.check_count(total, action.at_most)
    if action.final:
        rules.check_confirmed(form.confirm, total)
    params, what = form.params, ""
    if action.prepare is not None:
        params, what = await action.prepare(session, person, viewer, form.params, services.clock.now())
    top = await session.scalar(select(func.max(Contact.id))) or 0
    job = await work.start(
        session,
        services,
        kind=KIND,
        title=action.title,
        values={"what": what} if what else None,
        params={
            "action": action.name,
            "who": {"ids": who.ids, "everything": who.everything, "filter": who.filter},
            "params": params,
            "top": top,
            "permissions": sorted(person.permissions),
        },
        owner_id=person.membership_id,
        total=total,
        due_at=due_at,
    )
    await accounts.audit(
        session, person, f"contacts.bulk.{action.name}", "job", job.id,
        clients=total, everything=who.everything, what=what, at=due_at.isoformat() if due_at else None,
    )  # fmt: skip
    return job


async def run_bulk(run: work.Run) -> dict[str, Any]:
    """Does an action to its end: portion by portion, each committed with its mark."""
    action = ACTIONS.get(run.params["action"])
    if action is None:
        raise BadInput(NO_ACTION)
    who = Selection(**run.params["who"])
    size = FIRST_PORTION
    while True:
        began = asyncio.get_running_loop().time()
        looked, actions = await _portion(run, action, who, size)
        for act in actions:
            act()
        seconds = asyncio.get_running_loop().time() - began
        if not looked:
            if action.finish is not None:
                action.finish(run)
            return run.result
        size = work.next_portion(size, seconds)
        await pause(work.rest(seconds))


async def _portion(
    run: work.Run, action: BulkAction, who: Selection, size: int
) -> tuple[int, list[Callable[[], None]]]:
    """One portion: how many clients were looked at, and what is to be done once it is committed."""
    async with run.services.db.business(run.business_id) as session:
        person = await work.owner(session, run, LEFT)
        person.need(action.permission)
        viewer = await access.viewer(session, person)
        ids, missing = await _next_ids(session, run, viewer, who, size)
        if not ids and not missing:
            return 0, []
        # Locked from here on: nobody deletes or changes them under the action's hands.
        rows = await session.scalars(select(Contact).where(Contact.id.in_(ids)).order_by(Contact.id).with_for_update())
        found = list(rows)
        allowed = set(await session.scalars(select(Contact.id).where(Contact.id.in_(ids), _allowed(viewer, action))))
        portion = Portion(
            services=run.services,
            session=session,
            person=person,
            viewer=viewer,
            params=run.params["params"],
            contacts=[one for one in found if one.id in allowed and (action.archived or one.state != "archive")],
            at=run.services.clock.now(),
            job_id=run.job_id,
        )
        portion.skip(rules.GONE, len(missing) + len(ids) - len(found))
        portion.skip(rules.NO_RIGHT, sum(one.id not in allowed for one in found))
        portion.skip(rules.ARCHIVED, len(allowed) - len(portion.contacts))
        if portion.contacts:
            await action.apply(portion)
        if portion.trace is not None:
            await run.remember(session, portion.trace)
        changed = run.result.get("changed", 0) + portion.changed
        skipped = rules.added(run.result.get("skipped", {}), portion.skipped)
        looked = len(ids) + len(missing)
        await run.keep(
            session,
            done=run.done + looked,
            failed=sum(skipped.values()),
            mark={"after": max([*ids, *missing])},
            result={"changed": changed, "skipped": skipped, "notes": rules.notes(changed, skipped)},
        )
        return looked, portion.done


async def _next_ids(
    session: AsyncSession, run: work.Run, viewer: Viewer, who: Selection, size: int
) -> tuple[Sequence[int], list[int]]:
    """The next clients by id, and those of the ticked ones that are not there or not seen any more."""
    after, top = run.mark.get("after", 0), run.params["top"]
    if who.everything:
        chosen, walked = await selected(session, viewer, who), walking.Walked((), after, more=True)
        while not walked.ids and walked.more:
            walked = await walking.walk(session, chosen, walked.after, size, top)
        return walked.ids, []
    start = bisect_right(who.ids, after)
    part = who.ids[start : start + size]
    where = await selected(session, viewer, Selection(ids=part))
    there = (await session.scalars(select(Contact.id).where(where).order_by(Contact.id))).all()
    return there, [one for one in part if one not in set(there)]


async def run_undo(run: work.Run) -> dict[str, Any]:
    """Takes back what an action changed, its last portion first; what was changed since then stays as it is."""
    action = ACTIONS.get(run.params["action"])
    if action is None or action.restore is None:
        raise BadInput(NO_ACTION)
    while True:
        began = asyncio.get_running_loop().time()
        async with run.services.db.business(run.business_id) as session:
            pieces = await work.pieces(session, run.params["job"], run.mark.get("before"))
            if not pieces:
                return run.result
            person = await work.owner(session, run, LEFT)
            piece = pieces[0]
            portion = Portion(
                services=run.services,
                session=session,
                person=person,
                viewer=await access.viewer(session, person),
                params=run.params["params"],
                contacts=[],
                at=run.services.clock.now(),
                job_id=run.job_id,
            )
            await action.restore(portion, piece.data)
            changed = run.result.get("changed", 0) + portion.changed
            left = run.result.get("left", 0) + portion.skipped.get(rules.ALREADY, 0)
            notes: list[list[Any]] = [[rules.RESTORED, {"count": changed}]]
            if left:
                notes.append([rules.CHANGED_SINCE, {"count": left}])
            await run.keep(
                session,
                done=changed + left,
                failed=left,
                mark={"before": piece.id},
                result={"changed": changed, "left": left, "notes": notes},
            )
        for act in portion.done:
            act()
        await pause(work.rest(asyncio.get_running_loop().time() - began))


def undoing(_services: Services, person: Current, job: work.WorkJob) -> dict[str, Any] | None:
    """The job that takes another back; None when its action knows no way back."""
    action = ACTIONS.get(job.params.get("action", ""))
    if action is None or action.restore is None:
        return None
    return {
        "kind": UNDO,
        "params": {
            "job": job.id,
            "action": action.name,
            "params": job.params["params"],
            "permissions": sorted(person.permissions),
        },
        "total": job.result.get("changed", 0),
    }


def _allowed(viewer: Viewer, action: BulkAction) -> ColumnElement[bool]:
    may = access.changeable(viewer)
    return may if action.allowed is None else and_(may, action.allowed(viewer))


def titles(person: Current) -> Mapping[str, BulkAction]:
    """The actions that the person may use, in the order in which they were added."""
    return {name: action for name, action in ACTIONS.items() if person.can(action.permission)}


work.register(KIND, run_bulk, undo=undoing)
work.register(UNDO, run_undo)
