"""Ticked clients get a new tag in the background: progress, chips on the card, undo; and the pages of tags and jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import leave
from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import Stack

SUPERVISOR = "supervisor@demo.example"


@pytest.fixture
def supervisor(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """Somebody who may tag every client; his page must not complain."""
    found = browser.person(chromium, stack.base_url)
    found.sign_in(SUPERVISOR, stack.password)
    yield found
    leave(found)
    assert found.complaints == []


def make(stack: Stack, token: str, count: int, surname: str) -> list[int]:
    names = [{"first_name": f"Пётр {n}", "last_name": surname} for n in range(count)]
    return [stack.api(token, "POST", "/api/v1/contacts", one)["id"] for one in names]


def pictures(person: Person, name: str) -> None:
    """Light, dark, narrow."""
    page = person.page
    person.picture(f"{name}-light")
    page.emulate_media(color_scheme="dark")
    # Colours fade from theme to theme.
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    person.picture(f"{name}-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    person.picture(f"{name}-narrow")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.rule("CON-33", "CON-44", "CON-45")
def test_ticked_clients_are_tagged_in_the_background_and_back(stack: Stack, supervisor: Person) -> None:
    page = supervisor.page
    token = stack.token(SUPERVISOR)
    ids = make(stack, token, 3, "Галочкин")
    # So high that the list need not fit itself to the window, which draws it anew.
    page.set_viewport_size({"width": 1440, "height": 2400})
    supervisor.open("/contacts?all=1")
    expect(page.locator("tr[data-client]")).to_have_count(30)
    supervisor.open("/contacts?all=1&q=Галочкин")
    expect(page.locator("tr[data-client]")).to_have_count(3)
    for one in ids[:2]:
        page.check(f'#bulk input[value="{one}"]')
    expect(page.locator("[data-bulk-count]")).to_have_text("Выбрано: 2")
    page.click('[data-bulk-action="tag_add"]')
    dialog = page.locator("#bulk-sheet")
    expect(dialog.locator("[data-bulk-total]")).to_have_attribute("data-bulk-total", "2")
    dialog.locator('input[name="title"]').fill("Из браузера")
    pictures(supervisor, "bulk-dialog")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator(".toast", has_text="Готово: Добавить тег «Из браузера» · Изменено: 2")).to_be_visible()
    for one, count in ((ids[0], 1), (ids[2], 0)):
        supervisor.open(f"/contacts/{one}")
        expect(page.locator("[data-tag-open]")).to_be_visible()
        expect(page.locator("[data-contact-tags] .tag")).to_have_count(count)
    # One more by hand, with the keyboard only.
    page.locator("[data-tag-open]").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Руками")
    page.keyboard.press("Enter")
    expect(page.locator("[data-contact-tags] .tag")).to_have_text(["Руками"])
    pictures(supervisor, "card-tags")
    page.click("[data-tag-remove]")
    expect(page.locator("[data-contact-tags] .tag")).to_have_count(0)
    page.locator(".toast button", has_text="Вернуть").click()
    expect(page.locator("[data-contact-tags] .tag")).to_have_text(["Руками"])
    supervisor.open("/work")
    row = page.locator("#work [data-job]", has_text="Добавить тег «Из браузера»").first
    expect(row.locator(".state")).to_have_text("Готово")
    expect(row.locator('[role="progressbar"]')).to_have_attribute("aria-valuenow", "100")
    pictures(supervisor, "work")
    row.locator("[data-job-undo]").click()
    expect(page.locator(".toast", has_text="Возвращено: 2")).to_be_visible()
    expect(page.locator("[data-job-undo]")).to_have_count(0)
    tags: Any = stack.api(token, "GET", f"/api/v1/contacts/{ids[0]}/tags")
    assert tags["tags"] == []


@pytest.mark.rule("CON-33", "CON-45")
def test_tags_are_kept_and_jobs_are_scheduled(stack: Stack, supervisor: Person) -> None:
    page = supervisor.page
    token = stack.token(SUPERVISOR)
    ids = make(stack, token, 1, "Отложенный")
    supervisor.open("/contacts/tags")
    page.fill('[data-label-new] input[name="title"]', "Со страницы")
    page.keyboard.press("Enter")
    row = page.locator("#tags tr", has_text="Со страницы")
    expect(row).to_be_visible()
    # Nothing but the script has sent it.
    assert "title=" not in page.url
    stack.api(token, "POST", f"/api/v1/contacts/{ids[0]}/tags", {"title": "Со страницы"})
    supervisor.open("/contacts/tags")
    pictures(supervisor, "tags")
    row.locator("[data-label-delete]").click()
    expect(page.locator("#ask [data-text]")).to_contain_text("у которых он есть: 1")
    page.click("#ask [data-yes]")
    expect(row).to_have_count(0)
    assert stack.api(token, "GET", f"/api/v1/contacts/{ids[0]}/tags")["tags"] == []
    # As above: else the list fits itself to the window just then, and the tick is gone.
    page.set_viewport_size({"width": 1440, "height": 2400})
    supervisor.open("/contacts?all=1")
    expect(page.locator("tr[data-client]")).to_have_count(30)
    supervisor.open("/contacts?all=1&q=Отложенный")
    page.check(f'#bulk input[value="{ids[0]}"]')
    page.click('[data-bulk-action="block"]')
    later = page.evaluate("new Date(Date.now() + 7 * 864e5).toISOString().slice(0, 16)")
    page.fill('#bulk-sheet input[name="at"]', later)
    page.click('#bulk-sheet [type="submit"]')
    expect(page.locator(".toast", has_text="Запланировано")).to_be_visible()
    supervisor.open("/work")
    job = page.locator("#work [data-job]", has_text="Добавить в чёрный список").first
    expect(job.locator(".state")).to_have_text("Запланировано")
    job.locator("[data-job-cancel]").click()
    expect(job.locator(".state")).to_have_text("Отменено")
