"""A day of calls out: a script with a questionnaire, a list, talks with results, a promised call, predictive, what if.

With CALLCENTER_PICTURES=docs each step leaves a small picture in docs/journeys/outbound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser, journeys, stack
from tests.support.browser import Person
from tests.support.stack import OPERATOR, Stack
from tests.support.telephone import Telephone

BOSS = "supervisor@demo.example"
CLIENT_HZ, AGENT_HZ = 1000.0, 440.0
NUMBERS = tuple(f"+7916555080{n}" for n in range(5))
TITLE, TOWN, SCRIPT = "Spring check-up", "Tver", "Spring check-up: the talk"
PANEL = "#script-panel"


@dataclass
class Day:
    """Who takes part: the supervisor and the operator at their pages."""

    stack: Stack
    boss: Person
    agent: Person

    def shot(self, name: str, who: Person | None = None) -> None:
        journeys.shot(who or self.boss, "outbound", name)


@pytest.fixture
def day(stack: Stack, chromium: Browser, operator: Person) -> Iterator[Day]:
    admin, agent, boss = (stack.token(one) for one in ("admin@demo.example", OPERATOR, BOSS))
    for n, number in enumerate(NUMBERS):
        card = {"first_name": f"Client {n + 1}", "last_name": "Windows", "city": TOWN, "phones": [{"number": number}]}
        stack.api(admin, "POST", "/api/v1/contacts", card)
    with journeys.english(stack, agent), journeys.english(stack, boss):
        person = browser.person(chromium, stack.base_url)
        person.sign_in(BOSS, stack.password)
        operator.open("/")
        yield Day(stack, person, operator)
        if run := stack.api(agent, "GET", "/api/v1/me/dial-list")["run"]:
            stack.api(agent, "POST", f"/api/v1/dial-lists/{run['list_id']}/{'leave' if run['team'] else 'stop'}")
        person.context.close()
        assert person.complaints == []
    for one in stack.api(admin, "GET", "/api/v1/scripts")["scripts"]:
        if one["name"] == SCRIPT:
            stack.api(admin, "POST", f"/api/v1/scripts/{one['id']}/archive")


@pytest.mark.rule("OBD-01", "OBD-12")
def test_a_day_of_calls_out(day: Day) -> None:
    page, carrier = day.boss.page, day.stack.carrier(tone=CLIENT_HZ)
    write_script(day, page)
    make_list(day, page)
    performed(day, carrier)
    predictive(day, page, carrier)
    asked(day, page)


def write_script(day: Day, page: Page) -> None:
    day.boss.open("/scripts")
    page.get_by_role("link", name="New script").click()
    text = page.locator("#script-text")
    text.click()
    page.keyboard.type("Good day! We check windows for nothing before the winter. Does it draw from yours?")
    page.get_by_label("Script name").fill(SCRIPT)
    page.get_by_label("Outgoing calls").check()
    for n, outcome in enumerate(("Comes for a check-up", "Thinks about it")):
        page.get_by_role("button", name="Add an outcome").click()
        page.locator(".outcome-row").nth(n).get_by_label("Outcome", exact=True).fill(outcome)
    page.locator('select[name="questionnaire_id"]').select_option(index=1)
    day.shot("01-script")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#scripts tr[data-script]").filter(has_text=SCRIPT)).to_be_visible()


def make_list(day: Day, page: Page) -> None:
    day.boss.go("/dialer")
    page.get_by_role("button", name="New dial list").first.click()
    form = page.locator("#new-list")
    form.get_by_role("button", name="Condition").click()
    form.locator("[data-field]").select_option("city")
    form.locator("[data-op]").select_option("equals")
    form.locator("[data-value]").fill(TOWN)
    day.shot("02-filter")
    form.get_by_role("button", name="Apply").click()
    expect(form.locator("[data-found]")).to_contain_text(str(len(NUMBERS)))
    form.locator('[name="pause"][value="10"]').check()
    form.get_by_label("Name of the list").fill(TITLE)
    day.shot("03-list")
    form.get_by_role("button", name="Make the list").click()
    expect(page.get_by_role("heading", name=TITLE).first).to_be_visible()
    rows = page.locator("tr[data-entry]")
    stack.until(lambda: (page.reload(), day.boss.wait_ready(), rows.count() == len(NUMBERS))[-1], what="the clients")


def performed(day: Day, carrier: Telephone) -> None:
    """Two talks with a pause between them, a result, a call that is promised; then the list is stopped."""
    page, outside = day.agent.page, day.stack.outside
    day.agent.go_on_line()
    day.agent.go("/dialer")
    card = page.locator("[data-dial-list]").filter(has_text=TITLE)
    card.get_by_role("button", name=re.compile("^Begin")).click()
    page.locator("[data-answer]").click(timeout=20_000)
    first = outside.do(carrier.incoming(to="+7916555080"))
    outside.now(first.answer)
    bar, panel = page.locator("#run-bar"), page.locator(PANEL)
    expect(bar.get_by_role("link", name="Client 1 Windows")).to_be_visible()
    outcome = panel.get_by_label("Comes for a check-up")
    # Another script of the company may have opened, the last one that he worked with.
    if not outcome.is_visible():
        panel.locator("select").first.select_option(label=SCRIPT)
    expect(outcome).to_be_enabled(timeout=20_000)
    outcome.check()
    panel.get_by_label("Comment on the talk").fill("Wednesday after six")
    outside.do(carrier.hears(AGENT_HZ, 0.3))
    day.shot("04-talk", day.agent)
    outside.now(first.bye)
    expect(bar.locator("time")).to_have_text(re.compile(r"0:0\d|0:10"))
    day.shot("05-pause", day.agent)
    page.locator("[data-answer]").click(timeout=30_000)
    second = outside.do(carrier.incoming(to="+7916555080"))
    outside.now(second.answer)
    expect(bar.get_by_role("link", name="Client 2 Windows")).to_be_visible()
    bar.get_by_role("button", name="Call back later").click(timeout=20_000)
    dialog = page.locator("#promise")
    dialog.get_by_label("Call back at").fill("2027-03-01T10:00")
    day.shot("06-call-back", day.agent)
    dialog.get_by_role("button", name="Promise the call").click()
    expect(dialog).to_have_count(0)
    outside.now(second.bye)
    expect(bar.locator("time")).to_have_text(re.compile(r"0:0\d|0:10"))
    bar.get_by_role("button", name="Stop").click()
    expect(bar).to_be_hidden()


def predictive(day: Day, page: Page, carrier: Telephone) -> None:
    """The supervisor has the list dial predictively; the agent takes part, and whoever answers hears him at once."""
    outside, own = day.stack.outside, day.agent.page
    page.reload()
    day.boss.wait_ready()
    expect(page.get_by_text("Call back 1 March").first).to_have_count(0)
    page.get_by_role("button", name="Change", exact=True).click()
    form = page.locator("#set-mode")
    form.get_by_label(re.compile("^Predictive")).check()
    expect(form.get_by_label(re.compile("^At most so many per cent"))).to_be_visible()
    day.shot("07-predictive")
    form.get_by_role("button", name="Save").click()
    team = page.locator("[data-team]")
    expect(team).to_be_visible()
    page.get_by_role("button", name=re.compile("^Continue|^Begin")).first.click()
    day.agent.go("/dialer")
    own.locator("[data-dial-list]").filter(has_text=TITLE).get_by_role("button", name=re.compile("^Take part")).click()
    third = outside.do(carrier.incoming(timeout=30, to="+7916555080"))
    outside.now(third.answer)
    outside.do(carrier.hears(AGENT_HZ, 0.3))
    expect(own.locator("#run-bar")).to_contain_text("Client 3 Windows")
    expect(team.locator("[data-members]")).to_contain_text("Talking", timeout=15_000)
    day.shot("08-team")
    outside.now(third.bye)
    expect(team.locator('[data-figure="persons"]')).to_have_text("1", timeout=15_000)
    expect(team.locator('[data-figure="share"]')).to_contain_text("0")
    page.get_by_role("button", name=re.compile("^Stop")).first.click()
    page.locator("#ask [data-yes]").click()
    expect(own.locator("#run-bar")).to_be_hidden(timeout=15_000)


def asked(day: Day, page: Page) -> None:
    """What two agents more would bring."""
    day.boss.go("/dialer")
    page.get_by_role("link", name="What if").click()
    form = page.locator("#what-if form").first
    form.locator('[name="agents"]').fill("3")
    form.locator('[name="more"]').fill("2")
    form.get_by_role("button", name="Try").click()
    expect(page.locator("[data-answer]")).to_have_count(6, timeout=90_000)
    day.shot("09-what-if")
