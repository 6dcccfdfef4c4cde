"""Files of exports: written row by row, so that a million rows need no more memory than a hundred."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from callcenter.features.exports import rules
from callcenter.features.exports.rules import Cell


class CsvFile:
    """UTF-8 with its mark and semicolons, which is what a Russian Excel opens by a double click."""

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self._zone = zone
        self._stream: IO[str] = path.open("w", encoding="utf-8-sig", newline="", errors="replace")
        self._writer = csv.writer(self._stream, delimiter=";", quoting=csv.QUOTE_MINIMAL)

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Adds rows."""
        for row in rows:
            self._writer.writerow([rules.harmless(rules.plain(value, self._zone)) for value in row])

    def close(self) -> None:
        """Ends the file."""
        self._stream.close()

    def drop(self) -> None:
        """Ends writing; the file is not wanted any more."""
        self._stream.close()


class XlsxFile:
    """A workbook, streamed; texts stay texts, days are days. A new sheet begins where one is full."""

    def __init__(self, path: Path, zone: ZoneInfo, title: str, *, sheet_rows: int = rules.SHEET_ROWS) -> None:
        self._path, self._zone, self._title, self._sheet_rows = path, zone, title, sheet_rows
        # Here, not above: it takes a third of a second, and most processes write no workbook.
        self._excel = import_module("openpyxl")
        self._book = self._excel.Workbook(write_only=True)
        self._sheet: Any = None
        self._head: Sequence[Cell] | None = None
        self._left = 0

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Adds rows; the first one of all is the head."""
        for row in rows:
            if self._head is None:
                self._head = row
                self._begin()
                continue
            if self._left <= 0:
                self._begin()
            self._sheet.append([self._cell(value) for value in row])
            self._left -= 1

    def _begin(self) -> None:
        self._sheet = self._book.create_sheet(self._title)
        self._sheet.freeze_panes = "A2"
        assert self._head is not None
        self._sheet.append([self._cell(value) for value in self._head])
        self._left = self._sheet_rows

    def _cell(self, value: Cell) -> Any:
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            return rules.local(value, self._zone)
        if isinstance(value, date) and value.year < 1900:
            value = rules.plain(value, self._zone)
        if not isinstance(value, str):
            return value
        cell = self._excel.cell.WriteOnlyCell(self._sheet, value="")
        cell.value = rules.writable(value)
        # Or a text that begins with = would be a formula, and #N/A an error.
        cell.data_type = "s"
        return cell

    def close(self) -> None:
        """Ends the file."""
        if not self._book.worksheets:
            self._book.create_sheet(self._title)
        self._book.save(self._path)

    def drop(self) -> None:
        """Ends writing; the file is not wanted any more."""
        for sheet in self._book.worksheets:
            sheet.close()


def open_file(form: str, path: Path, zone: ZoneInfo, title: str) -> CsvFile | XlsxFile:
    """A new file of the chosen format, for ``asyncio.to_thread``: it blocks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return XlsxFile(path, zone, title) if form == "xlsx" else CsvFile(path, zone)


def remove_old(folder: Path, before: float) -> int:
    """Deletes files that were last changed before a moment (epoch seconds); says how many. Blocks."""
    gone = 0
    if not folder.is_dir():
        return gone
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
