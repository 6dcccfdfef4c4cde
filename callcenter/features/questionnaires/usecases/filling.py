"""A questionnaire in a call: its questions, what was entered so far, and how it is kept (OUT-36, OUT-37)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, Forbidden
from callcenter.core.i18n import N_
from callcenter.features.calls import api as calls
from callcenter.features.questionnaires import queries, rules
from callcenter.features.questionnaires.models import Filled, Work
from callcenter.features.questionnaires.usecases import binding, editing
from callcenter.http.current import Current
from callcenter.http.formats import zone
from callcenter.plugin import Services

NOT_MINE = N_("Only who talked with the client writes down what he answered.")
TOO_LATE = N_("What was answered can be changed on the day of the talk only.")
EMPTIED = N_("Answer at least one question first.")


class FillForm(msgspec.Struct, kw_only=True):
    """What was entered: ``values`` by question id, and the ``state`` to put it in; null = as it is, a new one begun.

    ``script_id`` is the script beside which the questions were asked.
    """

    values: dict[str, Any] = {}
    state: Literal["open", "refused", "postponed", "done"] | None = None
    script_id: int | None = None


class FormOption(msgspec.Struct, kw_only=True):
    """An answer to choose."""

    key: int
    title: str


class FormQuestion(msgspec.Struct, kw_only=True):
    """A question; ``most`` is the end of a scale that begins with 1."""

    id: int
    kind: str
    title: str
    mandatory: bool
    options: list[FormOption]
    most: int


class FormView(msgspec.Struct, kw_only=True):
    """A questionnaire in a call. ``state`` '' = not begun; ``values`` are what was entered, by question id.

    ``completed_at`` is when the client completed it before, in another call.
    """

    id: int
    name: str
    intro: str
    questions: list[FormQuestion]
    state: str
    values: dict[str, Any]
    changed_at: datetime | None
    completed_at: datetime | None


async def view(session: AsyncSession, call: calls.Taken, questionnaire_id: int) -> FormView:
    """The questionnaire as it stands in a call. Raises NotFound."""
    row = await editing.need(session, questionnaire_id)
    asked = [queries.asked(one) for one in await queries.questions(session, questionnaire_id) if not one.retired]
    found = await _found(session, call, questionnaire_id)
    given = queries.given(found) if found else []
    ids = {one.id for one in asked}
    before = None
    if call.contact_id is not None:
        before = await queries.completed_at(session, call.contact_id, questionnaire_id, found.id if found else 0)
    return FormView(
        id=row.id,
        name=row.name,
        intro=row.intro,
        questions=[question_view(one) for one in asked],
        state=found.state if found else "",
        values={str(one.id): one.value for one in given if one.id in ids},
        changed_at=found.changed_at if found else None,
        completed_at=before,
    )


async def fill(services: Services, person: Current, call_id: str, questionnaire_id: int, form: FillForm) -> FormView:
    """Keeps what was entered. Raises NotFound, Forbidden, Conflict (too late), BadInput (fields are question ids)."""
    await calls.log_now(services, person, call_id)
    now = services.clock.now()
    async with services.db.business(person.business_id) as session:
        call = await calls.taken(services, session, person, call_id)
        if not call.mine:
            raise Forbidden(NOT_MINE)
        if not call.writable(now, zone(person.timezone)):
            raise Conflict(TOO_LATE, code="too_late")
        await editing.need(session, questionnaire_id)
        asked = [queries.asked(one) for one in await queries.questions(session, questionnaire_id) if not one.retired]
        given = rules.answers(asked, form.values)
        row = await _found(session, call, questionnaire_id)
        state = form.state or (row.state if row else "open")
        if state == "done":
            rules.check_complete(asked, given)
            if not given:
                raise BadInput(EMPTIED)
        if row is None:
            row = Filled(questionnaire_id=questionnaire_id, began_at=now)
            session.add(row)
        await _keep(session, row, given, {one.id for one in asked})
        row.state, row.changed_at, row.agent_id = state, now, person.agent_id
        row.contact_id = row.contact_id or call.contact_id
        row.script_id = await _script(session, form.script_id) or row.script_id
        await session.flush()
        await _worked(session, row, call_id, person.agent_id, now)
        return await view(session, call, questionnaire_id)


async def _keep(session: AsyncSession, row: Filled, given: list[rules.Answer], asked: set[int | None]) -> None:
    # Answers to questions that are asked no more stay as they were said.
    older = [one for one in queries.given(row) if one.id not in asked] if row.answers else []
    row.answers = msgspec.to_builtins([*given, *older])


async def _found(session: AsyncSession, call: calls.Taken, questionnaire_id: int) -> Filled | None:
    """The answers of this call, else those of this client that wait to be completed."""
    found = await queries.of_call(session, call.id, questionnaire_id)
    if found is None and call.contact_id is not None:
        found = await queries.unfinished(session, call.contact_id, questionnaire_id)
    return found


async def _script(session: AsyncSession, script_id: int | None) -> int | None:
    if script_id is None:
        return None
    return script_id if script_id in {one.script_id for one in await binding.bound(session)} else None


async def _worked(session: AsyncSession, row: Filled, call_id: str, agent_id: int | None, now: datetime) -> None:
    work = await queries.work(session, row.id, call_id)
    if work is None:
        work = Work(filled_id=row.id, call_id=call_id)
        session.add(work)
    work.agent_id, work.at = agent_id, now
    await session.flush()


def question_view(one: rules.Asked) -> FormQuestion:
    """A question as the API shows it."""
    return FormQuestion(
        id=one.id or 0,
        kind=one.kind,
        title=one.title,
        mandatory=one.mandatory,
        options=[FormOption(key=option.key, title=option.title) for option in one.options if not option.gone],
        most=one.most,
    )
