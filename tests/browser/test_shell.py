"""The shell: loaded once, it keeps what lives in it over navigation, errors, an ended session and a lost server."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import OPERATOR, Stack, until

# Remembers the very elements and a value of the script, which a reload would lose.
MARK = "window.mark = 'alive'; for (const id of ['dock', 'nav', 'toasts']) document.getElementById(id).mark = id"
MARKED = "window.mark === 'alive' && ['dock', 'nav', 'toasts'].every(id => document.getElementById(id).mark === id)"

# Controls of the shell that stick out of the window.
CUT = """() => [...document.querySelectorAll(
        "#dock :is(button, input), .top :is(button, input), #nav :is(a, button)")]
    .filter(one => one.checkVisibility())
    .filter(one => { const at = one.getBoundingClientRect();
        return at.left < -1 || at.right > innerWidth + 1 || at.bottom > innerHeight + 1 })
    .map(one => one.outerHTML.slice(0, 90))"""


def heading(page: Page) -> str:
    """The heading of the page in <main>."""
    return page.locator("#main h1").inner_text()


def test_navigation_swaps_the_main_part_only(operator: Person) -> None:
    page = operator.page
    page.evaluate(MARK)
    titles = []
    for path in ("/calls", "/agents", "/queues", "/calls", "/"):
        operator.go(path)
        expect(page.locator("#main h1")).to_have_count(1)
        titles.append(heading(page))
        assert page.locator("main").count() == 1
        assert page.locator(f'#nav a[href="{path}"]').get_attribute("aria-current") == "page"
    for step, path in ((page.go_back, "/calls"), (page.go_back, "/queues"), (page.go_forward, "/calls")):
        step()
        page.wait_for_function("path => location.pathname === path", arg=path)
        expect(page.locator("#main h1")).to_have_text(titles[1 if path == "/agents" else 0 if path == "/calls" else 2])
        assert page.locator("main").count() == 1
    assert page.evaluate(MARKED)


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_error_is_said_in_a_toast_and_the_page_stays(operator: Person, status: int) -> None:
    page = operator.page
    before = heading(page)
    page.evaluate("document.querySelector('#main h1').mark = 'same'")
    page.route("**/calls", lambda route: route.fulfill(status=status, body="<html><body>no main here</body></html>"))
    page.click('#nav a[href="/calls"]')
    expect(page.locator(".toast")).to_be_visible()
    assert heading(page) == before
    assert page.evaluate("document.querySelector('#main h1').mark") == "same"
    assert page.evaluate("location.pathname") == "/"


def test_a_foreign_page_never_replaces_the_main_part(operator: Person) -> None:
    page = operator.page
    page.route("**/calls", lambda route: route.fulfill(status=200, body="<html><body><p>no main</p></body></html>"))
    page.click('#nav a[href="/calls"]')
    expect(page.locator(".toast")).to_be_visible()
    expect(page.locator("#main h1")).to_be_visible()


def test_an_ended_session_is_renewed_in_place(operator: Person, stack: Stack) -> None:
    page = operator.page
    page.evaluate(MARK)
    operator.context.clear_cookies()
    page.click('#nav a[href="/calls"]')
    dialog = page.locator("#signin")
    expect(dialog).to_be_visible()
    dialog.locator('input[name="password"]').fill("wrong")
    dialog.locator('button[type="submit"]').click()
    expect(dialog.locator(".error")).to_be_visible()
    assert dialog.locator('input[name="email"]').input_value() == OPERATOR
    dialog.locator('input[name="password"]').fill(stack.password)
    dialog.locator('button[type="submit"]').click()
    expect(dialog).to_be_hidden()
    page.wait_for_function("() => location.pathname === '/calls'")
    assert page.evaluate(MARKED)
    # The new session has a new CSRF token, and the page uses it.
    answer = page.evaluate("callcenter.api('PUT', '/api/v1/me/state', {state: 'paused', reason: 'lunch'})")
    assert answer["wanted"] == "paused"


def test_a_lost_server_is_shown_and_the_page_recovers_by_itself(operator: Person, stack: Stack) -> None:
    page = operator.page
    page.evaluate(MARK)
    page.wait_for_function("() => callcenter.store.state.live")
    revision = page.evaluate("callcenter.store.state.now")
    # Held back, so that a short outage is seen as one: the demo starts its server again at once.
    operator.context.set_offline(True)
    os.kill(stack.server_pid(), signal.SIGKILL)
    expect(page.locator("#away")).to_be_visible()
    expect(page.locator("#away")).to_have_text(re.compile("Связь потеряна"))
    until(lambda: _answers(stack), timeout=60, what="the server is back")
    operator.context.set_offline(False)
    expect(page.locator("#away")).to_be_hidden(timeout=30_000)
    expect(page.locator(".toast")).to_contain_text("Связь восстановлена")
    page.wait_for_function("before => callcenter.store.state.now !== before", arg=revision)
    assert page.evaluate(MARKED)


def test_a_server_that_hangs_is_noticed_without_a_word_from_it(operator: Person, stack: Stack) -> None:
    page = operator.page
    page.wait_for_function("() => callcenter.store.state.live")
    server = stack.server_pid()
    os.kill(server, signal.SIGSTOP)
    try:
        # No connection breaks: only the silence tells. The server says something every 15 s, 25 s are too long.
        expect(page.locator("#away")).to_be_visible(timeout=45_000)
    finally:
        os.kill(server, signal.SIGCONT)
    expect(page.locator("#away")).to_be_hidden(timeout=30_000)


def _answers(stack: Stack) -> bool:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(stack.base_url + "/healthz", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def test_one_stream_serves_all_tabs(operator: Person) -> None:
    page = operator.page
    page.wait_for_function("() => callcenter.store.state.live")
    streams: list[str] = []
    second = operator.context.new_page()
    second.on(
        "request", lambda request: streams.append(request.url) if request.url.endswith("/api/v1/events") else None
    )
    second.goto(operator.base_url + "/")
    second.wait_for_function("() => globalThis.callcenter?.store.state.live")
    assert streams == []
    choose = "wanted => callcenter.api('PUT', '/api/v1/me/state', {state: wanted})"
    chosen = "wanted => callcenter.store.state.agents[callcenter.me.agent_id].wanted === wanted"
    page.evaluate(choose, "paused")
    second.wait_for_function(chosen, arg="paused")
    # The tab that holds the stream is closed: the other takes over.
    with second.expect_request("**/api/v1/events"):
        page.close()
    second.evaluate(choose, "offline")
    second.wait_for_function(chosen, arg="offline")


def test_keys_rest_while_somebody_types(operator: Person) -> None:
    page = operator.page
    page.keyboard.press("?")
    expect(page.locator("#keys-sheet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-sheet")).to_be_hidden()
    page.keyboard.press("/")
    field = page.locator("#search input")
    expect(field).to_be_focused()
    page.keyboard.type("Km?")
    assert field.input_value() == "Km?"
    expect(page.locator("#keys-sheet")).to_be_hidden()
    expect(page.locator(".callcard")).to_have_count(0)


def test_the_theme_is_kept(operator: Person) -> None:
    page = operator.page
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    operator.wait_ready()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") is None


@pytest.mark.parametrize("width", ["wide", "middle", "narrow"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_nothing_sticks_out_of_the_screen(stack: Stack, chromium: Browser, width: str, language: str) -> None:
    person = browser.person(chromium, stack.base_url, width=width, language=language)
    page = person.page
    person.sign_in("operator2@demo.example", stack.password)
    page.evaluate("language => callcenter.api('PATCH', '/api/v1/me', {language})", language)
    person.open("/")
    person.picture(f"desk-{width}-{language}")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    assert page.evaluate(CUT) == []
    page.evaluate("callcenter.api('PATCH', '/api/v1/me', {language: 'ru'})")
    assert person.complaints == []
    person.context.close()
