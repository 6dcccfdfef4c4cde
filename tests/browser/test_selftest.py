"""Self-test, echo and line test in a real browser with a real Asterisk; quality kept; notification of a hidden tab."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser.conftest import leave
from tests.browser.test_phone import PEERS
from tests.browser.test_reload import called, personal_number
from tests.support import audio, browser
from tests.support.browser import Person
from tests.support.stack import OPERATOR, Stack, until

CHECKS = ("browser", "found", "allowed", "loud", "server", "phone", "route")
# A notification that a test can look at, and a tab that says it is hidden.
HIDDEN = """
globalThis.notes = [];
class Note {
    constructor(title, more) { Object.assign(this, { title, ...more, open: true }); globalThis.notes.push(this); }
    close() { this.open = false; } }
Note.permission = "granted";
globalThis.Notification = Note;
globalThis.away = false;
Object.defineProperty(Document.prototype, "hidden", { get: () => globalThis.away });
globalThis.tones = 0;
const Real = globalThis.OscillatorNode;
const start = Real.prototype.start;
Real.prototype.start = function (...what) { globalThis.tones += 1; return start.apply(this, what); };
"""


@pytest.mark.rule("TEL-43", "TEL-44", "TEL-67")
def test_everything_is_checked_measured_and_sent_to_support(stack: Stack, operator: Person) -> None:
    token = stack.token(OPERATOR)
    before = {one["id"] for one in stack.api(token, "GET", "/api/v1/calls")["calls"]}
    page = operator.page
    operator.open("/self-test")
    page.locator("[data-check]").click()
    for key in CHECKS:
        expect(page.locator(f'[data-line="{key}"]')).to_have_attribute("data-ok", "true", timeout=20_000)
        expect(page.locator(f'[data-line="{key}"] [data-mark]')).to_have_attribute("data-state", "ready")
    operator.picture("selftest")
    # The phone is connected, but nobody has said that he works: status and dock agree, and the way on line is there.
    expect(page.locator("#status")).to_contain_text("Не на линии")
    expect(page.locator('#dock [data-part="title"]')).to_have_text("Телефон подключён")
    expect(page.locator('#dock [data-part="about"]')).to_have_text("Вы не на линии: очереди вам не звонят")
    expect(page.locator('#dock [data-part="online"]')).to_be_visible()
    echo = page.locator("[data-echo]")
    echo.click()
    expect(echo).to_have_attribute("aria-pressed", "true")
    # A test is no call: the agent is not busy with it.
    assert page.evaluate("callcenter.store.state.agents[callcenter.me.agent_id].state") != "talking"
    echo.click()
    expect(echo).to_have_attribute("aria-pressed", "false")
    page.locator("[data-measure]").click()
    expect(page.locator("[data-result]")).to_be_visible(timeout=25_000)
    assert 3.5 < float(page.locator("[data-mos]").inner_text()) <= 4.5
    page.locator("[data-report] textarea").fill("Иногда пропадает звук")
    page.locator("[data-report] button").click()
    expect(page.locator(".toast").first).to_contain_text("Отчёт отправлен")
    reports = stack.api(stack.token("supervisor@demo.example"), "GET", "/api/v1/line-reports")["reports"]
    assert reports[0]["comment"] == "Иногда пропадает звук"
    assert all(reports[0]["checks"][key] for key in CHECKS)
    assert {one["id"] for one in stack.api(token, "GET", "/api/v1/calls")["calls"]} == before
    text = page.locator("#selftest").inner_text()
    for words in ("0,5 Мбит/с", "лучше 5", "три человека на каждый 1 Мбит/с", "никаких мобильных модемов"):
        assert words in text


@pytest.mark.rule("TEL-43")
def test_what_is_not_in_order_has_a_red_mark_and_a_hint(stack: Stack, driver: Playwright) -> None:
    with browser.chromium(driver, ask=True) as found:
        person = browser.person(found, stack.base_url, permissions=())
        person.sign_in(OPERATOR, stack.password)
        person.open("/self-test")
        person.page.locator("[data-check]").click()
        line = person.page.locator('[data-line="allowed"]')
        expect(line).to_have_attribute("data-ok", "false", timeout=20_000)
        expect(line.locator("[data-mark]")).to_have_attribute("data-state", "missed")
        expect(line.locator("[data-hint]")).to_contain_text("разрешите микрофон")
        expect(person.page.locator('[data-line="route"]')).to_have_attribute("data-ok", "false", timeout=20_000)
        person.picture("selftest-blocked")
        leave(person)


@pytest.mark.rule("AGD-17")
def test_the_quality_of_a_call_is_kept_and_shown(stack: Stack, operator: Person) -> None:
    operator.go_on_line()
    _, call = called(stack, operator)
    page = operator.page
    page.wait_for_function("() => callcenter.phone.state.call?.quality?.mos > 3")
    call_id = page.evaluate("callcenter.store.state.agents[callcenter.me.agent_id].call_id")
    stack.outside.now(call.bye)
    token = stack.token(OPERATOR)
    lines = until(lambda: stack.api(token, "GET", f"/api/v1/calls/{call_id}/quality")["lines"], what="it is kept")
    assert lines[0]["mos"] > 3
    operator.open(f"/calls/{call_id}")
    expect(page.locator("[data-quality]")).to_contain_text("MOS")


@pytest.mark.rule("AGD-12")
def test_a_hidden_tab_rings_and_notifies(stack: Stack, chromium: Browser) -> None:
    person = browser.person(chromium, stack.base_url, permissions=("microphone", "notifications"))
    person.page.add_init_script(HIDDEN)
    person.sign_in(OPERATOR, stack.password)
    person.go_on_line()
    page = person.page
    page.evaluate("globalThis.away = true; globalThis.tones = 0")
    call = stack.ring(stack.caller("79165550199"), personal_number(stack, OPERATOR))
    page.wait_for_function("() => globalThis.notes.length === 1 && globalThis.tones > 0")
    note = page.evaluate("({ title: notes[0].title, body: notes[0].body })")
    assert note == {"title": "Входящий звонок", "body": "+7 (916) 555-01-99"}
    stack.outside.now(call.cancel)
    page.wait_for_function("() => !globalThis.notes[0].open")
    leave(person)
    assert person.complaints == []


# Which devices sound is sent to, and what the browser says there is.
DEVICES = """
globalThis.sinks = [];
HTMLMediaElement.prototype.setSinkId = function (id) {
    globalThis.sinks.push([this.loop ? "ring" : "talk", id]);
    return Promise.resolve();
};
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
    if (this.loop) globalThis.rang = [this.src, this.volume];
    return play.call(this);
};
const asked = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
navigator.mediaDevices.enumerateDevices = async () => [...await asked(),
    { kind: "audiooutput", deviceId: "headset", label: "Headset" },
    { kind: "audiooutput", deviceId: "box", label: "Box" }];
"""


@pytest.mark.rule("INB-13", "TEL-42")
def test_ring_and_talk_have_devices_and_volumes_of_their_own(stack: Stack, operator: Person, tmp_path: Path) -> None:
    page = operator.page
    page.add_init_script(PEERS)
    page.add_init_script(DEVICES)
    operator.open("/")
    operator.go_on_line()
    page.locator('[data-menu="sound-menu"]').click()
    form = page.locator("#sound-form")
    form.locator('[name="speaker"]').select_option("headset")
    form.locator('[name="ring"]').select_option("box")
    form.locator('[name="ringVolume"]').fill("0.5")
    melody = tmp_path / "ring.wav"
    audio.write_wave(melody, audio.tone(700.0, 2.0))
    form.locator('[name="melody"]').set_input_files(melody)
    expect(page.locator(".toast").first).to_contain_text("вашей мелодией")
    operator.picture("sound-menu")
    page.keyboard.press("Escape")
    page.evaluate("globalThis.sinks = []")
    phone = stack.caller(tone=600.0)
    call = stack.ring(phone, personal_number(stack, OPERATOR))
    page.wait_for_function("() => globalThis.rang")
    source, volume = page.evaluate("globalThis.rang")
    assert (source[:5], volume) == ("blob:", 0.5)
    assert page.evaluate("globalThis.sinks") == [["ring", "box"]]
    page.locator("[data-answer]").click()
    stack.outside.do(call.until("answered"))
    stack.outside.do(phone.hears(440.0))
    # In the call: softer, another microphone; the voice goes on.
    loud = audio.loudness(phone.listen())
    page.locator('[data-menu="sound-menu"]').click()
    form.locator('[name="volume"]').fill("0.4")
    form.locator('[name="micVolume"]').fill("0.4")
    stack.outside.do(asyncio.sleep(0.5))
    stack.outside.do(phone.hears(440.0))
    assert audio.loudness(phone.listen()) < 0.6 * loud
    microphones = form.locator('[name="mic"] option').count()
    assert microphones >= 2
    form.locator('[name="mic"]').select_option(index=1)
    stack.outside.do(phone.hears(440.0, 0.5))
    assert ["talk", "headset"] in page.evaluate("globalThis.sinks")
    stack.outside.now(call.bye)
    page.evaluate("callcenter.api('DELETE', '/api/v1/me/melody')")
