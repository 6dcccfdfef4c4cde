"""In a real browser: the search by keyboard, an export that is downloaded, a form filled in on another site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import Stack


@pytest.fixture(params=["light"])
def administrator(stack: Stack, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Person]:
    """An administrator at his desk."""
    person = browser.person(chromium, stack.base_url, accept_downloads=True)
    person.sign_in("admin@demo.example", stack.password)
    yield person
    person.context.close()
    assert person.complaints == []


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """Another site with one page, whose HTML stands in the list."""
    pages = [""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages[0].encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}/", pages
    server.shutdown()
    server.server_close()


@pytest.mark.rule("PLT-02")
def test_everything_is_found_by_keyboard(administrator: Person) -> None:
    page = administrator.page
    field = page.locator("#search input")
    page.locator("main").click(position={"x": 5, "y": 5})
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.type("жур")
    panel = page.get_by_role("listbox", name="Нашлось")
    expect(panel).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(panel.get_by_role("option", name="Журнал действий")).to_be_visible()
    administrator.picture("search-pages")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#" + (field.get_attribute("aria-activedescendant") or "none"))
    expect(chosen).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_have_text("Журнал действий")
    expect(panel).to_be_hidden()
    # Employees, and Escape closes without leaving the page.
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("*")
    expect(panel.get_by_role("group", name="Сотрудники").get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(panel.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    # Clients by a piece of the number, which can be dialled from there.
    field.fill("")
    field.press_sequentially("+7")
    field.press_sequentially("9")
    expect(panel).to_be_visible()
    expect(panel.locator("[data-dial]").first).to_be_visible()
    administrator.picture("search-clients")


@pytest.mark.rule("IMP-18")
def test_an_export_is_made_and_downloaded(administrator: Person, tmp_path: Path) -> None:
    page = administrator.page
    administrator.open("/exports")
    administrator.picture("exports-new")
    page.get_by_role("button", name="Снять все").click()
    for name in ("Название", "Телефон 1"):
        page.locator(".export-fields").get_by_label(name, exact=True).check()
    page.locator('[name="count"]').fill("2")
    expect(page.locator('[name="what"][value="part"]')).to_be_checked()
    page.locator("main form").get_by_role("button", name="Экспорт").click()
    row = page.locator("[data-export]").first
    expect(row.get_by_role("link", name="Скачать")).to_be_visible(timeout=20_000)
    administrator.picture("exports-done")
    with page.expect_download() as waiting:
        row.get_by_role("link", name="Скачать").click()
    target = tmp_path / "clients.csv"
    waiting.value.save_as(target)
    lines = target.read_text("utf-8-sig").splitlines()
    assert lines[0] == "Название;Телефон 1"
    assert 1 < len(lines) <= 3


@pytest.mark.rule("CON-23", "API-02")
def test_a_form_on_another_site_brings_a_client(
    administrator: Person, stack: Stack, chromium: Browser, site: tuple[str, list[str]]
) -> None:
    page = administrator.page
    administrator.open("/webforms?new=1")
    page.get_by_label("Название формы").fill("Заявка с лендинга")
    page.get_by_label("Что сказать после отправки").fill("Ждите звонка!")
    page.get_by_role("button", name="Сохранить").click()
    code = page.get_by_label("Форма для вставки на страницу")
    expect(code).to_be_visible()
    administrator.picture("webforms-setup")
    address, pages = site
    pages[0] = f"<!doctype html><meta charset='utf-8'><h1>Наш сайт</h1>{code.input_value()}"
    stranger = browser.person(chromium, stack.base_url, width="narrow")
    stranger.page.goto(address)
    stranger.page.locator('[name="name"]').fill("Лариса Ландышева")
    stranger.page.locator('[name="phone"]').fill("8 912 000-11-22")
    stranger.page.get_by_role("button", name="Отправить").click()
    expect(stranger.page.get_by_role("status")).to_have_text("Ждите звонка!")
    stranger.picture("webform-thanks")
    # In a frame of the site it works as well.
    form = page.get_by_role("link", name="Посмотреть форму").get_attribute("href")
    pages[0] = f"<!doctype html><meta charset='utf-8'><iframe src='{form}' width='100%' height='600'></iframe>"
    stranger.page.goto(address)
    inside = stranger.page.frame_locator("iframe")
    expect(inside.locator('[name="phone"]')).to_be_visible()
    stranger.picture("webform-frame")
    stranger.context.close()
    administrator.open("/webforms")
    expect(page.get_by_role("link", name="Лариса Ландышева")).to_be_visible()
    expect(page.locator("[data-form]").first).to_contain_text("1")


@pytest.mark.parametrize(("theme", "width"), [("dark", "wide"), ("light", "narrow"), ("dark", "narrow")])
def test_the_pages_fit(stack: Stack, chromium: Browser, theme: str, width: str) -> None:
    person = browser.person(chromium, stack.base_url, theme=theme, width=width)
    person.sign_in("admin@demo.example", stack.password)
    for path in ("/exports", "/webforms?new=1", "/audit", "/privacy"):
        person.open(path)
        person.picture(f"{path.strip('/').partition('?')[0]}-{theme}-{width}")
        across = person.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert across <= 0, path
    person.page.locator("#search input").press_sequentially("оч", delay=20)
    expect(person.page.locator("#found")).to_be_visible()
    person.picture(f"search-{theme}-{width}")
    person.context.close()
    assert person.complaints == []
