"""The whole work by keys (AGD-13), pauses of the recording (AGD-14) and calls that answer themselves (AGD-16)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AGENT_HZ
from tests.browser.test_phone import CLIENT_HZ, PEERS, agent_hears, personal_number
from tests.support.browser import Person
from tests.support.stack import OPERATOR, SALES, Stack, until

# What the page itself plays: the ring and the tone before a call that answers itself.
TONES = """
globalThis.tones = [];
const begin = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
    globalThis.tones.push(this.frequency.value);
    return begin.apply(this, when);
};
"""
RING_HZ, AUTO_HZ = 659, 880
# The same key in the Russian layout: other letters, the same places.
RUSSIAN = {
    "KeyM": "ь",
    "KeyH": "р",
    "KeyR": "к",
    "KeyT": "е",
    "KeyK": "л",
    "KeyN": "т",
    "KeyB": "и",
    "KeyP": "з",
    "Slash": ".",
}


@pytest.fixture
def agent(operator: Person) -> Person:
    """The operator on line, ready for calls."""
    operator.page.add_init_script(PEERS)
    operator.page.add_init_script(TONES)
    operator.open("/")
    operator.go_on_line()
    return operator


@pytest.fixture
def choice(stack: Stack) -> Iterator[str]:
    """The operator's token; his choice of calls that answer themselves is taken back."""
    token = stack.token(OPERATOR)
    yield token
    stack.api(token, "PUT", "/api/v1/me/auto-answer", {"dialed": False, "queue": False})


def press(page: Page, code: str, *, russian: bool = False, shift: bool = False) -> None:
    """Presses a key by its place."""
    if russian:
        key = RUSSIAN[code].upper() if shift else RUSSIAN[code]
        page.evaluate(
            "([key, code, shiftKey]) => document.body.dispatchEvent("
            "new KeyboardEvent('keydown', {key, code, shiftKey, bubbles: true, cancelable: true}))",
            [key, code, shift],
        )
    else:
        page.locator("body").press(f"Shift+{code}" if shift else code)


def wanted(page: Page) -> str:
    found: str = page.evaluate("callcenter.store.state.agents[callcenter.me.agent_id].wanted")
    return found


@pytest.mark.parametrize("russian", [False, True], ids=["latin", "russian"])
@pytest.mark.rule("AGD-13")
def test_a_call_from_ring_to_end_by_keys(stack: Stack, agent: Person, russian: bool) -> None:
    page = agent.page

    def key(code: str) -> None:
        press(page, code, russian=russian)

    # Before the call: a break and back, the field of a new number, the search, the list.
    until(lambda: wanted(page) == "ready", what="ready")
    key("KeyB")
    until(lambda: wanted(page) == "paused", what="on a break")
    key("KeyB")
    until(lambda: wanted(page) == "ready", what="ready again")
    key("KeyN")
    expect(page.locator("#dock .dial input")).to_be_focused()
    # Who types presses no keys.
    page.keyboard.type("b")
    assert wanted(page) == "ready"
    page.locator("#dock .dial input").fill("")
    page.locator("#dock .dial input").blur()
    key("Slash")
    expect(page.locator("#search input")).to_be_focused()
    page.locator("#search input").blur()
    press(page, "Slash", russian=russian, shift=True)
    sheet = page.locator("#keys-sheet")
    expect(sheet).to_be_visible()
    assert page.evaluate("() => !document.querySelector('#keys-sheet').matches(':modal')")
    # The call rings, and is taken, with the list open.
    phone = stack.caller(tone=CLIENT_HZ)
    call = stack.ring(phone, personal_number(stack, OPERATOR))
    expect(page.locator("[data-answer]")).to_be_enabled(timeout=15_000)
    agent.picture(f"keys-sheet-{'ru' if russian else 'en'}")
    page.locator("body").press("Enter")
    stack.outside.do(call.until("answered"))
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    stack.outside.do(phone.hears(AGENT_HZ))
    for code, name in (("KeyM", "mute"), ("KeyH", "hold"), ("KeyR", "record")):
        button = page.locator(f'#dock .keys [data-do="{name}"]')
        for state in ("true", "false"):
            key(code)
            expect(button).to_have_attribute("aria-pressed", state)
    stack.outside.do(phone.hears(AGENT_HZ))
    key("KeyK")
    expect(page.locator("[data-keypad]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-keypad]")).to_have_count(0)
    page.locator("body").press("5")
    until(lambda: phone.digits == "5", what="the client's telephone gets the digit")
    key("KeyT")
    expect(page.locator("[data-transfer] input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-transfer]")).to_have_count(0)
    assert not call.states["ended"].is_set()
    page.locator("body").press("Delete")
    stack.outside.do(call.until("ended"))
    # The next one is declined.
    second = stack.ring(stack.caller("79161239999"), personal_number(stack, OPERATOR))
    expect(page.locator("[data-answer]")).to_be_enabled(timeout=15_000)
    page.locator("body").press("Escape")
    stack.outside.do(second.until("ended"))


@pytest.mark.rule("AGD-13")
def test_the_list_of_keys_in_both_languages(stack: Stack, operator: Person) -> None:
    page = operator.page
    texts = {
        "ru": ("Завершить", "Поставить запись на паузу", "Перерыв, снова готов"),
        "en": ("Hang up", "Pause the recording", "Break, ready again"),
    }
    for language, words in texts.items():
        page.evaluate("language => callcenter.api('PATCH', '/api/v1/me', {language})", language)
        operator.open("/")
        page.keyboard.press("?")
        sheet = page.locator("#keys-sheet")
        for word in words:
            expect(sheet).to_contain_text(word)
        page.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
    page.evaluate("callcenter.api('PATCH', '/api/v1/me', {language: 'ru'})")


@pytest.mark.rule("AGD-14")
def test_a_pause_of_the_recording_is_seen_and_outlives_a_reload(stack: Stack, agent: Person) -> None:
    page = agent.page
    phone = stack.caller(tone=CLIENT_HZ)
    call = stack.ring(phone, SALES)
    page.locator("[data-answer]").click(timeout=40_000)
    stack.outside.do(phone.hears(AGENT_HZ))
    record = page.locator('#dock .keys [data-do="record"]')
    rec = page.locator("#dock .rec")
    expect(rec).to_have_text("Запись идёт")
    record.click()
    expect(record).to_have_attribute("aria-pressed", "true")
    expect(rec).to_contain_text("Запись на паузе, 2:5")
    expect(page.locator(".toast")).to_contain_text("Сама продолжится через 3:00")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        agent.picture(f"record-paused-{theme}")
    page.set_viewport_size({"width": 390, "height": 844})
    agent.picture("record-paused-narrow")
    page.set_viewport_size({"width": 1440, "height": 900})
    # A page that is loaded anew finds the pause as it is, and ends it.
    page.reload(wait_until="commit")
    page.wait_for_function("() => performance.getEntriesByName('phone:rejoined').length")
    expect(record).to_have_attribute("aria-pressed", "true")
    expect(rec).to_contain_text("Запись на паузе, 2:")
    stack.outside.do(phone.hears(AGENT_HZ, 1.0, 15.0), 30)
    agent_hears(page)
    record.click()
    expect(record).to_have_attribute("aria-pressed", "false")
    expect(rec).to_have_text("Запись идёт")
    stack.outside.now(call.bye)
    until(lambda: page.evaluate("Object.keys(callcenter.store.state.calls).length") == 0, what="the call is over")
    token = stack.token(OPERATOR)
    found = stack.api(token, "GET", "/api/v1/calls")["calls"][0]
    until(
        lambda: (stack.api(token, "GET", "/api/v1/calls")["calls"][0]["recording"] or {}).get("state") == "ready",
        timeout=40,
        what="the recording is ready",
    )
    agent.open(f"/calls/{found['id']}")
    expect(page.locator("[data-gap]")).to_contain_text("Запись на паузе с 0:0")
    expect(page.locator(".gap-word")).to_have_text("Пауза")
    expect(page.locator("main")).to_contain_text("ставит запись на паузу")
    page.locator("[data-gap]").scroll_into_view_if_needed()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        agent.picture(f"record-gap-{theme}")
    page.set_viewport_size({"width": 390, "height": 844})
    agent.picture("record-gap-narrow")


@pytest.mark.rule("AGD-16")
def test_a_queue_s_call_answers_itself_after_a_tone(stack: Stack, agent: Person, choice: str) -> None:
    page = agent.page
    agent.open("/profile")
    box = page.locator("#auto-answer [name=queue]")
    box.check()
    expect(page.locator(".toast")).to_contain_text("Сохранено")
    agent.picture("auto-answer")
    until(lambda: page.evaluate("callcenter.phone.online"), what="on line")
    page.evaluate("tones.length = 0")
    phone = stack.caller(tone=CLIENT_HZ)
    call = stack.ring(phone, SALES)
    stack.outside.do(call.until("answered", 40), 45)
    stack.outside.do(phone.hears(AGENT_HZ, timeout=30), 35)
    agent_hears(page)
    heard = [round(hz) for hz in page.evaluate("tones")]
    assert AUTO_HZ in heard
    assert RING_HZ not in heard
    expect(page.locator("#dock")).to_have_class("dock live")
    # A second call does not disturb the first: it waits.
    second = stack.ring(stack.caller("79161239998"), SALES)
    stack.outside.do(phone.hears(AGENT_HZ, 2.0), 20)
    assert page.evaluate("callcenter.phone.state.call.number").endswith(phone.user[-4:])
    stack.outside.now(second.cancel if hasattr(second, "cancel") else second.bye)
    stack.outside.now(call.bye)
    # A personal call rings on.
    expect(page.locator("#dock .dial")).to_be_visible()
    page.evaluate("tones.length = 0")
    third = stack.ring(stack.caller("79161239997"), personal_number(stack, OPERATOR))
    expect(page.locator("[data-answer]")).to_be_enabled(timeout=15_000)
    page.wait_for_function("() => globalThis.tones.some((hz) => Math.round(hz) === 659)")
    assert not third.states["answered"].is_set()
    page.locator("body").press("Escape")


@pytest.mark.rule("AGD-16")
def test_a_call_that_a_program_brings_rings_or_answers_itself(stack: Stack, agent: Person, choice: str) -> None:
    page = agent.page
    carrier = stack.carrier(tone=CLIENT_HZ)

    def bring() -> None:
        page.evaluate("tones.length = 0")
        stack.api(choice, "POST", "/api/v1/calls", {"to": "+79161234588"})

    # Not chosen: it rings, and is taken by hand.
    bring()
    expect(page.locator("[data-answer]")).to_be_enabled(timeout=15_000)
    page.locator("[data-answer]").click()
    ringing = stack.outside.do(carrier.incoming())
    stack.outside.now(ringing.answer)
    stack.outside.do(carrier.hears(AGENT_HZ))
    page.locator('#dock [data-do="hang"]').click()
    expect(page.locator("#dock .dial")).to_be_visible()
    # Chosen: a tone, then it is taken.
    stack.api(choice, "PUT", "/api/v1/me/auto-answer", {"dialed": True, "queue": False})
    bring()
    ringing = stack.outside.do(carrier.incoming(), 20)
    assert [round(hz) for hz in page.evaluate("tones")][:1] == [AUTO_HZ]
    stack.outside.now(ringing.answer)
    stack.outside.do(carrier.hears(AGENT_HZ))
    agent_hears(page)
    page.locator('#dock [data-do="hang"]').click()
    expect(page.locator("#dock .dial")).to_be_visible()
    # Without the microphone's permission it only rings.
    agent.context.clear_permissions()
    page.evaluate("() => { navigator.permissions.query = async () => ({ state: 'prompt', addEventListener() {} }); }")
    bring()
    expect(page.locator("[data-answer]")).to_be_enabled(timeout=15_000)
    page.wait_for_function("() => globalThis.tones.some((hz) => Math.round(hz) === 659)")
    page.locator("body").press("Escape")
