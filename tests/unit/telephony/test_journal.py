"""Calls rebuilt from Asterisk's own records: recorded ones, broken files, rotations, calls whose end is missing."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from callcenter.telephony import cel_file
from callcenter.telephony.cel_file import JournalPosition, Row, rows
from callcenter.telephony.journal import Alive, Journal, completed_calls
from callcenter.telephony.tracker.tracker import CAUSE_ASTERISK_GONE
from tests.traces import replay, scenarios

NAMES = sorted(path.name.removesuffix(".cel.gz") for path in replay.HERE.glob("*.cel.gz"))


def trace(name: str) -> bytes:
    """The CEL lines of a recorded scenario."""
    return gzip.decompress((replay.HERE / f"{name}.cel.gz").read_bytes())


def lines(name: str) -> list[bytes]:
    """The same, line by line."""
    return trace(name).splitlines(keepends=True)


def read(tmp_path: Path, data: bytes) -> list[Row]:
    """``data`` as rows."""
    file = tmp_path / "calls.csv"
    file.write_bytes(data)
    return rows(file, JournalPosition())[0]


def test_every_recorded_scenario_has_its_records() -> None:
    assert set(NAMES) == set(scenarios.EXPECTED)


@pytest.mark.parametrize("name", NAMES)
def test_the_journal_tells_what_people_did(name: str, tmp_path: Path) -> None:
    """Direction, result, agents, times, holds, transfers and the story come out of CEL as they do out of AMI."""
    calls = sorted(completed_calls(read(tmp_path, trace(name)), replay.DIRECTORY), key=lambda call: call.started_at)
    expected = scenarios.EXPECTED[name]
    assert len(calls) == len(expected)
    for call, wanted in zip(calls, expected, strict=True):
        assert replay.differences(call, wanted) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_call_is_given_once_however_its_rows_arrive(name: str, tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.touch()
    journal = Journal(file, replay.DIRECTORY)
    position, given = JournalPosition(), []
    for line in lines(name):
        with file.open("ab") as out:
            out.write(line[:20])
        calls, position = journal.since(position)
        given += calls
        with file.open("ab") as out:
            out.write(line[20:])
        calls, position = journal.since(position)
        given += calls
    assert sorted(c.id for c in given) == sorted(
        c.id for c in completed_calls(rows(file, JournalPosition())[0], replay.DIRECTORY)
    )
    # Read in one go they are the very same pictures.
    again, end = Journal(file, replay.DIRECTORY).since(JournalPosition())
    assert {c.id: c for c in again} == {c.id: c for c in given}
    assert end == position
    assert position.offset == file.stat().st_size


def test_a_reader_that_was_restarted_in_the_middle_of_a_call_gives_it_whole(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    whole = lines("queue_held")
    file.write_bytes(trace("menu_left") + b"".join(whole[:9]))
    calls, position = Journal(file, replay.DIRECTORY).since(JournalPosition())
    assert [c.result for c in calls] == ["missed"]
    assert position.offset == len(trace("menu_left"))
    file.write_bytes(trace("menu_left") + b"".join(whole))
    calls, position = Journal(file, replay.DIRECTORY).since(position)
    assert [(c.result, c.hangup_by) for c in calls] == [("answered", "agent")]
    assert replay.differences(calls[0], scenarios.EXPECTED["queue_held"][0]) == []


def test_a_renamed_file_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    first, second = lines("queue_answered"), trace("menu_left")
    file.write_bytes(b"".join(first[:5]))
    journal = Journal(file, replay.DIRECTORY)
    calls, position = journal.since(JournalPosition())
    assert calls == []
    with file.open("ab") as out:
        out.write(b"".join(first[5:-3]))
    file.rename(tmp_path / "calls.csv.1")
    file.write_bytes(b"".join(first[-3:]) + second)
    for reader, since in ((journal, position), (Journal(file, replay.DIRECTORY), position)):
        calls, end = reader.since(since)
        assert sorted(c.result or "" for c in calls) == ["answered", "missed"]
        assert (end.inode, end.offset) == (file.stat().st_ino, file.stat().st_size)


def test_a_file_that_is_gone_or_cut_is_read_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    journal = Journal(file, replay.DIRECTORY)
    assert journal.since(JournalPosition()) == ([], JournalPosition())
    file.write_bytes(trace("menu_left"))
    stat = file.stat()
    for lost in (JournalPosition(inode=stat.st_ino + 1, offset=7), JournalPosition(inode=stat.st_ino, offset=10**6)):
        assert len(journal.since(lost)[0]) == 1


def test_a_file_is_rotated_only_when_all_of_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_bytes(trace("menu_left"))
    _, end = rows(file, JournalPosition())
    assert not cel_file.rotate(file, end)
    assert cel_file.rotate(file, end, above=100)
    assert (tmp_path / "calls.csv.1").exists()
    assert not file.exists()
    file.write_bytes(trace("queue_answered"))
    assert not cel_file.rotate(file, end, above=100), "this one is another file"
    calls, _ = Journal(file, replay.DIRECTORY).since(end)
    assert [c.result for c in calls] == ["answered"]


def test_strange_lines_are_skipped_and_text_is_kept(tmp_path: Path) -> None:
    good = trace("menu_left")
    first = good.splitlines(keepends=True)[0]
    evil = first.replace(b'"79160000001"', b'"+7;""<x>"', 1)
    assert evil != first
    data = b'garbage\n"a","b"\n\xff\xfe\n' + good.replace(first, evil) + b'"CHAN_START","1.0","half'
    found = read(tmp_path, data)
    assert len(found) == len(good.splitlines())
    assert found[0].fields["cid_num"] == '+7;"<x>'
    assert len(completed_calls(found, replay.DIRECTORY)) == 1


def cut(name: str, kind: str, tmp_path: Path) -> list[Row]:
    """The rows of a scenario up to the last of ``kind``: what is there when Asterisk dies then."""
    found = read(tmp_path, trace(name))
    last = max(i for i, row in enumerate(found) if row.kind == kind)
    return found[: last + 1]


def test_a_call_that_goes_on_is_not_given(tmp_path: Path) -> None:
    found = cut("queue_answered", "BRIDGE_ENTER", tmp_path)
    asked = Alive(at=found[-1].time + 60, ids=frozenset({found[0].linkedid}))
    assert completed_calls(found, replay.DIRECTORY) == []
    assert completed_calls(found, replay.DIRECTORY, asked, asked.at + 60) == []


def test_a_call_of_an_asterisk_that_died_ends_with_a_cause(tmp_path: Path) -> None:
    found = cut("queue_answered", "BRIDGE_ENTER", tmp_path)
    last = found[-1].time
    asked = Alive(at=last + 10, ids=frozenset(), started_at=last + 8, down_at=last + 3)
    (call,) = completed_calls(found, replay.DIRECTORY, asked, asked.at)
    assert (call.result, call.cause, call.hangup_by) == ("answered", CAUSE_ASTERISK_GONE, "system")
    assert call.ended_at == last + 3
    assert call.talk_seconds == pytest.approx(3.0, abs=0.1)
    assert [leg.cause for leg in call.legs] == [CAUSE_ASTERISK_GONE] * 2
    waiting = cut("queue_answered", "APP_START", tmp_path)
    (call,) = completed_calls(waiting, replay.DIRECTORY, asked, asked.at)
    assert call.result in ("failed", "abandoned", "missed")


def test_a_lost_call_is_closed_only_when_its_end_would_be_written_by_now(tmp_path: Path) -> None:
    found = cut("queue_answered", "BRIDGE_EXIT", tmp_path)
    last = found[-1].time
    asked = Alive(at=last + 0.01, ids=frozenset(), started_at=last - 1000)
    assert completed_calls(found, replay.DIRECTORY, asked, asked.at + 0.1) == []
    assert len(completed_calls(found, replay.DIRECTORY, asked, asked.at + 3)) == 1
    # Rows that came after Asterisk was asked: the call is alive.
    asked = msgspec.structs.replace(asked, at=last - 0.01)
    assert completed_calls(found, replay.DIRECTORY, asked, asked.at + 3) == []


def test_a_call_that_goes_on_is_shown_with_its_true_times(tmp_path: Path) -> None:
    whole = completed_calls(read(tmp_path, trace("queue_held")), replay.DIRECTORY)[0]
    data = b"".join(
        line for line in lines("queue_held") if line.split(b",", 1)[0] not in (b'"HANGUP"', b'"BRIDGE_EXIT"')
    )
    file = tmp_path / "open.csv"
    file.write_bytes(trace("menu_left") * 50 + data)
    journal = Journal(file, replay.DIRECTORY)
    (call,) = journal.open_calls(frozenset({whole.id}), whole.started_at)
    assert (call.state, call.answered_at, call.agents) == ("talking", whole.answered_at, whole.agents)
    assert (call.queued_at, call.left_queue_at) == (whole.queued_at, whole.left_queue_at)
    assert call.hold_seconds == pytest.approx(whole.hold_seconds)
    assert journal.open_calls(frozenset({"1.1"}), whole.started_at) == []


def test_the_tail_of_a_long_file_is_found_without_reading_it_all(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    names = [n for n in NAMES if n != "queue_answered"]
    ordered = sorted((line for n in names for line in lines(n)), key=lambda line: line.split(b'","')[1])
    target = read(tmp_path, trace("queue_answered"))
    old = [
        line.replace(line.split(b'","')[1], b"%.6f" % (target[0].time - 5000 + i * 0.01))
        for i, line in enumerate(ordered)
    ]
    file.write_bytes(b"".join(old * 8) + trace("queue_answered"))
    found = cel_file.tail(file, target[0].time, frozenset({target[0].linkedid}))
    assert [row.fields for row in found] == [row.fields for row in target if row.linkedid == target[0].linkedid]


def test_what_a_caller_writes_into_his_number_is_not_taken_for_a_row(tmp_path: Path) -> None:
    whole = lines("queue_answered")
    uniqueid = whole[0].split(b'","')[3]
    rows_of_his_own = b"7916\r\n" + b'""HANGUP"",""1795300000.000000"",""' + uniqueid + b'"",""' + uniqueid + b'""'
    rows_of_his_own += b"\nHANGUP,1795300000.0," + uniqueid + b"," + uniqueid + b",PJSIP/x,,,,,,,,,,,,\n"
    first = whole[0].replace(b'"79160000001"', b'"' + rows_of_his_own + b'"', 1)
    assert first != whole[0]
    found = read(tmp_path, first + b"".join(whole[1:]))
    assert len(found) == len(whole)
    assert found[0].fields["cid_num"].startswith("7916 ")
    assert "\n" not in found[0].fields["cid_num"]
    (call,) = completed_calls(found, replay.DIRECTORY)
    assert replay.differences(call, scenarios.EXPECTED["queue_answered"][0]) == []


def test_a_half_written_row_spoils_only_itself(tmp_path: Path) -> None:
    whole = lines("queue_answered")
    data = b"".join(whole[:4]) + whole[4][:-40] + b"\n" + b"".join(whole[4:])
    assert len(read(tmp_path, data)) == len(whole)
