"""Which clients are meant: a filter of the list, or rows that were ticked. Trees of rules.filters become SQL here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.clock import SystemClock
from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactField,
    ContactFile,
    ContactListMember,
    ContactPhone,
    ContactTag,
    ContactValue,
)
from callcenter.features.contacts.queries import places, searching
from callcenter.features.contacts.queries.access import visible
from callcenter.features.contacts.queries.added import fields_added
from callcenter.features.contacts.rules import filters
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.rules.filters import Field, Group, ListState, Rule, When

Condition = ColumnElement[bool]

_TEXTS: dict[str, Any] = {
    "first_name": Contact.first_name,
    "last_name": Contact.last_name,
    "organisation": Contact.organisation,
    "position": Contact.position,
    "city": Contact.city,
    "address": Contact.address,
    "industry": Contact.industry,
    "inn": Contact.inn,
    "kpp": Contact.kpp,
    "currency": Contact.currency,
    "description": Contact.description,
}
_VALUES: dict[str, Any] = {
    "number": Contact.number,
    "birth_date": Contact.birth_date,
    "created": Contact.created_at,
    "changed": Contact.changed_at,
    "last_call": Contact.last_call_at,
}
_IDS: dict[str, Any] = {"type": Contact.type_id, "warmth": Contact.warmth_id, "responsible": Contact.responsible_id}
# What of a card stands in Contact.search, so that its trigram index helps.
_SEARCHED = ("name", "first_name", "last_name", "organisation", "position", "inn", "phone", "email")


class Narrowing(NamedTuple):
    """What an index can look up: each contact that a condition is true for is in one of ``selects`` (of ids).

    ``text``: by the index of the search, which finds slower than the others. ``direct``: the same as conditions on
    Contact, when the database needs no look-up apart.
    """

    selects: tuple[Select[Any], ...]
    text: bool = False
    direct: tuple[Condition, ...] = ()

    @property
    def among(self) -> Condition:
        """The condition that a contact is one of those."""
        return or_(*(self.direct or (Contact.id.in_(one) for one in self.selects)))


class Selection(msgspec.Struct, kw_only=True):
    """Clients that somebody chose: ``ids`` that were ticked, or with ``everything`` all that ``filter`` finds.

    ``filter`` is the state of the list (rules.filters.ListState): section, state, search, conditions. JSON-ready, so
    a background job can keep it; it is looked up with the rights of who chose.
    """

    ids: list[int] = []
    everything: bool = False
    filter: dict[str, Any] = {}


async def selected(session: AsyncSession, who: Viewer, chosen: Selection) -> Condition:
    """The condition under which a contact is chosen and ``who`` sees it. Raises BadInput for a filter that is none."""
    if not chosen.everything:
        return and_(Contact.id.in_(chosen.ids), visible(who)) if chosen.ids else false()
    return await matching(session, who, state_of(chosen.filter))


def state_of(raw: dict[str, Any]) -> ListState:
    """The list's state that was sent or kept as JSON. Raises BadInput."""
    try:
        return msgspec.convert(raw, ListState)
    except msgspec.ValidationError:
        message = N_("The filter cannot be read. Build it anew.")
        raise BadInput(message, fields={"filter": message}, code="bad_filter") from None


async def matching(session: AsyncSession, who: Viewer, state: ListState) -> Condition:
    """The condition under which ``who`` finds a contact in a list with this state. Raises BadInput."""
    return and_(*await conditions(session, who, state))


async def conditions(session: AsyncSession, who: Viewer, state: ListState, *, walk: bool = True) -> list[Condition]:
    """``matching`` in its parts; with ``walk`` False so that no index of persons is walked. Raises BadInput."""
    kind, place = Contact.kind.expression, Contact.state.expression
    if not walk:
        kind, place = func.coalesce(kind, ""), func.coalesce(place, "")
    where: list[Condition] = [kind == state.kind, place == state.state, visible(who)]
    if text := state.search.strip():
        where.append(searching.matches(session, text))
    if state.list is not None:
        where.append(_in_lists([state.list]))
    when = when_of(state)
    return [*where, *(compiled(session, group, when) for group in await trees(session, state))]


async def narrowings(session: AsyncSession, state: ListState) -> list[Narrowing]:
    """What of the state an index can look up by itself: every match is in each of these."""
    found: list[Narrowing] = []
    if searching.indexed(text := state.search.strip()):
        found.append(_by_text(session, text))
    if state.list is not None:
        found.append(Narrowing((select(ContactListMember.contact_id).where(ContactListMember.list_id == state.list),)))
    when = when_of(state)
    for group in await trees(session, state):
        found += _narrow(session, group, when, state)
    return found


async def trees(session: AsyncSession, state: ListState) -> list[Group]:
    """The super-filter and the quick filters, checked. Raises BadInput."""
    if not state.where and not state.quick:
        return []
    known = await known_fields(session, state.kind)
    made = [filters.decode(state.where, known), filters.decode({"join": "and", "items": state.quick}, known)]
    when = when_of(state)
    return [await _placed(session, one, when) for one in made if one.items]


async def _placed(session: AsyncSession, group: Group, when: When) -> Group:
    """The tree with the places (ids of ContactZone) where it is such a time now, in place of times of day."""
    items: list[Rule | Group] = []
    for item in group.items:
        if isinstance(item, Group):
            items.append(await _placed(session, item, when))
        elif item.field.type == "clock":
            first, last = item.values
            items.append(item._replace(values=await places.where_it_is(session, first, last, _now(when))))
        else:
            items.append(item)
    return group._replace(items=tuple(items))


async def known_fields(session: AsyncSession, entity: str) -> dict[str, Field]:
    """What persons or organisations of this business can be filtered by, own fields last."""
    own = await session.scalars(
        select(ContactField)
        .where(ContactField.entity == entity, ContactField.key.is_(None))
        .order_by(ContactField.position, ContactField.id)
    )
    made = [filters.own_field(one.id, one.title, one.type, one.options) for one in own]
    added = {key: one.field for key, one in fields_added.items() if entity in one.entities}
    return filters.base_fields(entity) | added | {one.key: one for one in made}


def when_of(state: ListState) -> When:
    """What relative dates and clocks are counted from; the present when the state does not fix it."""
    now = SystemClock().now()
    return When(state.today or now.date(), state.zone, state.now or now)


def _now(when: When) -> datetime:
    return when.now or SystemClock().now()


def compiled(session: AsyncSession, tree: Group | Rule, when: When) -> Condition:
    """The tree as a condition on Contact. Conditions on other tables are EXISTS, so that a list can be walked."""
    if isinstance(tree, Rule):
        return _rule(session, tree, when)
    parts = [compiled(session, item, when) for item in tree.items]
    if not parts:
        return true()
    return and_(*parts) if tree.join == "and" else or_(*parts)


def _rule(session: AsyncSession, rule: Rule, when: When) -> Condition:
    field, op, values = rule
    if (added := fields_added.get(field.key)) is not None:
        return added.condition(rule, when)
    if field.own:
        return _own(session, rule, when)
    if field.type == "clock":
        return Contact.zone_id.in_(values)
    if op in ("yes", "no"):
        yes = _flag(field.key)
        return yes if op == "yes" else ~yes
    if field.type == "phone":
        return _many(
            session, op, values, ContactPhone.e164.expression, ContactPhone.contact_id == Contact.id, ContactPhone.id
        )
    if field.type in ("email", "channel"):
        owned = and_(ContactChannel.contact_id == Contact.id, ContactChannel.kind == field.key)
        folded = tuple(value.casefold() for value in values)
        return _many(session, op, folded, ContactChannel.key.expression, owned, ContactChannel.id)
    if field.type == "tags":
        return _labels(op, values, _in_tags)
    if field.type == "lists":
        return _labels(op, values, _in_lists)
    if field.type in ("choice", "member"):
        return _scalar(op, values, _IDS[field.key])
    if field.type == "sex":
        return _empty(op, Contact.sex == "", lambda: Contact.sex.in_(values))
    if field.type in ("number", "date", "moment"):
        return ordered(rule, _VALUES[field.key], when)
    if field.key == "name":
        return _text(session, op, tuple(value.casefold() for value in values), Contact.name_key.expression)
    return _text(session, op, filters.spellings(values[0]) if values else (), _TEXTS[field.key])


def _flag(key: str) -> Condition:
    if key == "has_phone":
        return select(ContactPhone.id).where(ContactPhone.contact_id == Contact.id).exists()
    if key == "has_email":
        mails = select(ContactChannel.id).where(ContactChannel.contact_id == Contact.id, ContactChannel.kind == "email")
        return mails.exists()
    if key == "called":
        return Contact.called_at.is_not(None)
    return Contact.blocked.expression if key == "blocked" else Contact.subscribed.expression


def _text(session: AsyncSession, op: str, values: Sequence[str], column: ColumnElement[Any]) -> Condition:
    """``values`` are spellings of one text."""
    if op in ("empty", "filled"):
        return column == "" if op == "empty" else column != ""
    if op in ("equals", "not_equals"):
        return column.in_(values) if op == "equals" else column.not_in(values)
    if op == "begins":
        return or_(*(func.substr(column, 1, len(one)) == one for one in values))
    has = or_(*(searching.has(session, column, one) for one in values))
    return has if op == "contains" else ~has


def _many(
    session: AsyncSession, op: str, values: Sequence[str], column: ColumnElement[Any], owned: Condition, key: Any
) -> Condition:
    """On a table with several rows a contact: any of them; with the negative operators none of them."""
    rows = select(key).where(owned)
    if op in ("empty", "filled"):
        return rows.exists() if op == "filled" else ~rows.exists()
    positive = {"not_equals": "equals", "not_contains": "contains"}.get(op, op)
    some = rows.where(_text(session, positive, values, column)).exists()
    return some if positive == op else ~some


def _labels(op: str, ids: Sequence[int], some: Callable[[Sequence[int] | None], Condition]) -> Condition:
    if op in ("empty", "filled"):
        return some(None) if op == "filled" else ~some(None)
    return some(ids) if op == "in" else ~some(ids)


def _in_tags(ids: Sequence[int] | None) -> Condition:
    rows = select(ContactTag.tag_id).where(ContactTag.contact_id == Contact.id)
    return (rows if ids is None else rows.where(ContactTag.tag_id.in_(ids))).exists()


def _in_lists(ids: Sequence[int] | None) -> Condition:
    rows = select(ContactListMember.list_id).where(ContactListMember.contact_id == Contact.id)
    return (rows if ids is None else rows.where(ContactListMember.list_id.in_(ids))).exists()


def _scalar(op: str, values: Sequence[Any], column: ColumnElement[Any]) -> Condition:
    if op in ("empty", "filled"):
        return column.is_(None) if op == "empty" else column.is_not(None)
    return column.in_(values) if op == "in" else or_(column.is_(None), column.not_in(values))


def _empty(op: str, empty: Condition, some: Callable[[], Condition]) -> Condition:
    if op in ("empty", "filled"):
        return empty if op == "empty" else ~empty
    return some() if op == "in" else ~some()


def ordered(rule: Rule, column: ColumnElement[Any], when: When) -> Condition:
    """The condition that a column with numbers, days or moments fits the rule."""
    field, op, values = rule
    if op in ("empty", "filled"):
        return column.is_(None) if op == "empty" else column.is_not(None)
    if field.type == "number":
        if op in ("equals", "not_equals"):
            return column == values[0] if op == "equals" else or_(column.is_(None), column != values[0])
        if op == "between":
            return and_(column >= values[0], column <= values[1])
        compared: Condition = column > values[0] if op == "greater" else column < values[0]
        return compared
    if op == "not_last_days":
        # Whoever has no date at all was not there in these days either.
        return or_(column.is_(None), not_(ordered(rule._replace(op="last_days"), column, when)))
    first, after = filters.span(field, op, values, when)
    bounds = [column >= first] if first is not None else []
    return and_(*bounds, column < after) if after is not None else and_(*bounds)


def _own(session: AsyncSession, rule: Rule, when: When) -> Condition:
    field, op, _ = rule
    field_id = int(field.key[1:])
    if field.type == "file":
        files = select(ContactFile.id).where(ContactFile.contact_id == Contact.id, ContactFile.field_id == field_id)
        return files.exists() if op == "filled" else ~files.exists()
    rows = select(ContactValue.field_id).where(ContactValue.contact_id == Contact.id, ContactValue.field_id == field_id)
    # A list that is sorted by an own field reads the same table: this condition has rows of its own.
    rows = rows.correlate(Contact)
    if op in ("empty", "filled"):
        return rows.exists() if op == "filled" else ~rows.exists()
    positive = {"not_equals": "equals", "not_contains": "contains", "not_in": "in", "not_last_days": "last_days"}.get(
        op, op
    )
    some = rows.where(_own_value(session, rule._replace(op=positive), when)).exists()
    return some if positive == op else ~some


def _own_value(session: AsyncSession, rule: Rule, when: When) -> Condition:
    field, op, values = rule
    if field.type == "options":
        return ContactValue.key.in_([value.casefold() for value in values])
    if field.type in ("number", "date"):
        return ordered(
            rule, ContactValue.amount.expression if field.type == "number" else ContactValue.day.expression, when
        )
    return _text(session, op, tuple(value.casefold() for value in values), ContactValue.key.expression)


# --- what an index can look up ---


def _narrow(session: AsyncSession, tree: Group, when: When, state: ListState) -> list[Narrowing]:
    """The narrowings of a tree: those of each part of an «and»; of an «or» one that joins one of each part."""
    found = [
        _narrow(session, item, when, state) if isinstance(item, Group) else _narrow_rule(session, item, when, state)
        for item in tree.items
    ]
    if tree.join == "and":
        return [narrowing for part in found for narrowing in part]
    if not found or not all(found):
        return []
    joined = [part[0] for part in found]
    selects = tuple(one for narrowing in joined for one in narrowing.selects)
    direct = tuple(one for narrowing in joined for one in narrowing.direct)
    alike = all(narrowing.direct for narrowing in joined)
    return [Narrowing(selects, any(narrowing.text for narrowing in joined), direct if alike else ())]


def _by_text(session: AsyncSession, text: str) -> Narrowing:
    direct = searching.condition(session, text)
    return Narrowing((searching.candidates(session, text),), text=True, direct=() if direct is None else (direct,))


def _narrow_rule(session: AsyncSession, rule: Rule, when: When, state: ListState) -> list[Narrowing]:
    field, op, values = rule
    contact = select(Contact.id).where(Contact.kind == state.kind, Contact.state == state.state)
    if (added := fields_added.get(field.key)) is not None:
        found = added.look_up(rule, when)
        return [] if found is None else [Narrowing((found,))]
    if field.type == "clock" or field.key == "called":
        return [Narrowing((contact.where(_rule(session, rule, when)),))]
    if op in ("empty", "filled", "yes", "no") or op.startswith("not_"):
        return []
    if field.own and field.type != "file":
        mine = select(ContactValue.contact_id).where(ContactValue.field_id == int(field.key[1:]))
        return [Narrowing((mine.where(_own_value(session, rule, when)),))] if op not in ("contains", "begins") else []
    if field.type in ("number", "date", "moment") and field.key != "changed":
        return [Narrowing((contact.where(ordered(rule, _VALUES[field.key], when)),))]
    if field.type == "tags":
        return [Narrowing((select(ContactTag.contact_id).where(ContactTag.tag_id.in_(values)),))]
    if field.type == "lists":
        return [Narrowing((select(ContactListMember.contact_id).where(ContactListMember.list_id.in_(values)),))]
    if field.key == "responsible":
        return [Narrowing((contact.where(Contact.responsible_id.in_(values)),))]
    if op == "equals":
        if field.type == "phone":
            return [Narrowing((select(ContactPhone.contact_id).where(ContactPhone.e164 == values[0]),))]
        if field.type in ("email", "channel"):
            owned = ContactChannel.kind == field.key
            return [
                Narrowing((select(ContactChannel.contact_id).where(owned, ContactChannel.key == values[0].casefold()),))
            ]
        if field.key == "name":
            return [Narrowing((contact.where(Contact.name_key == values[0].casefold()),))]
        if field.key == "city":
            return [Narrowing((contact.where(Contact.city.in_(filters.spellings(values[0]))),))]
    if field.key in _SEARCHED and searching.indexed(str(values[0])):
        return [_by_text(session, str(values[0]))]
    return []
