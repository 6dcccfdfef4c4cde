"""Dial lists in a real browser: made by a filter, performed with a pause, paused, stopped; clients taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support import access, stack
from tests.support.browser import Person
from tests.support.stack import Stack

CLIENT_HZ = 1000.0
NUMBERS = ("+79165550301", "+79165550302", "+79165550303")


@pytest.fixture
def clients(stack: Stack) -> Iterator[None]:
    """Three clients of a town of their own; afterwards nobody performs a list."""
    token = stack.token("operator1@demo.example")
    for n, number in enumerate(NUMBERS):
        card = {"first_name": f"Клиент{n}", "last_name": "Обзвонов", "city": "Кимры", "phones": [{"number": number}]}
        stack.api(token, "POST", "/api/v1/contacts", card)
    yield
    if run := stack.api(token, "GET", "/api/v1/me/dial-list")["run"]:
        stack.api(token, "POST", f"/api/v1/dial-lists/{run['list_id']}/stop")


def narrow(person: Person, name: str) -> None:
    """A phone's width: nothing sticks out."""
    person.page.set_viewport_size({"width": 390, "height": 844})
    person.picture(name)
    assert person.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    person.page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.rule("OUT-01", "OUT-02", "OUT-03", "OUT-04", "OUT-05", "OUT-16")
@pytest.mark.usefixtures("clients")
def test_a_list_is_made_by_a_filter_and_performed(operator: Person, stack: Stack) -> None:
    page, carrier = operator.page, stack.carrier(tone=CLIENT_HZ)
    operator.open("/")
    operator.go_on_line()
    operator.go("/contacts")
    page.get_by_role("navigation", name="Виды").get_by_role("link", name="Обзвоны").click()
    expect(page.get_by_role("heading", name="Обзвоны")).to_be_visible()
    page.get_by_role("button", name="Новый обзвон").first.click()
    form = page.locator("#new-list")
    expect(form.get_by_text("Телефон не пусто")).to_be_visible()
    form.get_by_role("button", name="Условие").click()
    form.locator("[data-field]").select_option("city")
    form.locator("[data-op]").select_option("equals")
    form.locator("[data-value]").fill("Нигде")
    form.get_by_role("button", name="Применить").click()
    expect(form.get_by_role("alert").first).to_contain_text("нет ни одного клиента")
    form.locator("[data-value]").fill("Кимры")
    operator.picture("dialer-new-filter")
    form.get_by_role("button", name="Применить").click()
    expect(form.locator("[data-found]")).to_have_text("Клиентов по условиям выборки: 3")
    form.locator('[name="pause"][value=""]').check()
    form.get_by_label("Название обзвона").fill("Промоакция")
    operator.picture("dialer-new")
    assert access.faults(page) == []
    form.get_by_role("button", name="Создать обзвон").click()
    expect(page.get_by_role("heading", name="Промоакция")).to_be_visible()
    rows = page.locator("tr[data-entry]")
    stack_until(lambda: (page.reload(), operator.wait_ready(), rows.count() == 3)[-1])
    # A client is taken out, and the toast takes it back.
    rows.nth(2).get_by_role("button", name="Исключить").click()
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Вернуть").click()
    expect(rows).to_have_count(3)
    operator.picture("dialer-list")
    assert access.faults(page) == []
    narrow(operator, "dialer-list-narrow")

    bar = page.locator("#run-bar")
    page.get_by_role("button", name=re.compile("^Начать")).click()
    expect(bar).to_contain_text("ответьте")
    page.locator("[data-answer]").click(timeout=20_000)
    first = stack.outside.do(carrier.incoming(to="+7916555030"))
    assert first.invite is not None
    assert NUMBERS[0] in first.invite.start
    expect(bar).to_contain_text("Набираем клиента")
    stack.outside.now(first.answer)
    expect(bar).to_contain_text("Идёт разговор")
    expect(bar.get_by_role("link", name="Клиент0 Обзвонов")).to_be_visible()
    stack.outside.do(carrier.hears(440.0, 0.3))
    operator.picture("dialer-talk")
    stack.outside.now(first.bye)
    # ∞: nothing is called until the button is pressed, on whatever page.
    expect(bar).to_contain_text("Ждём кнопку «Дальше»")
    expect(page.locator("#status")).to_contain_text("Обработка")
    operator.go("/calls")
    expect(bar.get_by_role("link", name="Клиент1 Обзвонов")).to_be_visible()
    assert carrier.ringing.empty()
    operator.picture("dialer-waits")
    narrow(operator, "dialer-waits-narrow")
    bar.get_by_role("link", name="Промоакция").click()
    expect(page.get_by_role("heading", name="Промоакция")).to_be_visible()
    assert access.faults(page) == []
    page.locator("select[data-pause]").select_option("10")
    expect(bar.locator("time")).to_have_text(re.compile(r"0:0\d|0:10"))
    operator.picture("dialer-pause")
    page.locator("[data-answer]").click(timeout=25_000)
    second = stack.outside.do(carrier.incoming(to="+7916555030"))
    stack.outside.now(second.reject)
    expect(bar).to_contain_text("осталось: 1, обзвонено: 2", timeout=20_000)
    bar.get_by_role("button", name="Пауза").click()
    expect(bar).to_contain_text("Приостановлен")
    bar.get_by_role("button", name="Остановить").click()
    expect(bar).to_be_hidden()
    expect(page.get_by_role("heading", name="Итоги")).to_be_visible()
    page.locator("main").get_by_role("link", name="Обзвоны").first.click()
    card = page.locator("[data-dial-list]").filter(has_text="Промоакция")
    expect(card).to_contain_text("Приостановлен")
    expect(card).to_contain_text("обзвонено 2 из 3")
    operator.picture("dialer-lists")
    assert access.faults(page) == []


def stack_until(look: object) -> None:
    """The list's clients are written in the background."""
    stack.until(look, what="the clients are in the list")


@pytest.mark.rule("OBD-05")
def test_numbers_that_must_not_be_called_are_pasted_and_taken_off(operator: Person) -> None:
    page = operator.page
    operator.open("/do-not-call")
    page.get_by_label("Номера, каждый с новой строки").fill("не номер")
    page.get_by_role("button", name="Добавить").click()
    expect(page.get_by_role("alert")).to_contain_text("нет ни одного номера")
    page.get_by_label("Номера, каждый с новой строки").fill("8 916 555-04-01\n+7 916 555-04-02")
    page.get_by_label("Причина").fill("Просил не звонить")
    page.get_by_role("button", name="Добавить").click()
    expect(page.locator("tr[data-refusal]")).to_have_count(2)
    operator.picture("dialer-refusing")
    assert access.faults(page) == []
    narrow(operator, "dialer-refusing-narrow")
