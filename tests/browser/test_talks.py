"""Ask first, three-way talk, parking and short numbers from the page: a real Chromium and telephones that listen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.asterisk.test_transfer import is_now, on_line
from tests.browser.conftest import AGENT_HZ
from tests.browser.test_phone import CLIENT_HZ, PEERS, agent_hears, talk
from tests.support.audio import RATE, power
from tests.support.browser import Person
from tests.support.stack import Stack, until
from tests.support.telephone import Telephone

SECOND_HZ = 1500.0
OUTSIDE = "+79167654321"


@pytest.fixture
def agent(operator: Person) -> Person:
    """The operator on line, ready for calls."""
    operator.page.add_init_script(PEERS)
    operator.open("/")
    operator.go_on_line()
    return operator


@pytest.fixture
def colleague(stack: Stack) -> Iterator[Telephone]:
    """The second operator at a plain telephone, ready."""
    found = on_line(stack, stack.token("operator2@demo.example"), SECOND_HZ, "ready")
    yield found.phone
    found.api("PUT", "/api/v1/me/state", {"state": "offline"})
    until(lambda: not is_now(found, "ready"), what="the colleague is away")


def pictures(person: Person, name: str) -> None:
    """The page in both themes and at a phone's width."""
    for theme in ("light", "dark"):
        person.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        person.picture(f"{name}-{theme}")
    person.page.set_viewport_size({"width": 390, "height": 844})
    person.picture(f"{name}-narrow")
    person.page.set_viewport_size({"width": 1440, "height": 900})


def ask(page: Page, whom: str = "agent") -> None:
    """Opens the panel and asks the first colleague or queue."""
    page.locator("body").press("t")
    panel = page.locator("[data-transfer]")
    panel.locator('[data-way="first"]').click()
    panel.locator(f"[data-target^={whom}]").first.click()


def panel(page: Page, form: str) -> None:
    expect(page.locator(f'[data-talkpanel="{form}"]')).to_be_visible(timeout=15_000)


def hears_both(stack: Stack, phone: Telephone, one: float, two: float) -> None:
    stack.outside.now(phone.forget)
    until(
        lambda: min(power(phone.listen()[-RATE:], one), power(phone.listen()[-RATE:], two)) > 0.15,
        what=f"{one} and {two} Hz at once",
    )


@pytest.mark.rule("AGD-06", "AGD-07")
def test_the_agent_asks_goes_back_talks_in_three_and_leaves(stack: Stack, agent: Person, colleague: Telephone) -> None:
    phone, call = talk(stack, agent)
    page = agent.page
    page.locator("body").press("t")
    expect(page.locator("[data-transfer] [data-target^=agent]").first).to_be_visible()
    pictures(agent, "transfer")
    page.locator("[data-transfer] input").press("Escape")
    ask(page)
    panel(page, "consult")
    ringing = stack.outside.do(colleague.incoming())
    stack.outside.now(ringing.ring)
    expect(page.locator('[data-talk="conference"]')).to_be_disabled()
    stack.outside.now(ringing.answer)
    expect(page.locator('[data-talk="conference"]')).to_be_enabled()
    pictures(agent, "consult")
    stack.outside.do(colleague.hears(AGENT_HZ))
    agent_hears(page)
    stack.outside.do(phone.hears_sound(but=AGENT_HZ))
    page.locator('[data-talk="return"]').press("Enter")
    stack.outside.do(phone.hears(AGENT_HZ))
    agent_hears(page)
    stack.outside.do(ringing.until("ended"))
    expect(page.locator("[data-talkpanel]")).to_have_count(0)
    ask(page)
    again = stack.outside.do(colleague.incoming())
    stack.outside.now(again.answer)
    page.locator('[data-talk="conference"]').click()
    panel(page, "conference")
    expect(page.locator("[data-party]")).to_have_count(2)
    pictures(agent, "conference")
    hears_both(stack, phone, AGENT_HZ, SECOND_HZ)
    hears_both(stack, colleague, AGENT_HZ, CLIENT_HZ)
    # The agent leaves: the two others talk on.
    page.locator('#dock [data-do="hang"]').click()
    expect(page.locator("#dock .dial")).to_be_visible()
    stack.outside.do(phone.hears(SECOND_HZ))
    stack.outside.do(colleague.hears(CLIENT_HZ))
    stack.outside.now(call.bye)
    stack.outside.do(again.until("ended"))


@pytest.mark.rule("AGD-09")
@pytest.mark.parametrize("whom", ["agent", "queue"])
def test_a_reload_while_asking_and_in_a_talk_of_three(
    stack: Stack, agent: Person, colleague: Telephone, whom: str
) -> None:
    phone, call = talk(stack, agent)
    page = agent.page
    ask(page, whom)
    ringing = stack.outside.do(colleague.incoming())
    stack.outside.now(ringing.answer)
    stack.outside.do(colleague.hears(AGENT_HZ))
    page.reload()
    panel(page, "consult")
    stack.outside.now(colleague.forget)
    stack.outside.do(colleague.hears(AGENT_HZ))
    # The client is still aside.
    stack.outside.do(phone.hears_sound(but=AGENT_HZ))
    page.locator('[data-talk="conference"]').click()
    panel(page, "conference")
    hears_both(stack, phone, AGENT_HZ, SECOND_HZ)
    page.reload()
    hears_both(stack, phone, AGENT_HZ, SECOND_HZ)
    hears_both(stack, colleague, AGENT_HZ, CLIENT_HZ)
    # Of the talk that goes on, not of the one that was before the page came back.
    panel(page, "conference")
    page.locator('#dock [data-do="hang"]').click()
    expect(page.locator("#dock .dial")).to_be_visible()
    stack.outside.do(phone.hears(SECOND_HZ))
    stack.outside.do(colleague.hears(CLIENT_HZ))
    stack.outside.now(call.bye)
    stack.outside.do(ringing.until("ended"))


@pytest.mark.rule("AGD-09")
def test_whom_a_reloaded_page_asks_hangs_up_and_the_agent_is_with_his_client_at_once(
    stack: Stack, agent: Person, colleague: Telephone
) -> None:
    phone, call = talk(stack, agent)
    page = agent.page
    ask(page)
    ringing = stack.outside.do(colleague.incoming())
    stack.outside.now(ringing.answer)
    stack.outside.do(colleague.hears(AGENT_HZ))
    page.reload()
    panel(page, "consult")
    stack.outside.do(colleague.hears(AGENT_HZ))
    stack.outside.now(ringing.bye)
    # Sooner than a client is led back whose agent is gone (two seconds), and nothing rings.
    stack.outside.do(phone.hears(AGENT_HZ, timeout=1.8))
    agent_hears(page)
    expect(page.locator("[data-talkpanel]")).to_have_count(0)
    expect(page.locator("#dock")).to_have_class("dock live")
    stack.outside.now(call.bye)
    expect(page.locator("#dock .dial")).to_be_visible()


@pytest.mark.rule("AGD-06")
def test_the_agent_asks_an_outside_number_and_joins_both(stack: Stack, agent: Person) -> None:
    carrier = stack.carrier(tone=SECOND_HZ)
    phone, call = talk(stack, agent)
    page = agent.page
    page.locator("body").press("t")
    box = page.locator("[data-transfer]")
    box.locator('[data-way="first"]').click()
    box.locator("input").fill(OUTSIDE)
    box.locator("input").press("Enter")
    panel(page, "consult")
    ringing = stack.outside.do(carrier.incoming())
    stack.outside.now(ringing.answer)
    stack.outside.do(carrier.hears(AGENT_HZ))
    page.locator('[data-talk="complete"]').click()
    expect(page.locator("#dock .dial")).to_be_visible()
    stack.outside.do(phone.hears(SECOND_HZ))
    stack.outside.do(carrier.hears(CLIENT_HZ))
    stack.outside.now(call.bye)
    stack.outside.do(ringing.until("ended"))


@pytest.mark.rule("AGD-08")
def test_a_parked_client_is_seen_and_taken_with_one_press(stack: Stack, agent: Person) -> None:
    phone, call = talk(stack, agent)
    page = agent.page
    page.locator("body").press("p")
    button = page.locator("[data-part=parked]")
    expect(button).to_be_visible()
    expect(page.locator("#dock .dial")).to_be_visible()
    stack.outside.do(phone.hears_sound(but=AGENT_HZ))
    button.click()
    pictures(agent, "parked")
    page.locator("#parked-list button").click()
    stack.outside.do(phone.hears(AGENT_HZ))
    agent_hears(page)
    expect(button).to_be_hidden()
    expect(page.locator("#dock")).to_have_class("dock live")
    stack.outside.now(call.bye)
    expect(page.locator("#dock .dial")).to_be_visible()


@pytest.mark.rule("TEL-50")
def test_a_click_on_a_short_number_calls_the_colleague(stack: Stack, agent: Person, colleague: Telephone) -> None:
    page = agent.page
    agent.go("/agents")
    row = page.locator("tr[data-agent]", has=page.locator('[data-phone="sip"]:visible')).first
    short = row.locator("[data-part=short] [data-dial]")
    number = short.get_attribute("data-dial")
    agent.picture("team")
    short.click()
    ringing = stack.outside.do(colleague.incoming())
    stack.outside.now(ringing.answer)
    stack.outside.do(colleague.hears(AGENT_HZ))
    page.locator('#dock [data-do="hang"]').click()
    stack.outside.do(ringing.until("ended"))
    expect(page.locator("#dock .dial")).to_be_visible()
    # The same from the search line, by the number itself.
    search = page.locator("#search input")
    search.fill(number or "")
    search.press("Enter")
    again = stack.outside.do(colleague.incoming())
    stack.outside.now(again.answer)
    stack.outside.do(colleague.hears(AGENT_HZ))
    stack.outside.now(again.bye)
    expect(page.locator("#dock .dial")).to_be_visible()
