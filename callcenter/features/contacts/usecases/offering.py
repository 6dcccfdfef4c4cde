"""What the filter builder offers, for the list of clients and for whatever else chooses clients by a filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.models import Contact, ContactChoice, ContactList, Tag
from callcenter.features.contacts.queries import access, filtering, lists
from callcenter.features.contacts.queries import labels as labelled
from callcenter.features.contacts.queries.added import fields_added
from callcenter.features.contacts.rules import columns, filters, wording
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.rules.filters import Field, ListState
from callcenter.features.contacts.usecases import browsing
from callcenter.http.current import Current
from callcenter.plugin import Services

MOST_TAGS = 500
Options = Mapping[str, list[tuple[int, str]]]
"""What there is to choose: by kind (type, warmth, member, tags, lists) ids with their names."""
_LISTS = select(ContactList.id, ContactList.title).order_by(ContactList.title)
_Gettext = Callable[[str], str]


class Builder(NamedTuple):
    """What ``contacts/builder.js`` draws a builder of: JSON-ready."""

    fields: list[dict[str, Any]]
    operators: dict[str, str]
    by_type: Mapping[str, tuple[str, ...]]


async def builder(session: AsyncSession, person: Current, gettext: _Gettext) -> Builder:
    """The builder for persons, in the reader's language."""
    there = await browsing.known(session, "person")
    operators = {key: gettext(text) for key, text in filters.OPERATORS.items()}
    return Builder(fields(there.fields, await options(session, person), gettext), operators, filters.BY_TYPE)


async def options(session: AsyncSession, person: Current) -> dict[str, list[tuple[int, str]]]:
    """What the fields of the filter can be compared with."""
    who = await access.viewer(session, person)
    choices = list(await session.scalars(select(ContactChoice).order_by(ContactChoice.position, ContactChoice.id)))
    return {
        "type": [(one.id, one.title) for one in choices if one.kind == "type"],
        "warmth": [(one.id, one.title) for one in choices if one.kind == "warmth"],
        "member": [(one.membership_id, one.name) for one in await accounts.people(session)],
        "tags": await _tags(session, who),
        "lists": [(key, title) for key, title in await session.execute(_LISTS)],
        **{
            one.field.key: await one.options(session, person)
            for one in fields_added.values()
            if one.options is not None
        },
    }


async def _tags(session: AsyncSession, who: Viewer) -> list[tuple[int, str]]:
    """The tags that can be filtered by; who sees all clients is not kept waiting for counts."""
    if not who.everything:
        return [(one.tag.id, one.tag.title) for one in await labelled.tags(session, who)]
    rows = await session.execute(select(Tag.id, Tag.title).order_by(Tag.key, Tag.id).limit(MOST_TAGS))
    return [(key, title) for key, title in rows]


def fields(known: Mapping[str, Field], there: Options, gettext: _Gettext) -> list[dict[str, Any]]:
    """The fields that a filter can ask for."""
    made = []
    for field in known.values():
        kind = field.key if field.type == "choice" else field.type
        choose: list[tuple[Any, str]] = list(there.get(kind, []))
        if field.type == "sex":
            choose = [(key, gettext(text)) for key, text in wording.SEX.items()]
        if field.type == "options":
            choose = [(one, one) for one in field.options]
        title = field.title if field.own else gettext(field.title)
        made.append({"key": field.key, "title": title, "type": field.type, "options": choose})
    return made


def said(where: dict[str, Any] | None, known: Mapping[str, Field], there: Options, gettext: _Gettext) -> str:
    """A super-filter in words; '' when it asks for nothing."""
    if not where:
        return ""
    names: dict[tuple[str, Any], str] = {}
    for kind, some in there.items():
        if kind in fields_added:
            names |= {(kind, key): title for key, title in some}
            continue
        names |= {("choice" if kind in ("type", "warmth") else kind, key): title for key, title in some}
    return wording.say(filters.decode(where, known), gettext, names)


async def in_words(session: AsyncSession, person: Current, state: ListState, gettext: _Gettext) -> str:
    """The super-filter of persons that a state holds, in words; '' when it asks for nothing or cannot be read now."""
    if not state.where:
        return ""
    there = await browsing.known(session, "person")
    try:
        return said(state.where, there.fields, await options(session, person), gettext)
    except BadInput:
        # A field that it asks for is gone.
        return ""


async def total(services: Services, session: AsyncSession, person: Current, state: ListState) -> int:
    """How many clients the person finds with this state. Raises BadInput for a filter that is none."""
    wish = browsing.Asked(state, [], columns.Sort("number", down=True), per_page=1)
    return (await browsing.find(services, session, person, wish)).total


async def walked(session: AsyncSession, who: Viewer, state: ListState) -> filtering.Condition:
    """The condition for a walk over all clients by their ids, which no other index is taken for."""
    return and_(*await filtering.conditions(session, who, state, walk=False))


async def stretch(
    services: Services,
    session: AsyncSession,
    person: Current,
    state: ListState,
    *,
    below: int | None = None,
    above: int | None = None,
    limit: int,
) -> list[Contact]:
    """Clients whom the person finds with this state by their № downwards: after ``below``, or just before ``above``.

    Raises BadInput for a filter that is none.
    """
    who = await access.viewer(session, person)
    sizes = services.part(lists.Sizes, lambda all: lists.Sizes(all.clock.epoch))
    plan = await lists.plan(session, who, state, sizes, person.business_id)
    return await lists.stretch(session, plan, below=below, above=above, limit=limit)
