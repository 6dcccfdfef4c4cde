"""Numbers are confirmed by a code; without a confirmation nobody calls out where the company chose that."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from callcenter.core.clock import FixedClock
from callcenter.core.events import Alert, ConfigChanged, MemberNotice, SpyChanged
from callcenter.features.accounts.models import AuditEntry
from callcenter.features.confirmations.models import NumberCode, NumberConfirmation
from callcenter.features.dialplan import queries as dialplan
from callcenter.features.numbers import api as numbers
from callcenter.features.outgoing import gateway, handlers, jobs
from callcenter.features.outgoing.usecases import confirming
from callcenter.plugin import Services
from callcenter.telephony.asterisk.errors import AsteriskError
from tests.support.call_log import CLIENT, OWN, line
from tests.support.confirmed import confirm
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
MOBILE, OTHER, SERVICE = "+79161234567", "+79161234568", "+78005550000"
ADMIN, MAN = "administrator@a", "operator@a"


class Gateway:
    """An SMS gateway: what came in, and how it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.came: list[tuple[str, dict[str, str]]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.came.append((request.headers.get("Authorization", ""), await request.json()))
        return web.Response(status=self.status)

    @property
    def code(self) -> str:
        found = re.search(r"\d{6}", self.came[-1][1]["text"])
        assert found is not None
        return found[0]


@pytest.fixture
async def sms(services: Services) -> AsyncIterator[Gateway]:
    found = Gateway()
    app = web.Application()
    app.router.add_post("/send", found.take)
    server = TestServer(app)
    await server.start_server()
    services.settings = msgspec.structs.replace(
        services.settings, sms_url=str(server.make_url("/send")), sms_secret="Gateway-secret", service_number=SERVICE
    )
    yield found
    await server.close()


@pytest.fixture
def online(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody's phone is on line."""

    async def there(_agent_id: int) -> set[str]:
        return {"webrtc"}

    monkeypatch.setattr(services.telephony, "device_online", there)


async def api(client: Client, house: House, who: str, method: str, path: str, **body: Any) -> tuple[int, Any]:
    answer = await client.request(method, f"/api/v1{path}", json=body or None, headers=house.headers(who))
    return answer.status, await answer.json() if answer.status != 204 else None


async def choose(client: Client, house: House, number_mode: str, caller_mode: str, number: str = "") -> int:
    body = {"number_mode": number_mode, "caller_mode": caller_mode, "number": number}
    return (await api(client, house, ADMIN, "PUT", "/calling-settings", **body))[0]


async def dial(client: Client, house: House, services: Services, who: str = MAN) -> tuple[str, str]:
    """What a click gives: ('', number that is shown) or (the error's code, its message)."""
    commands: list[Any] = services.telephony.commands  # type: ignore[attr-defined]
    commands.clear()
    status, body = await api(client, house, who, "POST", "/calls", to=CLIENT)
    if status == 201:
        return "", next(one for name, one in commands if name == "dial")["caller_id"]
    assert not any(name == "dial" for name, _ in commands)
    return body["error"]["code"], body["error"]["message"]


@pytest.mark.rule("TEL-33")
async def test_a_code_comes_by_sms_and_confirms_the_number(
    client: Client, services: Services, house: House, sms: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    business = house.businesses["a"]
    await line(services.db, business)
    asked = {"number": "8 916 123-45-67", "way": "sms", "mine": False}
    status, body = await api(client, house, ADMIN, "POST", "/confirmations", **asked)
    assert (status, body["until"]) == (202, "2026-03-02T09:10:00Z")
    secret, message = sms.came[0]
    assert (secret, message["to"]) == ("Bearer Gateway-secret", MOBILE)
    code = sms.code
    async with services.db.business(business) as session:
        row = (await session.scalars(select(NumberCode))).one()
        assert code not in row.code_hash
        audits = [str(one.detail) for one in await session.scalars(select(AuditEntry))]
    assert audits
    assert not any(code in one for one in (*audits, caplog.text))
    # The company's code confirms nothing of mine, and a wrong one nothing at all.
    status, body = await api(client, house, MAN, "POST", "/confirmations/check", number=MOBILE, code=code, mine=True)
    assert (status, body["error"]["code"]) == (409, "no_code")
    assert (await api(client, house, MAN, "POST", "/confirmations/check", number=MOBILE, code=code))[0] == 403
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    status, body = await api(client, house, ADMIN, "POST", "/confirmations/check", number=MOBILE, code=wrong)
    assert (status, body["error"]["fields"]) == (422, {"code": "Код неверный. Осталось попыток: 4."})
    status, body = await api(
        client, house, ADMIN, "POST", "/confirmations/check", number=MOBILE, code=f"{code[:3]} {code[3:]}"
    )
    assert (status, body["state"], body["until"]) == (200, "valid", "2026-06-02T09:00:00Z")
    # It counts once, and here only.
    status, body = await api(client, house, ADMIN, "POST", "/confirmations/check", number=MOBILE, code=code)
    assert (status, body["error"]["code"]) == (409, "no_code")
    async with services.db.business(house.businesses["b"]) as session:
        assert list(await session.scalars(select(NumberConfirmation))) == []


@pytest.mark.rule("TEL-33")
async def test_a_code_ends_after_ten_minutes_and_after_five_tries(
    client: Client, services: Services, house: House, sms: Gateway, clock: FixedClock
) -> None:
    async def ask() -> str:
        status, _ = await api(client, house, MAN, "POST", "/confirmations", number=MOBILE, way="sms", mine=True)
        assert status == 202
        return sms.code

    async def check(code: str) -> str:
        body = {"number": MOBILE, "code": code, "mine": True}
        found = (await api(client, house, MAN, "POST", "/confirmations/check", **body))[1]
        return str(found["error"]["code"] if "error" in found else found["state"])

    first = await ask()
    clock.advance(600)
    assert await check(first) == "no_code"
    second, third = await ask(), await ask()
    if second != third:
        # Only the newest counts.
        assert await check(second) == "wrong_code"
    for _ in range(5):
        last = await check("12345")
    assert last == "no_tries"
    assert await check(third) == "no_tries"
    assert await check(await ask()) == "valid"
    await ask()
    # Five in an hour, then it is said when to try again.
    status, body = await api(client, house, MAN, "POST", "/confirmations", number=MOBILE, way="sms", mine=True)
    assert status == 429
    assert "через 50 мин" in body["error"]["message"]
    # Nor are there more codes for this telephone by somebody else, of whatever company.
    status, _ = await api(client, house, "owner@b", "POST", "/confirmations", number=MOBILE, way="sms", mine=False)
    assert status == 429
    assert len(sms.came) == 5
    clock.advance(3600)
    await jobs.follow(services)
    async with services.db.system() as session:
        assert list(await session.scalars(select(NumberCode))) == []
    await ask()


@pytest.mark.rule("TEL-33")
async def test_a_code_comes_by_a_call_and_the_code_is_only_in_the_sound(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    business = house.businesses["a"]
    notices: list[MemberNotice] = []
    services.bus.listen(MemberNotice, notices.append)
    said: list[tuple[str, str]] = []
    gone: list[str] = []
    ordered: list[dict[str, Any]] = []

    def speak(_settings: Any, text: str, language: str) -> str:
        said.append((text, language))
        return "ab12"

    async def dictate(**arguments: Any) -> str:
        ordered.append(arguments)
        return f"s17724420000{len(ordered):02}.00000000"

    monkeypatch.setattr(gateway, "speak", speak)
    monkeypatch.setattr(gateway, "forget", lambda _settings, name="": gone.append(name))
    monkeypatch.setattr(services.telephony.dictating, "dictate", dictate)
    asked = {"number": MOBILE, "way": "call", "mine": True}
    # Without a line nobody can be called, and without a gateway no SMS is sent: the page says why.
    status, body = await api(client, house, MAN, "POST", "/confirmations", **asked)
    assert (status, body["error"]["code"]) == (409, "way_unavailable")
    assert "Нет линии" in body["error"]["message"]
    status, body = await api(client, house, MAN, "POST", "/confirmations", **(asked | {"way": "sms"}))
    assert (status, body["error"]["code"]) == (409, "way_unavailable")
    number_id = await line(services.db, business)
    async with services.db.business(business) as session:
        trunk = await numbers.create_trunk(session, business_id=business, name="T", host="127.0.0.1", at=NOW)
        await numbers.bind_trunk(session, number_id, trunk)
    page = await (await client.get(f"/confirm?number=%2B{MOBILE[1:]}&place=mine", headers=house.headers(MAN))).text()
    assert 'data-unavailable="sms"' in page
    assert 'data-unavailable="call"' not in page
    status, _ = await api(client, house, MAN, "POST", "/confirmations", **asked)
    assert status == 202
    assert ordered == [{"to": MOBILE, "trunk_id": trunk, "caller_id": OWN, "sound": "ab12"}]
    text, language = said[0]
    assert (language, text.startswith("Здравствуйте! Ваш код подтверждения:")) == ("ru", True)
    code = "".join(re.findall(r"(\d)\.", text))
    assert len(code) == 6
    # Nobody answered: who asked is told, and the sound is gone.
    await handlers.on_leg(services, SpyChanged(at=0.0, spy_id="s1772442000001.00000000", state="ended"))
    assert gone == ["ab12"]
    assert (notices[-1].membership_id, notices[-1].kind) == (house.people[MAN].membership_id, "error")
    assert confirming.dictations(services).going == {}
    # An answered one tells nothing more.
    await api(client, house, MAN, "POST", "/confirmations", **asked)
    told = len(notices)
    for state in ("up", "ended"):
        await handlers.on_leg(services, SpyChanged(at=0.0, spy_id="s1772442000002.00000000", state=state))  # type: ignore[arg-type]
    assert len(notices) == told
    code = "".join(re.findall(r"(\d)\.", said[-1][0]))
    status, body = await api(client, house, MAN, "POST", "/confirmations/check", number=MOBILE, code=code, mine=True)
    assert (status, body["state"]) == (200, "valid")


async def test_what_cannot_be_confirmed_is_said_so(
    client: Client, services: Services, house: House, sms: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line(services.db, house.businesses["a"])
    for number in ("", "12", "x" * 50):
        status, body = await api(client, house, ADMIN, "POST", "/confirmations", number=number, way="sms", mine=False)
        assert (status, list(body["error"]["fields"])) == (422, ["number"])
    status, body = await api(client, house, ADMIN, "POST", "/confirmations", number=OWN, way="sms", mine=False)
    assert status == 422
    assert "подтверждать её не нужно" in body["error"]["message"]
    # Who has no phone here has no number of his own; the company's is an administrator's matter.
    assert (await api(client, house, ADMIN, "POST", "/confirmations", number=MOBILE, way="sms", mine=True))[0] == 409
    assert (await api(client, house, MAN, "POST", "/confirmations", number=MOBILE, way="sms", mine=False))[0] == 403
    guest, _ = await api(client, house, "guest@a", "POST", "/confirmations", number=MOBILE, way="sms", mine=True)
    assert guest == 403
    sms.status = 500
    status, body = await api(client, house, ADMIN, "POST", "/confirmations", number=MOBILE, way="sms", mine=False)
    assert (status, body["error"]["code"]) == (503, "no_sms")

    def nowhere(_settings: Any) -> Any:
        raise AsteriskError("no Asterisk")

    monkeypatch.setattr(gateway.Instance, "from_settings", nowhere)
    gateway.forget(services.settings, "ab")
    with pytest.raises(Exception, match="spoken"):
        gateway.speak(services.settings, "1.", "ru")


@pytest.mark.rule("TEL-34")
async def test_a_confirmation_lasts_three_months_is_shown_and_can_be_renewed(
    client: Client, services: Services, house: House, clock: FixedClock
) -> None:
    business, agent = house.businesses["a"], house.people[MAN].agent_id
    headers = house.headers(MAN)
    await api(client, house, MAN, "PUT", "/me/own-number", number=MOBILE)
    assert await confirm(services, business, MOBILE, agent) == datetime(2026, 6, 2, 9, tzinfo=UTC)
    page = await (await client.get("/my-number", headers=headers)).text()
    assert 'data-confirmation="valid"' in page
    assert "до 02.06.2026" in page
    # From 14 days before it is a warning; renewed early it goes on from then.
    clock.advance(timedelta(days=92 - 14).total_seconds())
    assert 'data-confirmation="ending"' in await (await client.get("/my-number", headers=headers)).text()
    assert await confirm(services, business, MOBILE, agent) == datetime(2026, 8, 19, 9, tzinfo=UTC)
    async with services.db.business(business) as session:
        assert len(list(await session.scalars(select(NumberConfirmation)))) == 1
    assert (await api(client, house, MAN, "GET", "/me/own-number"))[1]["state"] == "valid"
    clock.advance(timedelta(days=92).total_seconds())
    page = await (await client.get("/my-number", headers=headers)).text()
    assert 'data-confirmation="expired"' in page


@pytest.mark.usefixtures("online")
@pytest.mark.rule("TEL-28", "TEL-29", "TEL-31")
async def test_calls_out_need_the_common_number_confirmed_and_show_it(
    client: Client, services: Services, house: House, sms: Gateway, clock: FixedClock
) -> None:
    business = house.businesses["a"]
    await line(services.db, business)
    assert await dial(client, house, services) == ("", OWN)
    assert await choose(client, house, "common", "own") == 200
    code, text = await dial(client, house, services)
    assert code == "unconfirmed"
    assert "номер компании не подтверждён" in text
    await choose(client, house, "common", "own", "8 (916) 123-45-67")
    assert (await dial(client, house, services))[0] == "unconfirmed"
    # What an employee confirmed for himself is not the company's.
    await confirm(services, business, MOBILE, house.people[MAN].agent_id)
    assert (await dial(client, house, services))[0] == "unconfirmed"
    await confirm(services, business, MOBILE)
    assert await dial(client, house, services) == ("", MOBILE)
    assert await dial(client, house, services, "supervisor@a") == ("", MOBILE)
    # Another number is another confirmation.
    await choose(client, house, "common", "own", OTHER)
    assert (await dial(client, house, services))[0] == "unconfirmed"
    # A line of the company needs none: its operator vouches for it.
    await choose(client, house, "common", "own", OWN)
    assert await dial(client, house, services) == ("", OWN)
    await choose(client, house, "common", "own", MOBILE)
    clock.advance(timedelta(days=92).total_seconds())
    assert (await dial(client, house, services))[0] == "unconfirmed"
    await choose(client, house, "common", "line", MOBILE)
    assert await dial(client, house, services) == ("", OWN)


@pytest.mark.usefixtures("online")
@pytest.mark.rule("TEL-29", "TEL-30", "TEL-31")
async def test_everybody_calls_with_his_own_number_and_administrators_see_whose_is_confirmed(
    client: Client, services: Services, house: House
) -> None:
    business = house.businesses["a"]
    man, chief = house.people[MAN].agent_id, house.people["supervisor@a"].agent_id
    await line(services.db, business)
    await choose(client, house, "personal", "own")
    code, text = await dial(client, house, services)
    assert code == "unconfirmed"
    assert "Мой номер для звонков" in text
    assert (await api(client, house, MAN, "PUT", "/me/own-number", number="12"))[0] == 422
    await api(client, house, MAN, "PUT", "/me/own-number", number=MOBILE)
    await api(client, house, "supervisor@a", "PUT", "/me/own-number", number=OTHER)
    # Neither the company's nor another one's confirmation makes it his.
    await confirm(services, business, MOBILE)
    await confirm(services, business, MOBILE, chief)
    assert (await dial(client, house, services))[0] == "unconfirmed"
    await confirm(services, business, MOBILE, man)
    assert await dial(client, house, services) == ("", MOBILE)
    assert (await dial(client, house, services, "supervisor@a"))[0] == "unconfirmed"
    found = (await api(client, house, ADMIN, "GET", "/own-numbers"))[1]["members"]
    assert {one["agent_id"]: (one["own"]["number"], one["own"]["state"]) for one in found} == {
        man: (MOBILE, "valid"),
        chief: (OTHER, "none"),
    }
    page = await (await client.get("/calling/numbers", headers=house.headers(ADMIN))).text()
    assert re.search(rf'data-member="{man}".*?data-confirmation="valid".*?до 02\.06\.2026', page, re.DOTALL)
    assert re.search(rf'data-member="{chief}".*?data-confirmation="none"', page, re.DOTALL)
    assert 'href="/calling/numbers"' in await (await client.get("/calling", headers=house.headers(ADMIN))).text()
    assert (await client.get("/calling/numbers", headers=house.headers(MAN))).status == 403
    assert MOBILE not in await (await client.get("/calling/numbers", headers=house.headers("owner@b"))).text()


@pytest.mark.usefixtures("online")
@pytest.mark.rule("TEL-31", "TEL-32")
async def test_a_service_number_is_shown_only_when_an_own_number_is_confirmed(
    client: Client, services: Services, house: House, sms: Gateway
) -> None:
    business = house.businesses["a"]
    await line(services.db, business)
    assert await choose(client, house, "common", "service", MOBILE) == 200
    assert (await dial(client, house, services))[0] == "unconfirmed"
    await confirm(services, business, MOBILE)
    assert await dial(client, house, services) == ("", SERVICE)
    await choose(client, house, "personal", "service")
    assert (await dial(client, house, services))[0] == "unconfirmed"
    await api(client, house, MAN, "PUT", "/me/own-number", number=OTHER)
    assert (await dial(client, house, services))[0] == "unconfirmed"
    await confirm(services, business, OTHER, house.people[MAN].agent_id)
    assert await dial(client, house, services) == ("", SERVICE)
    services.settings = msgspec.structs.replace(services.settings, service_number="")
    status, body = await api(
        client, house, ADMIN, "PUT", "/calling-settings", number_mode="common", caller_mode="service", number=MOBILE
    )
    assert (status, list(body["error"]["fields"])) == (422, ["caller_mode"])


@pytest.mark.rule("TEL-28", "INB-14")
async def test_the_dialplan_learns_who_may_call_and_where_may_be_forwarded(
    client: Client, services: Services, house: House, clock: FixedClock
) -> None:
    business, man = house.businesses["a"], house.people[MAN].agent_id
    assert man is not None
    changes: list[str] = []
    services.bus.listen(ConfigChanged, lambda event: changes.append(event.what))
    alerts: list[Alert] = []
    services.bus.listen(Alert, lambda one: alerts.append(one) if one.key.startswith("confirmation") else None)
    number_id = await line(services.db, business)
    await confirm(services, business, MOBILE)
    wish = {"mode": "one", "number": MOBILE}
    assert (await api(client, house, ADMIN, "PATCH", f"/numbers/{number_id}", forward=wish))[0] == 200
    await choose(client, house, "common", "own", MOBILE)

    async def told() -> tuple[bool, str, bool]:
        now = services.clock.now()
        async with services.db.system() as session:
            callers = await numbers.callers(session, [business], "")
            found = dialplan.numbers(
                await numbers.all_numbers(session), forwardable=await numbers.forwardable(session, now)
            )
        forward = next(one.forward for one in found if one.id == number_id)
        return callers[business].allowed(man, now), callers[business].shown(man), forward is not None

    await jobs.follow(services)
    assert await told() == (True, MOBILE, True)
    assert [one for one in alerts if one.active] == []
    clock.advance(timedelta(days=80).total_seconds())
    await jobs.follow(services)
    assert (alerts[-1].active, alerts[-1].business_id, alerts[-1].values["days"]) == (True, business, 12)
    changes.clear()
    clock.advance(timedelta(days=12).total_seconds())
    await jobs.follow(services)
    assert changes == ["calling"]
    assert await told() == (False, MOBILE, False)
    # It is shown where it is looked for.
    page = await (await client.get(f"/numbers/{number_id}", headers=house.headers(ADMIN))).text()
    assert "data-forward-dead" in page
    assert "Срок подтверждения истёк" in page
    assert "data-forward-dead" in await (await client.get("/numbers", headers=house.headers(ADMIN))).text()
    assert "data-blocked" in await (await client.get("/calling", headers=house.headers(ADMIN))).text()
    view = (await api(client, house, MAN, "GET", "/numbers"))[1]["numbers"][0]
    assert (view["forward_state"], view["forward_until"]) == ("expired", "2026-06-02T09:00:00Z")
    await confirm(services, business, MOBILE)
    assert await told() == (True, MOBILE, True)
    await jobs.follow(services)
    assert not alerts[-1].active


@pytest.mark.rule("TEL-33", "INB-14")
async def test_the_pages_lead_from_a_number_to_its_confirmation_and_back(
    client: Client, services: Services, house: House, sms: Gateway
) -> None:
    business = house.businesses["a"]
    number_id = await line(services.db, business)
    headers = house.headers(ADMIN)
    place = f"number-{number_id}"
    page = await (await client.get(f"/confirm?number=%2B{MOBILE[1:]}&place={place}", headers=headers)).text()
    assert f'href="/numbers/{number_id}"' in page
    assert 'name="code"' not in page
    form = {"number": MOBILE, "place": place}
    page = await (await client.post("/confirm", data=form | {"way": "sms"}, headers=headers)).text()
    assert 'name="code"' in page
    assert sms.code not in page
    page = await (await client.post("/confirm/code", data=form | {"code": "abc"}, headers=headers)).text()
    assert "Код неверный" in page
    done = await client.post("/confirm/code", data=form | {"code": sms.code}, headers=headers, allow_redirects=False)
    assert (done.status, done.headers["Location"]) == (303, f"/numbers/{number_id}?confirmed=1#forward")
    # Nobody is led elsewhere.
    page = await (await client.get("/confirm?number=%2B79161234567&place=//evil", headers=headers)).text()
    assert 'href="/calling"' in page
    wrong = {"number_mode": "common", "caller_mode": "own", "number": "12"}
    answer = await client.post("/calling", data=wrong, headers=headers)
    assert answer.status == 422
    assert (await client.post("/calling", data=wrong | {"number": MOBILE}, headers=headers)).status == 200
    assert (await client.post("/calling", data=wrong, headers=house.headers(MAN))).status == 403
    assert (await client.post("/my-number", data={"number": "12"}, headers=house.headers(MAN))).status == 422
