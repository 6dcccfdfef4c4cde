"""What the checks say of a configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault. ``section`` (numbers, menus, queues, trunks, hours, own) and ``id`` say where; ``title`` names it.

    ``text`` is a gettext key with ``values``. An error keeps a version from being applied, a warning does not.
    """

    severity: Severity
    section: str
    id: int | None
    title: str
    text: str
    values: dict[str, Any] = {}


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep a version from being applied."""
    return [one for one in findings if one.severity == "error"]
