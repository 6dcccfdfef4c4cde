"""The door to exports for other features: files of rows, and texts that no spreadsheet runs."""

from __future__ import annotations

from callcenter.features.exports.gateway import open_file
from callcenter.features.exports.rules import FORMATS, Cell, harmless

__all__ = ["FORMATS", "Cell", "harmless", "open_file"]
