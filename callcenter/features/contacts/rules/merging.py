"""What of other cards fills the empty fields of the one that stays (IMP-33). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# Fields that say something only together: of another card they are taken only if they do not contradict the base.
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("first_name", "last_name"),
    ("organisation_id", "organisation"),
    ("inn", "kpp"),
)
SINGLE: tuple[str, ...] = (
    "sex",
    "birth_date",
    "position",
    "address",
    "city",
    "industry",
    "description",
    "type_id",
    "warmth_id",
    "currency",
    "responsible_id",
    "photo",
    "number",
)
# Switches have no empty value: the first one of each counts as empty, so that a refusal of mailings is never lost.
SWITCHES: dict[str, Any] = {"access": "default", "blocked": False, "subscribed": True}
FIELDS: tuple[str, ...] = ("name", *(name for some in TOGETHER for name in some), *SINGLE, *SWITCHES)


def filled(base: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields of ``base`` (column → value, all of FIELDS) that the others fill, the earlier one first.

    Nothing that the base has is ever in the answer.
    """
    now = dict(base)
    for other in others:
        for name in SINGLE:
            if empty(now[name]) and not empty(other[name]):
                now[name] = other[name]
        for name, nothing in SWITCHES.items():
            if now[name] == nothing:
                now[name] = other[name]
        for some in TOGETHER:
            _together(now, other, some)
        if empty(now["name"]):
            now["name"] = other["name"]
    if now["kind"] == "person" and (now["first_name"], now["last_name"]) != (base["first_name"], base["last_name"]):
        now["name"] = " ".join(part for part in (now["first_name"], now["last_name"]) if part)[:200]
    return {name: now[name] for name in FIELDS if now[name] != base[name]}


def empty(value: Any) -> bool:
    """Whether a field has nothing in it."""
    return value is None or value == ""


def _together(now: dict[str, Any], other: Mapping[str, Any], names: tuple[str, ...]) -> None:
    if names[0] == "first_name" and now["name"] and not now["first_name"] and not now["last_name"]:
        # A name that was never taken apart is a whole one.
        return
    if any(not empty(now[name]) and not empty(other[name]) and not _same(now[name], other[name]) for name in names):
        return
    for name in names:
        if empty(now[name]):
            now[name] = other[name]


def _same(one: Any, two: Any) -> bool:
    return bool(one == two) or (isinstance(one, str) and isinstance(two, str) and one.casefold() == two.casefold())
