"""A supervisor's hour: the board, listening and whispering, an agent made ready, a call's story, a screen on the wall.

With CALLCENTER_PICTURES=docs each step leaves a small picture in docs/journeys/supervisor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests.asterisk.test_transfer import Operator, is_now, on_line
from tests.browser.conftest import AGENT_HZ
from tests.browser.test_phone import PEERS, agent_hears, client_of
from tests.browser.test_supervision import ENERGY
from tests.browser.test_talks import agent as agent  # fixture
from tests.support import browser, journeys
from tests.support.audio import RATE, power, seconds_of
from tests.support.browser import Person
from tests.support.stack import SALES, Stack, until
from tests.support.telephone import Telephone
from tests.traces.phone import Call

SUPERVISOR = "supervisor@demo.example"
ADMINISTRATOR = "admin@demo.example"
BOSS_HZ = 1700.0
MINUTE = timedelta(minutes=1)
# The supervisor's own microphone: all pages of one Chromium hear the same file, and the two voices must differ.
VOICE = """
navigator.mediaDevices.getUserMedia = async () => {
    const sound = new AudioContext();
    const tone = new OscillatorNode(sound, { frequency: 1700 });
    const loud = new GainNode(sound, { gain: 0.3 });
    const out = sound.createMediaStreamDestination();
    tone.connect(loud).connect(out);
    tone.start();
    await sound.resume();
    return out.stream;
};
"""


@pytest.fixture
def supervisor(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """A supervisor who reads English, at the shift board."""
    with journeys.english(stack, stack.token(SUPERVISOR)):
        person = browser.person(chromium, stack.base_url, language="en")
        for script in ("globalThis.callcenterPlainAudio = true", PEERS, VOICE):
            person.page.add_init_script(script)
        person.sign_in(SUPERVISOR, stack.password)
        person.open("/wallboard")
        person.page.wait_for_function("() => callcenter.store.state.live")
        yield person
        person.page.evaluate("callcenter.phone.do('hang'); callcenter.phone.do('off')")
        person.context.close()
    assert person.complaints == []


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """Who gives links to screens away."""
    with journeys.english(stack, stack.token(ADMINISTRATOR)):
        person = browser.person(chromium, stack.base_url, language="en")
        person.sign_in(ADMINISTRATOR, stack.password)
        yield person
        person.context.close()
    assert person.complaints == []


@pytest.fixture
def colleague(stack: Stack) -> Iterator[Operator]:
    """The second operator at a plain telephone, on a break."""
    found = on_line(stack, stack.token("operator2@demo.example"), 1500.0, "paused")
    yield found
    found.api("PUT", "/api/v1/me/state", {"state": "offline"})


def shot(person: Person, name: str) -> None:
    journeys.shot(person, "supervisor", name)


def talk(stack: Stack, agent: Person, client: Telephone) -> Call:
    """The client has called the queue and talks with the agent; he himself says nothing."""
    call = stack.ring(client, SALES)
    agent.page.locator("[data-answer]").click(timeout=30_000)
    stack.outside.do(call.until("answered"))
    stack.outside.do(client.hears(AGENT_HZ), 20)
    return call


def agent_gets(agent: Person) -> float:
    """The energy that comes into the agent's page in a second."""
    return float(agent.page.evaluate(ENERGY))


def listen_and_whisper(stack: Stack, supervisor: Person, agent: Person, client: Telephone) -> None:
    page = supervisor.page
    row = page.locator("#now-calls li[data-call]").first
    page.wait_for_function("() => Object.values(callcenter.store.state.calls).some((one) => one.state === 'talking')")
    row.locator("[data-spy=listen]").click()
    bar = page.locator("#spybar")
    expect(bar).to_contain_text("I am listening", timeout=15_000)
    expect(agent.page.locator("#listeners")).to_be_visible()
    agent_hears(page)
    assert agent_gets(agent) < 0.001, "the agent hears nobody but the silent client"
    shot(supervisor, "02-listen")
    bar.locator("[data-spy-mode=whisper]").click()
    expect(bar.locator("[data-spy-mode=whisper]")).to_have_attribute("aria-pressed", "true")
    until(lambda: agent_gets(agent) > 0.01, what="the agent hears the supervisor")
    client.forget()
    until(lambda: len(client.heard) > 2 * RATE, what="the client has listened")
    heard = client.listen()[-RATE:]
    assert power(heard, BOSS_HZ) < 0.005, "the client does not hear the supervisor"
    assert power(heard, AGENT_HZ) > 0.5
    assert seconds_of(client.listen(), BOSS_HZ) == 0
    shot(supervisor, "03-whisper")
    # That he is heard at all: now the client hears him, too.
    bar.locator("[data-spy-mode=barge]").click()
    until(lambda: power(client.listen()[-RATE // 2 :], BOSS_HZ) > 0.1, what="the client hears the supervisor")
    bar.locator("[data-spy-end]").click()
    expect(bar).to_have_count(0)
    expect(agent.page.locator("#listeners")).to_have_count(0)


def make_ready(supervisor: Person, colleague: Operator) -> None:
    """Somebody forgot that his break is over."""
    page = supervisor.page
    tile = page.locator(f'.tile[data-agent="{colleague.agent_id}"]')
    expect(tile).to_have_attribute("data-is", "paused")
    tile.hover()
    tile.locator("[data-agent-state]").click()
    menu = page.locator("#agent-state-menu")
    expect(menu).to_be_visible()
    shot(supervisor, "04-set-state")
    menu.get_by_role("menuitemradio", name="Ready for calls").click()
    expect(tile).to_have_attribute("data-is", "ready")
    until(lambda: is_now(colleague, "ready"), what="he is ready")


def story(stack: Stack, supervisor: Person, call_id: str) -> None:
    token = stack.token(SUPERVISOR)
    until(
        lambda: stack.api(token, "GET", f"/api/v1/calls/{call_id}")["story"][-1]["kind"] == "hangup",
        what="the story has its end",
    )
    supervisor.open(f"/calls/{call_id}")
    told = supervisor.page.locator(".tl.story")
    expect(told).to_contain_text("Продажи")
    shot(supervisor, "05-story")


def screen(stack: Stack, administrator: Person, chromium: Browser) -> None:
    """A link opens the board for whoever has it, and stops when it is taken away."""
    administrator.open("/wallboard/settings")
    page = administrator.page
    page.locator("input[name=title]").fill("Screen in the hall")
    page.get_by_role("button", name="Make a link").click()
    address = page.locator("[data-screen-link]").get_attribute("href")
    assert address
    page.locator("[data-screen-link]").scroll_into_view_if_needed()
    shot(administrator, "06-link")
    wall = browser.person(chromium, stack.base_url, language="en", theme="dark", permissions=())
    wall.page.goto(address)
    waiting = stack.ring(stack.caller("79165550061"), SALES)
    # The colleague is ready by now, but nobody picks up.
    sales = wall.page.get_by_role("row", name=re.compile("^Продажи"))
    expect(sales.locator("[data-figure=waiting]")).to_have_text("1", timeout=25_000)
    # The company's clock, not that of the machine under the screen.
    local = datetime.now(ZoneInfo("Europe/Moscow"))
    assert wall.page.locator("#wall-time").inner_text() in {f"{local - m * MINUTE:%H:%M}" for m in (0, 1)}
    assert "5550061" not in wall.page.content()
    assert wall.context.cookies() == []
    shot(wall, "07-screen")
    stack.outside.now(waiting.bye if waiting.states["answered"].is_set() else waiting.cancel)
    page.locator("form[action*='/screens/'] button").first.click()
    page.locator("#ask [data-yes]").click()
    expect(wall.page.locator("#wall-gone")).to_be_visible(timeout=10_000)
    assert wall.page.locator("table").count() == 0
    shot(wall, "08-revoked")
    wall.page.goto(address)
    expect(wall.page.locator("table")).to_have_count(0)
    wall.context.close()
    assert wall.complaints == []


def test_a_supervisor_s_hour(
    stack: Stack, agent: Person, colleague: Operator, supervisor: Person, administrator: Person, chromium: Browser
) -> None:
    number, name, _ = client_of(stack)
    client = stack.caller(number.removeprefix("+"))
    call = talk(stack, agent, client)
    row = supervisor.page.locator("#now-calls li[data-call]").first
    expect(row).to_contain_text(name)
    call_id = row.get_attribute("data-call")
    assert call_id
    shot(supervisor, "01-board")
    listen_and_whisper(stack, supervisor, agent, client)
    make_ready(supervisor, colleague)
    stack.outside.now(call.bye)
    agent.page.evaluate("callcenter.api('PUT', '/api/v1/me/state', { state: 'offline' })")
    story(stack, supervisor, call_id)
    screen(stack, administrator, chromium)
