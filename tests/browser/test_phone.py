"""The phone in the page: real calls over a real Asterisk, heard at both ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, Playwright, expect

from tests.browser.conftest import AGENT_HZ, leave
from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import OPERATOR, SALES, Stack, until
from tests.support.telephone import Telephone
from tests.traces.phone import Call

CLIENT_HZ = 600.0
# How long a click-to-dial or an answer may take before a test gives up.
SOON = 15_000

# Keeps the page's peer connections where a test can ask them what they hear.
PEERS = """
globalThis.peers = [];
const Real = globalThis.RTCPeerConnection;
globalThis.RTCPeerConnection = class extends Real { constructor(...a) { super(...a); globalThis.peers.push(this); } };
"""
HEARD = """async () => {
    let energy = 0;
    for (const peer of globalThis.peers) for (const [, entry] of await peer.getStats())
        if (entry.type === "inbound-rtp") energy += entry.totalAudioEnergy ?? 0;
    return energy;
}"""
# Counts how often a page asks for the microphone.
# The page learns of the permission only when ``listen`` is called.
SLOW_TO_LISTEN = """() => {
const query = navigator.permissions.query.bind(navigator.permissions);
const gate = new Promise((go) => { globalThis.listen = go; });
navigator.permissions.query = async (what) => { await gate; return query(what); };
}"""
ASKED = """
globalThis.asked = 0;
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (...what) => { globalThis.asked += 1; return ask(...what); };
"""


@pytest.fixture
def agent(operator: Person) -> Person:
    """The operator on line, ready for calls."""
    operator.page.add_init_script(PEERS)
    operator.open("/")
    operator.go_on_line()
    return operator


def client_of(stack: Stack, *, position: bool = True) -> tuple[str, str, str]:
    """A saved client of the demo: number, name, position."""
    with sqlite3.connect(stack.settings.data / "callcenter.sqlite3") as database:
        found: tuple[str, str, str] = database.execute(
            "select p.e164, c.name, c.position from contacts c join contact_phones p on p.contact_id = c.id"
            " where c.state = 'client' and (c.position <> '') = ? order by c.id limit 1", (position,)
        ).fetchone()  # fmt: skip
    return found


def personal_number(stack: Stack, email: str) -> str:
    """The personal number of somebody of the demo."""
    with sqlite3.connect(stack.settings.data / "callcenter.sqlite3") as database:
        (found,) = database.execute(
            "select n.e164 from numbers n join agents a on a.id = n.agent_id"
            " join memberships m on m.id = a.membership_id join users u on u.id = m.user_id"
            " where u.email = ? and n.kind = 'personal'", (email,)
        ).fetchone()  # fmt: skip
    return str(found)


def talk(stack: Stack, agent: Person) -> tuple[Telephone, Call]:
    """A client has called the agent, the agent has answered, both hear each other."""
    phone = stack.caller(tone=CLIENT_HZ)
    call = stack.ring(phone, personal_number(stack, OPERATOR))
    agent.page.locator("[data-answer]").click(timeout=SOON)
    stack.outside.do(call.until("answered"))
    expect(agent.page.locator("#dock")).to_have_class("dock live")
    stack.outside.do(phone.hears(AGENT_HZ))
    return phone, call


def agent_hears(page: Page) -> None:
    """Waits until the page gets sound that is not silence."""
    before = page.evaluate(HEARD)
    until(lambda: page.evaluate(HEARD) > before + 0.001, what="the agent hears the client")


@pytest.mark.rule("TEL-64")
def test_a_call_goes_on_while_the_agent_looks_around(stack: Stack, agent: Person) -> None:
    phone, call = talk(stack, agent)
    page = agent.page
    page.evaluate("globalThis.mark = 'alive'")
    for path in ("/calls", "/agents", "/queues", "/calls", "/"):
        agent.go(path)
        expect(page.locator("#dock")).to_have_class("dock live")
    page.go_back()
    page.wait_for_function("() => location.pathname === '/calls'")
    page.go_back()
    page.wait_for_function("() => location.pathname === '/queues'")
    page.go_forward()
    page.wait_for_function("() => location.pathname === '/calls'")
    # Another tab of the browser shows the same call and leaves it alone.
    second = agent.context.new_page()
    second.goto(agent.base_url + "/")
    expect(second.locator("#dock")).to_have_class("dock live")
    second.close()
    stack.outside.now(phone.forget)
    stack.outside.do(phone.hears(AGENT_HZ))
    agent_hears(page)
    assert page.evaluate("globalThis.mark") == "alive"
    assert not call.states["ended"].is_set()
    page.locator('[data-do="hang"]').click()
    stack.outside.do(call.until("ended"))
    expect(page.locator(".toast")).to_contain_text("Звонок завершён")


@pytest.mark.rule("AGD-11", "TEL-65")
def test_the_card_of_a_known_client_comes_at_once_and_disturbs_no_form(stack: Stack, agent: Person) -> None:
    number, name, position = client_of(stack)
    page = agent.page
    page.evaluate("callcenter.visit('/profile')")
    page.wait_for_function("() => location.pathname === '/profile'")
    field = page.locator('#main input[name="name"]')
    field.fill("Half-typed")
    phone = stack.caller(number.removeprefix("+"), tone=CLIENT_HZ)
    stack.ring(phone, SALES)
    card = page.locator('.callcard[data-card="full"]')
    expect(card).to_be_visible(timeout=60_000)
    expect(card.locator("strong")).to_have_text(name)
    expect(card.locator("[data-position]")).to_have_text(position)
    expect(card.locator("[data-number]")).to_contain_text(number[-2:])
    expect(card.locator("[data-line]")).to_have_text("Линия: Продажи")
    expect(card.locator(".past").first).to_be_visible()
    # Nothing moved: the address, the field, what was typed in it, the focus.
    assert page.evaluate("location.pathname") == "/profile"
    expect(field).to_have_value("Half-typed")
    expect(field).to_be_focused()
    page.keyboard.type("!")
    expect(field).to_have_value("Half-typed!")
    assert agent.measures("ring-to-card")[0] <= 300
    assert agent.measures("ring-to-full-card")[0] <= 300
    agent.picture("ring")
    page.locator(".callcard .btn.warn").click()
    expect(page.locator(".callcard")).to_have_count(0)


def test_the_picture_of_the_readme(stack: Stack, agent: Person) -> None:
    number, name, _ = client_of(stack)
    stack.ring(stack.caller(number.removeprefix("+"), tone=CLIENT_HZ), SALES)
    expect(agent.page.locator('.callcard[data-card="full"] strong')).to_have_text(name, timeout=60_000)
    agent.picture("agent-ring", docs=True)


def test_after_a_reload_the_phone_is_on_line_again_by_itself(stack: Stack, agent: Person) -> None:
    agent.page.reload()
    agent.wait_ready()
    agent.page.wait_for_function("() => callcenter.phone.state.line === 'online'")
    talk(stack, agent)


@pytest.mark.rule("TEL-65")
def test_the_card_of_a_stranger_shows_the_phone_alone(stack: Stack, agent: Person) -> None:
    phone = stack.caller("79161110001", tone=CLIENT_HZ)
    stack.ring(phone, SALES, name="Director of your bank")
    card = agent.page.locator('.callcard[data-card="full"]')
    expect(card).to_be_visible(timeout=60_000)
    expect(card.locator("strong")).to_have_text("+7 (916) 111-00-01")
    expect(card.locator("[data-position], [data-number]")).to_have_count(0)
    expect(card).not_to_contain_text("Director")
    expect(card.locator("[data-line]")).to_have_text("Линия: Продажи")


@pytest.fixture
def unasked(stack: Stack, driver: Playwright) -> Iterator[Person]:
    """The operator in a browser whose microphone was not allowed yet."""
    with browser.chromium(driver, ask=True) as found:
        person = browser.person(found, stack.base_url, permissions=())
        person.page.add_init_script(ASKED)
        person.sign_in(OPERATOR, stack.password)
        yield person
        leave(person)


@pytest.mark.rule("TEL-41")
@pytest.mark.parametrize("when", ["later", "before the page listens"])
def test_a_blocked_microphone_is_explained_and_the_call_goes_on_once_it_is_allowed(
    stack: Stack, unasked: Person, when: str
) -> None:
    page = unasked.page
    if when != "later":
        page.evaluate(SLOW_TO_LISTEN)
    carrier = stack.carrier(tone=CLIENT_HZ)
    page.wait_for_function("() => callcenter.store.state.live")
    assert page.evaluate("globalThis.asked") == 0
    # The first call: the browser is asked for the microphone, and says no.
    page.locator("#dock .dial input").fill("+79161234599")
    page.locator("#dock .dial button[type=submit]").click()
    dialog = page.locator("#mic-help")
    expect(dialog).to_be_visible()
    assert page.evaluate("globalThis.asked") == 1
    expect(dialog.locator("[data-title]")).to_have_text("Браузер не даёт микрофон")
    expect(dialog.locator("[data-steps] li").first).to_contain_text("слева от адреса")
    unasked.picture("microphone-blocked")
    # The person allows it, and touches nothing else: the call is made by itself.
    unasked.context.grant_permissions(["microphone"], origin=unasked.base_url)
    page.evaluate("globalThis.listen?.()")
    call = stack.outside.do(carrier.incoming(20.0))
    stack.outside.now(call.answer)
    expect(page.locator("#dock")).to_have_class("dock live")
    expect(dialog).to_be_hidden()
    page.locator('[data-do="hang"]').click()
    stack.outside.do(call.until("ended"))


@pytest.mark.rule("TEL-23")
def test_click_to_dial_rings_the_agent_first(stack: Stack, agent: Person) -> None:
    page = agent.page
    carrier = stack.carrier(tone=CLIENT_HZ)
    page.locator("#search input").fill("8 916 123-45-98")
    page.locator("#search input").press("Enter")
    call = stack.outside.do(carrier.incoming(20.0))
    # The client rings: the agent's own leg is up by then.
    assert page.evaluate("callcenter.phone.state.call.stage") == "talking"
    expect(page.locator("#dock .clock .waiting")).to_have_text("Вызываю")
    stack.outside.now(call.ring)
    stack.outside.now(call.answer)
    stack.outside.do(carrier.hears(AGENT_HZ))
    agent_hears(page)
    expect(page.locator('#dock [data-part="title"]')).to_contain_text("98")
    expect(page.locator("#dock .clock .waiting")).to_be_hidden()
    agent.picture("talk")
    stack.outside.now(call.bye)
    expect(page.locator("#dock")).not_to_have_class("dock live")


def test_a_failed_call_is_said_in_words(stack: Stack, agent: Person) -> None:
    page = agent.page
    carrier = stack.carrier()
    page.locator("#dock .dial input").fill("+79161234597")
    page.locator("#dock .dial button[type=submit]").click()
    call = stack.outside.do(carrier.incoming(20.0))
    stack.outside.now(call.reject, 486, "Busy Here")
    expect(page.locator(".toast").filter(has_text="анят")).to_be_visible()
    expect(page.locator("#dock")).not_to_have_class("dock live")


def test_a_number_that_is_none_is_refused_and_stays_in_the_field(agent: Person) -> None:
    page = agent.page
    page.locator("#dock .dial input").fill("12")
    page.locator("#dock .dial button[type=submit]").click()
    expect(page.locator(".toast")).to_be_visible()
    expect(page.locator("#dock .dial input")).to_have_value("12")


def test_mute_is_silence_at_the_client(stack: Stack, agent: Person) -> None:
    phone, _ = talk(stack, agent)
    page = agent.page
    page.keyboard.press("m")
    expect(page.locator('[data-do="mute"]')).to_have_attribute("aria-pressed", "true")
    stack.outside.now(phone.forget)
    with pytest.raises((AssertionError, TimeoutError)):
        stack.outside.do(phone.hears(AGENT_HZ, timeout=2.0))
    page.keyboard.press("m")
    stack.outside.do(phone.hears(AGENT_HZ))


def test_keys_reach_the_other_side_as_tones(stack: Stack, agent: Person) -> None:
    talk(stack, agent)
    page = agent.page
    page.keyboard.press("k")
    panel = page.locator("[data-keypad]")
    expect(panel).to_be_visible()
    for key in "12#":
        panel.locator(f'[data-key="{key}"]').click()
    expect(panel.locator(".typed")).to_have_text("12#")
    agent.picture("keypad")
    sent = page.evaluate("() => globalThis.peers.at(-1).getSenders().some(s => s.dtmf?.canInsertDTMF)")
    assert sent


def test_my_microphone_and_the_line_are_seen(stack: Stack, agent: Person) -> None:
    talk(stack, agent)
    page = agent.page
    expect(page.locator('[data-part="mic"] i.on').first).to_be_visible()
    expect(page.locator('[data-part="quality"]')).to_be_visible()
    expect(page.locator('[data-part="quality-word"]')).to_have_text("Связь отличная")


def test_a_second_tab_is_a_remote_control(stack: Stack, agent: Person) -> None:
    second = agent.context.new_page()
    second.goto(agent.base_url + "/calls")
    second.wait_for_function("() => globalThis.callcenter?.phone.state.line === 'online'")
    phone = stack.caller(tone=CLIENT_HZ)
    call = stack.ring(phone, personal_number(stack, OPERATOR))
    second.locator("[data-answer]").click(timeout=SOON)
    stack.outside.do(call.until("answered"))
    stack.outside.do(phone.hears(AGENT_HZ))
    assert second.evaluate("callcenter.phone.leading") is False
    second.locator('[data-do="hang"]').click()
    stack.outside.do(call.until("ended"))
    expect(agent.page.locator("#dock")).not_to_have_class("dock live")


def test_an_open_dialog_keeps_no_call_from_being_answered(stack: Stack, agent: Person) -> None:
    page = agent.page
    agent.context.clear_cookies()
    page.click('#nav a[href="/calls"]')
    expect(page.locator("#signin")).to_be_visible()
    phone = stack.caller(tone=CLIENT_HZ)
    stack.ring(phone, personal_number(stack, OPERATOR))
    page.locator("[data-answer]").click(timeout=SOON)
    stack.outside.do(phone.hears(AGENT_HZ))
    expect(page.locator("#signin")).to_be_visible()
    dialog = page.locator("#signin")
    dialog.locator('input[name="password"]').fill(stack.password)
    dialog.locator('button[type="submit"]').click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#dock")).to_have_class("dock live")


def test_a_sip_phone_rings_with_a_card_but_without_a_button(stack: Stack, operator: Person) -> None:
    page = operator.page
    devices = page.evaluate("callcenter.api('GET', '/api/v1/me/devices')")["devices"]
    login = next(device for device in devices if device["kind"] == "sip")
    desk = stack.outside.phone(login["login"], stack.settings.sip_port, password=login["password"], tone=AGENT_HZ)
    page.locator("[data-sip-ready]").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "ready")
    stack.ring(stack.caller(tone=CLIENT_HZ), personal_number(stack, OPERATOR))
    incoming = stack.outside.do(desk.incoming())
    stack.outside.now(incoming.ring)
    expect(page.locator('.callcard[data-card="full"]')).to_be_visible()
    expect(page.locator("[data-answer]")).to_have_count(0)
    expect(page.locator(".callcard .answer")).to_contain_text("Ответьте на аппарате")
    stack.outside.now(incoming.answer)
    expect(page.locator("#dock")).to_have_class("dock live")
    # The voice is on the desk phone: no keys for it here, but the server can hold it, give it away and end it.
    for key in ("mute", "keypad"):
        expect(page.locator(f'.keys [data-do="{key}"]')).to_be_hidden()
    for key in ("hold", "transfer"):
        expect(page.locator(f'.keys [data-do="{key}"]')).to_be_visible()
    page.locator('[data-do="hang"]').click()
    stack.outside.do(incoming.until("ended"))
    expect(page.locator("#dock")).not_to_have_class("dock live")
    stack.outside.do(desk.register(expires=0))


def test_the_page_warns_before_a_ring_would_be_lost(stack: Stack, agent: Person) -> None:
    # A talk survives a reload (test_reload.py); what still rings does not.
    stack.ring(stack.caller(tone=CLIENT_HZ), personal_number(stack, OPERATOR))
    expect(agent.page.locator(".callcard")).to_be_visible(timeout=SOON)
    # The browser asks only people who have touched the page.
    agent.page.locator("#dock .who").click()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    agent.page.on("dialog", stay)
    with agent.page.expect_event("dialog"):
        agent.page.evaluate("void setTimeout(() => location.reload(), 0)")
    assert asked == ["beforeunload"]
    expect(agent.page.locator(".callcard")).to_be_visible()
