"""Web forms: the index of the feature."""

from __future__ import annotations

from callcenter.plugin import Feature

FEATURE = Feature(name="webforms")
