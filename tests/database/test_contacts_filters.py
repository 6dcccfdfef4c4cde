"""Any filter finds in SQL, on both databases, just the clients that plain Python finds, in any order and on any page.

The meaning of each operator is written down here once more, without SQL and without the product's own rules.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactField,
    ContactList,
    ContactListMember,
    ContactPhone,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.queries import filtering, lists
from callcenter.features.contacts.rules import people
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.rules.columns import Sort
from callcenter.features.contacts.rules.filters import ListState
from callcenter.plugin import Services
from tests.support.house import House

TODAY = date(2026, 3, 2)
ZONE = "Asia/Yekaterinburg"
CLIENTS, FILTERS = 150, 150
FIRST = ("Анна", "Борис", "Вера", "Глеб", "Ёлка", "Жанна")
LAST = ("Ким", "Иванов", "Иванова", "Орлов", "О'Нил", "Сто%", "Под_чёрк", "")
CITIES = ("Москва", "москва", "МОСКВА", "Нижний Новгород", "Ростов-на-Дону", "Тверь", "")
JOBS = ("Директор", "директор", "Главный Инженер", "главный инженер", "")
EVERYBODY = Viewer(0, everything=True, private=True, shared=True)


@dataclass
class Person:
    """A client as plain data; what stands on other tables is in lists."""

    id: int = 0
    number: int = 0
    first: str = ""
    last: str = ""
    city: str = ""
    job: str = ""
    sex: str = ""
    born: date | None = None
    created: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    blocked: bool = False
    type: int | None = None
    phones: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    tags: set[int] = field(default_factory=set)
    lists: set[int] = field(default_factory=set)
    amount: float | None = None
    day: date | None = None
    word: str = ""
    option: str = ""

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first, self.last) if part)


@dataclass
class World:
    """The base with the ids of what can be asked for."""

    people: list[Person]
    tags: list[int]
    lists: list[int]
    types: list[int]
    own: dict[str, str]


def somebody(rng: random.Random, number: int) -> Person:
    born = date(1990, 1, 1) + timedelta(days=rng.randrange(400))
    return Person(
        number=number,
        first=rng.choice(FIRST),
        last=rng.choice(LAST),
        city=rng.choice(CITIES),
        job=rng.choice(JOBS),
        sex=rng.choice(("m", "f", "")),
        born=born if rng.random() < 0.6 else None,
        # Around midnights of the zone, which is five hours before UTC's.
        created=datetime(2026, 2, 20, 18, 30, tzinfo=UTC) + timedelta(minutes=30 * rng.randrange(520)),
        blocked=rng.random() < 0.2,
        phones=[f"+7916{rng.randrange(30):07d}" for _ in range(rng.choice((0, 1, 1, 2)))],
        mails=[f"{rng.choice('abc')}{rng.randrange(9)}@firma.ru" for _ in range(rng.choice((0, 0, 1, 2)))],
        amount=float(rng.randrange(20)) / 2 if rng.random() < 0.6 else None,
        day=date(2026, 2, 25) + timedelta(days=rng.randrange(9)) if rng.random() < 0.5 else None,
        word=rng.choice(("Окно", "окно ПВХ", "Дверь", "", "")),
        option=rng.choice(("Да", "Нет", "", "")),
    )


@pytest.fixture
async def world(services: Services, house: House) -> World:
    rng = random.Random(11)
    async with services.db.business(house.businesses["a"]) as session:
        tags = [Tag(title=f"Т{n}", key=f"т{n}", created_at=datetime.now(UTC)) for n in range(3)]
        some = [ContactList(title=f"С{n}", created_at=datetime.now(UTC)) for n in range(2)]
        types = [ContactChoice(kind="type", title=f"Вид {n}") for n in range(2)]
        own = {
            kind: ContactField(
                entity="person",
                title=kind,
                type=kind,
                options=["Да", "Нет"] if kind == "list" else [],
                created_at=datetime.now(UTC),
            )
            for kind in ("number", "date", "text", "list")
        }
        session.add_all([*tags, *some, *types, *own.values()])
        await session.flush()
        found: list[Person] = []
        for number in range(1, CLIENTS + 1):
            one = somebody(rng, number)
            one.tags = {tag.id for tag in tags if rng.random() < 0.3}
            one.lists = {row.id for row in some if rng.random() < 0.3}
            one.type = rng.choice([None, *(choice.id for choice in types)])
            row = Contact(
                kind="person", state="client", number=number, name=one.name, first_name=one.first, last_name=one.last,
                name_key=people.sort_key(one.name), city=one.city, position=one.job, sex=one.sex, birth_date=one.born,
                created_at=one.created, blocked=one.blocked, type_id=one.type,
                search=people.search_text(one.name, one.job, phones=one.phones, emails=one.mails),
            )  # fmt: skip
            session.add(row)
            await session.flush()
            one.id = row.id
            session.add_all(ContactPhone(contact_id=row.id, e164=phone) for phone in one.phones)
            session.add_all(ContactChannel(contact_id=row.id, kind="email", value=m, key=m) for m in one.mails)
            session.add_all(ContactTag(contact_id=row.id, tag_id=tag) for tag in one.tags)
            session.add_all(ContactListMember(contact_id=row.id, list_id=in_) for in_ in one.lists)
            for kind, value in (("number", one.amount), ("date", one.day), ("text", one.word), ("list", one.option)):
                if value not in (None, ""):
                    session.add(
                        ContactValue(
                            contact_id=row.id,
                            field_id=own[kind].id,
                            text=str(value),
                            key=str(value).casefold(),
                            amount=value if kind == "number" else None,
                            day=value if kind == "date" else None,
                        )
                    )
            found.append(one)
        # Somebody of the archive, an organisation and a bare number are in no list of persons.
        for kind, state in (("person", "archive"), ("organisation", "client"), ("person", "contact")):
            session.add(Contact(kind=kind, state=state, name="Анна", name_key="анна", city="Москва",
                                created_at=datetime.now(UTC), search="анна"))  # fmt: skip
        return World(
            found,
            [tag.id for tag in tags],
            [row.id for row in some],
            [one.id for one in types],
            {kind: f"f{row.id}" for kind, row in own.items()},
        )


# --- what filters mean -----------------------------------------------------------------------------------------------

Test = Callable[[Person], bool]


def text(op: str, value: str, of: Callable[[Person], str]) -> Test:
    low = value.casefold()
    return {
        "equals": lambda one: of(one).casefold() == low,
        "not_equals": lambda one: of(one).casefold() != low,
        "contains": lambda one: low in of(one).casefold(),
        "not_contains": lambda one: low not in of(one).casefold(),
        "begins": lambda one: of(one).casefold().startswith(low),
        "empty": lambda one: of(one) == "",
        "filled": lambda one: of(one) != "",
    }[op]


def several(op: str, value: str, of: Callable[[Person], list[str]]) -> Test:
    return {
        "equals": lambda one: value in of(one),
        "not_equals": lambda one: value not in of(one),
        "contains": lambda one: any(value in item for item in of(one)),
        "not_contains": lambda one: not any(value in item for item in of(one)),
        "begins": lambda one: any(item.startswith(value) for item in of(one)),
        "empty": lambda one: not of(one),
        "filled": lambda one: bool(of(one)),
    }[op]


def amount(op: str, values: list[float], of: Callable[[Person], float | None]) -> Test:
    def test(one: Person) -> bool:
        there = of(one)
        if op in ("empty", "filled"):
            return (there is None) == (op == "empty")
        if there is None:
            return op == "not_equals"
        first, last = min(values), max(values)
        return {
            "equals": there == first, "not_equals": there != first, "greater": there > first, "less": there < first,
            "between": first <= there <= last,
        }[op]  # fmt: skip

    return test


def day(op: str, values: list[Any], of: Callable[[Person], date | None]) -> Test:
    def test(one: Person) -> bool:
        there = of(one)
        if op in ("empty", "filled"):
            return (there is None) == (op == "empty")
        if op == "not_last_days":
            return there is None or not TODAY - timedelta(days=values[0] - 1) <= there <= TODAY
        if there is None:
            return False
        if op == "last_days":
            return TODAY - timedelta(days=values[0] - 1) <= there <= TODAY
        first, last = min(values), max(values)
        return {"equals": there == first, "before": there < first, "after": there > first}.get(
            op, first <= there <= last
        )

    return test


def labels(op: str, ids: list[int], of: Callable[[Person], set[int]]) -> Test:
    return {
        "in": lambda one: bool(of(one) & set(ids)),
        "not_in": lambda one: not of(one) & set(ids),
        "empty": lambda one: not of(one),
        "filled": lambda one: bool(of(one)),
    }[op]


def _set(value: int | str | None) -> set[Any]:
    return set() if value in (None, "") else {value}


TEXT_OPS = ("equals", "not_equals", "contains", "not_contains", "begins", "empty", "filled")
NUMBER_OPS = ("equals", "not_equals", "greater", "less", "between", "empty", "filled")
DAY_OPS = ("equals", "before", "after", "between", "last_days", "not_last_days", "empty", "filled")
LABEL_OPS = ("in", "not_in", "empty", "filled")


def rule(rng: random.Random, world: World) -> tuple[dict[str, Any], Test]:
    """A random condition: as the page sends it, and what it means."""
    kind = rng.choice(("name", "city", "position", "own text", "phone", "email", "number", "own number", "birth_date",
                       "created", "own date", "tags", "lists", "type", "sex", "own list", "flag"))  # fmt: skip
    if kind in ("name", "city", "position", "own text"):
        words = {"name": [f"{a} {b}".strip() for a in FIRST for b in LAST], "city": CITIES, "position": JOBS,
                 "own text": ("Окно", "окно ПВХ", "Дверь")}[kind]  # fmt: skip
        whole = rng.choice([word for word in words if word])
        op = rng.choice(TEXT_OPS)
        if op in ("contains", "not_contains"):
            start = rng.randrange(len(whole))
            whole = whole[start : start + rng.randint(1, 6)].strip() or whole
        elif op == "begins":
            whole = whole[: rng.randint(1, len(whole))].strip()
        value = rng.choice((str, str.lower))(whole)
        of = {"name": lambda p: p.name, "city": lambda p: p.city, "position": lambda p: p.job,
              "own text": lambda p: p.word}[kind]  # fmt: skip
        key = world.own["text"] if kind == "own text" else kind
        return {"field": key, "op": op, "value": value}, text(op, value, of)
    if kind in ("phone", "email"):
        op = rng.choice(TEXT_OPS)
        of_many: Callable[[Person], list[str]] = (lambda p: p.phones) if kind == "phone" else (lambda p: p.mails)
        whole = rng.choice([item for one in world.people for item in of_many(one)])
        value = whole
        if op in ("contains", "not_contains"):
            value = whole[rng.randrange(2, 9) :][: rng.randint(3, 6)] if kind == "phone" else whole[: rng.randint(1, 4)]
        elif op == "begins":
            value = whole[: rng.randint(3, 10)]
        return {"field": kind, "op": op, "value": value}, several(op, value, of_many)
    if kind in ("number", "own number"):
        op = rng.choice(NUMBER_OPS[:5] if kind == "number" else NUMBER_OPS)
        values = [float(rng.randrange(CLIENTS if kind == "number" else 10)) for _ in range(2 if op == "between" else 1)]
        of_number = (lambda p: float(p.number)) if kind == "number" else (lambda p: p.amount)
        key = "number" if kind == "number" else world.own["number"]
        return {"field": key, "op": op, "value": values if op == "between" else values[0]}, amount(
            op, values, of_number
        )
    if kind in ("birth_date", "created", "own date"):
        op = rng.choice(DAY_OPS)
        first = {"birth_date": date(1990, 1, 1), "created": date(2026, 2, 20), "own date": date(2026, 2, 25)}[kind]
        width = {"birth_date": 400, "created": 12, "own date": 9}[kind]
        days = [first + timedelta(days=rng.randrange(width)) for _ in range(2)]
        of_day = {
            "birth_date": lambda p: p.born,
            "created": lambda p: p.created.astimezone(ZoneInfo(ZONE)).date(),
            "own date": lambda p: p.day,
        }[kind]
        key = world.own["date"] if kind == "own date" else kind
        if op in ("last_days", "not_last_days"):
            count = rng.randint(1, 9)
            return {"field": key, "op": op, "value": count}, day(op, [count], of_day)
        sent: Any = [one.isoformat() for one in days] if op == "between" else days[0].isoformat()
        return {"field": key, "op": op, "value": sent}, day(op, days if op == "between" else days[:1], of_day)
    if kind in ("tags", "lists", "type", "sex", "own list"):
        op = rng.choice(LABEL_OPS)
        known: list[Any] = {"tags": world.tags, "lists": world.lists, "type": world.types, "sex": ["m", "f"],
                            "own list": ["Да", "Нет"]}[kind]  # fmt: skip
        ids = rng.sample(known, rng.randint(1, len(known)))
        of_set = {"tags": lambda p: p.tags, "lists": lambda p: p.lists, "type": lambda p: _set(p.type),
                  "sex": lambda p: _set(p.sex), "own list": lambda p: _set(p.option)}[kind]  # fmt: skip
        key = world.own["list"] if kind == "own list" else kind
        return {"field": key, "op": op, "value": ids}, labels(op, ids, of_set)
    key, op = rng.choice(("has_phone", "has_email", "blocked")), rng.choice(("yes", "no"))
    has = {"has_phone": lambda p: bool(p.phones), "has_email": lambda p: bool(p.mails), "blocked": lambda p: p.blocked}
    return {"field": key, "op": op}, lambda one: has[key](one) == (op == "yes")


def tree(rng: random.Random, world: World, depth: int = 1) -> tuple[dict[str, Any], Test]:
    """A random group of conditions and groups."""
    parts = [
        tree(rng, world, depth + 1) if depth < 4 and rng.random() < 0.3 else rule(rng, world)
        for _ in range(rng.randint(1, 3))
    ]
    join = rng.choice(("and", "or"))
    every = all if join == "and" else any
    return (
        {"join": join, "items": [raw for raw, _ in parts]},
        lambda one: every(test(one) for _, test in parts),
    )


@pytest.mark.rule("CON-39")
@pytest.mark.timeout(400)
async def test_any_filter_finds_in_sql_what_plain_python_finds(
    services: Services, house: House, world: World, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    # Each database tries filters of its own.
    rng = random.Random(f"filters {database_kind}")
    async with services.db.business(house.businesses["a"]) as session:
        known = await filtering.known_fields(session, "person")
        found_some = 0
        for number in range(FILTERS):
            raw, test = tree(rng, world)
            state = ListState(where=raw, today=TODAY, zone=ZONE)
            if rng.random() < 0.2:
                state.list = rng.choice(world.lists)
            if rng.random() < 0.2:
                state.search = rng.choice(("ива", "анна", "916", "8 916", "firma", "но", "директор", "сто%", "_"))
            wanted = {one.id for one in world.people if test(one) and _in_state(one, state)}
            key = rng.choice(("number", "name", "created", "city", "birth_date", *world.own.values()))
            sort, own = Sort(key, rng.random() < 0.5), known[key] if key.startswith("f") else None
            said = f"filter {number}: {json.dumps(raw, ensure_ascii=False)} {state.search} {sort}"
            # Both ways of reading a list give the same: walked in its order, and looked up because few match.
            ways: list[list[int]] = []
            for few in (0, 3000):
                monkeypatch.setattr(lists, "FEW", few)
                plan = await lists.plan(session, EVERYBODY, state, lists.Sizes(lambda: 0.0), house.businesses["a"])
                total = await session.scalar(lists.counted(plan))
                rows: list[int] = []
                # Most in one page and a half: every further page is a query that finds nothing.
                size = rng.choice((40, len(wanted) // 2 + 1, CLIENTS))
                for start in range(0, len(wanted) + size, size):
                    rows += [one.id for one in await lists.page(session, plan, sort, start, size, own, total)]
                assert set(rows) == wanted, said
                assert len(rows) == len(wanted) == total, said
                ways.append(rows)
            assert ways[0] == ways[1] or own is not None, said
            found_some += bool(wanted)
        assert found_some > FILTERS / 2


def _in_state(one: Person, state: ListState) -> bool:
    if state.list is not None and state.list not in one.lists:
        return False
    if not state.search:
        return True
    piece = state.search.casefold()
    digits = "".join(c for c in piece if c.isdigit())
    if digits and not any(c.isalpha() for c in piece):
        piece = "7" + digits[1:] if digits.startswith("8") and len(digits) > 3 else digits
    return any(piece in part.casefold() for part in (one.name, one.job, *one.phones, *one.mails))
