"""The pages of numbers in a real Chromium: the week editor, the order of employees, prompts, emergency closing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import access, browser
from tests.support.browser import Person
from tests.support.stack import SALES, Stack, until

SIZES = ((1440, 900), (390, 844))


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """The administrator at a desk; fails the test when his page complained."""
    person = browser.person(chromium, stack.base_url)
    person.sign_in("admin@demo.example", stack.password)
    yield person
    person.context.close()
    assert person.complaints == []


def sales(stack: Stack) -> int:
    token = stack.token("admin@demo.example")
    found = stack.api(token, "GET", "/api/v1/numbers")["numbers"]
    return next(int(one["id"]) for one in found if one["e164"] == SALES)


def pictures(person: Person, name: str, *, full: bool = True) -> None:
    """Light and dark, wide and narrow; the whole page is seen."""
    page = person.page
    for theme in ("light", "dark"):
        page.evaluate(f"() => {{ document.documentElement.dataset.theme = '{theme}' }}")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": 4600 if full and theme == "light" else height})
            person.picture(f"{name}-{theme}-{width}")
    page.evaluate("() => { document.documentElement.dataset.theme = 'light' }")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.rule("INB-11")
def test_the_week_is_edited_and_a_fault_loses_nothing(administrator: Person, stack: Stack) -> None:
    page, number = administrator.page, sales(stack)
    administrator.open("/numbers")
    page.locator(f'tr[data-number="{number}"] a.btn').click()
    page.wait_for_function(f"() => location.pathname === '/numbers/{number}'")
    form = page.locator('form[data-section="hours"]')
    form.locator('input[value="week"]').check()
    form.locator("[data-preset]").nth(2).click()
    monday = form.locator('[data-day="0"]')
    expect(monday.locator("[data-span]")).to_have_count(2)
    expect(form.locator('[data-day="5"] [data-free]')).to_be_visible()
    # By keyboard alone: a third span, which overlaps.
    add = monday.locator("[data-span-add]")
    add.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("17:00")
    page.keyboard.press("Tab")
    page.keyboard.type("20:00")
    form.locator('button[value="one"]').click()
    expect(monday.locator(".error-text")).to_contain_text("пересекаются в 17:00")
    expect(monday.locator("[data-span]")).to_have_count(3)
    expect(monday.locator("input").nth(5)).to_have_value("20:00")
    pictures(administrator, "number-fault", full=False)
    monday.locator("[data-span-drop]").last.click()
    expect(add).to_be_focused()
    monday.locator("input").nth(3).fill("22:00")
    monday.locator("[data-copy]").click()
    expect(form.locator('[data-day="4"] input').nth(3)).to_have_value("22:00")
    form.locator('button[value="one"]').click()
    expect(page.locator("#hours header .state")).to_contain_text("Сохранено")
    saved = stack.api(stack.token("admin@demo.example"), "GET", "/api/v1/numbers")["numbers"]
    week = next(one["hours"]["week"] for one in saved if one["id"] == number)
    assert week == [[[540, 780], [840, 1320]]] * 5 + [[], []]


def test_the_order_of_employees_is_set_by_keyboard_and_by_dragging(administrator: Person, stack: Stack) -> None:
    page, number = administrator.page, sales(stack)
    administrator.open(f"/numbers/{number}")
    form = page.locator('form[data-section="takers"]')
    form.locator('input[name="takers"][value="all"]').check()
    form.locator('select[name="strategy"]').select_option("in_order")
    rows = form.locator("[data-order] [data-row]")
    names = rows.locator(".cut").all_inner_texts()
    up = rows.nth(1).locator("[data-up]")
    up.focus()
    page.keyboard.press("Enter")
    expect(rows.locator(".cut").first).to_have_text(names[1])
    third = rows.nth(2).locator("[data-grip]").bounding_box()
    first = rows.nth(0).bounding_box()
    assert third
    assert first
    page.mouse.move(third["x"] + third["width"] / 2, third["y"] + third["height"] / 2)
    page.mouse.down()
    page.mouse.move(first["x"] + 30, first["y"] + 3, steps=6)
    page.mouse.up()
    wanted = [names[2], names[1], names[0], *names[3:]]
    assert rows.locator(".cut").all_inner_texts() == wanted
    form.locator('button[value="one"]').click()
    expect(page.locator("#takers header .state")).to_contain_text("Сохранено")
    assert rows.locator(".cut").all_inner_texts() == wanted
    pictures(administrator, "number")
    assert access.faults(page) == []


def test_prompts_are_chosen_and_heard(administrator: Person, stack: Stack) -> None:
    page = administrator.page
    administrator.open(f"/numbers/{sales(stack)}")
    form = page.locator('form[data-section="prompts"]')
    row = form.locator(".prompt-row").nth(1)
    row.locator("select").select_option("standard-waiting")
    play = row.locator("[data-prompt-play]")
    with page.expect_response(lambda answer: "/prompts/audio/standard-waiting" in answer.url) as answer:
        play.click()
    assert answer.value.status in (200, 206)
    expect(play).to_have_attribute("aria-pressed", "true")
    play.click()
    expect(play).not_to_have_attribute("aria-pressed", "true")


def test_special_days_are_kept_and_put_back(administrator: Person, stack: Stack) -> None:
    page = administrator.page
    administrator.open("/numbers/days")
    page.fill('input[name="first"]', "2027-05-01")
    page.fill('input[name="last"]', "2027-05-02")
    page.fill('input[name="title"]', "Майские праздники")
    page.locator("[data-day-form] .btn.main").click()
    row = page.locator('[data-day-row="2027-05-02"]')
    expect(row).to_be_visible()
    row.hover()
    row.locator("[data-day-edit]").click()
    page.locator("[data-closed]").uncheck()
    spans = page.locator("[data-day-form] [data-span] input")
    spans.nth(0).fill("10:00")
    spans.nth(1).fill("15:00")
    page.locator("[data-day-form] .btn.main").click()
    expect(row).to_contain_text("10:00–15:00")
    pictures(administrator, "days", full=False)
    assert access.faults(page) == []
    row.hover()
    row.locator("button.warn").click()
    expect(row).to_have_count(0)
    page.locator(".note.undo button").click()
    expect(row).to_contain_text("10:00–15:00")


@pytest.mark.rule("INQ-06")
def test_the_company_is_closed_by_one_press_that_asks_and_everybody_sees_it(
    administrator: Person, stack: Stack
) -> None:
    page = administrator.page
    administrator.open("/wallboard")
    page.locator('a[href="/closing"]').click()
    page.wait_for_function("() => location.pathname === '/closing'")
    pictures(administrator, "closing", full=False)
    page.locator("#closing .btn.no").click()
    page.locator("#ask [data-yes]").click()
    expect(page.locator("[data-closed-now]")).to_be_visible()
    expect(page.locator("#bell .count")).to_be_visible()
    token = stack.token("admin@demo.example")
    until(lambda: stack.api(token, "GET", "/api/v1/closing")["reached"], what="Asterisk knows it")
    pictures(administrator, "closing-closed", full=False)
    page.locator("#closing .closing-now .btn.main").click()
    expect(page.locator("[data-closed-now]")).to_have_count(0)
    assert access.faults(page) == []


@pytest.mark.rule("INB-02")
def test_the_lines_name_is_shown_when_it_rings(stack: Stack, operator: Person) -> None:
    token, number = stack.token("admin@demo.example"), sales(stack)
    before = next(n["title"] for n in stack.api(token, "GET", "/api/v1/numbers")["numbers"] if n["id"] == number)
    try:
        stack.api(token, "PATCH", f"/api/v1/numbers/{number}?apply=1", {"title": "Линия для теста"})
        operator.go_on_line()
        stack.ring(stack.caller("79165550123"), SALES)
        card = operator.page.locator(".callcard")
        expect(card.locator("[data-line]")).to_have_text("Линия: Линия для теста", timeout=60_000)
        operator.picture("number-line-rings")
    finally:
        stack.api(token, "PATCH", f"/api/v1/numbers/{number}?apply=1", {"title": before})
