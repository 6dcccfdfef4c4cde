"""A dial list with a team in a real browser: made, joined, clients one after another in the dock; and the preview."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.test_dialer import narrow, stack_until
from tests.support import access
from tests.support.browser import Person
from tests.support.stack import Stack

CLIENT_HZ, AGENT_HZ = 1000.0, 440.0
TOWNS = iter((("Шуя", 60), ("Кинешма", 61), ("Плёс", 62)))


@pytest.fixture
def town(stack: Stack) -> Iterator[str]:
    """Three clients of a town of their own; afterwards nobody takes part in a list."""
    token, (name, prefix) = stack.token("operator1@demo.example"), next(TOWNS)
    for n in range(3):
        card = {"first_name": f"Клиент{n}", "last_name": name, "city": name}
        stack.api(token, "POST", "/api/v1/contacts", {**card, "phones": [{"number": f"+79165555{prefix}{n}"}]})
    yield name
    if run := stack.api(token, "GET", "/api/v1/me/dial-list")["run"]:
        stack.api(token, "POST", f"/api/v1/dial-lists/{run['list_id']}/{'leave' if run['team'] else 'stop'}")


def new_list(person: Person, town: str, mode: str, title: str) -> Locator:
    """The form's second step, with a mode."""
    page = person.page
    person.go("/dialer")
    page.get_by_role("button", name="Новый обзвон").first.click()
    form = page.locator("#new-list")
    form.get_by_role("button", name="Условие").click()
    form.locator("[data-field]").select_option("city")
    form.locator("[data-op]").select_option("equals")
    form.locator("[data-value]").fill(town)
    form.get_by_role("button", name="Применить").click()
    form.get_by_label(re.compile(f"^{mode}")).check()
    form.get_by_label("Название обзвона").fill(title)
    return form


@pytest.mark.rule("OBD-01")
def test_a_team_takes_clients_who_were_called_first(operator: Person, stack: Stack, town: str) -> None:
    page, carrier = operator.page, stack.carrier(tone=CLIENT_HZ)
    operator.open("/")
    operator.go_on_line()
    form = new_list(operator, town, "Прогрессивный", "Команда")
    form.get_by_text("Номер, повторы и часы").click()
    form.get_by_label("Отличать автоответчики от людей").check()
    form.get_by_label("Если ответил автоответчик").select_option("message")
    expect(form.get_by_label("Сообщение для автоответчика")).to_be_visible()
    form.locator('[name="pause"][value="10"]').check()
    operator.picture("dialer-team-new")
    assert access.faults(page) == []
    narrow(operator, "dialer-team-new-narrow")
    # What is missing is said.
    form.get_by_role("button", name="Создать обзвон").click()
    expect(form.get_by_role("alert").last).to_contain_text("Выберите сообщение для автоответчика")
    form.get_by_label("Отличать автоответчики от людей").uncheck()
    form.get_by_role("button", name="Создать обзвон").click()
    expect(page.get_by_role("heading", name="Команда").first).to_be_visible()
    stack_until(lambda: (page.reload(), operator.wait_ready(), page.locator("tr[data-entry]").count() == 3)[-1])
    expect(page.get_by_text("Пока никто не участвует")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Начать")).click()
    page.get_by_role("button", name=re.compile("^Участвовать")).click()
    bar, dock = page.locator("#run-bar"), page.locator("#dock")
    first = stack.outside.do(carrier.incoming(to="+79165555"))
    assert first.invite is not None
    assert "+79165555600" in first.invite.start
    # His phone is picked up, and he is in no call.
    expect(bar).to_contain_text("Ждём, пока ответит клиент")
    expect(dock).to_contain_text("Вы участвуете в обзвоне")
    expect(dock.locator('[data-part="hang"]')).to_be_hidden()
    operator.picture("dialer-team-waits")
    stack.outside.now(first.answer)
    expect(bar).to_contain_text("Идёт разговор")
    expect(bar.get_by_role("link", name=f"Клиент0 {town}")).to_be_visible()
    expect(dock).to_contain_text(f"Клиент0 {town}")
    stack.outside.do(carrier.hears(AGENT_HZ, 0.3))
    expect(page.locator("[data-team] [data-members]")).to_contain_text("Разговор")
    # The figures go on by themselves.
    expect(page.locator("#kpi-team [data-value]")).to_have_text("1")
    operator.picture("dialer-team-talk")
    assert access.faults(page) == []
    narrow(operator, "dialer-team-talk-narrow")
    # «Hang up» ends the client's call, and his phone stays picked up for the next one.
    dock.locator('[data-part="hang"]').click()
    stack.outside.do(first.until("ended"))
    expect(page.locator("#status")).to_contain_text("Обработка")
    expect(page.locator("#kpi-talked [data-value]")).to_have_text("1", timeout=10_000)
    second = stack.outside.do(carrier.incoming(timeout=25, to="+79165555"))
    stack.outside.now(second.answer)
    expect(dock).to_contain_text(f"Клиент1 {town}")
    stack.outside.do(carrier.hears(AGENT_HZ, 0.3))
    stack.outside.now(second.bye)
    bar.get_by_role("button", name="Покинуть обзвон").click()
    expect(bar).to_be_hidden()
    expect(dock).not_to_contain_text("Вы участвуете в обзвоне")
    assert operator.complaints == []


@pytest.mark.rule("OBD-01", "AGD-09")
def test_a_page_that_is_loaded_anew_keeps_its_place_in_the_team(operator: Person, stack: Stack, town: str) -> None:
    page, carrier, token = operator.page, stack.carrier(tone=CLIENT_HZ), stack.token("operator1@demo.example")
    operator.open("/")
    operator.go_on_line()
    where = {"field": "city", "op": "equals", "value": town}
    body = {"title": "Перезагрузка", "where": where, "pause": 0, "mode": "progressive", "dialing": {"sample": 0}}
    made = stack.api(token, "POST", "/api/v1/dial-lists", body)["id"]
    stack_until(lambda: stack.api(token, "GET", f"/api/v1/dial-lists/{made}")["filled"])
    stack.api(token, "POST", f"/api/v1/dial-lists/{made}/join")
    dock = page.locator("#dock")
    expect(dock).to_contain_text("Вы участвуете в обзвоне")
    # Picked up, and not only ringing: that is what the next page goes on with.
    stack_until(lambda: page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('phone-call-'))"))
    # Between two clients: the phone is rung again, nobody presses anything.
    page.reload(wait_until="commit")
    expect(dock).to_contain_text("Вы участвуете в обзвоне", timeout=20_000)
    stack.api(token, "POST", f"/api/v1/dial-lists/{made}/start")
    first = stack.outside.do(carrier.incoming(timeout=20, to="+79165555"))
    stack.outside.now(first.answer)
    stack.outside.do(carrier.hears(AGENT_HZ, 0.3))
    # In a talk: the client stays on the line and hears the agent again.
    page.reload(wait_until="commit")
    operator.wait_ready()
    expect(dock).to_have_class("dock live", timeout=20_000)
    stack.outside.do(carrier.hears(AGENT_HZ, 0.3))
    assert not first.states["ended"].is_set()
    stack.outside.now(first.bye)
    second = stack.outside.do(carrier.incoming(timeout=30, to="+79165555"))
    stack.outside.now(second.answer)
    expect(dock).to_contain_text(f"Клиент1 {town}")
    stack.outside.do(carrier.hears(AGENT_HZ, 0.3))
    assert [one["name"] for one in stack.api(token, "GET", f"/api/v1/dial-lists/{made}/team")["members"]] != []
    stack.outside.now(second.bye)
    page.locator("#run-bar").get_by_role("button", name="Покинуть обзвон").click()
    expect(dock).not_to_contain_text("Вы участвуете в обзвоне")


@pytest.mark.rule("OBD-01")
def test_in_preview_the_card_comes_first_and_the_call_on_a_press(operator: Person, stack: Stack, town: str) -> None:
    page, carrier = operator.page, stack.carrier(tone=CLIENT_HZ)
    operator.open("/")
    operator.go_on_line()
    form = new_list(operator, town, "С просмотром", "Просмотр")
    expect(form.locator('[name="pause"]').first).to_be_hidden()
    form.get_by_role("button", name="Создать обзвон").click()
    expect(page.get_by_role("heading", name="Просмотр")).to_be_visible()
    stack_until(lambda: (page.reload(), operator.wait_ready(), page.locator("tr[data-entry]").count() == 3)[-1])
    page.get_by_role("button", name=re.compile("^Начать")).click()
    # The client's card is there without a press.
    expect(page.get_by_role("heading", name=f"Клиент0 {town}")).to_be_visible()
    bar = page.locator("#run-bar")
    expect(bar).to_contain_text("Посмотрите карточку и позвоните")
    assert carrier.ringing.empty()
    operator.picture("dialer-preview")
    bar.get_by_role("button", name="Позвонить").click()
    page.locator("[data-answer]").click(timeout=20_000)
    first = stack.outside.do(carrier.incoming(to="+79165555"))
    stack.outside.now(first.answer)
    expect(bar).to_contain_text("Идёт разговор")
    stack.outside.now(first.bye)
    expect(page.get_by_role("heading", name=f"Клиент1 {town}")).to_be_visible()
    bar.get_by_role("button", name="Остановить").click()
    expect(bar).to_be_hidden()
