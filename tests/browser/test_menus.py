"""Voice menus by keyboard alone: two levels are built, mistakes are said, a simulated caller is asked; undo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import access, browser
from tests.support.browser import Person
from tests.support.stack import Stack

ADMINISTRATOR = "admin@demo.example"


@pytest.fixture
def office(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """An administrator; menus and numbers are afterwards as they were."""
    token = stack.token(ADMINISTRATOR)
    before = {one["id"] for one in stack.api(token, "GET", "/api/v1/menus")["menus"]}
    numbers = stack.api(token, "GET", "/api/v1/numbers")["numbers"]
    support = next(one for one in numbers if one["target"]["kind"] == "menu")
    person = browser.person(chromium, stack.base_url)
    person.sign_in(ADMINISTRATOR, stack.password)
    yield person
    aim(stack, token, support["id"], support["target"]["id"])
    left = [one for one in stack.api(token, "GET", "/api/v1/menus")["menus"] if one["id"] not in before]
    # Those that lead to others go first.
    for one in sorted(left, key=lambda menu: not any(key["kind"] == "menu" for key in menu["keys"])):
        stack.api(token, "DELETE", f"/api/v1/menus/{one['id']}")
    person.context.close()
    assert person.complaints == []


def aim(stack: Stack, token: str, number_id: int, menu_id: int) -> None:
    """Leads a number's calls to a menu."""
    change = {"takers": "target", "target_kind": "menu", "target_id": menu_id}
    stack.api(token, "PATCH", f"/api/v1/numbers/{number_id}", change)


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until something has the focus, as somebody without a mouse does."""
    for _ in range(150):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def choose(page: Page, value: str) -> None:
    """Chooses an option of the select box that has the focus by the arrow keys."""
    page.keyboard.press("Home")
    for _ in range(200):
        if page.evaluate("() => document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows do not lead to {value}")


def add_key(page: Page, goal: str, number: str = "") -> None:
    """Adds a key: the next free one is chosen by itself, and what it does is asked at once."""
    tab_to(page, "[data-row-add]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]").last.locator("select.goal")).to_be_focused()
    choose(page, goal)
    if number:
        tab_to(page, "[data-row]:last-child .outside")
        page.keyboard.type(number)


def save(page: Page) -> None:
    tab_to(page, "#menu-form .savebar [type=submit]")
    page.keyboard.press("Enter")


@pytest.mark.timeout(400)
@pytest.mark.rule("INB-29", "INB-32")
def test_two_levels_are_built_by_keyboard_and_tried_by_a_simulated_caller(office: Person, stack: Stack) -> None:
    page = office.page
    token = stack.token(ADMINISTRATOR)
    queues = {one["name"]: one["id"] for one in stack.api(token, "GET", "/api/v1/queues")["queues"]}
    office.open("/menus")
    tab_to(page, 'a[href="/menus/new"]')
    page.keyboard.press("Enter")
    expect(page.locator("#main h1")).to_have_text("Новое меню")
    expect(page.locator("[name=name]")).to_be_focused()
    page.keyboard.type("Отделы")
    tab_to(page, "[name=prompt]")
    choose(page, "demo-support")
    add_key(page, f"queue-{queues['Продажи']}")
    add_key(page, f"queue-{queues['Поддержка']}")
    save(page)
    expect(page.locator("#main h1")).to_have_text("Отделы")
    second = int(page.url.rsplit("/", 1)[1])

    # The first level; a wrong number is refused, and nothing of what was typed is lost.
    tab_to(page, 'a[href="/menus/new"]')
    page.keyboard.press("Enter")
    expect(page.locator("#main h1")).to_have_text("Новое меню")
    expect(page.locator("[name=name]")).to_be_focused()
    page.keyboard.type("Приветствие")
    tab_to(page, "[name=prompt]")
    choose(page, "demo-sales")
    add_key(page, f"menu-{second}")
    add_key(page, "external", "12")
    add_key(page, "repeat")
    tab_to(page, "#timeout")
    choose(page, f"queue-{queues['Поддержка']}")
    save(page)
    wrong = page.locator("#menu-form [role=alert]")
    expect(wrong).to_be_visible()
    expect(page.locator("#menu-form [name=name]")).to_have_value("Приветствие")
    expect(page.locator("[data-row]")).to_have_count(3)
    expect(page.locator("#goal-1")).to_be_focused()
    expect(page.locator("#e-goal-1")).to_contain_text("Это не номер телефона")
    tab_to(page, "#row-1 .outside")
    page.keyboard.press("Control+a")
    page.keyboard.type("8 922 608-14-73")
    save(page)
    expect(page.locator("#main h1")).to_have_text("Приветствие")
    first = int(page.url.rsplit("/", 1)[1])
    expect(page.locator(".canvas .note")).to_contain_text("Пока ни один номер сюда не ведёт")

    # A number leads here; the simulated caller goes two levels down.
    number = next(
        one for one in stack.api(token, "GET", "/api/v1/numbers")["numbers"] if one["target"]["kind"] == "menu"
    )
    aim(stack, token, number["id"], first)
    office.open("/menus")
    tab_to(page, f'.pill[href="/menus/{first}"]')
    page.keyboard.press("Enter")
    expect(page.locator("#main h1")).to_have_text("Приветствие")
    expect(page.locator(".tree > li > .node")).to_contain_text("(495)")
    answer = page.locator('[data-part="answer"]')
    expect(answer).to_have_text("Отвечает группа «Поддержка».")
    path = page.locator('[data-part="path"] .hop')
    for stop in ("Отделы", "Продажи"):
        tab_to(page, '[data-press="1"]')
        page.keyboard.press("Enter")
        expect(path.last).to_contain_text(stop)
    expect(answer).to_have_text("Отвечает группа «Продажи».")
    expect(path).to_have_text([re.compile(r"^\+7 \(495\)"), "Приветствие, нажато 1", "Отделы, нажато 1", "Продажи"])
    # The way stands out in the tree.
    for mark in (f"{first}:1", f"{second}:1"):
        expect(page.locator(f'[data-way="{mark}"]')).to_have_class(re.compile(r"\bon\b"))
    expect(page.locator(f'[data-way="{first}:2"]')).not_to_have_class(re.compile(r"\bon\b"))
    expect(page.locator(".test .state")).to_contain_text("тупиков нет")
    pictures(office)

    # A card of the tree leads to the row of its key.
    tab_to(page, f'[data-way="{first}:2"] > .node')
    page.keyboard.press("Enter")
    expect(page.locator("#goal-1")).to_be_focused()
    assert access.faults(page) == []


def pictures(office: Person) -> None:
    """Wide and narrow, light and dark."""
    page = office.page
    for width, size in (("wide", access.WIDE), ("narrow", access.NARROW)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.evaluate("document.querySelector('main').scrollTop = 0")
            office.picture(f"menus-{width}-{theme}")
            if width == "narrow":
                page.locator(".test").scroll_into_view_if_needed()
                office.picture(f"menus-{width}-{theme}-try")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth")
    page.set_viewport_size(access.WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")


@pytest.mark.rule("INB-26")
def test_the_main_menu_is_changed_and_a_deleted_one_comes_back(office: Person, stack: Stack) -> None:
    page, token = office.page, stack.token(ADMINISTRATOR)

    def menus() -> dict[str, Any]:
        return {one["name"]: one for one in stack.api(token, "GET", "/api/v1/menus")["menus"]}

    was = next(one for one in menus().values() if one["main"])
    spare = stack.api(token, "POST", "/api/v1/menus", {"name": "Праздники", "keys": [{"key": "#", "kind": "hangup"}]})
    office.open(f"/menus/{spare['id']}")
    page.get_by_role("button", name="Сделать главным").press("Enter")
    expect(page.locator(".head .tag")).to_have_text("главное меню")
    assert menus()["Праздники"]["main"]
    page.get_by_role("button", name="Удалить", exact=True).press("Enter")
    expect(page.locator("#main h1")).to_have_text(was["name"])
    assert menus()[was["name"]]["main"]
    assert "Праздники" not in menus()
    page.get_by_role("button", name="Вернуть").press("Enter")
    expect(page.locator("#main h1")).to_have_text("Праздники")
    back = menus()["Праздники"]
    assert (back["main"], [one["key"] for one in back["keys"]]) == (True, ["#"])
    stack.api(token, "PUT", f"/api/v1/menus/{was['id']}/main")
    # A row that was taken away comes back as well, and one that something leads to cannot be deleted.
    page.get_by_role("button", name="Убрать клавишу").press("Enter")
    expect(page.locator("[data-row]")).to_have_count(0)
    expect(page.locator(".none")).to_be_visible()
    page.locator("#toasts button").first.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    office.open(f"/menus/{was['id']}")
    expect(page.get_by_role("button", name="Удалить", exact=True)).to_be_disabled()
    expect(page.locator("#used")).to_contain_text("Используется")
