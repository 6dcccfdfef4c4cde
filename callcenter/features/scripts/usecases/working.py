"""A script in a call: which one opens, another one is chosen, and how the talk ended (OUT-24, OUT-26, INB-33)."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.questionnaires import api as questionnaires
from callcenter.features.scripts import queries, rules
from callcenter.features.scripts.models import Script, ScriptChoice, ScriptResult
from callcenter.features.scripts.usecases import editing, templates, using
from callcenter.http.current import Current
from callcenter.http.formats import zone
from callcenter.http.permissions import CONTACTS_EDIT
from callcenter.plugin import Services

NOT_YOURS = N_("This script is not for your calls of this kind. Choose another one.")
NOT_MINE = N_("Only who talked says how the talk ended.")
TOO_LATE = N_("How a talk ended can be changed on the day of the talk only.")
NO_OUTCOME = N_("Choose one of the script's outcomes.")


class ChoiceForm(msgspec.Struct, kw_only=True):
    """The script to work by, now and in the next calls of this kind."""

    script_id: int


class OutcomeForm(msgspec.Struct, kw_only=True):
    """How the talk ended: one of the outcomes of ``script_id`` (null = not chosen yet), and a comment."""

    script_id: int
    outcome_id: int | None = None
    comment: str = ""


class ScriptName(msgspec.Struct, kw_only=True):
    """A script that may be chosen for this call."""

    id: int
    name: str


class OutcomeView(msgspec.Struct, kw_only=True):
    """An outcome of the script; ``kind`` is what follows of it."""

    id: int
    title: str
    comment: str
    kind: str
    tone: str


class OpenScript(msgspec.Struct, kw_only=True):
    """The script that is open: ``text`` is clean HTML."""

    id: int
    name: str
    text: str
    outcomes: list[OutcomeView]
    skip_allowed: bool
    autodial: bool


class ResultView(msgspec.Struct, kw_only=True):
    """What the agent said of his talk so far."""

    outcome_id: int | None
    title: str
    comment: str
    at: datetime


class CallScript(msgspec.Struct, kw_only=True):
    """A call with its script: ``scripts`` are those that may be chosen, ``script`` is open (null = none fits).

    ``writable``: the person may say now how the talk ended. ``form`` is the questionnaire of the script,
    ``letter`` what can be written to the client (null = the person may not write to clients).
    """

    call_id: str
    direction: str
    scripts: list[ScriptName]
    script: OpenScript | None
    result: ResultView | None
    form: questionnaires.FormView | None
    writable: bool
    letter: templates.Offer | None


async def show(services: Services, person: Current, call_id: str) -> CallScript:
    """The script of a call for this person. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        call = await calls.taken(services, session, person, call_id)
        return await _show(services, session, person, call)


async def choose(services: Services, person: Current, call_id: str, form: ChoiceForm) -> CallScript:
    """Opens another script, in this call and in the next ones of its kind. Raises NotFound, BadInput."""
    async with services.db.business(person.business_id) as session:
        call = await calls.taken(services, session, person, call_id)
        if person.agent_id is None:
            raise Forbidden(NOT_MINE)
        if form.script_id not in {one.id for one in await _candidates(session, person.agent_id, call)}:
            raise BadInput(NOT_YOURS, fields={"script_id": NOT_YOURS})
        await remember(session, person.agent_id, rules.line(call.direction, call.number_id), form.script_id)
        row = await queries.result(session, call_id, person.agent_id)
        if (
            row is not None
            and row.script_id != form.script_id
            and call.writable(services.clock.now(), zone(person.timezone))
        ):
            # The outcome was one of the other script's.
            row.script_id, row.outcome_id, row.at = form.script_id, None, services.clock.now()
        await session.flush()
        return await _show(services, session, person, call)


async def remember(session: AsyncSession, agent_id: int, line: int, script_id: int) -> None:
    """Keeps which script an agent wants for calls of a kind (OUT-31)."""
    row = await queries.choice(session, agent_id, line)
    if row is None:
        row = ScriptChoice(agent_id=agent_id, line=line)
        session.add(row)
    row.script_id = script_id
    await session.flush()


async def say(services: Services, person: Current, call_id: str, form: OutcomeForm) -> CallScript:
    """Keeps how the talk ended. Raises NotFound, Forbidden, Conflict (code ``too_late``), BadInput."""
    await calls.log_now(services, person, call_id)
    now = services.clock.now()
    async with services.db.business(person.business_id) as session:
        call = await calls.taken(services, session, person, call_id)
        if not call.mine or person.agent_id is None:
            raise Forbidden(NOT_MINE)
        if not call.writable(now, zone(person.timezone)):
            raise Conflict(TOO_LATE, code="too_late")
        row = await queries.result(session, call_id, person.agent_id)
        script = await queries.script(session, form.script_id)
        if script is None:
            raise NotFound(editing.GONE)
        open_to = {one.id for one in await _candidates(session, person.agent_id, call)}
        if script.id not in open_to | {row.script_id if row else 0}:
            raise BadInput(NOT_YOURS, fields={"script_id": NOT_YOURS})
        title, kind = await _title(session, script, form.outcome_id, row)
        before = None
        if row is not None and row.outcome_id is not None and row.outcome_id != form.outcome_id:
            before = await queries.outcome(session, row.outcome_id)
        if row is None:
            row = ScriptResult(call_id=call_id, agent_id=person.agent_id)
            session.add(row)
        changed = row.outcome_id != form.outcome_id
        row.script_id, row.outcome_id, row.comment = script.id, form.outcome_id, rules.said(form.comment)
        row.contact_id, row.at = call.contact_id, now
        await session.flush()
        if changed:
            await accounts.audit(session, person, "call.outcome", "call", call_id, outcome=title or "—")
            said = using.Said(call, kind, before.kind if before is not None else "", title)
            await using.follow(session, services, person, said)
        return await _show(services, session, person, call)


async def _title(
    session: AsyncSession, script: Script, outcome_id: int | None, row: ScriptResult | None
) -> tuple[str, str]:
    """The outcome's name and kind. Raises BadInput for one of another script, or one that is offered no more."""
    if outcome_id is None:
        return "", ""
    outcome = await queries.outcome(session, outcome_id)
    kept = row is not None and row.outcome_id == outcome_id
    if outcome is None or outcome.script_id != script.id or (outcome.retired and not kept):
        raise BadInput(NO_OUTCOME, fields={"outcome_id": NO_OUTCOME})
    return outcome.title, outcome.kind


async def _candidates(session: AsyncSession, agent_id: int, call: calls.Taken) -> list[Script]:
    if not await accounts.plans.holds(session, "scripts"):
        return []
    every = await queries.scripts(session)
    uses = await queries.uses(session, [one.id for one in every])
    return rules.candidates(
        every, uses, direction=call.direction, number_id=call.number_id, agent_id=agent_id
    )  # fmt: skip


async def _show(services: Services, session: AsyncSession, person: Current, call: calls.Taken) -> CallScript:
    agent_id = person.agent_id or 0
    found = await _candidates(session, agent_id, call) if person.agent_id is not None else []
    row = await queries.result(session, call.id, agent_id)
    wanted = await queries.choice(session, agent_id, rules.line(call.direction, call.number_id))
    script = rules.chosen(found, wanted.script_id if wanted else None)
    if row is not None and row.outcome_id is not None:
        # What was said belongs to its script, also when that is in the archive by now.
        script = await queries.script(session, row.script_id)
        if script is not None and script.id not in {one.id for one in found}:
            found = [*found, script]
    form = None
    if script is not None and script.questionnaire_id is not None and person.agent_id is not None:
        form = await _form(session, call, script.questionnaire_id)
    return CallScript(
        call_id=call.id,
        direction=call.direction,
        scripts=[ScriptName(id=one.id, name=one.name) for one in found],
        script=await _opened(session, script, row) if script else None,
        result=await _result(session, row) if row else None,
        form=form,
        writable=call.writable(services.clock.now(), zone(person.timezone)),
        letter=await templates.offer(session, person, call, script) if script and person.can(CONTACTS_EDIT) else None,
    )


async def _form(session: AsyncSession, call: calls.Taken, questionnaire_id: int) -> questionnaires.FormView | None:
    try:
        return await questionnaires.view(session, call, questionnaire_id)
    except NotFound:
        # It was deleted while the script was in the archive.
        return None


async def _opened(session: AsyncSession, script: Script, row: ScriptResult | None) -> OpenScript:
    kept = row.outcome_id if row else None
    return OpenScript(
        id=script.id,
        name=script.name,
        text=script.text,
        outcomes=[
            OutcomeView(id=one.id, title=one.title, comment=one.comment, kind=one.kind, tone=rules.TONES[one.kind])
            for one in await queries.outcomes(session, script.id, retired=True)
            if not one.retired or one.id == kept
        ],
        skip_allowed=script.skip_allowed,
        autodial=script.autodial,
    )


async def _result(session: AsyncSession, row: ScriptResult) -> ResultView:
    outcome = await queries.outcome(session, row.outcome_id) if row.outcome_id is not None else None
    return ResultView(
        outcome_id=row.outcome_id, title=outcome.title if outcome else "", comment=row.comment, at=row.at
    )  # fmt: skip
