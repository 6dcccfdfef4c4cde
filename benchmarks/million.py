"""A base of a million clients to measure on: the same rows each time, plausible names, kept outside the repository.

``python -m benchmarks.million FILE.sqlite3`` makes one to look at. Rows go in by the driver's own bulk way.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.engine.url import make_url

from callcenter import migrations
from callcenter.features.contacts.models import ContactChoice, ContactField, ContactList, Tag
from callcenter.features.contacts.rules import people
from callcenter.storage.engine import create_engine, refresh_statistics
from callcenter.storage.scope import Database
from tests.support import house as houses
from tests.support.house import NOW, House

COUNT = 1_000_000
PART = 20_000
ORGANISATIONS = 20  # every 20th
MEN = "Александр Алексей Андрей Антон Артём Борис Вадим Виктор Владимир Денис Дмитрий Евгений Иван Игорь Илья Кирилл \
Константин Максим Михаил Никита Николай Олег Павел Пётр Роман Руслан Сергей Станислав Тимур Юрий".split()
WOMEN = "Алина Анастасия Анна Вера Виктория Галина Дарья Екатерина Елена Жанна Зоя Инна Ирина Ксения Лариса Любовь \
Людмила Марина Мария Надежда Наталья Оксана Ольга Полина Светлана София Тамара Татьяна Юлия Яна".split()
STEMS = "Иван Петр Сидор Козл Волк Зайц Медвед Соловь Голуб Воробь Орл Сокол Лебед Жук Комар Щук Карас Ерш Сом Рыб Лес \
Пол Болот Гор Камен Песк Глин Мороз Снег Ветр Гром Дожд Зим Весн Осен Утк Гус Бык Баран Коровин Конев Козырев \
Туман Чёрн \
Бел Красн Син Рыж Сер Молод Стар Мал Больш Кузнец Плотник Мельник Гончар Рыбак Охотник Пастух Ткач Швец Бондар \
Каменщик \
Степан Федор Никит Макар Тарас Игнат Лук Фом Кузьм Демид Ефим Захар Назар Остап Прохор Савел Тих Устин Харитон \
Яким Арсен \
Богдан Влас Гераскин Данил Емельян Ждан Зинов Измайл Касьян Лаврент Мартын Наум Онисим Панкрат Родион Самсон \
Трифон".split()
CITIES = "Москва Санкт-Петербург Новосибирск Екатеринбург Казань Красноярск Челябинск Самара Уфа Ростов-на-Дону \
Краснодар \
Омск Воронеж Пермь Волгоград Саратов Тюмень Тольятти Барнаул Махачкала Ижевск Хабаровск Ульяновск Иркутск Владивосток \
Ярославль Севастополь Томск Ставрополь Кемерово Оренбург Рязань Балашиха Пенза Чебоксары Липецк Калининград \
Астрахань Тула \
Киров Сочи Курск Улан-Удэ Тверь Магнитогорск Иваново Брянск Якутск Сургут Владимир Белгород \
Чита Калуга Псков Орёл".split()
JOBS = ("Директор", "Бухгалтер", "Менеджер по закупкам", "Инженер", "Прораб", "Логист", "Юрист", "Врач", "Учитель", "")
TRADES = ("Монтаж", "Строй", "Торг", "Транс", "Агро", "Пром", "Энерго", "Мебель", "Сервис", "Фарм")
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sch  y  e yu ya".split(" "),
        strict=True,
    )
)


class Base(NamedTuple):
    """A filled database: its house, and the ids of what the clients carry."""

    house: House
    business: int
    tags: list[int]
    lists: list[int]
    types: list[int]
    field: int


async def furnish(url: str) -> Base:
    """Migrates ``url`` and puts in people, tags, lists, words, and one own field (a number)."""
    await migrations.upgrade(url)
    db = Database(create_engine(url))
    try:
        house = await houses.furnish(db)
        business = house.businesses["a"]
        owners = [one.membership_id for one in house.people.values() if one.business_id == business]
        async with db.business(business) as session:
            tags = [
                Tag(title=f"Метка {n}", key=f"метка {n}", owner_id=owners[n % len(owners)], created_at=NOW)
                for n in range(40)
            ]
            lists = [ContactList(title=f"Список {n}", created_at=NOW) for n in range(30)]
            words = [ContactChoice(kind=kind, title=f"{kind} {n}") for kind in ("type", "warmth") for n in range(3)]
            field = ContactField(entity="person", title="Договор", type="number", created_at=NOW)
            session.add_all([*tags, *lists, *words, field])
            await session.flush()
            return Base(
                house,
                business,
                [one.id for one in tags],
                [one.id for one in lists],
                [one.id for one in words],
                field.id,
            )
    finally:
        await db.close()


def rows(base: Base, count: int, seed: int = 1) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """Rows by table, ``PART`` clients at a time; the columns are those of ``COLUMNS``."""
    rng = random.Random(seed)
    owners = [one.membership_id for one in base.house.people.values() if one.business_id == base.business]
    first = NOW - timedelta(days=1500)
    names: dict[int, str] = {}
    phone_id = channel_id = 0
    for start in range(0, count, PART):
        made: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        for n in range(start, min(start + PART, count)):
            one, organisation = n + 1, n % ORGANISATIONS == 0
            female = rng.random() < 0.5
            given, family, job, birth = "", "", "", None
            employer: int | None = None
            if organisation:
                name = f"ООО «{rng.choice(STEMS)}{rng.choice(TRADES).lower()} {n}»"
                names[one] = name
            else:
                given = rng.choice(WOMEN if female else MEN)
                family = rng.choice(STEMS) + ("ова" if female else "ов")
                name = f"{given} {family}"
                job = rng.choice(JOBS)
                birth = date(1950, 1, 1) + timedelta(days=rng.randrange(20_000)) if rng.random() < 0.7 else None
                if names and rng.random() < 0.3:
                    employer = 1 + ORGANISATIONS * rng.randrange(len(names))
            e164 = f"+79{(n * 48_271 + 11) % 1_000_000_000:09d}"
            numbers = [e164] if rng.random() < 0.85 else [e164, f"+7495{(n * 7_919) % 10_000_000:07d}"]
            mails = [f"{latin(family or 'office')}.{n}@{rng.choice(('mail.ru', 'yandex.ru', 'firma.example'))}"]
            if rng.random() > 0.6:
                mails = []
            inn = f"{7_700_000_000 + n}" if organisation else ""
            firm = names.get(employer or 0, "")
            made["contacts"].append(
                (
                    one, "organisation" if organisation else "person", "archive" if rng.random() < 0.04 else "client",
                    one, name, given, family, people.sort_key(name), "" if organisation else "f" if female else "m",
                    birth, job, employer, firm, CITIES[min(int(rng.expovariate(0.12)), len(CITIES) - 1)], inn,
                    rng.choice(base.types[:3]), rng.choice(base.types[3:]), rng.choice(owners),
                    "private" if rng.random() < 0.02 else "default",
                    people.search_text(name, job, firm, inn, phones=numbers, emails=mails),
                    first + timedelta(seconds=n * 129), base.business, False, True, False,
                    *[""] * 7,
                )
            )  # fmt: skip
            for number in numbers:
                phone_id += 1
                made["contact_phones"].append((phone_id, one, number, number, "", base.business))
            for mail in mails:
                channel_id += 1
                made["contact_channels"].append((channel_id, one, "email", mail, mail, base.business))
            for tag in {min(int(rng.expovariate(0.2)), 39) for _ in range(rng.choice((0, 1, 1, 2)))}:
                made["contact_tags"].append((base.tags[tag], one, base.business))
            if rng.random() < 0.4:
                made["contact_list_members"].append(
                    (base.lists[min(int(rng.expovariate(0.2)), 29)], one, base.business)
                )
            if not organisation and rng.random() < 0.5:
                amount = float(rng.randrange(100_000))
                text = f"{amount:g}"
                made["contact_values"].append((one, base.field, text, text, amount, base.business))
        yield made


def latin(text: str) -> str:
    """Russian in Latin letters, for e-mail addresses."""
    return "".join(_LATIN.get(c, c) for c in text.lower())


COLUMNS: dict[str, tuple[str, ...]] = {
    "contacts": (
        "id", "kind", "state", "number", "name", "first_name", "last_name", "name_key", "sex", "birth_date", "position",
        "organisation_id", "organisation", "city", "inn", "type_id", "warmth_id", "responsible_id", "access", "search",
        "created_at", "business_id", "blocked", "subscribed", "demo", "address", "industry", "kpp", "description",
        "currency", "photo", "source",
    ),
    "contact_phones": ("id", "contact_id", "e164", "typed", "kind", "business_id"),
    "contact_channels": ("id", "contact_id", "kind", "value", "key", "business_id"),
    "contact_tags": ("tag_id", "contact_id", "business_id"),
    "contact_list_members": ("list_id", "contact_id", "business_id"),
    "contact_values": ("contact_id", "field_id", "text", "key", "amount", "business_id"),
}  # fmt: skip


async def make(url: str, count: int = COUNT) -> Base:
    """Fills ``url`` with ``count`` clients; a minute or three."""
    base = await furnish(url)
    if make_url(url).get_backend_name() == "sqlite":
        await asyncio.to_thread(_sqlite, make_url(url).database or "", rows(base, count))
    else:
        await _postgresql(url, rows(base, count))
    engine = create_engine(url)
    await refresh_statistics(engine)
    await engine.dispose()
    return base


def _sqlite(file: str, parts: Iterable[dict[str, list[tuple[Any, ...]]]]) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-400000")
    # The index of the search is made in one go at the end, its trigger is put back as it was.
    (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'contact_search_ai'").fetchone()
    connection.execute("DROP TRIGGER contact_search_ai")
    for part in parts:
        for table, values in part.items():
            marks = ", ".join("?" * len(COLUMNS[table]))
            connection.executemany(
                # Names of our own tables.
                f'INSERT INTO "{table}" ({", ".join(COLUMNS[table])}) VALUES ({marks})',  # noqa: S608
                [_plain(v) for v in values],
            )
        connection.commit()
    connection.execute("INSERT INTO contact_search(contact_search) VALUES ('rebuild')")
    connection.execute(trigger)
    connection.commit()
    connection.close()


def _plain(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values as our column types keep them in SQLite."""
    return tuple(
        v.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        if isinstance(v, datetime)
        else v.isoformat()
        if isinstance(v, date)
        else v
        for v in values
    )


async def _postgresql(url: str, parts: Iterable[dict[str, list[tuple[Any, ...]]]]) -> None:
    import asyncpg

    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        rest = await connection.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_contacts_search'")
        await connection.execute("DROP INDEX ix_contacts_search")
        for part in parts:
            for table, values in part.items():
                await connection.copy_records_to_table(table, records=values, columns=list(COLUMNS[table]))
        await connection.execute("SET maintenance_work_mem = '512MB'")
        await connection.execute(rest)
        for table in COLUMNS:
            if "id" in COLUMNS[table]:
                serial = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
                await connection.execute(serial)
            await connection.execute(f"VACUUM ANALYZE {table}")
    finally:
        await connection.close()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    began = time.monotonic()
    asyncio.run(make(f"sqlite+aiosqlite:///{target}", int(sys.argv[2]) if len(sys.argv) > 2 else COUNT))
    print(f"{target}: {target.stat().st_size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s")
