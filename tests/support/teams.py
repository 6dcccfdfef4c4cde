"""A list with a team in a house: agents whose phones stay picked up, clients who are called, and how calls go on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from callcenter.core.calls import Call, Leg, Step
from callcenter.core.clock import FixedClock
from callcenter.core.events import SpyChanged
from callcenter.features.dialer import handlers
from callcenter.features.dialer.models import DialMember
from callcenter.features.dialer.usecases import control, pacing
from callcenter.features.numbers import api as numbers
from callcenter.plugin import Services
from callcenter.telephony.nailing import Standing
from tests.support.call_log import OWN, client_leg
from tests.support.dialer import Floor, person
from tests.support.house import NOW, House


class FakeNailing:
    """Standing legs and calls that are only written down; ``fails`` is raised by the next call."""

    def __init__(self) -> None:
        self.legs: dict[str, int] = {}
        self.called: list[dict[str, Any]] = []
        self.joined: list[tuple[str, int]] = []
        self.fails: Exception | None = None
        self.kind, self.made = "s", 0

    async def standing(self, agent_id: int, _business_id: int) -> Standing:
        self.made += 1
        leg_id = f"sn{1772442000000 + self.made}.f{agent_id:07x}"
        return Standing(leg_id=leg_id, endpoint=f"a{agent_id}{self.kind}")

    async def nail(self, agent_id: int, _business_id: int, standing: Standing, _name: str) -> None:
        self.legs[standing.leg_id] = agent_id

    async def call(self, **order: Any) -> None:
        self.called.append(order)
        if self.fails is not None:
            raise self.fails

    async def join(self, call_id: str, _business_id: int, standing: Standing) -> None:
        self.joined.append((call_id, self.legs[standing.leg_id]))

    async def release(self, leg_id: str) -> None:
        self.legs.pop(leg_id, None)

    def up(self, leg_id: str) -> bool:
        return leg_id in self.legs

    there = up

    def all(self) -> frozenset[str]:
        return frozenset(self.legs)


class TeamFloor(Floor):
    """Business a with a line and two agents; time stands still but for ``pass_time``."""

    def __init__(self, services: Services, house: House, clock: FixedClock) -> None:
        super().__init__(services, house, clock)
        self.nailing = FakeNailing()
        services.telephony.nailing = self.nailing  # type: ignore[assignment]
        services.live.calls_of = lambda _business: list(self.live.values())  # type: ignore[method-assign]
        self.other = person(house, "supervisor@a")

    async def furnish(self) -> None:
        """The business gets a number, and a line to an operator."""
        await super().furnish()
        async with self.services.db.business(self.business) as session:
            self.trunk = await numbers.create_trunk(
                session, business_id=self.business, name="Line", host="127.0.0.1", at=NOW
            )

    async def begin(self, list_id: int, *who: Any) -> None:
        """The list is started, and these take part."""
        await control.start(self.services, self.other, list_id)
        for one in who:
            await control.join(self.services, one, list_id)

    def view(self, agent_id: int | None) -> Any:
        """An agent's picture, to be changed."""
        assert agent_id is not None
        return self.agents[agent_id]

    async def pace(self, looks: int = 3) -> None:
        """The dialer looks."""
        for _ in range(looks):
            await pacing.turn(self.services)
            await self._settle()

    async def _settle(self) -> None:
        for task in list(pacing.kept(self.services).tasks):
            await task

    async def goes_by(self, seconds: float) -> None:
        """Time goes by, and the dialer looks."""
        self.clock.advance(seconds)
        await self.pace()

    def forget(self) -> None:
        """As after a restart of the server."""
        self.services.parts.pop(pacing.Pacing, None)

    @property
    def dialled_to(self) -> list[str]:
        """The numbers that were called."""
        return [one["to"] for one in self.nailing.called]

    def picture(self, call_id: str, *told: str, **more: Any) -> Call:
        """A client's call: what its dialplan has told, and whether he answered."""
        now = self.clock.epoch()
        order = next(one for one in self.nailing.called if one["call_id"] == call_id)
        answered = more.pop("answered", True)
        times = {"ringing_at": now - 4, "answered_at": now if answered else None}
        leg = client_leg(call_id, now - 5, id=call_id, address=order["to"], cause=more.pop("cause", None), **times)
        legs: tuple[Leg, ...] = (leg,)
        call = Call(
            **{
                "id": call_id, "business_id": self.business, "direction": "out", "state": "started",
                "started_at": now - 5, "from_number": OWN, "to_number": order["to"], "legs": legs,
                "steps": tuple(Step(at=now, kind=one) for one in told), **more,
            }
        )  # fmt: skip
        self.live[call_id] = call
        return call

    async def tells(self, call_id: str, *told: str) -> None:
        """The call goes on: its last step is what happens now ('' = somebody answers)."""
        call = self.picture(call_id, *told)
        pacing.kept(self.services).updated(call, told[-1] if told else "leg", self.clock.epoch())
        await self._settle()

    async def over(self, call_id: str, result: str, *told: str, **more: Any) -> None:
        """The call is over."""
        ends = {"result": result, "state": "ended", "ended_at": self.clock.epoch()}
        call = self.picture(call_id, *told, **{**ends, **more})
        del self.live[call_id]
        pacing.kept(self.services).ended(call, self.clock.epoch())
        await self.pace()

    async def hangs_up(self, agent_id: int | None) -> None:
        """An agent's standing leg is gone."""
        leg_id = next(leg for leg, agent in self.nailing.legs.items() if agent == agent_id)
        del self.nailing.legs[leg_id]
        await handlers.leg(self.services, SpyChanged(at=self.clock.epoch(), spy_id=leg_id, state="ended"))

    async def members(self) -> list[int]:
        """Who takes part."""
        async with self.services.db.business(self.business) as session:
            return list(await session.scalars(select(DialMember.agent_id).order_by(DialMember.id)))
