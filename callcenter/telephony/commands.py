"""Commands of the rest of the house to Asterisk: dial, hang up, supervise, transfer, queue members.

``Telephony`` is these commands and the way of the events; what both need stands here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from callcenter.core.bus import Bus
from callcenter.core.calls import Call, Gap
from callcenter.core.clock import Clock
from callcenter.core.directory import AgentRef, DeviceKind, Directory, endpoint_name, queue_name, trunk_name
from callcenter.core.errors import BadInput, Conflict, NotFound, Unavailable
from callcenter.core.events import CallFailed
from callcenter.core.i18n import N_
from callcenter.telephony import link as links
from callcenter.telephony.autoanswer import AutoAnswer
from callcenter.telephony.dictating import Dictating
from callcenter.telephony.gateway import CHANNEL_GONE, Gateway
from callcenter.telephony.intents import DIALLABLE, TRANSFERABLE, Dial, Reason, new_call_id, order, refusal
from callcenter.telephony.nailing import Nailing
from callcenter.telephony.pausing import Pausing
from callcenter.telephony.protocol import Fields
from callcenter.telephony.snapshot import MemberNow
from callcenter.telephony.spies import Mode, Spies, is_spy, new_spy_id
from callcenter.telephony.trunks import TrunkNow

OFFLINE = N_("The phone is not on line. Open the phone page or switch the phone on, then try again.")
WRONG_NUMBER = N_("This is no number that can be called: %(number)s")
NO_LINE = N_("There is no line to call out over.")
NO_AGENT = N_("There is no such agent.")
# So long a failed Originate waits for its channel's own story, in seconds.
_STORY = 1.5


class Commands:
    """Orders to Asterisk by ``gateway``; ``calls`` that go on and phones that are away are kept by ``Telephony``."""

    def __init__(self, gateway: Gateway, bus: Bus, clock: Clock, directory: Directory) -> None:
        self.gateway = gateway
        self.bus = bus
        self.clock = clock
        self.directory = directory
        self.spies = Spies()
        self._up = False
        self._calls: dict[str, Call] = {}
        self._dials: dict[str, Dial] = {}
        self._offline: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.pausing = Pausing(gateway, clock, self._calls)
        self.dictating = Dictating(gateway, self.spies, clock, lambda: self._up)
        self.nailing = Nailing(
            gateway, self.spies, clock, lambda: self.directory, lambda: self._up, lambda agent: self._phone_of(agent)
        )

    # --- calls -------------------------------------------------------------------------------------

    async def dial(
        self,
        *,
        agent_id: int,
        to: str,
        business_id: int,
        device: DeviceKind | None = None,
        caller_id: str = "",
        number_id: int | None = None,
        timeout: float = 30.0,
        through: tuple[str, int] | None = None,
        call_id: str = "",
    ) -> str:
        """Click-to-dial: rings the agent's phone, then calls ``to``. Returns the call's id once Asterisk has taken it.

        ``device`` None = the phone that is on line, the browser first. ``caller_id`` (E.164) is shown to the client;
        '' = number ``number_id``'s own. ``timeout`` is how long the agent's phone rings, in seconds. What fails later
        comes as CallFailed on the bus. ``through`` (number in E.164, trunk's id) rings the agent's own telephone
        outside in place of his phones here. ``call_id`` (intents.new_call_id) is for who has written it down before.
        Raises Conflict (code ``offline``) when no phone is on line.
        """
        if not DIALLABLE.match(to):
            raise BadInput(WRONG_NUMBER, code="wrong_number", number=to[:40])
        agent = self.directory.agents.get(agent_id)
        if agent is None or agent.business_id != business_id:
            raise NotFound(NO_AGENT)
        if not self._up:
            raise Unavailable(links.NOT_UP)
        if through is not None:
            endpoint = f"{through[0]}@{trunk_name(through[1])}"
        else:
            endpoint = await self._endpoint(agent_id, (device,) if device else agent.devices)
        plan = order(self.directory, agent, to, caller_id=caller_id, number_id=number_id)
        number = self.directory.numbers.get(number_id or 0)
        number_e164 = number.e164 if number is not None else ""
        now = self.clock.epoch()
        call_id = call_id or new_call_id(now)
        self._dials[call_id] = Dial(
            call_id=call_id, business_id=business_id, agent_id=agent_id, endpoint=endpoint, asked_at=now
        )
        try:
            await self.gateway.originate(
                endpoint=endpoint,
                context=plan.context,
                exten=plan.exten,
                channel_id=call_id,
                variables=plan.variables,
                # A carrier lets only own numbers be shown.
                caller_number=(caller_id or number_e164) if through is not None else to,
                timeout=timeout,
                auto_answer=_auto_answer(agent, endpoint),
                account=f"{plan.account}:{agent_id}" if through is not None else plan.account,
            )
        except Exception as error:
            if getattr(error, "error_code", "") != "unconfirmed":
                self._dials.pop(call_id, None)
            raise
        return call_id

    async def call_back(
        self,
        *,
        call_id: str,
        business_id: int,
        queue_id: int,
        to: str,
        number_id: int,
        trunk_id: int,
        record: bool,
        since: float,
        caller_id: str = "",
        timeout: float = 40.0,
    ) -> None:
        """Calls the client ``to`` (E.164), who sees ``caller_id`` ('' = number ``number_id``); who answers waits first.

        ``since`` is when he began to wait.

        ``call_id`` (intents.new_callback_id) is the call's. What becomes of it comes as events of that call.
        """
        if not to.startswith("+") or not DIALLABLE.match(to):
            raise BadInput(WRONG_NUMBER, code="wrong_number", number=to[:40])
        number = self.directory.numbers.get(number_id)
        if number is None or number.business_id != business_id:
            raise NotFound(NO_LINE)
        if not self._up:
            raise Unavailable(links.NOT_UP)
        await self.gateway.originate(
            endpoint=f"{to}@{trunk_name(trunk_id)}",
            context=f"back-{business_id}",
            exten=queue_name(queue_id),
            channel_id=call_id,
            variables={
                "CC_BUSINESS": business_id,
                "CC_DIR": "out",
                "CC_NUMBER": number.id,
                "CC_FROM": number.e164,
                "CC_TO": to,
                "CC_RECORD": int(record),
                "WAIT_SINCE": int(since),
            },
            caller_number=caller_id or number.e164,
            timeout=timeout,
            account=f"{number.id}:{number.e164}:{to}:out",
        )

    async def _endpoint(self, agent_id: int, kinds: tuple[DeviceKind, ...]) -> str:
        """The phone to ring. What is thought to be off line is asked for once more before it is refused."""
        names = [endpoint_name(agent_id, kind) for kind in ("webrtc", "sip") if kind in kinds]
        for name in names:
            if name not in self._offline:
                return name
        for name in names:
            if await self.gateway.device_online(name):
                return name
        raise Conflict(OFFLINE, code="offline")

    async def _phone_of(self, agent_id: int) -> str:
        return await self._endpoint(agent_id, self.directory.agents[agent_id].devices)

    async def hangup(self, call_id: str) -> None:
        """Ends a call with all its legs; NotFound when it is over already."""
        call = self._calls.get(call_id)
        channels = [leg.channel for leg in call.legs if leg.ended_at is None] if call is not None else []
        if not await self.gateway.hangup(channels or [call_id]):
            left = await self.gateway.channels_of(call_id)
            if not left or not await self.gateway.hangup(left):
                raise NotFound(CHANNEL_GONE)

    # --- supervision --------------------------------------------------------------------------------

    async def spy(self, *, agent_id: int, business_id: int, leg_id: str, mode: Mode, name: str, number: str) -> str:
        """Rings the supervisor's (``agent_id``) own phone and lets it hear the channel ``leg_id``; the spy's id.

        ``name`` and ``number`` are what his phone shows. Raises Conflict (code ``offline``) without a phone on line.
        """
        return await self._own_leg(
            agent_id,
            business_id,
            context=f"spy-{business_id}",
            exten=mode,
            variables={"SPYON": leg_id},
            name=name,
            number=number,
            auto_answer="now",
        )

    async def record_prompt(self, *, agent_id: int, business_id: int, stem: str, name: str, number: str) -> str:
        """Rings the own phone of ``agent_id`` and records what is said after a beep as ``prompts/<stem>.wav``.

        Returns the leg's id. It is a leg like a spy's: no call of its own, and ``SpyChanged`` tells its end. ``stem``:
        small letters, digits and dashes. Raises Conflict (code ``offline``) without a phone on line.
        """
        return await self._own_leg(
            agent_id,
            business_id,
            context=f"prompts-{business_id}",
            exten="record",
            variables={"CC_PROMPT": stem},
            name=name,
            number=number,
            auto_answer="now",
        )

    async def _own_leg(
        self,
        agent_id: int,
        business_id: int,
        *,
        context: str,
        exten: str,
        variables: dict[str, str | int],
        name: str,
        number: str,
        auto_answer: AutoAnswer,
    ) -> str:
        """Rings a person's own phone for something that is no call; the id of the leg."""
        agent = self.directory.agents.get(agent_id)
        if agent is None or agent.business_id != business_id:
            raise NotFound(NO_AGENT)
        if not self._up:
            raise Unavailable(links.NOT_UP)
        endpoint = await self._endpoint(agent_id, agent.devices)
        spy_id = new_spy_id(self.clock.epoch())
        self.spies.ordered(spy_id)
        try:
            await self.gateway.originate(
                endpoint=endpoint,
                context=context,
                exten=exten,
                channel_id=spy_id,
                variables=variables,
                caller_number=number,
                caller_name=name,
                auto_answer=auto_answer if endpoint == endpoint_name(agent_id, "webrtc") else "",
            )
        except Exception as error:
            if getattr(error, "error_code", "") != "unconfirmed":
                self.spies.forget(spy_id)
            raise
        return spy_id

    async def spy_on(self, spy_id: str, business_id: int, leg_id: str, mode: Mode) -> None:
        """Changes what a spy does, or whom he hears, without a new call; NotFound when he has hung up."""
        await self.gateway.set_variable(spy_id, "SPYON", leg_id)
        await self.gateway.redirect(spy_id, f"spy-{business_id}", mode)

    async def end_spy(self, spy_id: str) -> None:
        """Ends a spy's leg; being gone already is fine."""
        await self.gateway.hangup([spy_id])

    async def lead(self, channel: str, business_id: int, exten: str) -> None:
        """Leads one channel of a call elsewhere: ``agent12``, ``queue7``, ``f7*<priority>`` or a number (E.164)."""
        await self.gateway.redirect(channel, f"redirect-{business_id}", exten)

    async def transfer(self, call_id: str, agent_id: int, target: str) -> None:
        """Blind transfer: whoever talks with ``agent_id`` goes on at ``target``, and the agent is let go.

        ``target`` is an extension of the context of transfers: ``a12``, ``q7``, ``m3`` or a number in E.164. NotFound
        when the agent does not talk in this call (any more).
        """
        call = self._calls.get(call_id)
        legs = call.legs if call is not None else ()
        mine = [leg for leg in legs if leg.agent_id == agent_id and leg.bridged_at and leg.ended_at is None]
        if call is None or not mine:
            raise NotFound(CHANNEL_GONE)
        if not TRANSFERABLE.match(target):
            raise BadInput(WRONG_NUMBER, code="wrong_number", number=target[:40])
        partner = next(
            (leg for leg in legs if leg.bridged_at and leg.ended_at is None and leg.agent_id != agent_id), None
        )
        if partner is not None:
            # Where he comes back to when nobody takes him.
            await self.gateway.set_variable(partner.channel, "TALK_BACK", agent_id)
        await self.gateway.transfer(mine[-1].channel, f"transfer-{call.business_id}", target)

    async def pause_recording(self, call_id: str, agent_id: int, seconds: float) -> Gap:
        """Keeps both sides out of the call's recording; who asks sees to it that it ends after ``seconds``.

        A pause that lasts already stays as it is. Conflict (``not_recorded``, ``too_many_pauses``), NotFound.
        """
        return await self.pausing.pause(call_id, agent_id, seconds)

    async def resume_recording(self, call_id: str, how: str) -> Gap | None:
        """Ends that (``how``: agent, limit or left); the gap, None when the recording was not paused."""
        return await self.pausing.resume(call_id, how)

    async def answer_caller(self, channel: str, agent_id: int | None, priority: int | None) -> None:
        """Tells the dialplan who shall be rung first for a caller (None = nobody) and his place before others.

        NotFound when he has hung up.
        """
        known: dict[str, str | int] = {"CC_OWN": "" if agent_id is None else agent_id}
        if priority is not None:
            known["CC_PRIO"] = priority
        await self.gateway.set_variables(channel, known | {"CC_ASKED": 1})

    # --- queue members and phones ------------------------------------------------------------------

    async def add_member(
        self,
        queue_id: int,
        agent_id: int,
        device: DeviceKind,
        *,
        name: str = "",
        penalty: int = 0,
        paused: bool = False,
        reason: str = "",
    ) -> None:
        """Makes an agent's phone a member of a queue; being one already is fine."""
        await self.gateway.queue_add(
            queue_name(queue_id),
            _interface(agent_id, device),
            name=name or f"a{agent_id}",
            penalty=penalty,
            paused=paused,
            reason=reason,
        )

    async def remove_member(self, queue_id: int, agent_id: int, device: DeviceKind) -> None:
        """Takes an agent's phone out of a queue; not being in it is fine."""
        await self.gateway.queue_remove(queue_name(queue_id), _interface(agent_id, device))

    async def pause_member(
        self, agent_id: int, device: DeviceKind, paused: bool, *, reason: str = "", queue_id: int | None = None
    ) -> None:
        """Pauses or unpauses a member in one queue or (None) in all; being in none is fine."""
        queue = "" if queue_id is None else queue_name(queue_id)
        await self.gateway.queue_pause(_interface(agent_id, device), paused, queue=queue, reason=reason)

    async def members(self) -> tuple[MemberNow, ...]:
        """Asks Asterisk for all members of all queues."""
        return await self.gateway.queue_members(self.clock.epoch())

    async def trunks(self, ids: Iterable[int]) -> dict[int, TrunkNow]:
        """Asks Asterisk for the states of lines to operators, by trunk; Unavailable when it is away."""
        return await self.gateway.trunks(ids)

    async def sign_out(self, trunk_id: int) -> None:
        """Has Asterisk sign out at an operator before the trunk is taken away; Unavailable when it is away."""
        await self.gateway.sign_out(trunk_id)

    async def device_online(self, agent_id: int) -> set[DeviceKind]:
        """Asks Asterisk which of the agent's phones are on line."""
        agent = self.directory.agents.get(agent_id)
        kinds: tuple[DeviceKind, ...] = agent.devices if agent is not None else ()
        found = await asyncio.gather(*(self.gateway.device_online(endpoint_name(agent_id, kind)) for kind in kinds))
        return {kind for kind, online in zip(kinds, found, strict=True) if online}

    # --- what becomes of a click ----------------------------------------------------------------------

    def _originated(self, fields: Fields) -> None:
        channel_id = fields.get("ActionID", "").removeprefix("originate-")
        if is_spy(channel_id) and fields.get("Response") != "Success":
            for change in self.spies.failed(channel_id, self.clock.epoch()):
                self.bus.publish(change)
            return
        dial = self._dials.get(channel_id)
        if dial is None:
            return
        if fields.get("Response") == "Success":
            return
        dial.refused = fields.get("Reason", "")
        task = asyncio.create_task(self._without_channel(dial))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _without_channel(self, dial: Dial) -> None:
        """A failed Originate of which no channel tells the story: the phone itself has to be looked at."""
        await asyncio.sleep(_STORY if dial.call_id in self._calls else _STORY / 10)
        if self._dials.pop(dial.call_id, None) is None:
            return
        try:
            online = await self.gateway.device_online(dial.endpoint)
        except Unavailable:
            online = True
        self._failed(dial, refusal(dial.refused or "", online))

    def _failed(self, dial: Dial, reason: Reason | None) -> None:
        if reason is not None:
            self.bus.publish(
                CallFailed(
                    at=self.clock.epoch(),
                    business_id=dial.business_id,
                    agent_id=dial.agent_id,
                    call_id=dial.call_id,
                    reason=reason,
                )
            )


def _auto_answer(agent: AgentRef, endpoint: str) -> AutoAnswer:
    """How an agent's phone takes a call that is brought to it.

    A header costs Asterisk most of a millisecond (a change of threads).
    """
    if endpoint == endpoint_name(agent.id, "webrtc"):
        return "tone" if agent.auto_dialed else "ask"
    return "phone" if agent.auto_dialed and endpoint == endpoint_name(agent.id, "sip") else ""


def _interface(agent_id: int, device: DeviceKind) -> str:
    return f"PJSIP/{endpoint_name(agent_id, device)}"
