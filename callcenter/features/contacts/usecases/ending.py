"""Cards are put into the archive (CON-12) or deleted for good (CON-22)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import gateway, queries
from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.queries import access as seen
from callcenter.features.contacts.queries import cards
from callcenter.features.contacts.usecases import keeping, registry
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_SETUP
from callcenter.plugin import Services

ADMINISTRATORS = N_("Only an administrator may delete a card for good. Put it into the archive instead.")


async def archive(services: Services, person: Current, contact_id: int) -> None:
    """Puts one card into the archive: it stays to be looked at and cannot come back. NotFound, Forbidden."""
    async with services.db.business(person.business_id) as session:
        contact = await keeping.changeable(session, await seen.viewer(session, person), contact_id)
        await put_away(session, [contact], services.clock.now(), person.membership_id)
        await accounts.audit(session, person, "contact.archive", "contact", contact_id, name=contact.name)


async def put_away(session: AsyncSession, contacts: Collection[Contact], at: datetime, author: int | None) -> None:
    """Archives cards that the caller has checked, with what other features remove then (their deals)."""
    for contact in contacts:
        contact.state, contact.archived_at = "archive", at
        keeping.record(session, contact.id, "archive", at, author)
    await session.flush()
    for hook in registry.archive_hooks:
        await hook(session, [contact.id for contact in contacts])


async def remove(services: Services, person: Current, contact_id: int) -> None:
    """Deletes one card for good, with its history and files; its calls stay in the call log.

    NotFound, Forbidden; Conflict when another feature objects.
    """
    async with services.db.business(person.business_id) as session:
        contact = await queries.contact(session, contact_id)
        if contact is None:
            raise NotFound(seen.GONE)
        await seen.need_see(session, await seen.viewer(session, person), contact)
        if not person.can(CONTACTS_SETUP):
            raise Forbidden(ADMINISTRATORS)
        if objection := (await objections(session, [contact_id])).get(contact_id):
            raise Conflict(objection)
        await accounts.audit(session, person, "contact.delete", "contact", contact_id, name=contact.name)
        files = await erase(session, [contact_id])
    await asyncio.to_thread(gateway.unlink, services.settings.data, files)


async def objections(session: AsyncSession, ids: Collection[int]) -> dict[int, str]:
    """Why cards may not be deleted (gettext keys), for those that may not."""
    found: dict[int, str] = {}
    for guard in registry.guards.values():
        found |= await guard(session, ids)
    return found


async def erase(session: AsyncSession, ids: Collection[int]) -> list[str]:
    """Deletes cards that the caller has checked, with all that hangs on them in the tables of this feature.

    Returns where their files lie, for gateway.unlink after the commit.
    """
    files = await cards.stored_files(session, ids)
    for part in queries.chunks(ids):
        await session.execute(delete(Contact).where(Contact.id.in_(part)).execution_options(synchronize_session=False))
    return files
