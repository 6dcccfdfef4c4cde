"""Cards in a real browser: an organisation with a nested contact and an own field, edited, commented, archived."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import Stack

OWNER = "admin@demo.example"


@pytest.fixture
def owner(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """An administrator, who may set up cards."""
    person = browser.person(chromium, stack.base_url)
    person.sign_in(OWNER, stack.password)
    yield person
    person.context.close()
    assert person.complaints == []


@pytest.mark.rule("CON-01", "CON-03", "CON-06", "CON-12", "CON-21")
def test_an_organisation_with_a_contact_is_made_changed_and_archived(owner: Person, tmp_path) -> None:  # type: ignore[no-untyped-def]
    page = owner.page
    owner.open("/contacts/setup")
    form = page.locator("#fields-form")
    form.get_by_role("button", name="Добавить поле").click()
    row = form.locator("[data-sortable] > li").last
    row.get_by_label("Название поля").fill("Номер договора")
    row.get_by_role("button", name="Выше").click()
    grip = (
        row if row.get_by_label("Название поля").count() else form.locator("li", has=page.get_by_label("Название поля"))
    )
    source = grip.locator("[data-grip]").first.bounding_box()
    first = form.locator("[data-sortable] > li").first.bounding_box()
    assert source
    assert first
    page.mouse.move(source["x"] + 5, source["y"] + 5)
    page.mouse.down()
    for share in range(1, 21):
        page.mouse.move(source["x"] + 5, source["y"] + (first["y"] + 2 - source["y"]) * share / 20)
    page.mouse.up()
    owner.picture("cards-setup")
    form.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#card-setup")).to_contain_text("Сохранено.")

    owner.open("/organisations/new")
    page.get_by_label("Название", exact=True).fill("Окна Плюс")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.locator("#contact h1")).to_have_text("Окна Плюс")
    page.get_by_role("link", name="Контакты", exact=True).click()
    page.get_by_role("link", name="Добавить контакт").click()
    page.fill('input[name="first_name"]', "Ирина")
    page.get_by_label("Номер договора").fill("А-1147")
    page.fill('input[name="phones.0.number"]', "8 903 118-27-99")
    page.get_by_role("button", name="Ещё один телефон").click()
    page.locator('[data-many="phones"] input').last.fill("12")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.locator("#card-form")).to_contain_text("Это не телефонный номер.")
    expect(page.get_by_label("Номер договора")).to_have_value("А-1147")
    owner.picture("cards-form-wrong")
    page.fill('input[name="last_name"]', "Лаптева")
    page.locator('[data-many="phones"] [data-drop]').last.click()
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.locator("#contact h1")).to_have_text("Ирина Лаптева")
    expect(page.locator(".side-card")).to_contain_text("Окна Плюс")
    card = page.url

    page.get_by_label("Новый комментарий").fill("Ждёт замера в четверг")
    page.get_by_role("button", name="Добавить комментарий").click()
    expect(page.locator("#history")).to_contain_text("Ждёт замера в четверг")
    entry = page.locator('#history li[data-kind="comment"]')
    entry.locator("[data-edit-entry]").first.click()
    entry.locator("textarea").fill("Ждёт замера в пятницу")
    entry.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#history")).to_contain_text("в пятницу")
    owner.picture("cards-person")

    page.get_by_role("link", name="Инфо").click()
    expect(page.locator(".all-facts")).to_contain_text("А-1147")
    document = tmp_path / "Договор.txt"
    document.write_bytes(b"x" * 3_000_000)
    page.locator('section[aria-labelledby="files-title"] input[type="file"]').set_input_files(document)
    expect(page.locator(".files")).to_contain_text("Договор.txt")
    page.locator('[data-consent="calls"] button').click()
    expect(page.locator('[data-consent="calls"]')).to_contain_text("дано")
    owner.picture("cards-info")
    for width, height, scheme in ((1440, 900, "dark"), (390, 844, "light"), (390, 844, "dark")):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        for name, path in (("info", "?tab=info"), ("activity", ""), ("edit", "?edit=1")):
            page.goto(card.split("?")[0] + path)
            owner.wait_ready()
            owner.picture(f"cards-{name}-{width}-{scheme}")
            assert page.evaluate(
                "document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"
            )
        page.goto(owner.base_url + "/contacts/setup")
        owner.wait_ready()
        owner.picture(f"cards-setup-{width}-{scheme}")
        assert page.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")

    page.goto(card.split("?")[0])
    owner.wait_ready()
    page.get_by_role("button", name="Ещё действия").click()
    page.get_by_role("menuitem", name="В архив").click()
    page.locator("#ask").get_by_role("button", name="В архив").click()
    expect(page.locator("#contact")).to_contain_text("Карточка в архиве")
    expect(page.get_by_role("link", name="Изменить")).to_have_count(0)
