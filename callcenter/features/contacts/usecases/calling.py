"""When the last call with a contact was: kept on its row, so that a million of them are sorted and filtered by it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact
from callcenter.storage.scope import update_many


async def called(session: AsyncSession, moments: Mapping[int, datetime]) -> None:
    """Calls with these contacts (id → when the call began) are in the log now; an earlier one changes nothing."""
    await session.run_sync(update_many, Contact, _rows(moments), later=True)


async def recount(session: AsyncSession, moments: Mapping[int, datetime | None]) -> None:
    """Calls went away or came from other cards: this is the last one now (None = there is none any more)."""
    await session.run_sync(update_many, Contact, _rows(moments))


def _rows(moments: Mapping[int, datetime | None]) -> list[dict[str, object]]:
    # In the order of ids: two transactions never wait for each other crosswise.
    return [{"id": one, "last_call_at": moments[one]} for one in sorted(moments)]
