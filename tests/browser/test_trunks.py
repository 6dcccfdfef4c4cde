"""An administrator connects an own PBX in the page; calls go over it, are in the client's card and recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import access, browser
from tests.support.browser import Person
from tests.support.operator import Operator
from tests.support.stack import Stack, until
from tests.traces.phone import Call

LOGIN, SECRET = "001122", "Right-secret-7"
CLIENT, OWN = "79167770011", "+74959990011"
ADMIN = "admin@demo.example"


async def call_in(pbx: Operator) -> Call:
    return pbx.call_in(LOGIN)


@pytest.fixture
def pbx(stack: Stack) -> Operator:
    found = stack.outside.do(Operator.start(CLIENT, stack.settings.sip_port, tone=660.0))
    assert isinstance(found, Operator)
    found.accounts = {LOGIN: SECRET}
    stack.outside._phones.append(found)
    return found


@pytest.fixture
def admin(stack: Stack, chromium: Browser) -> Iterator[Person]:
    person = browser.person(chromium, stack.base_url)
    person.sign_in(ADMIN, stack.password)
    yield person
    person.context.close()
    assert person.complaints == []


@pytest.mark.timeout(400)
@pytest.mark.rule("TEL-35", "TEL-36", "TEL-37", "API-14")
def test_an_own_pbx_is_connected_used_and_disconnected(
    stack: Stack, admin: Person, pbx: Operator, operator: Person, chromium: Browser
) -> None:
    page = admin.page
    admin.open("/trunks?new=own")
    page.fill('[name="name"]', "Офисная АТС")
    page.fill('[name="number"]', "8 495 999-00-11")
    page.fill('[name="server"]', f"127.0.0.1:{pbx.port}")
    page.fill('[name="domain"]', "pbx.example")
    page.fill('[name="login"]', LOGIN)
    page.fill('[name="password"]', "Wrong-secret")
    page.click("[data-trunk-test]")
    expect(page.locator("[data-trunk-result]")).to_contain_text("не принимает логин или пароль")
    admin.picture("trunk-refused")
    page.fill('[name="password"]', SECRET)
    page.click("[data-trunk-test]")
    expect(page.locator("[data-trunk-result]")).to_contain_text("Сервер отвечает и принимает логин")
    page.locator(".trunk-form summary").click()
    admin.picture("trunk-form")
    page.set_viewport_size({"width": 390, "height": 844})
    wide = page.evaluate(
        "() => [...document.querySelectorAll('#main *')].filter(e => !e.closest('.scroll, .tabs')"
        " && e.getBoundingClientRect().right > 391).map(e => e.outerHTML.slice(0, 120))"
    )
    assert wide == []
    admin.picture("trunk-form-narrow")
    page.set_viewport_size({"width": 1440, "height": 900})
    assert access.faults(page) == []
    page.click('[data-trunk-form] button[type="submit"]')
    saved = page.locator("[data-trunk-saved]")
    expect(saved).to_contain_text("Зарегистрирована", timeout=20_000)
    row = page.locator("tr[data-trunk]", has_text="Офисная АТС")
    expect(row.locator('td[data-part="latency"]')).to_contain_text("мс", timeout=45_000)
    assert access.faults(page) == []
    expect(page.locator(".routing-bar")).to_have_count(0)
    admin.picture("trunks")
    page.emulate_media(color_scheme="dark")
    # Colours move over a moment.
    page.wait_for_function("() => document.getAnimations().every((one) => one.playState !== 'running')")
    admin.picture("trunks-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    admin.picture("trunks-narrow")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1440, "height": 900})

    operator.go_on_line()
    token = stack.token(ADMIN)
    client = stack.api(
        token,
        "POST",
        "/api/v1/contacts",
        {"first_name": "Пётр", "last_name": "Заатээсов", "phones": [{"number": f"+{CLIENT}", "kind": ""}]},
    )["id"]
    until(lambda: pbx.contacts.get(LOGIN, "").startswith(f"sip:{OWN[1:]}@"), what="the line has signed in")
    operator.page.evaluate("() => callcenter.api('PUT', '/api/v1/me/state', { state: 'ready' })")
    call = stack.outside.do(call_in(pbx))
    operator.page.locator("[data-answer]").click(timeout=20_000)
    stack.outside.do(pbx.hears(440.0, 0.6), timeout=20)
    stack.outside.now(call.bye)

    def logged() -> bool:
        found = stack.api(token, "GET", f"/api/v1/calls?contact={client}")["calls"]
        return bool(found) and found[0]["result"] == "answered" and bool(found[0].get("recording"))

    until(logged, timeout=40, what="the call is logged with its recording")
    admin.open(f"/contacts/{client}")
    expect(page.locator("#main")).to_contain_text("Офисная АТС")
    admin.picture("trunk-card")
    admin.open("/trunks")
    row.hover()
    row.get_by_role("button", name="Отключить").click()
    admin.picture("trunk-disconnect")
    page.locator("dialog[open], [role=dialog]").get_by_role("button", name="Отключить").click()
    expect(page.locator("[data-trunk-gone]")).to_contain_text("«Офисная АТС» отключена")
    admin.picture("trunk-gone")
    until(lambda: LOGIN not in pbx.contacts, what="the line has signed out")
    late = stack.ring(pbx, OWN[1:])
    stack.outside.do(late.until("ended"))
    assert late.status in (401, 403, 404)
    page.locator("[data-trunk-gone]").get_by_role("button", name="Вернуть").click()
    expect(page.locator("[data-trunk-saved]")).to_contain_text("Зарегистрирована", timeout=20_000)
    stack.api(token, "DELETE", f"/api/v1/trunks/{json.loads(row.get_attribute('data-trunk') or '0')}")
