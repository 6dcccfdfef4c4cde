"""A card number stays out of the recording (AGD-14): plain telephones, the whole product, tones in and around a gap."""

from __future__ import annotations

import array
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callcenter.core.directory import Directory
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.journal import Journal, JournalPosition
from tests.asterisk.test_recording_way import Operator, finished, sound
from tests.asterisk.test_supervision import AGENT_HZ, hears
from tests.asterisk.test_transfer import HEARD, on_line, talking
from tests.support import stack as stacks
from tests.support.stack import Stack
from tests.support.telephone import Telephone
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
    return {who: product.token(f"{who}@demo.example") for who in ("operator1", "operator2", "supervisor", "admin")}


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
    (gap,) = recording["gaps"]
    begin, end = round(gap["at"] * 10) + 2, round((gap["at"] + gap["seconds"]) * 10) - 2
    assert end - begin > 20
    for channel, hz in ((clients, CLIENT_HZ), (agents, FIRST_HZ)):
        loud = pieces(channel, hz)
        # Both sides are silent in the gap, and only there; both are in step with time.
        assert max(loud[begin:end]) < SILENT
        assert min(loud[5 : begin - 4]) > HEARD / 2
        assert min(loud[end + 5 : -5]) > HEARD / 2
    assert recording["duration"] == pytest.approx(found["talk_seconds"], abs=0.6)
    journal = journalled(product, call_id)
    told = [(step.kind, step.agent_id, step.text) for step in journal.steps if step.kind.startswith("record_")]
    assert told == [("record_pause", operator.agent_id, ""), ("record_resume", operator.agent_id, "agent")]
    # Who, when, how long.
    ended, began = audited(product, tokens, call_id)
    assert (began["action"], ended["action"]) == ("recording.pause", "recording.resume")
    assert began["user_id"] == ended["user_id"]
    assert began["detail"] == {"number": "+79161118001", "limit": 180}
    lasted = ended["detail"]["seconds"]
    assert (lasted, ended["detail"]["how"]) == (pytest.approx(gap["seconds"], abs=1), "agent")


def loud(phone: Telephone, hz: float) -> bool:
    """Whether a phone hears ``hz`` in what comes from now on, whatever else is heard with it."""
    phone.forget()
    stacks.until(lambda: len(phone.heard) >= RATE // 2, what="something is heard at all")
    return min(pieces(phone.listen(), hz)[-3:]) > HEARD / 2


def audited(product: Stack, tokens: dict[str, str], call_id: str) -> list[dict[str, Any]]:
    """The audit log's two entries of a pause, the newest first."""

    def look() -> list[dict[str, Any]] | None:
        entries = product.api(tokens["admin"], "GET", f"/api/v1/audit?object=call&object_id={call_id}")["entries"]
        found = [one for one in entries if one["action"].startswith("recording.")]
        return found if len(found) == 2 else None

    found: list[dict[str, Any]] = stacks.until(look, what="both entries are there")
    return found


@pytest.mark.rule("AGD-14")
def test_a_pause_ends_by_itself_at_its_limit(product: Stack, operator: Operator, tokens: dict[str, str]) -> None:
    admin = tokens["admin"]
    with pytest.raises(urllib.error.HTTPError, match="422"):
        product.api(admin, "PUT", "/api/v1/settings/recording-pause", {"seconds": 2})
    product.api(admin, "PUT", "/api/v1/settings/recording-pause", {"seconds": 10})
    try:
        _, call, call_id, _ = talking(product, operator, "79161118002")
        assert order(operator, call_id, "pause")["limit"] == 10
        stacks.until(lambda: paused(operator, call_id), what="it is paused")
        stacks.until(lambda: not paused(operator, call_id), timeout=15, what="it goes on by itself")
    finally:
        product.api(admin, "PUT", "/api/v1/settings/recording-pause", {"seconds": 180})
    product.outside.do(operator.phone.hears(CLIENT_HZ, 1, timeout=15), 20)
    product.outside.now(call.bye)
    found = finished(operator, "+79161118002")
    assert [step["text"] for step in story(operator, call_id)] == ["", "limit"]
    (gap,) = operator.api("GET", f"/api/v1/recordings/{found['recording']['id']}")["gaps"]
    assert gap["seconds"] == pytest.approx(10, abs=0.5)
    assert audited(product, tokens, call_id)[0]["detail"]["how"] == "limit"


@pytest.mark.rule("AGD-14")
def test_a_pause_ends_with_its_agent_and_the_next_one_is_recorded(
    product: Stack, operator: Operator, tokens: dict[str, str], tmp_path: Path
) -> None:
    second = on_line(product, tokens["operator2"], SECOND_HZ, "paused")
    client, call, call_id, _ = talking(product, operator, "79161118003")
    second.api("PUT", "/api/v1/me/state", {"state": "ready"})
    order(operator, call_id, "pause")
    stacks.until(lambda: paused(operator, call_id), what="it is paused")
    stacks.until(lambda: second.api("GET", "/api/v1/me/state")["state"] == "ready", what="the colleague is ready")
    operator.api("POST", f"/api/v1/calls/{call_id}/transfer", {"kind": "agent", "id": second.agent_id})
    stacks.until(lambda: not paused(operator, call_id), what="the recording goes on without him")
    second.answer()
    product.outside.do(client.hears(SECOND_HZ, 3, timeout=15), 20)
    product.outside.now(call.bye)
    found = finished(second, "+79161118003")
    agents, clients = sound(second, found, tmp_path)
    assert min(pieces(agents, SECOND_HZ)[-8:-2]) > HEARD / 2
    assert min(pieces(clients, CLIENT_HZ)[-8:-2]) > HEARD / 2
    assert [step["text"] for step in story(second, call_id)] == ["", "left"]
    second.api("PUT", "/api/v1/me/state", {"state": "offline"})


@pytest.mark.rule("AGD-14")
def test_a_supervisor_who_listens_hears_what_the_recording_does_not(
    product: Stack, operator: Operator, tokens: dict[str, str]
) -> None:
    boss = on_line(product, tokens["supervisor"], 0, "paused")
    client, call, call_id, _ = talking(product, operator, "79161118004")
    boss.api("POST", "/api/v1/supervision/spies", {"agent_id": operator.agent_id, "mode": "listen"})
    boss.answer()
    hears(boss.phone, CLIENT_HZ, AGENT_HZ, timeout=15)
    order(operator, call_id, "pause")
    stacks.until(lambda: paused(operator, call_id), what="it is paused")
    # The card's tone goes on for as long as it takes, and both voices still come.
    hears(boss.phone, CLIENT_HZ, AGENT_HZ, timeout=15)
    product.outside.now(lambda: client.say(CARD_HZ))
    stacks.until(lambda: loud(boss.phone, CARD_HZ), what="the supervisor hears the card's number")
    product.outside.now(call.bye)
    # Nobody ended the pause: it lasted to the end.
    finished(operator, "+79161118004")
    assert [step["text"] for step in story(operator, call_id)] == ["", "end"]
    assert journalled(product, call_id).steps[-2].text == "end"


@pytest.mark.rule("AGD-14")
def test_a_call_out_has_its_pause_too(product: Stack, operator: Operator, tmp_path: Path) -> None:
    carrier = product.carrier(tone=CLIENT_HZ)
    call = product.ring(operator.phone, OUTSIDE)
    outside = product.outside.do(carrier.incoming())
    product.outside.now(outside.answer)
    product.outside.do(operator.phone.hears(CLIENT_HZ, 1, timeout=15), 20)
    call_id = stacks.until(
        lambda: next(
            (one["id"] for one in operator.api("GET", "/api/v1/calls")["calls"] if one["state"] == "talking"), None
        ),
        what="the call is seen",
    )
    order(operator, call_id, "pause")
    product.outside.now(lambda: carrier.say(CARD_HZ))
    product.outside.do(operator.phone.hears(CARD_HZ, 1.5, timeout=15), 20)
    product.outside.now(lambda: carrier.say(CLIENT_HZ))
    product.outside.do(operator.phone.hears(CLIENT_HZ, 0.5, timeout=15), 20)
    order(operator, call_id, "resume")
    product.outside.do(operator.phone.hears(CLIENT_HZ, 1, timeout=15), 20)
    product.outside.now(call.bye)
    found = finished(operator, OUTSIDE)
    _, clients = sound(operator, found, tmp_path)
    assert max(pieces(clients, CARD_HZ)) < SILENT
    assert min(pieces(clients, CLIENT_HZ)[-8:-3]) > HEARD / 2
    assert [step.text for step in journalled(product, call_id).steps if step.kind.startswith("record_")] == [
        "",
        "agent",
    ]
