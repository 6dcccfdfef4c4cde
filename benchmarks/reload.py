"""The call that lives: from the moment when the agent's page begins to be loaded anew until the client hears him again.

A real Chromium, a real Asterisk, a telephone outside. Calls in and calls out, several reloads in each; after every one
both ends have to hear each other, and at the end of a call its recording has to hold both voices after each reload and
the log one call. The floor is the same page without a call: from the reload until its phone is registered.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.report import Row
from callcenter.demo.world import personal_number
from callcenter.telephony.asterisk.instance import Instance
from tests.support import audio, browser, stack
from tests.support.browser import Person
from tests.support.stack import OPERATOR, PASSWORD, Stack, until
from tests.support.telephone import Telephone
from tests.support.tones import RATE, decoded, strength
from tests.traces.phone import Call

CALLS, RELOADS, IDLE = 10, 5, 10
MEDIAN_MS = 1000.0
AGENT_HZ, CLIENT_HZ = 440.0, 600.0
# operator1 comes third among the demo's people.
NUMBER = personal_number(2)
HEARD = 0.1
_PIECE = RATE // 10
_ENERGY = """async () => {
    let energy = 0;
    for (const peer of globalThis.peers) for (const [, entry] of await peer.getStats())
        if (entry.type === "inbound-rtp") energy += entry.totalAudioEnergy ?? 0;
    return energy;
}"""
_SETUP = """
globalThis.callcenterPlainAudio = true;
globalThis.peers = [];
const Real = globalThis.RTCPeerConnection;
globalThis.RTCPeerConnection = class extends Real { constructor(...a) { super(...a); globalThis.peers.push(this); } };
"""


def run() -> list[Row]:
    """Measures; about four minutes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        sound = Path(folder) / "agent.wav"
        audio.write_wave(sound, audio.tone(AGENT_HZ, 5.0, rate=48_000), rate=48_000)
        running = stack.start(Path(folder) / "data")
        try:
            with browser.chromium(microphone=sound) as chromium:
                person = browser.person(chromium, running.base_url)
                person.page.add_init_script(_SETUP)
                person.sign_in(OPERATOR, PASSWORD)
                person.go_on_line()
                return _measure(running, person, Path(folder))
        finally:
            stack.stop(running)
            shutil.rmtree(Instance.from_settings(running.settings).folder, ignore_errors=True)


def _measure(running: Stack, agent: Person, folder: Path) -> list[Row]:
    token = running.token(OPERATOR)
    floor = statistics.median(_idle(agent) for _ in range(IDLE))
    took: list[float] = []
    wrong: list[str] = []
    known = {call["id"] for call in _calls(running, token)}
    for turn in range(CALLS):
        with _talk(running, agent, outgoing=turn % 2 == 1) as (phone, call):
            reloads = [_reload(running, agent, phone) for _ in range(RELOADS)]
            running.outside.now(call.bye)
        took += [one for one in reloads if one is not None]
        wrong += [f"call {turn}: not heard"] * reloads.count(None)
        agent.page.wait_for_function("() => !callcenter.phone.state.call")
        fresh = until(lambda: _ended(running, token, known), timeout=20, what="the call is in the log")  # noqa: B023
        if len(fresh) != 1:
            wrong.append(f"call {turn}: {len(fresh)} calls in the log")
        wrong += [f"call {turn}: {fault}" for fault in _recording(running, token, fresh[0]["id"], folder)]
        known |= {one["id"] for one in fresh}
    middle = statistics.median(took)
    count = CALLS * RELOADS
    for fault in wrong:
        print(fault)
    return [
        Row(
            f"client hears the agent again after a reload, median of {count}",
            middle,
            "ms",
            floor,
            middle / floor,
            f"≤ {MEDIAN_MS:g} ms",
            middle <= MEDIAN_MS,
        ),
        Row(f"the same: longest of {count}", max(took), "ms", floor, max(took) / floor, "told", True),
        Row(
            f"reloads with a wrong voice, recording or log, of {count}",
            float(len(wrong)),
            "",
            None,
            None,
            "0",
            not wrong,
        ),
    ]


def _idle(agent: Person) -> float:
    began = time.monotonic()
    agent.page.reload(wait_until="commit")
    agent.page.wait_for_function("() => globalThis.callcenter?.phone.state.line === 'online'", polling=5)
    return 1000 * (time.monotonic() - began)


@contextlib.contextmanager
def _talk(running: Stack, agent: Person, *, outgoing: bool) -> Iterator[tuple[Telephone, Call]]:
    if outgoing:
        phone = running.carrier(tone=CLIENT_HZ)
        agent.page.locator("#dock .dial input").fill("+79161234599")
        agent.page.locator("#dock .dial button[type=submit]").click()
        call = running.outside.do(phone.incoming())
        running.outside.now(call.ring)
        running.outside.now(call.answer)
    else:
        phone = running.caller(tone=CLIENT_HZ)
        call = running.ring(phone, NUMBER)
        agent.page.locator("[data-answer]").click()
        running.outside.do(call.until("answered"))
    running.outside.do(phone.hears(AGENT_HZ))
    try:
        yield phone, call
    finally:
        running.outside.hang_up_all()


def _reload(running: Stack, agent: Person, phone: Telephone) -> float | None:
    """Milliseconds until the client hears the agent again; None when he does not, or the agent not him."""
    phone.forget()
    began = time.monotonic()
    agent.page.reload(wait_until="commit")
    took = _again(phone, began)
    if took is None:
        return None
    try:
        running.outside.do(phone.hears(AGENT_HZ, 1.0))
        before = agent.page.evaluate(_ENERGY)
        until(lambda: agent.page.evaluate(_ENERGY) > before + 0.001, timeout=5)
    except AssertionError:
        return None
    return took


def _again(phone: Telephone, began: float, most: float = 8.0) -> float | None:
    """Watches the client's ear: sound stops, then it is the agent's tone again (0.1 s of it, which are taken off)."""
    size, at, gap = len(phone.heard), time.monotonic(), False
    while (now := time.monotonic()) < began + most:
        if len(phone.heard) != size:
            gap = gap or now - at > 0.12
            size, at = len(phone.heard), now
        if gap:
            piece = audio.from_ulaw(bytes(phone.heard[-_PIECE:]))
            if audio.loudness(piece) > 500 and audio.power(piece, AGENT_HZ) > 0.6:
                return 1000 * (now - began) - 80
        time.sleep(0.004)
    return None


def _calls(running: Stack, token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = running.api(token, "GET", "/api/v1/calls")["calls"]
    return found


def _ended(running: Stack, token: str, known: set[str]) -> list[dict[str, Any]]:
    fresh = [call for call in _calls(running, token) if call["id"] not in known]
    return fresh if fresh and all(call["ended_at"] for call in fresh) else []


def _recording(running: Stack, token: str, call_id: str, folder: Path) -> list[str]:
    """What is wrong with a call's recording: each voice must be there in as many stretches as there were reloads."""

    def ready() -> Any:
        found = running.api(token, "GET", f"/api/v1/calls/{call_id}")["call"]["recording"]
        return found if found and found["state"] == "ready" else None

    try:
        recording = until(ready, timeout=60)
    except AssertionError:
        return ["no recording"]
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        running.base_url + recording["url"], headers={"Authorization": f"Bearer {token}"}
    )
    file = folder / "call.opus"
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        file.write_bytes(answer.read())
    left, right = decoded(file)
    agents = [strength(left[at : at + _PIECE], AGENT_HZ) > HEARD for at in range(0, len(left) - _PIECE, _PIECE)]
    clients = [strength(right[at : at + _PIECE], CLIENT_HZ) > HEARD for at in range(0, len(right) - _PIECE, _PIECE)]
    faults = []
    # The agent's voice before the first reload and for half a second after each; the client's all the time.
    if sum(1 for length in _stretches(agents) if length >= 5) < RELOADS + 1:
        faults.append(f"the agent's voice comes in {_stretches(agents)} tenths of seconds")
    if sum(clients) < 0.9 * len(clients):
        faults.append("the client's voice is missing")
    return faults


def _stretches(loud: list[bool]) -> list[int]:
    """How long the voice was there each time, in pieces."""
    found, length = [], 0
    for one in [*loud, False]:
        if one:
            length += 1
        elif length:
            found.append(length)
            length = 0
    return found
