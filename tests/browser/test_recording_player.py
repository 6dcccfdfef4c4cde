"""The player in the call list: seeing who spoke, playing, seeking, speed, downloads, and what happens between pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from playwright.sync_api import Browser, Locator, expect

from callcenter.features.recordings.api import Told, bind
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from callcenter.telephony.asterisk.instance import Instance
from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import Stack, until
from tests.support.tones import RATE, raw_call, tone

SECONDS = 62
SUPERVISOR = "supervisor@demo.example"


def speech(mine: bool, seed: int) -> bytes:
    """Turns of speaking and listening, loud and quiet."""
    chance = Random(seed)
    other = Random(7)
    pieces, length, speaking = [], 0.0, True
    while length < SECONDS:
        turn = min(other.uniform(1.5, 7), SECONDS - length)
        end = length + turn
        while length < end - 0.01:
            word = min(chance.uniform(0.1, 0.35), end - length)
            loud = chance.uniform(0.05, 0.5) if speaking is mine else 0.003
            pieces.append(tone(chance.uniform(180, 420), word, loud=loud))
            length += word
        speaking = not speaking
    return b"".join(pieces)[: SECONDS * RATE * 2]


@pytest.fixture(scope="module")
def recorded(product: Stack) -> list[str]:
    """Three calls of the demo's past, newest first, that now have recordings; the first one speaks for a minute."""
    data = product.settings.data / "callcenter.sqlite3"
    with sqlite3.connect(data) as db:
        rows = db.execute(
            # Calls of other tests may still get recordings of their own.
            "SELECT id, business_id, client_number FROM calls WHERE demo AND result = 'answered' "
            "AND direction <> 'internal' ORDER BY started_at DESC LIMIT 3"
        ).fetchall()
    folder = Instance.from_settings(product.settings).recordings
    now = datetime.now(UTC)

    async def write() -> None:
        database = Database(create_engine(f"sqlite+aiosqlite:///{data}"))
        for number, (call_id, business, client) in enumerate(rows):
            async with database.system() as session:
                told = Told(
                    stem=f"browser-{number}", business_id=business, call_id=call_id, agents=[],
                    client_number=client, started_at=now - timedelta(minutes=5), ended_at=now,
                )  # fmt: skip
                await bind(session, [told])
            voices = (speech(True, 1), speech(False, 2)) if number == 0 else (tone(440, 3), tone(1000, 3))
            raw_call(folder, f"browser-{number}", client=voices[0], agent=voices[1])
        await database.close()

    product.outside.do(write())

    def ready() -> bool:
        with sqlite3.connect(data) as db:
            states = db.execute("SELECT state FROM recordings WHERE stem LIKE 'browser-%'").fetchall()
        return [state for (state,) in states] == ["ready"] * 3

    until(ready, timeout=30, what="the recordings are ready")
    return [row[0] for row in rows]


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def sign_in(chromium: Browser, stack: Stack, **options: str) -> Person:
    person = browser.person(chromium, stack.base_url, **options)  # type: ignore[arg-type]
    person.sign_in(SUPERVISOR, stack.password)
    # Calls of other tests push those of the demo's past to later pages: a hundred fit on this one.
    person.open("/calls?per_page=100")
    return person


@pytest.fixture
def supervisor(stack: Stack, chromium: Browser, recorded: list[str]) -> Iterator[Person]:
    person = sign_in(chromium, stack)
    yield person
    person.context.close()
    assert person.complaints == []


def listen(person: Person, call_id: str) -> Locator:
    """Presses «listen» in the call's row; gives its player."""
    row = person.page.locator(f'#calls-body tr[data-call="{call_id}"]')
    row.hover()
    row.locator("[data-listen]").click()
    player = person.page.locator(f'#calls-body [data-recording][data-call="{call_id}"]')
    expect(player.locator(".track")).to_be_visible()
    return player


def at(player: Locator) -> int:
    return int(player.locator(".track").get_attribute("aria-valuenow") or 0)


def plays(player: Locator) -> None:
    expect(player.locator("[data-play]")).to_have_attribute("aria-label", "Пауза")
    before = at(player)
    until(lambda: at(player) > before, timeout=5, what="it goes on")


def rests(player: Locator) -> None:
    expect(player.locator("[data-play]")).to_have_attribute("aria-label", "Слушать запись")


@pytest.mark.parametrize("width", ["wide", "middle", "narrow"])
def test_how_it_looks(stack: Stack, chromium: Browser, recorded: list[str], theme: str, width: str) -> None:
    person = browser.person(chromium, stack.base_url, theme=theme, width=width)
    person.sign_in(SUPERVISOR, stack.password)
    person.open(f"/calls/{recorded[0]}")
    player = person.page.locator("[data-recording]")
    player.locator(".track").click(position={"x": 100, "y": 20})
    plays(player)
    player.locator("[data-play]").click()
    rests(player)
    box = player.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= person.page.viewport_size["width"]  # type: ignore[index]
    person.picture(f"player-{width}-{theme}")
    assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    person.context.close()
    assert person.complaints == []


def test_playing_and_pausing_in_the_list(supervisor: Person, recorded: list[str]) -> None:
    player = listen(supervisor, recorded[0])
    plays(player)
    expect(player.locator("[data-at]")).not_to_have_text("0:00")
    supervisor.picture("player-in-list")
    player.locator("[data-play]").click()
    rests(player)
    player.locator("[data-play]").click()
    plays(player)


def test_a_press_on_the_waveform_plays_from_there(supervisor: Person, recorded: list[str]) -> None:
    player = listen(supervisor, recorded[0])
    box = player.locator(".track").bounding_box()
    assert box
    player.locator(".track").click(position={"x": box["width"] / 2, "y": 10})
    assert abs(at(player) - SECONDS / 2) <= 2
    plays(player)


def test_keys(supervisor: Person, recorded: list[str]) -> None:
    player = listen(supervisor, recorded[0])
    plays(player)
    track = player.locator(".track")
    track.focus()
    track.press(" ")
    rests(player)
    track.press("Home")
    assert at(player) == 0
    for key, expected in (
        ("ArrowRight", 5), ("PageUp", 35), ("ArrowLeft", 30), ("PageDown", 0), ("ArrowUp", 5), ("End", SECONDS)
    ):  # fmt: skip
        track.press(key)
        assert abs(at(player) - expected) <= 1, key
    assert track.get_attribute("aria-valuetext") == "1:02 из 1:02"
    assert track.get_attribute("aria-valuemax") == str(SECONDS)


def test_speed_is_kept(supervisor: Person, recorded: list[str]) -> None:
    player = listen(supervisor, recorded[0])
    player.get_by_role("button", name="1,5×").click()
    expect(player.get_by_role("button", name="1,5×")).to_have_attribute("aria-pressed", "true")
    expect(player.get_by_role("button", name="1×", exact=True)).to_have_attribute("aria-pressed", "false")
    supervisor.open(f"/calls/{recorded[1]}")
    expect(supervisor.page.get_by_role("button", name="1,5×")).to_have_attribute("aria-pressed", "true")


def test_only_one_plays_at_a_time(supervisor: Person, recorded: list[str]) -> None:
    first = listen(supervisor, recorded[0])
    plays(first)
    second = listen(supervisor, recorded[1])
    plays(second)
    rests(first)
    assert at(first) == 0


def test_it_goes_on_where_it_is_seen_again_and_ends_where_it_is_not(supervisor: Person, recorded: list[str]) -> None:
    page = supervisor.page
    page.add_init_script(
        "globalThis.sounds = []; const Plain = Audio;"
        "globalThis.Audio = function (...given) { const made = new Plain(...given); sounds.push(made); return made; };"
    )
    supervisor.open("/calls?per_page=100")
    playing = "sounds.some((one) => !one.paused)"
    player = listen(supervisor, recorded[0])
    plays(player)
    # The call's own page shows the same recording.
    page.evaluate(
        f"htmx.ajax('GET', '/calls/{recorded[0]}', {{target: '#main', select: '#main', swap: 'innerHTML strip:true'}})"
    )
    moved = page.locator("#main > #call [data-recording]")
    plays(moved)
    assert page.evaluate(playing)
    supervisor.go("/agents")
    page.wait_for_function(f"() => !({playing})")


def test_downloads(supervisor: Person, recorded: list[str]) -> None:
    supervisor.open(f"/calls/{recorded[1]}")
    page = supervisor.page
    for name, ending in (("Opus", "opus"), ("MP3", "mp3"), ("WAV", "wav")):
        page.get_by_role("button", name="Скачать").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=name).click()
        suggested = download.value.suggested_filename
        assert suggested.startswith("Звонок 20")
        assert suggested.endswith("." + ending)
    assert page.evaluate("location.pathname") == f"/calls/{recorded[1]}"


def test_one_that_is_being_prepared_appears_by_itself(stack: Stack, supervisor: Person, recorded: list[str]) -> None:
    # As it stands right after a call.
    data = stack.settings.data / "callcenter.sqlite3"
    with sqlite3.connect(data) as db:
        (number,) = db.execute("SELECT id FROM recordings WHERE stem = 'browser-2'").fetchone()
        db.execute("UPDATE recordings SET state = 'waiting' WHERE id = ?", (number,))
    supervisor.open(f"/calls/{recorded[2]}")
    expect(supervisor.page.get_by_text("Запись готовится")).to_be_visible()
    supervisor.picture("player-waiting")
    raw_call(Instance.from_settings(stack.settings).recordings, "browser-2")
    expect(supervisor.page.locator('[data-recording][data-is="ready"] .track')).to_be_visible(timeout=60_000)


def test_a_file_that_is_gone_is_said(stack: Stack, supervisor: Person, recorded: list[str]) -> None:
    data = stack.settings.data / "callcenter.sqlite3"
    with sqlite3.connect(data) as db:
        (file,) = db.execute("SELECT file FROM recordings WHERE stem = 'browser-1'").fetchone()
    path = stack.settings.recordings_dir / file
    path.rename(path.with_suffix(".away"))
    try:
        supervisor.open(f"/calls/{recorded[1]}")
        player = supervisor.page.locator("[data-recording]")
        player.locator("[data-play]").click()
        expect(supervisor.page.locator(".toast")).to_be_visible()
        rests(player)
    finally:
        path.with_suffix(".away").rename(path)
