"""Exports: who may, what is in the file, parts, lists and selections, the audit log, files that go after a day."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from typing import Any

import openpyxl
import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from callcenter.features.accounts.models import AuditEntry
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import (
    Contact,
    ContactField,
    ContactList,
    ContactListMember,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.exports import jobs, rules
from callcenter.features.exports.usecases import running
from callcenter.features.work import api as work
from callcenter.plugin import Services
from tests.support.house import House

Client = TestClient[Any, Any]


async def add(services: Services, house: House, count: int, key: str = "a", **more: Any) -> list[int]:
    made = []
    async with services.db.business(house.businesses[key]) as session:
        for number in range(1, count + 1):
            form = contacts.ClientForm(
                first_name=f"{key}{number}", last_name="Клиент", phone=f"+7495{1000000 + number}", **more
            )
            made.append((await contacts.create_client(session, form, services.clock.now())).id)
    return made


async def export(client: Client, services: Services, house: House, **form: Any) -> tuple[dict[str, Any], bytes]:
    """Exports, waits for the job and fetches the file."""
    headers = house.headers("administrator@a")
    answer = await client.post("/api/v1/exports", json=form, headers=headers)
    assert answer.status == 201, await answer.text()
    made = await answer.json()
    await work.office(services).idle()
    view = await (await client.get(f"/api/v1/exports/{made['id']}", headers=headers)).json()
    assert view["state"] == "done", view
    file = await client.get(view["url"], headers=headers)
    assert file.status == 200
    return view, await file.read()


def table(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.rule("IMP-18", "CON-38")
async def test_chosen_fields_of_all_clients(client: Client, services: Services, house: House) -> None:
    [one] = await add(
        services,
        house,
        1,
        position="=HYPERLINK(1)",
        city="Пермь",
        description="две\nстроки; и точка",
        email="kl@firma.ru",
        phone2="+74951000077",
    )
    await add(services, house, 1, "b")
    async with services.db.business(house.businesses["a"]) as session:
        field = ContactField(entity="person", title="Скидка", type="number", created_at=services.clock.now())
        tag = Tag(title="vip", key="vip", created_at=services.clock.now())
        session.add_all([field, tag])
        await session.flush()
        session.add_all(
            [
                ContactValue(contact_id=one, field_id=field.id, text="12,5", key="12,5", amount=12.5),
                ContactTag(tag_id=tag.id, contact_id=one),
            ]
        )
    wanted = ["number", "name", "phone1", "phone2", "phone3", "email1", "position", "city", "tags", f"field-{field.id}"]
    _, raw = await export(client, services, house, fields=[*wanted, "description"], format="csv")
    head, *rows = table(raw)
    assert head[0] == "№"
    assert head[-2] == "Скидка"
    expected = ["1", "a1 Клиент", "+74951000001", "+74951000077", "", "kl@firma.ru", "=HYPERLINK(1)", "Пермь", "vip"]
    assert [[rules.original(cell) for cell in row] for row in rows] == [[*expected, "12,5", "две\nстроки; и точка"]]
    assert "'=HYPERLINK" in raw.decode()


@pytest.mark.rule("IMP-18")
async def test_every_column_can_be_exported(client: Client, services: Services, house: House) -> None:
    await add(services, house, 1, organisation="Ромашка", birth_date="17.05.1990", sex="m")
    every = list(contacts.exporting.COLUMNS)
    _, raw = await export(client, services, house, fields=every, format="xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(raw)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.rows]
    assert len(rows) == 3
    person = dict(zip(every, next(row for row in rows[1:] if row[every.index("last_name")]), strict=True))
    assert (person["phone1"], person["organisation"], person["birth_date"].year) == ("+74951000001", "Ромашка", 1990)


@pytest.mark.rule("IMP-18")
async def test_a_part_is_100_from_101(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PORTION", 7)
    await add(services, house, 40)
    _, raw = await export(client, services, house, fields=["first_name"], what="part", count=15, start=11)
    assert [row[0] for row in table(raw)[1:]] == [f"a{n}" for n in range(11, 26)]
    _, raw = await export(client, services, house, fields=["first_name"], what="part", count=100, start=39)
    assert [row[0] for row in table(raw)[1:]] == ["a39", "a40"]
    answer = await client.post(
        "/api/v1/exports",
        json={"fields": ["name"], "what": "part", "count": 5, "start": 41},
        headers=house.headers("administrator@a"),
    )
    assert (answer.status, (await answer.json())["error"]["code"]) == (422, "nothing")


@pytest.mark.rule("IMP-18", "IMP-20")
async def test_one_list_and_a_selection(client: Client, services: Services, house: House) -> None:
    ids = await add(services, house, 5)
    async with services.db.business(house.businesses["a"]) as session:
        chosen = ContactList(title="Выставка", created_at=services.clock.now())
        session.add(chosen)
        await session.flush()
        session.add_all(ContactListMember(list_id=chosen.id, contact_id=one) for one in ids[1:3])
    _, raw = await export(client, services, house, fields=["first_name"], what="list", list_id=chosen.id)
    assert [row[0] for row in table(raw)[1:]] == ["a2", "a3"]
    picked = {"ids": [ids[4], ids[0]]}
    _, raw = await export(
        client, services, house, fields=["first_name"], what="selection", selection=picked, format="xlsx"
    )
    sheet = openpyxl.load_workbook(io.BytesIO(raw)).active
    assert sheet is not None
    assert [row[0].value for row in sheet.rows][1:] == ["a1", "a5"]


@pytest.mark.rule("IMP-18")
async def test_who_exported_what_and_how_much_is_written_down(client: Client, services: Services, house: House) -> None:
    await add(services, house, 3)
    await export(client, services, house, fields=["name"])
    async with services.db.business(house.businesses["a"]) as session:
        entries = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [entry.action for entry in entries] == ["contacts.export", "contacts.export.fetch"]
    assert all(entry.user_id == house.people["administrator@a"].user_id for entry in entries)
    assert entries[0].detail == {"rows": 3, "what": "all", "format": "csv"}
    assert entries[1].detail["rows"] == 3
    assert entries[0].ip


@pytest.mark.rule("IMP-18")
@pytest.mark.parametrize("who", ["supervisor@a", "operator@a", "guest@a"])
async def test_only_administrators_export(client: Client, house: House, who: str) -> None:
    answer = await client.post("/api/v1/exports", json={"fields": ["name"]}, headers=house.headers(who))
    assert answer.status == 403


async def test_files_of_others_and_old_files_are_not_there(client: Client, services: Services, house: House) -> None:
    await add(services, house, 1)
    view, _ = await export(client, services, house, fields=["name"])
    assert (await client.get(view["url"], headers=house.headers("owner@b"))).status == 404
    [file] = running.folder(services).iterdir()
    now = services.clock.epoch()
    os.utime(file, (now - 3600, now - 3600))
    await jobs.clean(services)
    assert file.is_file()
    os.utime(file, (now - 25 * 3600, now - 25 * 3600))
    await jobs.clean(services)
    assert not file.exists()
    assert (await client.get(view["url"], headers=house.headers("owner@a"))).status == 404


async def test_what_is_typed_stays_and_a_cancelled_export_leaves_no_file(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(services, house, 2)
    headers = house.headers("administrator@a") | {"Accept-Language": "en"}
    form = {"fields": ["name"], "what": "part", "count": "many", "start": "7"}
    answer = await client.post("/exports", data=form, headers=headers)
    text = await answer.text()
    assert answer.status == 422
    assert 'value="many"' in text
    assert 'value="7"' in text
    cancelled, whole = asyncio.Event(), running.contacts.exporting.portion

    async def portion(*arguments: Any) -> Any:
        await cancelled.wait()
        return await whole(*arguments)

    # The job begins at once and would be done before anybody could cancel it.
    monkeypatch.setattr(running.contacts.exporting, "portion", portion)
    made = await (await client.post("/api/v1/exports", json={"fields": ["name"]}, headers=headers)).json()
    assert (await client.delete(f"/api/v1/exports/{made['id']}", headers=headers)).status == 204
    cancelled.set()
    await work.office(services).idle()
    assert not running.folder(services).exists() or not list(running.folder(services).iterdir())
    page = await (await client.get("/exports", headers=headers)).text()
    assert f'data-export="{made["id"]}"' in page


async def test_a_failing_export_leaves_nothing_half(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(services, house, 2)

    async def fail(*_: Any) -> Any:
        raise RuntimeError("the disk")

    monkeypatch.setattr(contacts.exporting, "portion", fail)
    for form in ("csv", "xlsx"):
        answer = await client.post(
            "/api/v1/exports", json={"fields": ["name"], "format": form}, headers=house.headers("administrator@a")
        )
        await work.office(services).idle()
        view = await (
            await client.get(f"/api/v1/exports/{(await answer.json())['id']}", headers=house.headers("owner@a"))
        ).json()
        assert (view["state"], view["url"]) == ("failed", "")
        assert list(running.folder(services).iterdir()) == []
    async with services.db.business(house.businesses["a"]) as session:
        assert await session.scalar(select(Contact.id).limit(1))
