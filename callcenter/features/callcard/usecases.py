"""The client of a call: his card is changed with the first «save», and handed over with the second one."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.callcard.models import HandOver
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.mail import api as mail
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_EDIT
from callcenter.plugin import Services

NO_CLIENT = N_("This call has no client whose card could be changed.")
NOT_YOURS = N_("Only an administrator or the responsible employee may give this client to somebody else.")
NESTED = N_("The responsible employee is chosen in the card of the organisation.")
NOBODY = N_("This employee is not there any more. Choose another one.")
NOTHING = N_("Nobody was chosen to take this client over.")

Text = str | msgspec.UnsetType


class CardForm(msgspec.Struct, kw_only=True):
    """What is changed in the call's card; what is left out stays. ``email`` and ``phone`` only add.

    ``responsible_id`` (a membership) waits until the call itself is saved.
    """

    first_name: Text = msgspec.UNSET
    last_name: Text = msgspec.UNSET
    name: Text = msgspec.UNSET
    position: Text = msgspec.UNSET
    organisation: Text = msgspec.UNSET
    email: str = ""
    phone: str = ""
    responsible_id: int | None = None


class Person(msgspec.Struct, kw_only=True):
    """A member who can be responsible."""

    membership_id: int
    name: str


class CardView(msgspec.Struct, kw_only=True):
    """The client of a call. ``next_responsible`` takes him over once the call is saved (null = nobody waits)."""

    call_id: str
    contact_id: int
    kind: str
    saved: bool
    name: str
    first_name: str
    last_name: str
    position: str
    organisation: str
    emails: list[str]
    responsible: Person | None
    next_responsible: Person | None
    may_change: bool
    may_move: bool


async def show(services: Services, person: Current, call_id: str) -> CardView:
    """The client of a call that the person may see. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        return await _view(session, person, call_id, await _client(services, session, person, call_id))


async def save_card(services: Services, person: Current, call_id: str, form: CardForm) -> CardView:
    """The first «save»: the card itself. Who shall be responsible only waits. NotFound, Forbidden, BadInput."""
    await calls.log_now(services, person, call_id)
    async with services.db.business(person.business_id) as session:
        contact = await _client(services, session, person, call_id)
        contact_id, wish = contact.id, form.responsible_id
        if wish is not None and contact.saved and wish != contact.responsible_id:
            await _check(session, person, contact, wish)
    values = {name: getattr(form, name) for name in ("first_name", "last_name", "position", "organisation", "name")}
    given = {name: value for name, value in values.items() if value is not msgspec.UNSET}
    if given or form.email.strip() or form.phone.strip():
        card = contacts.ClientForm(**given, email=form.email, phone=form.phone)
        await contacts.saving.change(services, person, contact_id, card)
    async with services.db.business(person.business_id) as session:
        contact = await _client(services, session, person, call_id)
        await session.execute(delete(HandOver).where(HandOver.call_id == call_id))
        if wish is not None and wish != contact.responsible_id:
            await _check(session, person, contact, wish)
            session.add(
                HandOver(
                    call_id=call_id, contact_id=contact.id, responsible_id=wish, author_id=person.membership_id,
                    at=services.clock.now(),
                )
            )  # fmt: skip
            await session.flush()
        return await _view(session, person, call_id, contact)


async def save_call(services: Services, person: Current, call_id: str) -> CardView:
    """The second «save»: the client goes to his new responsible employee, who is told.

    Raises NotFound, Conflict (code ``nothing``), Forbidden.
    """
    async with services.db.business(person.business_id) as session:
        contact = await _client(services, session, person, call_id)
        waits = await _waits(session, call_id)
        if waits is None or waits.contact_id != contact.id:
            raise Conflict(NOTHING, code="nothing")
        # Whoever chose may choose: his right is looked at anew, because it may have gone meanwhile.
        await _check(session, person, contact, waits.responsible_id)
        contact_id, wish = contact.id, waits.responsible_id
    await contacts.saving.change(services, person, contact_id, contacts.ClientForm(responsible_id=wish))
    async with services.db.business(person.business_id) as session:
        await session.execute(delete(HandOver).where(HandOver.call_id == call_id))
        contact = await contacts.get_card(session, contact_id)
        return await _view(session, person, call_id, contact)


async def drop(services: Services, person: Current, call_id: str) -> CardView:
    """The client stays where he is. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        contact = await _client(services, session, person, call_id)
        await session.execute(delete(HandOver).where(HandOver.call_id == call_id))
        return await _view(session, person, call_id, contact)


async def people(session: AsyncSession) -> list[Person]:
    """Everybody who can be responsible, by name."""
    return [
        Person(membership_id=one.membership_id, name=one.name)
        for one in await accounts.people(session)
        if one.status == "active"
    ]


async def _client(services: Services, session: AsyncSession, person: Current, call_id: str) -> contacts.Contact:
    call = await calls.taken(services, session, person, call_id)
    if call.contact_id is None:
        raise NotFound(NO_CLIENT)
    return await contacts.need_see(session, person, call.contact_id)


async def _check(session: AsyncSession, person: Current, contact: contacts.Contact, wish: int) -> None:
    if contact.organisation_id is not None:
        raise BadInput(NESTED, fields={"responsible_id": NESTED})
    if not await contacts.access.may_move(session, await contacts.viewer(session, person), contact):
        raise Forbidden(NOT_YOURS)
    if wish not in {one.membership_id for one in await people(session)}:
        raise BadInput(NOBODY, fields={"responsible_id": NOBODY})


async def _waits(session: AsyncSession, call_id: str) -> HandOver | None:
    return await session.scalar(select(HandOver).where(HandOver.call_id == call_id))


async def _view(session: AsyncSession, person: Current, call_id: str, contact: contacts.Contact) -> CardView:
    names = {one.membership_id: one.name for one in await accounts.people(session)}
    waits = await _waits(session, call_id)
    who = await contacts.viewer(session, person)
    may = person.can(CONTACTS_EDIT) and contact.state != "archive"
    own = await mail.addresses(session, contact)

    def named(member: int | None) -> Person | None:
        return Person(membership_id=member, name=names.get(member, "")) if member is not None else None

    return CardView(
        call_id=call_id,
        contact_id=contact.id,
        kind=contact.kind,
        saved=contact.saved,
        name=contact.name,
        first_name=contact.first_name,
        last_name=contact.last_name,
        position=contact.position,
        organisation=contact.organisation,
        emails=[one.address for one in own],
        responsible=named(contact.responsible_id),
        next_responsible=named(waits.responsible_id) if waits and waits.contact_id == contact.id else None,
        may_change=may and await contacts.access.may_change(session, who, contact),
        may_move=may and contact.organisation_id is None and await contacts.access.may_move(session, who, contact),
    )
