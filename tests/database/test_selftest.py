"""Reports of line tests reach support, and the quality of each call's line is kept."""

from __future__ import annotations

import io
import wave
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from callcenter.storage.scope import Database
from tests.support.call_log import answered, save
from tests.support.house import House

Client = TestClient[Any, Any]
LINE = {"rtt": 40.0, "jitter": 5.0, "loss": 0.5, "mos": 4.3}


async def asked(client: Client, house: House, who: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = await client.request(method, path, headers=house.headers(who), json=body)
    return answer.status, await answer.json()


@pytest.mark.rule("TEL-44")
async def test_a_line_test_goes_to_support_with_the_persons_words(client: Client, house: House) -> None:
    form = {"comment": "Слышно плохо", "browser": "Chrome 156", "checks": {"loud": False, "odd": True}, "line": LINE}
    status, sent = await asked(client, house, "operator@a", "POST", "/api/v1/line-reports", form)
    assert status == 201
    _, found = await asked(client, house, "supervisor@a", "GET", "/api/v1/line-reports")
    (one,) = found["reports"]
    assert (one["id"], one["comment"], one["checks"], one["mos"]) == (sent["id"], "Слышно плохо", {"loud": False}, 4.3)
    assert one["person"]
    page = await (await client.get("/line-reports", headers=house.headers("supervisor@a"))).text()
    assert "Слышно плохо" in page
    assert (await asked(client, house, "operator@a", "GET", "/api/v1/line-reports"))[0] == 403
    _, elsewhere = await asked(client, house, "supervisor@b", "GET", "/api/v1/line-reports")
    assert elsewhere["reports"] == []


async def test_a_report_without_a_line_test_and_a_wrong_one(client: Client, house: House) -> None:
    assert (await asked(client, house, "operator@a", "POST", "/api/v1/line-reports", {"comment": "?"}))[0] == 201
    wrong = {"line": LINE | {"loss": 200}}
    assert (await asked(client, house, "operator@a", "POST", "/api/v1/line-reports", wrong))[0] == 422


@pytest.mark.rule("AGD-17")
async def test_the_quality_of_a_line_is_kept_with_the_call(client: Client, house: House, db: Database) -> None:
    mine = house.people["operator@a"].agent_id
    assert mine is not None
    await save(db, answered(house.businesses["a"], mine, "1.1"))
    path = "/api/v1/calls/1.1/quality"
    assert (await asked(client, house, "operator@a", "POST", path, LINE | {"samples": 5, "worst": 4.0}))[0] == 201
    more = {"rtt": 80.0, "jitter": 5.0, "loss": 3.5, "mos": 3.1, "samples": 15, "worst": 2.0}
    assert (await asked(client, house, "operator@a", "POST", path, more))[0] == 201
    _, found = await asked(client, house, "supervisor@a", "GET", path)
    (line,) = found["lines"]
    assert (line["agent_id"], line["samples"], line["rtt"], line["loss"]) == (mine, 20, 70.0, 2.75)
    assert (line["mos"], line["worst"]) == (3.4, 2.0)
    assert line["word"]
    # Who may not see the call neither reads nor writes.
    assert (await asked(client, house, "supervisor@b", "GET", path))[0] == 404
    assert (await asked(client, house, "operator@b", "POST", path, more | {"samples": 1}))[0] == 404


def wav(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(round(16_000 * seconds)))
    return file.getvalue()


async def put(client: Client, house: House, sound: bytes) -> tuple[int, Any]:
    form = FormData()
    form.add_field("file", sound, filename="ring.wav")
    answer = await client.put("/api/v1/me/melody", data=form, headers=house.headers("operator@a"))
    return answer.status, await answer.json()


@pytest.mark.rule("INB-13")
async def test_an_own_melody_of_at_most_thirty_seconds(client: Client, house: House) -> None:
    headers = house.headers("operator@a")
    assert (await client.get("/api/v1/me/melody", headers=headers)).status == 204
    assert await put(client, house, wav(30.0)) == (200, {"seconds": 30.0})
    assert (await put(client, house, wav(30.5)))[0] == 422
    status, said = await put(client, house, b"ID3 no sound at all")
    assert (status, "WAV" in said["error"]["message"]) == (422, True)
    answer = await client.get("/api/v1/me/melody", headers=headers)
    assert (answer.content_type, await answer.read()) == ("audio/wav", wav(30.0))
    # Others keep theirs.
    assert (await client.get("/api/v1/me/melody", headers=house.headers("supervisor@a"))).status == 204
    assert (await client.delete("/api/v1/me/melody", headers=headers)).status == 200
    assert (await client.get("/api/v1/me/melody", headers=headers)).status == 204
