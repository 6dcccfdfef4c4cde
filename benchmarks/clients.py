"""Lists of clients, search as one types, and who is calling, among very many clients, on both databases.

The floor of a list is the same rows by their ids in bare SQL; of the search and of the caller one look-up by the best
index. All take turns in one run. ``CALLCENTER_BENCH_CLIENTS`` sets the size; ``CALLCENTER_BENCH_ROUNDS`` how often.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks import million
from benchmarks.report import Row
from callcenter.features.accounts.models import Business
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import Contact, ContactField, ContactList, Tag
from callcenter.features.contacts.queries import cells
from callcenter.features.contacts.usecases import browsing
from callcenter.features.search import rules
from callcenter.features.search.usecases import FETCHED
from callcenter.http.current import Current
from callcenter.http.permissions import ROLE_PERMISSIONS
from callcenter.plugin import Services
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from tests.support import house as houses
from tests.support.postgres import PostgresServer

CLIENTS = int(os.environ.get("CALLCENTER_BENCH_CLIENTS", "200000"))
ROUNDS = int(os.environ.get("CALLCENTER_BENCH_ROUNDS", "3"))
# Milliseconds at 95 %.
PAGE, LOOK_UP = 150.0, 50.0
SORTS = ("", "-name", "name", "created", "-created", "city", "-birth_date", "inn")
# Pages that people turn to: mostly the first ones; 0 is the last that can be turned to.
PAGES = (1, 2, 1, 3, 1, 8, 1, 25, 0)
SEARCHES = (
    "иван", "иванов", "анна кузн", "ова", "александр", "ооо", "монтаж", "ов", "ма", "директор", "mail.ru", "79161",
    "4821", "000", "+7 (916) 12", "зинов", "яким", "нет такого", "12345", "kuznets", "770000", "сергей волков",
)  # fmt: skip

Measured = tuple[float, float]


def run() -> list[Row]:
    """Milliseconds; most of the time makes the bases."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        url = f"sqlite+aiosqlite:///{folder}/base.sqlite3"
        asyncio.run(million.make(url, CLIENTS))
        rows += asyncio.run(measure("SQLite", url))
    server = PostgresServer(shared_buffers="128MB")  # PostgreSQL's own default.
    try:
        server.start()
        server.sql("CREATE DATABASE bench")
        asyncio.run(million.make(server.url("bench"), CLIENTS))
        rows += asyncio.run(measure("PostgreSQL", server.url("bench")))
    finally:
        server.stop()
    return rows


async def measure(name: str, url: str) -> list[Row]:
    """Measures a base of benchmarks.million that is already there."""
    db = Database(create_engine(url))
    try:
        async with db.system() as session:
            business = (await session.execute(text("SELECT business_id FROM contacts LIMIT 1"))).scalar_one()
            title = await session.scalar(select(Business.name).where(Business.id == business)) or ""
            people = (
                await session.execute(
                    text("SELECT role, min(id), min(user_id) FROM memberships WHERE business_id = :b GROUP BY role"),
                    {"b": business},
                )
            ).all()
        persons = [_person(business, title, *one) for one in people if one[0] in ("owner", "manager", "operator")]
        services = houses.make_services(db, Path(tempfile.gettempdir()))
        # As the server does when it has started.
        gc.collect()
        gc.freeze()
        return [
            *await _lists(name, services, persons),
            await _search(name, services, persons),
            await _caller(name, services, persons[0]),
        ]
    finally:
        await db.close()


def _person(business: int, title: str, role: str, membership: int, user: int) -> Current:
    return Current(
        user_id=user, email="", name="", business_id=business, business_name=title, membership_id=membership,
        role=role, permissions=ROLE_PERMISSIONS[role], agent_id=None, language="ru", timezone="Europe/Moscow",
        theme="auto", via="token",
    )  # fmt: skip


async def _filters(session: AsyncSession) -> list[dict[str, str]]:
    """What people ask of the list, broad and narrow."""
    tags = list(await session.scalars(select(Tag.id).order_by(Tag.id)))
    lists = list(await session.scalars(select(ContactList.id).order_by(ContactList.id)))
    own = await session.scalar(select(ContactField.id).where(ContactField.type == "number"))

    def where(*items: dict[str, Any], join: str = "and") -> dict[str, str]:
        return {"where": msgspec.json.encode({"join": join, "items": items}).decode()}

    def rule(field: str, op: str, *value: Any) -> dict[str, Any]:
        return {"field": field, "op": op} | ({"value": list(value) if op == "in" else value[0]} if value else {})

    return [
        {},
        {"state": "archive"},
        {"sex": "f"},
        {"phone": "yes", "email": "no"},
        {"tag": str(tags[0])},
        {"tag": str(tags[20])},
        {"tag": str(tags[-1]), "sex": "m"},
        {"list": str(lists[0])},
        {"list": str(lists[-1])},
        {"q": "иванов"},
        {"q": "ова"},
        {"q": "9161"},
        {"q": "кузнецова анна"},
        {"q": "нет такого"},
        where(rule("city", "equals", "Москва")),
        where(rule("city", "equals", "Орёл"), rule("sex", "in", "f")),
        where(rule("name", "contains", "петр")),
        where(rule("position", "equals", "Директор"), rule("tags", "in", tags[1])),
        where(rule("tags", "in", tags[2]), rule("lists", "in", lists[2])),
        where(rule("tags", "in", tags[2]), rule("city", "equals", "Самара"), join="or"),
        where(rule("birth_date", "filled"), rule("position", "contains", "врач")),
        where(rule("organisation", "filled")),
        where(rule(f"f{own}", "filled")),
    ]


async def _lists(name: str, services: Services, persons: list[Current]) -> list[Row]:
    first: list[Measured] = []
    again: list[Measured] = []
    totals: list[Measured] = []
    last: list[Measured] = []
    worst: list[tuple[float, str]] = []
    async with services.db.business(persons[0].business_id) as session:
        filters = await _filters(session)
    for person in persons:
        for place, one in enumerate(filters):
            total = 0
            for turn, sort in enumerate(SORTS[place % 2 :: 2] * max(1, ROUNDS // 2)):
                number = PAGES[(turn + place) % len(PAGES)] if turn else 1
                query = one | {"sort": sort, "page": str(number or 1 + total // browsing.MAX_PER_PAGE)}
                took, bare = await _page(services, person, query)
                if turn:
                    again.append((took, bare))
                    if not number:
                        last.append((took, bare))
                else:
                    first.append((took, bare))
                worst.append((took, f"{'' if turn else 'first '}{person.role} {query} of {total}"))
                if not turn:
                    took, total = await _total(services, person, query)
                    totals.append((took, bare))
    for took, said in sorted(worst, reverse=True)[:12]:
        print(f"{name}: {took:.0f} ms {said}", file=sys.stderr)
    size = await _size(services, persons[0])
    return [
        _row(f"page of a list of {size:,} clients, {name}", again, PAGE),
        _row(f"  the first page of a new filter, {name}", first, PAGE),
        _row(f"  the last page that can be turned to, {name}", last, None),
        _row(f"  its total, told when the page is there, {name}", totals, 5000.0),
    ]


async def _total(services: Services, person: Current, query: dict[str, str]) -> tuple[float, int]:
    """As the page asks for it afterwards."""
    began = time.perf_counter()
    async with services.db.business(person.business_id) as session:
        there = await browsing.known(session, "person")
        wish = browsing.asked(query, "persons", there, person, per_page=browsing.MAX_PER_PAGE)
        found = await browsing.find(services, session, person, wish)
    return 1000 * (time.perf_counter() - began), found.total


async def _page(services: Services, person: Current, query: dict[str, str]) -> tuple[float, float]:
    """As pages.listing has it: what is known, the page (turned no further than a person can), what its cells need."""
    began = time.perf_counter()
    async with services.db.business(person.business_id) as session:
        there = await browsing.known(session, "person")
        wish = browsing.asked(query, "persons", there, person, per_page=browsing.MAX_PER_PAGE)
        found = await browsing.glance(services, session, person, wish)
        await cells.load(session, found.rows, {one.key for one in wish.columns})
    took = time.perf_counter() - began
    ids = ", ".join(str(one.id) for one in found.rows) or "0"
    began = time.perf_counter()
    async with services.db.system() as session:
        (await session.execute(text(f"SELECT * FROM contacts WHERE id IN ({ids})"))).all()  # noqa: S608
    return 1000 * took, 1000 * (time.perf_counter() - began)


async def _search(name: str, services: Services, persons: list[Current]) -> Row:
    """As the global search has it: persons and organisations with their numbers."""
    measured: list[Measured] = []
    worst: list[tuple[float, str]] = []
    for _ in range(ROUNDS):
        for person in persons:
            for typed in SEARCHES:
                piece = rules.typed(typed)

                async def ours(person: Current = person, wanted: str = piece.digits or piece.text) -> None:
                    async with services.db.business(person.business_id) as session:
                        who = await contacts.access.viewer(session, person)
                        kinds = ("person", "organisation")
                        rows = await contacts.finding.first(session, who, wanted, kinds, FETCHED)
                        await contacts.finding.numbers(session, [one.id for one in rows][:12])

                took = await _timed(ours)
                worst.append((took, f"{person.role} {typed}"))
                measured.append((took, await _bare(services, "SELECT * FROM contacts WHERE id <= 40", {})))
    for took, said in sorted(worst, reverse=True)[:6]:
        print(f"{name}: {took:.0f} ms search {said}", file=sys.stderr)
    return _row(f"global search, {name}", measured, LOOK_UP)


async def _caller(name: str, services: Services, person: Current) -> Row:
    async with services.db.system() as session:
        statement = text("SELECT e164 FROM contact_phones WHERE id % 997 = 1 LIMIT 300")
        numbers = [*(await session.scalars(statement)), "+79990000000", "+74950000000"]
    sql = (
        "SELECT c.* FROM contact_phones p JOIN contacts c ON c.id = p.contact_id WHERE p.business_id = :b AND e164 = :n"
    )
    measured: list[Measured] = []
    for number in numbers * ROUNDS:

        async def ours(number: str = number) -> None:
            async with services.db.business(person.business_id) as session:
                await contacts.find_by_number(session, number)

        measured.append((await _timed(ours), await _bare(services, sql, {"b": person.business_id, "n": number})))
    return _row(f"who is calling, {name}", measured, LOOK_UP)


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return 1000 * (time.perf_counter() - began)


async def _bare(services: Services, sql: str, values: dict[str, Any]) -> float:
    began = time.perf_counter()
    async with services.db.system() as session:
        (await session.execute(text(sql), values)).all()
    return 1000 * (time.perf_counter() - began)


async def _size(services: Services, person: Current) -> int:
    async with services.db.business(person.business_id) as session:
        return await session.scalar(select(func.count()).select_from(Contact)) or 0


def _row(name: str, measured: list[Measured], limit: float | None) -> Row:
    """The 95 % of ours; the floor and the ratio are of the medians."""
    ours, floor = [one for one, _ in measured], [one for _, one in measured]
    middle, bare = statistics.median(ours), statistics.median(floor)
    high = statistics.quantiles(ours, n=20)[-1]
    said = f"{name}: 95 % (median {middle:.1f})"
    if limit is None:
        return Row(said, high, "ms", bare, middle / bare, "", None)
    return Row(said, high, "ms", bare, middle / bare, f"95 % ≤ {limit:g} ms", high <= limit)
