"""Confirmed numbers: tables and rules for others; their pages are those of calls out."""

from __future__ import annotations

from callcenter.plugin import Feature

FEATURE = Feature(name="confirmations")
