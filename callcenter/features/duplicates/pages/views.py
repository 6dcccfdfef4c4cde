"""What the API shows of searches and of what they found."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.api import Contact, Viewer
from callcenter.features.duplicates import rules
from callcenter.features.duplicates.models import DuplicateMember, DuplicateSearch
from callcenter.features.duplicates.queries import finding, found
from callcenter.features.duplicates.rules import Settings
from callcenter.features.work.api import WorkJob


class JobView(msgspec.Struct, kw_only=True):
    """The work that goes on or was done last: ``done`` of ``total`` steps, ``skipped`` cards that were left alone."""

    id: int
    action: str
    state: str
    done: int
    total: int | None
    skipped: int
    cards: int
    error: str


class SearchView(msgspec.Struct, kw_only=True):
    """A search with its results: ``surplus`` cards are too many, ``chosen`` of them are ticked."""

    id: int
    settings: Settings
    created_at: str
    groups: int
    surplus: int
    chosen: int
    ready: bool
    job: JobView | None


class Value(msgspec.Struct, kw_only=True):
    """A value of a card; ``same``: another card of the group has it too."""

    kind: str
    text: str
    same: bool


class MemberView(msgspec.Struct, kw_only=True):
    """A card in a group. ``hidden``: this person does not see it any more."""

    id: int
    contact_id: int
    number: int | None
    name: str
    saved: bool
    base: bool
    chosen: bool
    responsible: str
    created_at: str
    values: list[Value]
    hidden: bool = False


class GroupView(msgspec.Struct, kw_only=True):
    """Equal cards, the base first; ``size`` is how many there are, also those that are not shown."""

    kind: str
    group: int
    size: int
    name_same: bool
    members: list[MemberView]


def job_view(job: WorkJob | None) -> JobView | None:
    """The job as the API shows it."""
    if job is None:
        return None
    action = str(job.params.get("action", "search"))
    return JobView(
        id=job.id,
        action=action,
        state=job.state,
        done=job.done,
        total=job.total,
        skipped=job.failed,
        cards=int(job.result.get("cards", 0)),
        error=job.error,
    )


async def search_view(session: AsyncSession, search: DuplicateSearch) -> SearchView:
    """A search as the API shows it."""
    job = await found.job(session, search.job_id)
    totals = await found.totals(session, search.id) if search.ended_at else found.Totals()
    return SearchView(
        id=search.id,
        settings=msgspec.convert(search.settings, Settings),
        created_at=iso(search),
        groups=totals.groups,
        surplus=totals.surplus,
        chosen=totals.chosen,
        ready=search.ended_at is not None,
        job=job_view(job),
    )


async def group_views(
    session: AsyncSession, who: Viewer, search: DuplicateSearch, kind: str, page: int
) -> list[GroupView]:
    """One page of a search's groups."""
    places = await found.page(session, search.id, kind, page)
    rows = await found.members(session, search.id, places)
    shown = [row for some in rows.values() for row in some[: rules.MAX_SHOWN]]
    ids = [row.contact_id for row in shown]
    cards: dict[int, Contact] = {}
    for start in range(0, len(ids), 500):
        cards |= await found.cards(session, ids[start : start + 500], who)
    values = await finding.values_of(session, list(cards))
    names = {one.membership_id: one.name for one in await accounts.people(session)}
    views = []
    for place in places:
        some = rows[place]
        members = [_member(row, cards.get(row.contact_id), values, names) for row in some[: rules.MAX_SHOWN]]
        same = any(criterion in ("name", "inn") for row in some for criterion, _ in row.matched)
        views.append(GroupView(kind=place[0], group=place[1], size=len(some), name_same=same, members=members))
    return views


def _member(
    row: DuplicateMember, card: Contact | None, values: dict[int, dict[str, list[str]]], names: dict[int, str]
) -> MemberView:
    if card is None:
        return MemberView(
            id=row.id, contact_id=row.contact_id, number=None, name="", saved=False, base=row.base, chosen=row.chosen,
            responsible="", created_at="", values=[], hidden=True,
        )  # fmt: skip
    matched = {(criterion, value) for criterion, value in row.matched}
    shown = [
        Value(kind=criterion, text=text, same=(criterion, text) in matched)
        for criterion in ("phone", "email")
        for text in values[card.id].get(criterion, ())
    ]
    if card.kind == rules.ORGANISATION and card.inn:
        shown.append(Value(kind="inn", text=card.inn, same=("inn", card.inn) in matched))
    if any(criterion == "name" for criterion, _ in matched):
        shown.insert(0, Value(kind="name", text=card.name, same=True))
    return MemberView(
        id=row.id,
        contact_id=card.id,
        number=card.number,
        name=card.name,
        saved=card.saved,
        base=row.base,
        chosen=row.chosen,
        responsible=names.get(card.responsible_id or 0, ""),
        created_at=card.created_at.isoformat().replace("+00:00", "Z"),
        values=shown,
    )


def iso(search: DuplicateSearch) -> str:
    """When the search was started."""
    return search.created_at.isoformat().replace("+00:00", "Z")


class KnownCard(msgspec.Struct, kw_only=True):
    """A card that has the same phone, e-mail or name; ``by`` says which."""

    id: int
    name: str
    responsible: str
    by: list[str]


class CheckView(msgspec.Struct, kw_only=True):
    """What a new card would double: cards that the person sees, and how many others have; ``on``: whether to ask."""

    on: bool
    cards: list[KnownCard]
    others: int


async def check_view(
    session: AsyncSession, who: Viewer, values: dict[str, list[str]], *, kind: str, besides: int
) -> CheckView:
    """Cards with one of the values: what the person may not see is only counted (IMP-30)."""
    held = await finding.having(session, values, kind=kind, besides=besides)
    seen = await found.cards(session, list(held), who)
    names = {one.membership_id: one.name for one in await accounts.people(session)}
    numbers = await finding.values_of(session, [one.id for one in seen.values() if not one.name])
    cards = [
        KnownCard(
            id=one.id,
            name=one.name or next(iter(numbers[one.id].get("phone", ())), ""),
            responsible=names.get(one.responsible_id or 0, ""),
            by=[criterion for criterion in rules.CRITERIA if criterion in held[one.id]],
        )
        for one in sorted(seen.values(), key=lambda one: one.id)
    ]
    return CheckView(on=True, cards=cards, others=len(held) - len(seen))
