"""Scripts and questionnaires in a real browser with real calls: they open by themselves, nothing entered is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import leave
from tests.support import access, browser
from tests.support.browser import Person
from tests.support.stack import OPERATOR, SALES, Stack

OUTSIDE = "+79161234577"
PANEL = "#script-panel"


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    person = browser.person(chromium, stack.base_url)
    person.sign_in("admin@demo.example", stack.password)
    yield person
    leave(person)
    assert [one for one in person.complaints if "422" not in one] == []


def saved(page: Page) -> None:
    expect(page.locator(f"{PANEL} [data-script-saved]")).to_have_text("Сохранено")


def narrow(person: Person, name: str) -> None:
    """A phone's width: nothing sticks out."""
    person.page.set_viewport_size({"width": 390, "height": 844})
    person.picture(name)
    assert person.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    person.page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.rule("INB-33", "OUT-24", "OUT-25", "OUT-26")
def test_the_script_of_a_number_opens_jumps_and_keeps_how_the_talk_ended(operator: Person, stack: Stack) -> None:
    page = operator.page
    operator.go_on_line()
    page.evaluate("globalThis.same = true")
    phone = stack.caller("79161234571")
    call = stack.ring(phone, SALES)
    panel = page.locator(PANEL)
    expect(page.locator("[data-answer]")).to_be_visible(timeout=30_000)
    # It is there while it still rings, beside the card.
    expect(panel).to_contain_text("Заявка с сайта и рекламы")
    expect(panel.locator('input[name="outcome"]').first).to_be_disabled()
    operator.picture("script-ring")
    page.locator("[data-answer]").click()
    stack.outside.do(call.until("answered"))
    outcome = panel.get_by_label("Записан на замер")
    expect(outcome).to_be_enabled()
    assert access.faults(page) == []
    operator.go("/calls")
    # A client's answer leads to its place in the text, and nowhere else.
    text = panel.locator("[data-script-text]")
    text.get_by_role("link", name="ремонт окон").click()
    expect(text.locator('[data-anchor="Ремонт"]')).to_be_focused()
    expect(text.locator('[data-anchor="Ремонт"]')).to_be_in_viewport()
    assert page.url.endswith("/calls")
    page.locator("main h1").click()
    # By keys: S goes to the outcomes, arrows choose, S comes back to the page.
    page.keyboard.press("s")
    page.keyboard.press("Space")
    saved(page)
    expect(outcome).to_be_checked()
    panel.get_by_label("Комментарий к разговору").fill("Замер в среду")
    saved(page)
    operator.picture("script-talk")
    assert page.evaluate("globalThis.same") is True
    # A reload in the talk, and one when it is over, take nothing away.
    page.reload()
    operator.wait_ready()
    expect(outcome).to_be_checked()
    expect(panel.get_by_label("Комментарий к разговору")).to_have_value("Замер в среду")
    stack.outside.now(call.bye)
    expect(panel.get_by_role("button", name="Готово")).to_be_visible(timeout=15_000)
    page.reload()
    operator.wait_ready()
    expect(panel.get_by_label("Комментарий к разговору")).to_have_value("Замер в среду")
    panel.get_by_role("button", name="Готово").click()
    expect(panel).to_have_count(0)
    row = page.locator("#calls-body tr[data-call]").filter(has_text="+7 (916) 123-45-71").first
    expect(row.locator("[data-outcome]")).to_have_text("Записан на замер", timeout=15_000)
    # The author changes it on the same day from the page of the call.
    operator.open(f"/calls/{row.get_attribute('data-call')}")
    page.locator("[data-script-of]").click()
    panel.get_by_label("Думает").check()
    saved(page)
    page.reload()
    expect(page.locator("[data-call-outcome]")).to_contain_text("Думает")
    expect(page.locator("[data-call-outcome]")).to_contain_text("Замер в среду")


def test_what_is_entered_without_a_link_is_sent_when_it_is_back(operator: Person, stack: Stack) -> None:
    page = operator.page
    operator.go_on_line()
    call = stack.ring(stack.caller("79161234572"), SALES)
    page.locator("[data-answer]").click(timeout=30_000)
    stack.outside.do(call.until("answered"))
    panel = page.locator(PANEL)
    expect(panel.get_by_label("Ремонт", exact=True)).to_be_enabled()
    page.route("**/outcome", lambda route: route.abort())
    panel.get_by_label("Ремонт", exact=True).check()
    panel.get_by_label("Комментарий к разговору").fill("Дует из окна")
    expect(panel.locator("[data-script-saved]")).to_have_text("Хранится в этом браузере")
    page.unroute("**/outcome")
    saved(page)
    call_id = page.evaluate("callcenter.store.state.agents[callcenter.me.agent_id].call_id")
    found = stack.api(stack.token(OPERATOR), "GET", f"/api/v1/calls/{call_id}/script")
    assert (found["result"]["title"], found["result"]["comment"]) == ("Ремонт", "Дует из окна")
    stack.outside.now(call.bye)
    panel.get_by_role("button", name="Готово").click(timeout=15_000)
    operator.complaints[:] = [one for one in operator.complaints if "ERR_FAILED" not in one]


@pytest.mark.rule("OUT-24", "OUT-30", "OUT-36", "REC-09")
def test_a_dialled_call_opens_its_script_and_the_questionnaire_is_completed(
    operator: Person, administrator: Person, stack: Stack
) -> None:
    page = operator.page
    operator.go_on_line()
    carrier = stack.carrier(tone=700.0)
    page.fill('#dock .dial input[name="to"]', OUTSIDE)
    page.keyboard.press("Enter")
    call = stack.outside.do(carrier.incoming())
    panel = page.locator(PANEL)
    expect(panel).to_contain_text("Осмотр окон", timeout=15_000)
    stack.outside.now(call.answer)
    page.wait_for_function("() => callcenter.store.state.agents[callcenter.me.agent_id].state === 'talking'")
    panel.get_by_role("tab", name="Анкета").click()
    form = panel.locator("[data-questions]")
    form.get_by_label("Что нам улучшить?").fill("Звонить реже")
    saved(page)
    expect(form.locator("[data-form-state]")).to_have_text("Начата")
    form.get_by_role("button", name="Завершить").click()
    problem = form.locator("[data-form-problem]")
    expect(problem).to_contain_text("«Насколько вы довольны окнами?», «Дует ли из окон зимой?»")
    expect(form.locator('[data-kind="scale"] input').first).to_be_focused()
    operator.picture("questionnaire-refused")
    assert access.faults(page) == []
    narrow(operator, "questionnaire-narrow")
    expect(form.get_by_label("Что нам улучшить?")).to_have_value("Звонить реже")
    form.locator('[data-kind="scale"]').get_by_label("5").check()
    expect(form.locator('[data-kind="scale"] .error-text')).to_be_hidden()
    expect(form.locator('[data-kind="yesno"] .error-text')).to_be_visible()
    form.locator('[data-kind="yesno"]').get_by_label("Нет").check()
    saved(page)
    page.reload()
    operator.wait_ready()
    panel.get_by_role("tab", name="Анкета").click()
    expect(form.locator('[data-kind="scale"]').get_by_label("5")).to_be_checked()
    expect(form.locator('[data-kind="yesno"]').get_by_label("Нет")).to_be_checked()
    expect(form.get_by_label("Что нам улучшить?")).to_have_value("Звонить реже")
    expect(form.get_by_label("Окна", exact=True)).to_be_enabled()
    form.get_by_label("Окна", exact=True).check()
    form.get_by_role("button", name="Завершить").click()
    expect(form.locator("[data-form-state]")).to_have_text("Заполнена")
    expect(problem).to_be_hidden()
    # The outcome of the talk is chosen all the same.
    panel.get_by_label("Записан на осмотр").check()
    saved(page)
    page.emulate_media(color_scheme="dark")
    operator.picture("questionnaire-dark")
    page.emulate_media(color_scheme="light")
    call_id = page.evaluate("callcenter.store.state.agents[callcenter.me.agent_id].call_id")
    page.locator('#dock [data-do="hang"]').click()
    stack.outside.do(call.until("ended"))
    panel.get_by_role("button", name="Готово").click(timeout=15_000)
    page = administrator.page
    line = page.locator("#answers tr[data-filled]").filter(has_text="+7 (916) 123-45-77").first
    page.goto(f"{administrator.base_url}/questionnaires")
    page.get_by_role("link", name="Качество окон").first.click()
    expect(line).to_contain_text("Заполнена")
    stack.outside.do(recorded(stack, call_id))
    page.reload()
    link = line.locator("[data-recording]")
    expect(link).to_have_attribute("href", f"/calls/{call_id}")
    line.locator("summary").click()
    expect(line).to_contain_text("Звонить реже")
    line.scroll_into_view_if_needed()
    administrator.picture("answers")
    assert access.faults(page) == []
    link.click()
    expect(page.locator(".call-form[data-filled]")).to_contain_text("Насколько вы довольны окнами?")


async def recorded(stack: Stack, call_id: str) -> None:
    """Waits until the call's recording is ready."""
    import asyncio

    token = stack.token(OPERATOR)
    async with asyncio.timeout(30):
        while True:
            found = await asyncio.to_thread(stack.api, token, "GET", f"/api/v1/calls/{call_id}")
            if (found["call"]["recording"] or {}).get("state") == "ready":
                return
            await asyncio.sleep(0.3)


@pytest.mark.rule("OUT-25", "OUT-26", "OUT-27")
def test_a_script_is_written_in_the_editor(administrator: Person) -> None:
    page = administrator.page
    administrator.open("/scripts")
    page.get_by_role("link", name="Новый скрипт").click()
    text = page.locator("#script-text")
    text.click()
    page.keyboard.type("Здравствуйте! Дорого?")
    page.keyboard.press("Enter")
    page.keyboard.type("У нас рассрочка.")
    page.get_by_role("button", name="Якорь:").click()
    editor = page.locator("[data-editor]").first
    editor.locator("[data-editor-ask] input").fill("Дорого")
    page.keyboard.press("Enter")
    expect(text.locator('[data-anchor="Дорого"]')).to_contain_text("рассрочка")
    page.keyboard.press("Control+Home")
    for _ in range("Здравствуйте! ".count("") - 1):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+End")
    page.get_by_role("button", name="Ссылка на якорь").click()
    editor.locator("[data-ask-done]").click()
    expect(text.locator('a[href="#Дорого"]')).to_have_text("Дорого?")
    page.get_by_role("button", name="Отменить последнее изменение").click()
    expect(text.locator("a")).to_have_count(0)
    page.get_by_role("button", name="Повторить отменённое").click()
    expect(text.locator('a[href="#Дорого"]')).to_have_count(1)
    # What was typed stays when something is missing.
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#e-name")).to_be_visible()
    expect(text.locator('a[href="#Дорого"]')).to_have_count(1)
    page.get_by_label("Название скрипта").fill("Проверка редактора")
    page.get_by_label("Входящие").check()
    page.get_by_label("Продажи").check()
    page.get_by_label("Выбранные сотрудники").check()
    page.locator('input[name="agents"]').first.check()
    page.get_by_role("button", name="Добавить итог").click()
    row = page.locator(".outcome-row").last
    row.get_by_label("Итог", exact=True).fill("Взял паузу")
    row.get_by_label("Подсказка оператору").fill("Через неделю напомнить")
    assert row.get_by_label("Подсказка оператору").get_attribute("maxlength") == "50"
    row.get_by_label("Выше").press("Enter")
    expect(row.get_by_label("Выше")).not_to_be_focused()
    administrator.picture("script-editor")
    # Links in a text that is being written are no stops of the keyboard: the caret goes through them.
    assert [one for one in access.faults(page) if "Дорого?" not in one] == []
    narrow(administrator, "script-editor-narrow")
    page.get_by_role("button", name="Сохранить").click()
    line = page.locator("#scripts tr[data-script]").filter(has_text="Проверка редактора")
    expect(line).to_contain_text("Продажи")
    administrator.picture("scripts")
    assert access.faults(page) == []
    line.hover()
    line.get_by_role("button", name="В архив").click()
    expect(line).to_have_count(0)
    page.locator("#scripts details summary").click()
    page.locator("#scripts details li").filter(has_text="Проверка редактора").get_by_role(
        "button", name="Удалить"
    ).click()
    page.locator("#ask [data-yes]").click()
    expect(page.locator("#scripts details")).to_have_count(0)


@pytest.mark.rule("OUT-36")
def test_a_questionnaire_is_made_ordered_and_deleted(administrator: Person) -> None:
    page = administrator.page
    administrator.open("/questionnaires/new")
    page.get_by_label("Название анкеты").fill("Проба анкеты")
    first = page.locator(".question-row").first
    first.locator("input.in").fill("Какой цвет?")
    page.get_by_role("button", name="Добавить вопрос").click()
    second = page.locator(".question-row").nth(1)
    second.locator("input.in").fill("Когда приехать?")
    second.locator("select").first.select_option("date")
    second.get_by_label("Обязательный").check()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#questionnaire [role=alert]")).to_be_visible()
    expect(first).to_contain_text("хотя бы два разных ответа")
    administrator.picture("questionnaire-form-refused")
    assert access.faults(page) == []
    first.locator("textarea").fill("Белый\nКоричневый")
    # By the handle and by keys.
    grip, top = second.locator("[data-row-grip]").bounding_box(), first.bounding_box()
    assert grip is not None
    assert top is not None
    page.mouse.move(grip["x"] + 4, grip["y"] + 4)
    page.mouse.down()
    page.mouse.move(top["x"] + 20, top["y"] + 5, steps=8)
    page.mouse.up()
    expect(page.locator(".question-row").first.locator("input.in")).to_have_value("Когда приехать?")
    page.locator(".question-row").first.get_by_label("Ниже").press("Enter")
    expect(page.locator(".question-row").first.locator("input.in")).to_have_value("Какой цвет?")
    narrow(administrator, "questionnaire-form-narrow")
    page.get_by_role("button", name="Сохранить").click()
    line = page.locator("#questionnaires tr[data-questionnaire]").filter(has_text="Проба анкеты")
    expect(line).to_be_visible()
    administrator.picture("questionnaires")
    assert access.faults(page) == []
    line.hover()
    line.get_by_role("button", name="Удалить").click()
    expect(line).to_have_count(0)
