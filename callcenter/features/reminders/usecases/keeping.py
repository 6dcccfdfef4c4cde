"""A reminder is made, moved, done, taken away; those whose time has come are told."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.events import MemberNotice
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.reminders import queries, rules
from callcenter.features.reminders.models import Reminder
from callcenter.http.current import Current
from callcenter.plugin import Services

GONE = N_("This reminder is not there.")
NOBODY = N_("This employee is not there any more. Choose another one.")
DUE = N_("Reminder: %(what)s")
DUE_CLIENT = N_("Reminder: %(what)s (%(client)s)")
GIVEN = N_("%(who)s set a reminder for you: %(what)s")


class ReminderForm(msgspec.Struct, kw_only=True):
    """A reminder at ``at`` (with its zone). ``owner_id`` is the membership of who is reminded, null = oneself.

    ``call_id`` names the call it is about; the client is the call's then, unless ``contact_id`` names one.
    """

    at: datetime
    kind: rules.Kind = "call"
    text: str = ""
    owner_id: int | None = None
    contact_id: int | None = None
    call_id: str | None = None


class ChangeForm(msgspec.Struct, kw_only=True):
    """What of a reminder changes; what is left out stays. A new ``at`` has it told anew."""

    at: datetime | msgspec.UnsetType = msgspec.UNSET
    kind: rules.Kind | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    owner_id: int | msgspec.UnsetType = msgspec.UNSET


async def create(services: Services, person: Current, form: ReminderForm) -> int:
    """A new reminder; its id. Raises BadInput, NotFound (client, call)."""
    now = services.clock.now()
    at = rules.ahead(form.at, now)
    if form.call_id:
        await calls.log_now(services, person, form.call_id)
    async with services.db.business(person.business_id) as session:
        contact_id = form.contact_id
        if form.call_id:
            call = await calls.taken(services, session, person, form.call_id)
            contact_id = contact_id if contact_id is not None else call.contact_id
        if contact_id is not None:
            await contacts.need_see(session, person, contact_id)
        text = rules.text(form.text, needed=contact_id is None)
        owner = await _owner(session, person, form.owner_id)
        row = Reminder(
            owner_id=owner, author_id=person.membership_id, kind=form.kind, text=text, at=at, contact_id=contact_id,
            call_id=form.call_id or None, created_at=now,
        )  # fmt: skip
        session.add(row)
        await session.flush()
        reminder_id = row.id
    if owner != person.membership_id:
        _given(services, person, row)
    return reminder_id


async def change(services: Services, person: Current, reminder_id: int, form: ChangeForm) -> None:
    """Moves or rewrites a reminder. Raises NotFound, BadInput."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, person, reminder_id)
        if form.at is not msgspec.UNSET:
            row.at, row.told_at, row.done_at = rules.ahead(form.at, services.clock.now()), None, None
        if form.text is not msgspec.UNSET:
            row.text = rules.text(form.text, needed=row.contact_id is None)
        if form.kind is not msgspec.UNSET:
            row.kind = form.kind
        before = row.owner_id
        if form.owner_id is not msgspec.UNSET:
            row.owner_id = await _owner(session, person, form.owner_id)
    if row.owner_id not in (before, person.membership_id):
        _given(services, person, row)


async def done(services: Services, person: Current, reminder_id: int, *, undo: bool = False) -> None:
    """Marks a reminder as done, or opens it again. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, person, reminder_id)
        row.done_at = None if undo else row.done_at or services.clock.now()


async def remove(services: Services, person: Current, reminder_id: int) -> None:
    """Takes a reminder away. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, person, reminder_id)
        await session.delete(row)


async def need(session: AsyncSession, person: Current, reminder_id: int) -> Reminder:
    """A reminder of one's own, or one that one gave to somebody. Raises NotFound for anything else."""
    row = await queries.one(session, reminder_id)
    if row is None or person.membership_id not in (row.owner_id, row.author_id):
        raise NotFound(GONE)
    return row


async def tell(services: Services) -> None:
    """Notices for reminders whose time has come; one that nobody's page hears stays in the list and in the bell."""
    now = services.clock.now()
    async with services.db.system() as session:
        rows = await queries.untold(session, now)
        if not rows:
            return
        await session.execute(update(Reminder).where(Reminder.id.in_([one.id for one in rows])).values(told_at=now))
    names: dict[int, str] = {}
    for business_id in {one.business_id for one in rows if one.contact_id is not None}:
        names |= await _names(services, business_id, [one for one in rows if one.business_id == business_id])
    for row in rows:
        client = names.get(row.contact_id or 0, "")
        what = row.text or rules.KINDS[row.kind]  # type: ignore[index]
        services.bus.publish(
            MemberNotice(
                at=services.clock.epoch(),
                business_id=row.business_id,
                membership_id=row.owner_id,
                kind="reminder",
                text=DUE_CLIENT if client else DUE,
                values={"what": what[:200], "client": client},
                link=f"/contacts/{row.contact_id}?tab=reminders" if row.contact_id else "/reminders",
            )
        )


async def _names(services: Services, business_id: int, rows: list[Reminder]) -> dict[int, str]:
    async with services.db.business(business_id) as session:
        found = await contacts.briefs(session, {one.contact_id for one in rows if one.contact_id is not None})
    return {contact_id: one.name for contact_id, one in found.items()}


def _given(services: Services, person: Current, row: Reminder) -> None:
    services.bus.publish(
        MemberNotice(
            at=services.clock.epoch(),
            business_id=person.business_id,
            membership_id=row.owner_id,
            kind="given",
            text=GIVEN,
            values={"who": person.name, "what": (row.text or rules.KINDS[row.kind])[:200]},  # type: ignore[index]
            link="/reminders",
        )
    )


async def _owner(session: AsyncSession, person: Current, owner_id: int | None) -> int:
    if owner_id is None or owner_id == person.membership_id:
        return person.membership_id
    there = {one.membership_id for one in await accounts.people(session) if one.status == "active"}
    if owner_id not in there:
        raise BadInput(NOBODY, fields={"owner_id": NOBODY})
    return owner_id
