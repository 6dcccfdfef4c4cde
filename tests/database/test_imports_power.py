"""The power fails in the middle of an import, and an import is taken back."""

from __future__ import annotations

import asyncio
import random
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from callcenter.core.clock import FixedClock
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactEvent,
    ContactListMember,
    ContactPhone,
    ContactTag,
)
from callcenter.features.contacts.usecases import keeping
from callcenter.features.contacts.usecases.keeping import ClientForm
from callcenter.features.imports.models import ImportRow
from callcenter.features.imports.usecases import loading, undoing
from callcenter.features.work import api as work
from callcenter.features.work.models import WorkJob
from callcenter.plugin import Services
from tests.support.house import House
from tests.support.tables import Client, begin, csv_of, load, state, upload

pytestmark = pytest.mark.database
HEAD = ("Имя", "Телефон", "E-mail", "Теги", "Город")
ROWS = [
    (f"Клиент {n}", f"+7916{n:07}", f"c{n}@example.com", "опт" if n % 3 else "vip;опт", "Пермь") for n in range(120)
]
TABLES: tuple[type[Any], ...] = (Contact, ContactPhone, ContactChannel, ContactTag, ContactEvent, ImportRow)


async def counts(services: Services, house: House) -> list[int]:
    async with services.db.business(house.businesses["a"]) as session:
        return [await session.scalar(select(func.count()).select_from(one)) or 0 for one in TABLES]


async def seed(services: Services, house: House) -> None:
    """Some of the file's people are there already, with less."""
    async with services.db.business(house.businesses["a"]) as session:
        for n in range(0, 120, 4):
            form = ClientForm(first_name=f"Клиент {n}", phone=f"+7916{n:07}")
            await keeping.create(session, form, services.clock.now())


async def whole(services: Services, house: House) -> None:
    """What is there are whole portions: each card has its number, and the mark says how many."""
    async with services.db.business(house.businesses["a"]) as session:
        job = (await session.scalars(select(WorkJob).order_by(WorkJob.id.desc()).limit(1))).one()
        lines = await session.scalar(select(func.count(func.distinct(ImportRow.line)))) or 0
    assert lines == job.done == job.mark.get("done", 0)
    assert lines % loading.PORTION == 0 or lines == len(ROWS)


@pytest.mark.parametrize("seed_of_chance", [1, 2])
async def test_power_cuts_leave_whole_portions_and_nothing_is_doubled(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch, seed_of_chance: int
) -> None:
    """Again and again the database is gone before some statement of a portion; then the import goes on."""
    monkeypatch.setattr(loading, "PORTION", 20)
    await seed(services, house)
    _, made = await upload(client, house, csv_of(HEAD, *ROWS))
    await begin(client, house, made["id"])
    chance = random.Random(seed_of_chance)
    original, left = loading.portion, [0]
    # Only the import is cut, not a request that runs beside it.
    inside: ContextVar[bool] = ContextVar("inside", default=False)

    async def with_cuts(*arguments: Any) -> dict[str, int]:
        inside.set(True)
        left[0] = left[0] or chance.randint(1, 90)
        return await original(*arguments)

    def cut(*_arguments: Any) -> None:
        if left[0] and inside.get():
            left[0] -= 1
            if not left[0]:
                raise RuntimeError("the power is gone")

    monkeypatch.setattr(loading, "portion", with_cuts)
    event.listen(services.db.engine.sync_engine, "before_cursor_execute", cut)
    cuts, within = 0, 0
    for _ in range(60):
        await work.office(services).idle()
        left[0] = 0
        now = await state(client, house, made["id"])
        await whole(services, house)
        if now["state"] == "done":
            break
        cuts += 1
        within += now["done"] > 0
        if cuts == 12:
            monkeypatch.setattr(loading, "portion", original)
        if now["state"] == "failed":
            answer = await client.post(f"/api/v1/imports/{made['id']}/again", headers=house.headers("operator@a"))
            assert answer.status == 200
    event.remove(services.db.engine.sync_engine, "before_cursor_execute", cut)
    # Some at the very beginning, some when portions had been written.
    assert cuts > within >= 3
    done = await state(client, house, made["id"])
    assert done["state"] == "done"
    assert (done["counts"]["persons"], done["counts"]["updated"], done["done"]) == (90, 30, 120)
    # 120 people, a number and a mail each, tags, an entry for each making and each completing, a row for each.
    assert await counts(services, house) == [120, 120, 120, 160, 150, 120]
    async with services.db.business(house.businesses["a"]) as session:
        numbers = list(await session.scalars(select(Contact.number).order_by(Contact.number)))
    assert numbers == list(range(1, 121))


@pytest.mark.rule("IMP-06")
async def test_undo_deletes_what_was_made_and_restores_what_was_completed(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "PORTION", 25)
    await seed(services, house)
    before = await cards(services, house)
    done = await load(client, services, house, csv_of(HEAD, *ROWS), list="Осень")
    assert done["may_undo"]
    answer = await client.post(f"/api/v1/imports/{done['id']}/undo", headers=house.headers("operator@a"))
    assert (answer.status, (await answer.json())["state"]) == (200, "undoing")
    for _ in range(40):
        office = work.office(services)
        await office.turn()
        await asyncio.sleep(0.01)
        if not office.tasks:
            break
        await office.stop()
    await work.office(services).idle()
    undone = await state(client, house, done["id"])
    assert (undone["state"], undone["may_undo"]) == ("undone", False)
    assert [undone["counts"][name] for name in ("deleted", "restored", "kept")] == [90, 30, 0]
    assert await cards(services, house) == before
    answer = await client.post(f"/api/v1/imports/{done['id']}/undo", headers=house.headers("operator@a"))
    assert answer.status == 409


@pytest.mark.rule("IMP-06")
async def test_undo_leaves_what_a_person_changed(
    client: Client, services: Services, house: House, clock: FixedClock
) -> None:
    await seed(services, house)
    done = await load(client, services, house, csv_of(HEAD, *ROWS))
    clock.advance(60)
    async with services.db.business(house.businesses["a"]) as session:
        by_name = {one.name: one.id for one in await session.scalars(select(Contact))}
        # A new client was worked on; of a completed one the city was corrected.
        await keeping.change(session, None, by_name["Клиент 1"], ClientForm(city="Казань"), clock.now())
        await keeping.change(session, None, by_name["Клиент 4"], ClientForm(city="Казань"), clock.now())
        keeping.record(session, by_name["Клиент 2"], "comment", clock.now(), None, "Перезвонить")
    await client.post(f"/api/v1/imports/{done['id']}/undo", headers=house.headers("operator@a"))
    await work.office(services).idle()
    undone = await state(client, house, done["id"])
    assert [undone["counts"][name] for name in ("deleted", "restored", "kept")] == [88, 29, 3]
    left = {one[0]: one for one in await cards(services, house)}
    assert "Клиент 1" in left
    assert "Клиент 2" in left
    assert left["Клиент 4"][1] == "Казань"
    assert left["Клиент 4"][4] == ()
    assert left["Клиент 8"][1] == ""


@pytest.mark.rule("IMP-06")
async def test_undo_is_possible_for_a_day(client: Client, services: Services, house: House, clock: FixedClock) -> None:
    done = await load(client, services, house, csv_of(HEAD, *ROWS))
    clock.advance(timedelta(hours=24).total_seconds() - 1)
    assert (await state(client, house, done["id"]))["may_undo"]
    clock.advance(2)
    assert not (await state(client, house, done["id"]))["may_undo"]
    answer = await client.post(f"/api/v1/imports/{done['id']}/undo", headers=house.headers("operator@a"))
    assert answer.status == 409


async def test_a_cancelled_import_can_be_taken_back_and_go_on(client: Client, services: Services, house: House) -> None:
    _, made = await upload(client, house, csv_of(HEAD, *ROWS))
    await begin(client, house, made["id"])
    answer = await client.post(f"/api/v1/imports/{made['id']}/cancel", headers=house.headers("operator@a"))
    assert answer.status == 200
    await work.office(services).idle()
    assert (await state(client, house, made["id"]))["state"] in ("cancelled", "done")
    await client.post(f"/api/v1/imports/{made['id']}/again", headers=house.headers("operator@a"))
    await work.office(services).idle()
    assert (await state(client, house, made["id"]))["counts"]["persons"] == 120


async def cards(services: Services, house: House) -> list[tuple[Any, ...]]:
    """Everything of every client that an import may touch."""
    async with services.db.business(house.businesses["a"]) as session:
        found = []
        for one in await session.scalars(select(Contact).order_by(Contact.id)):
            phones = tuple(await session.scalars(select(ContactPhone.e164).where(ContactPhone.contact_id == one.id)))
            mails = tuple(await session.scalars(select(ContactChannel.key).where(ContactChannel.contact_id == one.id)))
            tags = tuple(await session.scalars(select(ContactTag.tag_id).where(ContactTag.contact_id == one.id)))
            lists = tuple(
                await session.scalars(select(ContactListMember.list_id).where(ContactListMember.contact_id == one.id))
            )
            found.append(
                (one.name, one.city, one.search, phones, mails, tags, lists, one.changed_at, one.responsible_id)
            )
        return found
