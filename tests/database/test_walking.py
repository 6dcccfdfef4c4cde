"""Jobs go through all clients portion by portion, also where hardly anybody is chosen."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.queries import walking
from callcenter.features.dialer.models import DialEntry, DialList
from callcenter.features.dialer.usecases import making
from callcenter.features.work import api as work
from callcenter.plugin import Services
from tests.support.clients import make_clients
from tests.support.dialer import person
from tests.support.house import House


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "WINDOW", 10)
    monkeypatch.setattr(walking, "WINDOWS", 2)


@pytest.mark.usefixtures("narrow")
async def test_a_walk_passes_over_those_who_are_not_chosen_and_says_where_it_is(
    services: Services, house: House
) -> None:
    business = house.businesses["a"]
    ids = await make_clients(services.db, business, 60)
    rare = contacts.Contact.id.in_([ids[3], ids[44], ids[47], ids[59]])
    async with services.db.business(business) as session:
        first = await contacts.walk(session, rare, 0, 5)
        assert (first.ids, first.after, first.more) == ([ids[3]], ids[19], True)
        empty = await contacts.walk(session, rare, ids[19], 5)
        assert (empty.ids, empty.after, empty.more) == ([], ids[39], True)
        # No more than are asked for, and the next call begins behind the last of them.
        one = await contacts.walk(session, rare, ids[39], 1)
        assert (one.ids, one.after, one.more) == ([ids[44]], ids[44], True)
        last = await contacts.walk(session, rare, ids[44], 5)
        assert (last.ids, last.after, last.more) == ([ids[47], ids[59]], ids[59], False)
        # Who came after the job began is not its business.
        below = await contacts.walk(session, rare, ids[39], 5, ids[50])
        assert (below.ids, below.after, below.more) == ([ids[44], ids[47]], ids[50], False)
    async with services.db.business(house.businesses["b"]) as session:
        assert await contacts.walk(session, rare, 0, 5) == ([], 0, False)


@pytest.mark.rule("OUT-13")
@pytest.mark.usefixtures("narrow")
async def test_a_list_of_a_few_among_many_is_written_to_its_end(services: Services, house: House) -> None:
    business = house.businesses["a"]
    ids = await make_clients(services.db, business, 60)
    async with services.db.business(business) as session:
        for n in (44, 59):
            card = await session.get_one(contacts.Contact, ids[n])
            card.city = "Plyos"
            session.add(contacts.ContactPhone(contact_id=ids[n], e164=f"+7916{n:07d}"))
    where = {"field": "city", "op": "equals", "value": "Plyos"}
    async with services.db.business(business) as session:
        asked = person(house, "operator@a")
        made = await making.create(session, services, asked, making.ListForm(title="Few", where=where))
    await work.office(services).idle()
    async with services.db.business(business) as session:
        row = await session.get_one(DialList, made.id)
        rows = await session.scalars(select(DialEntry).order_by(DialEntry.position))
        assert (row.filled, row.total, [one.contact_id for one in rows]) == (True, 2, [ids[44], ids[59]])
