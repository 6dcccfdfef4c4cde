"""Voice menus: kept here, read by the dialplan; their editor comes with a later issue."""

from __future__ import annotations

from callcenter.plugin import Feature

FEATURE = Feature(name="ivr")
