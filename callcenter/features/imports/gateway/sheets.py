"""Reads a table from a file: xlsx, xls and csv. Blocking, and its input is not to be trusted: ``convert`` runs it in a
process of its own with limits on memory and time."""

from __future__ import annotations

import csv
import datetime
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callcenter.features.imports.rules import encodings
from callcenter.features.imports.rules.limits import (
    KEPT_CELL,
    MAX_COLUMNS,
    MAX_RATIO,
    MAX_ROWS,
    MAX_UNPACKED,
    letters,
)

Row = tuple[int, list[str]]
_HEAD = 256 * 1024
# A quotation mark that is not closed would swallow the rest of the file.
_LONGEST_RECORD = 40


class Trouble(Exception):
    """The file cannot be used; ``code`` is a key of limits.TROUBLES."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


class _Quotes(Exception):
    """Quotation marks in the file do not match."""


@dataclass
class Sheet:
    """What is known of a table beside its rows."""

    format: str = "csv"
    encoding: str = ""
    separator: str = ""
    warnings: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    rows: int = 0


def read(path: Path, sheet: Sheet) -> Iterator[Row]:
    """The rows that hold anything, the header first, each with its number in the file (from 1). Raises Trouble.

    ``sheet`` is filled while rows come and is complete after the last one. Cells are texts as people see them; NULs
    and trailing empty cells are gone; formulas are never evaluated.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf\r\n\t \x00"):
        raise Trouble("empty")
    if head[:4] == b"PK\x03\x04":
        _check_zip(path)
        sheet.format = "xlsx"
        rows = _book(path, sheet)
    elif head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        sheet.format = "xls"
        rows = _book(path, sheet)
    else:
        rows = _text(path, head, sheet)
    return _checked(rows, sheet)


def _checked(rows: Iterator[Row], sheet: Sheet) -> Iterator[Row]:
    """The rows within the limits; the header must name every column that is used (IMP-02, IMP-07)."""
    width = 0
    for line, cells in rows:
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if len(cells) > MAX_COLUMNS:
            raise Trouble("columns")
        if not sheet.header:
            sheet.header = cells
        else:
            sheet.rows += 1
            if sheet.rows > MAX_ROWS:
                raise Trouble("rows")
        width = max(width, len(cells))
        yield line, cells
    if not sheet.header:
        raise Trouble("empty")
    for column in range(width):
        if column >= len(sheet.header) or not sheet.header[column]:
            raise Trouble("header", column=letters(column))
    if not sheet.rows:
        raise Trouble("no_rows")


def _check_zip(path: Path) -> None:
    """Refuses an archive that is no workbook, and one that would unpack to something huge (a zip bomb)."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Trouble("broken") from None
    names = {entry.filename.replace("\\", "/").lower() for entry in entries}
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        raise Trouble("not_excel")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Trouble("password")
    unpacked, packed = sum(entry.file_size for entry in entries), max(1, path.stat().st_size)
    if unpacked > MAX_UNPACKED or (unpacked > 50 * 1024 * 1024 and unpacked / packed > MAX_RATIO):
        raise Trouble("unpacked")


def _book(path: Path, sheet: Sheet) -> Iterator[Row]:
    """The first filled sheet of a workbook."""
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(str(path))
        filled = None
        for number, about in enumerate(book.sheets_metadata):
            if about.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            one = book.get_sheet_by_index(number)
            if one.end is None:
                continue
            if filled is not None:
                sheet.warnings.append("sheets")
                break
            filled = one
        if filled is None:
            return
        for line, row in enumerate(filled.iter_rows(), start=1):
            yield line, [_seen(cell) for cell in row]
    except calamine.PasswordError:
        raise Trouble("password") from None
    except calamine.CalamineError:
        raise Trouble("broken") from None


def _seen(value: Any) -> str:
    """A cell of a workbook as people see it: no «79161234567.0», days as 31.12.2026."""
    if isinstance(value, str):
        return _clean(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return format(value, ".15g")
    if isinstance(value, datetime.datetime):
        if (value.hour, value.minute, value.second) == (0, 0, 0):
            return value.strftime("%d.%m.%Y")
        return value.strftime("%d.%m.%Y %H:%M")
    if isinstance(value, datetime.date):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    return _clean(str(value))


def _clean(text: str) -> str:
    """Without NULs, half characters and spaces around; what is longer than any spreadsheet's cell is cut."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode("utf-8").replace("\ufeff", "")
    return text.strip()[:KEPT_CELL]


def _text(path: Path, head: bytes, sheet: Sheet) -> Iterator[Row]:
    """The rows of a text file."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta")):
        raise Trouble("web_page")
    lines = _lines(path, head, sheet)
    first = []
    for line in lines(20):
        first.append(line)
    sheet.separator = encodings.separator(first)
    skip = 1 if first and first[0].lower().startswith("sep=") else 0
    # Whether quotation marks match is known only at the end: looked at before the first row is handed out.
    quoting = csv.QUOTE_MINIMAL
    try:
        for _ in _records(lines(None), sheet.separator, quoting):
            pass
    except _Quotes:
        quoting = csv.QUOTE_NONE
        sheet.warnings.append("quotes")
    for line, cells in _records(lines(None), sheet.separator, quoting):
        if line > skip:
            yield line, [_clean(cell) for cell in cells]


def _records(lines: Iterator[str], separator: str, quoting: int) -> Iterator[Row]:
    csv.field_size_limit(1 << 30)
    reader = csv.reader(lines, delimiter=separator, quoting=quoting)  # type: ignore[arg-type]
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise _Quotes from None
        if reader.line_num - before > _LONGEST_RECORD:
            raise _Quotes
        yield before + 1, cells
        before = reader.line_num


def _lines(path: Path, head: bytes, sheet: Sheet) -> Any:
    """A function that gives the file's lines as text, anew at each call; the encoding is found first."""
    wide = ""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        wide = "utf-16"
    elif not head.startswith(b"\xef\xbb\xbf"):
        wide = encodings.utf16(head[:4000])
    if wide:
        sheet.encoding = wide

        def of_text(limit: int | None) -> Iterator[str]:
            with path.open("r", encoding=wide, errors="replace", newline="") as stream:
                yield from _some(stream, limit)

        return of_text
    if head.count(0) > len(head) * 0.02:
        raise Trouble("not_table")
    good, bad = 0, bytearray()
    with path.open("rb") as stream:
        for raw in stream:
            if raw.isascii():
                continue
            try:
                raw.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                if len(bad) < 200_000:
                    bad += raw
    other = encodings.single_byte(bytes(bad)) if bad else ""
    sheet.encoding = "utf-8" if not bad or good else other
    if bad:
        sheet.warnings.append("mixed" if good else "encoding")

    def of_bytes(limit: int | None) -> Iterator[str]:
        with path.open("rb") as stream:
            yield from _some((_decode(raw, other, number) for number, raw in enumerate(stream)), limit)

    return of_bytes


def _some(lines: Any, limit: int | None) -> Iterator[str]:
    for number, line in enumerate(lines):
        if limit is not None and number >= limit:
            return
        yield line.replace("\x00", "") if "\x00" in line else line


def _decode(raw: bytes, other: str, number: int) -> str:
    if number == 0:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(other or "cp1251", "replace")
