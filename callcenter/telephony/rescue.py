"""An agent whose page is gone from a talk is rung at another phone, while the client stays on the line (AGD-09).

A page that was loaded anew goes on by itself within a second (INVITE with Replaces). Whoever cannot is missed after
``wait`` seconds: the server then rings his other phone, or the page that is there again, straight into the talk.
Nothing is kept here that must survive: after a break of the server the phones that are off line are looked at again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets

from callcenter.core.calls import Call, Leg
from callcenter.core.clock import Clock
from callcenter.core.directory import Directory, endpoint_name
from callcenter.core.errors import NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.telephony.gateway import Gateway

log = logging.getLogger(__name__)

NO_TALK = N_("This call is over already.")
RING_SECONDS = 30.0


class Rescue:
    """Watches the talks of browser phones; ``calls`` are those that go on, ``offline`` the phones that are away."""

    def __init__(
        self,
        gateway: Gateway,
        clock: Clock,
        directory: Directory,
        calls: dict[str, Call],
        offline: set[str],
        *,
        wait: float,
    ) -> None:
        """``wait``: seconds that a page has to come back by itself, below its phone's rtp_timeout."""
        self._clock = clock
        self.directory = directory
        self.wait = wait
        self._gateway = gateway
        self._calls = calls
        self._offline = offline
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._rung: dict[str, str] = {}

    def stop(self) -> None:
        """Gives up what waits."""
        for task in self._waiting.values():
            task.cancel()

    def device(self, endpoint: str, *, online: bool) -> None:
        """A phone went on line or off line: a talk that it was in is watched from now on."""
        if online:
            return
        for call in self._calls.values():
            for leg in _talking(call):
                if leg.device == "webrtc" and _endpoint(leg) == endpoint and leg.id not in self._waiting:
                    self._waiting[leg.id] = asyncio.create_task(self._watch(call.id, leg.id))

    def moved(self, call: Call) -> None:
        """A call changed: once the other phone is in the talk, the leg that it stands in for is let go."""
        for leg in _talking(call):
            gone = self._rung.pop(leg.id, None)
            if gone is not None:
                self._waiting[leg.id] = asyncio.create_task(self._let_go(leg.id, gone))

    async def _watch(self, call_id: str, leg_id: str) -> None:
        try:
            await asyncio.sleep(self.wait)
            await self._rejoin(call_id, leg_id, gone=True)
        except ProductError as error:
            log.info("the agent of call %s could not be rung again: %s", call_id, error)
        finally:
            self._waiting.pop(leg_id, None)

    async def _let_go(self, leg_id: str, gone: str) -> None:
        try:
            await self._gateway.hangup([gone])
        except ProductError as error:
            log.info("%s was not let go: %s", gone, error)
        finally:
            self._waiting.pop(leg_id, None)

    async def rejoin(self, call_id: str, agent_id: int) -> None:
        """A page that could not go on with its call by itself asks to be rung into it. Raises NotFound."""
        call = self._calls.get(call_id)
        # Only the page's own lost leg: a talk that has moved to the desk phone stays there.
        mine = [leg for leg in _talking(call) if leg.agent_id == agent_id and leg.device == "webrtc"]
        leg = mine[0] if mine else None
        if leg is None:
            raise NotFound(NO_TALK)
        await self._rejoin(call_id, leg.id, gone=False)

    async def _rejoin(self, call_id: str, leg_id: str, *, gone: bool) -> None:
        call = self._calls.get(call_id)
        legs = _talking(call) if call is not None else []
        leg = next((one for one in legs if one.id == leg_id), None)
        other = next((one for one in legs if one.id != leg_id), None) if call is not None else None
        if call is None or leg is None or leg.agent_id is None or leg.channel in self._rung.values():
            return
        if gone and _endpoint(leg) not in self._offline:
            # The page is there again, and its sound never left: only the way to its phone server was cut.
            return
        target = other or next(
            (one for one in call.legs if one.bridged_at and not one.ended_at and one is not leg and not one.aside), None
        )
        if gone and call.form in ("consult", "waiting"):
            # His client waits aside: that one is rung back to him (telephony.talks), whom he asked is let go.
            await self._gateway.hangup([leg.channel])
            return
        agent = self.directory.agents.get(leg.agent_id)
        if target is None or agent is None:
            return
        kinds = [kind for kind in ("webrtc", "sip") if kind in agent.devices]
        names = [endpoint_name(agent.id, kind) for kind in kinds]
        endpoint = next((name for name in names if name not in self._offline), None)
        if endpoint is None:
            log.info("call %s: the agent's page is gone and no other phone of his is on line", call_id)
            return
        # Of the form of facts.REJOINS.
        channel_id = f"{int(self._clock.epoch())}.77{secrets.randbelow(10**7):07d}"
        self._rung[channel_id] = leg.channel
        asyncio.get_running_loop().call_later(RING_SECONDS + 5.0, self._rung.pop, channel_id, None)
        client = call.from_number if call.direction == "in" else call.to_number
        await self._gateway.originate(
            endpoint=endpoint,
            context=f"agents-{call.business_id}",
            exten="cc-join",
            channel_id=channel_id,
            variables={"CC_JOIN": target.channel},
            caller_number=client,
            timeout=RING_SECONDS,
            auto_answer="now" if endpoint == endpoint_name(agent.id, "webrtc") else "",
        )


def _talking(call: Call | None) -> list[Leg]:
    """The agents' legs that are up in a talk."""
    if call is None:
        return []
    return [leg for leg in call.legs if leg.role == "agent" and leg.bridged_at is not None and leg.ended_at is None]


def _endpoint(leg: Leg) -> str:
    return leg.channel.partition("/")[2].rpartition("-")[0]
