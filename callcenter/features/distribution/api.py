"""The door to distribution for other features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callcenter.features.distribution import rules


def has_any(settings: Mapping[str, Any]) -> bool:
    """Whether a business (its settings) gives callers priorities by tags and lists."""
    return bool(rules.read(settings))
