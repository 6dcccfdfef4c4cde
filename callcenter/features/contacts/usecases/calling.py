"""When the last call with a contact was, and the last one to it: kept on its row, so that a million of them are sorted
and filtered by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact
from callcenter.storage.scope import update_many


async def called(session: AsyncSession, moments: Mapping[int, datetime], out: Mapping[int, datetime]) -> None:
    """Calls with these contacts (id → when the call began) are in the log now, ``out`` those that we made; an earlier
    one changes nothing.
    """
    await session.run_sync(update_many, Contact, _rows("last_call_at", moments), later=True)
    await session.run_sync(update_many, Contact, _rows("called_at", out), later=True)


async def recount(
    session: AsyncSession, moments: Mapping[int, datetime | None], out: Mapping[int, datetime | None]
) -> None:
    """Calls went away or came from other cards: these are the last ones now (None = there is none any more)."""
    await session.run_sync(update_many, Contact, _rows("last_call_at", moments))
    await session.run_sync(update_many, Contact, _rows("called_at", out))


def _rows(column: str, moments: Mapping[int, datetime | None] | Mapping[int, datetime]) -> list[dict[str, object]]:
    # In the order of ids: two transactions never wait for each other crosswise.
    return [{"id": one, column: moments[one]} for one in sorted(moments)]
