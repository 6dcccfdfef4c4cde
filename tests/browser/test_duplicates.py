"""Duplicates in a real browser: find, change the base, untick one, merge, and look at the merged card."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import WIDTHS, Person

PHONE = "+7 903 555-01-02"


@pytest.mark.rule("IMP-24", "IMP-28", "IMP-31")
def test_duplicates_are_found_ticked_and_merged(operator: Person) -> None:
    page = operator.page
    for name in ("Анна", "Аня", "Анюта"):
        page.evaluate(
            "async ([name, phone]) => callcenter.api('POST', '/api/v1/contacts',"
            " { first_name: name, last_name: 'Ким', phone, position: name })",
            [name, PHONE],
        )
    operator.open("/duplicates")
    page.locator("#duplicates .head button").click()
    group = page.locator(".dup-group", has_text="Анюта")
    expect(group.locator("[data-base]")).to_contain_text("Анна")
    expect(group.locator("[data-tick]:checked")).to_have_count(2)
    expect(group.locator(".dup-values .tone").first).to_contain_text("тот же телефон")
    operator.picture("duplicates")
    group.locator("[data-member]", has_text="Аня").locator("[data-make-base]").click()
    expect(group.locator("[data-base]")).to_contain_text("Аня")
    group.locator("[data-member]", has_text="Анюта").locator("[data-tick]").uncheck()
    expect(page.locator("[data-chosen]")).to_contain_text("1")
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        for width in ("narrow", "wide"):
            page.set_viewport_size({"width": WIDTHS[width][0], "height": WIDTHS[width][1]})
            operator.picture(f"duplicates-{width}-{theme}")
    page.locator('[data-act="merge"]').click()
    expect(page.locator("#dup-ask [data-count]")).to_contain_text("1")
    operator.picture("duplicates-ask")
    page.locator("#dup-ask [data-yes]").click()
    expect(page.locator("[data-outcome]")).to_contain_text("Объединено карточек: 1")
    page.locator(".dup-group [data-base] a.link").first.click()
    expect(page.locator("#contact")).to_contain_text("Аня")


def test_a_known_phone_is_said_while_the_card_is_made_and_before_it_is_saved(operator: Person) -> None:
    page = operator.page
    page.evaluate(
        "async () => callcenter.api('POST', '/api/v1/contacts',"
        " { first_name: 'Вера', last_name: 'Прежняя', phone: '+7 903 555-07-08' })"
    )
    operator.open("/contacts/new")
    page.locator('#main [name="first_name"]').fill("Вера")
    page.locator('#main [name="last_name"]').fill("Новая")
    page.locator('#main [name="phones.0.number"]').press_sequentially("8 903 555 07 08")
    note = page.locator(".dup-known")
    expect(note).to_contain_text("Вера Прежняя — тот же телефон")
    expect(note.get_by_role("button")).to_have_count(0)
    # With another number nothing is said.
    page.locator('#main [name="phones.0.number"]').fill("8 903 555 07 99")
    expect(note).to_have_count(0)
    page.locator('#main [name="phones.0.number"]').fill("8 903 555 07 08")
    expect(note).to_be_visible()
    page.locator('#main [name="phones.0.number"]').press("Enter")
    anyway = note.get_by_role("button", name="Всё равно сохранить")
    expect(anyway).to_be_visible()
    assert page.url.endswith("/contacts/new")
    operator.picture("duplicates-check")
    anyway.click()
    page.wait_for_url(lambda address: address.rsplit("/", 1)[-1].isdecimal())
    expect(page.locator("#contact")).to_contain_text("Вера")
