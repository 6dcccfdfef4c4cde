"""Which clients are meant: a filter of the list, or rows that were ticked."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, false
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.queries.access import visible
from callcenter.features.contacts.rules.access import Viewer


class Selection(msgspec.Struct, kw_only=True):
    """Clients that somebody chose: ``ids`` that were ticked, or with ``everything`` all that ``filter`` finds.

    ``filter`` is the state of the list (rules.filters): search, section, conditions. JSON-ready, so a background job
    can keep it; it is looked up with the rights of who chose.
    """

    ids: list[int] = []
    everything: bool = False
    filter: dict[str, Any] = {}


async def selected(session: AsyncSession, who: Viewer, chosen: Selection) -> ColumnElement[bool]:
    """The condition under which a contact is chosen and ``who`` sees it."""
    if not chosen.everything:
        return and_(Contact.id.in_(chosen.ids), visible(who)) if chosen.ids else false()
    return visible(who)
