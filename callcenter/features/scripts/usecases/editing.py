"""Scripts are made, changed, copied, put into the archive, brought back and deleted (OUT-23, OUT-26 … OUT-30)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.mail import api as mail
from callcenter.features.numbers import api as numbers
from callcenter.features.questionnaires import api as questionnaires
from callcenter.features.scripts import queries, rules
from callcenter.features.scripts.models import Script, ScriptAgent, ScriptNumber, ScriptOutcome
from callcenter.features.scripts.usecases import templates, using
from callcenter.features.scripts.usecases.templates import LetterPart
from callcenter.http.current import Current
from callcenter.plugin import Services

GONE = N_("This script is not there.")
USED = N_("This script is used by: %(users)s. Let them use another one first.")
HAS_TALKS = N_("Talks were held by this script: it stays in the archive, so that their results stay readable.")
STRANGE = N_("This value cannot be used.")


class ScriptForm(msgspec.Struct, kw_only=True):
    """A script. ``agents`` (ids) work with it unless it is for ``everybody``; ``numbers`` (ids) bind an incoming one.

    ``text`` is HTML, which is cleaned; outcomes that are left out are offered no more. ``server_id`` is a mail server
    that is allowed in scripts, null = the main one.
    """

    name: str
    kind: rules.Kind = "out"
    everybody: bool = True
    agents: list[int] = []
    numbers: list[int] = []
    text: str = ""
    outcomes: list[rules.Outcome] = []
    skip_allowed: bool = True
    autodial: bool = False
    questionnaire_id: int | None = None
    server_id: int | None = None
    letter: LetterPart = LetterPart()


async def need(session: AsyncSession, script_id: int) -> Script:
    """The script, also an archived one. Raises NotFound."""
    found = await queries.script(session, script_id)
    if found is None:
        raise NotFound(GONE)
    return found


async def create(services: Services, person: Current, form: ScriptForm) -> int:
    """A new script; says its id. Raises BadInput."""
    async with services.db.business(person.business_id) as session:
        row = Script(created_at=services.clock.now())
        await _keep(services, session, person, row, form)
        await accounts.audit(session, person, "script.create", "script", row.id, name=row.name)
        return row.id


async def change(services: Services, person: Current, script_id: int, form: ScriptForm) -> None:
    """Changes a script; results of talks keep their outcomes. Raises NotFound, BadInput."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, script_id)
        await _keep(services, session, person, row, form)
        await accounts.audit(session, person, "script.change", "script", row.id, name=row.name)


async def copy(services: Services, person: Current, script_id: int, word: str) -> int:
    """A copy under a name of its own (``word`` is «copy» in the person's language); says its id. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, script_id)
        form = await form_of(session, row)
        names = [one.name for one in await queries.scripts(session)]
        form.name = rules.copied(row.name, names, word)
        form.outcomes = [msgspec.structs.replace(one, id=None) for one in form.outcomes]
        made = Script(created_at=services.clock.now())
        await _keep(services, session, person, made, form, like=script_id)
        await accounts.audit(session, person, "script.create", "script", made.id, name=made.name)
        return made.id


async def archive(services: Services, person: Current, script_id: int) -> None:
    """Takes a script out of use; ``restore`` brings it back. Raises NotFound, Conflict while a dial list uses it."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, script_id)
        await _unused(session, script_id)
        row.archived_at = row.archived_at or services.clock.now()
        await accounts.audit(session, person, "script.archive", "script", row.id, name=row.name)


async def restore(services: Services, person: Current, script_id: int) -> None:
    """Brings a script back out of the archive. Raises NotFound, BadInput when its name is taken meanwhile."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, script_id)
        row.name = await _name(session, row.name, row.id)
        row.archived_at = None
        await accounts.audit(session, person, "script.restore", "script", row.id, name=row.name)


async def remove(services: Services, person: Current, script_id: int) -> None:
    """Deletes a script for good. Raises NotFound; Conflict while it is used or has results of talks."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, script_id)
        await _unused(session, script_id)
        if (await queries.result_counts(session)).get(script_id):
            raise Conflict(HAS_TALKS)
        await accounts.audit(session, person, "script.delete", "script", row.id, name=row.name)
        await mail.hold(session, templates.holder(script_id), [])
        await session.delete(row)


async def form_of(session: AsyncSession, row: Script) -> ScriptForm:
    """A script as it can be changed and sent back."""
    use = (await queries.uses(session, [row.id]))[row.id]
    return ScriptForm(
        name=row.name,
        kind="in" if row.kind == "in" else "out",
        everybody=row.everybody,
        agents=sorted(use.agents),
        numbers=sorted(use.numbers),
        text=row.text,
        outcomes=[
            rules.Outcome(id=one.id, title=one.title, comment=one.comment, kind=one.kind)  # type: ignore[arg-type]
            for one in await queries.outcomes(session, row.id)
        ],
        skip_allowed=row.skip_allowed,
        autodial=row.autodial,
        questionnaire_id=row.questionnaire_id,
        server_id=row.server_id,
        letter=LetterPart(
            allowed=row.letter,
            subject=row.letter_subject,
            text=row.letter_text,
            files=[one.id for one in await mail.held(session, templates.holder(row.id)) if not one.picture],
        ),
    )


async def _unused(session: AsyncSession, script_id: int) -> None:
    users = await using.users(session, script_id)
    if users:
        raise Conflict(USED, users=", ".join(f"«{name}»" for name in users))


async def _keep(
    services: Services, session: AsyncSession, person: Current, row: Script, form: ScriptForm, like: int = 0
) -> None:
    """Checks everything before anything is changed, so that all is kept or nothing.

    ``like`` is the script of which this is a copy: it may take its files.
    """
    name = await _name(session, form.name, row.id)
    text, outcomes = rules.clean(form.text), rules.outcomes(form.outcomes)
    # Somebody who has left, or a number that was given back, may stand in the form still.
    before = (await queries.uses(session, [row.id]))[row.id] if row.id else rules.NOBODY
    people, lines = await _people(session, form, before), await _numbers(session, form, before)
    if not form.skip_allowed and not outcomes:
        raise BadInput(rules.NEEDED, fields={"skip_allowed": rules.NEEDED})
    asked = form.questionnaire_id or None
    offered = {row.questionnaire_id, None} | {one.id for one in await questionnaires.choices(session)}
    if asked not in offered:
        raise BadInput(STRANGE, fields={"questionnaire_id": STRANGE})
    letter = await templates.checked(session, person, form.letter, like or row.id or 0)
    await templates.check_server(session, form.server_id, row.server_id)
    row.server_id = form.server_id
    row.name, row.kind, row.text, row.everybody = name, form.kind, text, form.everybody
    row.skip_allowed, row.autodial = form.skip_allowed, form.autodial and form.kind == "out"
    row.questionnaire_id, row.changed_at = asked, services.clock.now()
    session.add(row)
    await session.flush()
    await session.execute(delete(ScriptAgent).where(ScriptAgent.script_id == row.id))
    await session.execute(delete(ScriptNumber).where(ScriptNumber.script_id == row.id))
    session.add_all(ScriptAgent(script_id=row.id, agent_id=one) for one in people)
    session.add_all(ScriptNumber(script_id=row.id, number_id=one) for one in lines)
    await _outcomes(session, row.id, outcomes)
    await templates.keep(session, row, letter)
    await session.flush()


async def _outcomes(session: AsyncSession, script_id: int, typed: Sequence[rules.Outcome]) -> None:
    there = {one.id: one for one in await queries.outcomes(session, script_id)}
    used = await queries.used_outcomes(session, script_id)
    for place, one in enumerate(typed):
        row = there.get(one.id or 0)
        # Another outcome is not put into the mouth of who chose this one: what a result says stays.
        if row is not None and (row.id not in used or (row.title, row.kind) == (one.title, one.kind)):
            del there[row.id]
        else:
            row = ScriptOutcome(script_id=script_id)
            session.add(row)
        row.position, row.title, row.comment, row.kind = place, one.title, one.comment, one.kind
    for row in there.values():
        if row.id in used:
            row.retired = True
        else:
            await session.delete(row)


async def _name(session: AsyncSession, typed: str, own: int | None) -> str:
    return rules.name(typed, [one.name for one in await queries.scripts(session) if one.id != own])


async def _people(session: AsyncSession, form: ScriptForm, before: rules.Use) -> set[int]:
    if form.everybody:
        return set()
    if not form.agents:
        raise BadInput(rules.NO_ONE, fields={"agents": rules.NO_ONE})
    return _known(form.agents, before.agents | {one.id for one in await agents.all_agents(session)}, "agents")


async def _numbers(session: AsyncSession, form: ScriptForm, before: rules.Use) -> set[int]:
    if form.kind == "out" or not form.numbers:
        return set()
    return _known(form.numbers, before.numbers | {one.id for one in await numbers.all_numbers(session)}, "numbers")


def _known(ids: Iterable[int], there: frozenset[int], field: str) -> set[int]:
    found = set(ids)
    if not found <= there:
        raise BadInput(STRANGE, fields={field: STRANGE})
    return found
