"""A talk with an agent in the browser (Opus on his leg): each voice stands on its side, also after he was mute."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AGENT_HZ
from tests.support import audio
from tests.support.browser import Person
from tests.support.stack import OPERATOR, SALES, Stack, until
from tests.support.telephone import Telephone
from tests.support.tones import RATE, decoded, strength

CLIENT_HZ = 1000.0
NUMBER = "79161112233"
HEARD, SILENT = 0.1, 0.01


@pytest.mark.rule("REC-04")
def test_the_voices_of_a_call_to_the_browser(stack: Stack, operator: Person, tmp_path: Path) -> None:
    operator.go_on_line()
    client = stack.caller(NUMBER, tone=CLIENT_HZ)
    call = stack.ring(client, SALES)
    operator.page.locator("[data-answer]").click(timeout=20_000)
    dock = operator.page.locator("#dock")
    expect(dock).to_have_class("dock live")
    stack.outside.do(client.hears(AGENT_HZ, 2.0), 20)
    mute = dock.locator('[data-do="mute"]')
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "true")
    stack.outside.do(_quiet(client), 20)
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "false")
    stack.outside.do(client.hears(AGENT_HZ, 2.0), 20)
    stack.outside.now(call.bye)

    token = stack.token(OPERATOR)

    def ready() -> dict[str, str] | None:
        calls = stack.api(token, "GET", "/api/v1/calls")["calls"]
        found = next((one for one in calls if one["client_number"] == "+" + NUMBER), None)
        recording = found and found["recording"]
        return recording if recording and recording["state"] == "ready" else None

    recording = until(ready, timeout=30, what="the recording is ready")
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        stack.base_url + recording["url"], headers={"Authorization": f"Bearer {token}"}
    )
    file = tmp_path / "got.opus"
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        file.write_bytes(answer.read())
    left, right = decoded(file)
    begin, end = slice(RATE // 2, 3 * RATE // 2), slice(-3 * RATE // 2, -RATE // 2)
    for piece in (begin, end):
        assert strength(left[piece], AGENT_HZ) > HEARD
        assert strength(right[piece], CLIENT_HZ) > HEARD
        assert strength(left[piece], CLIENT_HZ) < SILENT
        assert strength(right[piece], AGENT_HZ) < SILENT
    # While he was mute the client went on alone, and nothing moved.
    tenths = [slice(at, at + RATE // 10) for at in range(RATE, len(left) - RATE, RATE // 10)]
    alone = [strength(left[t], AGENT_HZ) < SILENT and strength(right[t], CLIENT_HZ) > HEARD for t in tenths]
    assert sum(alone) >= 8


async def _quiet(phone: Telephone) -> None:
    """Waits until the phone has not heard the agent's tone for a second."""
    async with asyncio.timeout(15):
        while True:
            phone.forget()
            await asyncio.sleep(1.0)
            heard = phone.listen()
            if len(heard) > audio.RATE // 2 and audio.seconds_of(heard, AGENT_HZ) == 0:
                return
