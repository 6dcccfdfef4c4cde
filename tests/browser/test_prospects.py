"""The calling page in a real browser with real calls: client after client, dialled by itself, promised calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support import access
from tests.support import stack as stacks
from tests.support.browser import Person
from tests.support.stack import Stack

NUMBERS = ("+73812550501", "+73812550502", "+73812550503")
PANEL = "#script-panel"
CARD = "#prospect"


@pytest.fixture
def script(stack: Stack) -> Iterator[Any]:
    """Two persons and their company, and a script that asks for a result and dials by itself."""
    admin = stack.token("admin@demo.example")
    firm = stack.api(
        admin,
        "POST",
        "/api/v1/contacts?kind=organisation",
        {"name": "Прозвонов и Ко", "phones": [{"number": NUMBERS[0]}]},
    )
    for n, number in enumerate(NUMBERS[1:], 1):
        card = {"first_name": f"Абонент{n}", "last_name": "Прозвонов", "city": "Омск", "phones": [{"number": number}]}
        stack.api(admin, "POST", "/api/v1/contacts", card | ({"organisation_id": firm["id"]} if n == 1 else {}))
    outcomes = [{"title": "Согласен", "kind": "success"}, {"title": "Перезвонить", "kind": "call_back"}]
    text = '<p>Здравствуйте! Это <a href="#Дальше">да</a></p><h3 data-anchor="Дальше">Дальше</h3>'
    body = {"name": "Прозвон базы", "kind": "out", "text": text, "outcomes": outcomes}
    made = stack.api(admin, "POST", "/api/v1/scripts", body | {"skip_allowed": False, "autodial": True})
    yield made
    stack.api(admin, "POST", f"/api/v1/scripts/{made['id']}/archive")


def narrow(person: Person, name: str) -> None:
    """A phone's width: nothing sticks out."""
    person.page.set_viewport_size({"width": 390, "height": 844})
    person.picture(name)
    assert person.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    person.page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.rule("OUT-17", "OUT-22", "OUT-28", "OUT-29", "OUT-31")
def test_one_goes_from_client_to_client(operator: Person, stack: Stack, script: Any) -> None:
    page, carrier = operator.page, stack.carrier(tone=700.0)
    operator.open("/")
    operator.go_on_line()
    page.evaluate("globalThis.same = true")
    operator.go("/prospects")
    page.get_by_role("searchbox", name="Имя, телефон").fill("прозвонов")
    page.get_by_role("button", name="Фильтровать").click()
    rows = page.locator("tr[data-client]")
    expect(rows).to_have_count(3)
    colours = [rows.nth(n).locator("a > span").evaluate("one => getComputedStyle(one).color") for n in range(3)]
    assert colours[0] == colours[1] != colours[2]
    page.locator("[data-calling-script]").select_option(label="Прозвон базы")
    expect(page.locator("[data-calling-script] option:checked")).to_have_text("Прозвон базы")
    operator.picture("calling-list")
    assert access.faults(page) == []
    narrow(operator, "calling-list-narrow")

    page.get_by_role("link", name="Начать с первого").click()
    card = page.locator(CARD)
    expect(card.get_by_role("heading", name="Абонент2 Прозвонов")).to_be_visible()
    # The script is there before the call, and jumps.
    text = card.locator("[data-script-text]")
    text.get_by_role("link", name="да").click()
    place = text.locator('[data-anchor="Дальше"]')
    expect(place).to_be_focused()
    operator.picture("calling-card")
    # The mark fades.
    place.evaluate("one => Promise.all(one.getAnimations().map(({ finished }) => finished))")
    assert access.faults(page) == []
    narrow(operator, "calling-card-narrow")
    # Not without a result.
    card.get_by_role("button", name="Сохранить результаты").click()
    expect(card.get_by_role("alert")).to_contain_text("Позвоните клиенту")

    card.get_by_role("button", name="Набрать").click()
    call = stack.outside.do(carrier.incoming(to="+7381255050"))
    assert call.invite is not None
    assert NUMBERS[2] in call.invite.start
    stack.outside.now(call.answer)
    panel = page.locator(PANEL)
    expect(panel.get_by_label("Согласен")).to_be_enabled(timeout=20_000)
    expect(panel).to_contain_text("Здравствуйте!")
    stack.outside.do(carrier.hears(440.0, 0.3))
    operator.picture("calling-talk")
    assert access.faults(page) == []
    # One looks at another page while one talks; nothing is lost.
    operator.go("/calls")
    page.go_back()
    expect(card.get_by_role("heading", name="Абонент2 Прозвонов")).to_be_visible()
    stack.outside.now(call.bye)
    card.get_by_role("button", name="Сохранить результаты").click()
    expect(card.get_by_role("alert")).to_contain_text("Выберите результат разговора")
    panel.get_by_label("Согласен").check()
    panel.get_by_label("Комментарий к разговору").fill("Ждёт договор")
    card.get_by_role("button", name="Сохранить и остаться").click()
    expect(card.locator("dl")).to_contain_text("Согласен")
    expect(card.get_by_role("heading", name="Абонент2 Прозвонов")).to_be_visible()
    card.get_by_role("button", name="Сохранить результаты").click()

    # The next one is open, and is dialled by itself.
    expect(card.get_by_role("heading", name="Абонент1 Прозвонов")).to_be_visible()
    expect(panel).to_be_hidden()
    expect(card.locator("[data-auto]")).to_contain_text("Наберём автоматически")
    operator.picture("calling-autodial")
    second = stack.outside.do(carrier.incoming(to="+7381255050"))
    assert second.invite is not None
    assert NUMBERS[1] in second.invite.start
    stack.outside.now(second.reject)
    expect(panel.get_by_label("Перезвонить")).to_be_enabled(timeout=20_000)
    panel.get_by_label("Перезвонить").check()
    card.get_by_role("button", name="Сохранить результаты").click()
    expect(card.get_by_role("heading", name="Прозвонов и Ко")).to_be_visible()
    # What would be dialled can be stopped; its people can be called from here.
    card.get_by_role("button", name="Не набирать").click()
    expect(card.locator("[data-auto]")).to_be_hidden()
    expect(card.locator("li[data-person]")).to_contain_text("Абонент1 Прозвонов")
    assert page.evaluate("globalThis.same") is True
    operator.go("/prospects")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Согласен")


@pytest.mark.rule("OBD-08")
def test_a_client_of_a_list_is_promised_a_call(operator: Person, stack: Stack) -> None:
    page, carrier = operator.page, stack.carrier(tone=700.0)
    token = stack.token("operator1@demo.example")
    card = {"first_name": "Обещан", "last_name": "Звонок", "city": "Кимрск", "phones": [{"number": "+73812550504"}]}
    stack.api(token, "POST", "/api/v1/contacts", card)
    where = {"field": "city", "op": "equals", "value": "Кимрск"}
    made = stack.api(token, "POST", "/api/v1/dial-lists", {"title": "Перезвоны", "where": where, "pause": None})
    path = f"/api/v1/dial-lists/{made['id']}"
    stacks.until(lambda: stack.api(token, "GET", path)["filled"], what="the client is in the list")
    operator.open(f"/dialer/{made['id']}")
    operator.go_on_line()
    expect(page.locator("#status")).to_contain_text("Готов")
    page.get_by_role("button", name=re.compile("^Начать")).click()
    bar = page.locator("#run-bar")
    page.locator("[data-answer]").click(timeout=20_000)
    call = stack.outside.do(carrier.incoming(to="+7381255050"))
    stack.outside.now(call.answer)
    bar.get_by_role("button", name="Перезвонить позже").click(timeout=20_000)
    dialog = page.locator("#promise")
    expect(dialog.get_by_label(re.compile("клиента, сейчас там"))).to_be_checked()
    operator.picture("promise")
    dialog.get_by_role("button", name="Назначить").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Выберите день и время")
    # Ten o'clock in Omsk is another moment than ten o'clock here.
    dialog.get_by_label("Когда перезвонить").fill("2027-03-01T10:00")
    dialog.get_by_role("button", name="Назначить").click()
    expect(dialog).to_have_count(0)
    stack.outside.now(call.bye)
    expect(bar).to_contain_text("Ждём кнопку «Дальше»", timeout=20_000)
    page.goto(f"{stack.base_url}/dialer/{made['id']}?state=later")
    operator.wait_ready()
    promised = page.locator("[data-promised]")
    expect(promised).to_contain_text("у клиента 10:00")
    page.get_by_role("button", name=re.compile("Изменить перезвон")).click()
    dialog.get_by_label("Кто позвонит").select_option("")
    dialog.get_by_label(re.compile("моему, сейчас")).check()
    dialog.get_by_label("Когда перезвонить").fill("2027-03-02T11:00")
    dialog.get_by_role("button", name="Назначить").click()
    expect(promised).to_contain_text("2 марта в 11:00")
    expect(promised).to_contain_text("любой")
    operator.picture("promise-list")
    assert access.faults(page) == []
    narrow(operator, "promise-list-narrow")
    page.get_by_role("button", name=re.compile("Изменить перезвон")).click()
    dialog.get_by_role("button", name="Отменить перезвон").click()
    expect(promised).to_have_count(0)
    if stack.api(token, "GET", "/api/v1/me/dial-list")["run"]:
        stack.api(token, "POST", f"{path}/stop")


@pytest.mark.rule("OBD-06")
def test_a_list_gets_hours_of_single_days(operator: Person, stack: Stack) -> None:
    page = operator.page
    token = stack.token("operator1@demo.example")
    card = {"first_name": "Часовой", "last_name": "Пояс", "city": "Часовск", "phones": [{"number": "+73812550505"}]}
    stack.api(token, "POST", "/api/v1/contacts", card)
    operator.open("/dialer")
    page.get_by_role("button", name="Новый обзвон").first.click()
    form = page.locator("#new-list")
    form.get_by_role("button", name="Условие").click()
    form.locator("[data-field]").select_option("city")
    form.locator("[data-op]").select_option("equals")
    form.locator("[data-value]").fill("Часовск")
    form.get_by_role("button", name="Применить").click()
    form.get_by_label("Название обзвона").fill("По часам")
    form.locator("details > summary").first.click()
    form.locator('[name="from"]').fill("09:00")
    form.locator('[name="to"]').fill("20:00")
    form.locator("details details > summary").click()
    form.locator('[data-day="7"] [data-day-on]').uncheck()
    form.locator('[data-day="6"] [data-day-from]').fill("15:00")
    form.locator('[data-day="6"] [data-day-to]').fill("11:00")
    operator.picture("dialer-hours")
    assert access.faults(page) == []
    form.get_by_role("button", name="Создать обзвон").click()
    expect(form.locator('[data-step="2"] [role="alert"]')).to_contain_text("отдельного дня")
    form.locator('[data-day="6"] [data-day-from]').fill("11:00")
    form.locator('[data-day="6"] [data-day-to]').fill("15:00")
    form.get_by_role("button", name="Создать обзвон").click()
    about = page.locator("#dial-list dl.facts")
    rows = page.locator("tr[data-entry]")
    path = f"/api/v1/dial-lists/{page.locator('#dial-list').get_attribute('data-dial-list')}"
    stacks.until(lambda: stack.api(token, "GET", path)["filled"], timeout=40, what="the client is in the list")
    page.reload()
    operator.wait_ready()
    expect(rows).to_have_count(1)
    expect(about).to_contain_text("понедельник – пятница: 09:00 – 20:00")
    expect(about).to_contain_text("суббота: 11:00 – 15:00")
    expect(about).not_to_contain_text("воскресенье")
    assert access.faults(page) == []
