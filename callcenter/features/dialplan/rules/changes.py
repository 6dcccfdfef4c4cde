"""What has changed between two documents, by entity and field. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.core.routing import clock
from callcenter.features.dialplan.rules import document

Names = Mapping[tuple[str, int], str]
SECTIONS: dict[str, str] = {
    "numbers": N_("Number"),
    "menus": N_("Voice menu"),
    "queues": N_("Queue"),
    "trunks": N_("Line to the operator"),
    "days": N_("Special day"),
    "own": N_("Own dialplan"),
    "emergency": N_("Emergency closing"),
}
FIELDS: dict[str, str] = {
    "asked": N_("Skill that callers need"), "survey": N_("Survey after the talk"),
    "active": N_("In use"),
    "activity": N_("When it is active"), "agent_id": N_("Owner"),
    "announce_seconds": N_("Place in the queue is told every"),
    "backup": N_("Takes calls out when another line is away"), "caller_id": N_("The one number that is shown"),
    "caller_rule": N_("What the called person sees"), "codecs": N_("Codecs in order of preference"),
    "domain": N_("Domain"), "number": N_("SIP number"), "position": N_("Place in the order of lines"),
    "qualify_seconds": N_("Asked whether it is there, every"), "busy": N_("Prompt when nobody is free"),
    "callback_key": N_("Key that asks for a call-back"),
    "closed": N_("Prompt for closed hours"), "closed_target": N_("After closing time"), "e164": N_("Number"),
    "emergency": N_("Prompt of the emergency closing"), "forward": N_("Forwarding"), "greeting": N_("Greeting"),
    "host": N_("Address"), "hours": N_("Working hours"), "kind": N_("Kind"), "last_days": N_("Last employee, days"),
    "main": N_("For new numbers"), "match": N_("Addresses that calls come from"), "max_callers": N_("Most callers"),
    "max_wait": N_("Waits at most"), "menu_id": N_("Menu that callers meet first"), "music": N_("Music"),
    "name": N_("Name"), "nobody": N_("Prompt when nobody answers"), "number_id": N_("Number"),
    "outgoing": N_("For calls out"), "overflow": N_("Overflow"), "own": N_("Text"),
    "own_first": N_("Own employee first"), "own_seconds": N_("Own employee rings"), "password": N_("Password"),
    "port": N_("Port"), "priority": N_("Priority"), "prompt": N_("Prompt"), "record": N_("Recording of calls"),
    "register": N_("Registration"), "repeats": N_("Repetitions"), "ring_seconds": N_("Rings for"), "spans": N_("Hours"),
    "strategy": N_("Distribution"), "target": N_("Where calls go"), "timeout": N_("When no key is pressed"),
    "title": N_("Name"), "trunk_id": N_("Line to the operator"), "username": N_("Login"),
    "wait_seconds": N_("Waits for a key"), "waiting": N_("Prompt while waiting"),
}  # fmt: skip
KEY = N_("Key %(key)s")
SECRET = frozenset({"password"})
_SECONDS = frozenset(
    {"announce_seconds", "max_wait", "own_seconds", "qualify_seconds", "ring_seconds", "wait_seconds", "wrapup_seconds"}
)
# Two or more columns that are one thing for people: its kind, id, number and prompt.
_TARGETS: dict[str, dict[str, tuple[str, ...]]] = {
    "numbers": {"target": ("target_kind", "target_id", "", "")},
    "menus": {"timeout": ("timeout_action", "timeout_target_id", "timeout_number", "timeout_prompt")},
}
_OF: dict[str, str] = {"menu_id": "menus", "trunk_id": "trunks", "agent_id": "agents", "number_id": "numbers"}
_GOAL_NAMES = {
    "queue": "queues",
    "voicemail": "queues",
    "menu": "menus",
    "agent": "agents",
    "agent_voicemail": "agents",
}
WORDS = {
    "survey": N_("%(first)s (1–%(first_most)s), %(second)s (1–%(second_most)s), then %(thanks)s"),
    "asked": N_("%(skill)s from level %(level)s%(more)s"),
    "asked_relaxed": N_(", after %(seconds)s s from level %(level)s%(more)s"),
    "asked_anybody": N_(", after %(seconds)s s anybody%(more)s"),
    "yes": N_("yes"), "no": N_("no"), "none": "—", "set": N_("set anew"), "seconds": N_("%(seconds)s s"),
    "goal": N_("%(what)s: %(name)s"), "gone": N_("not there any more"), "text": "%(text)s", "off": N_("off"),
    "forward_one": N_("to %(number)s, %(seconds)s s, %(attempts)s times"),
    "forward_own": N_("to the employee's own telephone, %(seconds)s s, %(attempts)s times"),
    "always": N_("always"), "endless": N_("repeats without end"), "holiday": N_("closed all day"),
    "lines": N_("%(number)s lines"), "never_open": N_("never open"),
    "day": "%(first)s %(spans)s%(comma)s%(more)s", "days": "%(first)s–%(last)s %(spans)s%(comma)s%(more)s",
    "zone": " (%(zone)s)",
}  # fmt: skip
GOALS = {
    "queue": N_("Queue"), "menu": N_("Voice menu"), "agent": N_("Employee"), "external": N_("Outside number"),
    "play": N_("Prompt"), "voicemail": N_("Voicemail"), "agent_voicemail": N_("Voicemail of the employee"),
    "repeat": N_("Once more from the beginning"), "hangup": N_("The call is ended"),
}  # fmt: skip
ACTIVITY = {
    "always": N_("at any time"), "open": N_("in working hours"), "closed": N_("in closed hours"), "never": N_("never"),
}  # fmt: skip
DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
STRATEGY = {
    "longest_idle": N_("Longest idle"), "ring_all": N_("Everybody at once"), "in_turn": N_("In turn"),
    "random": N_("Random"), "in_order": N_("In a fixed order"),
}  # fmt: skip


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A value in words: a gettext key with values; values that begin with ``_`` are gettext keys themselves."""

    text: str
    values: dict[str, Any] = {}


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field: its title (gettext key with values) and what it was and will be."""

    title: str
    values: dict[str, Any] = {}
    before: Said
    after: Said


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was added, removed or changed. ``section`` is a key of SECTIONS."""

    section: str
    id: int | str | None
    title: str
    kind: str
    fields: list[FieldChange] = []


def names(*documents: Mapping[str, Any]) -> dict[tuple[str, int], str]:
    """What things are called, by section and id; later documents count more."""
    found: dict[tuple[str, int], str] = {}
    for one in documents:
        for section in document.SECTIONS:
            for row in one.get(section, ()):
                if "id" in row:
                    found[section, row["id"]] = _title(section, row)
    return found


def _title(section: str, row: Mapping[str, Any]) -> str:
    if section == "numbers":
        return f"{shown(row['e164'])} {row.get('title', '')}".strip()
    if section == "days":
        return f"{row['day']} {row.get('title', '')}".strip()
    return str(row.get("name", ""))


def between(before: Mapping[str, Any], after: Mapping[str, Any], people: Names | None = None) -> list[Change]:
    """What callers would notice; ``people`` are the employees' names (section 'agents')."""
    known = names(before, after) | dict(people or {})
    found: list[Change] = []
    for section in document.SECTIONS:
        old, new = document.by_id(before.get(section, ())), document.by_id(after.get(section, ()))
        for key in sorted({*old, *new}, key=str):
            mine, theirs = old.get(key), new.get(key)
            row = theirs or mine or {}
            if mine is None or theirs is None:
                kind = "added" if mine is None else "removed"
                found.append(Change(section=section, id=key, title=_title(section, row), kind=kind))
                continue
            fields = _fields(section, mine, theirs, known)
            if fields:
                found.append(Change(section=section, id=key, title=_title(section, row), kind="changed", fields=fields))
    for single in ("own", "emergency"):
        if (before.get(single) or "") != (after.get(single) or ""):
            fields = [_field(single, before.get(single), after.get(single), known)]
            found.append(Change(section=single, id=None, title="", kind="changed", fields=fields))
    return found


def _fields(section: str, old: Mapping[str, Any], new: Mapping[str, Any], known: Names) -> list[FieldChange]:
    changed = set(document.differing(old, new)) - set(document.SILENT_FIELDS.get(section, ()))
    found = []
    for name, parts in _TARGETS.get(section, {}).items():
        if changed & set(parts):
            changed -= set(parts)
            found.append(_field(name, _goal(old, parts), _goal(new, parts), known))
    if "keys" in changed:
        changed.discard("keys")
        found += _keys(old.get("keys") or (), new.get("keys") or (), known)
    found += [_field(name, old.get(name), new.get(name), known) for name in sorted(changed)]
    return found


def _goal(row: Mapping[str, Any], parts: tuple[str, ...]) -> dict[str, Any]:
    return {name: row.get(column) for name, column in zip(("kind", "id", "number", "prompt"), parts, strict=True)}


def _keys(old: Any, new: Any, known: Names) -> list[FieldChange]:
    def goals(rows: Any) -> dict[str, dict[str, Any]]:
        parts = ("action", "target_id", "number", "prompt")
        return {row["key"]: _goal(row, parts) for row in rows}

    before, after = goals(old), goals(new)
    return [
        FieldChange(
            title=KEY,
            values={"key": key},
            before=_said("goal", before.get(key), known),
            after=_said("goal", after.get(key), known),
        )
        for key in sorted({*before, *after}, key="1234567890*#".find)
        if before.get(key) != after.get(key)
    ]


def _field(name: str, old: Any, new: Any, known: Names) -> FieldChange:
    if name in SECRET:
        return FieldChange(title=FIELDS[name], before=Said(text=WORDS["none"]), after=Said(text=WORDS["set"]))
    kind = "goal" if name in ("target", "timeout") else name
    return FieldChange(title=FIELDS.get(name, name), before=_said(kind, old, known), after=_said(kind, new, known))


def _said(name: str, value: Any, known: Names) -> Said:
    if name in ("goal", "closed_target", "overflow"):
        return _goal_said(value, known)
    if name == "survey" and value:
        return Said(
            text=WORDS["survey"],
            values={part: value.get(part) or WORDS["none"] for part in ("first", "second", "thanks")}
            | {part: value.get(part, 5) for part in ("first_most", "second_most")},
        )
    if name == "asked" and value:
        return _asked_said(value, known)
    if name == "forward":
        return _forward_said(value)
    if name == "hours":
        return _hours_said(value)
    if name == "spans":
        return Said(text=WORDS["text"], values={"text": _spans(value)}) if value else Said(text=WORDS["holiday"])
    if isinstance(value, bool):
        return Said(text=WORDS["yes" if value else "no"])
    if value is None or value == "":
        return Said(text=WORDS["none"])
    if name in _OF:
        found = known.get((_OF[name], value))
        return Said(text=WORDS["text"], values={"text": found}) if found else Said(text=WORDS["gone"])
    if name == "own":
        return Said(text=WORDS["lines"], values={"number": len(str(value).splitlines())})
    if name in _SECONDS:
        return Said(text=WORDS["seconds"], values={"seconds": value})
    if name == "repeats" and value == -1:
        return Said(text=WORDS["endless"])
    if name == "activity" and value in ACTIVITY:
        return Said(text=ACTIVITY[value])
    if name == "strategy" and value in STRATEGY:
        return Said(text=STRATEGY[value])
    return Said(text=WORDS["text"], values={"text": str(value)[:200]})


def _goal_said(value: Any, known: Names) -> Said:
    if not value or not value.get("kind"):
        return Said(text=WORDS["none"])
    kind = str(value["kind"])
    title = GOALS.get(kind, kind)
    name = value.get("number") or value.get("prompt") or ""
    if kind in _GOAL_NAMES and value.get("id") is not None:
        name = known.get((_GOAL_NAMES[kind], value["id"]), "")
        if not name:
            return Said(text=WORDS["goal"], values={"_what": title, "_name": WORDS["gone"]})
    return Said(text=WORDS["goal"], values={"_what": title, "name": name}) if name else Said(text=title)


def _asked_said(value: Any, known: Names) -> Said:
    more: Any = ""
    for step in reversed(value.get("relax") or ()):
        word = WORDS["asked_relaxed" if step["level"] else "asked_anybody"]
        more = {"key": word, "seconds": step["after"], "level": step["level"], "more": more}
    name = known.get(("skills", value["skill_id"]))
    skill: dict[str, Any] = {"skill": name} if name else {"_skill": WORDS["gone"]}
    return Said(text=WORDS["asked"], values={**skill, "level": value["level"], "more": more})


def _forward_said(value: Any) -> Said:
    mode = (value or {}).get("mode", "off")
    if mode == "off":
        return Said(text=WORDS["off"])
    values = {"seconds": value.get("seconds", 25), "attempts": value.get("attempts", 1), "number": value.get("number")}
    return Said(text=WORDS["forward_one" if mode == "one" else "forward_own"], values=values)


def _hours_said(value: Any) -> Said:
    """Equal days as one: ``Mon–Fri 09:00–18:00, Sat 10:00–15:00``; closed ones are left out."""
    if not value:
        return Said(text=WORDS["always"])
    runs: list[tuple[int, int, str]] = []
    for day, spans in enumerate(map(_spans, value["week"])):
        if runs and runs[-1][1:] == (day - 1, spans):
            runs[-1] = (runs[-1][0], day, spans)
        else:
            runs.append((day, day, spans))
    zone = value.get("zone", "")
    said, comma = Said(text=WORDS["never_open"]), ""
    more: Any = {"key": WORDS["zone"], "zone": zone} if zone else ""
    for first, last, spans in reversed([run for run in runs if run[2]]):
        days = {"_first": DAYS[first], "_last": DAYS[last], "spans": spans, "comma": comma, "more": more}
        said, comma = Said(text=WORDS["day" if first == last else "days"], values=days), ", "
        more = {"key": said.text, **days}
    return said


def _spans(spans: Any) -> str:
    return ", ".join(f"{clock(int(begin))}–{clock(int(end))}" for begin, end in spans or ())
