"""The shift board on the real product: what one person does, another one sees; each figure tells what it is made of."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import SALES, Stack
from tests.traces.phone import Call

# Sums of what moved without being asked to, as the browser itself measures it.
WATCH_SHIFTS = """
    globalThis.shifts = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) {
            if (!entry.hadRecentInput) shifts.push({
                value: entry.value,
                nodes: entry.sources.map(s => s.node?.outerHTML?.slice(0, 120) ?? String(s.node?.textContent)),
            });
        }
    }).observe({type: 'layout-shift', buffered: false});
"""


@pytest.fixture
def supervisor(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """A supervisor at the shift board."""
    person = browser.person(chromium, stack.base_url)
    person.sign_in("supervisor@demo.example", stack.password)
    person.open("/wallboard")
    person.page.wait_for_function("() => callcenter.store.state.live")
    yield person
    person.context.close()
    assert person.complaints == []


def figure(page: Page, name: str, place: str = ".kpis") -> str:
    """What a figure shows."""
    return page.locator(f'{place} [data-figure="{name}"]').first.inner_text().replace("\u00a0", " ")


def number(page: Page, name: str, place: str = ".kpis") -> int:
    return int(figure(page, name, place))


@pytest.mark.rule("SUP-01")
def test_what_an_agent_does_is_seen_by_the_supervisor(operator: Person, supervisor: Person) -> None:
    page = supervisor.page
    agent = operator.page.evaluate("callcenter.me.agent_id")
    tile = page.locator(f'.tile[data-agent="{agent}"]')
    expect(tile).to_have_attribute("data-is", "offline")
    page.evaluate(WATCH_SHIFTS)
    operator.go_on_line()
    expect(tile).to_have_attribute("data-is", "ready", timeout=5_000)
    expect(tile).to_contain_text("Готов")
    operator.page.evaluate("callcenter.api('PUT', '/api/v1/me/state', {state: 'paused', reason: 'lunch'})")
    expect(tile).to_have_attribute("data-is", "paused", timeout=2_000)
    expect(tile).to_contain_text("Обед")
    before = page.evaluate("id => callcenter.store.state.agents[id].since", agent)
    expect(tile.locator("time")).to_have_attribute("data-since", before)
    operator.page.evaluate("callcenter.api('PUT', '/api/v1/me/state', {state: 'offline'})")
    expect(tile).to_have_attribute("data-is", "offline", timeout=2_000)
    assert_calm(page)


@pytest.mark.rule("SUP-01", "SUP-02")
def test_a_call_moves_through_the_board(operator: Person, supervisor: Person, stack: Stack) -> None:
    page = supervisor.page
    agent = operator.page.evaluate("callcenter.me.agent_id")
    row = queue_row(page, "Продажи")
    page.evaluate(WATCH_SHIFTS)
    entered, answered = number(page, "entered"), figure_of(page, "asa")[3]
    caller = stack.caller()
    call = stack.ring(caller, SALES)
    expect(row.locator('[data-figure="waiting"]')).to_have_text("1", timeout=20_000)
    expect(row.locator('[data-figure="longest"] [data-since]')).to_have_text(re.compile(r"^0:0\d$"))
    assert number(page, "entered") == entered + 1
    operator.go_on_line()
    tile = page.locator(f'.tile[data-agent="{agent}"]')
    expect(tile).to_have_attribute("data-is", "ringing", timeout=10_000)
    operator.page.keyboard.press("Enter")
    operator.page.wait_for_selector("#dock.live")
    expect(tile).to_have_attribute("data-is", "talking", timeout=5_000)
    expect(tile).to_contain_text("Продажи")
    expect(row.locator('[data-figure="waiting"]')).to_have_text("0")
    expect(row.locator('[data-figure="longest"]')).to_have_text("—")
    expect(page.locator('.kpis [data-figure="talking"]')).to_have_text("1")
    hang_up(stack, call)
    expect(tile).not_to_have_attribute("data-is", "talking", timeout=10_000)
    value, formula, top, bottom = figure_of(page, "asa")
    assert int(bottom) == int(answered) + 1
    assert "÷" in formula
    assert value
    assert top
    assert_calm(page)
    operator.page.evaluate("callcenter.api('PUT', '/api/v1/me/state', {state: 'offline'})")


@pytest.mark.rule("SUP-02")
def test_every_figure_tells_formula_numerator_and_denominator(supervisor: Person) -> None:
    page = supervisor.page
    for name in ("service_level", "asa", "aht", "occupancy", "abandonment"):
        value, formula, top, bottom = figure_of(page, name)
        assert "÷" in formula
        assert top != ""
        assert bottom != ""
        assert value == figure(page, name) or "%" in value
    buttons = page.locator("#wallboard [data-figure]:visible")
    for index in range(buttons.count()):
        button = buttons.nth(index)
        button.focus()
        page.keyboard.press("Enter")
        panel = page.locator("#formula:popover-open")
        expect(panel).to_be_visible()
        expect(panel.locator('[data-part="formula"]')).not_to_be_empty()
        expect(panel.locator('[data-part="name"]')).not_to_be_empty()
        box = panel.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1440
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        expect(button).to_be_focused()


def test_one_queue_alone_is_shown_and_kept_in_the_address(supervisor: Person) -> None:
    page = supervisor.page
    rows = page.locator("tr[data-row]")
    every = rows.count()
    assert every >= 3
    page.get_by_role("button", name="Продажи", exact=True).click()
    expect(page.locator("tr[data-row]:visible")).to_have_count(1)
    queue = page.locator("tr[data-row]:visible").get_attribute("data-row")
    members = page.evaluate(
        "id => Object.values(callcenter.store.state.agents).filter(a => a.queues.includes(Number(id))).length", queue
    )
    expect(page.locator("li.tile:visible")).to_have_count(members)
    page.reload()
    supervisor.wait_ready()
    expect(page.locator("tr[data-row]:visible")).to_have_count(1)
    page.get_by_role("button", name="Все", exact=True).click()
    expect(page.locator("tr[data-row]:visible")).to_have_count(every)
    assert "queue" not in page.url


@pytest.mark.parametrize("width", ["wide", "middle", "narrow"])
@pytest.mark.parametrize(("theme", "language"), [("light", "ru"), ("dark", "en")])
def test_it_fits_every_screen(stack: Stack, chromium: Browser, width: str, theme: str, language: str) -> None:
    person = browser.person(chromium, stack.base_url, width=width, theme=theme, language=language)
    person.sign_in("admin@demo.example", stack.password)
    page = person.page
    page.evaluate("language => callcenter.api('PATCH', '/api/v1/me', {language})", language)
    for path in ("/wallboard", "/agents", "/queues"):
        person.open(path)
        expect(page.locator("#main h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        main = page.locator("#main")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0, path
        person.picture(f"{path[1:]}-{width}-{theme}-{language}")
    page.evaluate("callcenter.api('PATCH', '/api/v1/me', {language: 'ru'})")
    person.context.close()
    assert person.complaints == []


def test_a_busy_shift(supervisor: Person, stack: Stack) -> None:
    """Five agents at their phones and five callers; the picture of it stands in the README."""
    page, phones = supervisor.page, []
    for number in range(2, 8):
        token = stack.token(f"operator{number}@demo.example")
        devices = stack.api(token, "GET", "/api/v1/me/devices")["devices"]
        sip = next(d for d in devices if d["kind"] == "sip")
        phones.append((token, stack.outside.phone(sip["login"], stack.settings.sip_port, password=sip["password"])))
    wishes = [("ready", ""), ("ready", ""), ("ready", ""), ("ready", ""), ("paused", "lunch"), ("paused", "training")]
    for (token, _), (state, reason) in zip(phones, wishes, strict=True):
        stack.api(token, "PUT", "/api/v1/me/state", {"state": state, "reason": reason})
    expect(page.locator('[data-only="ready"] [data-count]')).to_have_text("4", timeout=15_000)
    callers = [stack.ring(stack.caller(f"7916123450{n}"), SALES) for n in range(6)]
    takers = [phone for _, phone in phones[:4]]
    answered = 0
    for phone in takers:
        with contextlib.suppress(TimeoutError):
            call = stack.outside.do(phone.incoming(10), 15)
            # The last one keeps ringing.
            if answered < 2:
                stack.outside.now(call.answer)
                answered += 1
    expect(page.locator('[data-only="talking"] [data-count]')).to_have_text("2", timeout=10_000)
    expect(page.locator('.kpis [data-figure="waiting"]')).not_to_have_text("0")
    expect(page.locator('.kpis [data-figure="longest"]')).to_have_text(re.compile(r"^0:1\d$"), timeout=15_000)
    supervisor.open("/wallboard")
    page.wait_for_function("() => callcenter.store.state.live")
    supervisor.picture("wallboard", docs=True)
    for call in callers:
        hang_up(stack, call)
    for token, _ in phones:
        stack.api(token, "PUT", "/api/v1/me/state", {"state": "offline"})
    expect(page.locator('[data-only="offline"] [data-count]')).to_have_text("10", timeout=20_000)
    expect(page.locator('.kpis [data-figure="waiting"]')).to_have_text("0")


def queue_row(page: Page, name: str):  # type: ignore[no-untyped-def]
    """A queue's row."""
    return page.locator("tr[data-row]").filter(has=page.get_by_role("cell", name=name, exact=True))


def figure_of(page: Page, name: str) -> tuple[str, str, str, str]:
    """A figure's panel: value, formula, numerator, denominator."""
    page.locator(f'.kpis [data-figure="{name}"]').first.click()
    panel = page.locator("#formula:popover-open")
    expect(panel).to_be_visible()
    parts = tuple(panel.locator(f'[data-part="{part}"]').inner_text() for part in ("value", "formula", "top", "bottom"))
    page.keyboard.press("Escape")
    return parts[0], parts[1], parts[2], parts[3]


def assert_calm(page: Page) -> None:
    """Nothing jumped; the bar of states may grow and shrink inside its own frame."""
    shifts = page.evaluate("shifts.filter(s => s.value > 0.0001)")
    assert [s for s in shifts if not all("data-bar=" in node for node in s["nodes"])] == []


def hang_up(stack: Stack, call: Call) -> None:
    """The caller ends the call."""
    stack.outside.now(call.bye if call.states["answered"].is_set() else call.cancel)
