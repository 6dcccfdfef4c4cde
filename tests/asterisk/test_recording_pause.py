"""A card number stays out of the recording (AGD-14): plain telephones, the whole product, tones in and around a gap."""

from __future__ import annotations

import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callcenter.core.directory import Directory
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.journal import Journal, JournalPosition
from tests.asterisk.test_recording_way import Operator, finished, sound
from tests.asterisk.test_transfer import HEARD, on_line, talking
from tests.support import stack as stacks
from tests.support.stack import Stack
from tests.support.tones import RATE, strength

CLIENT_HZ, CARD_HZ, FIRST_HZ, SECOND_HZ = 440, 1300, 1000, 1500
OUTSIDE = "+79167654399"
SILENT = 0.003
PIECE = RATE // 10


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = stacks.start(tmp_path_factory.mktemp("product"))
    try:
        yield stack
    finally:
        stacks.stop(stack)


@pytest.fixture(scope="module")
def tokens(product: Stack) -> dict[str, str]:
    return {who: product.token(f"{who}@demo.example") for who in ("operator1", "operator2", "admin")}


@pytest.fixture
def operator(product: Stack, tokens: dict[str, str]) -> Iterator[Operator]:
    found = on_line(product, tokens["operator1"], FIRST_HZ, "ready")
    yield found
    found.api("PUT", "/api/v1/me/state", {"state": "offline"})
    product.outside.do(found.phone.register(expires=0))
    product.outside.hang_up_all()


def order(operator: Operator, call_id: str, what: str) -> Any:
    return operator.api("POST", f"/api/v1/calls/{call_id}/recording/{what}")


def live(operator: Operator, call_id: str) -> dict[str, Any]:
    return next(one for one in operator.api("GET", "/api/v1/calls")["calls"] if one["id"] == call_id)


def paused(operator: Operator, call_id: str) -> bool:
    return bool(live(operator, call_id)["recording_paused"])


def pieces(channel: array.array[int], hz: float) -> list[float]:
    """How loud ``hz`` is in each tenth of a second."""
    return [strength(channel[at : at + PIECE], hz) for at in range(0, len(channel) - PIECE + 1, PIECE)]


def journalled(product: Stack, call_id: str) -> Any:
    def look() -> Any:
        calls, _ = Journal(Instance.from_settings(product.settings).journal, Directory()).since(JournalPosition())
        return next((one for one in calls if one.id == call_id), None)

    return stacks.until(look, what="the journal has the call")


def story(operator: Operator, call_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = operator.api("GET", f"/api/v1/calls/{call_id}")["story"]
    return [step for step in found if step["kind"].startswith("record_")]


@pytest.mark.rule("AGD-14")
def test_a_card_number_is_not_in_the_recording(
    product: Stack, operator: Operator, tokens: dict[str, str], tmp_path: Path
) -> None:
    client, call, call_id, _ = talking(product, operator, "79161118001")
    product.outside.do(operator.phone.hears(CLIENT_HZ, 1, timeout=15), 20)
    answer = order(operator, call_id, "pause")
    assert (answer["paused"], answer["limit"]) == (True, 180)
    # Again changes nothing.
    assert order(operator, call_id, "pause")["until"] == answer["until"]
    stacks.until(lambda: paused(operator, call_id), what="the live picture says so")
    assert live(operator, call_id)["recording_paused_until"]
    # The client says the number; the agent hears it, the recording does not.
    product.outside.now(lambda: client.say(CARD_HZ))
    product.outside.do(operator.phone.hears(CARD_HZ, 2, timeout=15), 20)
    product.outside.now(lambda: client.say(CLIENT_HZ))
    product.outside.do(operator.phone.hears(CLIENT_HZ, 0.5, timeout=15), 20)
    assert order(operator, call_id, "resume")["paused"] is False
    stacks.until(lambda: not paused(operator, call_id), what="the live picture says so")
    product.outside.do(operator.phone.hears(CLIENT_HZ, 1.5, timeout=15), 20)
    product.outside.now(call.bye)
    found = finished(operator, "+79161118001")
    agents, clients = sound(operator, found, tmp_path)
    assert max(pieces(clients, CARD_HZ)) < SILENT
    said = story(operator, call_id)
    assert [(step["kind"], step["text"]) for step in said] == [("record_pause", ""), ("record_resume", "agent")]
    recording = operator.api("GET", f"/api/v1/recordings/{found['recording']['id']}")
    print(recording["gaps"], recording["duration"], found["talk_seconds"])
    (gap,) = recording["gaps"]
    begin, end = round(gap["at"] * 10) + 2, round((gap["at"] + gap["seconds"]) * 10) - 2
    assert end - begin > 20
    for channel, hz in ((clients, CLIENT_HZ), (agents, FIRST_HZ)):
        loud = pieces(channel, hz)
        print(hz, [round(one, 2) for one in loud], begin, end)
        # Both sides are silent in the gap, and only there; both are in step with time.
        assert max(loud[begin:end]) < SILENT
        assert min(loud[5 : begin - 4]) > HEARD / 2
        assert min(loud[end + 5 : -5]) > HEARD / 2
    assert recording["duration"] == pytest.approx(found["talk_seconds"], abs=0.6)
    journal = journalled(product, call_id)
    told = [(step.kind, step.agent_id, step.text) for step in journal.steps if step.kind.startswith("record_")]
    assert told == [("record_pause", operator.agent_id, ""), ("record_resume", operator.agent_id, "agent")]
    entries = product.api(tokens["admin"], "GET", "/api/v1/audit")["entries"]
    print(entries[:3])
