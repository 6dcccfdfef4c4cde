"""Reads of a search's results."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.api import Contact, Viewer
from callcenter.features.duplicates import rules
from callcenter.features.duplicates.models import DuplicateMember, DuplicateNotice, DuplicateSearch
from callcenter.features.work.api import WorkJob

Where = tuple[str, int]
"""A group's place: kind and number."""


class Totals(NamedTuple):
    """How much there is: groups, cards that are too many, how many of these are ticked."""

    groups: int = 0
    surplus: int = 0
    chosen: int = 0


class Plan(NamedTuple):
    """What a merge or deletion would touch: groups, cards that go, and how many of these others look after."""

    groups: int
    cards: int
    others: int


async def latest(session: AsyncSession, membership_id: int) -> DuplicateSearch | None:
    """A person's newest search."""
    return await session.scalar(
        select(DuplicateSearch)
        .where(DuplicateSearch.owner_id == membership_id)
        .order_by(DuplicateSearch.id.desc())
        .limit(1)
    )


async def search(session: AsyncSession, search_id: int, membership_id: int) -> DuplicateSearch | None:
    """One search, if it is this person's."""
    return await session.scalar(
        select(DuplicateSearch).where(DuplicateSearch.id == search_id, DuplicateSearch.owner_id == membership_id)
    )


async def job(session: AsyncSession, job_id: int | None) -> WorkJob | None:
    """The background job of a search."""
    return await session.get(WorkJob, job_id, populate_existing=True) if job_id is not None else None


def _full(search_id: int, kind: str = "") -> Select[str, int]:
    """Groups in which there still is more than one card."""
    statement = select(DuplicateMember.kind, DuplicateMember.group).where(DuplicateMember.search_id == search_id)
    if kind:
        statement = statement.where(DuplicateMember.kind == kind)
    return statement.group_by(DuplicateMember.kind, DuplicateMember.group).having(func.count() > 1)


async def totals(session: AsyncSession, search_id: int, kind: str = "") -> Totals:
    """How much a search found and still holds."""
    full = (
        _full(search_id, kind)
        .add_columns(
            func.count().label("cards"),
            func.count().filter(DuplicateMember.chosen, DuplicateMember.base.is_(False)).label("chosen"),
        )
        .subquery()
    )
    row = (
        await session.execute(
            select(
                func.count(), func.coalesce(func.sum(full.c.cards), 0), func.coalesce(func.sum(full.c.chosen), 0)
            ).select_from(full)
        )
    ).one()
    return Totals(row[0], row[1] - row[0], row[2])


async def page(session: AsyncSession, search_id: int, kind: str, number: int) -> list[Where]:
    """The places of the groups on one page, which counts from 1."""
    statement = (
        _full(search_id, kind)
        .order_by(DuplicateMember.kind.desc(), DuplicateMember.group)
        .limit(rules.PER_PAGE)
        .offset((number - 1) * rules.PER_PAGE)
    )
    return [(found, group) for found, group in await session.execute(statement)]


async def after(session: AsyncSession, search_id: int, mark: Where | None) -> Where | None:
    """The next group after ``mark`` in the order of work, also one of a single card."""
    statement = select(DuplicateMember.kind, DuplicateMember.group).where(DuplicateMember.search_id == search_id)
    if mark is not None:
        kind, group = mark
        statement = statement.where(
            or_(DuplicateMember.kind > kind, and_(DuplicateMember.kind == kind, DuplicateMember.group > group))
        )
    row = (
        await session.execute(statement.order_by(DuplicateMember.kind, DuplicateMember.group).limit(1))
    ).one_or_none()
    return (row[0], row[1]) if row else None


async def members(session: AsyncSession, search_id: int, places: list[Where]) -> dict[Where, list[DuplicateMember]]:
    """The cards of some groups: the base first, the others in their order."""
    found: dict[Where, list[DuplicateMember]] = {place: [] for place in places}
    for kind in {kind for kind, _ in places}:
        numbers = [group for of, group in places if of == kind]
        rows = await session.scalars(
            select(DuplicateMember)
            .where(
                DuplicateMember.search_id == search_id, DuplicateMember.kind == kind, DuplicateMember.group.in_(numbers)
            )
            .order_by(DuplicateMember.base.desc(), DuplicateMember.id)
        )
        for row in rows:
            found[kind, row.group].append(row)
    return found


async def member(session: AsyncSession, member_id: int, membership_id: int) -> DuplicateMember | None:
    """One found card, if the search is this person's."""
    return await session.scalar(
        select(DuplicateMember)
        .join(DuplicateSearch, DuplicateSearch.id == DuplicateMember.search_id)
        .where(DuplicateMember.id == member_id, DuplicateSearch.owner_id == membership_id)
    )


async def plan(session: AsyncSession, search_id: int, who: Viewer, *, everything: bool) -> Plan:
    """What a merge or deletion of the ticked cards (or of all) would touch."""
    full = _full(search_id).subquery()
    statement = (
        select(
            func.count(),
            func.count().filter(Contact.responsible_id.is_not(None), Contact.responsible_id != who.membership_id),
        )
        .select_from(DuplicateMember)
        .join(full, and_(full.c.kind == DuplicateMember.kind, full.c.group == DuplicateMember.group))
        .join(Contact, Contact.id == DuplicateMember.contact_id)
        .where(DuplicateMember.search_id == search_id, DuplicateMember.base.is_(False))
    )
    groups = (
        select(DuplicateMember.kind, DuplicateMember.group)
        .join(full, and_(full.c.kind == DuplicateMember.kind, full.c.group == DuplicateMember.group))
        .where(DuplicateMember.search_id == search_id, DuplicateMember.base.is_(False))
        .distinct()
    )
    if not everything:
        statement = statement.where(DuplicateMember.chosen)
        groups = groups.where(DuplicateMember.chosen)
    cards, others = (await session.execute(statement)).one()
    touched = await session.scalar(select(func.count()).select_from(groups.subquery()))
    return Plan(touched or 0, cards, others)


async def cards(session: AsyncSession, ids: list[int], who: Viewer) -> dict[int, Contact]:
    """The cards that this person sees."""
    rows = await session.scalars(select(Contact).where(Contact.id.in_(ids), contacts.access.visible(who)))
    return {one.id: one for one in rows}


async def changeable(session: AsyncSession, ids: list[int], who: Viewer) -> dict[int, Contact]:
    """The cards that this person may change; what is in the archive nobody may."""
    found: dict[int, Contact] = {}
    for start in range(0, len(ids), 500):
        rows = await session.scalars(
            select(Contact)
            .where(
                Contact.id.in_(ids[start : start + 500]), Contact.state != "archive", contacts.access.changeable(who)
            )
            .execution_options(populate_existing=True)
        )
        found |= {one.id: one for one in rows}
    return found


async def notices(session: AsyncSession, membership_id: int, *, unseen: bool, limit: int = 20) -> list[DuplicateNotice]:
    """What others did with this person's cards, newest first."""
    statement = select(DuplicateNotice).where(DuplicateNotice.membership_id == membership_id)
    if unseen:
        statement = statement.where(DuplicateNotice.seen_at.is_(None))
    return list(await session.scalars(statement.order_by(DuplicateNotice.id.desc()).limit(limit)))
