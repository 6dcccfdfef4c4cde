"""Two raw voices become one file: each on its side, in step, checked before it counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from callcenter.features.recordings.gateway.audio import AudioError, Converter, NothingRecorded
from tests.support.tones import decoded, probe, strength, tone, wav


def voices(folder: Path, client: bytes, agent: bytes, rate: int = 8000) -> dict[str, Path]:
    return {
        "client": wav(folder / "x-client.wav", client, rate=rate),
        "agent": wav(folder / "x-agent.wav", agent, rate=rate),
        "target": folder / "made" / "x.opus",
    }


def program(folder: Path, text: str) -> str:
    path = folder / "ffmpeg-stand-in"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_agent_is_left_and_the_client_right(tmp_path: Path, rate: int) -> None:
    made = voices(tmp_path, tone(440, 2, rate=rate), tone(1000, 2, rate=rate), rate)
    joined = Converter().join(**made)
    assert joined.duration == 2.0
    assert joined.size == made["target"].stat().st_size
    found = probe(made["target"])
    assert (found["codec_name"], found["channels"]) == ("opus", "2")
    left, right = decoded(made["target"])
    assert strength(left, 1000) == pytest.approx(0.3, abs=0.03)
    assert strength(right, 440) == pytest.approx(0.3, abs=0.03)
    # Nothing of the one is heard on the other's side (-40 dB).
    assert strength(left, 440) < 0.003
    assert strength(right, 1000) < 0.003


def test_the_shorter_voice_is_filled_up_with_silence(tmp_path: Path) -> None:
    made = voices(tmp_path, tone(440, 0.5), tone(1000, 3))
    assert Converter().join(**made).duration == 3.0
    left, right = decoded(made["target"])
    assert len(left) == len(right)
    assert abs(len(left) - 24000) < 800
    assert strength(right[:4000], 440) > 0.2
    assert strength(right[5000:], 440) < 0.003
    assert strength(left[16000:], 1000) > 0.25


def test_long_calls_do_not_drift(tmp_path: Path) -> None:
    # A click each 10 s on both sides must still meet after two minutes.
    sound = b"".join(tone(1000, 0.05) + tone(0, 9.95) for _ in range(12))
    made = voices(tmp_path, sound, sound)
    assert Converter().join(**made).duration == 120.0
    left, right = decoded(made["target"])
    for second in range(0, 120, 10):
        at = second * 8000
        for side in (left, right):
            assert strength(side[at : at + 400], 1000) > 0.1
            assert strength(side[at + 1600 : at + 8000], 1000) < 0.01


def test_levels_and_who_spoke_how_long(tmp_path: Path) -> None:
    made = voices(tmp_path, tone(440, 1) + tone(0, 3), tone(0, 1) + tone(1000, 3, loud=0.5))
    peaks = Converter().join(**made).peaks
    assert peaks["rate"] == 8000
    assert peaks["talk"] == {"agent": 3.0, "client": 1.0}
    agent, client = peaks["agent"], peaks["client"]
    assert isinstance(agent, list)
    assert isinstance(client, list)
    assert len(agent) == len(client) == 80
    assert client[:20] == [55] * 20
    assert client[20:] == [0] * 60
    assert agent[:20] == [0] * 20
    assert all(70 <= value <= 71 for value in agent[20:])


def test_one_voice_alone_is_kept(tmp_path: Path) -> None:
    made = voices(tmp_path, tone(440, 1), b"")
    made["agent"].unlink()
    assert Converter().join(**made).duration == 1.0
    left, right = decoded(made["target"])
    assert strength(right, 440) > 0.2
    assert max(left) < 10


def test_nothing_recorded_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingRecorded):
        Converter().join(**voices(tmp_path, b"", b""))


def test_voices_of_different_rates_are_refused(tmp_path: Path) -> None:
    made = voices(tmp_path, tone(440, 1), b"")
    wav(made["agent"], tone(1000, 1, rate=16000), rate=16000)
    with pytest.raises(AudioError, match="different sample rates"):
        Converter().join(**made)


class TestNothingHalfIsKept:
    def check(self, made: dict[str, Path], converter: Converter, words: str) -> None:
        before = {name: made[name].read_bytes() for name in ("client", "agent")}
        with pytest.raises(AudioError, match=words):
            converter.join(**made)
        assert {name: made[name].read_bytes() for name in before} == before
        assert not list(made["target"].parent.glob("*"))

    def test_without_ffmpeg(self, tmp_path: Path) -> None:
        made = voices(tmp_path, tone(440, 1), tone(1000, 1))
        self.check(made, Converter("no-such-ffmpeg"), "not installed")

    def test_when_ffmpeg_fails(self, tmp_path: Path) -> None:
        made = voices(tmp_path, tone(440, 1), tone(1000, 1))
        self.check(made, Converter(program(tmp_path, "echo broken pipe of dreams >&2; exit 1")), "pipe of dreams")

    def test_when_ffmpeg_writes_nothing(self, tmp_path: Path) -> None:
        made = voices(tmp_path, tone(440, 1), tone(1000, 1))
        self.check(made, Converter(program(tmp_path, "cat >/dev/null; exit 0")), "read back|No such file")

    def test_when_the_result_is_too_short(self, tmp_path: Path) -> None:
        cut = 'case "$*" in *pipe:0*) exec ffmpeg -t 1 "$@";; *) exec ffmpeg "$@";; esac'
        made = voices(tmp_path, tone(440, 3), tone(1000, 3))
        self.check(made, Converter(program(tmp_path, cut)), "read back has 1.0")

    def test_when_a_voice_is_lost(self, tmp_path: Path) -> None:
        # As if the sides had been mixed up or one dropped: the right channel is silent.
        mute = (
            'case "$*" in *pipe:0*) for last; do :; done; '
            'exec ffmpeg "$@" -af "pan=stereo|c0=c0|c1=0*c1" -f ogg -y "$last";; *) exec ffmpeg "$@";; esac'
        )
        mute = mute.replace('exec ffmpeg "$@" -af', 'n=$(($#-1)); exec ffmpeg $(echo "$@" | cut -d" " -f1-$n) -af')
        made = voices(tmp_path, tone(440, 3), tone(1000, 3))
        self.check(made, Converter(program(tmp_path, mute)), "client's voice read back")

    def test_an_older_result_stays_when_the_new_one_fails(self, tmp_path: Path) -> None:
        made = voices(tmp_path, tone(440, 1), tone(1000, 1))
        made["target"].parent.mkdir()
        made["target"].write_bytes(b"older")
        with pytest.raises(AudioError):
            Converter("no-such-ffmpeg").join(**made)
        assert made["target"].read_bytes() == b"older"


def test_copies(tmp_path: Path) -> None:
    made = voices(tmp_path, tone(440, 2), tone(1000, 2))
    converter = Converter()
    converter.join(**made)
    for form, codec in (("mp3", "mp3"), ("wav", "pcm_s16le")):
        copy = tmp_path / "copies" / f"x.{form}"
        converter.copy(made["target"], copy, form, 8000)
        found = probe(copy)
        assert (found["codec_name"], found["channels"], found["sample_rate"]) == (codec, "2", "8000")
        left, right = decoded(copy)
        assert strength(left, 1000) > 0.25
        assert strength(right, 440) > 0.25


def test_ffmpeg_steps_aside_for_calls(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from callcenter.features.recordings.gateway.audio import NICENESS, lower_priority

    told = tmp_path / "nice"
    noting = program(tmp_path, f'nice > {told}; exec ffmpeg "$@"')
    made = voices(tmp_path, tone(440, 1), tone(1000, 1))
    with ThreadPoolExecutor(1, initializer=lower_priority) as pool:
        pool.submit(lambda: Converter(noting).join(**made)).result()
    assert int(told.read_text()) == NICENESS
    assert os.getpriority(os.PRIO_PROCESS, 0) == 0
