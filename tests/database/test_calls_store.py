"""Calls in the log: one row per call whatever comes, cards for unknown numbers, strange input."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from callcenter.core.calls import Call, Step
from callcenter.features.calls.models import CallAgent, CallLeg, CallRecord, CallStep
from callcenter.features.calls.queries.stored import one, picture
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import Contact, ContactPhone
from callcenter.storage.scope import Database
from tests.support.call_log import AT, CLIENT, agent_leg, answered, call, missed, save
from tests.support.house import NOW, House


async def count(db: Database, table: type[Any]) -> int:
    async with db.system() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def stored_call(db: Database, business_id: int, call_id: str) -> Call:
    async with db.business(business_id) as session:
        rows = await one(session, call_id)
        assert rows is not None
        return picture(rows).call


async def test_a_call_is_one_row_from_its_beginning_to_its_end(db: Database, house: House) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    begun, ended = call(business), answered(business, agent)
    await save(db, begun)
    await save(db, ended)
    await save(db, ended)
    assert await count(db, CallRecord) == 1
    assert await count(db, CallLeg) == 2
    assert await count(db, CallStep) == 4
    assert await count(db, CallAgent) == 1
    found = await stored_call(db, business, ended.id)
    assert (found.result, found.talk_seconds, found.answered_at, found.ended_at) == ("answered", 60, AT + 4, AT + 64)
    assert found.agents == (agent,)
    assert [step.kind for step in found.steps] == ["started", "rang", "answered", "hangup"]


@pytest.mark.parametrize("order", ["live first", "journal first"])
async def test_live_and_journal_make_one_row_and_the_more_complete_wins(db: Database, house: House, order: str) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    live = answered(business, agent, from_name="Ирина")
    # The journal knows neither the name nor who was rung when.
    journal = replace(live, from_name="", steps=(live.steps[0], live.steps[2]), hold_seconds=3.0)
    for source in ("live", "journal") if order == "live first" else ("journal", "live"):
        await save(db, live if source == "live" else journal, source=source)  # type: ignore[arg-type]
    found = await stored_call(db, business, live.id)
    assert await count(db, CallRecord) == 1
    assert found.from_name == "Ирина"
    assert len(found.steps) == 4
    assert found.hold_seconds == 3.0


async def test_a_call_that_the_server_saw_only_begin_is_completed_by_the_journal(db: Database, house: House) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    await save(db, call(business))
    await save(db, answered(business, agent), source="journal")
    found = await stored_call(db, business, "1772442000.1")
    assert found.result == "answered"
    assert len(found.legs) == 2


@pytest.mark.rule("TEL-20")
async def test_a_call_from_an_unknown_number_makes_one_card_with_its_whole_history(db: Database, house: House) -> None:
    business = house.businesses["a"]
    await save(db, call(business, "1.1"), missed(business, call_id="1.1"))
    await save(db, missed(business, call_id="1.2", started_at=AT + 100))
    async with db.business(business) as session:
        found = await contacts.find_by_number(session, CLIENT)
        assert found is not None
        assert not found.saved
        assert found.name == ""
        ids = list(await session.scalars(select(CallRecord.id).where(CallRecord.contact_id == found.id)))
    assert sorted(ids) == ["1.1", "1.2"]
    assert await count(db, Contact) == 1
    assert await count(db, ContactPhone) == 1


@pytest.mark.rule("TEL-08")
async def test_outgoing_calls_go_to_saved_clients_and_to_numbers_that_are_not_saved(db: Database, house: House) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    async with db.business(business) as session:
        form = contacts.ClientForm(first_name="Ирина", last_name="Лаптева", phone="8 (903) 118-27-40")
        client = await contacts.create_client(session, form, NOW)
    out = {"direction": "out", "from_number": "+74950000001"}
    await save(db, answered(business, agent, "2.1", to_number=CLIENT, **out))
    await save(db, answered(business, agent, "2.2", to_number="+79267710455", **out))
    async with db.business(business) as session:
        first = await session.scalar(select(CallRecord.contact_id).where(CallRecord.id == "2.1"))
        second = await session.scalar(select(CallRecord.contact_id).where(CallRecord.id == "2.2"))
        cards = await contacts.briefs(session, [one for one in (first, second) if one is not None])
    assert first == client.id
    assert first is not None
    assert second is not None
    assert (cards[first].saved, cards[first].name) == (True, "Ирина Лаптева")
    assert (cards[second].saved, cards[second].name) == (False, "")


async def test_the_same_number_in_two_businesses_has_a_card_in_each(db: Database, house: House) -> None:
    for key in ("a", "b"):
        await save(db, missed(house.businesses[key], call_id=f"3.{key}"))
    assert await count(db, Contact) == 2
    async with db.business(house.businesses["a"]) as session:
        assert len(list(await session.scalars(select(Contact)))) == 1


@pytest.mark.parametrize("number", ["anonymous", "", "101", "+7903", "+7495\r\nAction: x"])
async def test_what_is_no_outside_number_gets_no_card(db: Database, house: House, number: str) -> None:
    await save(db, missed(house.businesses["a"], from_number=number))
    assert await count(db, Contact) == 0
    assert await count(db, CallRecord) == 1


@pytest.mark.parametrize(
    "name",
    [
        'a "quoted" name',
        "line\r\nbreak",
        "😀 emoji",
        "я" * 4096,
        "nul\x00byte",
        "lone\ud800surrogate",
        "'; DROP TABLE calls",
    ],
)
async def test_a_strange_caller_name_is_stored_harmlessly(db: Database, house: House, name: str) -> None:
    business = house.businesses["a"]
    await save(db, missed(business, from_name=name))
    found = await stored_call(db, business, "1772442000.1")
    assert len(found.from_name) <= 200
    assert not any(ord(c) < 32 for c in found.from_name)
    assert found.from_name[:3] == name[:3]


async def test_who_was_rung_in_vain_has_the_missed_call_and_not_the_answered_one(db: Database, house: House) -> None:
    business = house.businesses["a"]
    first, second = house.people["operator@a"].agent_id, house.people["supervisor@a"].agent_id
    assert first is not None
    assert second is not None
    await save(db, missed(business, (first, second), "4.1"))
    await save(db, replace(answered(business, second, "4.2"), rung=(first, second)))
    async with db.business(business) as session:
        rows = await session.execute(select(CallAgent.call_id, CallAgent.agent_id).where(CallAgent.own))
        own = {(call_id, agent_id) for call_id, agent_id in rows}
    assert own == {("4.1", first), ("4.1", second), ("4.2", second)}


async def test_a_leg_may_be_in_two_calls_that_a_transfer_joined(db: Database, house: House) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    both = (agent_leg("x", agent),)
    await save(db, call(business, "5.1", legs=both), call(business, "5.2", legs=both), call(business, "5.1", legs=both))
    assert [len((await stored_call(db, business, one)).legs) for one in ("5.1", "5.2")] == [1, 1]
    assert await count(db, CallLeg) == 2


async def test_a_story_that_is_told_anew_replaces_the_old_one(db: Database, house: House) -> None:
    business = house.businesses["a"]
    await save(db, call(business, steps=(Step(at=AT, kind="started"), Step(at=AT + 1, kind="menu", text="1"))))
    await save(
        db,
        missed(
            business,
            steps=(Step(at=AT, kind="started"), Step(at=AT + 2, kind="menu", text="2"), Step(at=AT + 3, kind="hangup")),
        ),
    )
    found = await stored_call(db, business, "1772442000.1")
    assert [(step.kind, step.text) for step in found.steps] == [("started", ""), ("menu", "2"), ("hangup", "")]
