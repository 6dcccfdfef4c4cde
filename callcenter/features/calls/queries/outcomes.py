"""How agents say that talks ended: kept by higher features, which say here how it is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.live.views import OutcomeBrief

Outcomes = Callable[[AsyncSession, Collection[str]], Awaitable[dict[str, list[OutcomeBrief]]]]
"""``outcomes(session, call_ids)`` → how the agents say that these talks ended; calls without may be left out."""
_sources: list[Outcomes] = []


def add_outcomes(outcomes: Outcomes) -> None:
    """Says where outcomes of talks are kept; features call this when they are loaded."""
    if outcomes not in _sources:
        _sources.append(outcomes)


async def outcomes_of(session: AsyncSession, call_ids: Collection[str]) -> dict[str, list[OutcomeBrief]]:
    """How these talks ended, by call."""
    found: dict[str, list[OutcomeBrief]] = {}
    if call_ids:
        for outcomes in _sources:
            for call_id, some in (await outcomes(session, call_ids)).items():
                found.setdefault(call_id, []).extend(some)
    return found
