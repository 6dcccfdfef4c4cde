"""Reads of imports and of what their rows did. A business session sees its own business only."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.features.imports.models import Import, ImportRow

PAGE = 20
GONE = N_("This import is not there any more.")


def own(membership_id: int, *, everything: bool) -> Sequence[ColumnElement[bool]]:
    """The condition under which somebody sees an import: his own, or all."""
    return () if everything else (Import.owner_id == membership_id,)


async def one(session: AsyncSession, import_id: int, membership_id: int, *, everything: bool) -> Import:
    """An import; raises NotFound when there is none that this person sees."""
    found = await session.scalar(
        select(Import).where(Import.id == import_id, *own(membership_id, everything=everything))
    )
    if found is None:
        raise NotFound(GONE)
    return found


async def page(session: AsyncSession, membership_id: int, *, everything: bool, number: int) -> tuple[list[Import], int]:
    """A page of the history (from 1), the newest first, and how many imports there are."""
    mine = own(membership_id, everything=everything)
    total = await session.scalar(select(func.count()).select_from(Import).where(*mine)) or 0
    rows = await session.scalars(
        select(Import).where(*mine).order_by(Import.created_at.desc(), Import.id.desc()).limit(PAGE).offset(
            (number - 1) * PAGE
        )
    )  # fmt: skip
    return list(rows), total


async def refused(session: AsyncSession, import_id: int, after: int, count: int) -> list[ImportRow]:
    """Refused rows in the order of the file, from behind line ``after``."""
    rows = await session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.action == "refused", ImportRow.line > after)
        .order_by(ImportRow.line)
        .limit(count)
    )
    return list(rows)


async def made_here(session: AsyncSession, import_id: int, ids: Collection[int]) -> set[int]:
    """Those of ``ids`` that this import made."""
    found: set[int] = set()
    every = list(ids)
    for start in range(0, len(every), 500):
        found |= set(
            await session.scalars(
                select(ImportRow.contact_id).where(
                    ImportRow.import_id == import_id,
                    ImportRow.action == "created",
                    ImportRow.contact_id.in_(every[start : start + 500]),
                )
            )
        )
    return found


async def to_undo(session: AsyncSession, import_id: int, below: int, count: int) -> list[ImportRow]:
    """Rows whose deeds are to be taken back, the last first, those with an id below ``below``."""
    rows = await session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.id < below, ImportRow.action.in_(("created", "updated")))
        .order_by(ImportRow.id.desc())
        .limit(count)
    )
    return list(rows)


async def to_undo_count(session: AsyncSession, import_id: int) -> int:
    """How many rows made or changed a card."""
    return await session.scalar(
        select(func.count())
        .select_from(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.action.in_(("created", "updated")))
    ) or 0  # fmt: skip
