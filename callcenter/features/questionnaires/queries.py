"""Reads of questionnaires, questions and answers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.questionnaires.models import Filled, Question, Questionnaire, Work
from callcenter.features.questionnaires.rules import Answer, Asked, Option


class Wanted(NamedTuple):
    """Which answers: changed between two moments, in a state, by an agent (None and '' = any)."""

    questionnaire_id: int
    since: datetime
    until: datetime
    state: str = ""
    agent_id: int | None = None


async def questionnaires(session: AsyncSession, *, deleted: bool | None = False) -> list[Questionnaire]:
    """The business's questionnaires by name; ``deleted`` None = all."""
    statement = select(Questionnaire).order_by(Questionnaire.name, Questionnaire.id)
    if deleted is not None:
        gone = Questionnaire.deleted_at.is_not(None)
        statement = statement.where(gone if deleted else ~gone)
    return list(await session.scalars(statement))


async def questionnaire(session: AsyncSession, questionnaire_id: int) -> Questionnaire | None:
    """One of them, also a deleted one, or None."""
    return await session.scalar(select(Questionnaire).where(Questionnaire.id == questionnaire_id))


async def questions(session: AsyncSession, questionnaire_id: int) -> list[Question]:
    """The questions in their order, retired ones last."""
    statement = (
        select(Question)
        .where(Question.questionnaire_id == questionnaire_id)
        .order_by(Question.retired, Question.position, Question.id)
    )
    return list(await session.scalars(statement))


def asked(row: Question) -> Asked:
    """A question's row as the rules see it."""
    return Asked(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]
        title=row.title,
        mandatory=row.mandatory,
        options=tuple(msgspec.convert(row.options, list[Option])),
        most=row.most,
    )


def given(row: Filled) -> list[Answer]:
    """The answers of a row."""
    return msgspec.convert(row.answers, list[Answer])


async def question_counts(session: AsyncSession) -> dict[int, int]:
    """How many questions each questionnaire asks."""
    statement = (
        select(Question.questionnaire_id, func.count()).where(~Question.retired).group_by(Question.questionnaire_id)
    )
    return {one: int(count) for one, count in await session.execute(statement)}


async def filled_counts(session: AsyncSession) -> dict[int, int]:
    """How often each questionnaire was worked on."""
    statement = select(Filled.questionnaire_id, func.count()).group_by(Filled.questionnaire_id)
    return {one: int(count) for one, count in await session.execute(statement)}


async def filled(session: AsyncSession, filled_id: int) -> Filled | None:
    """Some answers, or None."""
    return await session.scalar(select(Filled).where(Filled.id == filled_id))


async def of_call(session: AsyncSession, call_id: str, questionnaire_id: int) -> Filled | None:
    """The answers that were worked on in a call."""
    statement = (
        select(Filled)
        .join(Work, Work.filled_id == Filled.id)
        .where(Work.call_id == call_id, Filled.questionnaire_id == questionnaire_id)
        .order_by(Filled.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def all_of_call(session: AsyncSession, call_id: str) -> list[Filled]:
    """All answers that were worked on in a call."""
    statement = select(Filled).join(Work, Work.filled_id == Filled.id).where(Work.call_id == call_id)
    return list(await session.scalars(statement.order_by(Filled.id)))


async def unfinished(session: AsyncSession, contact_id: int, questionnaire_id: int) -> Filled | None:
    """The client's answers that were postponed, or begun and left."""
    statement = (
        select(Filled)
        .where(
            Filled.contact_id == contact_id,
            Filled.questionnaire_id == questionnaire_id,
            Filled.state.in_(("postponed", "open")),
        )
        .order_by(Filled.changed_at.desc(), Filled.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def completed_at(session: AsyncSession, contact_id: int, questionnaire_id: int, besides: int) -> datetime | None:
    """When the client last completed the questionnaire, other answers (``besides``) left out."""
    statement = (
        select(Filled.changed_at)
        .where(
            Filled.contact_id == contact_id,
            Filled.questionnaire_id == questionnaire_id,
            Filled.state == "done",
            Filled.id != besides,
        )
        .order_by(Filled.changed_at.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def work(session: AsyncSession, filled_id: int, call_id: str) -> Work | None:
    """The work on some answers in a call."""
    return await session.scalar(select(Work).where(Work.filled_id == filled_id, Work.call_id == call_id))


async def works(session: AsyncSession, filled_ids: Collection[int]) -> dict[int, list[Work]]:
    """The calls in which answers were worked on, the last first."""
    found: dict[int, list[Work]] = {}
    if filled_ids:
        rows = await session.scalars(select(Work).where(Work.filled_id.in_(filled_ids)))
        for row in sorted(rows, key=lambda row: (row.at, row.id), reverse=True):
            found.setdefault(row.filled_id, []).append(row)
    return found


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    where = [
        Filled.questionnaire_id == wanted.questionnaire_id,
        Filled.changed_at >= wanted.since,
        Filled.changed_at < wanted.until,
    ]
    if wanted.state:
        where.append(Filled.state == wanted.state)
    if wanted.agent_id is not None:
        where.append(Filled.agent_id == wanted.agent_id)
    return where


async def state_counts(session: AsyncSession, wanted: Wanted) -> dict[str, int]:
    """How many answers there are in each state."""
    statement = select(Filled.state, func.count()).where(*_conditions(wanted)).group_by(Filled.state)
    return {one: int(count) for one, count in await session.execute(statement)}


async def page(session: AsyncSession, wanted: Wanted, *, skip: int = 0, count: int = 50) -> list[Filled]:
    """Answers, the last changed first."""
    statement = (
        select(Filled).where(*_conditions(wanted)).order_by(Filled.changed_at.desc(), Filled.id.desc())
    )  # fmt: skip
    return list(await session.scalars(statement.offset(skip).limit(count)))


async def all_given(session: AsyncSession, wanted: Wanted, most: int) -> list[list[Answer]]:
    """The answers of every client for the report, the last changed first, at most ``most`` clients."""
    statement = select(Filled.answers).where(*_conditions(wanted)).order_by(Filled.changed_at.desc()).limit(most)
    return [msgspec.convert(row, list[Answer]) for row in await session.scalars(statement)]


async def of_contact(session: AsyncSession, contact_id: int, until: datetime | None, limit: int) -> list[Filled]:
    """A client's answers that were changed at ``until`` or before (None = now), the last changed first."""
    statement = select(Filled).where(Filled.contact_id == contact_id)
    if until is not None:
        statement = statement.where(Filled.changed_at <= until)
    return list(await session.scalars(statement.order_by(Filled.changed_at.desc(), Filled.id.desc()).limit(limit)))


class Reach(NamedTuple):
    """How a client is called and reached; '' = not known."""

    name: str = ""
    position: str = ""
    phone: str = ""
    email: str = ""
    saved: bool = False


async def reaches(session: AsyncSession, contact_ids: Collection[int]) -> dict[int, Reach]:
    """Clients by id."""
    if not contact_ids:
        return {}
    briefs = await contacts.briefs(session, contact_ids)
    phones: dict[int, Any] = await _first(session, contacts.ContactPhone, contacts.ContactPhone.e164, contact_ids)
    emails = await _first(
        session, contacts.ContactChannel, contacts.ContactChannel.value, contact_ids,
        contacts.ContactChannel.kind == "email",
    )  # fmt: skip
    return {
        one: Reach(brief.name, brief.position, phones.get(one, ""), emails.get(one, ""), brief.saved)
        for one, brief in briefs.items()
    }


async def _first(
    session: AsyncSession, kind: Any, column: Any, ids: Collection[int], *where: ColumnElement[bool]
) -> dict[int, str]:
    rows = await session.execute(
        select(kind.contact_id, column).where(kind.contact_id.in_(ids), *where).order_by(kind.id)
    )
    found: dict[int, str] = {}
    for contact_id, value in rows:
        found.setdefault(contact_id, value)
    return found
