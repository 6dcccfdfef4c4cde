"""Skills, the queue that asks for one, its survey and the report in a real browser."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import leave
from tests.support import access, browser
from tests.support.browser import Person
from tests.support.stack import Stack


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    person = browser.person(chromium, stack.base_url)
    person.sign_in("admin@demo.example", stack.password)
    yield person
    leave(person)
    assert [one for one in person.complaints if "422" not in one] == []


def narrow(person: Person, name: str) -> None:
    """A phone's width: nothing sticks out."""
    person.page.set_viewport_size({"width": 390, "height": 844})
    person.picture(name)
    assert person.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    person.page.set_viewport_size({"width": 1440, "height": 900})


@pytest.fixture
def plain(stack: Stack) -> Iterator[None]:
    """Other tests of the same product find its queues as they were."""
    token = stack.token("admin@demo.example")
    before = stack.api(token, "GET", "/api/v1/queues")["queues"]
    yield
    for queue in before:
        kept = {name: queue[name] for name in ("asked", "survey")}
        stack.api(token, "PATCH", f"/api/v1/queues/{queue['id']}", kept)
    for skill in stack.api(token, "GET", "/api/v1/skills")["skills"]:
        stack.api(token, "DELETE", f"/api/v1/skills/{skill['id']}")


@pytest.mark.rule("INQ-03")
@pytest.mark.usefixtures("plain")
def test_a_skill_is_named_given_and_asked_for(administrator: Person) -> None:
    page = administrator.page
    administrator.open("/skills")
    page.get_by_label("Новый навык").fill("Английский")
    page.get_by_role("button", name="Добавить").click()
    levels = page.locator("#skills .levels select")
    expect(levels.first).to_be_visible()
    levels.first.select_option("5")
    levels.nth(1).select_option("2")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(levels.first).to_have_value("5")
    administrator.picture("skills")
    assert access.faults(page) == []
    narrow(administrator, "skills-narrow")
    administrator.open("/queues")
    page.get_by_role("link", name="Изменить").first.click()
    form = page.locator(".queue-form")
    form.locator('[name="asked_skill"]').select_option(label="Английский")
    form.locator('[name="asked_level"]').select_option("4")
    form.get_by_label("Через, с").first.fill("x")
    form.locator('[name="survey"]').check()
    form.get_by_role("button", name="Сохранить").click()
    expect(form.locator("#asked-error")).to_be_visible()
    administrator.picture("queue-skill-refused")
    assert access.faults(page) == []
    form.get_by_label("Через, с").first.fill("30")
    form.locator('[name="relax_level"]').first.select_option("2")
    form.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".queue-form")).to_have_count(0)
    page.get_by_role("link", name="Изменить").first.click()
    expect(form.get_by_label("Через, с").first).to_have_value("30")
    expect(form.locator('[name="survey"]')).to_be_checked()
    form.locator('[name="survey"]').scroll_into_view_if_needed()
    administrator.picture("queue-skill")
    narrow(administrator, "queue-skill-narrow")
    # It waits for an apply, in words.
    administrator.open("/routing")
    expect(page.locator("main")).to_contain_text("Английский, уровень от 4, через 30 с уровень от 2")
    administrator.picture("routing-skill")
    # A skill that is asked for is not deleted.
    administrator.open("/skills")
    page.locator("#skills details summary").click()
    page.get_by_role("button", name="Удалить «Английский»").click()
    expect(page.locator("#skills [role=alert]")).to_contain_text("Этот навык требуют очереди")


@pytest.mark.rule("INQ-09")
def test_the_scores_are_in_a_report(administrator: Person, stack: Stack) -> None:
    with sqlite3.connect(stack.settings.data / "callcenter.sqlite3", timeout=30) as file:
        file.execute(
            "insert into survey_answers (business_id, call_id, at, queue_id, agent_id, first, second)"
            " select business_id, id, started_at, queue_id, agent_id, 1 + abs(random()) % 5, 3 from calls"
            " where queue_id is not null and agent_id is not null and result = 'answered'"
            " order by started_at desc limit 120"
        )
    page = administrator.page
    administrator.open("/surveys")
    expect(page.locator("tr[data-call]")).to_have_count(50)
    expect(page.locator("#surveys")).to_contain_text("3,00")
    page.evaluate("scrollTo(0, 0)")
    administrator.picture("surveys")
    assert access.faults(page) == []
    narrow(administrator, "surveys-narrow")
    page.locator('a[rel="next"]').click()
    expect(page.locator("tr[data-call]")).to_have_count(50)
    page.emulate_media(color_scheme="dark")
    administrator.picture("surveys-dark")
