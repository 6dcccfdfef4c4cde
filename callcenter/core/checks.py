"""What ``doctor`` finds: one line for each thing that was looked at, and what to do when it is not well."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["ok", "warning", "wrong"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: ok, warning (works, but look at it) or wrong. ``advice`` says what to do; English, for a terminal."""

    name: str
    state: State = "ok"
    detail: str = ""
    advice: str = ""
