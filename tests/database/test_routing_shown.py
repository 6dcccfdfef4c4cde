"""What the routing's pages show while an apply goes on, and how prompts are named there."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from sqlalchemy import update

from callcenter.features.dialplan import queries
from callcenter.features.dialplan.usecases import canary, staging
from callcenter.features.numbers.models import Number
from callcenter.features.prompts.models import Prompt
from callcenter.plugin import Services
from tests.database.test_routing import Client, ask, change
from tests.database.test_routing import asterisk as asterisk  # fixture
from tests.database.test_routing import ids as ids  # fixture
from tests.support.house import NOW, House


async def greet(services: Services, ids: dict[str, int]) -> None:
    """Callers are greeted by a prompt of the company's own."""
    async with services.db.business(ids["business"]) as session:
        session.add(
            Prompt(
                business_id=ids["business"], name="b1-0a0b0c0d", title="Утро", kind="upload", language="",
                seconds=2.0, digest="0" * 64, bytes=1, created_at=NOW, changed_at=NOW,
            )
        )  # fmt: skip
        await session.execute(update(Number).where(Number.id == ids["number"]).values(greeting="b1-0a0b0c0d"))


@pytest.mark.rule("DPL-04")
async def test_a_simulated_caller_hears_prompts_by_their_titles(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    await greet(services, ids)
    body = {"number_id": ids["number"], "at": "2026-03-07T20:00", "keys": "1"}
    found = (await ask(client, house, "POST", "/try", **body))[1]
    assert (found["steps"][0]["text"], found["steps"][0]["said"]) == ("b1-0a0b0c0d", "Слышит запись «Утро»")
    await change(services, ids, Number, "number", greeting="standard-arrival")
    found = (await ask(client, house, "POST", "/try", **body))[1]
    assert found["steps"][0]["said"] == "Слышит запись «Приветствие»"


async def test_the_test_call_tells_prompts_by_their_titles(
    client: Client, services: Services, house: House, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def heard(*_: Any) -> dict[str, Any]:
        return {"number": "1", "steps": [["prompt", "standard-arrival"], ["ring", f"q{ids['queue']}"]]}

    monkeypatch.setattr(canary, "call", heard)
    await change(services, ids, Number, "number", greeting="standard-arrival")
    assert (await ask(client, house, "POST", "/apply"))[0] == 200
    live = (await ask(client, house, "GET", ""))[1]["live"]
    assert live["canary"] == ["запись «Приветствие»", "звонок: Продажи"]


@pytest.mark.rule("DPL-02")
async def test_a_page_that_is_read_in_the_middle_of_an_apply_says_so(
    client: Client, services: Services, house: House, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(services, ids, Number, "number", greeting="demo-sales")
    ending, read, goes_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    end, draft = staging._end, staging.draft

    async def at_the_end(*given: Any) -> Any:
        # All is done but for the word in the database.
        ending.set()
        await read.wait()
        return await end(*given)

    async def slow(*given: Any, **named: Any) -> Any:
        found = await draft(*given, **named)
        if named.get("files"):
            read.set()
            await goes_on.wait()
        return found

    monkeypatch.setattr(staging, "_end", at_the_end)
    monkeypatch.setattr(staging, "draft", slow)
    headers = house.headers("administrator@a")
    applying = asyncio.create_task(ask(client, house, "POST", "/apply"))
    await ending.wait()
    page = asyncio.create_task(client.get("/routing", headers=headers))
    await read.wait()
    assert (await applying)[0] == 200
    goes_on.set()
    text = await (await page).text()
    # What it has read is old by now: it must not pass for the state, and it asks on until the apply is done.
    assert "data-progress" in text
    async with services.db.business(ids["business"]) as session:
        live = await queries.live_version(session)
    assert live is not None
    assert live.number == 2
    assert "data-progress" not in await (await client.get("/routing", headers=headers)).text()


async def test_a_redirect_is_logged_as_one(
    client: Client, house: House, ids: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "callcenter.access"):
        answer = await client.post(
            "/routing/setting", data={}, headers=house.headers("administrator@a"), allow_redirects=False
        )
    assert answer.status == 303
    assert "POST /routing/setting 303" in caplog.messages
