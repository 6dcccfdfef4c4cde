"""Texts whose values are texts themselves. Pure.

A value whose name begins with ``_`` is a gettext key (``_way`` fills %(way)s), and a dict with ``key`` is one with
values of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def fill(translate: Callable[[str], str], text: str, values: Mapping[str, Any]) -> str:
    """``text`` in the language of ``translate`` with all of its places filled; missing ones become a dash."""
    known = _Dashes({name: value for name, value in values.items() if not name.startswith("_")})
    for name, value in known.items():
        if isinstance(value, dict) and "key" in value:
            known[name] = fill(translate, str(value["key"]), value)
    for name, value in values.items():
        if name.startswith("_"):
            inner = {key: one for key, one in values.items() if key != name}
            known[name[1:]] = fill(translate, str(value), inner)
    said = translate(text)
    return said % known if "%(" in said else said


class _Dashes(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"
