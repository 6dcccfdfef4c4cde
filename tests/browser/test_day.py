"""An agent's own day in the browser: it follows what he does (AGD-15)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_agent_states import AGENT, Agent, hang_up
from tests.browser.test_agent_states import agent as agent  # fixtures
from tests.browser.test_agent_states import agent_token as agent_token
from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import SALES, Stack


def talks(person: Person) -> int:
    """The conversations that his page shows."""
    return int(person.page.locator("#day .kpi [data-value]").first.inner_text())


@pytest.mark.rule("AGD-15")
def test_my_day_follows_what_i_do(stack: Stack, agent: Agent, chromium: Browser) -> None:
    me = browser.person(chromium, stack.base_url)
    me.sign_in(AGENT, stack.password)
    page = me.page
    page.locator("#profile").click()
    page.locator('#profile-menu a[href="/day"]').click()
    expect(page.locator("h1")).to_have_text("Мой день")
    page.wait_for_function("() => callcenter.store.state.live")
    agent.wants("paused", "lunch")
    # Drawn anew by itself: nobody reloads.
    expect(page.locator("#day")).to_contain_text("Обед")
    before = talks(me)
    agent.wants("ready")
    call = stack.ring(stack.caller("79161110091"), SALES)
    rung = agent.rung(15)
    assert rung is not None
    stack.outside.now(rung.answer)
    agent.until("talking")
    hang_up(stack, call)
    agent.until("wrapup")
    agent.wants("offline")
    expect(page.locator("#day .kpi [data-value]").first).to_have_text(str(before + 1))
    page.locator("#day details summary").click()
    expect(page.locator("#day details tbody tr").first).to_be_visible()
    me.picture("day")
    page.locator('a[aria-label="Предыдущий день"]').click()
    expect(page).to_have_url(re.compile(r"/day\?date="))
    expect(page.locator("#day")).to_be_visible()
    me.picture("day-before")
    me.context.close()
    assert me.complaints == []


@pytest.mark.rule("AGD-15")
def test_a_supervisor_opens_an_agents_day_from_the_team(stack: Stack, chromium: Browser) -> None:
    boss = browser.person(chromium, stack.base_url)
    boss.sign_in("supervisor@demo.example", stack.password)
    boss.open("/agents")
    link = boss.page.locator("#team a[data-part=name]").first
    name = link.inner_text()
    link.click()
    expect(boss.page.locator("h1")).to_have_text(f"День: {name}")
    expect(boss.page.locator("#day")).to_be_visible()
    boss.context.close()
    assert boss.complaints == []
