"""A client's call rings his own employee first, on a real Asterisk with the server's answer, and without the server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import pytest
import pytest_asyncio
from sqlalchemy import update

from callcenter.core.clock import SystemClock
from callcenter.core.events import AgentWanted, CallerAsked, LinkChanged
from callcenter.features.agents.models import Agent
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.models import Contact, ContactTag, Tag
from callcenter.features.distribution import plugin as distribution
from callcenter.features.distribution.rules import Priorities
from callcenter.features.distribution.usecases import set_priorities
from callcenter.live.service import Live
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import HANGUP
from callcenter.telephony.config.render import render
from tests.support import line as lines
from tests.support.call_log import answered, save
from tests.support.desk import DIRECTORY, Desk
from tests.support.house import NOW, House
from tests.support.line import BUSINESS, SALES, SALES_NUMBER, SUPPORT_NUMBER, Line
from tests.support.wait import until

OWN_SECONDS = 2
CLIENT, KNOWN, TALKED, OTHER = "79161234567", "+79161234567", "+79035550011", "79037770022"
PLACES = {11: "owner@a", 12: "administrator@a", 13: "guest@a"}


class Server:
    """The server's side: telephony, live picture, call log and the feature that answers."""

    def __init__(self, line: Line, db: Database) -> None:
        self.desk = Desk(line)
        clock = SystemClock()
        self.services = Services(
            settings=line.settings,
            db=db,
            bus=self.desk.bus,
            clock=clock,
            live=Live(self.desk.bus, clock),
            telephony=self.desk.telephony,
        )
        self.asked: list[CallerAsked] = []
        self.desk.bus.listen(CallerAsked, self.asked.append)

    async def start(self) -> None:
        """Begins to answer."""
        bus, services = self.desk.bus, self.services
        for subscription in distribution.FEATURE.subscriptions:
            bus.handle(subscription.queue, subscription.kind, partial(subscription.handler, services))
        services.live.set_directory(DIRECTORY)
        await services.live.start()
        await bus.start()
        await self.desk.telephony.start()
        await self.desk.until(LinkChanged, lambda e: e.up, timeout=30)

    async def stop(self) -> None:
        """Goes away; stopping twice is fine."""
        await self.services.telephony.stop()
        await self.services.live.stop()
        await self.services.bus.stop()

    async def wants(self, agent: int, wanted: Literal["ready", "paused"]) -> None:
        """An employee chooses a state; returns when the live picture has it and his phone."""
        self.desk.bus.publish(AgentWanted(at=time.time(), business_id=BUSINESS, agent_id=agent, wanted=wanted))

        def so() -> bool:
            view = self.services.live.agent(BUSINESS, agent)
            return view is not None and view.state == wanted and view.device is not None

        await until(so, what=f"agent {agent} is {wanted}")


@pytest_asyncio.fixture
async def asking(line: Line) -> AsyncIterator[Line]:
    """The sales number rings a client's own employee first, or who talked to him in a week."""
    model = replace(
        line.model,
        numbers=tuple(
            replace(one, own_first=True, last_days=7, own_seconds=OWN_SECONDS, greeting="", record=False)
            if one.id == 5
            else replace(one, ranked=True, record=False, menu_id=lines.MENU, target=HANGUP)
            if one.id == 6
            else one
            for one in line.model.numbers
        ),
    )
    apply.write(line.instance, render(model))
    await line.rx("dialplan reload")
    yield line
    apply.write(line.instance, render(line.model))
    await line.rx("dialplan reload")
    await line.rx("queue reload all")


@pytest_asyncio.fixture
async def server(asking: Line, db: Database, house: House) -> AsyncIterator[Server]:
    """A running server; agent 11 is responsible for the client, agent 12 talked to somebody else yesterday."""
    assert house.businesses["a"] == BUSINESS
    async with db.business(BUSINESS) as session:
        for agent_id, who in PLACES.items():
            session.add(
                Agent(
                    id=agent_id, business_id=BUSINESS, membership_id=house.people[who].membership_id,
                    name=f"A{agent_id}", short_number=f"1{agent_id}", wanted_since=NOW,
                )
            )  # fmt: skip
        brief = await contacts.create_client(session, contacts.ClientForm(first_name="Иван", phone=KNOWN), NOW)
        await session.execute(
            update(Contact).where(Contact.id == brief.id).values(responsible_id=house.people["owner@a"].membership_id)
        )
    yesterday = time.time() - 86400
    await save(db, answered(BUSINESS, 12, "1.1", started_at=yesterday, from_number=TALKED))
    made = Server(asking, db)
    await made.start()
    yield made
    await made.stop()


async def floor(server: Server, line: Line) -> dict[int, Any]:
    """Three telephones in the queue, all ready."""
    phones = {n: await line.agent(n, queues=[SALES]) for n in (13, 12, 11)}
    for n in phones:
        await server.wants(n, "ready")
    return phones


async def rung_first(line: Line, phones: dict[int, Any], caller: str, *, first: int) -> None:
    """Calls; agent ``first`` is rung and nobody else, and takes it."""
    client = await line.client(caller)
    calling = client.call(SALES_NUMBER)
    leg = await phones[first].incoming()
    leg.ring()
    leg.answer()
    await calling.until("answered")
    calling.bye()
    await leg.until("ended")
    # Whoever was rung beside him, were it a moment later, has the call still in his list.
    assert [n for n, phone in phones.items() if phone.calls] == [first]
    for phone in phones.values():
        phone.calls.clear()


@pytest.mark.rule("INB-07")
@pytest.mark.parametrize("strategy", ["leastrecent", "ringall", "random"])
async def test_the_clients_own_employee_is_rung_first(server: Server, asking: Line, strategy: str) -> None:
    file = asking.instance.etc / "queues.conf"
    file.write_text(file.read_text().replace("strategy = leastrecent", f"strategy = {strategy}"))
    await asking.rx("queue reload all")
    phones = await floor(server, asking)
    for _ in range(3):
        await rung_first(asking, phones, CLIENT, first=11)
        await server.wants(11, "ready")


@pytest.mark.rule("INQ-08")
async def test_who_talked_to_the_caller_last_is_rung_first(server: Server, asking: Line) -> None:
    phones = await floor(server, asking)
    for _ in range(3):
        await rung_first(asking, phones, TALKED.removeprefix("+"), first=12)
        await server.wants(12, "ready")


@pytest.mark.rule("INB-07")
async def test_an_own_employee_on_a_break_is_not_waited_for(server: Server, asking: Line) -> None:
    phones = await floor(server, asking)
    await server.wants(11, "paused")
    await asking.rx("queue pause member PJSIP/a11s queue q7")
    client = await asking.client(CLIENT)
    began = time.monotonic()
    client.call(SALES_NUMBER)
    await until(lambda: any(phones[n].calls for n in (12, 13)), what="somebody of the queue is rung")
    assert time.monotonic() - began < 1.0
    assert not phones[11].calls


@pytest.mark.rule("INB-07")
async def test_the_queue_goes_on_when_the_own_employee_does_not_answer(server: Server, asking: Line) -> None:
    phones = await floor(server, asking)
    await asking.rx("queue pause member PJSIP/a11s queue q7")
    client = await asking.client(CLIENT)
    client.call(SALES_NUMBER)
    leg = await phones[11].incoming()
    leg.ring()
    began = time.monotonic()
    await until(lambda: any(phones[n].calls for n in (12, 13)), what="somebody of the queue is rung")
    assert OWN_SECONDS - 0.3 < time.monotonic() - began < OWN_SECONDS + 1.5
    await leg.until("ended")


@pytest.mark.rule("INQ-11")
async def test_without_the_server_the_call_goes_on_after_a_moment(server: Server, asking: Line) -> None:
    phones = await floor(server, asking)
    await server.stop()
    client = await asking.client(CLIENT)
    began = time.monotonic()
    client.call(SALES_NUMBER)
    await until(lambda: any(phone.calls for phone in phones.values()), what="somebody is rung")
    assert 0.5 < time.monotonic() - began < 1.3


@pytest.mark.rule("INQ-03")
async def test_a_client_with_a_tag_goes_before_others_also_behind_a_menu(server: Server, asking: Line) -> None:
    async with server.services.db.business(BUSINESS) as session:
        client = await contacts.find_by_number(session, KNOWN)
        assert client is not None
        tag = Tag(business_id=BUSINESS, title="VIP", key="vip", owner_id=None, created_at=NOW)
        session.add(tag)
        await session.flush()
        session.add(ContactTag(business_id=BUSINESS, tag_id=tag.id, contact_id=client.id))
    await set_priorities(server.services, BUSINESS, Priorities(tags={"vip": 7}))
    # Everybody is busy: who came first waits first.
    phone = await asking.agent(13, queues=[SALES])
    await server.wants(13, "paused")
    await asking.rx("queue pause member PJSIP/a13s queue q7")
    places = []
    for number, to in ((OTHER, SALES_NUMBER), (CLIENT, SUPPORT_NUMBER)):
        phone_there = await asking.client(number)
        calling = phone_there.call(to)
        await calling.until("answered")
        if to == SUPPORT_NUMBER:
            await phone_there.hears(lines.MENU_HZ)
            phone_there.press("1")
        places.append(number)
        await until(partial(waits, asking, len(places)), what=f"{number} waits")
    await server.wants(13, "ready")
    await asking.rx("queue unpause member PJSIP/a13s queue q7")
    leg = await phone.incoming()
    assert leg.invite is not None
    assert CLIENT[1:] in leg.invite.headers["from"]


async def waits(line: Line, callers: int) -> bool:
    return f"has {callers} calls" in await line.rx(f"queue show q{SALES}")
