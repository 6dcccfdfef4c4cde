"""The door to exports for other features: texts that no spreadsheet runs."""

from __future__ import annotations

from callcenter.features.exports.rules import harmless

__all__ = ["harmless"]
