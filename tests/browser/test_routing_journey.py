"""A number's journey: line, number, a menu of two levels, hours, prompts, Saturday, applied, refused, taken back.

With CALLCENTER_PICTURES=docs each step leaves a small picture in docs/journeys/routing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.asterisk.test_transfer import Operator as Desk
from tests.asterisk.test_transfer import is_now, on_line
from tests.support import browser, journeys, tones
from tests.support.browser import Person
from tests.support.operator import Operator
from tests.support.stack import Stack, until
from tests.traces.phone import Call

ADMINISTRATOR = "admin@demo.example"
LOGIN, SECRET = "front-desk", "Right-secret-7"
CLIENT, NUMBER = "79167770044", "+74959990044"
GREETING_HZ, SERVICE_HZ, AGENT_HZ = 700.0, 900.0, 1500.0
GREETING, SERVICE = "Front desk: greeting", "Front desk: service"
LIVE = '.state[data-state="ready"]'


@dataclass
class Office:
    """The administrator at his desk, and what he has to do with: ``person`` is his browser."""

    person: Person
    stack: Stack
    token: str

    @property
    def page(self) -> Page:
        return self.person.page

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.stack.api(self.token, method, f"/api/v1{path}", body)

    def shot(self, name: str, at: str = "") -> None:
        """A picture; ``at`` is what shall be at the top of it."""
        if at:
            self.page.locator(at).first.evaluate("one => one.scrollIntoView({ block: 'start', behavior: 'instant' })")
        journeys.shot(self.person, "routing", name)

    def version(self) -> int:
        """The version that callers hear."""
        return int(self.api("GET", "/routing")["live"]["number"])


@pytest.fixture
def office(stack: Stack, chromium: Browser) -> Iterator[Office]:
    """An administrator who reads English; lines, numbers, menus, days and prompts are afterwards as they were."""
    token = stack.token(ADMINISTRATOR)
    person = browser.person(chromium, stack.base_url, language="en")
    person.page.set_viewport_size({"width": 1280, "height": 800})
    found = Office(person, stack, token)
    before = found.version()
    prompts = {one["name"] for one in own_prompts(found)}
    lines = {one["id"] for one in found.api("GET", "/trunks")["trunks"]}
    with journeys.english(stack, token):
        person.sign_in(ADMINISTRATOR, stack.password)
        yield found
    person.context.close()
    for path in found.api("GET", "/routing/paths")["paths"]:
        found.api("DELETE", f"/routing/paths/{path['id']}")
    found.api("DELETE", "/routing/draft")
    if found.version() != before:
        found.api("POST", f"/routing/versions/{before}/back")
    for line in found.api("GET", "/trunks")["trunks"]:
        if line["id"] not in lines:
            found.api("DELETE", f"/trunks/{line['id']}")
    for one in own_prompts(found):
        if one["name"] not in prompts:
            found.api("DELETE", f"/prompts/{one['id']}")
    assert person.complaints == []


@pytest.fixture
def operator(stack: Stack) -> Operator:
    """The operator in town who sells numbers; it is also the telephone of who calls them."""
    found = stack.outside.do(Operator.start(CLIENT, stack.settings.sip_port))
    assert isinstance(found, Operator)
    found.accounts = {LOGIN: SECRET}
    stack.outside._phones.append(found)
    return found


@pytest.fixture
def agent(stack: Stack) -> Iterator[Desk]:
    """The second operator at a plain telephone: ready, a member of both sales and support."""
    found = on_line(stack, stack.token("operator2@demo.example"), AGENT_HZ, "ready")
    yield found
    found.api("PUT", "/api/v1/me/state", {"state": "offline"})


def own_prompts(office: Office) -> list[dict[str, Any]]:
    return [one for one in office.api("GET", "/prompts")["prompts"] if one["id"]]


def saturday() -> date:
    """A Saturday that is neither today nor tomorrow."""
    today = datetime.now(ZoneInfo("Europe/Moscow")).date()
    return today + timedelta(days=2 + (5 - today.weekday() - 2) % 7)


# --- what the administrator does -----------------------------------------------------------------------------------


def connect(office: Office, operator: Operator) -> None:
    """A line to the operator, tried before it is saved."""
    page = office.page
    office.person.open("/trunks?new=own")
    page.fill('[name="name"]', "City operator")
    page.fill('[name="server"]', f"127.0.0.1:{operator.port}")
    page.fill('[name="login"]', LOGIN)
    page.fill('[name="password"]', SECRET)
    page.click("[data-trunk-test]")
    expect(page.locator("[data-trunk-result]")).to_contain_text("The server answers and takes the login")
    office.shot("01-line", "#trunk-form")
    page.click('[data-trunk-form] button[type="submit"]')
    expect(page.locator("[data-trunk-saved]")).to_contain_text("Registered", timeout=20_000)
    # The line is live by itself.
    expect(page.locator(".routing-bar")).to_have_count(0)
    office.shot("02-connected")


def add_number(office: Office) -> int:
    page = office.page
    office.person.open("/numbers/add")
    form = page.locator("form", has=page.locator('[name="way"][value="bind"]'))
    form.locator('[name="e164"]').fill("8 495 999-00-44")
    form.locator('[name="title"]').fill("Front desk")
    form.locator('[name="trunk_id"]').select_option(label="City operator")
    office.shot("03-number")
    form.locator('button[type="submit"]').click()
    expect(page.locator("#number")).to_be_visible()
    return int(page.locator("#number").get_attribute("data-number") or 0)


def add_prompts(office: Office, folder: Path) -> None:
    page = office.page
    for title, hertz in ((GREETING, GREETING_HZ), (SERVICE, SERVICE_HZ)):
        sound = tones.wav(folder / f"{hertz:.0f}.wav", tones.tone(hertz, 2.0))
        office.person.open("/prompts?new=upload")
        form = page.locator(".prompt-form")
        form.locator('input[type="file"]').set_input_files(sound)
        form.locator('[name="title"]').fill(title)
        if title == GREETING:
            office.shot("04-prompt")
        form.locator('button[type="submit"]').click()
        expect(page.locator("#prompts tbody tr", has_text=title)).to_be_visible(timeout=30_000)


def add_menu(office: Office, name: str, prompt: str, *goals: str) -> int:
    """A menu with the keys 1, 2 …, which lead to ``goals`` (`queue-7`, `menu-3`); silence leads to support."""
    page = office.page
    office.person.open("/menus/new")
    form = page.locator("#menu-form")
    form.locator('[name="name"]').fill(name)
    form.locator('[name="prompt"]').select_option(label=prompt)
    for goal in goals:
        form.locator("[data-row-add]").click()
        form.locator("[data-row] select.goal").last.select_option(goal)
    form.locator("#timeout").select_option(queue(office, "Поддержка"))
    form.locator('.savebar [type="submit"]').click()
    expect(page.locator("#main h1")).to_have_text(name)
    page.wait_for_url(re.compile(r"/menus/\d+"))
    return int(re.findall(r"/menus/(\d+)", page.url)[0])


def queue(office: Office, name: str) -> str:
    """A queue as the menus' form names it."""
    return next(f"queue-{one['id']}" for one in office.api("GET", "/queues")["queues"] if one["name"] == name)


def section(office: Office, name: str) -> Any:
    return office.page.locator(f'form[data-section="{name}"]')


def save_section(office: Office, name: str) -> None:
    section(office, name).locator('button[value="one"]').click()
    expect(office.page.locator(f"#{name} header .state")).to_contain_text("Saved")


def lead(office: Office, number: int, menu: int) -> None:
    """Who takes the calls: the menu; when: from Monday to Friday."""
    office.person.open(f"/numbers/{number}")
    form = section(office, "takers")
    form.locator('input[name="takers"][value="target"]').check()
    form.locator('select[name="target"]').select_option(f"menu-{menu}")
    save_section(office, "takers")
    form = section(office, "hours")
    form.locator('input[value="week"]').check()
    form.get_by_role("button", name="Mon–Fri 9–18").click()
    save_section(office, "hours")
    office.shot("06-hours", "#hours")


def add_days(office: Office) -> None:
    """Today and tomorrow it is open day and night, so that the real calls of this story come through at any time."""
    page = office.page
    today = datetime.now(ZoneInfo("Europe/Moscow")).date()
    office.person.open("/numbers/days")
    page.fill('input[name="first"]', today.isoformat())
    page.fill('input[name="last"]', (today + timedelta(days=1)).isoformat())
    page.fill('input[name="title"]', "Opening days")
    page.locator("[data-closed]").uncheck()
    spans = page.locator("[data-day-form] [data-span] input")
    spans.nth(0).fill("0:00")
    spans.nth(1).fill("24:00")
    page.locator("[data-day-form] .btn.main").click()
    expect(page.locator(f'[data-day-row="{today.isoformat()}"]')).to_be_visible()
    office.shot("07-days")


def see_menus(office: Office, menu: int) -> None:
    """Both levels in the tree, and a simulated caller who goes down."""
    page = office.page
    office.person.open(f"/menus/{menu}")
    answer, path = page.locator('[data-part="answer"]'), page.locator('[data-part="path"] .hop')
    expect(answer).to_contain_text("Поддержка")
    for key, met in (("2", "Service"), ("1", "Service, pressed 1")):
        page.locator(f'[data-press="{key}"]').click()
        expect(path.nth(-2)).to_contain_text(met)
    expect(path.last).to_have_text("Поддержка")
    office.shot("05-menus")


def change_key(office: Office, menu: int, goal: str) -> None:
    """The menu's second key leads elsewhere."""
    page = office.page
    office.person.open(f"/menus/{menu}")
    page.locator("#menu-form [data-row] select.goal").nth(1).select_option(goal)
    with page.expect_response(lambda answer: answer.request.method == "POST" and f"/menus/{menu}" in answer.url):
        page.locator('#menu-form .savebar [type="submit"]').click()


def change_hours(office: Office, number: int, preset: str) -> None:
    office.person.open(f"/numbers/{number}")
    section(office, "hours").get_by_role("button", name=preset).click()
    save_section(office, "hours")


def ask_saturday(office: Office, number: int) -> list[str]:
    """What a caller meets on Saturday at seven in the evening who presses 2 and 1."""
    page = office.page
    office.person.open("/routing/try")
    form = page.locator(".try-form")
    form.locator('[name="number_id"]').select_option(str(number))
    form.locator('[name="at"]').fill(f"{saturday().isoformat()}T19:00")
    form.locator('[name="keys"]').fill("21")
    form.locator('button[type="submit"]').click()
    expect(page.locator(".course li").first).to_be_visible()
    return page.locator("section[aria-labelledby='h-way'] .course li").all_inner_texts()


def apply(office: Office, note: str) -> int:
    """Applies the draft and waits for the test call; the number of the version."""
    page = office.page
    version = office.api("GET", "/routing/versions")["versions"][0]["number"] + 1
    page.locator("#routing-note").fill(note)
    page.locator("[data-apply]").click()
    expect(page.locator(f'tr[data-version="{version}"] {LIVE}')).to_be_visible(timeout=40_000)
    return int(version)


# --- what callers meet ---------------------------------------------------------------------------------------------


def reach(office: Office, operator: Operator, agent: Desk, *heard: tuple[float, str]) -> dict[str, Any]:
    """A real call over the new line: each tone is heard, then its key pressed, then the agent; the call in the log."""
    outside = office.stack.outside
    until(lambda: is_now(agent, "ready"), what="the agent is ready")
    known = {one["id"] for one in calls(office)}
    # The line signs in anew under the first number that goes over it.
    until(lambda: LOGIN in operator.contacts, what="the line has signed in")
    # The operator brings every number of ours to the address that the line has signed in with.
    uri = re.sub(r"^sip:[^@]*@", f"sip:{NUMBER.removeprefix('+')}@", operator.contacts[LOGIN])

    async def begin() -> Call:
        return operator.call(NUMBER, uri=uri)

    call = outside.do(begin())
    for hertz, key in heard:
        outside.do(operator.hears(hertz, 0.3, timeout=15.0), 20)
        outside.now(operator.press, key)
    leg = outside.do(agent.phone.incoming(20), 25)
    outside.now(leg.answer)
    outside.do(operator.hears(AGENT_HZ, 0.3), 15)
    outside.now(call.bye)
    outside.do(leg.until("ended"))
    # Wrap-up ended early.
    agent.api("PUT", "/api/v1/me/state", {"state": "ready"})
    found = until(
        lambda: next((one for one in calls(office) if one["id"] not in known and one["result"] == "answered"), None),
        what="the call is in the log",
    )
    assert isinstance(found, dict)
    return found


def calls(office: Office) -> list[dict[str, Any]]:
    return [one for one in office.api("GET", "/calls")["calls"] if one["client_number"] == f"+{CLIENT}"]


@pytest.mark.rule("DPL-02", "DPL-03", "DPL-04")
def test_a_number_is_set_up_tried_applied_refused_and_taken_back(
    office: Office, operator: Operator, agent: Desk, tmp_path: Path
) -> None:
    page = office.page
    connect(office, operator)
    number = add_number(office)
    add_prompts(office, tmp_path)
    second = add_menu(office, "Service", SERVICE, queue(office, "Поддержка"), queue(office, "Продажи"))
    first = add_menu(office, "Front desk", GREETING, queue(office, "Продажи"), f"menu-{second}")
    lead(office, number, first)
    # First the days: what the menus' page tries is a caller of this moment, who may come at night.
    add_days(office)
    see_menus(office, first)

    # On Saturday nothing is said; so the checks do not let it through.
    assert ask_saturday(office, number) == ["It is closed", "The call ends"]
    office.person.open("/routing")
    expect(page.locator("[data-errors]")).to_be_visible()
    expect(page.locator(".findings").first).to_contain_text("Out of working hours callers hear nothing")
    expect(page.locator("[data-apply]")).to_be_disabled()
    office.shot("08-fault", "[data-errors]")
    page.locator('.findings [data-severity="error"] a').first.click()
    expect(page.locator("#number")).to_be_visible()
    section(office, "prompts").locator('[name="closed"]').select_option(label="Out of working hours")
    save_section(office, "prompts")
    met = ask_saturday(office, number)
    assert len(met) == 3
    assert met[1] == "He hears the prompt “Out of working hours”"
    page.locator("[data-keep]").click()
    expect(page.locator("[data-path]")).to_have_count(1)
    office.shot("09-saturday")

    office.person.open("/routing")
    expect(page.locator("[data-errors]")).to_have_count(0)
    office.shot("10-draft")
    built = apply(office, "The front desk opens")
    expect(page.locator(".canary").first).to_contain_text("Front desk")
    office.shot("11-applied")
    found = reach(office, operator, agent, (GREETING_HZ, "2"), (SERVICE_HZ, "1"))
    assert (found["to"], found["queue"]["name"], found["agent_id"]) == (NUMBER, "Поддержка", agent.agent_id)
    office.person.open(f"/calls/{found['id']}")
    office.shot("12-story")

    # One key less to press, and by a slip it is open on Saturdays.
    change_key(office, first, queue(office, "Продажи"))
    change_hours(office, number, "Every day 10–20")
    office.person.open("/routing")
    expect(page.locator(".findings").first).to_contain_text(f"({saturday().isoformat()} 19:00, keys “21”)")
    expect(page.locator("[data-apply]")).to_be_disabled()
    office.shot("13-refused", "[data-errors]")
    change_hours(office, number, "Mon–Fri 9–18")
    office.person.open("/routing")
    changed = apply(office, "One key less")
    found = reach(office, operator, agent, (GREETING_HZ, "2"))
    assert found["queue"]["name"] == "Продажи"

    page.locator(f'tr[data-version="{built}"] a').click()
    expect(page.locator("#routing-version [data-change]")).to_have_count(1)
    page.locator("#routing-version form button").click()
    expect(page.locator("#ask [data-yes]")).to_be_visible()
    office.shot("14-back")
    page.locator("#ask [data-yes]").click()
    expect(page.locator(f'tr[data-version="{changed + 1}"] {LIVE}')).to_be_visible(timeout=40_000)
    office.shot("15-versions")
    found = reach(office, operator, agent, (GREETING_HZ, "2"), (SERVICE_HZ, "1"))
    assert found["queue"]["name"] == "Поддержка"
