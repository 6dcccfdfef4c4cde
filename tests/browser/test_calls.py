"""The telephony section in a real browser with real calls: they come by themselves and open in place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import SALES, Stack


@pytest.fixture
def supervisor(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """A supervisor at the call list."""
    person = browser.person(chromium, stack.base_url)
    person.sign_in("supervisor@demo.example", stack.password)
    person.open("/calls")
    person.page.wait_for_function("() => callcenter.store.state.live")
    yield person
    person.context.close()
    assert person.complaints == []


@pytest.mark.rule("TEL-02", "TEL-20")
def test_a_call_comes_into_the_list_by_itself_and_turns_into_a_missed_one(supervisor: Person, stack: Stack) -> None:
    page = supervisor.page
    rows = page.locator("#calls-body tr[data-call]")
    before = rows.count()
    first = rows.first.get_attribute("data-call")
    call = stack.ring(stack.caller("79995550101"), SALES)
    row = page.locator("#calls-body tr[data-open]").first
    expect(row).to_contain_text("+7 (999) 555-01-01", timeout=15_000)
    expect(row).to_contain_text("Новый контакт")
    expect(row).to_have_attribute("data-call", rows.first.get_attribute("data-call") or "")
    assert rows.first.get_attribute("data-call") != first
    stack.outside.now(call.cancel) if not call.states["answered"].is_set() else stack.outside.now(call.bye)
    expect(rows.first).not_to_have_attribute("data-open", "", timeout=15_000)
    expect(rows.first).to_contain_text("ожидание 00:")
    expect(rows.first).to_contain_text("Нет комментария")
    # The page holds as many rows as before: the oldest has made room.
    assert rows.count() <= max(before, 30)


@pytest.mark.rule("TEL-12")
def test_a_row_opens_in_place_and_a_comment_is_saved(supervisor: Person) -> None:
    page = supervisor.page
    row = page.locator("#calls-body tr[data-call]").nth(2)
    call_id = row.get_attribute("data-call")
    row.hover()
    row.locator("[data-more]").click()
    detail = page.locator(f'#calls-body tr[data-call="{call_id}"] + tr.detail')
    expect(detail).to_contain_text("Ход звонка")
    assert page.url.endswith("/calls")
    detail.locator('input[name="comment"]').fill("Перезвонить в среду")
    detail.get_by_role("button", name="Сохранить").click()
    page.wait_for_url(f"**/calls/{call_id}")
    expect(page.locator('input[name="comment"]')).to_have_value("Перезвонить в среду")
    supervisor.go("/calls")
    expect(page.locator(f'tr[data-call="{call_id}"]')).to_contain_text("Перезвонить в среду")


def test_nothing_moves_under_the_pointer(supervisor: Person, stack: Stack) -> None:
    page = supervisor.page
    rows = page.locator("#calls-body tr[data-call]")
    rows.nth(1).hover()
    held = rows.nth(1).get_attribute("data-call")
    call = stack.ring(stack.caller("79995550102"), SALES)
    button = page.locator("#calls-new")
    expect(button).to_have_text("Новых звонков: 1", timeout=15_000)
    assert rows.nth(1).get_attribute("data-call") == held
    button.click()
    expect(rows.first).to_contain_text("+7 (999) 555-01-02")
    stack.outside.now(call.cancel) if not call.states["answered"].is_set() else stack.outside.now(call.bye)


def test_filters_and_tabs_keep_the_shell(supervisor: Person) -> None:
    page = supervisor.page
    page.evaluate("globalThis.same = true")
    page.get_by_role("link", name="Пропущенные").click()
    page.wait_for_url("**/calls?kind=missed")
    expect(page.locator("#calls-body tr[data-call]").first).to_contain_text("ожидание")
    page.fill('#calls input[name="q"]', "нет такого человека")
    page.press('#calls input[name="q"]', "Enter")
    expect(page.locator("#main")).to_contain_text("Таких звонков нет")
    page.locator("#main").get_by_role("link", name="Сбросить").first.click()
    page.wait_for_url("**/calls")
    for name, heading in (("Многоканальные номера", "Название линии"), ("Рекламные кампании", "Кампаний пока нет")):
        page.locator(".tabs").get_by_role("link", name=name).click()
        expect(page.locator("#main")).to_contain_text(heading)
    assert page.evaluate("globalThis.same") is True


@pytest.mark.rule("TEL-09")
def test_a_new_contact_becomes_a_client_from_his_card(supervisor: Person, stack: Stack) -> None:
    page = supervisor.page
    call = stack.ring(stack.caller("79995550103"), SALES)
    row = page.locator("#calls-body tr[data-call]", has_text="+7 (999) 555-01-03")
    expect(row).to_be_visible(timeout=15_000)
    stack.outside.now(call.cancel) if not call.states["answered"].is_set() else stack.outside.now(call.bye)
    row.get_by_role("link", name="Новый контакт").click()
    page.get_by_role("link", name="Создать клиента").click()
    page.fill('input[name="first_name"]', "Пётр")
    page.fill('input[name="last_name"]', "Новиков")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#contact h1")).to_have_text("Пётр Новиков")
    expect(page.locator("#history")).to_contain_text("Пропущен")
    supervisor.go("/calls")
    row = page.locator("#calls-body tr[data-call]", has_text="Пётр Новиков")
    expect(row).to_contain_text("Сделок: 0, Задач: 0")
