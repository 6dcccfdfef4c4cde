"""A list is made: its clients are counted, then written in the background, portion by portion."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialEntry, DialList
from callcenter.features.dialer.queries import refusing
from callcenter.features.dialer.rules import hours, outcomes, teams
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.usecases import reaching
from callcenter.features.numbers import api as numbers
from callcenter.features.prompts import api as prompts
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.storage.scope import insert_many

FILL, RETRY = "dialer.fill", "dialer.retry"
FIRST_PORTION, LARGEST_PORTION = 200, 2000
NOBODY = N_("The filter finds no client with a phone number.")
NOT_OURS = N_("Choose one of your company's numbers that calls go out by.")
LEFT = N_("The person who made this list does not work here any more.")
# The condition that every list has (OUT-02).
HAS_PHONE = {"field": "has_phone", "op": "yes"}
# Between two portions, when others may write.
pause = asyncio.sleep


class ListForm(msgspec.Struct, kw_only=True):
    """A list to make. ``where`` is the tree of the filter builder; ``pause`` in seconds, None = until one asks for it.

    ``number_id`` is the number that clients see (None = the employee's). ``retry``: outcome → [seconds, times].
    ``hours``: ``{"from": "09:00", "to": "21:00", "days": [1, … 7], "by_day": {"6": ["10:00", "18:00"]}}`` by the
    client's clock, {} = at any time.
    ``mode``: preview, power, progressive, predictive; ``dialing`` is what is set of it (rules.teams.Setting).
    """

    title: str = ""
    where: dict[str, Any] | None = None
    pause: int | None = 20
    number_id: int | None = None
    retry: dict[str, list[int]] = {}
    hours: dict[str, Any] = {}
    mode: str = teams.POWER
    dialing: dict[str, Any] = {}


class CountForm(msgspec.Struct, kw_only=True):
    """A filter whose clients are to be counted."""

    where: dict[str, Any] | None = None


def chosen(where: dict[str, Any] | None, person: Current, services: Services) -> contacts.ListState:
    """The clients that a filter means: saved persons with a phone, as of today by the person's clock."""
    now = services.clock.now()
    state = contacts.ListState(where=where or None, quick=[HAS_PHONE], today=now.date(), zone=person.timezone)
    state.now = now if state.timed else None
    return state


async def count(session: AsyncSession, services: Services, person: Current, where: dict[str, Any] | None) -> int:
    """How many clients a list of this filter would have. Raises BadInput."""
    return await contacts.offering.total(services, session, person, chosen(where, person, services))


async def create(session: AsyncSession, services: Services, person: Current, form: ListForm) -> DialList:
    """A new list; its clients come in the background, and calls may begin before all are there. Raises BadInput."""
    # Who looks at each client first asks for each himself.
    title, seconds = rules.title(form.title), None if form.mode == teams.PREVIEW else rules.pause(form.pause)
    retry, when = outcomes.retry(form.retry), hours.checked(form.hours)
    dialing = teams.checked(form.mode, form.dialing)
    teams.check_pause(form.mode, seconds)
    await check_numbers(session, form.number_id, dialing)
    total = await count(session, services, person, form.where)
    if not total:
        raise BadInput(NOBODY, fields={"where": NOBODY})
    state = chosen(form.where, person, services)
    made = DialList(
        title=title,
        mode=form.mode,
        dialing=dialing,
        pause=seconds,
        creator_id=person.membership_id,
        number_id=form.number_id,
        filter=msgspec.to_builtins(state),
        retry=retry,
        hours=when,
        created_at=services.clock.now(),
    )
    session.add(made)
    await session.flush()
    await work.start(
        session,
        services,
        kind=FILL,
        title=N_("Dial list: %(what)s"),
        values={"what": title},
        params={
            "list": made.id,
            "top": await session.scalar(select(func.max(contacts.Contact.id))) or 0,
            "permissions": sorted(person.permissions),
        },
        owner_id=person.membership_id,
        total=total,
    )
    await accounts.audit(session, person, "dialer.create", "dial_list", made.id, title=title, clients=total)
    return made


async def check_numbers(session: AsyncSession, own: int | None, dialing: dict[str, Any]) -> None:
    """What clients see are the company's own numbers that make calls out, and prompts are such that there are."""
    usable = reaching.usable(await numbers.all_numbers(session))
    if own is not None and own not in usable:
        raise BadInput(NOT_OURS, fields={"number_id": NOT_OURS})
    if not set(dialing["numbers"]) <= usable.keys():
        raise BadInput(NOT_OURS, fields={"numbers": NOT_OURS})
    for name in ("dropped", "message"):
        if dialing[name] and not await prompts.exists(session, dialing[name]):
            message = N_("This prompt is not there any more. Choose another one.")
            raise BadInput(message, fields={name: message})


def link(job: work.WorkJob) -> str:
    """Where the list is that a job fills."""
    return f"/dialer/{job.params['list']}"


async def fill(run: work.Run) -> dict[str, Any]:
    """Writes a list's clients; a crash leaves whole portions, and it goes on behind the last one."""
    size = FIRST_PORTION
    while True:
        began = asyncio.get_running_loop().time()
        more = await _portion(run, size)
        seconds = asyncio.get_running_loop().time() - began
        if not more:
            return run.result
        size = work.next_portion(size, seconds, LARGEST_PORTION)
        await pause(work.rest(seconds))


async def _portion(run: work.Run, size: int) -> bool:
    """Writes up to ``size`` clients; whether there may be more of them."""
    async with run.services.db.business(run.business_id) as session:
        row = await queries.by_id(session, run.params["list"])
        if row is None or row.filled:
            return False
        after, place = run.mark.get("after", 0), run.mark.get("place", 0)
        state = contacts.state_of(row.filter)
        who = await contacts.viewer(session, await work.owner(session, run, LEFT))
        chosen = await contacts.offering.walked(session, who, state)
        ids, after, more = await contacts.walk(session, chosen, after, size, run.params["top"])
        refused = await _refused(session, ids)
        if ids:
            await _write(session, row.id, ids, place)
        if refused:
            await session.execute(
                update(DialEntry)
                .where(DialEntry.list_id == row.id, DialEntry.contact_id.in_(refused))
                .values(state=rules.OUT, outcome=outcomes.DO_NOT_CALL)
                .execution_options(synchronize_session=False)
            )
        # Only now: whoever works on the list meanwhile waits as short as can be.
        row = await queries.by_id(session, row.id, lock=True)
        assert row is not None
        row.total += len(ids)
        row.counts = rules.counted(row.counts, {rules.LEFT: len(ids) - len(refused), rules.EXCLUDED: len(refused)})
        row.filled = not more
        mark = {"after": after, "place": place + len(ids)}
        notes = [[N_("Clients in the list: %(count)s"), {"count": row.total}]]
        if out := row.counts.get(rules.EXCLUDED, 0):
            notes.append([N_("Asked not to be called, so taken out: %(count)s"), {"count": out}])
        await run.keep(session, done=run.done + len(ids), mark=mark, result={"notes": notes})
        return more


async def _write(session: AsyncSession, list_id: int, ids: Any, place: int) -> None:
    rows = [{"list_id": list_id, "contact_id": one, "position": place + n} for n, one in enumerate(ids, 1)]
    await session.run_sync(insert_many, DialEntry, rows)


async def _refused(session: AsyncSession, ids: Any) -> list[int]:
    """Those of the clients whose every number must not be called."""
    if not ids or not await refusing.any_there(session):
        return []
    person = contacts.Contact
    return list(await session.scalars(select(person.id).where(person.id.in_(ids), ~refusing.reachable())))


async def retry(run: work.Run) -> dict[str, Any]:
    """Makes clients due again who were called in vain."""
    while True:
        began = asyncio.get_running_loop().time()
        async with run.services.db.business(run.business_id) as session:
            row = await queries.by_id(session, run.params["list"], lock=True)
            found = await session.execute(
                select(DialEntry.id, DialEntry.outcome, DialEntry.position)
                .where(
                    DialEntry.list_id == run.params["list"],
                    DialEntry.state == rules.DONE,
                    DialEntry.position > run.mark.get("after", 0),
                )
                .order_by(DialEntry.position)
                .limit(LARGEST_PORTION)
            )
            rows = found.all()
            if row is None or not rows:
                return run.result
            again = [(one, said) for one, said, _ in rows if said in outcomes.RETRIED]
            await session.execute(
                update(DialEntry)
                .where(DialEntry.id.in_([one for one, _ in again]))
                .values(state=rules.DUE, outcome="", tries=0, phone=0)
                .execution_options(synchronize_session=False)
            )
            if again and row.status == rules.FINISHED:
                row.status = rules.PAUSED
            if again and row.status == rules.RUNNING and not row.rest_call and row.next_at is not None:
                row.next_at = run.services.clock.now()
            for _, said in again:
                row.counts = rules.moved(row.counts, said, rules.LEFT)
            done = run.result.get("again", 0) + len(again)
            notes = [[N_("Clients to be called again: %(count)s"), {"count": done}]]
            mark = {"after": rows[-1][2]}
            await run.keep(session, done=run.done + len(rows), mark=mark, result={"again": done, "notes": notes})
        await pause(work.rest(asyncio.get_running_loop().time() - began))


work.register(FILL, fill, link=link)
work.register(RETRY, retry, link=link)
