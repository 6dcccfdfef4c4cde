"""The list of clients: the super-filter with «and» and «or», columns, order, a saved view, quick actions, ticks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import Stack

WHO = "supervisor@demo.example"


@pytest.fixture
def supervisor(stack: Stack, chromium: Browser) -> Iterator[Person]:
    person = browser.person(chromium, stack.base_url)
    person.sign_in(WHO, stack.password)
    yield person
    person.context.close()
    assert person.complaints == []


@pytest.mark.rule("CON-07", "CON-08", "CON-10", "CON-42", "PLT-03")
def test_filter_columns_order_and_a_view(supervisor: Person) -> None:
    page = supervisor.page
    # So high that the list always shows as many rows as it may, whatever stands above it.
    page.set_viewport_size({"width": 1440, "height": 2400})
    # Not with the filter that another test has left for this person.
    supervisor.open("/contacts?all=1")
    rows = page.locator("tr[data-client]")
    expect(rows).to_have_count(30)
    expect(page.locator(".pager").last).to_contain_text(re.compile(r"Всего: \d+, адаптивно"))
    supervisor.picture("clients")

    # City is Moscow, and (a man or with an e-mail).
    page.get_by_role("button", name="Суперфильтр").click()
    panel = page.locator("#filter-builder")
    panel.get_by_role("button", name="Условие", exact=True).first.click()
    condition = panel.locator(".frule").nth(0)
    condition.locator("[data-field]").select_option("city")
    condition.locator("[data-value]").fill("Москва")
    panel.get_by_role("button", name="Группа").click()
    nested = panel.locator(".fgroup .fgroup")
    nested.locator(".frule [data-field]").select_option("sex")
    nested.locator("[data-value]").select_option(["m"])
    nested.get_by_role("button", name="Условие", exact=True).click()
    second = nested.locator(".frule").nth(1)
    second.locator("[data-field]").select_option("has_email")
    supervisor.picture("clients-filter")
    page.get_by_role("button", name="Фильтровать").click()
    expect(page.locator(".filter-words")).to_contain_text(
        "Город равно “Москва” и (Пол одно из мужчина или Есть почта да)"
    )
    found = re.search(r"Всего: (\d+)", page.locator(".pager").last.inner_text())
    assert found
    assert 0 < int(found[1]) < 300

    # «Clear» empties the parameters; what was found stays until «Filter» is pressed.
    page.get_by_role("button", name="Очистить").click()
    expect(panel.locator(".frule")).to_have_count(0)
    # The number of rows follows the window; how many were found does not.
    expect(page.locator(".pager").last).to_contain_text(f"Всего: {found[1]}")

    page.get_by_role("button", name="Столбцы").click()
    sheet = page.locator("#columns-sheet")
    sheet.locator('[data-key="responsible"] input[type=checkbox]').uncheck()
    sheet.locator('[data-key="city"] input[type=checkbox]').check()
    sheet.locator('[data-key="name"] .width').fill("260")
    sheet.locator('[data-key="tags"] [data-up]').click()
    supervisor.picture("clients-columns")
    sheet.get_by_role("button", name="Применить").click()
    expect(page.locator('th[data-column="city"]')).to_be_visible()
    expect(page.locator('th[data-column="responsible"]')).to_have_count(0)
    expect(page.locator('th[data-column="name"]')).to_have_css("width", "260px")

    page.locator('th[data-column="name"] a').click()
    expect(page.locator('th[data-column="name"]')).to_have_attribute("aria-sort", "ascending")
    named = [one.strip() for one in page.locator("tr[data-client] td .strong").all_inner_texts()]
    assert named == sorted(named)

    page.get_by_role("button", name="Сохранить вид").first.click()
    page.locator("[data-view-form] input[name=title]").fill("Москвичи")
    page.locator("[data-view-form] button").click()
    tab = page.locator("nav.tabs [data-view]", has_text="Москвичи")
    expect(tab).to_have_attribute("aria-current", "page")
    supervisor.open("/contacts?all=1")
    tab.click()
    expect(page.locator(".filter-words")).to_contain_text("Москва")
    page.locator("[data-delete-view]").click()
    page.locator("#ask [data-yes]").click()
    expect(tab).to_have_count(0)


@pytest.mark.rule("CON-51", "CON-39")
def test_ticks_and_quick_actions(supervisor: Person) -> None:
    page = supervisor.page
    page.set_viewport_size({"width": 1440, "height": 2400})
    supervisor.open("/contacts?all=1")
    expect(page.locator("tr[data-client]")).to_have_count(30)
    supervisor.open("/contacts?all=1&q=орлов")
    rows = page.locator("tr[data-client]")
    before = rows.count()
    page.locator("[data-tick-page]").check()
    expect(page.locator("[data-bulk-count]")).to_contain_text(str(before))
    page.locator("[data-tick-page]").uncheck()
    row = rows.first
    row.hover()
    expect(row.locator("[data-dial]")).to_be_visible()
    name = row.locator(".strong").inner_text()
    row.locator("[data-archive]").click()
    page.locator("#ask [data-yes]").click()
    expect(rows).to_have_count(before - 1)
    supervisor.open("/contacts?all=1&state=archive")
    expect(page.locator("tr[data-client]", has_text=name)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_how_it_looks(stack: Stack, chromium: Browser, theme: str, width: str) -> None:
    person = browser.person(chromium, stack.base_url, theme=theme, width=width)  # type: ignore[arg-type]
    person.sign_in(WHO, stack.password)
    for path, name in (("/contacts?all=1", "clients"), ("/organisations?all=1", "organisations")):
        person.open(path)
        expect(person.page.locator("tr[data-client]").first).to_be_visible()
        person.picture(f"{name}-{width}-{theme}")
        assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    person.context.close()
    assert person.complaints == []
