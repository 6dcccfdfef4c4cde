"""How much a file may hold (C01), what may be wrong with it, and what is said then. Pure."""

from __future__ import annotations

from typing import Any

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 30_000
MAX_COLUMNS = 200
MAX_CELL = 250
# What of a cell is kept for the report; no spreadsheet's cell can hold more.
KEPT_CELL = 32_767
# What a packed workbook may become, in all and against its packed size: real ones pack ten to thirty times smaller.
MAX_UNPACKED = 600 * 1024 * 1024
MAX_RATIO = 200
PREVIEW = 20
UNDO_HOURS = 24

# What a reader may say about a file; the first word of its answer is a key of this table.
TROUBLES: dict[str, str] = {
    "empty": N_("There is nothing in the file. Put the column names into the first row and the clients below."),
    "no_rows": N_("The file has column names, but no rows below them."),
    "rows": N_("The file has more than 30,000 rows. Divide it into several files."),
    "columns": N_("The file has more than 200 columns. Delete those that you do not need."),
    "large": N_("The file is larger than 50 MB. Divide it into several files."),
    "unpacked": N_("Unpacked, this file would be far too large. Save the table anew as xlsx or csv."),
    "not_excel": N_(
        "This is not a spreadsheet, only a file that is named like one. Save the table as xlsx, xls or csv."
    ),
    "not_table": N_("This file is no table. Save the table as xlsx, xls or csv."),
    "web_page": N_("This is a web page saved under the name of a spreadsheet. Open it in Excel and save it as xlsx."),
    "password": N_("The file has a password. Save it without one and load it again."),
    "broken": N_("The file is damaged and cannot be read. Save it anew in your spreadsheet program."),
    "slow": N_("The file could not be read in time. Save the table anew as csv, or divide it into several files."),
    "rows_setting": N_("The file has more than %(limit)s rows, which your company has set as the limit."),
    "header": N_("Column %(column)s has no name in the first row. Name it, or delete it when it is empty."),
}
WARNINGS: dict[str, str] = {
    "mixed": N_("Some rows are written in another encoding than the rest. Look whether all letters are right."),
    "encoding": N_("The encoding was guessed. Look whether all letters are right."),
    "quotes": N_("A quotation mark is not closed, so quotation marks were taken as ordinary signs."),
    "sheets": N_("Only the first filled sheet is loaded; the file has others."),
}


def trouble(code: str, **values: Any) -> BadInput:
    """The error of a file that cannot be used."""
    message = TROUBLES.get(code, TROUBLES["broken"])
    return BadInput(message, fields={"file": message} if not values else {}, code=f"file_{code}", **values)


def letters(column: int) -> str:
    """A column's name as spreadsheets show it: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
