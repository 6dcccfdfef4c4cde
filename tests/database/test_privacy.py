"""What is held on a person is given out whole, and erased so that no column of any table knows him (PLT-08)."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select, text

from callcenter.features.accounts.models import AuditEntry
from callcenter.features.calls.models import CallAgent, CallLeg, CallRecord, CallStep
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import (
    Contact,
    ContactConsent,
    ContactEvent,
    ContactField,
    ContactFile,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.imports.models import Import, ImportRow
from callcenter.features.privacy.usecases import running
from callcenter.features.recordings.models import Recording
from callcenter.features.views.models import SavedView
from callcenter.features.work import api as work
from callcenter.features.work.models import WorkJob
from callcenter.plugin import Services
from tests.support import documents
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
NUMBER, SECOND, MAIL, FIRST, LAST = "+79123456789", "+74957654321", "zinaida@yandex.example", "Зинаида", "Вымпелова"
TRACES = ("9123456789", "7654321", "zinaida", "Зинаида", "Вымпелов", "ЗИНАИДА", "вымпелов", "паспорт 4510")


@pytest.fixture
async def she(services: Services, house: House) -> int:
    """A person of whom every part of the product knows something; and another client of whom nothing may go."""
    a, member = house.businesses["a"], house.people["operator@a"].membership_id
    (passport, _), (face, _) = [await documents.keep(services.settings.data, a) for _ in range(2)]
    (services.settings.data / "recordings/1").mkdir(parents=True)
    (services.settings.data / "recordings/1/one.opus").write_bytes(b"secret")
    (services.settings.data / "cache/recordings").mkdir(parents=True)
    async with services.db.business(a) as session:
        made = await contacts.create_client(
            session,
            contacts.ClientForm(
                first_name=FIRST, last_name=LAST, phone=NUMBER, phone2=SECOND, email=MAIL, organisation="Ромашка",
                position="Директор", address="паспорт 4510", description=f"звонить {FIRST}",
            ),
            NOW,
        )  # fmt: skip
        await contacts.create_client(session, contacts.ClientForm(first_name="Пётр", phone="+79990001122"), NOW)
        she = made.id
        card = await session.get_one(Contact, she)
        card.photo = face
        field = ContactField(entity="person", title="Паспорт", created_at=NOW)
        tag = Tag(title="vip", key="vip", created_at=NOW)
        started = Import(name="base.csv", created_at=NOW)
        session.add_all([field, tag, started])
        await session.flush()
        row = {"started_at": NOW, "direction": "in", "result": "answered"}
        session.add_all(
            [
                ContactValue(contact_id=she, field_id=field.id, text="паспорт 4510", key="паспорт 4510"),
                ContactTag(contact_id=she, tag_id=tag.id),
                ContactEvent(contact_id=she, kind="comment", at=NOW, text=f"{FIRST} просит", data={"phone": NUMBER}),
                ContactFile(contact_id=she, name=f"{LAST}.pdf", file=passport, added_at=NOW),
                ContactConsent(contact_id=she, kind="data", given=True, at=NOW, source="сайт"),
                CallRecord(
                    id="1.1", from_number=NUMBER, from_name=f"{FIRST} {LAST}", client_number=NUMBER, contact_id=she,
                    comment=f"это {FIRST}", talk_seconds=30.0, **row,
                ),
                # Before she was a client, and over the other number.
                CallRecord(id="1.2", to_number=SECOND, client_number=SECOND, **{**row, "direction": "out"}),
                CallRecord(id="1.3", from_number="+79990001122", client_number="+79990001122", **row),
                ImportRow(import_id=started.id, line=1, action="updated", contact_id=she,
                          before={"name": f"{FIRST} {LAST}"}),
                ImportRow(import_id=started.id, line=2, action="refused", cells=["x", "8 (912) 345-67-89"],
                          reason=MAIL),
                ImportRow(import_id=started.id, line=3, action="refused", cells=["Пётр", "+79990001122"]),
                AuditEntry(user_id=None, at=NOW, action="contact.merge", object_type="contact", object_id=str(she),
                           detail={"cards": [f"{FIRST}"], "base": LAST}),
                AuditEntry(user_id=None, at=NOW, action="call.look", object_type="call", object_id="1.1",
                           detail={"to": NUMBER, "kept": "да"}),
                WorkJob(kind="old", title=f"Теги: {FIRST} {LAST}", state="done", due_at=NOW, created_at=NOW,
                        params={"search": MAIL.upper(), "n": 79123456789}),
                SavedView(page="clients", owner_id=member, title="моя", state={"q": NUMBER}, changed_at=NOW),
            ]
        )  # fmt: skip
        await session.flush()
        session.add_all(
            [
                CallAgent(call_id="1.1", agent_id=house.people["operator@a"].agent_id, talked=True, started_at=NOW),
                CallLeg(call_id="1.1", id="1.1", role="client", address=NUMBER, channel=f"Local/{NUMBER[1:]}@x",
                        started_at=NOW),
                CallStep(call_id="1.1", at=NOW, kind="transfer", text=NUMBER),
                Recording(call_id="1.1", state="ready", stem="one", file="1/one.opus", client_number=NUMBER,
                          started_at=NOW, created_at=NOW),
            ]
        )  # fmt: skip
        await session.flush()
        recording = await session.scalar(select(Recording.id))
    copy = services.settings.data / "cache/recordings" / f"{recording}-1-1.mp3"
    copy.write_bytes(b"copy")
    return she


async def everything(services: Services) -> str:
    """Every value of every table of the database, also of those that no model knows (the search index)."""
    async with services.db.engine.connect() as connection:
        if services.db.dialect == "sqlite":
            names = await connection.execute(text("SELECT name FROM sqlite_master WHERE type='table'"))
        else:
            names = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname='public'"))
        found = []
        for (name,) in names.all():
            if name.startswith("contact_search_"):
                continue
            for row in await connection.execute(text(f'SELECT * FROM "{name}"')):  # noqa: S608
                found.append(f"{name}: {[str(value) for value in row]}")
    return "\n".join(found)


def on_disk(folder: Path) -> list[str]:
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and (path.suffix in (".opus", ".mp3", ".zip") or path.is_relative_to(folder / "files"))
    )


@pytest.mark.rule("PLT-08")
async def test_nothing_of_a_person_is_left_in_any_table(
    client: Client, services: Services, house: House, she: int
) -> None:
    before = await everything(services)
    assert all(trace in before for trace in TRACES if trace not in ("ЗИНАИДА", "9123456789"))
    headers = house.headers("administrator@a")
    # A file that was given out before goes too.
    await client.post(f"/api/v1/contacts/{she}/personal-data", headers=headers)
    await work.office(services).idle()
    answer = await client.post(f"/api/v1/contacts/{she}/erasure", json={"confirm": f"{FIRST} {LAST}"}, headers=headers)
    assert answer.status == 202, await answer.text()
    await work.office(services).idle()
    job = await (await client.get(f"/api/v1/privacy/{(await answer.json())['id']}", headers=headers)).json()
    assert job["state"] == "done", job
    after = await everything(services)
    for trace in TRACES:
        lines = [line for line in after.splitlines() if trace.casefold() in line.casefold()]
        assert not lines, f"{trace}: {lines}"
    assert on_disk(services.settings.data) == []
    assert {key: job["counts"][key] for key in ("cards", "documents", "calls", "recordings")} == {
        "cards": 1,
        "documents": 2,
        "calls": 2,
        "recordings": 1,
    }
    assert (await client.get(f"/contacts/{she}", headers=headers)).status == 404


@pytest.mark.rule("PLT-08")
async def test_others_and_the_figures_stay(client: Client, services: Services, house: House, she: int) -> None:
    headers = house.headers("owner@a")
    await client.post(f"/api/v1/contacts/{she}/erasure", json={"confirm": "2"}, headers=headers)
    await work.office(services).idle()
    async with services.db.business(house.businesses["a"]) as session:
        calls = {one.id: one for one in await session.scalars(select(CallRecord))}
        assert [calls[one].client_number for one in ("1.1", "1.2", "1.3")] == [f"erased-{she}"] * 2 + ["+79990001122"]
        assert (calls["1.1"].talk_seconds, calls["1.1"].result) == (30.0, "answered")
        names = list(await session.scalars(select(Contact.name)))
        assert sorted(names) == ["Пётр", "Ромашка"]
        cells = [one.cells for one in await session.scalars(select(ImportRow).order_by(ImportRow.line))]
        assert cells[2] == ["Пётр", "+79990001122"]
        entries = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [one.action for one in entries] == ["contact.merge", "call.look", "privacy.erase"]
    assert entries[0].detail == {}
    assert entries[1].detail["kept"] == "да"


@pytest.mark.rule("PLT-08")
async def test_a_number_that_two_have_stays_with_the_other(
    client: Client, services: Services, house: House, she: int
) -> None:
    async with services.db.business(house.businesses["a"]) as session:
        husband = await contacts.create_client(session, contacts.ClientForm(first_name="Муж", phone=SECOND), NOW)
    await client.post(f"/api/v1/contacts/{she}/erasure", json={"confirm": "2"}, headers=house.headers("owner@a"))
    await work.office(services).idle()
    async with services.db.business(house.businesses["a"]) as session:
        assert await contacts.numbers_of(session, husband.id) == [SECOND]
        assert (await session.get_one(CallRecord, "1.2")).client_number == SECOND


@pytest.mark.rule("PLT-08")
async def test_all_that_is_held_comes_as_one_file(client: Client, services: Services, house: House, she: int) -> None:
    headers = house.headers("administrator@a")
    made = await (await client.post(f"/api/v1/contacts/{she}/personal-data", headers=headers)).json()
    await work.office(services).idle()
    job = await (await client.get(f"/api/v1/privacy/{made['id']}", headers=headers)).json()
    answer = await client.get(job["url"], headers=headers)
    archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    files = archive.namelist()
    assert sum(name.startswith("documents/") for name in files) == 2
    assert [archive.read(name) for name in files if name.startswith("recordings/")] == [b"secret"]
    card = json.loads(archive.read("client.json"))
    assert card["card"]["name"] == f"{FIRST} {LAST}"
    assert {one["e164"] for one in card["phones"]} == {NUMBER, SECOND}
    assert (card["tags"], card["consents"][0]["given"], len(card["events"])) == (["vip"], True, 2)
    calls = json.loads(archive.read("calls.json"))["calls"]
    assert [(one["id"], len(one.get("legs", []))) for one in calls] == [("1.1", 1), ("1.2", 0)]
    assert json.loads(archive.read("other.json"))["import_rows"][0]["before"] == {"name": f"{FIRST} {LAST}"}
    assert (await client.get(job["url"], headers=house.headers("owner@b"))).status == 404
    async with services.db.business(house.businesses["a"]) as session:
        actions = list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions[-2:] == ["privacy.export", "privacy.fetch"]


@pytest.mark.rule("PLT-08")
async def test_erasure_asks_twice(client: Client, services: Services, house: House, she: int) -> None:
    headers = house.headers("administrator@a") | {"Accept-Language": "en"}
    for wrong in ({}, {"confirm": "Зинаида"}, {"confirm": "1"}):
        answer = await client.post(f"/api/v1/contacts/{she}/erasure", json=wrong, headers=headers)
        assert answer.status == 422
    page = await (await client.get(f"/contacts/{she}/privacy", headers=headers)).text()
    assert f'action="/contacts/{she}/privacy/erase"' not in page
    page = await (await client.get(f"/contacts/{she}/privacy?erase=1", headers=headers)).text()
    assert f'action="/contacts/{she}/privacy/erase"' in page
    answer = await client.post(f"/contacts/{she}/privacy/erase", data={"confirm": "не то"}, headers=headers)
    assert (answer.status, 'value="не то"' in await answer.text()) == (422, True)
    async with services.db.business(house.businesses["a"]) as session:
        assert await session.get(Contact, she) is not None
    answer = await client.post(f"/contacts/{she}/privacy/erase", data={"confirm": "№2"}, headers=headers)
    assert answer.status == 200
    await work.office(services).idle()
    assert 'data-job-state="done"' in await (await client.get("/privacy", headers=headers)).text()


@pytest.mark.rule("PLT-08")
async def test_an_erasure_goes_on_after_a_break(
    client: Client, services: Services, house: House, she: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("power cut")

    whole = running.sweeping.erase
    monkeypatch.setattr(running.sweeping, "erase", broken)
    await client.post(f"/api/v1/contacts/{she}/erasure", json={"confirm": "2"}, headers=house.headers("owner@a"))
    await work.office(services).idle()
    monkeypatch.setattr(running.sweeping, "erase", whole)
    async with services.db.system() as session:
        row = await session.scalar(select(WorkJob).where(WorkJob.kind == running.ERASE))
        assert row is not None
        assert row.state == "failed"
        row.state = "running"
    await work.office(services).idle()
    after = (await everything(services)).casefold()
    assert not [trace for trace in TRACES if trace.casefold() in after]


@pytest.mark.parametrize("who", ["supervisor@a", "operator@a", "guest@a"])
async def test_only_administrators(client: Client, house: House, she: int, who: str) -> None:
    assert (await client.get(f"/contacts/{she}/privacy", headers=house.headers(who))).status == 403
    answer = await client.post(f"/api/v1/contacts/{she}/erasure", json={"confirm": "2"}, headers=house.headers(who))
    assert answer.status == 403
