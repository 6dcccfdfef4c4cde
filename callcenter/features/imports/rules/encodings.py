"""Which encoding and separator a text table has. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

# How often a letter stands in Russian text, roughly, in per mille; what is not here is rare.
_OFTEN = dict(
    zip("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", (
        110, 85, 80, 74, 67, 63, 55, 47, 45, 44, 35, 32, 30, 28, 26, 20, 19, 17, 17, 16, 16, 14, 12, 10, 9, 7, 6, 5,
        4, 3, 3, 1, 1,
    ), strict=True)
)  # fmt: skip
SINGLE = ("cp1251", "koi8-r", "cp866", "mac-cyrillic")
SEPARATORS = (";", ",", "\t", "|")


def utf16(head: bytes) -> str:
    """The name of the UTF-16 that a file without a mark is written in, '' when it is not."""
    if len(head) < 4:
        return ""
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > len(odd) * 0.3 and even.count(0) < len(even) * 0.05:
        return "utf-16-le"
    if even.count(0) > len(even) * 0.3 and odd.count(0) < len(odd) * 0.05:
        return "utf-16-be"
    # Russian text has no NULs in it: its high bytes are all 4, and spaces and line ends bring some 0.
    if len(head) >= 16 and sum(odd.count(one) for one in (0, 4)) > len(odd) * 0.9 and odd.count(4) and odd.count(0):
        return "utf-16-le"
    if len(head) >= 16 and sum(even.count(one) for one in (0, 4)) > len(even) * 0.9 and even.count(4) and even.count(0):
        return "utf-16-be"
    return ""


def single_byte(sample: bytes) -> str:
    """The one-byte encoding in which ``sample`` reads most like Russian; cp1252 when in none."""
    if not any(byte > 127 for byte in sample):
        return "cp1251"
    best, points = "cp1252", 0.0
    for name in SINGLE:
        found = _russian(sample.decode(name, "replace"))
        if found > points:
            best, points = name, found
    return best


def _russian(text: str) -> float:
    """How Russian a text looks: frequent letters count for it, capitals in a word's middle and odd signs against."""
    points, before = 0.0, " "
    for letter in text:
        if letter > "\x7f":
            small = letter.lower()
            if small in _OFTEN:
                points += _OFTEN[small] / 10
                if letter != small and before.islower():
                    points -= 12
            elif letter not in "«»№—–…“”’\u00a0":
                points -= 12
        before = letter
    return points


def separator(lines: Sequence[str]) -> str:
    """The sign that stands between the cells: the one that divides the first lines most evenly."""
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[4]
    best, points = ";", (0.0, 0)
    for sign in SEPARATORS:
        widths = [len(row) for row in _rows(lines, sign) if row]
        if not widths or widths[0] < 2:
            continue
        even = sum(1 for width in widths if width == widths[0]) / len(widths)
        found = (round(even, 1), widths[0])
        if found > points:
            best, points = sign, found
    return best


def _rows(lines: Iterable[str], sign: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=sign))
    except csv.Error:
        return []
