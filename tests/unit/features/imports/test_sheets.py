"""Tables in every usual form are read, and what is none is refused with a clear word."""

from __future__ import annotations

import datetime
import io
import random
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlwt

from callcenter.core.errors import BadInput
from callcenter.core.phones import to_e164
from callcenter.features.imports.gateway import files
from callcenter.features.imports.gateway.sheets import Row, Sheet, Trouble, read
from callcenter.features.imports.rules import cells, columns
from tests.support.tables import csv_of, xlsx_of

HEAD = ("Имя", "Город")
ROW = ("Анна Сергеевна", "Санкт-Петербург")


def table(tmp_path: Path, data: bytes) -> tuple[Sheet, list[Row]]:
    file = tmp_path / "file"
    file.write_bytes(data)
    sheet = Sheet()
    return sheet, list(read(file, sheet))


@pytest.mark.rule("IMP-19")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_any_usual_encoding_and_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    sheet, rows = table(tmp_path, csv_of(HEAD, ROW, ("Борис", "Пермь"), separator=separator, encoding=encoding))
    assert [cells for _, cells in rows] == [list(HEAD), list(ROW), ["Борис", "Пермь"]]
    assert sheet.separator == separator
    assert ("encoding" in sheet.warnings) == (encoding in ("cp1251", "koi8-r", "cp866"))


def test_mixed_encodings_are_read_row_by_row_with_a_warning(tmp_path: Path) -> None:
    data = csv_of(HEAD, ROW, encoding="utf-8") + csv_of(("Борис", "Пермь"), encoding="cp1251")
    sheet, rows = table(tmp_path, data)
    assert rows[1][1] == list(ROW)
    assert rows[2][1] == ["Борис", "Пермь"]
    assert sheet.warnings == ["mixed"]


def test_excel_cells_are_as_people_see_them(tmp_path: Path) -> None:
    day = datetime.datetime(1990, 5, 17)  # noqa: DTZ001
    data = xlsx_of(("Имя", "Телефон", "Дата", "Доля"), ("=cmd()", 79161234567.0, day, 0.5), (None, None, None, None))
    sheet, rows = table(tmp_path, data)
    assert rows[1][1][1:] == ["79161234567", "17.05.1990", "0.5"]
    assert sheet.rows == 1
    book = xlwt.Workbook()
    first = book.add_sheet("1")
    for column, value in enumerate(("Имя", "Телефон")):
        first.write(0, column, value)
    first.write(1, 0, "Анна")
    first.write(1, 1, 79161234567.0)
    out = io.BytesIO()
    book.save(out)
    assert table(tmp_path, out.getvalue())[1][1] == (2, ["Анна", "79161234567"])


@pytest.mark.rule("IMP-02", "IMP-07")
def test_only_the_first_sheet_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append(ROW)
    book.create_sheet("2").append(["Другое"])
    out = io.BytesIO()
    book.save(out)
    sheet, rows = table(tmp_path, out.getvalue())
    assert len(rows) == 2
    assert sheet.warnings == ["sheets"]


def zipped(name: str, size: int = 10) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as part:
        for _ in range(max(1, size // 1_000_000)):
            part.write(b"0" * min(size, 1_000_000))
    return out.getvalue()


@pytest.mark.rule("IMP-02", "IMP-07")
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (csv_of(HEAD), "no_rows"),
        (csv_of(HEAD, *[ROW] * 30_001), "rows"),
        (csv_of(("Имя", "", "Город"), ("Анна", "", "Пермь")), "header"),
        (csv_of(("Имя",), ("Анна", "Пермь")), "header"),
        (zipped("readme.txt"), "not_excel"),
        (zipped("xl/workbook.xml", 700_000_000), "unpacked"),
        (b"PK\x03\x04 broken", "broken"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "not_table"),
        (b"<html><table></table></html>", "web_page"),
    ],
    ids=[
        "nothing",
        "blank",
        "no-rows",
        "40000",
        "empty-header",
        "no-header",
        "zip",
        "bomb",
        "broken",
        "picture",
        "html",
    ],
)
def test_what_is_no_table_of_ours_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(Trouble) as error:
        table(tmp_path, data)
    assert error.value.code == code


async def test_a_workbook_that_eats_memory_kills_only_its_reader(tmp_path: Path) -> None:
    out = io.BytesIO()
    book = openpyxl.Workbook()
    book.active["A1"] = "Имя"
    book.active["XFD1048576"] = "x"
    book.save(out)
    (tmp_path / "raw").write_bytes(out.getvalue())
    with pytest.raises(BadInput):
        await files.convert(tmp_path / "raw", tmp_path / "rows")


def test_a_quotation_mark_that_is_not_closed_swallows_nothing(tmp_path: Path) -> None:
    data = 'Имя;Город\r\nООО "Роза;Пермь\r\n"Анна;Москва\r\n' + "Борис;Омск\r\n" * 100
    sheet, rows = table(tmp_path, data.encode())
    assert len(rows) == 103
    assert sheet.warnings == ["quotes"]


def test_usual_numbers_are_read_like_all_others() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        digits = chance.choice("349") + "".join(chance.choice("0123456789") for _ in range(9))
        typed = chance.choice(("+7", "8", "7", "")) + digits
        assert cells.phone(typed) == to_e164(typed)
    for wrong in ("123-45-67", "12", "abc", "+7916123456", "8 916 123-45-67 доб"):
        with pytest.raises(cells.Refused):
            cells.phone(wrong)


@pytest.mark.rule("IMP-11")
def test_columns_are_recognised_by_name_and_by_content() -> None:
    header = ("ФИО", "к1", "к2", "ИНН", "к3", "непонятно")
    rows = [("Анна", "8 916 123-45-67", "a@example.com", "7707083893", "17.05.1990", "да")]
    assert columns.recognise(header, rows) == {
        0: "first_name", 1: "phone", 2: "email", 3: "org.inn", 4: "birth_date"
    }  # fmt: skip
    # By the name alone, also with a number behind it.
    assert columns.recognise(("Имя", "Телефон 2"), []) == {0: "first_name", 1: "phone"}
    assert columns.recognise(("Company", "Phone"), []) == {0: "org.name", 1: "org.phone"}
    assert columns.recognise(("Company", "First name", "Phone"), []) == {0: "org.name", 1: "first_name", 2: "phone"}
