"""An agent's first hour: self-test, three calls, a reload in one of them, a transfer, a break, wrap-up ended early.

With CALLCENTER_PICTURES=docs each step leaves a small picture in docs/journeys/agent.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.asterisk.test_transfer import Operator, is_now, on_line
from tests.browser.conftest import AGENT_HZ, leave
from tests.browser.test_phone import CLIENT_HZ, PEERS, agent_hears, client_of
from tests.browser.test_reload import Watch
from tests.browser.test_selftest import CHECKS
from tests.support import browser, journeys
from tests.support.browser import Person
from tests.support.stack import OPERATOR, SALES, Stack, until

COLLEAGUE_HZ = 1500.0
OUTSIDE = "+79161234599"
MINE = '#dock [data-part="mine"]'


@pytest.fixture
def watch(stack: Stack) -> Watch:
    """The agent's calls from now on."""
    return Watch(stack)


@pytest.fixture
def agent(stack: Stack, watch: Watch, chromium: Browser) -> Iterator[Person]:
    """The first operator, who reads English and has not signed in yet."""
    person = browser.person(chromium, stack.base_url, language="en")
    person.page.add_init_script("globalThis.callcenterPlainAudio = true")
    person.page.add_init_script(PEERS)
    with journeys.english(stack, watch.token):
        yield person
        leave(person)
    assert person.complaints == []


@pytest.fixture
def colleague(stack: Stack) -> Iterator[Operator]:
    """The second operator at a plain telephone, on a break: no queue rings him."""
    found = on_line(stack, stack.token("operator2@demo.example"), COLLEAGUE_HZ, "paused")
    yield found
    found.api("PUT", "/api/v1/me/state", {"state": "offline"})


def shot(person: Person, name: str) -> None:
    journeys.shot(person, "agent", name)


def sign_in(person: Person, stack: Stack) -> None:
    page = person.page
    page.goto(person.base_url + "/sign-in")
    page.fill('input[name="email"]', OPERATOR)
    page.fill('input[name="password"]', stack.password)
    shot(person, "01-sign-in")
    page.click('main button[type="submit"]')
    person.wait_ready()


def check_the_headset(person: Person) -> None:
    page = person.page
    person.open("/self-test")
    page.locator("[data-check]").click()
    for key in CHECKS:
        expect(page.locator(f'[data-line="{key}"]')).to_have_attribute("data-ok", "true", timeout=20_000)
    shot(person, "02-self-test")


def state_is(person: Person, state: str) -> None:
    person.page.wait_for_function(
        "state => callcenter.store.state.agents[callcenter.me.agent_id].state === state", arg=state
    )


def end_wrapup_early(person: Person) -> None:
    expect(person.page.locator(MINE)).to_contain_text("Wrap-up, left")
    person.page.locator(MINE).get_by_role("button", name="Ready").click()
    expect(person.page.locator(MINE)).to_be_hidden()
    state_is(person, "ready")


def from_the_queue(stack: Stack, agent: Person, watch: Watch) -> None:
    """A client whose card is known calls; the page is loaded anew while they talk."""
    page = agent.page
    number, name, _ = client_of(stack)
    phone = stack.caller(number.removeprefix("+"), tone=CLIENT_HZ)
    call = stack.ring(phone, SALES)
    card = page.locator('.callcard[data-card="full"]')
    expect(card.locator("strong")).to_have_text(name, timeout=30_000)
    expect(card.locator("[data-answer]")).to_be_enabled()
    shot(agent, "03-ring")
    page.keyboard.press("Enter")
    stack.outside.do(call.until("answered"))
    stack.outside.do(phone.hears(AGENT_HZ))
    agent_hears(page)
    page.reload(wait_until="commit")
    stack.outside.do(phone.hears(AGENT_HZ, 1.0, 15.0), 30)
    agent_hears(page)
    expect(page.locator("#dock")).to_have_class("dock live")
    expect(page.locator("#dock [data-part=title]")).to_contain_text(name)
    assert not call.states["ended"].is_set()
    shot(agent, "04-talk")
    page.locator('#dock [data-do="hang"]').click()
    stack.outside.do(call.until("ended"))
    # One call and one talk in it, whatever the page did meanwhile.
    watch.one_call()
    expect(page.locator(MINE)).to_contain_text("Wrap-up, left")
    shot(agent, "05-wrap-up")
    end_wrapup_early(agent)


def dialled_and_given_away(stack: Stack, agent: Person, colleague: Operator) -> None:
    """The agent dials a client, asks his colleague first, and joins the two."""
    page = agent.page
    carrier = stack.carrier(tone=CLIENT_HZ)
    page.locator('#dock .dial [data-do="keypad"]').click()
    pad = page.locator(".dialpad")
    pad.locator("[data-dialpad-number]").fill(OUTSIDE)
    shot(agent, "06-dial-pad")
    pad.locator("[data-dialpad-call]").click()
    call = stack.outside.do(carrier.incoming())
    stack.outside.now(call.ring)
    stack.outside.now(call.answer)
    stack.outside.do(carrier.hears(AGENT_HZ))
    agent_hears(page)
    colleague.api("PUT", "/api/v1/me/state", {"state": "ready"})
    until(lambda: is_now(colleague, "ready"), what="the colleague is ready")
    page.locator("body").press("t")
    panel = page.locator("[data-transfer]")
    panel.locator('[data-way="first"]').click()
    expect(panel.locator(f'[data-target="agent-{colleague.agent_id}"]')).to_be_enabled()
    shot(agent, "07-transfer")
    panel.locator(f'[data-target="agent-{colleague.agent_id}"]').click()
    ringing = stack.outside.do(colleague.phone.incoming())
    stack.outside.now(ringing.answer)
    stack.outside.do(colleague.phone.hears(AGENT_HZ))
    stack.outside.do(carrier.hears_sound(but=AGENT_HZ))
    expect(page.locator('[data-talk="complete"]')).to_be_enabled()
    shot(agent, "08-ask-first")
    page.locator('[data-talk="complete"]').click()
    stack.outside.do(carrier.hears(COLLEAGUE_HZ))
    stack.outside.do(colleague.phone.hears(CLIENT_HZ))
    # Own calls have no wrap-up here (a setting): he is ready while the two others talk.
    state_is(agent, "ready")
    expect(page.locator(".toast", has_text="Call transferred")).to_be_visible()
    assert not call.states["ended"].is_set()
    stack.outside.now(call.bye)
    stack.outside.do(ringing.until("ended"))


def to_a_colleague(stack: Stack, agent: Person, colleague: Operator) -> None:
    """An internal call by the short number on the team page."""
    page = agent.page
    agent.go("/agents")
    page.locator(f'#team tr[data-agent="{colleague.agent_id}"] [data-part=short] [data-dial]').click()
    ringing = stack.outside.do(colleague.phone.incoming())
    stack.outside.now(ringing.answer)
    stack.outside.do(colleague.phone.hears(AGENT_HZ))
    agent_hears(page)
    shot(agent, "09-colleague")
    stack.outside.now(ringing.bye)
    expect(page.locator("#dock .dial")).to_be_visible()


def break_with_a_reason(agent: Person) -> None:
    page = agent.page
    page.locator("#status").click()
    item = page.locator("#status-menu").get_by_role("menuitemradio", name="Обед 60 min")
    expect(item).to_be_visible()
    item.click()
    state_is(agent, "paused")
    expect(page.locator(MINE)).to_contain_text("Обед: left")


def test_an_agent_s_first_hour(stack: Stack, agent: Person, watch: Watch, colleague: Operator) -> None:
    page = agent.page
    sign_in(agent, stack)
    check_the_headset(agent)
    agent.open("/")
    agent.go_on_line()
    state_is(agent, "ready")
    from_the_queue(stack, agent, watch)
    dialled_and_given_away(stack, agent, colleague)
    to_a_colleague(stack, agent, colleague)
    break_with_a_reason(agent)
    agent.go("/calls")
    until(lambda: len([one for one in watch.fresh() if one["ended_at"]]) == 3, what="three calls are in the log")
    kinds = [(one["direction"], one["result"]) for one in sorted(watch.fresh(), key=lambda one: str(one["started_at"]))]
    assert kinds == [("in", "answered"), ("out", "answered"), ("internal", "answered")]
    expect(page.locator("#main tr[data-call]").first).to_be_visible()
    # They go by themselves; one that is gone before the click is as good.
    page.evaluate("() => document.querySelectorAll('.toast button').forEach((one) => one.click())")
    expect(page.locator(".toast")).to_have_count(0, timeout=15_000)
    page.emulate_media(color_scheme="dark")
    shot(agent, "10-break")
