"""The door to scripts for other features: choose one, read it, keep it from being taken away, see how a talk ended."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.scripts import queries, rules
from callcenter.features.scripts.queries import LastResult, Result
from callcenter.features.scripts.usecases.editing import ScriptForm, create
from callcenter.features.scripts.usecases.using import Said, User, add_follower, add_user
from callcenter.features.scripts.usecases.working import remember

OUTCOMES = rules.OUTCOMES
"""What can follow of an outcome (success, refusal, call_back, …) and what it is called (gettext keys)."""

__all__ = [
    "OUTCOMES", "Choice", "LastResult", "Result", "Said", "ScriptForm", "ScriptInfo", "User", "add_follower",
    "add_user", "choices", "create", "last_results", "outgoing", "remember", "result_of", "results", "said_by",
    "script", "text",
]  # fmt: skip


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An option of a select box; ``kind`` is in or out."""

    id: int
    name: str
    kind: str


class ScriptInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A script. ``skip_allowed``: the next card may be opened without an outcome (OUT-28); ``autodial``: the next
    contact of a list is dialled by itself (OUT-29). ``agents`` is empty where it is for ``everybody``.
    """

    id: int
    name: str
    kind: str
    everybody: bool
    agents: frozenset[int]
    skip_allowed: bool
    autodial: bool
    questionnaire_id: int | None
    archived: bool
    created_at: datetime


async def choices(session: AsyncSession, *, kind: str = "", agent_id: int | None = None) -> list[Choice]:
    """Scripts in use by name; only those of a ``kind``, only those that an agent works with. None without the plan."""
    if not await accounts.plans.holds(session, "scripts"):
        return []
    every = [one for one in await queries.scripts(session) if kind in ("", one.kind)]
    if agent_id is not None:
        uses = await queries.uses(session, [one.id for one in every])
        every = [one for one in every if one.everybody or agent_id in uses[one.id].agents]
    return [Choice(id=one.id, name=one.name, kind=one.kind) for one in every]


async def script(session: AsyncSession, script_id: int) -> ScriptInfo | None:
    """A script, also an archived one; None when this business has no such."""
    row = await queries.script(session, script_id)
    if row is None:
        return None
    use = (await queries.uses(session, [row.id]))[row.id]
    return ScriptInfo(
        id=row.id,
        name=row.name,
        kind=row.kind,
        everybody=row.everybody,
        agents=use.agents,
        skip_allowed=row.skip_allowed,
        autodial=row.autodial,
        questionnaire_id=row.questionnaire_id,
        archived=row.archived_at is not None,
        created_at=row.created_at,
    )


async def text(session: AsyncSession, script_id: int) -> str:
    """A script's text: clean HTML, '' when there is none."""
    row = await queries.script(session, script_id)
    return row.text if row is not None else ""


async def outgoing(session: AsyncSession, agent_id: int) -> int | None:
    """The script that opens in an agent's calls out: what he chose last, else the first of his (OUT-31)."""
    found = await choices(session, kind="out", agent_id=agent_id)
    wanted = await queries.choice(session, agent_id, 0)
    ids = [one.id for one in found]
    return wanted.script_id if wanted is not None and wanted.script_id in ids else next(iter(ids), None)


async def result_of(session: AsyncSession, call_id: str) -> Result | None:
    """How a talk ended, by who said so last; None when nobody has."""
    found = (await queries.results(session, [call_id])).get(call_id)
    return found[-1] if found else None


async def said_by(session: AsyncSession, call_id: str, agent_id: int) -> bool:
    """Whether an agent chose an outcome of his call."""
    row = await queries.result(session, call_id, agent_id)
    return row is not None and row.outcome_id is not None


async def last_results(session: AsyncSession, contact_ids: list[int]) -> dict[int, LastResult]:
    """How the last talk with each client ended; clients of whom nobody chose an outcome are left out."""
    return await queries.last_results(session, contact_ids)


async def results(session: AsyncSession, call_ids: list[str]) -> dict[str, Result]:
    """``result_of`` for many calls at once; calls without a result are left out."""
    return {call_id: some[-1] for call_id, some in (await queries.results(session, call_ids)).items()}
