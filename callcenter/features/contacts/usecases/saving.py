"""A card is saved by somebody: written, and those who are newly responsible or managers are told (CON-19, CON-28)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.events import MemberNotice
from callcenter.core.i18n import N_
from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.queries import access as seen
from callcenter.features.contacts.queries import cards
from callcenter.features.contacts.rules import fields
from callcenter.features.contacts.usecases import keeping
from callcenter.features.contacts.usecases.forms import ClientForm
from callcenter.http.current import Current
from callcenter.plugin import Services

RESPONSIBLE = N_("%(who)s made you responsible for “%(name)s”")
MANAGER = N_("%(who)s made you a manager of “%(name)s”")


async def create(services: Services, person: Current, form: ClientForm, kind: str = fields.PERSON) -> int:
    """A new card; its id. Raises BadInput."""
    async with services.db.business(person.business_id) as session:
        made = await keeping.create(session, form, services.clock.now(), kind=kind, by=person, complete=True)
        news = await _news(session, services, person, made, None, frozenset())
        contact_id = made.id
    tell(services, news)
    return contact_id


async def change(services: Services, person: Current, contact_id: int, form: ClientForm) -> None:
    """A card is changed, or a client is made of a number. NotFound, Forbidden, BadInput."""
    async with services.db.business(person.business_id) as session:
        viewer = await seen.viewer(session, person)
        there = await keeping.changeable(session, viewer, contact_id)
        before, managers = there.responsible_id, frozenset(await cards.managers(session, contact_id))
        saved = await keeping.change(session, viewer, contact_id, form, services.clock.now(), complete=True)
        news = await _news(session, services, person, saved, before, managers)
    tell(services, news)


async def _news(
    session: AsyncSession,
    services: Services,
    person: Current,
    contact: Contact,
    responsible: int | None,
    managers: frozenset[int],
) -> list[MemberNotice]:
    """What the people have to hear who were not responsible or managers before; nobody hears of his own deeds."""
    news: list[MemberNotice] = []
    if contact.responsible_id not in (None, responsible, person.membership_id):
        news.append(notice(services, person, contact, contact.responsible_id, RESPONSIBLE))
    for one in await cards.managers(session, contact.id):
        if one not in managers and one not in (person.membership_id, contact.responsible_id):
            news.append(notice(services, person, contact, one, MANAGER))
    return news


def notice(services: Services, person: Current, contact: Contact, member: int | None, text: str) -> MemberNotice:
    """A notice about a client for one member."""
    assert member is not None
    return MemberNotice(
        at=services.clock.epoch(),
        business_id=person.business_id,
        membership_id=member,
        kind="client",
        text=text,
        values={"who": person.name, "name": contact.name or contact.inn},
        link=f"/contacts/{contact.id}",
    )


def tell(services: Services, news: list[MemberNotice]) -> None:
    """Publishes what was committed."""
    for one in news:
        services.bus.publish(one)
