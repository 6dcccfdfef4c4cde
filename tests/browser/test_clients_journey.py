"""The journey of a base of clients: 5,000 rows with errors are loaded, cleaned, filtered, tagged, exported, undone.

With CALLCENTER_PICTURES=docs each step leaves a small picture in docs/journeys/clients.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import browser, journeys
from tests.support.browser import Person
from tests.support.stack import Stack

ROWS = 5_000
# Every 100th row has a telephone number that is none; every 250th is the client of the row before once more.
BAD_EVERY = 100
TWICE_EVERY = 250
REFUSED = ROWS // BAD_EVERY
TWICE = 20
MADE = ROWS - REFUSED


@pytest.fixture
def administrator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """An administrator who reads English, at a window of 1280 × 800."""
    person = browser.person(chromium, stack.base_url, language="en", accept_downloads=True)
    person.page.set_viewport_size({"width": 1280, "height": 800})
    person.sign_in("admin@demo.example", stack.password)
    with journeys.english(stack, stack.token("admin@demo.example")):
        yield person
    person.context.close()
    assert person.complaints == []


def write(file: Path) -> None:
    """5,000 clients: 50 bad numbers, 20 clients twice, every tenth from Kazan."""
    with file.open("w", encoding="utf-8", newline="") as target:
        out = csv.writer(target, delimiter=";")
        out.writerow(("First name", "Last name", "Phone", "E-mail", "City"))
        for n in range(1, ROWS + 1):
            # A pair is the rows 250k+1 and 250k+2; neither is among the bad ones.
            same = n - 1 if n % TWICE_EVERY == 2 else n
            phone = (
                "call me"
                if n % BAD_EVERY == 0
                else f"+7 927 {same // 10_000:03}-{same // 100 % 100:02}-{same % 100:02}"
            )
            city = "Kazan" if n % 10 == 5 else "Samara"
            out.writerow((f"Journey{n}", f"Traveller{n}", phone, f"journey{n}@example.org", city))


def shot(person: Person, name: str) -> None:
    journeys.shot(person, "clients", name)


def lines(file: Path) -> list[list[str]]:
    return list(csv.reader(file.read_text("utf-8-sig").splitlines(), delimiter=";"))


def fetch(page: Page, link: str, target: Path) -> list[list[str]]:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link).first.click()
    waiting.value.save_as(target)
    return lines(target)


def load(person: Person, file: Path) -> str:
    """Through the wizard; returns the address of the import when it is done."""
    page = person.page
    person.open("/imports")
    page.set_input_files('[data-import-upload] input[type="file"]', file)
    expect(page.locator("[data-file-name]")).to_have_text(file.name)
    shot(person, "01-file")
    page.get_by_role("button", name="Look at the file").click()
    heads = page.locator(".import-table th[data-known]")
    expect(heads).to_have_count(5)
    # A column that is changed by hand is not blue any more, and is again when it is changed back.
    city = page.locator(".import-table").locator('[name="column-4"]')
    known = city.input_value()
    city.select_option("")
    expect(heads).to_have_count(4)
    city.select_option(known)
    expect(heads).to_have_count(5)
    page.locator('[name="policy"][value="load"]').check()
    page.locator('[name="list"]').fill("Journey")
    page.locator("#main h1").scroll_into_view_if_needed()
    shot(person, "02-columns")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.locator('[data-import-state="running"] [role="progressbar"]')).to_be_visible()
    shot(person, "03-progress")
    expect(page.locator('#import[data-import-state="done"]')).to_be_visible(timeout=90_000)
    return page.url


def see_refused(person: Person, folder: Path) -> None:
    page = person.page
    expect(page.locator(".import-kpis")).to_contain_text(f"{MADE:,}")
    expect(page.locator("[data-refused-row]")).to_have_count(20)
    expect(page.locator("[data-refused-row]").first).to_contain_text("call me")
    expect(page.locator("[data-refused]")).to_contain_text("This is not a telephone number with its code.")
    shot(person, "04-refused")
    rows = fetch(page, "Refused rows, csv", folder / "refused.csv")
    assert len(rows) == REFUSED + 1
    assert rows[1][0] == f"Journey{BAD_EVERY}"
    assert "call me" in rows[1][-1]


def merge(person: Person) -> None:
    page = person.page
    person.open("/duplicates")
    page.get_by_role("button", name="Find duplicates").first.click()
    expect(page.locator(".dup-group", has_text="Traveller").first).to_be_visible(timeout=60_000)
    shot(person, "05-duplicates")
    page.locator('[data-act="merge"]').click()
    expect(page.locator("#dup-ask [data-count]")).to_be_visible()
    shot(person, "06-merge")
    page.locator("#dup-ask [data-yes]").click()
    expect(page.locator("[data-outcome]")).to_contain_text("Merged cards:", timeout=60_000)
    shot(person, "07-merged")


def find(person: Person) -> int:
    """City is Kazan, in the list of the import; kept as a view. Returns how many there are."""
    page = person.page
    person.open("/contacts?all=1")
    page.locator(".list-filter [name=list]").select_option(label="Journey")
    page.get_by_role("button", name="Super-filter").click()
    panel = page.locator("#filter-builder")
    panel.get_by_role("button", name="Condition", exact=True).first.click()
    panel.locator("[data-field]").select_option("city")
    panel.locator("[data-value]").fill("Kazan")
    shot(person, "08-filter")
    page.get_by_role("button", name="Apply filter").click()
    expect(page.locator(".filter-words")).to_contain_text("Kazan")
    expect(page.locator("#bulk")).to_have_attribute("data-total", "500")
    page.get_by_role("button", name="Save view").first.click()
    page.locator("[data-view-form] [name=title]").fill("From Kazan")
    page.locator("[data-view-form] button").click()
    expect(page.locator("nav.tabs [data-view]", has_text="From Kazan")).to_have_attribute("aria-current", "page")
    shot(person, "09-view")
    return 500


def choose_all(page: Page) -> None:
    page.locator("[data-tick-page]").check()
    page.locator("[data-choose-all]").click()
    expect(page.locator("[data-bulk-count]")).to_contain_text("500")


def tag(person: Person) -> None:
    page = person.page
    choose_all(page)
    page.click('[data-bulk-action="tag_add"]')
    dialog = page.locator("#bulk-sheet")
    expect(dialog.locator("[data-bulk-total]")).to_have_attribute("data-bulk-total", "500")
    dialog.locator('input[name="title"]').fill("Kazan trip")
    shot(person, "10-tag")
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="500")).to_be_visible(timeout=60_000)
    shot(person, "11-tagged")
    view = page.url
    person.open("/work")
    job = page.locator("#work [data-job]", has_text="Kazan trip").first
    expect(job.locator('[role="progressbar"]')).to_have_attribute("aria-valuenow", "100")
    shot(person, "12-job")
    page.goto(view)
    person.wait_ready()


def export(person: Person, folder: Path) -> None:
    page = person.page
    choose_all(page)
    page.locator("[data-bulk-export]").click()
    expect(page.locator('[name="what"][value="selection"]')).to_be_checked()
    shot(person, "13-export")
    # Others have exported before.
    known = page.locator("[data-export]").evaluate_all("rows => rows.map((row) => row.dataset.export)")
    page.locator("#exports form").get_by_role("button", name="Export", exact=True).click()
    fresh = page.locator("".join(("[data-export]", *(f':not([data-export="{one}"])' for one in known))))
    expect(fresh.get_by_role("link", name="Download")).to_be_visible(timeout=30_000)
    shot(person, "14-exported")
    rows = fetch(page, "Download", folder / "clients.csv")
    assert len(rows) == 501


def test_a_base_is_loaded_cleaned_used_and_taken_back(administrator: Person, tmp_path: Path) -> None:
    page = administrator.page
    file = tmp_path / "clients-5000.csv"
    write(file)
    loaded = load(administrator, file)
    see_refused(administrator, tmp_path)
    merge(administrator)
    find(administrator)
    tag(administrator)
    export(administrator, tmp_path)
    page.goto(loaded)
    administrator.wait_ready()
    page.get_by_text("Take the import back").click()
    shot(administrator, "15-undo")
    page.get_by_role("button", name="Yes, take it back").click()
    expect(page.locator('#import[data-import-state="undone"]')).to_be_visible(timeout=90_000)
    # The merged cards are what somebody has made of the file since; they stay.
    said = f"deleted {MADE - 2 * TWICE:,}, restored 0. Left, because somebody has changed them since: {TWICE}."
    expect(page.locator("#import .note", has_text="Taken back")).to_contain_text(said)
    shot(administrator, "16-undone")
    administrator.open("/contacts?all=1&q=Journey3333")
    expect(page.locator("tr[data-client]")).to_have_count(0)
