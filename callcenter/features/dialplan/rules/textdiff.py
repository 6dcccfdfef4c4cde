"""The difference of Asterisk's files as text, without secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import unified_diff
from typing import NamedTuple

_SECRET = re.compile(r"^(\s*(?:password|secret|md5_cred|auth_pass)\s*=>?\s*).*$", re.I | re.M)
MASK = "••••••"
MOST_LINES = 2000


class Line(NamedTuple):
    """A line of a difference: ``kind`` file, at, same, plus or minus."""

    kind: str
    text: str


def masked(text: str) -> str:
    """The text without passwords."""
    return _SECRET.sub(rf"\g<1>{MASK}", text)


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> list[Line]:
    """What differs in the files, each with three lines around it; at most MOST_LINES lines."""
    found: list[Line] = []
    for name in sorted({*before, *after}):
        old, new = masked(before.get(name, "")), masked(after.get(name, ""))
        lines = list(unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=3))
        if lines:
            found.append(Line("file", name))
            found += [_line(line) for line in lines[2:]]
    return found[:MOST_LINES]


def _line(text: str) -> Line:
    kinds = {"@": "at", "+": "plus", "-": "minus"}
    kind = kinds.get(text[:1], "same")
    return Line(kind, text if kind == "at" else text[1:])
