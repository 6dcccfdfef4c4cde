"""A person looks at a list of clients: what he asked for, one page of it, and how many there are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.queries import access, cards, filtering, lists
from callcenter.features.contacts.rules import columns
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.rules.columns import Column, Shown, Sort
from callcenter.features.contacts.rules.filters import Field, ListState
from callcenter.http.current import Current
from callcenter.plugin import Services

PER_PAGE, MAX_PER_PAGE = 15, 30
# Everything that can change how many clients a filter finds.
_TABLES = frozenset(
    {
        "contacts", "contact_phones", "contact_channels", "contact_tags", "contact_list_members", "contact_values",
        "contact_managers", "contact_fields", "contact_files", "businesses",
    }
)  # fmt: skip
REMEMBERED = 2000
# So far a person can turn pages; further on he filters, or sorts the other way. Programs may go on (the API).
DEEPEST = 6000
# A large number may be so old, in seconds, while clients come and go; it is then said to be about that.
STALE, LARGE = 30.0, 20_000


class Asked(NamedTuple):
    """What a person asked of a list."""

    state: ListState
    columns: list[Shown]
    sort: Sort
    page: int = 1
    per_page: int = PER_PAGE


class Known(NamedTuple):
    """What a list of this kind can show, be sorted and be filtered by."""

    columns: dict[str, Column]
    fields: dict[str, Field]


class Found(NamedTuple):
    """One page; ``exact`` False: ``total`` was counted some seconds ago and changes just now.

    ``counted`` False: it is not known yet how many there are; ``total`` and ``pages`` then say what is certain.
    """

    rows: list[Contact]
    total: int
    exact: bool
    page: int
    pages: int
    counted: bool = True


class Totals:
    """How many clients each filter found, until clients change; one per process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: OrderedDict[bytes, tuple[int, float, int]] = OrderedDict()

    def get(self, key: bytes) -> tuple[int, bool] | None:
        """(total, whether it is exact), None when it must be counted."""
        found = self._kept.get(key)
        if found is None:
            return None
        change, at, total = found
        if change == self._services.db.changes.of(_TABLES):
            return total, True
        young = self._services.clock.epoch() - at < STALE
        return (total, False) if total >= LARGE and young else None

    def put(self, key: bytes, change: int, total: int) -> None:
        """Keeps a total that was counted after ``change``."""
        self._kept[key] = (change, self._services.clock.epoch(), total)
        self._kept.move_to_end(key)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    def change(self) -> int:
        """The state of the tables now."""
        return self._services.db.changes.of(_TABLES)


async def known(session: AsyncSession, kind: str) -> Known:
    """What persons or organisations of this business can be shown, sorted and filtered by."""
    fields = await filtering.known_fields(session, kind)
    hidden = frozenset(one.key for one in await cards.layout(session, kind) if one.hidden and one.key)
    own = [one for one in fields.values() if one.own and one.type != "file"]
    return Known(columns.columns(kind, own, hidden), {k: v for k, v in fields.items() if k not in hidden})


def asked(query: Mapping[str, str], section: str, there: Known, person: Current, *, per_page: int) -> Asked:
    """What the address of a list means. Raises BadInput for a filter that cannot be read; the rest is forgiving."""
    kind = section[:-1]
    state = ListState(
        section="organisations" if section == "organisations" else "persons",
        state="archive" if query.get("state") == "archive" else "client",
        search=query.get("q", "").strip()[:200],
        where=_tree(query.get("where", "")),
        list=_whole(query.get("list", "")),
        quick=_quick(query),
        zone=person.timezone,
    )
    per = _whole(query.get("per_page", "")) or per_page
    return Asked(
        state,
        columns.shown(query.get("cols", ""), there.columns, kind),
        columns.sort(query.get("sort", ""), there.columns),
        min(max(_whole(query.get("page", "")) or 1, 1), 1_000_000),
        min(max(per, 1), MAX_PER_PAGE),
    )


def _tree(text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    message = N_("The filter cannot be read. Build it anew.")
    if len(text) > 20_000:
        raise BadInput(message, fields={"where": message}, code="bad_filter")
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise BadInput(message, fields={"where": message}, code="bad_filter") from None
    if not isinstance(found, dict):
        raise BadInput(message, fields={"where": message}, code="bad_filter")
    return found or None


def _quick(query: Mapping[str, str]) -> list[dict[str, Any]]:
    """The quick filters (CON-41) as conditions."""
    found: list[dict[str, Any]] = []
    if query.get("sex") in ("m", "f"):
        found.append({"field": "sex", "op": "in", "value": [query["sex"]]})
    for name, field in (("phone", "has_phone"), ("email", "has_email")):
        if query.get(name) in ("yes", "no"):
            found.append({"field": field, "op": query[name]})
    for name in ("tag", "type"):
        if (chosen := _whole(query.get(name, ""))) is not None:
            found.append({"field": {"tag": "tags"}.get(name, name), "op": "in", "value": [chosen]})
    return found


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


async def glance(services: Services, session: AsyncSession, person: Current, wish: Asked) -> Found:
    """The page that was asked for, as soon as it can be shown: how many there are is told when it is known at once,
    else by ``find``, which a page asks afterwards. No further than ``DEEPEST``. Raises BadInput.
    """
    who = await access.viewer(session, person)
    last = max(1, DEEPEST // wish.per_page)
    kept = services.part(Totals, Totals).get(_key(services, person, who, wish))
    need = min(wish.page, last) * wish.per_page
    plan = await _plan(services, session, person, wish, who, need, kept[0] if kept else None)
    if plan.few or kept is not None:
        found = await _counted(services, session, person, wish._replace(page=min(wish.page, last)), who, plan)
        return found._replace(pages=min(found.pages, last))
    page = min(wish.page, last)
    start = (page - 1) * wish.per_page
    field = await _own_field(session, wish)
    rows = await lists.page(session, plan, wish.sort, start, wish.per_page + 1, field)
    if not rows and page > 1:
        # Past the end: only the number of them says where the last page is.
        return await _counted(services, session, person, wish, who, plan)
    more = len(rows) > wish.per_page
    return Found(rows[: wish.per_page], start + len(rows), not more, page, min(page + more, last), counted=not more)


async def find(services: Services, session: AsyncSession, person: Current, wish: Asked) -> Found:
    """The page that was asked for, and how many there are; past the end the last one. Raises BadInput."""
    who = await access.viewer(session, person)
    kept = services.part(Totals, Totals).get(_key(services, person, who, wish))
    need, total = wish.page * wish.per_page, kept[0] if kept else None
    # Programs go on to the last page: that one is found from the end.
    need = min(need, max(0, total - need)) if total is not None else need
    plan = await _plan(services, session, person, wish, who, need, total)
    return await _counted(services, session, person, wish, who, plan)


async def _plan(
    services: Services,
    session: AsyncSession,
    person: Current,
    wish: Asked,
    who: Viewer,
    need: int,
    total: int | None,
) -> lists.Plan:
    sizes = services.part(lists.Sizes, lambda all: lists.Sizes(all.clock.epoch))
    return await lists.plan(session, who, wish.state, sizes, person.business_id, need=need, total=total)


async def _counted(
    services: Services, session: AsyncSession, person: Current, wish: Asked, who: Viewer, plan: lists.Plan
) -> Found:
    field = await _own_field(session, wish)
    totals = services.part(Totals, Totals)
    key = _key(services, person, who, wish)
    kept = totals.get(key)
    if kept is None:
        change = totals.change()
        if plan.few and field is None:
            start = (wish.page - 1) * wish.per_page
            rows, found = await lists.page_of_few(session, plan, wish.sort, start, wish.per_page)
            if found is not None:
                totals.put(key, change, found)
                return Found(rows, found, True, wish.page, max(1, -(-found // wish.per_page)))
        counted = await session.scalar(lists.counted(plan)) or 0
        totals.put(key, change, counted)
        kept = counted, True
    total, exact = kept
    pages = max(1, -(-total // wish.per_page))
    page = min(wish.page, pages)
    rows = await lists.page(
        session, plan, wish.sort, (page - 1) * wish.per_page, wish.per_page, field, total if exact else None
    )
    return Found(rows, total, exact, page, pages)


async def _own_field(session: AsyncSession, wish: Asked) -> Field | None:
    """The own field that the list is sorted by."""
    if wish.sort.key[:1] == "f" and wish.sort.key[1:].isdecimal():
        return (await filtering.known_fields(session, wish.state.kind)).get(wish.sort.key)
    return None


def _key(services: Services, person: Current, who: Viewer, wish: Asked) -> bytes:
    """What a total is kept by: the same filter may find other clients tomorrow, and for somebody else; one that asks
    for clients' clocks, in a minute.
    """
    now = services.clock.now()
    when = f"{now:%Y-%m-%d %H:%M}" if wish.state.timed else f"{now:%Y-%m-%d}"
    return msgspec.json.encode((person.business_id, who, wish.state, when))
