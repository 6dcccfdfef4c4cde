"""Which clients somebody may see, as a condition for every query over them (rules.access says who may what)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.models import Contact, ContactManager
from callcenter.features.contacts.rules import access as rules
from callcenter.features.contacts.rules.access import Card, Viewer
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_ALL, CONTACTS_SETUP

GONE = N_("This contact is not there.")
CLOSED = N_("You may see this client, but not change it. Ask the responsible employee or an administrator.")


async def viewer(session: AsyncSession, person: Current) -> Viewer:
    """The person as one who looks at clients (business session)."""
    business = await accounts.business(session, person.business_id)
    setting = business.settings.get(rules.SETTING) if business else None
    return Viewer(
        person.membership_id,
        everything=person.can(CONTACTS_ALL),
        private=person.can(CONTACTS_SETUP),
        shared=setting != "own",
    )


def visible(who: Viewer) -> ColumnElement[bool]:
    """The condition under which ``who`` sees a client; the same as rules.access.may_see."""
    return _condition(who, ("read", "write"))


def changeable(who: Viewer) -> ColumnElement[bool]:
    """The condition under which ``who`` may change a client; the same as rules.access.may_change."""
    return _condition(who, ("write",))


def _condition(who: Viewer, open_to_all: tuple[str, ...]) -> ColumnElement[bool]:
    if who.private:
        return true()
    mine = or_(
        Contact.responsible_id == who.membership_id,
        Contact.id.in_(select(ContactManager.contact_id).where(ContactManager.membership_id == who.membership_id)),
    )
    if who.everything:
        return or_(Contact.access != "private", mine)
    default = Contact.access == "default"
    if not who.shared:
        default = and_(default, Contact.responsible_id.is_(None))
    return or_(
        mine,
        and_(Contact.access != "private", Contact.state == "contact"),
        Contact.access.in_(open_to_all),
        default,
    )


async def need_see(session: AsyncSession, who: Viewer, contact: Contact) -> None:
    """Raises NotFound when ``who`` may not see the contact: what is not seen is not there."""
    if not rules.may_see(who, await card(session, contact)):
        raise NotFound(GONE)


async def need_change(session: AsyncSession, who: Viewer, contact: Contact) -> None:
    """Raises NotFound when ``who`` may not see the contact, Forbidden when he may not change it."""
    found = await card(session, contact)
    if not rules.may_see(who, found):
        raise NotFound(GONE)
    if not rules.may_change(who, found):
        raise Forbidden(CLOSED)


async def may_move(session: AsyncSession, who: Viewer, contact: Contact) -> bool:
    """Whether ``who`` may give this client to somebody else (rules.access.may_move)."""
    return rules.may_move(who, await card(session, contact))


async def may_change(session: AsyncSession, who: Viewer, contact: Contact) -> bool:
    """Whether ``who`` may change this client (rules.access.may_change)."""
    return rules.may_change(who, await card(session, contact))


async def card(session: AsyncSession, contact: Contact) -> Card:
    """What of the contact decides who may see it."""
    rows = await session.scalars(select(ContactManager.membership_id).where(ContactManager.contact_id == contact.id))
    return Card(contact.state, contact.access, contact.responsible_id, frozenset(rows))


async def only_visible(session: AsyncSession, who: Viewer, ids: Collection[int]) -> set[int]:
    """Those of ``ids`` that ``who`` sees."""
    return set(await session.scalars(select(Contact.id).where(Contact.id.in_(ids), visible(who))))
