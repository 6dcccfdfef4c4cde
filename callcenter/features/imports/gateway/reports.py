"""Tables for download, xlsx or csv, in which no cell can act as a formula. Blocking."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from html import escape
from typing import BinaryIO

# What Excel and others take for a formula at a cell's begin; an apostrophe before it makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HARMLESS = re.compile(r"[+-]?[\d\s().,-]*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACK = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACK}/content-types"><Default Extension="rels" '
    f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
    f'ContentType="{_OFFICE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
    f'ContentType="{_OFFICE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACK}/relationships"><Relationship Id="rId1" '
    f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets><sheet name="1" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACK}/relationships"><Relationship Id="rId1" '
    f'Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def safe(cell: str) -> str:
    """The cell for csv: what would be a formula is made text; numbers and telephone numbers stay as they are."""
    if cell.startswith(_FORMULA) and not (cell[0] in "+-" and _HARMLESS.fullmatch(cell)):
        return "'" + cell
    return cell


def write_csv(out: BinaryIO, rows: Iterable[Sequence[str]]) -> None:
    """UTF-8 with a mark and «;», as Excel opens it by a double click."""
    text = io.TextIOWrapper(out, "utf-8-sig", newline="", write_through=True)
    csv.writer(text, delimiter=";").writerows([safe(cell) for cell in row] for row in rows)
    text.detach()


def write_xlsx(out: BinaryIO, rows: Iterable[Sequence[str]]) -> None:
    """One sheet of text cells, which no program ever evaluates."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, _HEAD + text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for row in rows:
                cells = "".join(
                    f'<c t="inlineStr"><is><t xml:space="preserve">{_text(cell)}</t></is></c>' for cell in row
                )
                sheet.write(f"<row>{cells}</row>".encode())
            sheet.write(b"</sheetData></worksheet>")


def _text(cell: str) -> str:
    return escape(_CONTROL.sub("", cell)[:32767])


WRITERS = {"csv": write_csv, "xlsx": write_xlsx}
MEDIA = {"csv": "text/csv; charset=utf-8", "xlsx": f"{_OFFICE}.sheet"}
