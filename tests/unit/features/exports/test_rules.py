"""A file of clients read again holds what the base held, and nothing in it is a formula."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from callcenter.core.errors import BadInput
from callcenter.features.exports import gateway, rules

ZONE = ZoneInfo("Europe/Moscow")
# What a database column can hold: no NUL, no half characters.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=40)
ANY = st.one_of(
    TEXTS, st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", "'=", "_x0041_"]), TEXTS)
)
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_escaped(value: str | None) -> str:
    """As Excel reads a text cell: _xHHHH_ stands for a sign."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), value or "")


@pytest.mark.rule("IMP-18")
@given(ANY)
@example("=cmd|' /C calc'!A0")
@example("+74951234567")
@example("'=1")
@example("''+")
@example("＝1")
def test_no_text_begins_like_a_formula_and_none_is_lost(text: str) -> None:
    safe = rules.harmless(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "\n", *"＝＋－＠"))
    assert rules.original(safe) == text


@pytest.mark.rule("IMP-19")
@quick
@given(st.lists(st.lists(ANY, min_size=3, max_size=3), min_size=1, max_size=4))
def test_csv_read_again_is_the_same(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "a.csv"
    file = gateway.open_file("csv", path, ZONE, "x")
    file.write(rows)
    file.close()
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        again = [[rules.original(cell) for cell in row] for row in csv.reader(stream, delimiter=";")]
    assert again == rows


@pytest.mark.rule("IMP-20")
@quick
@given(st.lists(st.lists(ANY, min_size=3, max_size=3), min_size=1, max_size=4))
@example([["=1+1", "#N/A", "+74951234567"]])
@example([["a\rb", "_x000D_", "\x0b"]])
def test_xlsx_read_again_is_the_same(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "a.xlsx"
    file = gateway.open_file("xlsx", path, ZONE, "Clients")
    file.write([["a", "b", "c"], *rows])
    file.close()
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    again = []
    for row in sheet.iter_rows(min_row=2, max_col=3, max_row=len(rows) + 1):
        assert all(
            cell.data_type in ("s", "n", "inlineStr") and (cell.value is None or cell.data_type != "n") for cell in row
        )
        again.append([read_escaped(cell.value) for cell in row])
    assert again == rows


def test_days_numbers_and_full_sheets(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    file = gateway.XlsxFile(path, ZONE, "Clients", sheet_rows=2)
    moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    file.write([["h", "day", "at"], [1, date(1990, 5, 17), moment], [2, date(1812, 9, 7), moment], [3, None, None]])
    file.close()
    book = openpyxl.load_workbook(path)
    first, second = book.worksheets
    assert [cell.value for cell in first[2]] == [1, datetime(1990, 5, 17), datetime(2026, 3, 2, 12, 0)]  # noqa: DTZ001
    assert first["B3"].value == "07.09.1812"
    assert [row[0].value for row in second.rows] == ["h", 3]
    assert rules.plain(date(1990, 5, 7), ZONE) == "07.05.1990"
    assert rules.plain(moment, ZONE) == "02.03.2026 12:00"


@pytest.mark.parametrize("typed", ["", "0", "-1", "1.5", "x", "１", "9" * 12])
def test_a_part_needs_whole_numbers(typed: str) -> None:
    with pytest.raises(BadInput) as error:
        rules.whole(typed, "count")
    assert "count" in error.value.fields


def test_fields_are_chosen_once_and_must_exist() -> None:
    assert rules.chosen_fields(["a", "b", "a"], ["a", "b", "c"]) == ["a", "b"]
    for wrong in ([], ["z"]):
        with pytest.raises(BadInput):
            rules.chosen_fields(wrong, ["a"])
