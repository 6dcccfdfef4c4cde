"""Finding and dialling in a real browser: the dial pad, the search line that dials, quick actions, the context menu."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import SALES, Stack


@pytest.fixture
def person(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """A supervisor with a phone on line."""
    found = browser.person(chromium, stack.base_url)
    found.sign_in("supervisor@demo.example", stack.password)
    found.page.wait_for_function("() => callcenter.store.state.live")
    found.go_on_line()
    yield found
    found.context.close()
    assert found.complaints == []


def client_of(stack: Stack, first: str, last: str, *phones: tuple[str, str]) -> int:
    made = stack.api(
        stack.token("supervisor@demo.example"),
        "POST",
        "/api/v1/contacts",
        {"first_name": first, "last_name": last, "phones": [{"number": n, "kind": k} for n, k in phones]},
    )
    return int(made["id"])


def called(stack: Stack, person: Person, number: str) -> None:
    """The client's phone rings with this number, and the call ends."""
    page = person.page
    expect(page.locator("#dock.live")).to_be_visible(timeout=15_000)
    page.wait_for_function(
        "number => Object.values(callcenter.store.state.calls).some((one) => one.to === number)", arg=number
    )
    page.locator('#dock [data-do="hang"]').click()
    expect(page.locator("#dock.live")).to_have_count(0, timeout=15_000)


@pytest.mark.rule("TEL-58")
def test_the_dial_pad_finds_a_client_and_dials_the_number_that_is_chosen(person: Person, stack: Stack) -> None:
    page = person.page
    client_of(stack, "Геннадий", "Многономеров", ("+79995550201", "mobile"), ("+79995550202", "work"))
    page.locator('#dock [data-part="dial"] [data-do="keypad"]').click()
    pad = page.locator(".dialpad")
    field = pad.get_by_role("combobox", name="Имя клиента")
    field.fill("многоном")
    option = pad.get_by_role("option", name=re.compile("Геннадий"))
    expect(option).to_be_visible()
    person.picture("dialpad-found")
    field.press("ArrowDown")
    field.press("Enter")
    expect(pad.locator("[data-who]")).to_have_text("Геннадий Многономеров")
    which = pad.get_by_label("Какой номер")
    expect(which.locator("option")).to_have_text(["Мобильный: +79995550201", "Рабочий: +79995550202"])
    which.select_option(index=1)
    number = pad.get_by_label("Номер для звонка")
    expect(number).to_have_value("+79995550202")
    pad.get_by_role("button", name="Очистить номер").click()
    expect(number).to_have_value("")
    expect(pad.locator("[data-who]")).to_be_hidden()
    # A number that nobody has: the country's code, then keys of the pad and of the keyboard.
    pad.get_by_label("Код страны").select_option("+49")
    pad.locator('[data-key="3"]').click()
    number.press_sequentially("01234567")
    expect(number).to_have_value("301234567")
    expect(pad.locator("[data-dialpad-call]")).to_have_attribute("data-dial", "+49301234567")
    person.picture("dialpad")
    pad.get_by_role("button", name="Очистить номер").click()
    field.fill("многоном")
    option.click()
    which.select_option(index=1)
    number.press("Enter")
    called(stack, person, "+79995550202")


@pytest.mark.rule("TEL-51", "TEL-52")
def test_the_search_line_dials_creates_and_finds_employees(person: Person, stack: Stack) -> None:
    page = person.page
    known = client_of(stack, "Розалия", "Известнова", ("+79995550301", ""))
    field = page.locator("#search input")
    field.fill("9995550301")
    hit = page.locator("#found [role=option]", has_text="Розалия")
    expect(hit).to_be_visible()
    expect(page.locator("#found")).not_to_contain_text("Новый номер")
    hit.locator("[data-dial]").click()
    called(stack, person, "+79995550301")
    field.fill("+7 999 555-03-99")
    expect(page.locator("#found")).to_contain_text("Новый номер")
    person.picture("search-new-number")
    page.locator("#found [role=option]", has_text="Создать клиента").click()
    page.wait_for_url("**/contacts/new?phone=*")
    expect(page.locator('input[name="phones.0.number"]')).to_have_value(re.compile("999.*555.?03.?99"))
    field.fill("+7 999 555-03-98")
    page.locator("#found [role=option]", has_text="Позвонить").click()
    called(stack, person, "+79995550398")
    # The star looks among employees only: nobody else who has the letters is there.
    field.fill("*10")
    expect(page.locator("#found .group")).to_have_count(1)
    expect(page.locator("#found .group")).to_have_attribute("aria-label", "Сотрудники")
    assert known


@pytest.mark.rule("TEL-59")
def test_the_context_menu_of_the_client_list_calls_any_number(person: Person, stack: Stack) -> None:
    page = person.page
    client_of(stack, "Аристарх", "Менюшкин", ("+79995550401", ""), ("+79995550402", ""))
    person.open("/contacts?all=1&q=Менюшкин")
    row = page.locator("#client-list tr[data-client]")
    expect(row).to_have_count(1)
    row.locator("td").nth(2).click(button="right")
    menu = page.locator("[data-context]")
    expect(menu.get_by_role("menuitem")).to_have_text(
        ["Позвонить +7 (999) 555-04-01", "Позвонить +7 (999) 555-04-02", "Открыть карточку"]
    )
    person.picture("context-menu")
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    row.get_by_role("link", name="Аристарх").focus()
    page.keyboard.press("Shift+F10")
    expect(menu).to_be_visible()
    page.wait_for_function("() => callcenter.phone.online")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    called(stack, person, "+79995550402")


def test_quick_actions_of_a_call(person: Person, stack: Stack) -> None:
    page = person.page
    client_of(stack, "Зинаида", "Принимаева", ("+79995550501", ""))
    person.go("/calls")
    call = stack.ring(stack.caller("79995550502"), SALES)
    row = page.locator("#calls-body tr[data-call]", has_text="+7 (999) 555-05-02")
    expect(row).to_be_visible(timeout=15_000)
    stack.outside.now(call.cancel) if not call.states["answered"].is_set() else stack.outside.now(call.bye)
    expect(row).not_to_have_attribute("data-open", "", timeout=15_000)
    row.hover()
    for name in ("Перезвонить", "Создать клиента", "Добавить номер клиенту", "Отметить как спам"):
        expect(row.locator(f'[aria-label="{name}"]')).to_be_visible()
    person.picture("call-actions")
    row.locator('[aria-label="Отметить как спам"]').click()
    expect(page.locator("#toasts")).to_contain_text("отмечен как спам")
    expect(row.locator('[aria-label="Не спам"]')).to_have_count(1)
    page.locator("#toasts").get_by_role("button", name="Вернуть").click()
    expect(row.locator('[aria-label="Отметить как спам"]')).to_have_count(1)
    row.hover()
    row.locator('[aria-label="Добавить номер клиенту"]').click()
    sheet = page.get_by_role("dialog", name=re.compile("Добавить"))
    sheet.get_by_role("combobox").fill("принима")
    sheet.get_by_role("option", name=re.compile("Зинаида")).click()
    expect(page.locator("#calls-body tr[data-call]", has_text="Зинаида Принимаева").first).to_be_visible()
    page.locator("#only-requests").click()
    page.wait_for_url("**/calls?requests=1")
    expect(page.locator("#only-requests")).to_have_attribute("aria-checked", "true")
    person.picture("calls-requests")
