"""An employee sets up his softphone: facts, a code that is good once, a new password; nobody else's."""

from __future__ import annotations

import html
import logging
import re
from typing import Any

import msgspec
import pytest
import segno
from aiohttp.test_utils import TestClient

from callcenter.core.clock import FixedClock
from callcenter.core.events import ConfigChanged
from callcenter.plugin import Services
from tests.support.house import House

Client = TestClient[Any, Any]
API = "/api/v1/me/softphone"


async def read(client: Client, house: House, who: str = "operator@a") -> dict[str, Any]:
    answer = await client.get(API, headers=house.headers(who))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store, private"
    found: dict[str, Any] = await answer.json()
    return found


def path(link: str) -> str:
    return link[link.index("/softphone/") :]


@pytest.mark.rule("DPL-07")
async def test_facts_and_the_code_are_ones_own_and_the_code_is_good_once(
    client: Client, services: Services, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    services.settings = msgspec.structs.replace(
        services.settings, public_address="203.0.113.7", public_url="https://cc.example/"
    )
    found, other = await read(client, house), await read(client, house, "supervisor@a")
    login = f"a{house.people['operator@a'].agent_id}s"
    assert (found["login"], found["server"]) == (login, f"203.0.113.7:{services.settings.sip_port}")
    assert found["link"].startswith("https://cc.example/softphone/set-up/")
    # The desk's own dialog names the same address.
    headers = house.headers("operator@a")
    devices = (await (await client.get("/api/v1/me/devices", headers=headers)).json())["devices"]
    assert [one["server"] for one in devices if one["kind"] == "sip"] == [found["server"]]
    assert other["password"] != found["password"]
    # The phone's own camera has no session.
    client.session.cookie_jar.clear()
    fetched = await client.get(path(found["link"]))
    assert (fetched.status, fetched.content_type) == (200, "application/xml")
    assert fetched.headers["Cache-Control"] == "no-store, private"
    text = await fetched.text()
    assert login in text
    assert found["password"] in text
    assert (await client.get(path(found["link"]))).status == 404
    # Another's use takes nothing from mine, a new page takes the old code's place.
    assert other["password"] in await (await client.get(path(other["link"]))).text()
    first, second = await read(client, house), await read(client, house)
    assert (await client.get(path(first["link"]))).status == 404
    assert (await client.get(path(second["link"]))).status == 200
    assert found["password"] not in caplog.text


@pytest.mark.rule("DPL-07")
async def test_a_code_is_good_for_ten_minutes(client: Client, house: House, clock: FixedClock) -> None:
    old = await read(client, house)
    clock.advance(601)
    assert (await client.get(path(old["link"]))).status == 404
    new = await read(client, house)
    clock.advance(590)
    assert (await client.get(path(new["link"]))).status == 200


@pytest.mark.rule("DPL-07")
async def test_the_page_shows_the_code_and_renews_the_password(
    client: Client, services: Services, house: House
) -> None:
    told: list[ConfigChanged] = []
    services.bus.listen(ConfigChanged, told.append)
    headers = house.headers("operator@a")
    page = await (await client.get("/softphone", headers=headers)).text()
    link = html.unescape(re.findall(r"data-link>([^<]+)<", page)[0])
    assert segno.make(link, error="m", micro=False).svg_inline(border=2, omitsize=True) in page
    file = await client.get("/softphone/file/microsip", headers=headers)
    assert (await client.get(path(link))).status == 200, "who takes the file may still use the code"
    before = (await read(client, house))["password"]
    assert html.escape(before) in page
    assert "attachment" in file.headers["Content-Disposition"]
    assert before in await file.text()
    answer = await client.post("/softphone/password", headers=headers)
    assert answer.status == 200
    assert "Пароль новый" in await answer.text()
    after = (await read(client, house))["password"]
    assert after != before
    assert [one.what for one in told] == ["devices"]
    # Without a phone there is nothing to set up.
    nothing = await client.get("/softphone", headers=house.headers("owner@a"))
    assert nothing.status in (200, 403)
    assert before not in await nothing.text()
