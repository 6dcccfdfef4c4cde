"""Makes the demo business once: people, numbers, queues, a menu, clients and a month of past calls."""

from __future__ import annotations

from datetime import datetime, timedelta

import argon2
import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core import routing
from callcenter.demo import names
from callcenter.demo.clients import add_clients
from callcenter.demo.lists import add_lists
from callcenter.demo.past import add_past
from callcenter.demo.talks import add_talks
from callcenter.demo.world import (
    BUSINESS,
    CALL_BACK_KEY,
    MESSAGE_KEY,
    REGULAR_KEY,
    SALES_KEY,
    SALES_NUMBER,
    SUPPORT_KEY,
    SUPPORT_NUMBER,
    Demo,
    personal_number,
)
from callcenter.features.accounts.models import Business, Membership, User
from callcenter.features.agents import api as agents_api
from callcenter.features.agents.models import Agent
from callcenter.features.confirmations import api as confirmations
from callcenter.features.ivr.models import Menu, MenuKey
from callcenter.features.numbers.models import Number, Trunk
from callcenter.features.queues.models import Queue, QueueMember
from callcenter.storage.scope import Database


async def seed(db: Database, *, now: datetime, password: str, carrier_port: int, days: int = 30) -> bool:
    """Makes the demo business; False (and a new password for its people) when it is already there.

    Raises nothing that a second start would not heal: everything is one transaction.
    """
    secret = argon2.PasswordHasher().hash(password)
    async with db.system() as session:
        if await _already(session, secret):
            return False
        demo = await _business(session, now)
        await _people(session, demo, now, secret)
        await _routes(session, demo, now, carrier_port)
        await add_clients(session, demo, now)
        await add_past(session, demo, now, days)
        await add_lists(session, demo, now)
        await add_talks(session, demo, now)
        return True


async def _already(session: AsyncSession, secret: str) -> bool:
    emails = [email for email, _, _ in names.PEOPLE]
    people = (await session.scalars(select(User).where(User.email.in_(emails)))).all()
    for user in people:
        user.password_hash = secret
    return bool(people)


async def _business(session: AsyncSession, now: datetime) -> Demo:
    business = Business(name=BUSINESS, demo=True, created_at=now)
    session.add(business)
    await session.flush()
    return Demo(business_id=business.id)


async def _people(session: AsyncSession, demo: Demo, now: datetime, secret: str) -> None:
    for email, name, role in names.PEOPLE:
        user = User(email=email, name=name, password_hash=secret, created_at=now)
        session.add(user)
        await session.flush()
        member = Membership(business_id=demo.business_id, user_id=user.id, role=role, created_at=now)
        session.add(member)
        await session.flush()
        agent = await agents_api.create_agent(
            session, business_id=demo.business_id, membership_id=member.id, name=name, at=now
        )
        demo.agents[email.partition("@")[0]] = agent.id
        demo.members[email.partition("@")[0]] = member.id


async def _routes(session: AsyncSession, demo: Demo, now: datetime, carrier_port: int) -> None:
    owner = {"business_id": demo.business_id}
    trunk = Trunk(**owner, name="Демо-оператор", host="127.0.0.1", port=carrier_port, match="127.0.0.1", created_at=now)
    queues = {
        name: Queue(**owner, name=title, wrapup_seconds=10, ring_seconds=20, created_at=now)
        for name, title in (("sales", "Продажи"), ("support", "Поддержка"), ("vip", "Постоянные клиенты"))
    }
    # Whoever calls support may be called back in place of waiting; regular clients say what they think of the talk.
    queues["support"].callback_key = CALL_BACK_KEY
    queues["vip"].survey = msgspec.to_builtins(routing.STANDARD_SURVEY)
    session.add_all([trunk, *queues.values()])
    await session.flush()
    demo.queues = {name: queue.id for name, queue in queues.items()}
    for name, operators in (("sales", (1, 2, 3, 4, 5, 6)), ("support", (1, 2, 5, 6, 7, 8)), ("vip", (1, 3, 4, 5, 8))):
        session.add_all(
            QueueMember(**owner, queue_id=demo.queues[name], agent_id=demo.agents[f"operator{n}"], position=place)
            for place, n in enumerate(operators)
        )
    menu = Menu(**owner, main=True, name="Поддержка", prompt="demo-support", wait_seconds=6, repeats=2, created_at=now)
    menu.timeout_action, menu.timeout_target_id = "queue", demo.queues["support"]
    session.add(menu)
    await session.flush()
    session.add_all(
        MenuKey(**owner, menu_id=menu.id, key=key, action="queue", target_id=demo.queues[queue])
        for key, queue in ((SALES_KEY, "sales"), (SUPPORT_KEY, "support"), (REGULAR_KEY, "vip"))
    )
    session.add(
        MenuKey(**owner, menu_id=menu.id, key=MESSAGE_KEY, action="voicemail", target_id=demo.queues["support"])
    )
    sales = Number(**owner, trunk_id=trunk.id, e164=SALES_NUMBER, title="Продажи", created_at=now)
    sales.greeting, sales.target_kind, sales.target_id = "demo-sales", "queue", demo.queues["sales"]
    support = Number(**owner, trunk_id=trunk.id, e164=SUPPORT_NUMBER, title="Поддержка", created_at=now)
    support.target_kind, support.target_id = "menu", menu.id
    session.add_all([sales, support])
    await session.flush()
    demo.numbers = {"sales": sales.id, "support": support.id}
    for index, agent_id in enumerate(demo.agents.values()):
        number = Number(
            **owner, trunk_id=trunk.id, e164=personal_number(index), kind="personal", agent_id=agent_id, created_at=now
        )
        number.target_kind, number.target_id = "agent", agent_id
        session.add(number)
        await session.flush()
        demo.numbers[f"personal{index}"] = number.id
    for agent in await session.scalars(select(Agent).where(Agent.id.in_(demo.agents.values()))):
        agent.caller_number_id = sales.id
    await _own_numbers(session, demo, now)


async def _own_numbers(session: AsyncSession, demo: Demo, now: datetime) -> None:
    """Some operators have entered numbers of their own: one is confirmed, one not for long any more, one not yet."""
    for n, days in ((1, 5), (2, 80), (3, None)):
        agent_id, e164 = demo.agents[f"operator{n}"], f"+7916000010{n}"
        business_id = demo.business_id
        await confirmations.set_own(session, business_id=business_id, agent_id=agent_id, e164=e164, now=now)
        if days is not None:
            await confirmations.confirm(
                session,
                business_id=business_id,
                e164=e164,
                agent_id=agent_id,
                way="call",
                membership_id=None,
                now=now - timedelta(days=days),
            )
