"""The page of prompts in a real browser: a file, a text and the phone; heard, renamed, deleted and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser, tones
from tests.support.browser import Person
from tests.support.stack import Stack


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    person = browser.person(chromium, stack.base_url)
    person.sign_in("admin@demo.example", stack.password)
    yield person
    person.page.evaluate("""() => { const { phone } = globalThis.callcenter; phone.do("hang"); phone.do("off"); }""")
    person.context.close()
    assert [one for one in person.complaints if "422" not in one] == []


@pytest.mark.rule("DPL-08")
def test_prompts_are_made_in_three_ways_and_kept(administrator: Person, tmp_path: Path) -> None:
    page = administrator.page
    administrator.go_on_line()
    administrator.open("/prompts")
    rows = page.locator("#prompts tbody tr")
    expect(rows.first).to_contain_text("Приветствие")
    administrator.picture("prompts")
    # A file that is no sound is refused in words, and what was typed stays.
    page.get_by_role("link", name="Новое сообщение").click()
    bad = tmp_path / "notes.mp3"
    bad.write_text("These are notes and no sound. " * 50)
    page.locator('.prompt-form input[type="file"]').set_input_files(bad)
    page.locator(".prompt-form").get_by_label("Название").fill("Осенняя акция")
    page.locator(".prompt-form").get_by_role("button", name="Загрузить").click()
    expect(page.locator("[data-said]")).to_contain_text("Это не звуковой файл", timeout=30_000)
    administrator.picture("prompts-refused")
    good = tones.wav(tmp_path / "tone.wav", tones.tone(700, 3))
    page.locator('.prompt-form input[type="file"]').set_input_files(good)
    page.locator(".prompt-form").get_by_role("button", name="Загрузить").click()
    row = rows.filter(has_text="Осенняя акция")
    expect(row).to_contain_text("0:03", timeout=30_000)
    row.locator("[data-prompt-play]").click()
    expect(row.locator("[data-prompt-play]")).to_have_attribute("aria-pressed", "true")
    expect(row.locator("[data-prompt-play]")).to_have_attribute("aria-pressed", "false", timeout=10_000)
    # A text is heard before it is kept.
    administrator.open("/prompts?new=speech")
    page.get_by_label("Текст", exact=True).fill("Здравствуйте! Сегодня мы работаем до шести часов.")
    with page.expect_response(lambda answer: "/prompts/preview/" in answer.url) as heard:
        page.get_by_role("button", name="Прослушать", exact=True).click()
    assert heard.value.status in (200, 206)
    administrator.picture("prompts-speech")
    page.locator(".prompt-form").get_by_label("Название").fill("Короткий день")
    page.locator(".prompt-form").get_by_role("button", name="Сохранить").click()
    expect(rows.filter(has_text="Короткий день")).to_be_visible(timeout=30_000)
    # By phone: the page's own phone takes the call, and the prompt appears by itself.
    administrator.open("/prompts?new=record")
    page.wait_for_selector('#dock[data-state="ready"]')
    page.locator(".prompt-form").get_by_label("Название").fill("Сказано в трубку")
    page.get_by_role("button", name="Позвонить мне").click()
    page.wait_for_function('() => globalThis.callcenter.phone.state.call?.stage === "talking"')
    expect(page.locator("#dock")).to_contain_text("Запись сообщения")
    administrator.picture("prompts-record")
    page.wait_for_timeout(3500)  # So long something is said.
    page.evaluate("""() => globalThis.callcenter.phone.do("hang")""")
    expect(rows.filter(has_text="Сказано в трубку")).to_be_visible(timeout=40_000)
    # Renamed, deleted, brought back.
    row.get_by_role("link", name="Переименовать").click()
    page.locator("[data-prompt-rename] input").fill("Зимняя акция")
    page.keyboard.press("Enter")
    row = rows.filter(has_text="Зимняя акция")
    expect(row).to_be_visible()
    row.locator("[data-prompt-delete]").click()
    expect(row).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Вернуть").click()
    expect(row).to_be_visible()
    administrator.picture("prompts-list")
    page.set_viewport_size({"width": 390, "height": 844})
    administrator.picture("prompts-narrow")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    administrator.open("/prompts?new=upload")
    administrator.picture("prompts-narrow-new")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 1440, "height": 900})
    administrator.picture("prompts-dark")
