"""Reminders: told at their time also after a restart, moved, done, given to a colleague."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from callcenter.core.clock import FixedClock
from callcenter.core.events import MemberNotice
from callcenter.features.contacts import api as contacts
from callcenter.features.reminders.models import Reminder
from callcenter.features.reminders.usecases import keeping
from callcenter.plugin import Services
from tests.support.call_log import answered, save
from tests.support.house import NOW, House, sign_in
from tests.support.mailing import ivan

Client = TestClient[Any, Any]
API = "/api/v1/reminders"
SOON = NOW + timedelta(minutes=30)


@pytest.fixture
def notices(services: Services) -> list[MemberNotice]:
    told: list[MemberNotice] = []
    services.bus.listen(MemberNotice, told.append)
    return told


async def remind(
    client: Client, house: House, who: str = "operator@a", *, status: int = 201, at: datetime = SOON, **body: Any
) -> Any:  # fmt: skip
    made = await client.post(API, json={"at": at.isoformat(), **body}, headers=house.headers(who))
    assert made.status == status, await made.text()
    return await made.json()


async def listed(client: Client, house: House, which: str = "open", who: str = "operator@a") -> list[Any]:
    found = await (await client.get(f"{API}?list={which}", headers=house.headers(who))).json()
    assert found["total"] == len(found["reminders"])
    return list(found["reminders"])


async def due(client: Client, house: House, who: str = "operator@a") -> Any:
    return await (await client.get(f"{API}/due", headers=house.headers(who))).json()


@pytest.mark.rule("OUT-39")
async def test_a_reminder_is_told_once_at_its_time_also_after_a_restart(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    clock = services.clock
    assert isinstance(clock, FixedClock)
    contact = await ivan(services, house.businesses["a"])
    made = await remind(client, house, text="Обсудить договор", contact_id=contact)
    assert (made["status"], made["client"], made["kind"]) == ("", "Иван Петрович Сидоров", "call")
    await keeping.tell(services)
    assert notices == []
    assert (await due(client, house))["total"] == 0
    # Nothing of it is in memory: whoever looks at its time tells it.
    clock.advance(30 * 60)
    await keeping.tell(services)
    await keeping.tell(services)
    (told,) = notices
    assert (told.membership_id, told.kind, told.link) == (
        house.people["operator@a"].membership_id, "reminder", f"/contacts/{contact}?tab=reminders",
    )  # fmt: skip
    assert told.values == {"what": "Обсудить договор", "client": "Иван Петрович Сидоров"}
    # Whose page did not hear it sees it in the bell.
    assert [one["id"] for one in (await due(client, house))["reminders"]] == [made["id"]]
    assert [one["status"] for one in await listed(client, house)] == ["overdue"]


async def test_a_reminder_is_moved_and_done(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    clock, head = services.clock, house.headers("operator@a")
    assert isinstance(clock, FixedClock)
    made = await remind(client, house, text="Позвонить", kind="meeting")
    clock.advance(30 * 60)
    await keeping.tell(services)
    later = (SOON + timedelta(hours=1)).isoformat()
    moved = await (await client.patch(f"{API}/{made['id']}", json={"at": later}, headers=head)).json()
    assert (moved["status"], moved["kind"], moved["text"]) == ("", "meeting", "Позвонить")
    clock.advance(3600)
    await keeping.tell(services)
    assert len(notices) == 2
    assert (await (await client.post(f"{API}/{made['id']}/done", headers=head)).json())["status"] == "done"
    assert await listed(client, house) == []
    assert [one["id"] for one in await listed(client, house, "done")] == [made["id"]]
    assert (await due(client, house))["total"] == 0
    await client.post(f"{API}/{made['id']}/undo", headers=head)
    assert (await due(client, house))["total"] == 1
    assert (await client.delete(f"{API}/{made['id']}", headers=head)).status == 204
    assert (await client.get(f"{API}/{made['id']}", headers=head)).status == 404


async def test_a_colleague_is_reminded(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    clock, other = services.clock, house.people["supervisor@a"].membership_id
    assert isinstance(clock, FixedClock)
    made = await remind(client, house, text="Проверить счёт", owner_id=other)
    assert [(one.membership_id, one.kind) for one in notices] == [(other, "given")]
    assert [one["id"] for one in await listed(client, house, "given")] == [made["id"]]
    assert await listed(client, house) == []
    assert [one["author"] for one in await listed(client, house, who="supervisor@a")] == ["Operator A"]
    clock.advance(30 * 60)
    await keeping.tell(services)
    assert [(one.membership_id, one.kind) for one in notices[1:]] == [(other, "reminder")]
    # Neither somebody of another business, nor somebody it is none of.
    await remind(client, house, text="x", owner_id=house.people["operator@b"].membership_id, status=422)
    for who in ("administrator@a", "owner@b"):
        assert (await client.get(f"{API}/{made['id']}", headers=house.headers(who))).status == 404
        assert (await client.post(f"{API}/{made['id']}/done", headers=house.headers(who))).status == 404
    assert (await client.get(API, headers=house.headers("guest@a"))).status == 403


async def test_bad_reminders_are_told_by_their_fields(client: Client, house: House) -> None:
    past = await remind(client, house, text="x", at=NOW - timedelta(hours=1), status=422)
    assert set(past["error"]["fields"]) == {"at"}
    assert set((await remind(client, house, text=" ", status=422))["error"]["fields"]) == {"text"}
    await remind(client, house, contact_id=999_999, status=404)
    await remind(client, house, text="x", call_id="no.1", status=404)
    csrf = await sign_in(client, "operator@a.example")
    typed = {"at": "", "text": "Не забыть", "kind": "call", "_csrf": csrf}
    page = await client.post("/reminders", data=typed)
    assert page.status == 422
    assert "Не забыть" in await page.text()
    good = await client.post("/reminders", data=typed | {"at": "2026-03-03T10:00"})
    assert good.status == 200
    assert "Не забыть" in await good.text()


@pytest.mark.rule("OUT-39")
async def test_a_reminder_of_a_call_is_of_its_client(client: Client, services: Services, house: House) -> None:
    business, operator = house.businesses["a"], house.people["operator@a"].agent_id
    assert operator is not None
    await save(services.db, answered(business, operator))
    made = await remind(client, house, call_id="1772442000.1")
    assert made["contact_id"] is not None
    await sign_in(client, "operator@a.example")
    for address in ("/calls/1772442000.1", f"/contacts/{made['contact_id']}?tab=reminders", "/reminders"):
        assert f'data-reminder="{made["id"]}"' in await (await client.get(address)).text(), address
    form = await (await client.get("/reminders/new?call=1772442000.1")).text()
    assert f'href="/contacts/{made["contact_id"]}"' in form
    async with services.db.business(business) as session:
        await contacts.erase(session, [made["contact_id"]])
        assert list(await session.scalars(select(Reminder))) == []
