"""Reads Asterisk's CEL file: whole lines only, from an inode and byte offset on, over rotations."""

from __future__ import annotations

import csv
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from callcenter.telephony.canary import is_canary
from callcenter.telephony.config.cel import NAMES
from callcenter.telephony.spies import is_spy
from callcenter.telephony.translate import is_nobody

log = logging.getLogger(__name__)

# At most this many bytes are worked off in one go; who wants more asks again.
PIECE = 2 * 1024 * 1024
_BEGIN = re.compile(rb'"[A-Za-z_]+","\d+\.\d+","')
_BREAKS = {ord("\r"): " ", ord("\n"): " ", 0: " "}
_LINKEDID = NAMES.index("linkedid")


class JournalPosition(msgspec.Struct, frozen=True, kw_only=True):
    """How far the CEL file was read: the file's inode and the byte offset of the first line still needed."""

    inode: int = 0
    offset: int = 0


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A CEL row and where it begins. ``time`` is epoch seconds; ``kind`` is the event (CHAN_START, CC …)."""

    at: JournalPosition
    time: float
    kind: str
    linkedid: str
    uniqueid: str
    channel: str
    fields: dict[str, str]


def rows(file: Path, position: JournalPosition, piece: int = PIECE) -> tuple[list[Row], JournalPosition]:
    """Rows from ``position`` on, and the position behind the last of them.

    ``file`` may have been renamed to ``file.1`` (and that to ``file.2`` …) meanwhile; an inode that is nowhere means
    that its file is gone: then everything that is there is read. A missing file is an empty one. Raises OSError.
    """
    found: list[Row] = []
    room = piece
    for path, inode, start in _files(file, position):
        with path.open("rb") as source:
            source.seek(start)
            data = source.read(room)
        whole = _whole(data)
        found.extend(_parse(data[:whole], inode, start))
        position = JournalPosition(inode=inode, offset=start + whole)
        room -= whole
        if whole < len(data) or room <= 0:
            break
    return found, position


def _files(file: Path, position: JournalPosition) -> Iterator[tuple[Path, int, int]]:
    """The files still to be read, oldest first, each with its inode and where to begin."""
    there: list[tuple[Path, os.stat_result]] = []
    for path in (file, *(file.with_name(f"{file.name}.{n}") for n in range(1, 100))):
        try:
            there.append((path, path.stat()))
        except FileNotFoundError:
            if path != file:
                break
    known = next((i for i, (_, stat) in enumerate(there) if stat.st_ino == position.inode), None)
    if known is not None and there[known][1].st_size < position.offset:
        log.warning("%s is shorter than what was read of it: it is read from its beginning", there[known][0])
        position = JournalPosition(inode=position.inode)
    for path, stat in reversed(there if known is None else there[: known + 1]):
        yield path, stat.st_ino, position.offset if stat.st_ino == position.inode else 0


def _parse(data: bytes, inode: int, start: int) -> Iterator[Row]:
    offset = start
    for line in _records(data):
        here, offset = JournalPosition(inode=inode, offset=offset), offset + len(line)
        try:
            values = next(csv.reader([line.decode("utf-8", "replace").rstrip("\r\n").translate(_BREAKS)]), [])
            fields = dict(zip(NAMES, values, strict=True))
            if is_spy(fields["uniqueid"]) or is_canary(fields["linkedid"]) or is_nobody(fields["channame"]):
                continue
            kind = fields["userdeftype"] if fields["eventtype"] == "USER_DEFINED" else fields["eventtype"]
            yield Row(
                at=here,
                time=float(fields["eventtime"]),
                kind=kind,
                linkedid=fields["linkedid"],
                uniqueid=fields["uniqueid"],
                channel=fields["channame"],
                fields=fields,
            )
        except (ValueError, KeyError, csv.Error):
            if line.strip():
                log.warning("a line of the call journal is skipped at %d: %r", here.offset, line[:200])


def _whole(data: bytes) -> int:
    """How much of ``data`` is whole records."""
    return data.rfind(b'"\n') + 2 if b'"\n' in data else 0


def _records(data: bytes) -> Iterator[bytes]:
    """Whole records: a line break inside quotes (a caller ID can hold one) belongs to its record.

    A line that begins as only Asterisk can begin one ends whatever stands before it: every quote that comes from
    outside is doubled.
    """
    record = b""
    for line in data.splitlines(keepends=True) if b"\r" not in data else re.findall(rb"[^\n]*\n", data):
        if record and (not record.count(b'"') % 2 or _BEGIN.match(line)):
            yield record
            record = b""
        record += line
    if record:
        yield record


def rotate(file: Path, position: JournalPosition, above: int = 256 * 1024 * 1024, keep: int = 2) -> bool:
    """Renames a CEL file that was read to its end and is larger than ``above`` bytes; keeps ``keep`` old ones.

    Asterisk opens the file anew for each row, so nothing is lost. False = not needed, or not allowed to us.
    """
    try:
        stat = file.stat()
        if stat.st_size <= above or stat.st_ino != position.inode:
            return False
        for n in range(keep, 1, -1):
            older = file.with_name(f"{file.name}.{n - 1}")
            if older.exists():
                older.replace(file.with_name(f"{file.name}.{n}"))
        file.replace(file.with_name(f"{file.name}.1"))
    except OSError as error:
        log.warning("the call journal cannot be rotated: %s", error)
        return False
    return True


def tail(file: Path, began_at: float, linkedids: frozenset[str], most: int = 64 * 1024 * 1024) -> list[Row]:
    """Rows of these Linkedids that were written since ``began_at`` (epoch seconds), out of the last ``most`` bytes.

    For a server that comes back while calls go on: it must not read a day's journal to show them. Raises OSError.
    """
    found: list[Row] = []
    wanted = {linkedid.encode() for linkedid in linkedids}
    try:
        with file.open("rb") as source:
            stat = os.fstat(source.fileno())
            start = max(_bisect(source, stat.st_size, began_at - 5.0), stat.st_size - most)
            source.seek(start)
            if start and start == stat.st_size - most:
                start += len(source.readline())
            data = source.read()
    except FileNotFoundError:
        return []
    offset = start
    for line in _records(data[: _whole(data)]):
        # A cheap look at the third column before the line is taken apart.
        parts = line.split(b'","', 3)
        if len(parts) > 3 and parts[_LINKEDID].strip(b'"') in wanted:
            found.extend(_parse(line, stat.st_ino, offset))
        offset += len(line)
    return found


def _bisect(source: BinaryIO, size: int, began_at: float) -> int:
    """The offset of a line not later than ``began_at``: rows stand in the order of their times."""
    low, high = 0, size
    while high - low > 64 * 1024:
        middle = (low + high) // 2
        source.seek(middle)
        source.readline()
        here = source.tell()
        time = _time_of(source.readline())
        if here >= high or time is None or time >= began_at:
            high = middle
        else:
            low = here
    return low


def _time_of(line: bytes) -> float | None:
    parts = line.split(b'","', 2)
    try:
        return float(parts[NAMES.index("eventtime")])
    except (ValueError, IndexError):
        return None
