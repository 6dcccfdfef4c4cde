"""Names, places, levels, byte ranges and pauses of recordings."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.features.recordings import rules

AT = datetime(2026, 11, 21, 14, 8, tzinfo=UTC)


class TestNames:
    @pytest.mark.parametrize("stem", ["1763763763.12", "7-1763763763.12", "a", "A_b-c.9", "x" * 100])
    def test_what_the_dialplan_makes_is_a_stem(self, stem: str) -> None:
        assert rules.valid_stem(stem)

    @pytest.mark.parametrize(
        "stem",
        [
            "",
            ".",
            "..",
            ".hidden",
            "-y",
            "a/b",
            "a\\b",
            "../../etc/passwd",
            "a..b",
            "a\x00b",
            "a b",
            "a\n",
            "ж",
            "x" * 101,
        ],
    )
    def test_nothing_else_is(self, stem: str) -> None:
        assert not rules.valid_stem(stem)
        with pytest.raises(ValueError, match="recording's name"):
            rules.place(1, AT, stem)

    @given(st.text(max_size=130))
    def test_no_name_leaves_the_folder(self, stem: str) -> None:
        if rules.valid_stem(stem):
            file = rules.place(3, AT, stem)
            assert PurePosixPath(file).parts == ("3", "2026", "11", "21", f"{stem}.opus")
            assert rules.inside(file)

    def test_raw_files_tell_their_stem(self) -> None:
        for name in rules.leavings("1763763763.12"):
            assert rules.stem_of(name) == "1763763763.12"
        assert rules.stem_of("notes.txt") is None
        assert rules.stem_of(".hidden-client.wav") is None
        assert rules.stem_of("-client.wav") is None

    def test_the_done_mark_is_the_last_to_go(self) -> None:
        assert rules.leavings("x")[-1] == "x.done"

    @pytest.mark.parametrize("file", ["", "/etc/passwd", "1/../../etc/passwd", "1//a.opus", "./a", "a\x00b"])
    def test_stored_paths_that_leave_the_folder_are_refused(self, file: str) -> None:
        assert not rules.inside(file)

    def test_a_download_tells_when_and_with_whom(self) -> None:
        assert rules.download_name(AT, "+79152043618", "mp3") == "2026-11-21 14-08 +79152043618.mp3"
        assert rules.download_name(AT, "", "opus") == "2026-11-21 14-08.opus"

    @given(st.text(max_size=200))
    def test_a_caller_cannot_write_into_a_header(self, number: str) -> None:
        name = rules.download_name(AT, number, "opus")
        assert set(name) <= set(string.ascii_letters + string.digits + " +-.")
        assert len(name) < 60


class TestLevels:
    def test_levels_run_from_0_to_100(self) -> None:
        assert rules.level(0) == 0
        assert rules.level(32767) == rules.level(32768) == 100
        assert rules.level(327) == 10

    @given(st.integers(1, 10_000_000), st.sampled_from([8000, 16000]))
    def test_there_are_at_most_400_bars_and_none_is_shorter_than_50_ms(self, samples: int, rate: int) -> None:
        bar = rules.bar_samples(samples, rate)
        assert -(-samples // bar) <= rules.BARS
        assert bar >= rate // 20

    def test_shares(self) -> None:
        assert rules.shares(42, 58) == (42, 58)
        assert rules.shares(0, 0) == (0, 0)
        assert rules.shares(0, 3) == (0, 100)

    @given(st.lists(st.integers(0, 100), min_size=1, max_size=500), st.integers(1, 300))
    def test_thinning_keeps_the_loudest(self, levels: list[int], count: int) -> None:
        thin = rules.thinned(levels, count)
        assert len(thin) == min(len(levels), count)
        assert max(thin) == max(levels)

    def test_the_client_is_drawn_above_and_the_agent_below(self) -> None:
        client, agent = rules.wave_paths([0, 100], [100, 0])
        assert client.startswith("M0.0 2.0h")
        assert agent.count("M") == client.count("M") == 2
        middle = rules.WAVE_HEIGHT / 2
        assert all(float(bar.split(" ")[1].split("h")[0]) < middle for bar in client[1:].split("M"))
        assert all(float(bar.split(" ")[1].split("h")[0]) > middle for bar in agent[1:].split("M"))

    def test_a_recording_without_levels_is_drawn_as_nothing(self) -> None:
        assert rules.wave_paths([], []) == ("", "")


class TestRanges:
    @pytest.mark.parametrize(
        ("header", "found"),
        [
            ("bytes=0-", (0, 99)),
            ("bytes=0-0", (0, 0)),
            ("bytes=10-19", (10, 19)),
            ("bytes=90-500", (90, 99)),
            ("bytes=-1", (99, 99)),
            ("bytes=-500", (0, 99)),
            ("Bytes = 5 - 6", (5, 6)),
        ],
    )
    def test_one_range(self, header: str, found: tuple[int, int]) -> None:
        assert rules.byte_range(header, 100) == found

    @pytest.mark.parametrize(
        "header",
        [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=٣-"],
    )
    def test_what_is_no_single_range_means_everything(self, header: str | None) -> None:
        assert rules.byte_range(header, 100) is None

    @pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=999-1000"])
    def test_what_is_not_there_cannot_be_sent(self, header: str) -> None:
        with pytest.raises(rules.Unsatisfiable):
            rules.byte_range(header, 100)

    @given(st.text(max_size=40), st.integers(0, 1000))
    def test_any_header_gives_bytes_of_the_file_or_nothing(self, header: str, size: int) -> None:
        try:
            found = rules.byte_range("bytes=" + header, size)
        except rules.Unsatisfiable:
            return
        if found is not None:
            assert 0 <= found.first <= found.last < size


def test_pauses_grow_and_end_at_an_hour() -> None:
    pauses = [rules.pause_after(n) for n in range(1, 12)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 5
    assert pauses[-1] == 3600
