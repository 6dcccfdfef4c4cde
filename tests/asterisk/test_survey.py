"""Two questions after the talk, on a real Asterisk: keys, wrong keys, silence, and when nobody is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
import pytest_asyncio

from callcenter.core.calls import Call
from callcenter.core.events import AgentWanted, CallEnded
from callcenter.core.routing import Survey
from callcenter.features.agents.models import Agent
from callcenter.features.queues.models import Queue
from callcenter.features.surveys import queries, usecases
from callcenter.storage.scope import Database
from callcenter.telephony.config import apply
from callcenter.telephony.config.render import render
from tests.asterisk.test_attended import CLIENT_HZ, FIRST_HZ, SECOND_HZ, Talk, both, talk_at
from tests.asterisk.test_journal import differences
from tests.asterisk.test_own_agent import Server
from tests.support import audio
from tests.support.call_log import save
from tests.support.desk import Desk, desk_at
from tests.support.house import NOW, House
from tests.support.line import BUSINESS, SALES, SALES_NUMBER, Line

ONE_HZ, TWO_HZ, THANKS_HZ, WRONG_HZ = 600.0, 800.0, 1900.0, 2300.0
SOUNDS = {"ask-one": ONE_HZ, "ask-two": TWO_HZ, "ask-thanks": THANKS_HZ, "standard-wrong-key": WRONG_HZ}
SURVEY = Survey(first="ask-one", second="ask-two", thanks="ask-thanks")


@pytest_asyncio.fixture
async def asking(line: Line) -> AsyncIterator[Line]:
    """The sales queue asks two questions; what clients hear are tones."""
    numbers = tuple(replace(one, greeting="") if one.e164 == SALES_NUMBER else one for one in line.model.numbers)
    queues = tuple(replace(one, survey=SURVEY) if one.id == SALES else one for one in line.model.queues)
    files = []
    for name, hertz in SOUNDS.items():
        file = line.instance.sounds / "ru" / f"{name}.ulaw"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(audio.to_ulaw(audio.tone(hertz, 1.0)))
        line.instance.give(file.parent)
        line.instance.give(file)
        files.append(file)
    await apply.reload(line.rx, apply.write(line.instance, render(replace(line.model, numbers=numbers, queues=queues))))
    yield line
    for file in files:
        file.unlink()
    await apply.reload(line.rx, apply.write(line.instance, render(line.model)))


def scores(call: Call) -> list[tuple[str, int | None, int | None, str]]:
    return [(one.kind, one.agent_id, one.queue_id, one.text) for one in call.steps if one.kind in ("survey", "score")]


async def over(desk: Desk, call_id: str) -> Call:
    """The call has ended; the journal, which tells a server that was away, says the same."""
    call = (await desk.until(CallEnded, lambda e: e.call.id == call_id, timeout=30)).call
    assert differences(call, await desk.told(call.id), within=0.5) == []
    return call


@pytest.mark.rule("INQ-09")
async def test_two_keys_are_the_scores_of_the_call_and_its_agent(asking: Line, db: Database, house: House) -> None:
    assert house.businesses["a"] == BUSINESS
    async with db.business(BUSINESS) as session:
        owner = house.people["owner@a"].membership_id
        session.add(
            Agent(
                id=11, business_id=BUSINESS, membership_id=owner, name="A11", short_number="111", wanted_since=NOW,
                wanted="ready",
            )
        )  # fmt: skip
        session.add(Queue(id=SALES, business_id=BUSINESS, name="Sales", created_at=NOW))
    server = Server(asking, db)
    await server.start()
    try:
        server.desk.bus.publish(AgentWanted(at=time.time(), business_id=BUSINESS, agent_id=11, wanted="ready"))
        talk = await talk_at(asking, server.desk)
        talk.leg.bye()
        await talk.client.hears(ONE_HZ, 0.4)
        # The talk is over for the agent, although the client is still there.
        view = server.services.live.agent(BUSINESS, 11)
        assert view is not None
        assert (view.state, view.call_id) == ("wrapup", None)
        talk.client.press("5")
        await talk.client.hears(TWO_HZ, 0.4)
        talk.client.press("4")
        await talk.client.hears(THANKS_HZ, 0.4)
        await talk.calling.until("ended", 10)
        call = await over(server.desk, talk.id)
    finally:
        await server.stop()
    assert scores(call) == [("survey", 11, SALES, str(SALES)), ("score", 11, None, "1 5"), ("score", 11, None, "2 4")]
    asked_at = next(one.at for one in call.steps if one.kind == "survey")
    assert call.answered_at is not None
    assert call.ended_at is not None
    assert abs(call.talk_seconds - (asked_at - call.answered_at)) < 0.5
    assert call.ended_at - asked_at > 1.5
    assert (call.hangup_by, call.result, call.agent_id, call.queue_id) == ("agent", "answered", 11, SALES)
    # The number and the line of the test's Asterisk are in no database.
    await save(db, msgspec.structs.replace(call, number_id=None, trunk_id=None))
    await usecases.collect(server.services)
    async with db.business(BUSINESS) as session:
        row = await queries.of_call(session, call.id)
    assert row is not None
    assert (row.first, row.second, row.agent_id, row.queue_id) == (5, 4, 11, SALES)


def replace_number(call: Call) -> Call:
    """The number and the line of the test's Asterisk are in no database."""
    from msgspec.structs import replace as changed

    return changed(call, number_id=None, trunk_id=None)


@pytest.mark.rule("INQ-09")
async def test_a_wrong_key_is_asked_again_and_two_silences_end_it(asking: Line) -> None:
    async with desk_at(asking) as desk:
        talk = await talk_at(asking, desk)
        talk.leg.bye()
        await talk.client.hears(ONE_HZ, 0.4)
        talk.client.press("9")
        await talk.client.hears(WRONG_HZ, 0.4)
        await talk.client.hears(ONE_HZ, 0.4)
        talk.client.press("3")
        await talk.client.hears(TWO_HZ, 0.4)
        # Nothing is pressed: the question comes once more, and then no other word but the thanks for the first answer.
        await asyncio.sleep(1.2)
        talk.client.forget()
        await talk.client.hears(TWO_HZ, 0.4, timeout=10)
        await talk.client.hears(THANKS_HZ, 0.4, timeout=10)
        await talk.calling.until("ended", 10)
        call = await over(desk, talk.id)
    assert [one[3] for one in scores(call)] == [str(SALES), "1 3"]


@pytest.mark.rule("INQ-09")
async def test_a_client_who_hangs_up_first_is_not_asked(asking: Line) -> None:
    async with desk_at(asking) as desk:
        talk = await talk_at(asking, desk)
        talk.calling.bye()
        await talk.leg.until("ended", 5)
        call = await over(desk, talk.id)
    assert scores(call) == []
    assert (call.hangup_by, call.result) == ("client", "answered")


@pytest.mark.rule("INQ-09")
async def test_asking_a_colleague_begins_no_survey_but_the_end_after_it_does(asking: Line) -> None:
    async with desk_at(asking) as desk:
        talk = await talk_at(asking, desk)
        asked = await talk.asked()
        await desk.telephony.talks.back(talk.id, 11)
        await both(talk.client, CLIENT_HZ, talk.first, FIRST_HZ)
        await asked.until("ended", 5)
        talk.leg.bye()
        await talk.client.hears(ONE_HZ, 0.4)
        talk.client.press("2")
        await talk.client.hears(TWO_HZ, 0.4)
        talk.calling.bye()
        call = await over(desk, talk.id)
    kinds = [one.kind for one in call.steps]
    assert kinds.count("survey") == 1
    assert kinds.index("survey") > kinds.index("returned")
    assert scores(call)[1:] == [("score", 11, None, "1 2")]


@pytest.mark.rule("INQ-09")
async def test_a_client_who_was_given_away_is_not_asked(asking: Line) -> None:
    async with desk_at(asking) as desk:
        talk: Talk = await talk_at(asking, desk)
        asked = await talk.asked()
        await desk.telephony.talks.complete(talk.id, 11)
        await both(talk.client, CLIENT_HZ, talk.second, SECOND_HZ)
        asked.bye()
        await talk.calling.until("ended", 5)
        call = await over(desk, talk.id)
    assert scores(call) == []
