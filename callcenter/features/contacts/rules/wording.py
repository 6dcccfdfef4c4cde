"""A filter in words, for people: «City contains “Tver” and (Sex is one of: woman or …)»."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from callcenter.core.i18n import N_
from callcenter.features.contacts.rules.filters import OPERATORS, Group, Rule

Names = Mapping[tuple[str, Any], str]
"""What ids are called: (type of the field, id) → name."""
SEX: dict[str, str] = {"m": N_("man"), "f": N_("woman")}
_JOINS = {"and": N_("and"), "or": N_("or")}


def say(tree: Group, translate: Callable[[str], str], names: Names | None = None) -> str:
    """The tree in the reader's language; '' when it asks for nothing."""
    return _group(tree, translate, names or {}, top=True)


def say_rule(rule: Rule, translate: Callable[[str], str], names: Names | None = None) -> str:
    """One condition in the reader's language."""
    title = rule.field.title if rule.field.own else translate(rule.field.title)
    joint = f" {translate(_JOINS['and' if rule.op == 'between' else 'or'])} "
    values = joint.join(_value(rule, one, translate, names or {}) for one in rule.values)
    return " ".join(part for part in (title, translate(OPERATORS[rule.op]), values) if part)


def _group(tree: Group, translate: Callable[[str], str], names: Names, *, top: bool = False) -> str:
    parts = [
        say_rule(item, translate, names) if isinstance(item, Rule) else _group(item, translate, names)
        for item in tree.items
    ]
    parts = [part for part in parts if part]
    said = f" {translate(_JOINS[tree.join])} ".join(parts)
    return said if top or len(parts) < 2 else f"({said})"


def _value(rule: Rule, value: Any, translate: Callable[[str], str], names: Names) -> str:
    kind = rule.field.type
    if rule.op in ("last_days", "not_last_days"):
        return str(value)
    if kind == "sex":
        return translate(SEX[value])
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, int):
        return "“" + (names.get((rule.field.key, value)) or names.get((kind, value), f"#{value}")) + "”"
    return f"“{value}”"
