"""Hold, mute, tones and transfer from the dock: a real Chromium, a real Asterisk, telephones outside that listen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AGENT_HZ
from tests.browser.test_phone import CLIENT_HZ, PEERS, agent_hears, client_of, personal_number, talk
from tests.support.browser import Person
from tests.support.stack import OPERATOR, Stack, until

SECOND_HZ = 1500.0
OUTSIDE = "+79167654321"


@pytest.fixture
def agent(operator: Person) -> Person:
    """The operator on line, ready for calls."""
    operator.page.add_init_script(PEERS)
    operator.open("/")
    operator.go_on_line()
    return operator


def key(page: Page, name: str) -> None:
    page.locator(f'#dock .keys [data-do="{name}"]').click()


def state(page: Page) -> str | None:
    found: str | None = page.evaluate("Object.values(callcenter.store.state.calls).map((c) => c.state)[0] ?? null")
    return found


@pytest.mark.rule("AGD-05")
def test_hold_with_music_mute_and_tones(stack: Stack, agent: Person) -> None:
    phone, call = talk(stack, agent)
    page = agent.page
    hold, mute = (page.locator(f'#dock .keys [data-do="{name}"]') for name in ("hold", "mute"))
    key(page, "hold")
    expect(hold).to_have_attribute("aria-pressed", "true")
    until(lambda: state(page) == "held", what="the server sees the hold")
    stack.outside.do(phone.hears_sound(but=AGENT_HZ))
    agent.picture("hold")
    # From the keyboard and back: both hear each other again.
    page.locator("body").press("h")
    expect(hold).to_have_attribute("aria-pressed", "false")
    until(lambda: state(page) == "talking", what="the server sees the talk")
    stack.outside.do(phone.hears(AGENT_HZ))
    agent_hears(page)
    key(page, "mute")
    expect(mute).to_have_attribute("aria-pressed", "true")
    stack.outside.do(phone.hears_nothing())
    key(page, "mute")
    stack.outside.do(phone.hears(AGENT_HZ))
    key(page, "keypad")
    for digit in "15#":
        page.locator(f'[data-keypad] [data-key="{digit}"]').click()
    until(lambda: phone.digits == "15#", what="the client's telephone gets the keys")
    stack.outside.now(call.bye)
    expect(page.locator("#dock .keys")).to_be_hidden()


@pytest.mark.rule("TEL-45")
def test_the_dock_gives_a_call_to_an_outside_number(stack: Stack, agent: Person) -> None:
    carrier = stack.carrier(tone=SECOND_HZ)
    phone, call = talk(stack, agent)
    page = agent.page
    page.locator("body").press("t")
    panel = page.locator("[data-transfer]")
    expect(panel).to_be_visible()
    expect(panel.locator("[data-target^=queue]").first).to_be_visible()
    agent.picture("transfer")
    panel.locator("input").fill("8 916 765-43-21")
    panel.locator("input").press("Enter")
    ringing = stack.outside.do(carrier.incoming(to=OUTSIDE[-10:]))
    stack.outside.now(ringing.answer)
    stack.outside.do(phone.hears(SECOND_HZ))
    stack.outside.do(carrier.hears(CLIENT_HZ))
    # The agent is free, the client is not.
    expect(panel).to_have_count(0)
    expect(page.locator("#dock .dial")).to_be_visible()
    assert not call.states["ended"].is_set()
    stack.outside.now(call.bye)


@pytest.mark.rule("TEL-55", "TEL-56", "TEL-60")
def test_a_known_caller_s_name_leads_to_his_card_while_it_rings_and_while_we_talk(stack: Stack, agent: Person) -> None:
    number, name, _ = client_of(stack)
    page = agent.page
    line = personal_number(stack, OPERATOR)
    first = stack.ring(stack.caller(number.removeprefix("+"), tone=CLIENT_HZ), line)
    card = page.locator('.callcard[data-card="full"]')
    link = card.locator("strong a[data-profile]")
    expect(link).to_have_text(name, timeout=30_000)
    with agent.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("main h1")).to_contain_text(name)
    opened.value.close()
    # It rings on; declined, it stops ringing here.
    expect(card.locator("[data-answer]")).to_be_enabled()
    card.get_by_role("button", name="Отклонить").click()
    expect(page.locator(".callcard")).to_have_count(0)
    stack.outside.do(first.until("ended"))
    second = stack.ring(stack.caller(number.removeprefix("+"), tone=CLIENT_HZ), line)
    page.locator("[data-answer]").click(timeout=30_000)
    stack.outside.do(second.until("answered"))
    talking = page.locator("#dock [data-part=title] a[data-profile]")
    expect(talking).to_have_text(name)
    with agent.context.expect_page() as opened:
        talking.click()
    expect(opened.value.locator("main h1")).to_contain_text(name)
    opened.value.close()
    expect(page.locator("#dock")).to_have_class("dock live")
    page.locator('#dock [data-do="hang"]').click()
    stack.outside.do(second.until("ended"))
    expect(page.locator("#dock .dial")).to_be_visible()
