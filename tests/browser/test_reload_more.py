"""More of a call that lives: on hold, listened to, and without sound until the page is touched."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import expect

from tests.asterisk.test_supervision import employee
from tests.browser.conftest import AGENT_HZ
from tests.browser.test_phone import CLIENT_HZ, PEERS, agent_hears
from tests.browser.test_reload import both_hear, called
from tests.support.browser import Person
from tests.support.stack import OPERATOR, Stack, until
from tests.support.telephone import Telephone
from tests.support.tones import RATE, strength

# A browser that lets no page sound before it is touched.
STRICT = """
let touched = false;
addEventListener("pointerdown", () => { touched = true; }, true);
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
    return touched ? play.call(this) : Promise.reject(new DOMException("untouched", "NotAllowedError"));
};
"""
SUPERVISOR = "supervisor@demo.example"


@pytest.fixture
def agent(operator: Person) -> Person:
    """The operator on line."""
    operator.page.add_init_script(PEERS)
    operator.open("/")
    operator.go_on_line()
    return operator


def rejoined(agent: Person) -> None:
    """Loads the page anew and waits until it is back in its call."""
    agent.page.reload(wait_until="commit")
    agent.page.wait_for_function("() => performance.getEntriesByName('phone:rejoined').length")


@pytest.mark.rule("AGD-09")
def test_a_client_on_hold_stays_there_over_a_reload(stack: Stack, agent: Person) -> None:
    phone, call = called(stack, agent)
    hold = agent.page.locator('#dock .keys [data-do="hold"]')
    hold.click()
    expect(hold).to_have_attribute("aria-pressed", "true")
    stack.outside.do(phone.hears_sound(but=AGENT_HZ))
    rejoined(agent)
    expect(hold).to_have_attribute("aria-pressed", "true")
    # Not for a moment only: what wakes the page's sound must not take him off hold.
    stack.outside.do(phone.hears_sound(2.0, but=AGENT_HZ, timeout=12), 20)
    expect(hold).to_have_attribute("aria-pressed", "true")
    hold.click()
    expect(hold).to_have_attribute("aria-pressed", "false")
    both_hear(stack, agent, phone)
    assert not call.states["ended"].is_set()
    stack.outside.now(call.bye)


def heard(phone: Telephone, hz: float) -> bool:
    """Whether a phone hears ``hz`` from now on, whatever else is heard with it."""
    phone.forget()
    until(lambda: len(phone.heard) >= RATE // 2, what="something is heard at all")
    return strength(phone.listen()[-RATE // 4 :], hz) > 0.05


@pytest.mark.rule("SUP-03")
def test_who_listens_hears_both_again_after_the_agent_s_reload(stack: Stack, agent: Person) -> None:
    boss = employee(stack, SUPERVISOR, 0)
    phone, call = called(stack, agent)
    me = stack.api(stack.token(OPERATOR), "GET", "/api/v1/me/state")["id"]
    boss.api("POST", "/api/v1/supervision/spies", {"agent_id": me, "mode": "listen"})
    ringing = stack.outside.do(boss.phone.incoming())
    stack.outside.now(ringing.answer)
    for hz in (CLIENT_HZ, AGENT_HZ):
        until(lambda hz=hz: heard(boss.phone, hz), timeout=15, what=f"he hears {hz}")
    rejoined(agent)
    both_hear(stack, agent, phone)
    for hz in (CLIENT_HZ, AGENT_HZ):
        until(lambda hz=hz: heard(boss.phone, hz), timeout=15, what=f"he hears {hz} again")
    assert not ringing.states["ended"].is_set()
    stack.outside.now(call.bye)
    stack.outside.do(boss.phone.register(expires=0))


def test_a_page_whose_sound_the_browser_keeps_back_says_so(stack: Stack, agent: Person) -> None:
    phone, call = called(stack, agent)
    with contextlib.suppress(Exception):
        agent.page.goto("chrome://crash", timeout=3_000)
    agent.page = agent.context.new_page()
    agent.page.add_init_script(PEERS)
    agent.page.add_init_script("globalThis.callcenterPlainAudio = true")
    agent.page.add_init_script(STRICT)
    agent.page.goto(agent.base_url + "/", wait_until="commit")
    stack.outside.do(phone.hears(AGENT_HZ, 0.2, 10.0), 20)
    line = agent.page.locator("#away")
    expect(line).to_be_visible()
    expect(line).to_contain_text("Браузер не пускает звук")
    agent.picture("no-sound-yet")
    agent.page.mouse.click(5, 5)
    expect(line).to_be_hidden()
    agent_hears(agent.page)
    stack.outside.now(call.bye)
