"""Emergency closing and refused spam: the truth is ours, Asterisk's database follows it."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.errors import Unavailable
from callcenter.core.events import Alert, LinkChanged
from callcenter.features.gates import handlers
from callcenter.features.gates.gateway import Gates
from callcenter.http.permissions import ROLES
from callcenter.plugin import Services
from tests.support.call_log import CLIENT, answered, line, save
from tests.support.house import FakeTelephony, House

Client = TestClient[Any, Any]


class Ledger:
    """Asterisk's database in memory, and what was done to it."""

    def __init__(self) -> None:
        self.keys: dict[str, set[str]] = {}
        self.done: list[tuple[str, str, str]] = []
        self.away = False

    async def put(self, family: str, key: str, value: str) -> None:
        self._there()
        self.keys.setdefault(family, set()).add(key)
        self.done.append(("put", family, key))

    async def delete(self, family: str, key: str) -> None:
        self._there()
        self.keys.get(family, set()).discard(key)
        self.done.append(("delete", family, key))

    async def listing(self, family: str) -> list[str]:
        self._there()
        return sorted(self.keys.get(family, set()))

    def _there(self) -> None:
        if self.away:
            raise Unavailable("away")


@pytest.fixture
def ledger(services: Services, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    made = Ledger()
    gateway = services.telephony.gateway
    monkeypatch.setattr(gateway, "database_put", made.put)
    monkeypatch.setattr(gateway, "database_delete", made.delete)
    monkeypatch.setattr(gateway, "database_keys", made.listing)
    return made


async def put(client: Client, house: House, who: str, closed: bool) -> int:
    answer = await client.put("/api/v1/closing", json={"closed": closed}, headers=house.headers(who))
    return answer.status


@pytest.mark.rule("INQ-06")
@pytest.mark.parametrize("role", ROLES)
async def test_supervisors_close_the_company_at_once_and_open_it_again(
    client: Client, services: Services, house: House, ledger: Ledger, role: str
) -> None:
    alerts: list[Alert] = []
    services.bus.listen(Alert, alerts.append)
    business, gates = house.businesses["a"], services.part(Gates, Gates)
    may = role in ("owner", "administrator", "supervisor")
    assert await put(client, house, f"{role}@a", True) == (200 if may else 403)
    await gates.settle()
    assert ledger.keys.get("cc-closed", set()) == ({str(business)} if may else set())
    assert [(one.active, one.business_id) for one in alerts] == ([(True, business)] if may else [])
    if not may:
        return
    page = await (await client.get("/closing", headers=house.headers("supervisor@a"))).text()
    assert "data-closed-now" in page
    assert f"{role.title()} A" in page
    log = await (await client.get("/audit", headers=house.headers("owner@a"))).text()
    assert "Закрыл компанию для всех звонящих" in log
    # Another company is not touched, and neither a second press nor one of its people changes ours.
    assert await put(client, house, "owner@b", False) == 200
    await put(client, house, f"{role}@a", True)
    await gates.settle()
    assert ledger.done == [("put", "cc-closed", str(business))]
    assert await put(client, house, f"{role}@a", False) == 200
    await gates.settle()
    assert ledger.keys["cc-closed"] == set()
    assert alerts[-1].active is False


@pytest.mark.rule("INQ-07")
async def test_spam_is_refused_when_the_company_wishes_so(
    client: Client, services: Services, house: House, ledger: Ledger
) -> None:
    business, gates = house.businesses["a"], services.part(Gates, Gates)
    number_id = await line(services.db, business)
    agent = house.people["operator@a"].agent_id
    assert agent is not None
    await save(services.db, answered(business, agent, number_id=number_id))
    headers, family = house.headers("owner@a"), f"cc-blocked-{business}"

    async def mark(spam: bool) -> None:
        path = "/api/v1/calls/1772442000.1/spam"
        answer = await client.post(path, json={"spam": spam}, headers=headers)
        assert answer.status == 200, await answer.text()
        await gates.settle()

    await mark(True)
    # Off until somebody switches it on.
    assert ledger.keys.get(family, set()) == set()
    assert (await client.patch("/api/v1/closing", json={"refuse_spam": True}, headers=headers)).status == 200
    await gates.settle()
    assert ledger.keys[family] == {CLIENT}
    await mark(False)
    assert ledger.keys[family] == set()
    await mark(True)
    await client.patch("/api/v1/closing", json={"refuse_spam": False}, headers=headers)
    await gates.settle()
    assert ledger.keys[family] == set()
    supervisor = await client.patch(
        "/api/v1/closing", json={"refuse_spam": True}, headers=house.headers("supervisor@a")
    )
    assert supervisor.status == 403


async def test_what_asterisk_missed_is_made_up_for_when_it_is_back_and_only_that(
    client: Client, services: Services, house: House, ledger: Ledger
) -> None:
    assert isinstance(services.telephony, FakeTelephony)
    business, gates = house.businesses["a"], services.part(Gates, Gates)
    services.telephony.is_up = False
    await put(client, house, "owner@a", True)
    assert (await (await client.get("/api/v1/closing", headers=house.headers("owner@a"))).json())["reached"] is False
    assert ledger.done == []
    # Meanwhile somebody else's key stands there, and one of a business that is open.
    ledger.keys = {"cc-closed": {"77"}, "other": {"x"}}
    services.telephony.is_up = True
    await handlers.on_link(services, LinkChanged(at=0.0, up=True))
    await gates.settle()
    assert ledger.keys == {"cc-closed": {str(business)}, "other": {"x"}}
    assert len(ledger.done) == 2
    await handlers.on_link(services, LinkChanged(at=0.0, up=True))
    await gates.settle()
    assert len(ledger.done) == 2


async def test_an_asterisk_that_does_not_answer_is_asked_again(
    client: Client, services: Services, house: House, ledger: Ledger
) -> None:
    business, gates = house.businesses["a"], services.part(Gates, Gates)
    ledger.away = True
    await put(client, house, "owner@a", True)
    assert not gates.settled
    ledger.away = False
    await gates.settle()
    assert ledger.keys["cc-closed"] == {str(business)}


async def test_an_emergency_prompt_must_be_there(client: Client, services: Services, house: House) -> None:
    headers = house.headers("owner@a")
    answer = await client.post(
        "/closing/settings", data={"prompt": "demo-sales", "refuse_spam": "true"}, headers=headers
    )
    assert answer.status == 200
    shown = await (await client.get("/api/v1/closing", headers=headers)).json()
    assert (shown["prompt"], shown["refuse_spam"]) == ("demo-sales", True)
    answer = await client.post("/closing/settings", data={"prompt": "../x"}, headers=headers)
    assert answer.status == 422
    assert "больше нет" in await answer.text()
