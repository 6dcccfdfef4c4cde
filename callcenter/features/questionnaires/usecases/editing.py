"""Questionnaires are made, changed, deleted and brought back; answers that were given stay readable (OUT-36)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.questionnaires import queries, rules
from callcenter.features.questionnaires.models import Filled, Question, Questionnaire
from callcenter.features.questionnaires.usecases import binding
from callcenter.http.current import Current
from callcenter.plugin import Services

GONE = N_("This questionnaire is not there.")
BOUND = N_("These scripts ask it: %(scripts)s. Let them ask another one first.")


class QuestionnaireForm(msgspec.Struct, kw_only=True):
    """A questionnaire with its questions in their order; questions that are left out are asked no more."""

    name: str
    intro: str = ""
    questions: list[rules.Typed] = []


async def need(session: AsyncSession, questionnaire_id: int, *, deleted: bool = False) -> Questionnaire:
    """The questionnaire. Raises NotFound, also for a deleted one unless ``deleted``."""
    found = await queries.questionnaire(session, questionnaire_id)
    if found is None or (found.deleted_at is not None and not deleted):
        raise NotFound(GONE)
    return found


async def create(services: Services, person: Current, form: QuestionnaireForm) -> int:
    """A new questionnaire; says its id. Raises BadInput."""
    now = services.clock.now()
    async with services.db.business(person.business_id) as session:
        asked = rules.questions(form.questions, {})
        row = Questionnaire(
            name=await _name(session, form.name, 0), intro=rules.intro(form.intro), created_at=now, changed_at=now
        )
        session.add(row)
        await session.flush()
        await _keep(session, row.id, asked)
        await accounts.audit(session, person, "questionnaire.create", "questionnaire", row.id, name=row.name)
        return row.id


async def change(services: Services, person: Current, questionnaire_id: int, form: QuestionnaireForm) -> None:
    """Changes a questionnaire; what was answered before stays as it was said. Raises NotFound, BadInput."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, questionnaire_id)
        there = {one.id: one for one in await queries.questions(session, questionnaire_id) if not one.retired}
        name = await _name(session, form.name, questionnaire_id)
        asked = rules.questions(form.questions, {key: queries.asked(one) for key, one in there.items()})
        row.name, row.intro, row.changed_at = name, rules.intro(form.intro), services.clock.now()
        await _keep(session, questionnaire_id, asked, there)
        await accounts.audit(session, person, "questionnaire.change", "questionnaire", row.id, name=row.name)


async def delete(services: Services, person: Current, questionnaire_id: int) -> None:
    """Takes a questionnaire away; its answers stay. Raises NotFound, Conflict while a script asks it."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, questionnaire_id)
        asking = [
            one.name
            for one in await binding.bound(session)
            if one.questionnaire_id == questionnaire_id and not one.archived
        ]
        if asking:
            raise Conflict(BOUND, scripts=", ".join(f"«{name}»" for name in asking))
        row.deleted_at = services.clock.now()
        await accounts.audit(session, person, "questionnaire.delete", "questionnaire", row.id, name=row.name)


async def restore(services: Services, person: Current, questionnaire_id: int) -> None:
    """Brings a deleted questionnaire back. Raises NotFound, BadInput when its name is taken meanwhile."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, questionnaire_id, deleted=True)
        row.name = await _name(session, row.name, questionnaire_id)
        row.deleted_at = None
        await accounts.audit(session, person, "questionnaire.restore", "questionnaire", row.id, name=row.name)


async def _name(session: AsyncSession, typed: str, own: int) -> str:
    others = [one.name for one in await queries.questionnaires(session) if one.id != own]
    return rules.name(typed, others)


async def _keep(
    session: AsyncSession, questionnaire_id: int, asked: Sequence[rules.Asked], there: dict[int, Question] | None = None
) -> None:
    there = dict(there or {})
    for place, one in enumerate(asked):
        row = there.pop(one.id, None) if one.id else None
        if row is None:
            row = Question(questionnaire_id=questionnaire_id, kind=one.kind)
            session.add(row)
        row.position, row.title, row.mandatory = place, one.title, one.mandatory
        row.options, row.most = msgspec.to_builtins(one.options), one.most
    answered = await _answered(session, questionnaire_id) if there else set()
    for row in there.values():
        if row.id in answered:
            row.retired = True
        else:
            await session.delete(row)
    await session.flush()


async def _answered(session: AsyncSession, questionnaire_id: int) -> set[int]:
    rows = await session.scalars(select(Filled.answers).where(Filled.questionnaire_id == questionnaire_id))
    return {answer["id"] for answers in rows for answer in answers}
