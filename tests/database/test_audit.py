"""The audit log: words in both languages, filters, paging, csv, rights (PLT-07)."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.features.accounts.models import AuditEntry
from callcenter.plugin import Services
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


async def write(services: Services, house: House, *entries: dict[str, Any], key: str = "a") -> None:
    async with services.db.business(house.businesses[key]) as session:
        for number, one in enumerate(entries):
            values = {
                "at": NOW + timedelta(minutes=number),
                "action": "call.comment",
                "ip": "10.0.0.7",
                "detail": {},
            } | one
            session.add(AuditEntry(**values))


async def entries(
    client: Client, house: House, who: str = "owner@a", language: str = "ru", **query: Any
) -> dict[str, Any]:
    headers = house.headers(who) | {"Accept-Language": language}
    answer = await client.get("/api/v1/audit", params=query, headers=headers)
    assert answer.status == 200, await answer.text()
    return dict(await answer.json())


@pytest.mark.rule("PLT-07")
async def test_who_did_what_to_what_from_where_and_when(client: Client, services: Services, house: House) -> None:
    owner = house.people["owner@a"].user_id
    await write(
        services,
        house,
        {
            "action": "recording.download",
            "object_type": "recording",
            "object_id": "7",
            "user_id": owner,
            "detail": {"format": "mp3"},
        },
        {"action": "something.new", "user_id": owner, "detail": {"secret": "<b>"}},
    )
    await write(services, house, {"action": "call.comment"}, key="b")
    found = await entries(client, house)
    assert found["total"] == 2
    new, download = found["entries"]
    assert (new["said"], new["detail"]) == ("something.new", {"secret": "<b>"})
    assert (download["said"], download["person"], download["ip"]) == (
        "Скачал запись разговора (mp3)",
        "Owner A",
        "10.0.0.7",
    )
    assert (download["object_type"], download["object_id"], download["at"][:16]) == (
        "recording",
        "7",
        "2026-03-02T09:00",
    )
    page = await (await client.get("/audit", headers=house.headers("owner@a"))).text()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page.partition('id="audit"')[2].partition("</section>")[0]


@pytest.mark.rule("PLT-07")
async def test_filters_narrow(client: Client, services: Services, house: House) -> None:
    owner, admin = house.people["owner@a"].user_id, house.people["administrator@a"].user_id
    await write(
        services,
        house,
        {"user_id": owner, "action": "contact.delete", "object_type": "contact", "object_id": "5"},
        {"user_id": admin, "action": "contact.archive", "object_type": "contact", "object_id": "6"},
        {
            "user_id": admin,
            "action": "call.comment",
            "object_type": "call",
            "object_id": "1.1",
            "at": NOW - timedelta(days=3),
        },
    )
    for query, actions in (
        ({"person": admin}, ["call.comment", "contact.archive"]),
        ({"action": "contact."}, ["contact.archive", "contact.delete"]),
        ({"action": "contact.delete"}, ["contact.delete"]),
        ({"object": "contact", "object_id": "6"}, ["contact.archive"]),
        ({"from": "2026-03-02"}, ["contact.archive", "contact.delete"]),
        ({"to": "2026-02-28"}, ["call.comment"]),
        ({"from": "2026-03-03"}, []),
        ({"action": "%"}, []),
    ):
        found = await entries(client, house, **query)
        assert [one["action"] for one in found["entries"]] == actions, query
    for wrong in ({"from": "yesterday"}, {"person": "x"}, {"page": "-1"}):
        answer = await client.get("/api/v1/audit", params=wrong, headers=house.headers("owner@a"))
        assert answer.status == 422


@pytest.mark.rule("PLT-07")
async def test_pages_and_the_file(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.features.audit.pages.PORTION", 20)
    await write(services, house, *({"object_id": str(n), "detail": {"name": "=1+1"}} for n in range(120)))
    second = await entries(client, house, page=2)
    assert [one["object_id"] for one in second["entries"]] == [str(n) for n in range(69, 19, -1)]
    answer = await client.get("/api/v1/audit/file", params={"action": "call.comment"}, headers=house.headers("owner@a"))
    rows = list(csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [row[3].strip() for row in rows[1:]] == [str(n) for n in range(119, -1, -1)]
    # Who took the log away stands in it too.
    [entry] = (await entries(client, house, action="audit.export"))["entries"]
    assert entry["detail"] == {"rows": 120, "filter": {"action": "call.comment"}}


@pytest.mark.rule("PLT-07")
@pytest.mark.parametrize("who", ["supervisor@a", "operator@a", "guest@a"])
async def test_only_administrators_see_it(client: Client, house: House, who: str) -> None:
    for path in ("/audit", "/api/v1/audit", "/api/v1/audit/file"):
        assert (await client.get(path, headers=house.headers(who))).status == 403
