"""A version's document: the other features' records as plain data, one list a section. Pure.

It is written generically: whatever fields a record has are kept, so that a field that comes with a later release is in
the versions from its first day. When an older document lacks a field, the record gets today's value, else an empty one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
FORMAT = 1
SECTIONS = ("numbers", "menus", "queues", "trunks", "days")
# Who serves a queue is always live; the rest is made of other fields.
LIVE_FIELDS: dict[str, tuple[str, ...]] = {"queues": ("members",)}
# What no caller hears or meets: it is live at once, and no change of the routing.
SILENT_FIELDS: dict[str, tuple[str, ...]] = {
    "numbers": ("created_at", "title", "takers", "missed_agent_id"),
    "queues": ("name", "asterisk_strategy", "answer_target", "short_abandon", "wrapup_seconds"),
    "menus": ("name",),
    "trunks": ("name", "created_at"),
}
_OWNER = "business_id"


def section(name: str, records: Iterable[msgspec.Struct]) -> list[dict[str, Any]]:
    """Records as plain data, in the order of their ids, without what is live."""
    # By JSON, so that it is the same to the last bracket as what comes back from the database.
    rows = msgspec.json.decode(msgspec.json.encode(list(records)))
    dropped = (*LIVE_FIELDS.get(name, ()), _OWNER)
    return sorted(({k: v for k, v in row.items() if k not in dropped} for row in rows), key=key)


def records(
    kind: type[T], rows: Iterable[Mapping[str, Any]], business_id: int, today: Mapping[int, T] | None = None
) -> list[T]:
    """The records of a section. ``today`` (by id) is where fields come from that the document does not know yet."""
    found = []
    for row in rows:
        values = dict(row) | {_OWNER: business_id}
        known = (today or {}).get(values.get("id", 0))
        for field in msgspec.structs.fields(kind):
            if field.name not in values and field.required:
                values[field.name] = _of(known, field.name) if known is not None else _empty(field.type)
        found.append(msgspec.convert(values, kind))
    return found


def _of(record: msgspec.Struct, name: str) -> Any:
    return msgspec.to_builtins(getattr(record, name))


def _empty(kind: Any) -> Any:
    info = msgspec.inspect.type_info(kind)
    kinds = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    for one in kinds:
        if isinstance(one, msgspec.inspect.NoneType):
            return None
    for wanted, value in _EMPTY:
        if any(isinstance(one, wanted) for one in kinds):
            return value
    return None


_EMPTY: tuple[tuple[type[Any], Any], ...] = (
    (msgspec.inspect.BoolType, False),
    (msgspec.inspect.IntType, 0),
    (msgspec.inspect.FloatType, 0.0),
    (msgspec.inspect.StrType, ""),
    (msgspec.inspect.VarTupleType, []),
    (msgspec.inspect.ListType, []),
    (msgspec.inspect.DictType, {}),
    (msgspec.inspect.DateTimeType, "1970-01-01T00:00:00Z"),
)


def heard(document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a document that callers may notice: two that are alike here need no apply."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        if not isinstance(value, list):
            found[name] = value
            continue
        quiet = SILENT_FIELDS.get(name, ())
        found[name] = [{k: v for k, v in row.items() if k not in quiet} for row in value]
    found.pop("format", None)
    return found


def key(row: Mapping[str, Any]) -> Any:
    """What tells a row from others of its section: its id, a day's date."""
    return row.get("id", row.get("day"))


def complete(document: Mapping[str, Any], today: Mapping[str, Any]) -> dict[str, Any] | None:
    """The document with the fields and sections that a later release has added, as they are today; None when whole.

    Without this a new field would look like a change that nobody made.
    """
    found, changed = dict(document), False
    for name, rows in today.items():
        if name not in found:
            found[name], changed = rows, True
            continue
        if not isinstance(rows, list):
            continue
        now = by_id(rows)
        fresh = []
        for row in found[name]:
            missing = {k: v for k, v in now.get(key(row), {}).items() if k not in row}
            changed = changed or bool(missing)
            fresh.append(dict(row) | missing)
        found[name] = fresh
    return found if changed else None


def with_lines(live: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Any]:
    """The live document with the lines to operators as the tables have them; every other draft stays one.

    What a line brings comes along: which line a number goes over, and the line's own number (by ``e164``) with the
    queue that serves it.
    """
    theirs = by_id(tables["numbers"])
    known = by_id(live["numbers"])
    numbers = [dict(row) | {"trunk_id": theirs.get(one, row).get("trunk_id")} for one, row in known.items()]
    own = {row.get("number") for row in tables["trunks"]}
    fresh = [row for one, row in theirs.items() if one not in known and row.get("e164") in own]
    serving = {row.get("target_id") for row in fresh if row.get("target_kind") == "queue"}
    there = by_id(live["queues"])
    queues = [row for one, row in by_id(tables["queues"]).items() if one in serving and one not in there]
    changed = {
        "trunks": list(tables["trunks"]),
        "numbers": sorted([*numbers, *fresh], key=key),
        "queues": sorted([*there.values(), *queues], key=key),
    }
    return dict(live) | changed


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether callers would notice no difference."""
    first, second = heard(one), heard(other)
    return all(_alike(first.get(name), second.get(name)) for name in {*first, *second})


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, list) or isinstance(other, list):
        mine, theirs = by_id(one or []), by_id(other or [])
        return mine.keys() == theirs.keys() and all(not differing(mine[key], theirs[key]) for key in mine)
    return (one or None) == (other or None)


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The fields in which two rows differ; one that only one of them knows counts when it holds something."""
    names = list(dict.fromkeys((*one, *other)))
    return [
        name
        for name in names
        if (one[name] != other[name] if name in one and name in other else bool(one.get(name) or other.get(name)))
    ]


def by_id(rows: Iterable[Mapping[str, Any]]) -> dict[Any, Mapping[str, Any]]:
    """Rows by their id (days without one by the day)."""
    return {key(row): row for row in rows}
