"""Rebuilds calls from Asterisk's own durable records (CEL), so that no break leaves a hole in the call log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from callcenter.core.calls import Call
from callcenter.core.directory import Directory
from callcenter.telephony.cel_file import JournalPosition, Row

__all__ = ["Journal", "JournalPosition", "completed_calls"]


def completed_calls(found: Iterable[Row], directory: Directory) -> list[Call]:
    """Pictures of all calls that ended within ``found``."""
    return []


class Journal:
    """The CEL file ``file``."""

    def __init__(self, file: Path, directory: Directory) -> None:
        self.file = file
        self.directory = directory

    def since(self, position: JournalPosition, started_at: float | None) -> tuple[list[Call], JournalPosition]:
        """Calls that ended since ``position``, and where to go on."""
        return [], position

    def open_calls(self, there: set[str]) -> list[Call]:
        """Pictures of the calls (Linkedids) ``there`` that go on."""
        return []
