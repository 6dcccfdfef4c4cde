"""Pages by keyboard, for a screen reader, in both themes and on a phone (PLT-04)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import leave
from tests.browser.test_phone import personal_number, talk
from tests.support import access, browser
from tests.support.browser import Person
from tests.support.stack import OPERATOR, Stack

PAGES = (
    "/",
    "/self-test",
    "/wallboard",
    "/wallboard/settings",
    "/agents",
    "/agents/settings",
    "/day",
    "/queues",
    "/skills",
    "/surveys",
    "/menus",
    "/menus/new",
    "/line-reports",
)
# What a screen reader is given to say: every line that comes into a live region, "!" before what it says at once.
HEARD = """
globalThis.heard = [];
addEventListener("DOMContentLoaded", () => {
    for (const region of document.querySelectorAll("#live, #live-now"))
        new MutationObserver((changes) => {
            for (const change of changes) for (const line of change.addedNodes)
                globalThis.heard.push((region.ariaLive === "assertive" ? "! " : "") + line.textContent);
        }).observe(region, { childList: true });
});
"""


@pytest.fixture(scope="module")
def administrator(product: Stack, chromium: Browser) -> Iterator[Person]:
    """Somebody who may see every page."""
    person = browser.person(chromium, product.base_url)
    person.sign_in("admin@demo.example", product.password)
    yield person
    leave(person)
    assert person.complaints == []


@pytest.mark.rule("PLT-04")
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_everybody(administrator: Person, path: str) -> None:
    administrator.open(path)
    administrator.page.wait_for_function("() => callcenter.store.state.live")
    found = access.faults(administrator.page)
    assert not found, "\n".join(found)


@pytest.mark.rule("PLT-04")
def test_a_call_s_story_is_for_everybody(administrator: Person) -> None:
    administrator.open("/calls")
    row = administrator.page.locator("#main tr[data-call]").first
    administrator.open(f"/calls/{row.get_attribute('data-call')}")
    expect(administrator.page.locator(".tl.story")).to_be_visible()
    found = access.faults(administrator.page)
    assert not found, "\n".join(found)


@pytest.mark.rule("PLT-04")
def test_the_dock_is_for_everybody_before_in_and_after_a_call(stack: Stack, operator: Person) -> None:
    page = operator.page
    operator.go_on_line()
    page.locator('#dock .dial [data-do="keypad"]').click()
    expect(page.locator(".dialpad")).to_be_visible()
    found = {"dial pad": access.faults(page)}
    page.keyboard.press("Escape")
    expect(page.locator(".callcard")).to_have_count(0)
    _, call = talk(stack, operator)
    found["talk"] = access.faults(page)
    for key, panel in (("t", "[data-transfer]"), ("k", "[data-keypad]")):
        page.locator("body").press(key)
        expect(page.locator(panel)).to_be_visible()
        found[panel] = access.faults(page)
    page.locator("body").press("Escape")
    expect(page.locator(".callcard")).to_have_count(0)
    stack.outside.now(call.bye)
    expect(page.locator("#dock .dial")).to_be_visible()
    page.locator("body").press("b")
    expect(page.locator('#dock .mine[data-kind="pause"]')).to_be_visible()
    found["break"] = access.faults(page)
    page.locator("body").press("b")
    expect(page.locator("#status")).to_have_attribute("data-state", "ready")
    stack.ring(stack.caller("79165550071"), personal_number(stack, OPERATOR))
    expect(page.locator(".callcard [data-answer]")).to_be_visible(timeout=30_000)
    found["ring"] = access.faults(page)
    expect(page.locator(".callcard [data-answer]")).to_be_visible()
    page.locator("body").press("Escape")
    wrong = [f"{where}: {fault}" for where, faults in found.items() for fault in faults]
    assert not wrong, "\n".join(wrong)


@pytest.mark.rule("PLT-04")
def test_a_panel_takes_the_focus_and_gives_it_back_and_two_are_never_open(stack: Stack, operator: Person) -> None:
    page = operator.page
    operator.go_on_line()
    _, call = talk(stack, operator)
    transfer, keypad = (page.locator(f'#dock .keys [data-do="{name}"]') for name in ("transfer", "keypad"))
    keypad.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Клавиатура")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator(".callcard")).to_have_count(0)
    expect(keypad).to_be_focused()
    page.keyboard.press("t")
    expect(page.locator("[data-transfer] input")).to_be_focused()
    # By the mouse, while the transfer is open: the keypad takes its place, and says so.
    keypad.click()
    expect(page.locator("[data-keypad]")).to_be_visible()
    expect(page.locator("[data-transfer]")).to_have_count(0)
    expect(transfer).to_have_attribute("aria-pressed", "false")
    stack.outside.now(call.bye)


@pytest.mark.rule("PLT-04")
def test_what_happens_is_said_to_who_does_not_see_it(stack: Stack, operator: Person) -> None:
    page = operator.page
    page.add_init_script(HEARD)
    operator.open("/")
    operator.go_on_line()

    def said(text: str) -> None:
        page.wait_for_function("text => globalThis.heard.some((line) => line.startsWith(text))", arg=text)

    said("Мой статус: Готов")
    call = stack.ring(stack.caller("79165550072"), personal_number(stack, OPERATOR))
    said("! Входящий звонок: +7 (916) 555-00-72")
    card = page.get_by_role("dialog", name="+7 (916) 555-00-72")
    expect(card.get_by_role("button", name="Ответить")).to_be_visible()
    card.get_by_role("button", name="Ответить").click()
    said("Мой статус: Разговор")
    stack.outside.do(call.until("answered"))
    page.locator('#dock .keys [data-do="record"]').click()
    expect(page.locator(".toast")).to_contain_text("Запись на паузе")
    said(page.locator(".toast .grow").inner_text())
    stack.outside.now(call.bye)
    said("Звонок завершён")
    expect(page.locator("#status")).to_have_attribute("data-state", "ready")
    page.locator("body").press("b")
    expect(page.locator("#status")).to_have_attribute("data-state", "paused")
    said("Мой статус: " + page.locator("#status [data-word]").inner_text())
    # A warning is said at once, over whatever is being read.
    page.evaluate("callcenter.complain('Не вышло')")
    said("! Не вышло")


@pytest.mark.rule("PLT-04")
def test_nothing_moves_for_who_asked_for_less_motion(stack: Stack, operator: Person) -> None:
    page = operator.page
    operator.go_on_line()
    stack.ring(stack.caller("79165550073"), personal_number(stack, OPERATOR))
    expect(page.locator(".callcard [data-answer]")).to_be_visible(timeout=30_000)
    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0
    # The ring is still seen: the pulse stands still around the face.
    assert page.locator(".callcard .avatar").evaluate("e => getComputedStyle(e, '::after').opacity") == "1"
    page.locator("body").press("Escape")


@pytest.mark.rule("PLT-04")
def test_the_focus_is_seen_in_the_colours_of_the_system(administrator: Person) -> None:
    page = administrator.page
    administrator.open("/self-test")
    page.emulate_media(forced_colors="active")
    page.locator("[data-check]").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).boxShadow") == "none"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.emulate_media(forced_colors="none")
