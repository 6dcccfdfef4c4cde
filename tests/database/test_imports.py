"""Files of clients are loaded: policies for duplicates, reports, and limits, through the API and the real job."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactList,
    ContactListMember,
    ContactPhone,
    ContactTag,
    Tag,
)
from callcenter.features.contacts.usecases import keeping
from callcenter.features.contacts.usecases.keeping import ClientForm
from callcenter.plugin import Services
from tests.support.house import House
from tests.support.tables import Client, csv_of, load, state, upload, xlsx_of

pytestmark = pytest.mark.database
HEAD = ("Имя", "Фамилия", "Телефон", "E-mail")


async def people(services: Services, house: House, kind: str = "person") -> list[Contact]:
    async with services.db.business(house.businesses["a"]) as session:
        rows = await session.scalars(
            select(Contact).where(Contact.kind == kind, Contact.state == "client").order_by(Contact.id)
        )
        return list(rows)


async def phones(services: Services, house: House, contact_id: int) -> list[str]:
    async with services.db.business(house.businesses["a"]) as session:
        rows = await session.scalars(
            select(ContactPhone.e164).where(ContactPhone.contact_id == contact_id).order_by(ContactPhone.id)
        )
        return list(rows)


async def count(services: Services, house: House, kind: type[Any]) -> int:
    async with services.db.business(house.businesses["a"]) as session:
        return await session.scalar(select(func.count()).select_from(kind)) or 0


async def known(services: Services, house: House, kind: str = "person", **form: Any) -> int:
    async with services.db.business(house.businesses["a"]) as session:
        return (await keeping.create(session, ClientForm(**form), services.clock.now(), kind=kind)).id


@pytest.mark.rule("IMP-01", "IMP-03", "IMP-08", "IMP-09", "IMP-10", "IMP-17", "IMP-19")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_file_becomes_clients(client: Client, services: Services, house: House, form: str) -> None:
    rows = [
        (*HEAD, "Теги", "Город"),
        ("Анна", "Петрова", "8 (916) 123-45-67 , +7 495 1234567; 79031112233", "A@Example.com,b@example.com",
         "vip;  опт", "Москва"),
        ("Борис", "", "", "", "VIP", ""),
    ]  # fmt: skip
    data = csv_of(*rows, separator="|") if form == "csv" else xlsx_of(*rows)
    done = await load(client, services, house, data, name=f"clients.{form}")
    assert done["state"] == "done"
    assert (done["counts"]["persons"], done["counts"]["organisations"], done["counts"]["refused"]) == (2, 0, 0)
    anna, boris = await people(services, house)
    assert (anna.name, anna.city, anna.name_key, anna.source) == ("Анна Петрова", "Москва", "анна петрова", "import")
    assert (anna.number, boris.number) == (1, 2)
    assert await phones(services, house, anna.id) == ["+79161234567", "+74951234567", "+79031112233"]
    assert "+79161234567" in anna.search
    assert "a@example.com" in anna.search
    async with services.db.business(house.businesses["a"]) as session:
        mails = await session.scalars(select(ContactChannel.value).order_by(ContactChannel.id))
        assert list(mails) == ["A@example.com", "b@example.com"]
        assert list(await session.scalars(select(Tag.title).order_by(Tag.key))) == ["vip", "опт"]
    assert await count(services, house, ContactTag) == 3
    # IMP-12: nobody chosen, so the uploader owns them.
    assert anna.responsible_id == house.people["operator@a"].membership_id


@pytest.mark.rule("IMP-04", "IMP-12", "IMP-23")
async def test_owner_tag_and_list_are_given_to_all(client: Client, services: Services, house: House) -> None:
    chosen = house.people["supervisor@a"].membership_id
    old = await known(services, house, first_name="Анна", phone="+79161234567")
    data = csv_of(HEAD, ("Анна", "", "+79161234567", ""), ("Борис", "", "", ""))
    done = await load(client, services, house, data, responsible_id=chosen, tag="осень", list="Рассылка")
    assert (done["counts"]["persons"], done["counts"]["updated"]) == (1, 1)
    made = (await people(services, house))[-1]
    assert made.responsible_id == chosen
    async with services.db.business(house.businesses["a"]) as session:
        assert list(await session.scalars(select(ContactList.title))) == ["Рассылка"]
        members = set(await session.scalars(select(ContactListMember.contact_id)))
        tagged = set(await session.scalars(select(ContactTag.contact_id)))
    assert members == tagged == {old, made.id}


@pytest.mark.rule("IMP-03", "IMP-11")
async def test_the_name_is_mandatory_and_columns_are_chosen(client: Client, services: Services, house: House) -> None:
    data = csv_of(("Заметка А", "Что-то", "Телефон"), ("один", "Анна", "+79161234567"))
    _, made = await upload(client, house, data)
    assert [one["field"] for one in made["columns"]] == ["", "", "phone"]
    assert [one["known"] for one in made["columns"]] == ["", "", "phone"]
    answer = await client.post(
        f"/api/v1/imports/{made['id']}/start", json={"mapping": {"2": "phone"}}, headers=house.headers("operator@a")
    )
    assert answer.status == 422
    assert "mapping" in (await answer.json())["error"]["fields"]
    answer = await client.put(
        f"/api/v1/imports/{made['id']}/mapping",
        json={"mapping": {"1": "first_name", "2": "phone"}},
        headers=house.headers("operator@a"),
    )
    assert [one["field"] for one in (await answer.json())["columns"]] == ["", "first_name", "phone"]
    answer = await client.post(f"/api/v1/imports/{made['id']}/start", json={}, headers=house.headers("operator@a"))
    assert answer.status == 200


@pytest.mark.rule("IMP-22")
async def test_a_mailing_needs_a_column_of_addresses(client: Client, services: Services, house: House) -> None:
    _, made = await upload(client, house, csv_of(("Имя", "Почта"), ("Анна", "a@example.com")), mode="mails")
    headers = house.headers("operator@a")
    for mapping, status in (({"0": "first_name"}, 422), ({"1": "email"}, 200)):
        answer = await client.post(
            f"/api/v1/imports/{made['id']}/start", json={"mapping": mapping, "mode": "mails"}, headers=headers
        )
        assert answer.status == status


@pytest.mark.rule("IMP-07")
async def test_a_cell_that_is_too_long_refuses_its_row(client: Client, services: Services, house: House) -> None:
    data = csv_of(("Имя", "Описание"), ("Анна", "о" * 250), ("Борис", "о" * 251))
    counts = (await load(client, services, house, data))["counts"]
    assert (counts["persons"], counts["refused"]) == (1, 1)


@pytest.mark.rule("IMP-13", "IMP-14")
@pytest.mark.parametrize(
    ("policy", "made", "skipped", "updated"), [("skip", 1, 3, 0), ("merge", 1, 0, 3), ("load", 4, 0, 0)]
)
async def test_same_name_number_or_mail_is_a_duplicate(
    client: Client, services: Services, house: House, policy: str, made: int, skipped: int, updated: int
) -> None:
    await known(services, house, first_name="Анна", last_name="Петрова")
    await known(services, house, first_name="Борис", phone="+79161234567")
    await known(services, house, first_name="Вера", email="vera@example.com")
    data = csv_of(
        (*HEAD, "Город"),
        ("АННА", "петрова", "", "", "Пермь"),
        ("Боря", "", "89161234567", "", "Пермь"),
        ("Верочка", "", "", "Vera@Example.com", "Пермь"),
        ("Новый", "", "", "", "Пермь"),
    )
    counts = (await load(client, services, house, data, policy=policy))["counts"]
    assert (counts["persons"], counts["skipped"], counts["updated"]) == (made, skipped, updated)
    assert len(await people(services, house)) == 3 + made


@pytest.mark.rule("IMP-14")
@pytest.mark.parametrize(("policy", "firms"), [("skip", 1), ("load", 2)])
async def test_skip_drops_the_second_of_two_equal_companies(
    client: Client, services: Services, house: House, policy: str, firms: int
) -> None:
    data = csv_of(("Организация", "Город"), ("ООО Ромашка", "Москва"), ("ооо ромашка", "Пермь"))
    counts = (await load(client, services, house, data, policy=policy))["counts"]
    assert (counts["organisations"], counts["skipped"]) == (firms, 2 - firms)
    assert (await people(services, house, "organisation"))[0].city == "Москва"


@pytest.mark.rule("IMP-15")
async def test_merging_only_adds_and_never_across(client: Client, services: Services, house: House) -> None:
    old = await known(services, house, first_name="Анна", phone="+79161234567", city="Москва", email="anna@example.com")
    await known(services, house, "organisation", name="Вектор", phone="+74951234567")
    data = csv_of(
        (*HEAD, "Город", "Должность"),
        ("Анна", "Петрова", "+79161234567; 8 903 111-22-33", "new@example.com", "Пермь", "Директор"),
        # The name and number of an organisation: a person all the same.
        ("Вектор", "", "+74951234567", "", "", ""),
    )
    counts = (await load(client, services, house, data))["counts"]
    assert (counts["persons"], counts["updated"], counts["organisations"]) == (1, 1, 0)
    anna = (await people(services, house))[0]
    assert (anna.id, anna.city, anna.position, anna.last_name) == (old, "Москва", "Директор", "Петрова")
    assert anna.name == "Анна Петрова"
    assert await phones(services, house, old) == ["+79161234567", "+79031112233"]
    assert "+79031112233" in anna.search
    assert "директор" in anna.search
    assert (await people(services, house, "organisation"))[0].name == "Вектор"


async def test_a_last_name_goes_to_the_same_first_name_only(client: Client, services: Services, house: House) -> None:
    old = await known(services, house, first_name="Пётр", phone="+79161234567")
    await load(client, services, house, csv_of(HEAD, ("Иван", "Сидоров", "+79161234567", "")))
    assert [(one.id, one.name) for one in await people(services, house)] == [(old, "Пётр")]


@pytest.mark.rule("IMP-16")
async def test_one_organisation_and_its_people_are_not_merged(client: Client, services: Services, house: House) -> None:
    data = csv_of(
        ("Организация", "Имя", "Телефон"),
        ("Ромашка", "Анна", "+79161234567"),
        ("ромашка", "Борис", "+79161234568"),
        ("Вектор", "Вера", "+79161234569"),
        ("Вектор", "Вера", "+79161234569"),
    )
    counts = (await load(client, services, house, data))["counts"]
    assert (counts["organisations"], counts["persons"]) == (2, 4)
    firms = {one.id: one.name for one in await people(services, house, "organisation")}
    assert sorted(firms.values()) == ["Вектор", "Ромашка"]
    found = [(one.name, firms[one.organisation_id or 0], one.organisation) for one in await people(services, house)]
    assert found == [
        ("Анна", "Ромашка", "Ромашка"),
        ("Борис", "Ромашка", "Ромашка"),
        ("Вера", "Вектор", "Вектор"),
        ("Вера", "Вектор", "Вектор"),
    ]
    # The same file again doubles nobody: these people were there before it.
    again = (await load(client, services, house, data))["counts"]
    assert (again["organisations"], again["persons"]) == (0, 0)


async def test_an_unsaved_number_becomes_the_client(client: Client, services: Services, house: House) -> None:
    async with services.db.business(house.businesses["a"]) as session:
        found = await keeping.ensure(session, {"+79161234567": services.clock.now()})
        card = found["+79161234567"][0].id
    await load(client, services, house, csv_of(HEAD, ("Анна", "Петрова", "89161234567", "")))
    anna = (await people(services, house))[0]
    assert (anna.id, anna.name, anna.number, anna.state) == (card, "Анна Петрова", 1, "client")


@pytest.mark.rule("IMP-05")
async def test_two_columns_of_one_field_are_joined(client: Client, services: Services, house: House) -> None:
    data = csv_of(
        ("Имя", "Отчество", "Телефон 1", "Телефон 2", "А", "Б"),
        ("Анна", "Ивановна", "+79161234567", "+79031112233", "Тверская", "дом 1"),
    )
    mapping = {"0": "first_name", "1": "first_name", "2": "phone", "3": "phone", "4": "address", "5": "address"}
    await load(client, services, house, data, mapping=mapping)
    anna = (await people(services, house))[0]
    assert (anna.name, anna.address) == ("Анна Ивановна", "Тверская дом 1")
    assert await phones(services, house, anna.id) == ["+79161234567", "+79031112233"]


@pytest.mark.rule("IMP-07", "IMP-17")
async def test_refused_rows_come_back_with_their_reasons(client: Client, services: Services, house: House) -> None:
    data = csv_of(
        HEAD,
        ("Анна", "", "+79161234567", ""),
        ("", "", "+79161234568", ""),
        ("Борис", "", "12", ""),
        ("=cmd()", "", "не телефон", ""),
        ("Вера", "", "", "не почта"),
        ("Д" * 10_000, "", "", ""),
        ("=cmd()|' /C calc'!A0", "", "", ""),
    )
    done = await load(client, services, house, data)
    assert (done["counts"]["persons"], done["counts"]["refused"]) == (2, 5)
    # A formula is a text like any other and stays one.
    assert [one.name for one in await people(services, house)] == ["Анна", "=cmd()|' /C calc'!A0"]
    answer = await client.get(f"/imports/{done['id']}/refused.xlsx", headers=house.headers("operator@a"))
    sheet = openpyxl.load_workbook(io.BytesIO(await answer.read())).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:4] == list(HEAD)
    assert [row[4] for row in rows[1:]] == ["3", "4", "5", "6", "7"]
    assert [cell or "" for cell in rows[2][:3]] == ["Борис", "", "12"]
    assert "12" in str(rows[2][5])
    assert len(str(rows[5][0])) == 10_000
    assert all(cell.data_type in ("s", "n", "inlineStr") for row in sheet.iter_rows() for cell in row)
    answer = await client.get(f"/imports/{done['id']}/refused.csv", headers=house.headers("operator@a"))
    assert "'=cmd()" in (await answer.read()).decode("utf-8-sig")


@pytest.mark.rule("IMP-22")
async def test_mailing_addresses_need_nothing_but_the_mail(client: Client, services: Services, house: House) -> None:
    data = xlsx_of(
        ("Почта", "Имя", "Телефон"), ("a@example.com", "", ""), ("b@example.com", "Борис", ""), ("", "Вера", "")
    )
    done = await load(
        client, services, house, data, name="mails.xlsx", fields={"mode": "mails"}, mode="mails", tag="рассылка"
    )
    assert (done["counts"]["persons"], done["counts"]["refused"]) == (2, 1)
    assert [(one.name, one.source) for one in await people(services, house)] == [
        ("a@example.com", "mail"),
        ("Борис", "mail"),
    ]
    assert await count(services, house, ContactTag) == 2


async def test_clients_that_one_may_not_change_are_left_alone(client: Client, services: Services, house: House) -> None:
    old = await known(services, house, first_name="Анна", phone="+79161234567", access="private")
    async with services.db.business(house.businesses["a"]) as session:
        contact = await session.get_one(Contact, old)
        contact.responsible_id = house.people["owner@a"].membership_id
    done = await load(client, services, house, csv_of((*HEAD, "Город"), ("Анна", "", "+79161234567", "", "Пермь")))
    assert done["counts"]["persons"] == 1
    found = {one.id: one.city for one in await people(services, house)}
    assert found[old] == ""


async def test_imports_of_others_are_not_there(client: Client, services: Services, house: House) -> None:
    done = await load(client, services, house, csv_of(HEAD, ("Анна", "", "", "")), who="supervisor@a")
    for who, status in (("operator@a", 404), ("owner@b", 404), ("owner@a", 200)):
        for path in (f"/api/v1/imports/{done['id']}", f"/imports/{done['id']}", f"/imports/{done['id']}/refused.csv"):
            assert (await client.get(path, headers=house.headers(who))).status == status
    assert (await state(client, house, done["id"], "supervisor@a"))["mine"]
