"""Cards know where their client may be: worked out when a card is saved, and soon after for those written in bulk."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact, ContactPhone, ContactZone
from callcenter.features.contacts.queries import places
from callcenter.features.contacts.rules import zones
from callcenter.plugin import Services
from callcenter.storage.scope import exclusive, update_many

# So many cards are looked at in one transaction.
PORTION = 500


async def place(session: AsyncSession, cards: Collection[Contact], phones: Mapping[int, Sequence[str]]) -> None:
    """Says on the cards where their clients may be; ``phones`` are their numbers (E.164), by card."""
    texts = {one.id: ",".join(zones.of_client(phones.get(one.id, ()), one.city, one.address)) for one in cards}
    ids = await _ids(session, set(texts.values()))
    for one in cards:
        one.zone_id = ids[texts[one.id]]


async def _ids(session: AsyncSession, texts: set[str]) -> Mapping[str, int]:
    found = await places.known(session, texts)
    if texts <= set(found):
        return found
    await exclusive(session, "contact-zones")
    found = await places.known(session, texts)
    session.add_all(ContactZone(zones=text) for text in sorted(texts - set(found)))
    await session.flush()
    return await places.known(session, texts)


async def fill(services: Services) -> int:
    """Does so for a portion of the cards that do not say it; how many there were."""
    async with services.db.system() as session:
        rows = await session.execute(
            select(Contact.id, Contact.business_id).where(Contact.zone_id.is_(None)).order_by(Contact.id).limit(PORTION)
        )
        by_business: dict[int, list[int]] = {}
        for contact_id, business_id in rows:
            by_business.setdefault(business_id, []).append(contact_id)
    for business_id, ids in by_business.items():
        async with services.db.business(business_id) as session:
            cards = await session.execute(
                select(Contact.id, Contact.city, Contact.address).where(Contact.id.in_(ids), Contact.zone_id.is_(None))
            )
            there = cards.all()
            phones: dict[int, list[str]] = {}
            for contact_id, e164 in await session.execute(
                select(ContactPhone.contact_id, ContactPhone.e164)
                .where(ContactPhone.contact_id.in_(ids))
                .order_by(ContactPhone.contact_id, ContactPhone.id)
            ):
                phones.setdefault(contact_id, []).append(e164)
            texts = {one: ",".join(zones.of_client(phones.get(one, ()), city, address)) for one, city, address in there}
            known = await _ids(session, set(texts.values()))
            # In the order of ids: two transactions never wait for each other crosswise.
            moved = [{"id": one, "zone_id": known[texts[one]]} for one in sorted(texts)]
            await session.run_sync(update_many, Contact, moved)
    return sum(len(ids) for ids in by_business.values())
