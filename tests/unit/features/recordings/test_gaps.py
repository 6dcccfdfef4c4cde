"""Where a paused recording is silent: from the call's story, put right by the sound."""

from __future__ import annotations

from pathlib import Path

from callcenter.core.calls import Step
from callcenter.features.recordings.gateway.audio import Converter
from callcenter.features.recordings.rules import Stretch, gaps_of, placed
from tests.support.tones import raw_call, tone


def steps(*told: tuple[float, str]) -> list[Step]:
    return [Step(at=at, kind=kind) for at, kind in told]


def test_only_the_time_of_talks_counts() -> None:
    story = steps(
        (0, "started"), (5, "queued"), (10, "answered"), (14, "record_pause"), (20, "record_resume"),
        (25, "transferred"), (35, "answered"), (38, "record_pause"), (40, "record_resume"), (50, "hangup"),
    )  # fmt: skip
    assert gaps_of(story) == [(4, 6), (18, 2)]


def test_an_attended_transfer_is_one_talk() -> None:
    story = steps((0, "answered"), (5, "transferred"), (8, "record_pause"), (9, "record_resume"), (12, "hangup"))
    assert gaps_of(story) == [(8, 1)]


def test_a_gap_is_where_the_sound_is_silent() -> None:
    gaps = [Stretch(10, 4), Stretch(60, 3)]
    # Nothing was written for 30 s of a hold: the second gap lies earlier than the story says.
    silences = [Stretch(10.1, 4.05), Stretch(25, 0.5), Stretch(30.2, 2.9)]
    assert placed(gaps, silences, 50) == [(10.1, 4.05), (30.2, 2.9)]


def test_a_gap_beside_a_natural_silence_keeps_its_length() -> None:
    assert placed([Stretch(10, 4)], [Stretch(8, 20)], 50) == [(10, 4)]


def test_without_such_a_silence_the_story_counts_within_the_recording() -> None:
    assert placed([Stretch(10, 4)], [], 12) == [(10, 2)]


def test_two_gaps_never_share_a_silence() -> None:
    found = placed([Stretch(1, 2), Stretch(4, 2)], [Stretch(1, 2), Stretch(4.2, 2)], 10)
    assert found == [(1, 2), (4.2, 2)]


def test_the_converter_finds_the_silence_of_both(tmp_path: Path) -> None:
    client = tone(440, 2) + tone(0, 1.5) + tone(440, 1)
    agent = tone(1000, 1) + tone(0, 2.5) + tone(1000, 1)
    raw_call(tmp_path, "one", client=client, agent=agent)
    joined = Converter().join(
        client=tmp_path / "one-client.wav", agent=tmp_path / "one-agent.wav", target=tmp_path / "one.opus",
        gaps=[Stretch(2.4, 1.4)],
    )  # fmt: skip
    assert joined.peaks["gaps"] == [(2.0, 1.5)]
