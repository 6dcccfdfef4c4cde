"""Letters and reminders beside a real call: sent with one press, told at their time; the client is handed on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import leave
from tests.support import access, browser
from tests.support.browser import Person
from tests.support.smtp import SmtpSink
from tests.support.stack import OPERATOR, SALES, Stack

ADMIN = "admin@demo.example"
CALLER = "79161239901"
ADDRESS = "ivan.petrov@client.example"
PANEL = "#script-panel"


@pytest.fixture
def sink(stack: Stack) -> Iterator[SmtpSink]:
    """The company's mail server."""
    found = SmtpSink()
    stack.outside.do(found.start())
    yield found
    stack.outside.do(found.stop())


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    person = browser.person(chromium, stack.base_url)
    person.sign_in(ADMIN, stack.password)
    yield person
    leave(person)
    assert [one for one in person.complaints if "422" not in one] == []


def client_of(stack: Stack) -> int:
    """A client who calls from CALLER and has an address; the operator is responsible for him."""
    body = {"first_name": "Иван Сергеевич", "last_name": "Петров", "phone": f"+{CALLER}", "email": ADDRESS}
    made: Any = stack.api(stack.token(OPERATOR), "POST", "/api/v1/contacts", body)
    return int(made["id"])


def mail_server(stack: Stack, sink: SmtpSink, **more: Any) -> int:
    body = {
        "name": f"Сервер {sink.port}", "host": "127.0.0.1", "port": sink.port, "security": "none",
        "from_address": "sales@demo.example", "main": True,
    }  # fmt: skip
    return int(stack.api(stack.token(ADMIN), "POST", "/api/v1/mail-servers", body | more)["id"])


def faults(page: Page) -> list[str]:
    """What the page lacks; links in a text that is being written are no stops of the keyboard."""
    inside = page.locator(".editor-text a").all_inner_texts()
    return [one for one in access.faults(page) if not any(one.endswith(f"<a> {word}") for word in inside)]


def type_into(page: Page, editor: str, text: str) -> None:
    page.locator(editor).click()
    page.keyboard.type(text)


@pytest.mark.rule("OUT-32", "OUT-34", "OUT-37", "OUT-39")
def test_a_script_with_its_letter_is_written_and_used_in_a_call(
    operator: Person, administrator: Person, stack: Stack, sink: SmtpSink, tmp_path: Path
) -> None:
    client = client_of(stack)
    mail_server(stack, sink, in_scripts=True)
    offer, logo = tmp_path / "Предложение.pdf", tmp_path / "logo.png"
    offer.write_bytes(b"%PDF-1.4")
    Image.new("RGB", (40, 20), "green").save(logo)
    page = administrator.page
    administrator.open("/scripts")
    page.get_by_role("link", name="Заявка с сайта и рекламы").click()
    page.get_by_label("Разрешить отправку стандартного письма").check()
    page.get_by_label("Заголовок письма").fill("Предложение для %FULLNAME%")
    type_into(page, "#letter_text-area", "Здравствуйте, ")
    page.locator("#script-letter").get_by_role("button", name="Имя", exact=True).click()
    page.locator("#script-letter [data-letter-picture]").set_input_files(logo)
    expect(page.locator("#letter_text-area img")).to_be_visible()
    page.locator("#script-letter [data-letter-file]").set_input_files(offer)
    expect(page.locator("#script-letter [data-letter-file-list]")).to_contain_text("Предложение.pdf")
    page.locator("#script-letter").scroll_into_view_if_needed()
    administrator.picture("script-letter")
    assert faults(page) == []
    asked = stack.api(stack.token(ADMIN), "GET", "/api/v1/questionnaires")["questionnaires"]
    page.get_by_label("Анкета").select_option(str(asked[0]["id"]))
    page.get_by_role("button", name="Сохранить").first.click()
    expect(page.locator("#scripts")).to_be_visible()

    page = operator.page
    operator.go_on_line()
    page.evaluate("globalThis.same = true")
    call = stack.ring(stack.caller(CALLER), SALES)
    page.locator("[data-answer]").click(timeout=30_000)
    stack.outside.do(call.until("answered"))
    panel = page.locator(PANEL)
    expect(panel).to_contain_text(ADDRESS)
    panel.locator("[data-letter-press]").click()
    expect(panel.locator('[data-letter-state="sent"]')).to_be_visible(timeout=15_000)
    operator.picture("letter-sent")
    to, letter = sink.letters[0]
    assert (to, str(letter["Subject"])) == (ADDRESS, "Предложение для Петров Иван Сергеевич")
    body = letter.get_body(("html",))
    assert body is not None
    assert "Здравствуйте, Иван" in body.get_content()
    assert "cid:picture1" in body.get_content()
    assert [one.get_filename() for one in letter.iter_attachments()] == ["Предложение.pdf"]
    # It goes twice only when one says so.
    panel.locator("[data-letter-press]").click()
    page.locator("#ask").get_by_role("button", name="Отмена").click()

    # Another one is written while the call goes on.
    panel.get_by_role("link", name="Написать письмо").click()
    expect(page.locator('#compose input[name="to"]')).to_have_value(ADDRESS)
    page.get_by_label("Тема", exact=True).fill("Договорённости")
    type_into(page, "#text-area", "Всё, о чём говорили")
    operator.picture("letter-compose")
    assert faults(page) == []
    page.locator("#compose").get_by_role("button", name="Отправить").click()
    expect(page.locator("#letter")).to_contain_text("Договорённости")

    # A reminder of this client, told at its time.
    panel.get_by_role("link", name="Напомнить").click()
    page.get_by_label("О чём").fill("Уточнить адрес")
    operator.picture("reminder-form")
    assert access.faults(page) == []
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("[data-call-reminders]")).to_contain_text("Уточнить адрес")

    # Whatever became of the questionnaire, the outcome of the talk is chosen as well (OUT-37).
    panel.get_by_role("tab", name="Анкета").click()
    for button, state in (("Отказ", "Отказ"), ("Отложить", "Отложена")):
        panel.locator("[data-questions]").get_by_role("button", name=button).click()
        expect(panel.locator("[data-form-state]")).to_contain_text(state)
        expect(panel.locator("[data-script-problem]")).to_contain_text("Выберите и итог разговора")
    stack.outside.now(call.bye)
    panel.get_by_role("button", name="Готово").click(timeout=15_000)
    expect(panel.locator('input[name="outcome"]').first).to_be_focused()
    panel.get_by_label("Комментарий к разговору").fill("Перезвонить")
    panel.locator('input[name="outcome"]').first.check()
    expect(panel.locator("[data-script-saved]")).to_have_text("Сохранено")
    panel.get_by_role("button", name="Готово").click()
    expect(panel).to_have_count(0)
    assert page.evaluate("globalThis.same")

    # All of it stands on the client's card; a press on the address writes to him.
    page.goto(f"{operator.base_url}/contacts/{client}")
    expect(page.locator('#history [data-kind="letter"]')).to_have_count(2)
    operator.picture("letter-history")
    page.get_by_role("link", name=ADDRESS).click()
    expect(page.locator('#compose input[name="to"]')).to_have_value(ADDRESS)


@pytest.mark.rule("OUT-39")
def test_a_reminder_comes_to_the_page_and_the_client_is_handed_on(operator: Person, stack: Stack) -> None:
    page, token = operator.page, stack.token(OPERATOR)
    operator.open("/reminders")
    soon = datetime.now(UTC) + timedelta(seconds=1)
    body = {"at": soon.isoformat(), "text": "Отправить смету"}
    stack.api(token, "POST", "/api/v1/reminders", body)
    expect(page.locator("#toasts")).to_contain_text("Отправить смету", timeout=15_000)
    expect(page.locator('#nav a[href="/reminders"] .count')).to_have_text("1")
    # The bell has it also after a reload.
    page.reload()
    operator.wait_ready()
    page.locator("#bell").click()
    expect(page.locator("#reminders-due")).to_contain_text("Отправить смету")
    page.keyboard.press("Escape")
    line = page.locator("[data-reminder]").filter(has_text="Отправить смету")
    expect(line).to_contain_text("просрочено")
    operator.picture("reminders")
    assert access.faults(page) == []
    line.get_by_role("button", name="Завтра").click()
    expect(line).not_to_contain_text("просрочено")
    expect(page.locator('#nav a[href="/reminders"] .count')).to_have_count(0)
    line.get_by_role("button", name="Готово").click()
    expect(line).to_have_count(0)

    call_id = stack.api(token, "GET", "/api/v1/calls")["calls"][0]["id"]
    page.goto(f"{operator.base_url}/calls/{call_id}")
    card = page.locator("[data-call-client]")
    expect(card).to_be_visible()
    assert page.locator('[name="responsible_id"]').count() == 0
    assert access.faults(page) == []
    card.get_by_role("link", name="Изменить").click()
    choice = page.get_by_label("Ответственный")
    name = choice.locator("option:not(:checked)").first.inner_text()
    choice.select_option(label=name)
    page.get_by_label("Имя", exact=True).fill("Пётр")
    operator.picture("call-card-edit")
    assert access.faults(page) == []
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.locator("[data-hand-over]")).to_contain_text(name)
    operator.picture("call-card")
    page.get_by_role("button", name="Сохранить изменения").click()
    expect(page.locator("[data-hand-over]")).to_have_count(0)


def test_a_mail_server_is_set_up_and_tried(administrator: Person, stack: Stack, sink: SmtpSink) -> None:
    page = administrator.page
    administrator.open("/mail/new")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#e-name")).to_be_visible()
    assert access.faults(page) == []
    page.get_by_label("Как он называется здесь").fill("Проба")
    page.get_by_label("Адрес отправителя").fill("info@demo.example")
    page.get_by_label("Адрес сервера (SMTP)").fill("127.0.0.1")
    page.get_by_role("textbox", name="Порт").fill(str(sink.port))
    page.get_by_label("Шифрование").select_option("none")
    page.get_by_label("Разрешить привязку к скриптам").check()
    administrator.picture("mail-server")
    page.get_by_role("button", name="Сохранить").click()
    line = page.locator("[data-server]").filter(has_text="Проба")
    line.get_by_role("button", name="Отправить пробное письмо").click()
    expect(page.locator("#mail-servers [role=status]")).to_contain_text(ADMIN)
    assert [to for to, _ in sink.letters] == [ADMIN]
    administrator.picture("mail-servers")
    assert access.faults(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    stack.outside.do(sink.stop())
    line.get_by_role("button", name="Отправить пробное письмо").click()
    expect(page.locator("#mail-servers [role=alert]")).to_contain_text("никто не отвечает")
    line.get_by_role("button", name="Удалить Проба").click()
    page.locator("#ask [data-yes]").click()
    expect(line).to_have_count(0)
