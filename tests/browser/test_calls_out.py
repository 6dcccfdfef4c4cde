"""Calls out in a real Chromium: the company's number is confirmed by a call, operators of a number are arranged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_numbers import sales
from tests.support import access, browser
from tests.support.browser import Person
from tests.support.confirmed import code_of
from tests.support.stack import Stack

MOBILE = "+79165550144"


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """The administrator at a desk; fails the test when his page complained."""
    person = browser.person(chromium, stack.base_url)
    person.sign_in("admin@demo.example", stack.password)
    yield person
    person.page.evaluate(
        """() => callcenter.api("PUT", "/api/v1/calling-settings",
            { number_mode: "common", caller_mode: "line", number: "" })"""
    )
    person.context.close()
    assert person.complaints == []


@pytest.mark.rule("TEL-28", "TEL-33", "TEL-34")
def test_the_company_s_number_is_entered_confirmed_by_a_call_and_its_end_is_shown(
    administrator: Person, stack: Stack
) -> None:
    page = administrator.page
    administrator.open("/numbers")
    page.locator('.places a[href="/calling"]').click()
    page.locator('#calling input[value="own"]').check()
    page.locator('#calling input[name="number"]').fill("8 916 555-01-44")
    page.locator('#calling button[type="submit"]').click()
    expect(page.locator("#calling [data-blocked]")).to_contain_text("Исходящие звонки заблокированы")
    administrator.picture("calls-out-blocked")
    assert access.faults(page) == []
    page.locator('#calling a[href^="/confirm"]').click()
    expect(page.locator("#confirm")).to_contain_text("+7 (916) 555-01-44")
    expect(page.locator('#confirm [data-unavailable="sms"]')).to_contain_text("СМС на этом сервере не настроены")
    carrier = stack.carrier()
    page.get_by_role("button", name="Звонком с кодом").click()
    asked = stack.outside.do(carrier.incoming())
    stack.outside.now(asked.answer)
    code = page.locator('#confirm input[name="code"]')
    expect(code).to_be_focused()
    administrator.picture("confirm-code")
    assert access.faults(page) == []
    code.fill("abc")
    page.keyboard.press("Enter")
    expect(page.locator("#e-code")).to_contain_text("Код неверный. Осталось попыток: 4.")
    page.locator('#confirm input[name="code"]').fill(code_of(stack.settings, MOBILE))
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.pathname === '/calling'")
    expect(page.locator('#calling [data-confirmation="valid"]')).to_contain_text("до ")
    expect(page.locator("#calling [data-blocked]")).to_have_count(0)
    administrator.picture("calls-out-confirmed")
    page.get_by_role("link", name="Показать номера пользователей").click()
    expect(page.locator("#own-numbers [data-member]").first).to_contain_text("Номер не указан")
    assert access.faults(page) == []


@pytest.mark.rule("TEL-62")
def test_operators_of_a_number_are_added_switched_and_removed(administrator: Person, stack: Stack) -> None:
    page = administrator.page
    administrator.open(f"/numbers/{sales(stack)}")
    part = page.locator("#operators")
    part.get_by_role("button", name="Добавить оператора").click()
    row = part.locator("[data-operator]")
    expect(row).to_have_count(1)
    record = row.locator('[data-toggle="record"]')
    expect(record).to_have_attribute("aria-checked", "true")
    record.focus()
    page.keyboard.press("Enter")
    expect(row.locator('[data-toggle="record"]')).to_have_attribute("aria-checked", "false")
    expect(row.locator('[data-toggle="outgoing"]')).to_have_attribute("aria-checked", "true")
    administrator.picture("operators")
    assert access.faults(page) == []
    row.get_by_role("button", name="Убрать").click()
    expect(row).to_have_count(0)
    part.get_by_role("button", name="Вернуть").click()
    expect(row.locator('[data-toggle="record"]')).to_have_attribute("aria-checked", "false")
    row.get_by_role("button", name="Убрать").click()
    expect(row).to_have_count(0)
