"""Raw voices are read as they lie there, also after Asterisk or the disk gave up in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcenter.features.recordings.gateway.wav import RawVoice
from tests.support.tones import tone, wav


def test_a_whole_file(tmp_path: Path) -> None:
    sound = tone(440, 0.5)
    with RawVoice(wav(tmp_path / "x.wav", sound)) as voice:
        assert (voice.rate, voice.samples) == (8000, 4000)
        assert voice.read(4000) == sound


def test_a_header_that_asterisk_could_not_finish_counts_for_nothing(tmp_path: Path) -> None:
    with RawVoice(wav(tmp_path / "x.wav", tone(440, 0.5), finished=False)) as voice:
        assert voice.samples == 4000


def test_half_a_sample_at_the_end_is_left_out(tmp_path: Path) -> None:
    with RawVoice(wav(tmp_path / "x.wav", tone(440, 0.5) + b"\x01")) as voice:
        assert voice.samples == 4000
        assert len(voice.read(5000)) == 10000


def test_past_its_end_it_is_silent(tmp_path: Path) -> None:
    sound = tone(440, 0.1)
    with RawVoice(wav(tmp_path / "x.wav", sound)) as voice:
        assert voice.read(1600) == sound + bytes(1600)
        assert voice.read(10) == bytes(20)


@pytest.mark.parametrize("cut", [0, 5, 12, 30, 44])
def test_a_file_cut_off_in_its_header_is_empty(tmp_path: Path, cut: int) -> None:
    whole = wav(tmp_path / "x.wav", tone(440, 0.1)).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[:cut])
    with RawVoice(tmp_path / "cut.wav") as voice:
        assert voice.samples == 0
        assert voice.read(4) == bytes(8)


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    with RawVoice(tmp_path / "none.wav") as voice:
        assert (voice.samples, voice.rate) == (0, 0)


def test_sixteen_kilohertz(tmp_path: Path) -> None:
    with RawVoice(wav(tmp_path / "x.wav", tone(440, 0.5, rate=16000), rate=16000)) as voice:
        assert (voice.rate, voice.samples) == (16000, 8000)


def test_what_is_no_wav_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"OggS" * 20)
    with pytest.raises(ValueError, match="not a WAV file"):
        RawVoice(tmp_path / "x.wav")
