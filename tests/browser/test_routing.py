"""The page of the routing on the real product: a change waits, is looked at, applied with a test call, taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import SALES, Stack


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """The administrator at a desk; fails the test when his page complained."""
    person = browser.person(chromium, stack.base_url)
    person.sign_in("admin@demo.example", stack.password)
    yield person
    person.context.close()
    assert person.complaints == []


@pytest.mark.rule("DPL-02")
@pytest.mark.rule("DPL-03")
def test_a_change_waits_until_it_is_applied_and_can_be_taken_back(administrator: Person, stack: Stack) -> None:
    page = administrator.page
    administrator.open("/numbers")
    row = page.locator("tr[data-number]", has_text=re.compile(re.escape(SALES[-7:-4])))
    first = page.locator("tr[data-number]").first
    number = (row.first if row.count() else first).get_attribute("data-number")
    page.goto(f"{stack.base_url}/numbers/{number}")
    form = page.locator('form[data-section="takers"]')
    form.locator('input[name="takers"][value="target"]').check()
    option = form.locator('select[name="target"] option[value^="menu-"]').first.get_attribute("value")
    form.locator('select[name="target"]').select_option(option)
    form.locator('button[value="one"]').click()
    bar = page.locator(".routing-bar")
    expect(bar).to_be_visible()
    administrator.picture("routing-bar")
    bar.locator("a").click()
    expect(page.locator("[data-change]")).to_have_count(1)
    page.locator(".diff summary").click()
    expect(page.locator('.diff [data-kind="plus"]').first).to_be_visible()
    for theme in ("light", "dark"):
        page.evaluate(f"() => {{ document.documentElement.dataset.theme = '{theme}' }}")
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            administrator.picture(f"routing-draft-{theme}-{width}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".diff summary").click()
    live = int(re.findall(r"\d+", page.locator(".live-version .state").inner_text())[0])
    page.locator("#routing-note").fill("Сначала меню")
    page.locator("[data-apply]").click()
    expect(page.locator(f'tr[data-version="{live + 1}"] .state[data-state="ready"]')).to_be_visible(timeout=60_000)
    expect(page.locator("[data-change]")).to_have_count(0)
    assert "→" in page.locator(".canary").first.inner_text()
    administrator.picture("routing-applied")
    page.locator(f'tr[data-version="{live}"] a').click()
    expect(page.locator("#routing-version [data-change]")).to_have_count(1)
    administrator.picture("routing-version")
    page.locator("#routing-version form button").click()
    page.locator("#ask [data-yes]").click()
    expect(page.locator(f'tr[data-version="{live + 2}"] .state[data-state="ready"]')).to_be_visible(timeout=60_000)
    administrator.picture("routing-back")


@pytest.mark.rule("DPL-04")
def test_a_simulated_call_is_told_step_by_step_and_can_be_kept(administrator: Person) -> None:
    page = administrator.page
    administrator.open("/routing/try")
    form = page.locator(".try-form")
    form.locator('select[name="number_id"]').select_option(index=1)
    form.locator('input[name="at"]').fill("2026-12-05T20:00")
    form.locator('input[name="keys"]').fill("2")
    form.locator('button[type="submit"]').click()
    expect(page.locator('.course [data-step-kind="key"]')).to_have_count(1)
    expect(page.locator('.course [data-step-kind="end"]')).to_have_count(1)
    page.locator("[data-keep]").click()
    expect(page.locator("[data-path]")).to_have_count(1)
    for theme in ("light", "dark"):
        page.evaluate(f"() => {{ document.documentElement.dataset.theme = '{theme}' }}")
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            administrator.picture(f"routing-try-{theme}-{width}")
    page.locator("[data-path] form button").click()
    expect(page.locator("[data-path]")).to_have_count(0)
