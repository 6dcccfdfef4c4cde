"""Lines to operators over HTTP: who may connect them, what is kept, what never leaves, what disconnecting means."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from callcenter.core.errors import Unavailable
from callcenter.core.events import ConfigChanged
from callcenter.features.accounts.models import AuditEntry
from callcenter.features.numbers import api as numbers
from callcenter.features.numbers.models import Trunk
from callcenter.features.queues import api as queues
from callcenter.features.trunks import usecases
from callcenter.http.permissions import ROLES
from callcenter.plugin import Services
from callcenter.telephony.probe import Probe
from callcenter.telephony.trunks import TrunkNow
from tests.support.house import House

Client = TestClient[Any, Any]
SECRET = "Pbx-secret-99"
PBX: dict[str, Any] = {
    "name": "Офисная АТС", "number": "8 495 000-00-01", "server": "pbx.companyname.ru:1122", "login": "001122",
    "domain": "companyname.ru", "password": SECRET, "register": True, "caller_rule": "asserted", "watch": True,
}  # fmt: skip


class Lines:
    """What Asterisk and the operators say, and what they were asked."""

    def __init__(self) -> None:
        self.now: dict[int, TrunkNow] = {}
        self.probe = Probe(outcome="ok", status=200, words="OK", latency=12.5)
        self.asked: list[tuple[str, int, dict[str, Any]]] = []
        self.signed_out: list[int] = []


@pytest.fixture
def lines(services: Services, monkeypatch: pytest.MonkeyPatch) -> Lines:
    found = Lines()

    async def trunks(ids: Any) -> dict[int, TrunkNow]:
        if not services.telephony.up:
            raise Unavailable("away")
        return {one: found.now[one] for one in ids if one in found.now}

    async def sign_out(trunk_id: int) -> None:
        found.signed_out.append(trunk_id)

    async def probe(host: str, port: int, **more: Any) -> Probe:
        found.asked.append((host, port, more))
        return found.probe

    monkeypatch.setattr(services.telephony, "trunks", trunks)
    monkeypatch.setattr(services.telephony, "sign_out", sign_out)
    monkeypatch.setattr(usecases.probes, "probe", probe)
    return found


async def connect(client: Client, house: House, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/trunks", json={**PBX, **more}, headers=house.headers("administrator@a"))
    assert answer.status == 201, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


async def row(services: Services, house: House, trunk_id: int) -> Trunk:
    async with services.db.business(house.businesses["a"]) as session:
        return (await session.scalars(select(Trunk).where(Trunk.id == trunk_id))).one()


@pytest.mark.rule("TEL-35", "API-14")
async def test_an_own_pbx_is_connected_and_its_number_belongs_to_the_company(
    client: Client, services: Services, house: House, lines: Lines
) -> None:
    told: list[ConfigChanged] = []
    services.bus.listen(ConfigChanged, told.append)
    made = await connect(client, house)
    assert made["server"] == "pbx.companyname.ru:1122"
    assert made["live"]["state"] == "connecting"
    kept = await row(services, house, made["id"])
    assert (kept.host, kept.port, kept.username, kept.domain) == (
        "pbx.companyname.ru", 1122, "001122", "companyname.ru",
    )  # fmt: skip
    assert (kept.register, kept.caller_rule, kept.qualify_seconds) == (True, "asserted", 20)
    async with services.db.business(house.businesses["a"]) as session:
        found = await numbers.all_numbers(session)
        assert [(one.e164, one.trunk_id, one.takers) for one in found] == [("+74950000001", made["id"], "all")]
        # Its calls are led somewhere from the first moment, not only once somebody has looked at the number.
        own = await queues.own_queue(session, found[0].id)
        assert own is not None
        assert (found[0].target_kind, found[0].target_id) == ("queue", own.id)
        assert len(own.members) == 2
    assert "trunks" in [event.what for event in told]
    lines.now[made["id"]] = TrunkNow(registration="registered", reachable=True, latency=1.8)
    page = await (await client.get(f"/trunks?saved={made['id']}", headers=house.headers("administrator@a"))).text()
    assert "data-trunk-saved" in page
    assert "Зарегистрирована" in page
    assert "1.8 мс" in page


@pytest.mark.rule("TEL-37")
async def test_an_own_pbx_is_edited_and_its_password_never_leaves(
    client: Client, services: Services, house: House, lines: Lines
) -> None:
    made = await connect(client, house)
    headers = house.headers("administrator@a")
    change = {**PBX, "password": "", "name": "АТС", "codecs": ["g722", "ulaw"]}
    answer = await client.put(f"/api/v1/trunks/{made['id']}", json=change, headers=headers)
    assert (answer.status, (await answer.json())["codecs"]) == (200, ["g722", "ulaw"])
    kept = await row(services, house, made["id"])
    assert (kept.name, kept.codecs, kept.password) == ("АТС", "g722,ulaw", SECRET)
    moved = {**PBX, "server": "new.companyname.ru:1123", "login": "001123", "password": "Another-secret"}
    answer = await client.put(f"/api/v1/trunks/{made['id']}", json=moved, headers=headers)
    assert answer.status == 200
    kept = await row(services, house, made["id"])
    assert (kept.host, kept.port, kept.username) == ("new.companyname.ru", 1123, "001123")
    back = {**PBX, "name": "АТС"}
    assert (await client.put(f"/api/v1/trunks/{made['id']}", json=back, headers=headers)).status == 200
    for path in ("/api/v1/trunks", "/trunks", f"/trunks?edit={made['id']}", "/api/v1/trunks/states"):
        text = await (await client.get(path, headers=headers)).text()
        assert SECRET not in text
    async with services.db.business(house.businesses["a"]) as session:
        entries = list(await session.scalars(select(AuditEntry)))
    assert [one.action for one in entries if one.action.startswith("trunk.")] == [
        "trunk.connect", "trunk.change", "trunk.change", "trunk.change",
    ]  # fmt: skip
    assert all(SECRET not in str(one.detail) for one in entries)
    # To another server the kept password is not sent.
    elsewhere = {**PBX, "password": "", "server": "evil.example"}
    answer = await client.post(f"/api/v1/trunks/{made['id']}/test", json=elsewhere, headers=headers)
    assert (answer.status, lines.asked) == (422, [])
    answer = await client.put(f"/api/v1/trunks/{made['id']}", json=elsewhere, headers=headers)
    assert answer.status == 422


@pytest.mark.rule("DPL-06")
async def test_the_state_is_honest(client: Client, services: Services, house: House, lines: Lines) -> None:
    made = await connect(client, house)
    headers = house.headers("administrator@a")

    async def look() -> tuple[str, str]:
        found = (await (await client.get("/api/v1/trunks/states", headers=headers)).json())["states"][0]
        return found["state"], found["detail"]

    lines.now[made["id"]] = TrunkNow(registration="refused", reachable=True)
    lines.probe = Probe(outcome="refused", status=403, words="Forbidden")
    assert await look() == ("refused", "Сервер отвечает, но не принимает логин или пароль. (403 Forbidden)")
    assert lines.asked == [
        (
            "pbx.companyname.ru",
            1122,
            {"login": "001122", "password": SECRET, "domain": "companyname.ru", "timeout": 2.0},
        )
    ]
    await look()
    assert len(lines.asked) == 1
    lines.now[made["id"]] = TrunkNow(registration="registered", reachable=False)
    assert (await look())[0] == "unreachable"
    services.telephony.is_up = False  # type: ignore[attr-defined]
    assert (await look())[0] == "unknown"


async def test_a_line_is_tried_before_it_is_saved(
    client: Client, services: Services, house: House, lines: Lines
) -> None:
    headers = house.headers("administrator@a")
    answer = await client.post("/api/v1/trunks/test", json=PBX, headers=headers)
    assert await answer.json() == {
        "outcome": "ok", "text": "Сервер отвечает и принимает логин.", "latency": 12.5, "status": 200,
    }  # fmt: skip
    async with services.db.business(house.businesses["a"]) as session:
        assert list(await session.scalars(select(Trunk))) == []
    for _ in range(usecases.TRIES_A_MINUTE - 1):
        await client.post("/api/v1/trunks/test", json=PBX, headers=headers)
    assert (await client.post("/api/v1/trunks/test", json=PBX, headers=headers)).status == 429


@pytest.mark.rule("TEL-37")
async def test_disconnecting_says_that_calls_need_another_line_and_can_be_undone(
    client: Client, services: Services, house: House, lines: Lines
) -> None:
    made = await connect(client, house)
    headers = house.headers("administrator@a")
    answer = await client.post(f"/trunks/{made['id']}/disconnect", headers=headers)
    page = await answer.text()
    assert "«Офисная АТС» отключена." in page
    assert "Для новых звонков нужна другая линия или свой номер" in page
    assert lines.signed_out == [made["id"]]
    async with services.db.system() as session:
        assert await numbers.trunks(session) == []
    call = {"to": "+79031234567"}
    answer = await client.post("/api/v1/calls", json=call, headers=house.headers("operator@a"))
    assert (answer.status, (await answer.json())["error"]["code"]) == (409, "no_line")
    await client.post(f"/trunks/{made['id']}/connect", headers=headers)
    async with services.db.system() as session:
        assert [one.password for one in await numbers.trunks(session)] == [SECRET]
    answer = await client.post("/api/v1/calls", json=call, headers=house.headers("operator@a"))
    # There is a line again; the operator's phone is not switched on.
    assert (await answer.json())["error"]["code"] == "offline"


async def test_every_wrong_field_is_named_and_what_was_typed_stays(client: Client, house: House, lines: Lines) -> None:
    headers = house.headers("administrator@a")
    wrong = {
        **PBX, "name": "", "server": "pbx:99999", "login": "a b", "password": "пароль", "codecs": [],
        "caller_rule": "fixed", "caller_id": "x", "match": "1.2.3.4;;<>",
    }  # fmt: skip
    answer = await client.post("/api/v1/trunks", json=wrong, headers=headers)
    assert answer.status == 422
    fields = (await answer.json())["error"]["fields"]
    assert set(fields) == {"name", "server", "login", "password", "codecs", "caller_id", "match"}
    form = {"name": "Новая", "server": "bad server", "register": "true", "login": "u", "password": SECRET}
    answer = await client.post("/trunks", data=form, headers=headers)
    page = await answer.text()
    assert answer.status == 422
    assert 'value="Новая"' in page
    assert SECRET not in page


async def test_only_administrators_see_lines_and_only_their_own(client: Client, house: House, lines: Lines) -> None:
    made = await connect(client, house)
    for role in ROLES:
        answer = await client.get("/api/v1/trunks", headers=house.headers(f"{role}@a"))
        assert answer.status == (200 if role in ("owner", "administrator") else 403)
    other = house.headers("administrator@b")
    assert (await (await client.get("/api/v1/trunks", headers=other)).json())["trunks"] == []
    assert (await client.put(f"/api/v1/trunks/{made['id']}", json=PBX, headers=other)).status == 404
    assert (await client.delete(f"/api/v1/trunks/{made['id']}", headers=other)).status == 404


@pytest.mark.rule("API-14")
async def test_presets_fill_the_form(client: Client, house: House, lines: Lines) -> None:
    headers = house.headers("administrator@a")
    for key, server in (("multifon", "sbc.megafon.ru:5060"), ("sipnet", "sipnet.ru:5060")):
        page = await (await client.get(f"/trunks?new={key}", headers=headers)).text()
        assert f'value="{server}"' in page
