"""Files of answers, made beside the event loop."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from callcenter.features.exports import api as exports


def file_of(form: str, zone: ZoneInfo, title: str, rows: Sequence[Sequence[exports.Cell]]) -> bytes:
    """The bytes of a csv or xlsx file; the first row is the head. Blocks."""
    with tempfile.TemporaryDirectory(prefix="survey-") as folder:
        path = Path(folder) / f"survey.{form}"
        file = exports.open_file(form, path, zone, title)
        file.write(rows)
        file.close()
        return path.read_bytes()
