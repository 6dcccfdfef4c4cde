"""A number that called is given to a client who is known already: its card, history and calls go over (TEL-11)."""

from __future__ import annotations

from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.queries import access
from callcenter.features.contacts.usecases import merging
from callcenter.http.current import Current
from callcenter.plugin import Services


async def give_number(services: Services, person: Current, client_id: int, contact_id: int) -> None:
    """Makes the unsaved contact ``contact_id`` a part of the client ``client_id``.

    Raises NotFound for what the person does not see, Forbidden for a client that he may not change, Conflict when the
    contact is a client of its own.
    """
    async with services.db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        client, contact = await session.get(Contact, client_id), await session.get(Contact, contact_id)
        if client is None or contact is None:
            raise NotFound(access.GONE)
        await access.need_change(session, who, client)
        await access.need_see(session, who, contact)
        if contact.state != "contact" or contact_id == client_id:
            raise Conflict(N_("This number belongs to a client already. Merge the two cards as duplicates."))
        if client.state != "client":
            raise Conflict(N_("Choose a client of the active base."))
        # A bare number is neither a person nor an organisation.
        contact.kind = client.kind
        await session.flush()
        left = await merging.merge(session, client_id, [contact_id], services.clock.now(), person.membership_id)
        await accounts.audit(session, person, "contact.number", "contact", client_id, contact=contact_id)
    await merging.tidy(services, left)
