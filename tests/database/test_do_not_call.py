"""An outcome of a talk writes the client's number among those that must not be called (OBD-05)."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.storage.scope import Database
from tests.support.call_log import CLIENT, answered, save
from tests.support.house import House

Client = TestClient[Any, Any]
CALL = "1772442000.1"
OUTCOMES = [{"title": "Согласен", "kind": "success"}, {"title": "Просит не звонить", "kind": "do_not_call"}]


async def refused(client: Client, house: House) -> dict[str, str]:
    answer = await client.get("/api/v1/do-not-call", headers=house.headers("supervisor@a"))
    return {one["number"]: one["reason"] for one in (await answer.json())["numbers"]}


@pytest.mark.rule("OBD-05")
async def test_an_outcome_puts_the_number_among_those_that_must_not_be_called(
    client: Client, house: House, db: Database
) -> None:
    operator = house.people["operator@a"].agent_id
    assert operator is not None
    await save(db, answered(house.businesses["a"], operator))
    body = {"name": "Продажа", "kind": "in", "text": "<p>Да</p>", "outcomes": OUTCOMES}
    made = await (await client.post("/api/v1/scripts", json=body, headers=house.headers("supervisor@a"))).json()
    yes, never = (one["id"] for one in made["outcomes"])

    async def say(outcome: int | None) -> None:
        said = {"script_id": made["id"], "outcome_id": outcome}
        answer = await client.put(f"/api/v1/calls/{CALL}/outcome", json=said, headers=house.headers("operator@a"))
        assert answer.status == 200, await answer.text()

    await say(yes)
    assert await refused(client, house) == {}
    await say(never)
    assert await refused(client, house) == {CLIENT: "Просит не звонить"}
    # A slip of the finger is taken back.
    await say(yes)
    assert await refused(client, house) == {}
    # What somebody else wrote down stays.
    form = {"numbers": CLIENT, "reason": "Письмо"}
    await client.post("/api/v1/do-not-call", json=form, headers=house.headers("supervisor@a"))
    await say(never)
    await say(None)
    assert await refused(client, house) == {CLIENT: "Письмо"}
