"""Clients are filtered by how the last talk with them ended: its script, its outcome, when that was (OUT-19)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from callcenter.core.i18n import N_
from callcenter.features.contacts import api as contacts
from callcenter.features.scripts.models import Script, ScriptOutcome, ScriptResult
from callcenter.http.current import Current

SCRIPT, OUTCOME, AT = "last_script", "last_outcome", "last_result"
_Condition = ColumnElement[bool]


def _last() -> _Condition:
    """A result is the last of its client; what has no outcome is only a comment."""
    later = aliased(ScriptResult)
    after = or_(later.at > ScriptResult.at, and_(later.at == ScriptResult.at, later.id > ScriptResult.id))
    said = later.outcome_id.is_not(None)
    newer = exists().where(later.contact_id == ScriptResult.contact_id, said, after).correlate(ScriptResult)
    return and_(ScriptResult.outcome_id.is_not(None), ~newer)


def _asked(rule: contacts.Rule, when: contacts.When) -> _Condition | None:
    """What the rule asks of the last result; None = only whether there is one."""
    field, op, values = rule
    if op in ("empty", "filled"):
        return None
    if field.key == AT:
        return contacts.ordered(rule._replace(op=op.removeprefix("not_")), ScriptResult.at.expression, when)
    column = ScriptResult.script_id if field.key == SCRIPT else ScriptResult.outcome_id
    return column.in_(values)


def _where(rule: contacts.Rule, when: contacts.When) -> list[_Condition]:
    asked = _asked(rule, when)
    return [_last()] if asked is None else [asked, _last()]


def condition(rule: contacts.Rule, when: contacts.When) -> _Condition:
    """True for clients whose last result fits; with negative operators for all others."""
    mine = select(ScriptResult.id).where(ScriptResult.contact_id == contacts.Contact.id, *_where(rule, when))
    some = mine.correlate(contacts.Contact).exists()
    return ~some if rule.op == "empty" or rule.op.startswith("not_") else some


def look_up(rule: contacts.Rule, when: contacts.When) -> Select[Any] | None:
    """The clients whose last result fits, out of the results themselves."""
    if rule.op == "empty" or rule.op.startswith("not_"):
        return None
    return select(ScriptResult.contact_id).where(ScriptResult.contact_id.is_not(None), *_where(rule, when))


async def scripts(session: AsyncSession, _person: Current) -> list[tuple[int, str]]:
    """All scripts, also those in the archive: clients were talked to by them."""
    rows = await session.execute(select(Script.id, Script.name).order_by(Script.name, Script.id))
    return [(key, name) for key, name in rows]


async def outcomes(session: AsyncSession, _person: Current) -> list[tuple[int, str]]:
    """All outcomes with the names of their scripts."""
    rows = await session.execute(
        select(ScriptOutcome.id, Script.name, ScriptOutcome.title)
        .join(Script, Script.id == ScriptOutcome.script_id)
        .order_by(Script.name, ScriptOutcome.position, ScriptOutcome.id)
    )
    return [(key, f"{name}: {title}") for key, name, title in rows]


FIELDS = (
    contacts.Added(contacts.Field(SCRIPT, N_("Script of the last result"), "choice"), condition, look_up, scripts),
    contacts.Added(contacts.Field(OUTCOME, N_("Last result"), "choice"), condition, look_up, outcomes),
    contacts.Added(contacts.Field(AT, N_("Time of the last result"), "moment"), condition, look_up),
)
