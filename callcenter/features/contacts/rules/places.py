"""Where the files of cards lie."""

from __future__ import annotations

FOLDER = "files"


def stored(business_id: int, file: str) -> str:
    """The place of a file below the data folder. ``file`` is the name that stands in the tables."""
    return f"{FOLDER}/{business_id}/{file[:2]}/{file}"
