"""Breaks with limits, wrap-up, rings that nobody answers, states that a supervisor sets: pages, phones and Asterisk."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import time
import urllib.error
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.runner import Runner
from tests.browser.test_agent_states import AGENT, Agent, _alive, hang_up
from tests.browser.test_agent_states import agent as agent  # fixtures
from tests.browser.test_agent_states import agent_token as agent_token
from tests.browser.test_phone import PEERS, talk
from tests.support import browser
from tests.support.browser import Person
from tests.support.members import members
from tests.support.stack import SALES, Stack, until
from tests.traces.phone import Call

# A caller who hangs up sooner than this says nothing about the agent.
SHORT_RING = 5.0
DOCK = '#dock [data-part="mine"]'


@pytest.fixture(scope="module")
def pages(product: Stack, chromium: Browser) -> Iterator[tuple[Person, Person]]:
    """The agent's page and a supervisor's, open all the time, whatever is killed meanwhile."""
    found = []
    for email in (AGENT, "supervisor@demo.example"):
        person = browser.person(chromium, product.base_url)
        person.sign_in(email, product.password)
        found.append(person)
    yield found[0], found[1]
    for person in found:
        person.context.close()
        assert person.complaints == []


@pytest.fixture
def page(pages: tuple[Person, Person], agent: Agent) -> Person:
    """The agent's page; his phone is the SIP phone."""
    pages[0].open("/")
    return pages[0]


@pytest.fixture
def supervisor(pages: tuple[Person, Person]) -> Person:
    """A supervisor at the shift board."""
    pages[1].open("/wallboard")
    pages[1].page.wait_for_function("() => callcenter.store.state.live")
    return pages[1]


@pytest.fixture
def short_wrapup(stack: Stack) -> Iterator[int]:
    """The wrap-up of the sales queue, made short: four seconds."""
    token = stack.token("admin@demo.example")
    queues = stack.api(token, "GET", "/api/v1/queues")["queues"]
    sales = next(queue for queue in queues if queue["name"] == "Продажи")
    path = f"/api/v1/queues/{sales['id']}"
    stack.api(token, "PATCH", path, {"wrapup_seconds": 4})
    yield 4
    stack.api(token, "PATCH", path, {"wrapup_seconds": sales["wrapup_seconds"]})


def until_member(agent: Agent, paused: bool | None, timeout: float = 10.0) -> None:
    """Waits until Asterisk has the agent's phone as a member, paused or not; None = as no member."""
    me = f"PJSIP/{agent.phone.user}"
    until(lambda: members(agent.stack).get(me) is paused, timeout=timeout, what=f"{me} paused: {paused}")


def call_in(stack: Stack, *numbers: str) -> list[Call]:
    return [stack.ring(stack.caller(number), SALES) for number in numbers]


def rings(agent: Agent, timeout: float = 15) -> Call:
    """The next call at the agent's phone, which says that it rings."""
    rung = agent.rung(timeout)
    assert rung is not None, "he is rung"
    agent.stack.outside.now(rung.ring)
    return rung


def caller_of(rung: Call, calls: list[Call]) -> Call:
    """Whose call rings at the agent's phone: who called first need not have come into the queue first."""
    assert rung.invite is not None
    found = rung.invite.headers["from"]
    return next(call for call in calls if call.phone.user in found)


def tile(supervisor: Person, agent_id: int) -> str:
    return f'.tile[data-agent="{agent_id}"]'


def me(agent: Agent) -> int:
    return int(agent.stack.api(agent.token, "GET", "/api/v1/me/state")["id"])


def pictures(person: Person, name: str) -> None:
    """The page at a desk by day and on a phone by night."""
    for theme, width, height in (("dark", 390, 844), ("light", 1440, 900)):
        person.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        person.page.set_viewport_size({"width": width, "height": height})
        person.picture(f"{name}-{theme}")


def signs_in(agent: Agent) -> bool:
    """Whether Asterisk takes the phone's registration: after a start it does not at once."""
    try:
        agent.stack.outside.do(agent.phone.register(timeout=2))
    except (AssertionError, TimeoutError):
        return False
    return True


def one(stack: Stack, sql: str, *values: Any) -> Any:
    """The one value that the product's own database answers; None when there is none."""
    with contextlib.closing(sqlite3.connect(stack.settings.data / "callcenter.sqlite3", timeout=20)) as base:
        found = base.execute(sql, values).fetchone()
        base.commit()
    return found[0] if found else None


def new_server(stack: Stack) -> None:
    """Kills the server and waits for the next one."""
    old = stack.server_pid()
    os.kill(old, signal.SIGKILL)

    def back() -> bool:
        try:
            return _alive(stack) and stack.server_pid() != old
        except Exception:  # between the two there is none
            return False

    until(back, timeout=60, what="the server is back")


@pytest.mark.rule("AGD-04")
def test_three_calls_that_ring_unheard_pause_the_agent_until_he_says_that_he_is_back(
    stack: Stack, agent: Agent, page: Person, supervisor: Person
) -> None:
    agent.wants("ready")
    agent.until("ready")
    calls = call_in(stack, "79161110011", "79161110012", "79161110013")
    for number in range(3):
        rung = rings(agent)
        assert agent.state() != "paused", number
        time.sleep(SHORT_RING + 0.4)
        hang_up(stack, caller_of(rung, calls))
    until_member(agent, True)
    agent.until("paused")
    banner = page.page.locator(DOCK)
    expect(banner).to_contain_text("Вы не отвечали: звонки к вам не идут")
    expect(banner.get_by_role("button")).to_have_count(1)
    expect(page.page.locator("#toasts")).to_contain_text("Звонков подряд без ответа: 3")
    expect(supervisor.page.locator("#toasts")).to_contain_text("Игорь Белов: звонков подряд без ответа — 3")
    expect(supervisor.page.locator(tile(supervisor, me(agent)))).to_contain_text("Не отвечает")
    page.page.keyboard.press("Escape")
    pictures(page, "states-no-answer")
    supervisor.picture("states-no-answer-board")
    # Who calls now waits, and is given to him as soon as he is back.
    [waits] = call_in(stack, "79161110014")
    stack.outside.do(waits.until("answered", 10))
    assert agent.rung(2) is None
    banner.get_by_role("button", name="Я на месте").click()
    rings(agent, 8)
    expect(banner).to_be_hidden()
    hang_up(stack, waits)


@pytest.mark.rule("SUP-04")
def test_a_supervisor_sets_states_from_the_board_and_the_team_page(
    stack: Stack, agent: Agent, page: Person, supervisor: Person
) -> None:
    agent.wants("ready")
    [call] = call_in(stack, "79161110021")
    stack.outside.now(rings(agent).answer)
    agent.until("talking")
    board = supervisor.page
    row = board.locator(tile(supervisor, me(agent)))
    expect(row).to_have_attribute("data-is", "talking")
    row.hover()
    row.locator("[data-agent-state]").click()
    menu = board.locator("#agent-state-menu")
    expect(menu).to_contain_text("Игорь Белов")
    supervisor.picture("states-set-menu")
    menu.get_by_role("menuitemradio", name="Обед").click()
    expect(board.locator("#toasts")).to_contain_text("состояние начнётся после разговора")
    expect(page.page.locator("#toasts")).to_contain_text("Виктор Громов: после этого разговора у вас перерыв (Обед).")
    until_member(agent, True)
    assert agent.state() == "talking"
    assert not call.states["ended"].is_set()
    hang_up(stack, call)
    agent.until("paused")
    expect(row).to_contain_text("Обед")
    # The team page; what is set there reaches the agent's page and Asterisk, too.
    supervisor.go("/agents")
    line = board.locator(f'#team tr[data-agent="{me(agent)}"]')
    expect(line).to_contain_text("Не беспокоить")
    for item, status, paused, told in [
        ("Готов к звонкам", "Доступен", False, "вы теперь готовы принимать звонки"),
        ("Снять с линии", "Отключен", None, "вы теперь не на линии"),
    ]:
        line.locator("[data-agent-state]").click()
        menu.get_by_role("menuitemradio", name=item).click()
        expect(line).to_contain_text(status)
        expect(page.page.locator("#toasts")).to_contain_text(f"Виктор Громов: {told}")
        until_member(agent, paused)


@pytest.mark.rule("AGD-02")
def test_reasons_are_arranged_and_an_overrun_is_seen_by_both(
    stack: Stack, chromium: Browser, agent: Agent, page: Person, supervisor: Person
) -> None:
    admin = browser.person(chromium, stack.base_url)
    admin.sign_in("admin@demo.example", stack.password)
    arrange(admin)
    admin.context.close()
    assert admin.complaints == []
    page.page.locator("#status").click()
    page.page.locator("#status-menu").get_by_role("menuitemradio", name="Выпить чаю").click()
    agent.until("paused")
    expect(page.page.locator(DOCK)).to_contain_text("Выпить чаю, осталось")
    # As if he had chosen it longer ago: the server reads that when it starts.
    view = stack.api(agent.token, "GET", "/api/v1/me/state")
    since = datetime.fromisoformat(one(stack, "SELECT wanted_since FROM agents WHERE id = ?", view["id"]))
    earlier = (since - timedelta(seconds=40)).isoformat(" ", "microseconds")
    one(stack, "UPDATE agents SET wanted_since = ? WHERE id = ?", earlier, view["id"])
    new_server(stack)
    for person in (page, supervisor):
        person.page.wait_for_function("() => callcenter.store.state.live && callcenter.store.state.link_up")
    expect(page.page.locator("#toasts")).to_contain_text(
        "Перерыв дольше положенного: Выпить чаю, 1 мин", timeout=45_000
    )
    expect(page.page.locator(DOCK)).to_contain_text("Выпить чаю: дольше положенного")
    expect(page.page.locator(DOCK)).to_have_attribute("data-state", "over")
    expect(supervisor.page.locator("#toasts")).to_contain_text("Игорь Белов: перерыв дольше положенного (Выпить чаю")
    row = supervisor.page.locator(tile(supervisor, me(agent)))
    expect(row).to_have_attribute("data-state", "over")
    expect(row).to_contain_text(re.compile(r"\+0:\d\d Выпить чаю"))
    pictures(page, "states-over")
    pictures(supervisor, "states-over-board")
    supervisor.go("/agents")
    line = supervisor.page.locator(f'#team tr[data-agent="{me(agent)}"]')
    expect(line.locator("[data-part=state]")).to_have_attribute("data-state", "over")
    expect(line).to_contain_text(re.compile(r"Выпить чаю \+0:\d\d"))
    pictures(supervisor, "states-team")
    page.page.locator(DOCK).get_by_role("button", name="Я на месте").click()
    agent.until("ready")


def arrange(admin: Person) -> None:
    """The settings page: wrong input loses nothing; add, order, change, retire and offer again."""
    page = admin.page
    admin.open("/agents/settings")
    names = page.locator("#agent-settings tr[data-reason] .mid")
    expect(names.first).to_have_text("Перерыв")
    page.get_by_role("link", name="Новая причина").click()
    form = page.locator("form[action='/agents/settings/reasons']")
    form.locator("[name=name]").fill("Чай")
    form.locator("[name=limit_minutes]").fill("час")
    form.get_by_text("Считается работой").click()
    form.get_by_role("button").click()
    expect(form).to_contain_text("Введите от 1 до 1440 минут")
    expect(form.locator("[name=name]")).to_have_value("Чай")
    expect(form.locator("[name=limit_minutes]")).to_have_value("час")
    expect(form.locator("[name=counts_as_work]")).to_be_checked()
    pictures(admin, "states-settings-wrong")
    form.locator("[name=limit_minutes]").fill("1")
    form.get_by_role("button").click()
    expect(names.last).to_have_text("Чай")
    page.get_by_role("button", name="Выше: Чай").click()
    expect(names.last).not_to_have_text("Чай")
    page.get_by_role("link", name="Изменить: Чай").click()
    page.locator("#agent-settings [name=name]").fill("Выпить чаю")
    page.locator("#agent-settings section").first.get_by_role("button", name="Сохранить").click()
    expect(page.locator("tr[data-reason]", has_text="Выпить чаю")).to_contain_text("1 мин")
    page.get_by_role("button", name="Убрать из выбора: Совещание").click()
    page.locator("#ask [data-yes]").click()
    expect(page.locator("tr[data-reason]", has_text="Совещание")).to_have_count(0)
    pictures(admin, "states-settings")
    page.get_by_role("button", name="Вернуть в список: Совещание").click()
    expect(page.locator("tr[data-reason]", has_text="Совещание")).to_have_count(1)


@pytest.mark.rule("AGD-03")
def test_nobody_is_given_to_an_agent_in_wrap_up_which_he_lengthens_once_and_ends_early(
    stack: Stack, agent: Agent, page: Person, short_wrapup: int
) -> None:
    agent.wants("ready")
    calls = call_in(stack, "79161110031", "79161110032")
    rung = rings(agent)
    stack.outside.now(rung.answer)
    agent.until("talking")
    hang_up(stack, caller_of(rung, calls))
    part = page.page.locator(DOCK)
    expect(part).to_contain_text("Обработка, осталось")
    until_member(agent, True)
    began = time.monotonic()
    page.picture("states-wrapup")
    part.locator("[data-extend]").click()
    expect(part.locator("[data-extend]")).to_have_count(0)
    with pytest.raises(urllib.error.HTTPError, match="409"):
        stack.api(agent.token, "POST", "/api/v1/me/wrapup/extend")
    # Longer than it would have lasted at first; meanwhile the second caller waits.
    pictures(page, "states-wrapup-extended")
    assert agent.rung(max(1.0, began + short_wrapup + 2 - time.monotonic())) is None, "who waits is not given to him"
    view = stack.api(agent.token, "GET", "/api/v1/me/state")
    assert (view["state"], view["can_extend"]) == ("wrapup", False)
    until_member(agent, True)
    expect(part.locator("time")).to_have_text(re.compile(r"0:[0-3]\d"))
    part.get_by_role("button", name="Готов").click()
    stack.outside.now(rings(agent, 8).answer)
    agent.until("talking")
    hang_up(stack, *calls)
    agent.until("wrapup")
    # Nobody touches anything: ready by himself, in Asterisk, too.
    agent.until("ready", short_wrapup + 2)
    until_member(agent, False)


@pytest.mark.rule("AGD-02")
def test_a_dialled_call_is_followed_by_the_wrap_up_that_the_company_has_set(stack: Stack, agent: Agent) -> None:
    admin = stack.token("admin@demo.example")
    rules = stack.api(admin, "GET", "/api/v1/agent-settings")
    stack.api(admin, "PUT", "/api/v1/agent-settings", rules | {"wrapup_out": 5})
    try:
        carrier = stack.carrier()
        agent.wants("ready")
        stack.api(agent.token, "POST", "/api/v1/calls", {"to": "+79161234598"})
        stack.outside.now(rings(agent).answer)
        client = stack.outside.do(carrier.incoming(20.0))
        stack.outside.now(client.answer)
        agent.until("talking")
        stack.outside.now(client.bye)
        agent.until("wrapup")
        # Who rings meanwhile waits until it is over.
        call_in(stack, "79161110041")
        until_member(agent, True)
        assert agent.rung(2.0) is None
        assert rings(agent, 8) is not None
    finally:
        stack.api(admin, "PUT", "/api/v1/agent-settings", rules)


@pytest.mark.rule("TEL-53")
def test_colleagues_are_seen_in_four_words_while_i_choose_to_whom_a_call_goes(
    stack: Stack, operator: Person, agent: Agent
) -> None:
    agent.wants("ready")
    operator.page.add_init_script(PEERS)
    operator.open("/")
    operator.go_on_line()
    _, call = talk(stack, operator)
    operator.page.locator("body").press("t")
    colleague = operator.page.locator(f'[data-transfer] [data-target="agent-{me(agent)}"]')
    expect(colleague).to_contain_text("Доступен")
    expect(colleague).to_be_enabled()
    agent.wants("paused", "lunch")
    expect(colleague).to_contain_text("Не беспокоить")
    expect(colleague).to_be_disabled()
    pictures(operator, "states-transfer")
    agent.wants("offline")
    expect(colleague).to_contain_text("Отключен")
    agent.wants("ready")
    expect(colleague).to_be_enabled()
    stack.outside.now(call.bye)
    operator.page.evaluate("() => callcenter.api('PUT', '/api/v1/me/state', { state: 'paused' })")
    [ringing] = call_in(stack, "79161110041")
    rings(agent)
    operator.go("/agents")
    row = operator.page.locator(f'#team tr[data-agent="{me(agent)}"]')
    expect(row).to_contain_text("Разговор")
    hang_up(stack, ringing)
    expect(row).to_contain_text("Доступен")


@pytest.mark.rule("AGD-01")
def test_a_break_chosen_while_asterisk_is_away_holds_in_the_new_one(stack: Stack, agent: Agent, page: Person) -> None:
    agent.wants("ready")
    # Asterisk itself remembers this over its restart; what is chosen meanwhile only the server knows.
    until_member(agent, False)
    runner = Runner(Instance.from_settings(stack.settings))
    [old] = runner.left_behind()
    os.kill(old, signal.SIGKILL)
    agent.wants("paused", "lunch")
    until(lambda: runner.left_behind() not in ([], [old]), timeout=30, what="a new Asterisk")
    until(lambda: signs_in(agent), timeout=30, what="the phone is signed in")
    until_member(agent, True, 30)
    agent.until("paused")
    assert stack.api(agent.token, "GET", "/api/v1/me/state")["reason"] == "Обед"
    expect(page.page.locator(DOCK)).to_contain_text("Обед", timeout=15_000)
