"""Cards become one or go for good, with everything that hangs on them, on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from callcenter.core.errors import Conflict, NotFound
from callcenter.features.calls.models import CallRecord
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactConsent,
    ContactEvent,
    ContactField,
    ContactFile,
    ContactList,
    ContactListMember,
    ContactManager,
    ContactPhone,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.usecases import merging
from callcenter.features.recordings.models import Recording
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from tests.support import documents
from tests.support.house import NOW, House
from tests.support.recordings import Studio, recorded_call

PHONES = ["+79031110001", "+79031110002", "+79031110003"]
MAILS = ["a@x.ru", "b@x.ru", "c@x.ru"]
COLUMNS = ("first_name", "last_name", "city", "position", "description")


async def card(session: Any, **more: Any) -> Contact:
    """A saved client with what is given: columns, ``phones``, ``mails``."""
    phones, mails = more.pop("phones", []), more.pop("mails", [])
    one = Contact(**{"state": "client", "kind": "person", "created_at": NOW, **more})
    session.add(one)
    await session.flush()
    session.add_all(ContactPhone(contact_id=one.id, e164=number, typed=number) for number in phones)
    session.add_all(ContactChannel(contact_id=one.id, kind="email", value=mail, key=mail) for mail in mails)
    await session.flush()
    return one


async def hanging(session: Any, kind: type[Any], contact_id: int) -> list[Any]:
    """The rows of a table that hang on a card."""
    return list(await session.scalars(select(kind).where(kind.contact_id == contact_id)))


@pytest.mark.rule("IMP-33")
async def test_everything_moves_to_the_base_whose_fields_stay(db: Database, house: House) -> None:
    me, other = house.people["operator@a"].membership_id, house.people["supervisor@a"].membership_id
    async with db.business(house.businesses["a"]) as session:
        base = await card(session, number=7, first_name="Анна", name="Анна", city="Москва", phones=PHONES[:1])
        dup = await card(
            session, number=8, first_name="Анна", last_name="Петрова", name="Анна Петрова", city="Тула",
            position="Врач", phones=PHONES[:2], mails=MAILS[:1], responsible_id=me,
        )  # fmt: skip
        tag = Tag(title="Т", key="т", owner_id=me, created_at=NOW)
        some = ContactList(title="Л", created_at=NOW)
        text = ContactField(entity="person", title="Поле", created_at=NOW)
        scan = ContactField(entity="person", title="Скан", type="file", created_at=NOW)
        session.add_all([tag, some, text, scan])
        await session.flush()
        session.add_all(
            [
                ContactTag(contact_id=dup.id, tag_id=tag.id, added_by=me),
                ContactTag(contact_id=base.id, tag_id=tag.id),
                ContactListMember(contact_id=dup.id, list_id=some.id),
                ContactManager(contact_id=dup.id, membership_id=other),
                ContactValue(contact_id=dup.id, field_id=text.id, text="новое", key="новое"),
                ContactValue(contact_id=base.id, field_id=scan.id, text="a.pdf", key="a.pdf"),
                ContactEvent(contact_id=dup.id, kind="comment", at=NOW, text="Звонил", data={}),
                ContactConsent(contact_id=dup.id, kind="mail", given=False, at=NOW),
                ContactFile(contact_id=dup.id, name="d.pdf", file="documents/d.pdf", added_at=NOW),
                ContactFile(contact_id=dup.id, field_id=scan.id, name="b.pdf", file="documents/b.pdf", added_at=NOW),
            ]
        )
        await session.flush()
    async with db.business(house.businesses["a"]) as session:
        left = await contacts.merge(session, base.id, [dup.id], NOW, me)
    assert left == {}
    async with db.business(house.businesses["a"]) as session:
        assert await session.get(Contact, dup.id) is None
        now = await session.get_one(Contact, base.id)
        assert (now.number, now.city, now.name, now.position, now.responsible_id) == (
            7, "Москва", "Анна Петрова", "Врач", me,
        )  # fmt: skip
        assert now.name_key == "анна петрова"
        assert PHONES[1] in now.search
        assert MAILS[0] in now.search
        assert [one.e164 for one in await hanging(session, ContactPhone, base.id)] == PHONES[:2]
        assert [one.key for one in await hanging(session, ContactChannel, base.id)] == MAILS[:1]
        assert len(await hanging(session, ContactTag, base.id)) == 1
        assert len(await hanging(session, ContactListMember, base.id)) == 1
        assert [one.membership_id for one in await hanging(session, ContactManager, base.id)] == [other]
        assert {one.text for one in await hanging(session, ContactValue, base.id)} == {"новое", "a.pdf"}
        assert [one.kind for one in await hanging(session, ContactConsent, base.id)] == ["mail"]
        # A file field that the base has filled: the other one stays as a document.
        assert {one.name: one.field_id for one in await hanging(session, ContactFile, base.id)} == {
            "d.pdf": None, "b.pdf": None,
        }  # fmt: skip
        story = {one.kind: one for one in await hanging(session, ContactEvent, base.id)}
        assert story["comment"].text == "Звонил"
        assert story["merge"].data["cards"] == [{"id": dup.id, "number": 8, "name": "Анна Петрова"}]
        assert story["merge"].author_id == me


async def test_contact_persons_move_to_the_organisation_that_stays(db: Database, house: House) -> None:
    me, other = house.people["operator@a"].membership_id, house.people["supervisor@a"].membership_id
    async with db.business(house.businesses["a"]) as session:
        base = await card(session, kind="organisation", name="Ромашка", responsible_id=me)
        dup = await card(session, kind="organisation", name="ООО Ромашка", responsible_id=other)
        person = await card(
            session, name="Олег", organisation_id=dup.id, organisation="ООО Ромашка", responsible_id=other
        )
        await contacts.merge(session, base.id, [dup.id], NOW, me)
    async with db.business(house.businesses["a"]) as session:
        now = await session.get_one(Contact, person.id)
        assert (now.organisation_id, now.organisation, now.responsible_id) == (base.id, "Ромашка", me)
        assert "ромашка" in now.search
        assert "ооо" not in now.search


async def test_cards_that_cannot_become_one_are_refused(db: Database, house: House) -> None:
    async with db.business(house.businesses["a"]) as session:
        person = await card(session, name="Олег")
        firm = await card(session, kind="organisation", name="Ромашка")
        old = await card(session, name="Олег", state="archive")
    async with db.business(house.businesses["b"]) as session:
        foreign = await card(session, name="Олег")
    for base, other, error in (
        (person.id, firm.id, Conflict),
        (old.id, person.id, Conflict),
        (person.id, foreign.id, NotFound),
        (person.id, 999_999, NotFound),
    ):
        with pytest.raises(error):
            async with db.business(house.businesses["a"]) as session:
                await contacts.merge(session, base, [other], NOW, None)
    async with db.business(house.businesses["a"]) as session:
        assert await contacts.merge(session, person.id, [person.id], NOW, None) == {}
        assert not await hanging(session, ContactEvent, person.id)


async def test_a_merge_that_breaks_leaves_everything_as_it_was(
    db: Database, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("power cut")

    async def nothing(*_: Any) -> list[str]:
        return []

    async with db.business(house.businesses["a"]) as session:
        base, dup = await card(session, name="А", phones=PHONES[:1]), await card(session, name="Б", phones=PHONES[1:2])
    monkeypatch.setitem(merging._mergers, "test", contacts.Merger("test", broken, nothing))
    with pytest.raises(RuntimeError):
        async with db.business(house.businesses["a"]) as session:
            await contacts.merge(session, base.id, [dup.id], NOW, None)
    async with db.business(house.businesses["a"]) as session:
        assert (await session.get_one(Contact, dup.id)).name == "Б"
        assert [one.e164 for one in await hanging(session, ContactPhone, dup.id)] == PHONES[1:2]
        assert [one.e164 for one in await hanging(session, ContactPhone, base.id)] == PHONES[:1]


@pytest.fixture
async def recorded(services: Services, house: House, tmp_path: Path) -> tuple[Studio, str, Recording, int]:
    """A studio, a call with a finished recording, and its card."""
    studio = Studio(services, tmp_path)
    agent = house.people["operator@a"].agent_id
    assert agent
    call = await recorded_call(studio, house.businesses["a"], agent, "1772442000.17")
    await studio.sweep()
    async with services.db.business(house.businesses["a"]) as session:
        contact_id = (await session.get_one(CallRecord, call.id)).contact_id
    assert contact_id
    return studio, call.id, await studio.row("1772442000.17"), contact_id


@pytest.mark.rule("REC-10", "IMP-33")
async def test_merging_moves_calls_and_their_recordings_to_the_base(
    recorded: tuple[Studio, str, Recording, int], house: House
) -> None:
    studio, call_id, recording, contact_id = recorded
    db = studio.services.db
    async with db.business(house.businesses["a"]) as session:
        base = await card(session, name="Олег")
        left = await contacts.merge(session, base.id, [contact_id], NOW, None)
    await contacts.tidy(studio.services, left)
    async with db.business(house.businesses["a"]) as session:
        assert (await session.get_one(CallRecord, call_id)).contact_id == base.id
        there = (await session.scalars(select(Recording).where(Recording.call_id == call_id))).one()
        assert there.state == "ready"
    assert studio.file(recording).is_file()


@pytest.mark.rule("REC-10", "IMP-32")
async def test_erasing_takes_history_documents_and_recordings_with_their_files(
    recorded: tuple[Studio, str, Recording, int], house: House
) -> None:
    studio, call_id, recording, contact_id = recorded
    services = studio.services
    data = services.settings.data
    (named, document), (face, photo) = [await documents.keep(data, house.businesses["a"]) for _ in range(2)]
    copy = data / "cache" / "recordings" / f"{recording.id}-1-1.mp3"
    outside = data.parent / "outside.txt"
    for file in (copy, outside):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    async with services.db.business(house.businesses["a"]) as session:
        one = await session.get_one(Contact, contact_id)
        one.photo = face
        session.add_all(
            [
                ContactFile(contact_id=contact_id, name="d", file=named, added_at=NOW),
                ContactFile(contact_id=contact_id, name="e", file="../../../../outside.txt", added_at=NOW),
                ContactEvent(contact_id=contact_id, kind="comment", at=NOW, text="x", data={}),
            ]
        )
        await session.flush()
        left = await contacts.erase(session, [contact_id, 999_999])
        # Nothing goes before the commit.
        assert document.is_file()
        assert studio.file(recording).is_file()
    await contacts.tidy(services, left)
    await contacts.tidy(services, left)
    assert [file.exists() for file in (document, photo, copy, studio.file(recording))] == [False] * 4
    assert outside.exists()
    async with services.db.business(house.businesses["a"]) as session:
        assert await session.get(Contact, contact_id) is None
        for kind in (ContactEvent, ContactFile, ContactPhone, Recording):
            assert not (await session.scalars(select(kind))).all()
        # The log's figures stay.
        assert (await session.get_one(CallRecord, call_id)).contact_id is None


@pytest.mark.rule("IMP-32")
async def test_an_organisation_goes_with_its_contact_persons(db: Database, house: House) -> None:
    async with db.business(house.businesses["a"]) as session:
        firm = await card(session, kind="organisation", name="Ромашка")
        person = await card(session, name="Олег", organisation_id=firm.id, phones=PHONES)
        other = await card(session, name="Иван")
        await contacts.erase(session, [firm.id])
    async with db.business(house.businesses["a"]) as session:
        assert list(await session.scalars(select(Contact.id))) == [other.id]
        assert not await hanging(session, ContactPhone, person.id)


piece = st.fixed_dictionaries(
    {
        "columns": st.fixed_dictionaries({name: st.sampled_from(["", "А", "Б"]) for name in COLUMNS}),
        "phones": st.lists(st.sampled_from(PHONES), unique=True),
        "mails": st.lists(st.sampled_from(MAILS), unique=True),
        "tags": st.sets(st.integers(0, 2)),
        "lists": st.sets(st.integers(0, 2)),
        "events": st.integers(0, 2),
        "files": st.integers(0, 2),
        "calls": st.integers(0, 2),
    }
)


@pytest.mark.rule("IMP-33")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(some=st.lists(piece, min_size=2, max_size=4), data=st.data())
def test_merging_in_any_order_loses_nothing_and_overwrites_nothing(
    sqlite_template: Path, tmp_path: Path, some: list[dict[str, Any]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(some))))
    asyncio.run(_merge_all(sqlite_template, tmp_path, some, order))


async def _merge_all(template: Path, folder: Path, some: list[dict[str, Any]], order: list[int]) -> None:
    import shutil

    from callcenter.storage.engine import create_engine
    from tests.support.house import furnish

    file = folder / "random.sqlite3"
    for old in folder.glob("random.sqlite3*"):
        old.unlink()
    shutil.copyfile(template, file)
    db = Database(create_engine(f"sqlite+aiosqlite:///{file}"))
    try:
        business = (await furnish(db)).businesses["a"]
        async with db.business(business) as session:
            tags = [Tag(title=str(n), key=str(n), created_at=NOW) for n in range(3)]
            lists = [ContactList(title=str(n), created_at=NOW) for n in range(3)]
            session.add_all([*tags, *lists])
            await session.flush()
            ids = []
            for place, one in enumerate(some):
                made = await card(session, phones=one["phones"], mails=one["mails"], name="", **one["columns"])
                made.name = " ".join(p for p in (made.first_name, made.last_name) if p)
                ids.append(made.id)
                session.add_all(ContactTag(contact_id=made.id, tag_id=tags[n].id) for n in one["tags"])
                session.add_all(ContactListMember(contact_id=made.id, list_id=lists[n].id) for n in one["lists"])
                for n in range(one["events"]):
                    session.add(ContactEvent(contact_id=made.id, kind="comment", at=NOW, text=f"{place}.{n}", data={}))
                for n in range(one["files"]):
                    session.add(ContactFile(contact_id=made.id, name=f"{place}.{n}", file="x", added_at=NOW))
                for n in range(one["calls"]):
                    session.add(
                        CallRecord(
                            id=f"{place}.{n}", direction="in", result="answered", started_at=NOW, contact_id=made.id
                        )
                    )
        # One by one, each merge in the order drawn, always into the first.
        base = order[0]
        for other in order[1:]:
            async with db.business(business) as session:
                await contacts.merge(session, ids[base], [ids[other]], NOW, None)
        async with db.business(business) as session:
            now = await session.get_one(Contact, ids[base])
            assert list(await session.scalars(select(Contact.id))) == [now.id]
            for name, value in some[base]["columns"].items():
                if value:
                    assert getattr(now, name) == value
            assert {one.e164 for one in await hanging(session, ContactPhone, now.id)} == {
                number for one in some for number in one["phones"]
            }
            assert {one.key for one in await hanging(session, ContactChannel, now.id)} == {
                mail for one in some for mail in one["mails"]
            }
            assert {one.tag_id for one in await hanging(session, ContactTag, now.id)} == {
                tags[n].id for one in some for n in one["tags"]
            }
            assert {one.list_id for one in await hanging(session, ContactListMember, now.id)} == {
                lists[n].id for one in some for n in one["lists"]
            }
            for kind, name, attribute in (
                (ContactEvent, "events", "text"), (ContactFile, "files", "name"), (CallRecord, "calls", "id"),
            ):  # fmt: skip
                there = sorted(getattr(one, attribute) for one in await hanging(session, kind, now.id))
                wanted = sorted(f"{place}.{n}" for place, one in enumerate(some) for n in range(one[name]))
                assert [one for one in there if one] == wanted
    finally:
        await db.close()
