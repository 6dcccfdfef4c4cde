"""What clients answered: lines with the recording of the last talk (REC-09), sums by question, rows of a file."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.questionnaires import queries, rules
from callcenter.features.questionnaires.models import Filled, Work
from callcenter.features.questionnaires.queries import Reach, Wanted
from callcenter.features.questionnaires.usecases import binding
from callcenter.features.recordings import api as recordings
from callcenter.live.views import RecordingBrief

# So many clients are read for the sums by question; a longer period is told so.
MOST_SUMMED = 20_000


class GivenAnswer(msgspec.Struct, kw_only=True):
    """An answer: the question as it was asked, the answer as it was said; ``value`` as rules.Answer has it."""

    id: int
    kind: str
    question: str
    value: Any
    said: str


class FilledView(msgspec.Struct, kw_only=True):
    """A client's answers. ``recording`` is of the last talk in which somebody worked on them, ``call_id`` that talk,
    or the last call where there was none.
    """

    id: int
    state: str
    began_at: datetime
    changed_at: datetime
    contact_id: int | None
    client: str
    position: str
    phone: str
    email: str
    agent_id: int | None
    agent: str
    script: str
    call_id: str | None
    recording: RecordingBrief | None
    answers: list[GivenAnswer]


async def lines(session: AsyncSession, rows: Collection[Filled]) -> list[FilledView]:
    """The rows with everything that they refer to."""
    reached = await queries.reaches(session, {one.contact_id for one in rows if one.contact_id is not None})
    names = await agents.by_ids(session, {one.agent_id for one in rows if one.agent_id is not None})
    scripts = {one.script_id: one.name for one in await binding.bound(session)}
    works = await queries.works(session, [one.id for one in rows])
    ids = [work.call_id for some in works.values() for work in some]
    talked = await calls.talked(session, ids)
    heard = await recordings.briefs(session, talked)
    found = []
    for row in rows:
        reach = reached.get(row.contact_id or 0, Reach())
        call_id = last_talk(works.get(row.id, []), talked)
        agent = names.get(row.agent_id or 0)
        found.append(
            FilledView(
                id=row.id,
                state=row.state,
                began_at=row.began_at,
                changed_at=row.changed_at,
                contact_id=row.contact_id,
                client=reach.name,
                position=reach.position,
                phone=reach.phone,
                email=reach.email,
                agent_id=row.agent_id,
                agent=agent.name if agent else "",
                script=scripts.get(row.script_id or 0, ""),
                call_id=call_id,
                recording=heard.get(call_id or ""),
                answers=[
                    GivenAnswer(id=one.id, kind=one.kind, question=one.question, value=one.value, said=one.said)
                    for one in queries.given(row)
                ],
            )
        )
    return found


def last_talk(works: list[Work], talked: Collection[str]) -> str | None:
    """The last talk that took place among the calls (the last first), else the last call (REC-09)."""
    return next((one.call_id for one in works if one.call_id in talked), works[0].call_id if works else None)


async def tallies(session: AsyncSession, wanted: Wanted) -> list[rules.Tally]:
    """How each question was answered, retired ones last and only where they have answers."""
    by_question: dict[int, list[rules.Answer]] = {}
    for answers in await queries.all_given(session, wanted, MOST_SUMMED):
        for one in answers:
            by_question.setdefault(one.id, []).append(one)
    return [
        rules.tally(queries.asked(row), row.retired, by_question.get(row.id, ()))
        for row in await queries.questions(session, wanted.questionnaire_id)
        if not row.retired or row.id in by_question
    ]
