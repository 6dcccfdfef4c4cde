"""What the demo's callers do: every kind comes, with the keys of the demo's menu, and SIPp's text is made of it."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from callcenter.demo import plans
from callcenter.demo.plans import SHARES, Voices
from callcenter.demo.world import CALL_BACK_KEY, MESSAGE_KEY, REGULAR_KEY, SALES_NUMBER, SUPPORT_KEY, SUPPORT_NUMBER
from callcenter.features.demo.gateway import CallPlan, scenarios
from callcenter.features.demo.gateway.audio import RATE, packets

NUMBERS = ("+79160000000", "+79160000009", "+79160000001", "+79160000002")
VOICES = Voices(talks=(Path("/talk.ulaw"),), messages=(Path("/message.pcap"),))


def every(kind: str) -> list[CallPlan]:
    return [plans.make(kind, NUMBERS, VOICES, Random(n)) for n in range(60)]


def attributes(text: str, name: str) -> list[dict[str, str]]:
    """Those of the elements ``name`` of a scenario of our own."""
    return [one.attrib for one in ElementTree.fromstring(text).iter(name)]  # noqa: S314


def keys(plan: CallPlan) -> str:
    return "".join(one for _, one in plan.presses)


def test_most_ask_something_and_a_few_do_all_else() -> None:
    assert sum(SHARES.values()) == 100
    dice = Random(1)
    found = Counter(keys(plans.plan(NUMBERS, VOICES, dice))[:1] for _ in range(2000))
    assert set(found) == {"", "1", SUPPORT_KEY, REGULAR_KEY, MESSAGE_KEY}
    # The demo stays lively: nearly all of its callers talk with somebody.
    assert found[MESSAGE_KEY] / 2000 < 0.08
    assert sum(SHARES[kind] for kind in ("callback", "message", "score")) <= 25


def test_who_goes_by_the_menu_presses_one_of_its_keys() -> None:
    assert {keys(one) for one in every("menu")} == {"1", SUPPORT_KEY}
    assert {one.to for one in every("menu")} == {SUPPORT_NUMBER}
    assert {(one.to, one.presses) for one in every("sales")} == {(SALES_NUMBER, ())}


def test_who_leaves_a_message_speaks_after_the_tone() -> None:
    for one in every("message"):
        assert (keys(one), one.message) == (MESSAGE_KEY, "/message.pcap")
        assert one.message_after >= 8


def test_who_is_called_back_is_somebody_who_answers() -> None:
    for one in every("callback"):
        assert keys(one) == SUPPORT_KEY + CALL_BACK_KEY
        # Before a phone that rings for three seconds is picked up.
        assert one.presses[1][0] < 3
        assert one.number[-1] not in "09"


def test_who_scores_presses_keys_of_the_survey_until_he_is_asked() -> None:
    for one in every("score"):
        assert one.presses[0][1] == REGULAR_KEY
        assert set(keys(one)[1:]) <= set("12345")
        assert one.pressing > 45


@pytest.mark.parametrize("kind", SHARES)
def test_sipp_reads_every_caller(kind: str) -> None:
    plan = every(kind)[0]
    text = scenarios.caller(
        number=plan.number,
        to=plan.to,
        seconds=plan.seconds,
        patience=plan.patience,
        presses=plan.presses,
        audio=plan.audio,
        message=plan.message,
        message_after=plan.message_after,
    )
    played = attributes(text, "exec")
    assert "".join(one.get("play_dtmf", "") for one in played) == keys(plan)
    assert sum("play_pcap_audio" in one for one in played) == (kind == "message")


def test_an_agent_ends_some_talks_himself() -> None:
    text = scenarios.agent(audio="/a.ulaw", brief=10, hasty=0.4)
    branches = [one for one in attributes(text, "nop") if "chance" in one]
    assert branches == [{"next": "brief", "chance": "0.40"}]
    assert "chance" not in scenarios.agent(audio="/a.ulaw")


def test_wrong_keys_never_reach_sipp() -> None:
    with pytest.raises(ValueError, match="not keys"):
        scenarios.caller(number="+79160000001", to=SALES_NUMBER, seconds=1, patience=1, presses=((1, '1"/>'),))


def test_a_message_is_a_capture_of_rtp() -> None:
    sound = bytes(range(256)) * 5
    found = packets(sound)
    assert struct.unpack_from("<I", found)[0] == 0xA1B2C3D4
    at, voice, stamps = 24, b"", []
    while at < len(found):
        second, part, length, whole = struct.unpack_from("<IIII", found, at)
        assert length == whole
        frame = found[at + 16 : at + 16 + length]
        assert frame[12:14] == b"\x08\x00"
        stamps.append((second + part / 1e6, struct.unpack_from("!I", frame, 14 + 20 + 8 + 4)[0]))
        voice += frame[14 + 20 + 8 + 12 :]
        at += 16 + length
    assert voice.rstrip(b"\xff") == sound.rstrip(b"\xff")
    assert all(moment == pytest.approx(stamp / RATE) for moment, stamp in stamps)
