"""How a value is written so that a spreadsheet shows it and never runs it. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

Cell = str | int | float | date | datetime | None
FORMATS = ("csv", "xlsx")
ALL, PART, LIST, SELECTION = "all", "part", "list", "selection"
WHATS = (ALL, PART, LIST, SELECTION)
FIRST_FIELDS = (
    "number", "name", "phone1", "phone2", "phone3", "email1", "organisation", "position", "city", "responsible", "tags",
)  # fmt: skip
KEPT_SECONDS = 24 * 3600
MAX_CELL = 32_767
# Excel's own limit is 1 048 576 rows of a sheet.
SHEET_ROWS = 1_000_000
# A spreadsheet takes a text that begins so for a formula; the wide signs too, and what stands before them on a line.
_DANGER = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# What XML cannot hold, and what would be read as an escape.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")


def harmless(text: str) -> str:
    """``text`` for a csv file: what would be a formula gets a leading apostrophe (C11); nothing else changes."""
    return "'" + text if _DANGER.match(text) else text


def original(text: str) -> str:
    """The text that ``harmless`` was given."""
    return text[1:] if text.startswith("'") and _DANGER.match(text) else text


def writable(text: str) -> str:
    """``text`` for a cell of an xlsx file: signs that XML cannot hold are written as Excel itself writes them."""
    return _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)[:MAX_CELL]


def plain(value: Cell, zone: ZoneInfo) -> str:
    """A value as text: days as people here write them, moments on the reader's clock."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%d.%m.%Y %H:%M")
    if isinstance(value, date):
        return f"{value.day:02}.{value.month:02}.{value.year:04}"
    return str(value)


def local(value: datetime, zone: ZoneInfo) -> datetime:
    """A moment on the reader's clock without its zone, which spreadsheets do not know."""
    return value.replace(tzinfo=value.tzinfo or UTC).astimezone(zone).replace(tzinfo=None, microsecond=0)


def whole(typed: str | int | None, field: str, *, least: int = 1) -> int:
    """A whole number as typed; raises BadInput that names ``field``."""
    text = str(typed if typed is not None else "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) >= least):
        message = N_("Give a whole number from %(least)s.")
        raise BadInput(message, fields={field: N_("This is not a whole number.")}, least=least)
    return int(text)


def chosen_fields(wanted: list[str], known: list[str]) -> list[str]:
    """The fields to export, each once, in the order of choice. Raises BadInput."""
    fields = list(dict.fromkeys(wanted))
    if not fields:
        message = N_("Choose at least one field.")
        raise BadInput(message, fields={"fields": message})
    if not set(fields) <= set(known):
        message = N_("This field does not exist any more. Reload the page.")
        raise BadInput(message, fields={"fields": message})
    return fields
