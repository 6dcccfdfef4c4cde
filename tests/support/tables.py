"""Tables for tests of imports, and the way of a file through the API."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import aiohttp
import openpyxl
from aiohttp.test_utils import TestClient

from callcenter.features.work import api as work
from callcenter.plugin import Services
from tests.support.house import House

Client = TestClient[Any, Any]


def csv_of(*rows: Sequence[str], separator: str = ";", encoding: str = "utf-8-sig") -> bytes:
    """A text table."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx_of(*rows: Sequence[Any]) -> bytes:
    """A workbook with one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def upload(
    client: Client, house: House, data: bytes, name: str = "clients.csv", who: str = "operator@a", **fields: str
) -> tuple[int, dict[str, Any]]:
    """Sends a file; gives status and answer."""
    form = aiohttp.FormData()
    for key, value in fields.items():
        form.add_field(key, value)
    form.add_field("file", data, filename=name, content_type="application/octet-stream")
    answer = await client.post("/api/v1/imports", data=form, headers=house.headers(who))
    return answer.status, await answer.json()


async def begin(
    client: Client, house: House, import_id: int, who: str = "operator@a", **options: Any
) -> dict[str, Any]:
    """Starts an import."""
    answer = await client.post(f"/api/v1/imports/{import_id}/start", json=options, headers=house.headers(who))
    assert answer.status == 200, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


async def state(client: Client, house: House, import_id: int, who: str = "operator@a") -> dict[str, Any]:
    """An import as the API shows it."""
    answer = await client.get(f"/api/v1/imports/{import_id}", headers=house.headers(who))
    assert answer.status == 200, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


async def load(
    client: Client,
    services: Services,
    house: House,
    data: bytes,
    *,
    name: str = "clients.csv",
    who: str = "operator@a",
    fields: dict[str, str] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Uploads, starts and waits for the end."""
    status, made = await upload(client, house, data, name, who, **(fields or {}))
    assert status == 201, made
    await begin(client, house, made["id"], who, **options)
    await work.office(services).idle()
    return await state(client, house, made["id"], who)
