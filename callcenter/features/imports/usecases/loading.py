"""The run of an import: portions of rows, each in one short transaction with the mark of how far it is.

A crash at any point leaves whole portions only, and the next run goes on behind the last one, so nothing is doubled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, ProductError
from callcenter.core.i18n import N_
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.api import bulk_write
from callcenter.features.imports import queries
from callcenter.features.imports.gateway import files
from callcenter.features.imports.gateway.files import Line
from callcenter.features.imports.models import Import, ImportRow
from callcenter.features.imports.rules import cells, planning
from callcenter.features.imports.rules.cells import Card, Refused, Words
from callcenter.features.imports.rules.planning import CREATED, FIRM, PERSON, REFUSED, SKIPPED, UPDATED, Found, Item
from callcenter.features.work import api as work
from callcenter.storage.scope import insert_many

T = TypeVar("T")
KIND = "imports.load"
PORTION = 1000
COUNTED = ("persons", "organisations", "updated", "skipped", "refused")
LOST = N_("The file of this import is gone. Load it again.")
# What a skipped row says in the table of rows.
SAME = "same"


@dataclass
class Plan:
    """What an import is to do, gathered once."""

    import_id: int
    owner_id: int | None
    viewer: contacts.Viewer
    path: Path
    mapping: dict[int, str]
    words: Words
    own: dict[int, tuple[str, list[str]]]
    policy: str
    mails: bool
    stamp: datetime
    source: str
    responsible_id: int | None
    tags: list[int] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)


@dataclass
class Parsed:
    """A row that was looked at: cards, or why it is refused."""

    line: Line
    firm: Card | None = None
    person: Card | None = None
    refused: str = ""


async def run(job: work.Run) -> dict[str, Any]:
    """Does the job; work.Runner."""
    import_id = int(job.params["import_id"])
    try:
        return await _run(job, import_id)
    except work.Cancelled:
        await _end(job, import_id, "cancelled")
        raise
    except asyncio.CancelledError:
        raise
    except Exception:
        await _end(job, import_id, "failed")
        raise


async def _run(job: work.Run, import_id: int) -> dict[str, Any]:
    db = job.services.db
    async with db.business(job.business_id) as session:
        row = await session.get_one(Import, import_id)
        if row.state == "done":
            return dict(row.counts)
        plan = await _plan(session, job, row)
    offset = int(job.mark.get("offset", 0))
    if not await asyncio.to_thread(plan.path.exists):
        raise ProductError(LOST)
    if offset == 0:
        header = await asyncio.to_thread(files.portion, plan.path, 0, 1)
        offset = header[0].next
    done = job.done
    while lines := await asyncio.to_thread(files.portion, plan.path, offset, PORTION):
        parsed = await asyncio.to_thread(_parse, plan, lines)
        offset, done = lines[-1].next, done + len(lines)
        await to_its_end(_keep(job, plan, parsed, done, {"offset": offset, "done": done}))
    return await _end(job, import_id, "done")


async def _keep(job: work.Run, plan: Plan, parsed: list[Parsed], done: int, mark: dict[str, Any]) -> None:
    """One portion, its counts and its mark in one transaction."""
    async with job.services.db.business(job.business_id) as session:
        counts = await portion(session, plan, parsed)
        row = await session.get_one(Import, plan.import_id, populate_existing=True)
        row.counts = {name: int(row.counts.get(name, 0)) + counts.get(name, 0) for name in COUNTED}
        await job.keep(session, done=done, failed=int(row.counts["refused"]), mark=mark)


async def to_its_end(work_: Coroutine[Any, Any, T]) -> T:
    """Awaits a short transaction; a server that stops meanwhile waits for it (SQLite's driver bears no cancelling)."""
    task = asyncio.ensure_future(work_)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _end(job: work.Run, import_id: int, state: str) -> dict[str, Any]:
    async with job.services.db.business(job.business_id) as session:
        row = await session.get_one(Import, import_id)
        row.state, row.ended_at = state, job.services.clock.now()
        counts, file = dict(row.counts), row.file
    if state == "done":
        files.remove(job.services.settings, file)
    return counts


async def _plan(session: AsyncSession, job: work.Run, row: Import) -> Plan:
    setup = await bulk_write.setup(session)
    mails = row.format.get("mode") == "mails"
    return Plan(
        import_id=row.id,
        owner_id=row.owner_id,
        viewer=contacts.Viewer(*job.params["viewer"]),
        path=files.path_of(job.services.settings, row.file),
        mapping={int(column): key for column, key in row.mapping.items()},
        words=Words(setup.types, setup.warmths, {one.id: one.entity for one in setup.own}),
        own={one.id: (one.type, list(one.options)) for one in setup.own},
        policy=row.policy,
        mails=mails,
        stamp=datetime.fromisoformat(row.format["stamp"]),
        source="mail" if mails else "import",
        responsible_id=row.responsible_id,
        tags=[row.tag_id] if row.tag_id else [],
        lists=[row.list_id] if row.list_id else [],
    )


def _parse(plan: Plan, lines: list[Line]) -> list[Parsed]:
    """Looks at the rows of a portion; runs in a thread."""
    found = []
    for line in lines:
        try:
            firm, person = cells.row(line.cells, plan.mapping, plan.words, mails=plan.mails)
            for card in (firm, person):
                if card is not None and card.own:
                    card.columns["own"] = _own(plan, card)
            found.append(Parsed(line, firm, person))
        except Refused as error:
            found.append(Parsed(line, refused=str(error)))
    return found


def _own(plan: Plan, card: Card) -> dict[int, Any]:
    values = {}
    for own, typed in card.own.items():
        type_, options = plan.own.get(own, ("text", []))
        try:
            value = contacts.own_value(type_, typed, options, "value")
        except BadInput as error:
            raise cells.own_problem(error, typed) from None
        if value is not None:
            values[own] = value
    return values


async def portion(session: AsyncSession, plan: Plan, rows: list[Parsed]) -> dict[str, int]:
    """Writes one portion in the caller's transaction; gives its counts."""
    await bulk_write.lock(session)
    good = [row for row in rows if not row.refused]
    planner = planning.Planner(plan.policy, await _look(session, plan, good))
    for row in good:
        planner.row(row.line.line, row.firm, row.person)
    tags = await bulk_write.tags_named(
        session, plan.owner_id, [title for item in planner.items for title in item.card.tags], plan.stamp
    )
    firms = [item for item in planner.items if item.part == FIRM]
    people = [item for item in planner.items if item.part == PERSON]
    before = await _write(session, plan, firms, tags)
    before |= await _write(session, plan, people, tags)
    await _note(session, plan, rows, planner.items, before)
    made = [item for item in planner.items if item.action == CREATED]
    return {
        "persons": sum(item.part == PERSON for item in made),
        "organisations": sum(item.part == FIRM for item in made),
        "updated": sum(item.action == UPDATED for item in planner.items),
        "skipped": sum(item.action == SKIPPED for item in planner.items),
        "refused": len(rows) - len(good),
    }


async def _look(session: AsyncSession, plan: Plan, rows: list[Parsed]) -> Any:
    """A look-up of the cards that are there, filled by a few statements for the whole portion."""
    there: dict[tuple[str, planning.Key], list[Found]] = {}
    cards: dict[str, list[Card]] = {"organisation": [], "person": []}
    for row in rows:
        if row.firm is not None:
            cards["organisation"].append(row.firm)
        if row.person is not None and plan.policy != planning.LOAD:
            cards["person"].append(row.person)
    one: dict[int, Found] = {}
    for kind, some in cards.items():
        wanted = {key for card in some for key in planning.keys(card)}
        if not wanted:
            continue
        to_change = plan.policy == planning.MERGE
        for key, found in (await bulk_write.matches(session, plan.viewer, kind, wanted, to_change=to_change)).items():
            there[kind, key] = [
                one.setdefault(match.id, Found(match.id, responsible_id=match.responsible_id, name=match.name))
                for match in found
            ]
    fresh = await queries.made_here(session, plan.import_id, one)
    for card_id in fresh:
        one[card_id].fresh = True

    def look(kind: str, key: planning.Key) -> list[Found]:
        return there.get((kind, key), [])

    return look


async def _write(
    session: AsyncSession, plan: Plan, items: list[Item], tags: Mapping[str, int]
) -> dict[int, dict[str, Any]]:
    """Makes and completes cards of one kind; items get their ids. Gives what was changed, by id() of the item."""
    new = [item for item in items if item.action == CREATED]
    ids = await bulk_write.insert_cards(
        session, [_row(plan, item, tags) for item in new], plan.stamp,
        by=plan.owner_id, source=plan.source, import_id=plan.import_id,
    )  # fmt: skip
    for item, card_id in zip(new, ids, strict=True):
        _own_found(item).id = card_id
    old = [item for item in items if item.action == UPDATED and item.target is not None and item.target.item is None]
    done = await bulk_write.complete_cards(
        session, [(item.target.id or 0, _row(plan, item, tags)) for item in old if item.target], plan.stamp,
        by=plan.owner_id, source=plan.source, import_id=plan.import_id,
    )  # fmt: skip
    before: dict[int, dict[str, Any]] = {}
    for item, what in zip(old, done, strict=True):
        before[id(item)] = what
        if not what:
            # It has all that the row says.
            item.action = SKIPPED
    return before


def _own_found(item: Item) -> Found:
    """Where the id of a new item is kept, so that people find their organisation."""
    if item.target is None:
        item.target = Found(item=item)
    return item.target


def _row(plan: Plan, item: Item, tags: Mapping[str, int]) -> bulk_write.CardRow:
    card = item.card
    columns = {name: value for name, value in card.columns.items() if name != "own"}
    columns |= {"kind": card.kind, "name": card.name, "responsible_id": plan.responsible_id}
    if item.firm is not None:
        firm = item.firm if item.firm.item is None else _own_found(item.firm.item)
        columns |= {"organisation_id": firm.id, "organisation": item.firm.name}
        if item.firm.item is None and item.firm.responsible_id is not None:
            # CON-29: nested contacts have no responsible of their own.
            columns["responsible_id"] = item.firm.responsible_id
    return bulk_write.CardRow(
        columns,
        phones=card.phones,
        channels=[("email", one, one.casefold()) for one in card.emails]
        + [("site", one, one.casefold()) for one in card.sites],
        values=card.columns.get("own", {}),
        tags=[*plan.tags, *(tags[title.casefold()] for title in card.tags)],
        lists=plan.lists,
    )


async def _note(
    session: AsyncSession, plan: Plan, rows: list[Parsed], items: list[Item], before: dict[int, dict[str, Any]]
) -> None:
    """What each row did, for the report and for undo."""
    common = {"import_id": plan.import_id, "before": {}, "cells": [], "reason": "", "contact_id": None, "part": 0}
    noted: list[dict[str, Any]] = [
        {**common, "line": row.line.line, "action": REFUSED, "cells": row.line.cells, "reason": row.refused}
        for row in rows
        if row.refused
    ]
    for item in items:
        target = item.target
        card_id = target.id if target is not None else None
        if target is not None and card_id is None and target.item is not None:
            card_id = _own_found(target.item).id
        noted.append(
            {
                **common,
                "line": item.line,
                "part": item.part,
                "action": item.action,
                "contact_id": card_id,
                "before": before.get(id(item), {}),
                "reason": SAME if item.action == SKIPPED else "",
            }
        )
    noted.sort(key=lambda one: (one["line"], one["part"]))
    await session.run_sync(insert_many, ImportRow, noted)
