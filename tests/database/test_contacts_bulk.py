"""Actions with many clients: counted, in portions, skipped with reasons, undone, never half or twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import delete, func, select, update

from callcenter.core.clock import FixedClock
from callcenter.features.accounts.models import AuditEntry, Membership
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import Contact, ContactEvent, ContactFile, ContactTag
from callcenter.features.contacts.usecases import bulk
from callcenter.features.work import api as work
from callcenter.live.audience import Audience
from callcenter.plugin import Services
from tests.support import documents
from tests.support.clients import make_clients
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions of ten clients."""
    monkeypatch.setattr(bulk, "FIRST_PORTION", 10)
    monkeypatch.setattr(work, "next_portion", lambda size, seconds: 10)


async def ask(client: Client, house: House, who: str, body: dict[str, Any], status: int = 201, path: str = "") -> Any:
    answer = await client.post(f"/api/v1/contacts/bulk{path}", json=body, headers=house.headers(who))
    text = await answer.text()
    assert answer.status == status, text
    return await answer.json()


async def done(client: Client, services: Services, house: House, who: str, body: dict[str, Any]) -> Any:
    """Orders an action and waits for its end."""
    job = (await ask(client, house, who, body))["job"]
    await work.office(services).idle()
    return await (await client.get(f"/api/v1/work/{job}", headers=house.headers(who))).json()


async def undo(client: Client, services: Services, house: House, who: str, job: int, status: int = 201) -> Any:
    answer = await client.post(f"/api/v1/work/{job}/undo", headers=house.headers(who))
    assert answer.status == status, await answer.text()
    if status != 201:
        return None
    await work.office(services).idle()
    started = (await answer.json())["id"]
    return await (await client.get(f"/api/v1/work/{started}", headers=house.headers(who))).json()


async def tagged(services: Services, house: House) -> list[int]:
    async with services.db.business(house.businesses["a"]) as session:
        return sorted(await session.scalars(select(ContactTag.contact_id)))


async def rows(services: Services, house: House, *columns: Any) -> list[Any]:
    async with services.db.business(house.businesses["a"]) as session:
        return [tuple(row) for row in await session.execute(select(*columns).order_by(Contact.id))]


async def tag_id(client: Client, house: House, who: str, title: str) -> int:
    found = await (await client.get("/api/v1/tags", headers=house.headers(who))).json()
    return int(next(one["id"] for one in found["tags"] if one["title"] == title))


@pytest.mark.rule("CON-30", "CON-33", "CON-44")
async def test_a_tag_is_put_on_many_and_taken_off(
    client: Client, services: Services, house: House, small: None
) -> None:
    ids = await make_clients(services.db, house.businesses["a"], 35)
    first = await done(
        client, services, house, "supervisor@a", {"action": "tag_add", "ids": ids[:5], "params": {"title": "Осень"}}
    )
    assert (first["state"], first["title"], first["total"]) == ("done", "Добавить тег «Осень»", 5)
    tag = {"tag_id": await tag_id(client, house, "supervisor@a", "Осень")}
    second = await done(
        client, services, house, "supervisor@a", {"action": "tag_add", "everything": True, "params": tag}
    )
    assert second["notes"] == ["Изменено: 30", "Уже так: 5"]
    assert await tagged(services, house) == ids
    third = await done(
        client, services, house, "supervisor@a", {"action": "tag_remove", "ids": ids[:20], "params": tag}
    )
    assert third["notes"] == ["Изменено: 20"]
    assert await tagged(services, house) == ids[20:]
    back = await undo(client, services, house, "supervisor@a", third["id"])
    assert back["notes"] == ["Возвращено: 20"]
    assert await tagged(services, house) == ids
    assert (await undo(client, services, house, "supervisor@a", second["id"]))["notes"] == ["Возвращено: 30"]
    assert await tagged(services, house) == ids[:5], "what had the tag before keeps it"
    await undo(client, services, house, "supervisor@a", second["id"], 409)
    async with services.db.business(house.businesses["a"]) as session:
        entries = list(await session.scalars(select(AuditEntry.action)))
    assert entries.count("contacts.bulk.tag_add") == 2
    assert entries.count("work.undo") == 2


async def test_an_undo_has_its_day(client: Client, services: Services, house: House, clock: FixedClock) -> None:
    ids = await make_clients(services.db, house.businesses["a"], 3)
    body = {"action": "tag_add", "ids": ids, "params": {"title": "Осень"}}
    job = await done(client, services, house, "supervisor@a", body)
    assert job["undo_until"] == "2026-03-03T09:00:00Z"
    clock.advance(24 * 3600)
    await undo(client, services, house, "supervisor@a", job["id"], 409)
    clock.advance(2 * 3600)
    await work.office(services).tidy()
    async with services.db.business(house.businesses["a"]) as session:
        assert not await work.pieces(session, job["id"], None)


@pytest.mark.rule("CON-45")
async def test_preview_counts_and_skips_have_reasons(client: Client, services: Services, house: House) -> None:
    me, other = (house.people[who].membership_id for who in ("operator@a", "supervisor@a"))
    mine = await make_clients(services.db, house.businesses["a"], 3, responsible_id=me)
    foreign = await make_clients(services.db, house.businesses["a"], 4, responsible_id=other, access="read")
    await make_clients(services.db, house.businesses["a"], 2, responsible_id=other, access="private")
    body = {"action": "block", "everything": True}
    assert await ask(client, house, "operator@a", body, 200, "/preview") == {"total": 7, "able": 3}
    job = await done(client, services, house, "operator@a", {"action": "block", "ids": [*mine, *foreign, 987654]})
    assert job["notes"] == ["Изменено: 3", "Уже нет: 1", "Нет права изменять: 4"]
    assert sorted(await rows(services, house, Contact.id, Contact.blocked))[:3] == [(one, True) for one in mine]
    await ask(client, house, "operator@a", {"action": "block", "ids": []}, 422)
    await ask(client, house, "operator@a", {"action": "nonsense", "ids": mine}, 422)
    await ask(client, house, "operator@a", {"action": "block", "ids": mine, "at": "soon"}, 422)
    await ask(client, house, "operator@a", {"action": "block", "ids": mine, "at": "2020-01-01T00:00"}, 422)
    await ask(client, house, "guest@a", {"action": "block", "ids": mine}, 403)
    await ask(client, house, "owner@b", {"action": "block", "ids": mine}, 422)


@pytest.mark.rule("CON-30")
async def test_clients_are_transferred(client: Client, services: Services, house: House, small: None) -> None:
    boss, new = house.people["administrator@a"].membership_id, house.people["operator@a"].membership_id
    a = house.businesses["a"]
    (firm,) = await make_clients(services.db, a, 1, kind="organisation", responsible_id=boss)
    (nested,) = await make_clients(services.db, a, 1, organisation_id=firm, responsible_id=boss)
    plain = await make_clients(services.db, a, 12, responsible_id=boss)
    (already,) = await make_clients(services.db, a, 1, responsible_id=new)
    page = services.live.subscribe(Audience(a), new)
    await anext(page)
    body = {"action": "responsible", "ids": [firm, nested, *plain, already], "params": {"member_id": new}}
    job = await done(client, services, house, "administrator@a", body)
    assert job["title"] == "Передать клиентов: Operator A"
    assert job["notes"] == ["Изменено: 13", "Меняются вместе с организацией: 1", "Уже так: 1"]
    assert {row[0] for row in await rows(services, house, Contact.responsible_id)} == {new}
    notices = [frame for frame, _ in page._frames if frame.startswith(b"event: notice")]
    assert len(notices) == 1, "one word for all clients"
    assert b"13" in notices[0]
    async with services.db.business(a) as session:
        history = list(await session.scalars(select(ContactEvent).where(ContactEvent.kind == "responsible")))
    assert sorted(one.contact_id for one in history) == sorted([firm, nested, *plain])
    assert {(one.data["before"], one.data["after"], one.author_id) for one in history} == {(boss, new, boss)}
    async with services.db.business(a) as session:
        await session.execute(update(Contact).where(Contact.id == plain[0]).values(responsible_id=None))
    back = await undo(client, services, house, "administrator@a", job["id"])
    assert back["notes"] == ["Возвращено: 12", "Изменены позже и оставлены как есть: 1"]
    owners = dict(await rows(services, house, Contact.id, Contact.responsible_id))
    assert (owners[firm], owners[nested], owners[plain[0]], owners[plain[1]], owners[already]) == (
        boss, boss, None, boss, new,
    )  # fmt: skip
    stranger = house.people["operator@b"].membership_id
    for wrong in (stranger, 0, house.people["guest@a"].membership_id):
        await ask(
            client,
            house,
            "administrator@a",
            {"action": "responsible", "ids": plain, "params": {"member_id": wrong}},
            422,
        )


async def test_an_operator_transfers_his_own_clients_only(client: Client, services: Services, house: House) -> None:
    me, other = (house.people[who].membership_id for who in ("operator@a", "supervisor@a"))
    (mine,) = await make_clients(services.db, house.businesses["a"], 1, responsible_id=me)
    (foreign,) = await make_clients(services.db, house.businesses["a"], 1, responsible_id=other, access="write")
    third = house.people["administrator@a"].membership_id
    body = {"action": "responsible", "ids": [mine, foreign], "params": {"member_id": third}}
    job = await done(client, services, house, "operator@a", body)
    assert job["notes"] == ["Изменено: 1", "Нет права изменять: 1"]
    assert dict(await rows(services, house, Contact.id, Contact.responsible_id)) == {mine: third, foreign: other}


@pytest.mark.rule("CON-44")
@pytest.mark.parametrize(
    ("action", "column", "before", "after"),
    [
        ("block", Contact.blocked, False, True),
        ("unblock", Contact.blocked, True, False),
        ("subscribe", Contact.subscribed, False, True),
        ("unsubscribe", Contact.subscribed, True, False),
    ],
)
async def test_blacklist_and_mailings(
    client: Client, services: Services, house: House, action: str, column: Any, before: bool, after: bool
) -> None:
    await make_clients(services.db, house.businesses["a"], 3, **{column.key: before})
    job = await done(client, services, house, "supervisor@a", {"action": action, "everything": True})
    assert job["notes"] == ["Изменено: 3"]
    assert {row[0] for row in await rows(services, house, column)} == {after}
    await undo(client, services, house, "supervisor@a", job["id"])
    assert {row[0] for row in await rows(services, house, column)} == {before}


@pytest.mark.rule("CON-44")
async def test_archive_asks_for_the_number(client: Client, services: Services, house: House) -> None:
    ids = await make_clients(services.db, house.businesses["a"], 3)
    await ask(client, house, "supervisor@a", {"action": "archive", "ids": ids}, 422)
    job = await done(client, services, house, "supervisor@a", {"action": "archive", "ids": ids, "confirm": 3})
    assert job["undo_until"] is None
    assert set(await rows(services, house, Contact.state, Contact.archived_at)) == {("archive", NOW)}
    again = await done(client, services, house, "supervisor@a", {"action": "block", "ids": ids})
    assert again["notes"] == ["Изменено: 0", "В архиве: 3"]


@pytest.mark.rule("CON-30")
async def test_deletion_is_for_administrators_who_say_the_number(
    client: Client, services: Services, house: House
) -> None:
    ids = await make_clients(services.db, house.businesses["a"], 3)
    name, file = await documents.keep(services.settings.data, house.businesses["a"])
    async with services.db.business(house.businesses["a"]) as session:
        session.add(ContactFile(contact_id=ids[0], name="x", file=name, added_at=NOW))
    body = {"action": "erase", "ids": ids[:2], "confirm": 2}
    await ask(client, house, "supervisor@a", body, 403)
    await ask(client, house, "administrator@a", {**body, "confirm": 3}, 422)
    job = await done(client, services, house, "administrator@a", body)
    assert job["notes"] == ["Изменено: 2"]
    assert await rows(services, house, Contact.id) == [(ids[2],)]
    assert not file.exists(), "also his documents"


@pytest.mark.rule("CON-45")
@pytest.mark.parametrize("fault", ["killed", "error"])
async def test_a_crash_in_a_portion_leaves_nothing_half_and_nothing_twice(
    services: Services, client: Client, house: House, small: None, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third portion dies after its rows are written and before they are committed."""
    ids = await make_clients(services.db, house.businesses["a"], 45)
    reached, original, calls = asyncio.Event(), work.Run.keep, 0

    async def keep(run: work.Run, session: Any, **more: Any) -> None:
        nonlocal calls
        calls += 1
        await original(run, session, **more)
        if calls == 3:
            reached.set()
            if fault == "error":
                raise RuntimeError("power cut")
            await asyncio.Event().wait()

    monkeypatch.setattr(work.Run, "keep", keep)
    body = {"action": "tag_add", "everything": True, "params": {"title": "Осень"}}
    job_id = (await ask(client, house, "supervisor@a", body))["job"]
    await asyncio.wait_for(reached.wait(), 20)
    office = work.office(services)
    if fault == "killed":
        await office.stop()
    else:
        await office.idle()
    assert await tagged(services, house) == ids[:20]
    async with services.db.system() as session:
        job = await session.get_one(work.WorkJob, job_id)
        assert job.result["changed"] == 20
        assert (job.done, job.mark, job.state) == (20, {"after": ids[19]}, "running" if fault == "killed" else "failed")
        # An administrator may start what failed again; here the restarted server finds it running.
        job.state = "running"
    monkeypatch.setattr(work.Run, "keep", original)
    await office.idle()
    assert await tagged(services, house) == ids
    async with services.db.system() as session:
        job = await session.get_one(work.WorkJob, job_id)
        assert (job.state, job.done, job.result["changed"]) == ("done", 45, 45)


@pytest.mark.rule("CON-45")
async def test_a_cancelled_action_stops_and_can_be_undone(
    services: Services, client: Client, house: House, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await make_clients(services.db, house.businesses["a"], 45)
    reached, go = asyncio.Event(), asyncio.Event()

    async def rest(seconds: float) -> None:
        reached.set()
        await go.wait()

    monkeypatch.setattr(bulk, "pause", rest)
    body = {"action": "tag_add", "everything": True, "params": {"title": "Осень"}}
    job_id = (await ask(client, house, "supervisor@a", body))["job"]
    await asyncio.wait_for(reached.wait(), 20)
    await client.post(f"/api/v1/work/{job_id}/cancel", headers=house.headers("supervisor@a"))
    go.set()
    await work.office(services).idle()
    found = await (await client.get(f"/api/v1/work/{job_id}", headers=house.headers("supervisor@a"))).json()
    assert (found["state"], found["done"], found["notes"]) == ("cancelled", 10, ["Изменено: 10"])
    assert await tagged(services, house) == ids[:10]
    assert (await undo(client, services, house, "supervisor@a", job_id))["notes"] == ["Возвращено: 10"]
    assert await tagged(services, house) == []


async def test_clients_added_meanwhile_are_not_taken(
    services: Services, client: Client, house: House, clock: FixedClock
) -> None:
    ids = await make_clients(services.db, house.businesses["a"], 5)
    at = (NOW + timedelta(hours=1)).isoformat()
    body = {"action": "tag_add", "everything": True, "params": {"title": "Осень"}, "at": at}
    started = await ask(client, house, "supervisor@a", body)
    assert started["due_at"] == "2026-03-02T10:00:00Z"
    await make_clients(services.db, house.businesses["a"], 5)
    async with services.db.business(house.businesses["a"]) as session:
        await session.execute(delete(Contact).where(Contact.id == ids[0]))
    await work.office(services).idle()
    assert await tagged(services, house) == []
    clock.advance(3600)
    await work.office(services).idle()
    assert await tagged(services, house) == ids[1:]


@pytest.mark.parametrize("change", ["blocked", "operator"])
async def test_the_rights_are_those_at_run_time(
    services: Services, client: Client, house: House, clock: FixedClock, change: str
) -> None:
    other = house.people["administrator@a"].membership_id
    await make_clients(services.db, house.businesses["a"], 5, responsible_id=other, access="read")
    body = {"action": "tag_add", "everything": True, "params": {"title": "Осень"}, "at": "2026-03-02T15:00"}
    job_id = (await ask(client, house, "supervisor@a", body))["job"]
    async with services.db.system() as session:
        member = await session.get_one(Membership, house.people["supervisor@a"].membership_id)
        member.status, member.role = ("blocked", member.role) if change == "blocked" else (member.status, "operator")
    clock.advance(24 * 3600)
    await work.office(services).idle()
    async with services.db.system() as session:
        job = await session.get_one(work.WorkJob, job_id)
    assert await tagged(services, house) == []
    if change == "blocked":
        assert (job.state, job.error) == ("failed", bulk.LEFT)
    else:
        assert job.result["skipped"] == {"no_right": 5}


@pytest.fixture
def plan() -> Iterator[None]:
    """An action of another feature that takes two clients at once."""

    async def apply(portion: contacts.Portion) -> None:
        portion.changed = len(portion.contacts)

    contacts.add_bulk_action(contacts.BulkAction("plan", "Plan", "Plan", apply, at_most=2))
    yield
    del bulk.ACTIONS["plan"]


async def test_another_feature_adds_an_action_with_a_limit(
    services: Services, client: Client, house: House, plan: None
) -> None:
    ids = await make_clients(services.db, house.businesses["a"], 3)
    options = await client.get("/api/v1/contacts/bulk", headers=house.headers("operator@a"))
    assert {"name": "plan", "title": "Plan", "icon": "check", "asks": "", "final": False, "at_most": 2} in (
        await options.json()
    )["actions"]
    refused = await ask(client, house, "operator@a", {"action": "plan", "ids": ids}, 422)
    assert refused["error"]["message"] == "Не больше 2 клиентов за раз, а выбрано 3."
    assert (await done(client, services, house, "operator@a", {"action": "plan", "ids": ids[1:]}))["state"] == "done"


async def test_many_ticks_fit(services: Services, client: Client, house: House) -> None:
    ids = await make_clients(services.db, house.businesses["a"], 1200)
    job = await done(client, services, house, "supervisor@a", {"action": "block", "ids": ids})
    assert job["notes"] == ["Изменено: 1200"]
    async with services.db.business(house.businesses["a"]) as session:
        assert await session.scalar(select(func.count()).where(Contact.blocked)) == 1200
    await ask(client, house, "supervisor@a", {"action": "block", "ids": list(range(1, 10_002))}, 422)
