"""A dial list in a house: its agent at his desk, what was dialled, and how calls end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from callcenter.core.calls import Call, Leg
from callcenter.core.clock import FixedClock
from callcenter.core.directory import NumberRef
from callcenter.core.events import MemberNotice, WrapupGiven
from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.usecases.forms import ClientForm, PhoneForm
from callcenter.features.dialer.models import DialAttempt, DialEntry, DialList
from callcenter.features.dialer.usecases import control, desk, making, running
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.http.permissions import ROLE_PERMISSIONS
from callcenter.live.views import AgentView
from callcenter.plugin import Services
from tests.support.call_log import OWN, line
from tests.support.house import NOW, House


def person(house: House, who: str) -> Current:
    """Somebody of the house as one who asks."""
    found = house.people[who]
    return Current(
        user_id=found.user_id,
        email=found.email,
        name=who,
        business_id=found.business_id,
        business_name="",
        membership_id=found.membership_id,
        role=found.role,  # type: ignore[arg-type]
        permissions=ROLE_PERMISSIONS[found.role],  # type: ignore[index]
        agent_id=found.agent_id,
        language="ru",
        timezone="UTC",
        theme="auto",
        via="token",
    )


async def clients(services: Services, business: int, phones: Sequence[Sequence[str]]) -> list[int]:
    """Saved clients with these numbers; their ids."""
    made = []
    async with services.db.business(business) as session:
        for n, numbers in enumerate(phones):
            form = ClientForm(first_name=f"Client{n}", phones=[PhoneForm(number=one) for one in numbers])
            made.append((await contacts.create_client(session, form, NOW)).id)
    return [one for one in made if one is not None]


class Floor:
    """Business a with a number; ``agent`` is the operator's state, ``dialled`` what Asterisk was told."""

    def __init__(self, services: Services, house: House, clock: FixedClock) -> None:
        self.services, self.house, self.clock = services, house, clock
        self.business = house.businesses["a"]
        self.me = person(house, "operator@a")
        self.dialled: list[dict[str, Any]] = []
        self.fails: Exception | None = None
        self.live: dict[str, Call] = {}
        self.notices: list[MemberNotice] = []
        self.rests: list[tuple[str, float]] = []
        self.agents = {one.agent_id: self._view(one.agent_id) for one in house.people.values() if one.agent_id}
        services.bus.listen(MemberNotice, self.notices.append)
        services.bus.listen(WrapupGiven, lambda event: self.rests.append((event.call_id, event.seconds)))
        services.live.agent = lambda _business, agent_id: self.agents.get(agent_id)  # type: ignore[method-assign]
        services.live.call = lambda _business, call_id: self.live.get(call_id)  # type: ignore[method-assign]
        services.telephony.dial = self.dial  # type: ignore[method-assign]

    @staticmethod
    def _view(agent_id: int) -> AgentView:
        return AgentView(
            id=agent_id, name="x", short_number="1", state="ready", since="2026-03-02T08:00:00Z", online=["sip"],
            wanted="ready",
        )  # fmt: skip

    @property
    def agent(self) -> AgentView:
        """The operator's state."""
        assert self.me.agent_id is not None
        return self.agents[self.me.agent_id]

    async def furnish(self) -> None:
        """The business gets a number to call by."""
        number_id = await line(self.services.db, self.business)
        ref = NumberRef(id=number_id, business_id=self.business, e164=OWN)
        self.services.telephony.directory.numbers[number_id] = ref  # type: ignore[index]

    async def dial(self, **order: Any) -> str:
        """What is dialled stands in the database already."""
        (row,) = [one for one in await self.attempts() if one.call_id == order["call_id"]]
        assert (row.closed_at, row.number) == (None, order["to"])
        self.dialled.append(order)
        if self.fails is not None:
            raise self.fails
        return str(order["call_id"])

    async def make(self, numbers: Sequence[Sequence[str]] = (), who: str = "operator@a", **form: Any) -> int:
        """A list of clients with these numbers."""
        if numbers:
            await clients(self.services, self.business, numbers)
        form = {"title": "Promo", "pause": 0, **form}
        async with self.services.db.business(self.business) as session:
            made = await making.create(session, self.services, person(self.house, who), making.ListForm(**form))
        await work.office(self.services).idle()
        return made.id

    async def start(self, list_id: int) -> None:
        """The operator starts it."""
        await control.start(self.services, self.me, list_id)

    async def look(self) -> None:
        """The dialer looks until it has nothing to do at once."""
        for _ in range(6):
            desk.kept(self.services).woken.clear()
            wait = await running.turn(self.services)
            if wait > 0.05 and not desk.kept(self.services).woken.is_set():
                return

    async def pass_time(self, seconds: float) -> None:
        """Time goes by, and the dialer looks."""
        self.clock.advance(seconds)
        await self.look()

    def call(self, result: str, *, agent: bool = True, client: bool = True, **more: Any) -> Call:
        """The last call that was dialled, when it is over: whether the agent answered, and a client was dialled."""
        order = self.dialled[-1]
        return over(self.business, order, result, self.clock.epoch(), agent=agent, client=client, **more)

    async def ends(self, result: str = "answered", **how: Any) -> Call:
        """The last call ends so."""
        call = self.call(result, **how)
        desk.kept(self.services).over(call)
        await self.look()
        return call

    async def row(self, list_id: int) -> DialList:
        """The list."""
        async with self.services.db.business(self.business) as session:
            return (await session.scalars(select(DialList).where(DialList.id == list_id))).one()

    async def attempts(self) -> list[DialAttempt]:
        """All attempts, oldest first."""
        async with self.services.db.business(self.business) as session:
            return list(await session.scalars(select(DialAttempt).order_by(DialAttempt.id)))

    async def entries(self) -> list[DialEntry]:
        """All clients of lists, in their order."""
        async with self.services.db.business(self.business) as session:
            return list(await session.scalars(select(DialEntry).order_by(DialEntry.list_id, DialEntry.position)))

    async def states(self) -> list[tuple[str, str]]:
        """Their states and outcomes."""
        return [(one.state, one.outcome) for one in await self.entries()]

    @property
    def called(self) -> list[str]:
        """The numbers that were dialled."""
        return [one["to"] for one in self.dialled]

    def restart(self) -> None:
        """As after a restart of the server: nothing is remembered, and Asterisk was read long ago."""
        self.services.parts.pop(desk.Desk, None)


def over(
    business: int,
    order: dict[str, Any],
    result: str,
    at: float,
    *,
    agent: bool = True,
    client: bool = True,
    **more: Any,
) -> Call:
    """A click-to-dial that has ended."""
    call_id, agent_id = order["call_id"], order["agent_id"]
    first = Leg(
        id=call_id, channel="PJSIP/a1s-1", role="agent", state="ended", started_at=at - 20, agent_id=agent_id,
        answered_at=at - 15 if agent else None, ended_at=at, cause=16,
    )  # fmt: skip
    second = Leg(
        id=f"{call_id}-c", channel="PJSIP/t1-2", role="client", state="ended", started_at=at - 14,
        address=order["to"], answered_at=at - 10 if result == "answered" else None, ended_at=at,
        cause={"busy": 17, "no_answer": 19}.get(result, 16),
    )  # fmt: skip
    return Call(
        **{
            "id": call_id,
            "business_id": business,
            "direction": "out",
            "state": "ended",
            "started_at": at - 20,
            "from_number": OWN,
            "to_number": order["to"],
            "agent_id": agent_id,
            "agents": (agent_id,),
            "answered_at": at - 10 if result == "answered" else None,
            "ended_at": at,
            "talk_seconds": 10.0 if result == "answered" else 0.0,
            "result": result,
            "click_to_dial": True,
            "legs": (first, second) if client else (first,),
            **more,
        }
    )
