"""A supervisor's screen: listens, whispers and joins from the browser's phone, reorders who waits, reads the story,
sets a limit, opens a screen on the wall, and looks at a past moment."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import AGENT_HZ
from tests.support import access, browser
from tests.support.browser import Person
from tests.support.stack import SALES, Stack, until
from tests.support.tones import strength

CLIENT_HZ, BOSS_HZ = 1000.0, 1700.0
PEERS = """
globalThis.peers = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...what) { super(...what); globalThis.peers.push(this); }
};
"""
ENERGY = """async () => {
    const now = async () => {
        let energy = 0;
        for (const peer of globalThis.peers) for (const [, entry] of await peer.getStats())
            if (entry.type === "inbound-rtp") energy += entry.totalAudioEnergy ?? 0;
        return energy;
    };
    const before = await now();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return (await now()) - before;
}"""


@pytest.fixture
def supervisor(stack: Stack, chromium: Browser) -> Iterator[Person]:
    person = browser.person(chromium, stack.base_url)
    person.sign_in("supervisor@demo.example", stack.password)
    person.open("/wallboard")
    person.page.wait_for_function("() => callcenter.store.state.live")
    yield person
    person.page.evaluate("callcenter.phone.do('hang'); callcenter.phone.do('off')")
    person.context.close()
    assert person.complaints == []


@pytest.mark.rule("SUP-03", "SUP-08")
def test_a_supervisor_listens_whispers_and_joins_in_the_browser(
    operator: Person, supervisor: Person, stack: Stack
) -> None:
    operator.go_on_line()
    caller = stack.caller("79165550011", tone=CLIENT_HZ)
    call = stack.ring(caller, SALES)
    operator.page.locator("[data-answer]").click(timeout=20_000)
    operator.page.wait_for_selector("#dock.live")
    page = supervisor.page
    row = page.locator("#now-calls li[data-call]").first
    expect(row).to_contain_text("555-00-11")
    # The agent's page answers a moment before Asterisk has brought both together.
    page.wait_for_function(
        "() => Object.values(callcenter.store.state.calls)"
        ".some((one) => one.client_number.endsWith('5550011') && one.state === 'talking')"
    )
    row.locator("[data-spy=listen]").click()
    bar = page.locator("#spybar")
    expect(bar).to_contain_text("Я слушаю", timeout=15_000)
    expect(operator.page.locator("#listeners")).to_contain_text("слушает разговор")
    # One way to end it: the bar's. The dock says what the call is, and offers no second end.
    expect(page.locator('#dock [data-part="about"]')).to_have_text("Прослушивание")
    expect(page.locator('#dock [data-do="hang"]')).to_be_hidden()
    expect(page.get_by_role("button", name="Закончить")).to_have_count(1)
    supervisor.picture("supervise-listen", docs=True)
    # On a phone, too, both notices stand above the dock: its keys stay free.
    for person, notice in ((supervisor, "#spybar"), (operator, "#listeners")):
        with access.on_a_phone(person.page):
            over = person.page.evaluate(
                "one => document.querySelector(one).getBoundingClientRect().bottom"
                " - document.querySelector('#dock').getBoundingClientRect().top", notice
            )  # fmt: skip
            assert over <= 0, notice
    for mode, words, told in [
        ("whisper", "Меня слышит оператор", "подсказывает"),
        ("barge", "Меня слышат оба", "в разговоре"),
        ("listen", "Я слушаю", "слушает разговор"),
    ]:
        bar.locator(f"[data-spy-mode={mode}]").click()
        expect(bar).to_contain_text(words)
        expect(operator.page.locator("#listeners")).to_contain_text(told)
    # Another tab, or this one after a reload, still has the bar: the state is the server's.
    bar.locator("[data-spy-end]").click()
    expect(bar).to_have_count(0)
    expect(operator.page.locator("#listeners")).to_have_count(0)
    call_id = row.get_attribute("data-call")
    supervisor.open(f"/calls/{call_id}")
    expect(page.locator("[data-supervise] [data-spy]")).to_have_count(3)
    supervisor.picture("supervise-call")
    page.locator("[data-supervise] [data-hangup]").click()
    page.locator("#ask [data-yes]").click()
    stack.outside.do(call.until("ended"))
    # The whole story is written a moment after the end.
    token = stack.token("supervisor@demo.example")
    until(
        lambda: stack.api(token, "GET", f"/api/v1/calls/{call_id}")["story"][-1]["kind"] == "hangup",
        what="the story has its end",
    )
    supervisor.open(f"/calls/{call_id}")
    story = page.locator(".tl.story")
    expect(story).to_contain_text("Встал в очередь «Продажи»")
    expect(story).to_contain_text(re.compile(r"трубка снята через 00:"))
    expect(story).to_contain_text("Звонок завершила станция")
    expect(page.locator(".story-path")).to_contain_text("очередь «Продажи»")
    supervisor.picture("supervise-story", docs=True)


def test_a_press_counts_while_the_row_is_drawn_anew(operator: Person, supervisor: Person, stack: Stack) -> None:
    operator.go_on_line()
    stack.ring(stack.caller("79165550012", tone=CLIENT_HZ), SALES)
    operator.page.locator("[data-answer]").click(timeout=20_000)
    page = supervisor.page
    row = page.locator("#now-calls li[data-call]").first
    expect(row).to_have_attribute("data-state", "talk")
    row.locator("[data-spy=listen]").hover()
    page.mouse.down()
    operator.page.locator('[data-do="hold"]').click()
    expect(row).to_have_attribute("data-state", "pause")
    page.mouse.up()
    expect(page.locator("#spybar")).to_contain_text("Я слушаю", timeout=15_000)
    page.locator("[data-spy-end]").click()
    expect(page.locator("#spybar")).to_have_count(0)


@pytest.mark.rule("SUP-05")
def test_the_last_caller_is_moved_to_the_front_on_the_board(supervisor: Person, stack: Stack) -> None:
    for number in ("79165550021", "79165550022"):
        stack.ring(stack.caller(number), SALES)
        expect(supervisor.page.locator(f"#now-calls li:has-text('{number[-4:-2]}-{number[-2:]}')")).to_contain_text(
            "№", timeout=20_000
        )
    rows = supervisor.page.locator("#now-calls li[data-call]")
    expect(rows.nth(1)).to_contain_text("00-22")
    supervisor.picture("supervise-waiting", docs=True)
    rows.nth(1).locator("[data-front]").click()
    expect(rows.nth(0)).to_contain_text("00-22")
    rows.nth(0).locator("[data-redirect]").click()
    sheet = supervisor.page.locator("#redirect-sheet")
    sheet.locator("select").select_option(label="Поддержка")
    supervisor.picture("supervise-redirect")
    sheet.get_by_role("button", name="Направить").click()
    expect(supervisor.page.locator("#now-calls li:has-text('00-22')")).to_contain_text("Поддержка")


@pytest.mark.rule("SUP-06", "SUP-07")
def test_a_limit_colours_and_a_screen_shows_it_until_its_link_is_taken_away(
    chromium: Browser, stack: Stack, supervisor: Person
) -> None:
    admin = browser.person(chromium, stack.base_url)
    admin.sign_in("admin@demo.example", stack.password)
    admin.open("/wallboard/settings")
    page = admin.page
    page.locator("select[name=figure]").select_option("waiting")
    page.locator("input[name=alarm]").fill("1")
    page.get_by_role("button", name="Добавить порог").click()
    expect(page.locator("#board-settings td").first).to_have_text("Ждут в очереди")
    page.locator("input[name=title]").fill("Экран в зале")
    page.get_by_role("button", name="Создать ссылку").click()
    address = page.locator("[data-screen-link]").get_attribute("href")
    assert address
    admin.picture("board-settings", docs=True)
    wall = chromium.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    wall.goto(address)
    stack.ring(stack.caller("79165550031"), SALES)
    row = wall.locator("tr:has-text('Продажи')")
    expect(row.locator("[data-figure=waiting]")).to_have_attribute("data-limit", "alarm", timeout=25_000)
    expect(wall.locator(".note[role=alert]", has_text="порог 1")).to_be_visible(timeout=10_000)
    assert "5550031" not in wall.content()
    wall.screenshot(path="var/screenshots/wall-screen.png")
    supervisor.open("/wallboard")
    board = supervisor.page.locator("[data-row]:has-text('Продажи') [data-figure=waiting]")
    expect(board).to_have_attribute("data-limit", "alarm")
    expect(supervisor.page.locator("[data-part=concerns]")).to_contain_text("порог 1")
    stack.outside.hang_up_all()
    expect(wall.locator(".note[role=alert]", has_text="порог 1")).to_have_count(0, timeout=15_000)
    page.locator("form[action*='/screens/'] button:has-text('Убрать')").first.click()
    page.locator("#ask [data-yes]").click()
    expect(wall.locator("#wall-gone")).to_be_visible(timeout=10_000)
    assert wall.locator("table").count() == 0
    page.locator("form[action*='/limits/'] button:has-text('Убрать')").first.click()
    page.locator("#ask [data-yes]").click()
    expect(page.locator("form[action*='/limits/'] button:has-text('Убрать')")).to_have_count(0)
    wall.context.close()
    admin.context.close()


@pytest.mark.rule("SUP-11")
def test_the_board_of_a_past_moment(supervisor: Person) -> None:
    page = supervisor.page
    page.locator("[data-past-toggle]").click()
    form = page.locator("[data-past]")
    expect(form).to_be_visible()
    expect(page.locator("#wallboard")).to_contain_text("ничего не движется")
    form.locator("[data-minutes]").evaluate(
        "e => { e.value = 0; e.dispatchEvent(new Event('input', {bubbles: true}));"
        " e.dispatchEvent(new Event('change', {bubbles: true})); }"
    )
    expect(form.locator("input[name=at]")).to_have_value(re.compile("T00:00"))
    expect(page.locator('.kpis [data-figure="entered"]')).to_have_text("0")
    supervisor.picture("board-past", docs=True)
    page.locator("[data-past-toggle]").click()
    expect(form).to_have_count(0)


@pytest.mark.rule("SUP-03")
def test_whisper_reaches_an_agent_in_the_browser_and_not_the_client(operator: Person, stack: Stack) -> None:
    """The agent's leg is Opus, the client says nothing: what the agent's page gets louder by is the supervisor."""
    page = operator.page
    page.add_init_script(PEERS)
    operator.open("/")
    operator.go_on_line()
    client = stack.caller("79165550041")
    call = stack.ring(client, SALES)
    page.locator("[data-answer]").click(timeout=20_000)
    expect(page.locator("#dock")).to_have_class("dock live")
    stack.outside.do(client.hears(AGENT_HZ, 0.5), 20)
    token = stack.token("supervisor@demo.example")
    devices = stack.api(token, "GET", "/api/v1/me/devices")["devices"]
    login = next(device for device in devices if device["kind"] == "sip")
    boss = stack.outside.phone(login["login"], stack.settings.sip_port, password=login["password"], tone=BOSS_HZ)
    until(lambda: stack.api(token, "GET", "/api/v1/me/state")["device"] == "sip", what="his phone is on line")
    agent = page.evaluate("callcenter.me.agent_id")
    spy = stack.api(token, "POST", "/api/v1/supervision/spies", {"agent_id": agent, "mode": "listen"})
    stack.outside.now(stack.outside.do(boss.incoming()).answer)
    stack.outside.do(boss.hears(AGENT_HZ, 0.5))

    def set_mode(mode: str) -> None:
        stack.api(token, "PUT", f"/api/v1/supervision/spies/{spy['id']}", {"mode": mode})

    def agent_gets() -> float:
        """The energy that comes into the agent's page in a second."""
        return float(page.evaluate(ENERGY))

    assert agent_gets() < 0.001
    set_mode("whisper")
    until(lambda: agent_gets() > 0.01, what="the agent hears the supervisor")
    client.forget()
    until(lambda: len(client.heard) > 12_000, what="the client has listened")
    assert strength(client.listen()[-8000:], BOSS_HZ) < 0.005
    assert strength(client.listen()[-800:], AGENT_HZ) > 0.05
    stack.outside.do(boss.hears(AGENT_HZ, 0.5))
    set_mode("barge")
    until(lambda: strength(client.listen()[-800:], BOSS_HZ) > 0.05, what="the client hears the supervisor")
    assert agent_gets() > 0.01
    set_mode("whisper")
    until(lambda: strength(client.listen()[-800:], BOSS_HZ) < 0.005, what="the client hears him no more")
    set_mode("listen")
    until(lambda: agent_gets() < 0.001, what="the agent hears him no more")
    assert len(boss.calls) == 1
    stack.outside.now(call.bye)


@pytest.mark.parametrize(("width", "theme", "language"), [("narrow", "dark", "ru"), ("wide", "dark", "en")])
def test_the_pages_fit_every_window(chromium: Browser, stack: Stack, width: str, theme: str, language: str) -> None:
    stack.ring(stack.caller("79165550051"), SALES)
    admin = browser.person(chromium, stack.base_url, width=width, theme=theme, language=language)
    admin.sign_in("admin@demo.example", stack.password)
    if language == "en":
        admin.page.evaluate("callcenter.api('PATCH', '/api/v1/me', {language: 'en'})")
    for name, path in [
        ("board", "/wallboard"),
        ("settings", "/wallboard/settings"),
        ("past", "/wallboard?at=2026-01-01T12:00"),
    ]:
        admin.open(path)
        if name == "board":
            expect(admin.page.locator("#now-calls li[data-call]")).to_have_count(1, timeout=20_000)
        assert admin.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        admin.picture(f"supervise-{name}-{width}-{language}")
    if language == "en":
        admin.page.evaluate("callcenter.api('PATCH', '/api/v1/me', {language: 'ru'})")
    admin.context.close()
    assert admin.complaints == []
