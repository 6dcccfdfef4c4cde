"""Talks of more than two: ask somebody before a client is given away, three-way talks, hold by the server, parking.

Asterisk does it in contexts of the dialplan (``dialplan/talks.j2``) that need no server to end well; the orders for it
are given here, and an eye is kept on clients whose agent is gone while they wait aside.
"""

from __future__ import annotations

import asyncio
import logging
import secrets

from callcenter.core.calls import Call
from callcenter.core.clock import Clock
from callcenter.core.errors import BadInput, Conflict, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.telephony.gateway import CHANNEL_GONE, Gateway
from callcenter.telephony.intents import TRANSFERABLE
from callcenter.telephony.tracker import Tracker
from callcenter.telephony.tracker.model import LegNow

log = logging.getLogger(__name__)

WRONG_NUMBER = N_("This is no number that can be called: %(number)s")
NOT_ASKING = N_("You are not asking anybody in this call.")
NOBODY_YET = N_("Nobody has answered yet.")
NO_ROOM = N_("All places for parked calls are taken.")
NOT_PARKED = N_("Nobody is parked there any more.")
NOT_THERE = N_("This party has left the talk already.")
NOT_TALKING = N_("This is possible only while you talk with one other.")

SLOTS = range(1, 100)
# So many seconds an agent whose leg is gone has for coming back with another one (a reloaded page takes half of one).
_GRACE = 2.0
_LETTERS = {"agent": "a", "queue": "q", "menu": "m"}


class Talks:
    """Orders for the calls that ``tracker`` knows. All raise core.errors like Telephony's other commands."""

    def __init__(self, gateway: Gateway, tracker: Tracker, clock: Clock) -> None:
        self._gateway = gateway
        self._tracker = tracker
        self._clock = clock
        self._keepers: dict[str, str] = {}
        self._letting_go: dict[str, tuple[str, str, str]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._taken: dict[tuple[int, int], float] = {}

    def stop(self) -> None:
        """Gives up what waits."""
        for task in self._tasks.values():
            task.cancel()

    # --- asking first ------------------------------------------------------------------------------

    async def consult(self, call_id: str, agent_id: int, target: str, number_id: int | None = None) -> None:
        """The client waits with music, and the agent's channel calls ``target`` (as for ``transfer``).

        ``number_id`` is the own number that an outside target sees. Conflict when more than two talk.
        """
        if not TRANSFERABLE.match(target):
            raise BadInput(WRONG_NUMBER, code="wrong_number", number=target[:40])
        mine, other = self._pair(call_id, agent_id)
        await self._put_aside(mine, other, agent_id)
        if number_id is not None:
            await self._gateway.set_variable(mine.channel, "TALK_NUMBER", number_id)
        await self._apart(mine, other, target)

    async def back(self, call_id: str, agent_id: int) -> None:
        """Leaves whoever is asked and goes back to the client."""
        mine, client = self._asking(call_id, agent_id)
        # His channel may be another one than at the beginning (a reloaded page).
        await self._gateway.set_variable(mine.channel, "TALK_HELD", client.channel)
        await self._gateway.redirect(mine.channel, f"consult-{mine.call.business_id}", "return")

    async def complete(self, call_id: str, agent_id: int) -> None:
        """Joins the client with whoever is asked and lets the agent go; before an answer the client waits for it."""
        mine, client = self._asking(call_id, agent_id)
        business_id, text = mine.call.business_id, mine.call.form_text
        await self._gateway.set_variable(client.channel, "TALK_SAY", f"{agent_id} {text}")
        asked = self._with(mine)
        if asked is None:
            kind, _, number = text.partition(":")
            target = f"{_LETTERS[kind]}{number}" if kind in _LETTERS else text
            await self._gateway.redirect(client.channel, f"meet-{business_id}", f"t{target}")
            await self._gateway.hangup([mine.channel])
            return
        await self._gateway.set_variable(client.channel, "TALK_WITH", asked.channel)
        # Let go by himself as a rule; a channel that took the place of another has no dialplan to end by.
        self._letting_go[call_id] = (client.id, asked.id, mine.channel)
        await self._gateway.redirect(client.channel, f"meet-{business_id}", "join")

    async def conference(self, call_id: str, agent_id: int) -> None:
        """The client comes into the talk of the agent with whom he asks: all three hear each other."""
        mine, client = self._asking(call_id, agent_id)
        if self._with(mine) is None:
            raise Conflict(NOBODY_YET, code="nobody_yet")
        await self._gateway.set_variable(client.channel, "TALK_SAY", f"{agent_id} {mine.call.form_text}")
        await self._gateway.set_variable(client.channel, "TALK_WITH", mine.channel)
        await self._gateway.redirect(client.channel, f"meet-{mine.call.business_id}", "add")

    async def drop(self, call_id: str, agent_id: int, leg_id: str) -> None:
        """Lets one of a three-way talk go; the two others talk on. NotFound when he is not in it."""
        mine = self._mine(call_id, agent_id)
        leg = self._tracker.legs.get(leg_id)
        if leg is None or leg.call is not mine.call or leg is mine:
            raise NotFound(NOT_THERE)
        if mine.call.form != "conference" or leg.bridge != mine.bridge:
            raise Conflict(NOT_TALKING, code="not_talking")
        await self._gateway.hangup([leg.channel])

    # --- hold and parking --------------------------------------------------------------------------

    async def hold(self, call_id: str, agent_id: int, on: bool) -> None:
        """Puts the client on hold with music, or takes him back, for telephones that cannot do it themselves."""
        if on:
            mine, other = self._pair(call_id, agent_id)
            await self._put_aside(mine, other, agent_id)
            await self._apart(mine, other, "hold")
            return
        mine = self._mine(call_id, agent_id)
        held = next((leg for leg in self._live(mine.call) if leg.aside and leg is not mine), None)
        if mine.call.form != "waiting" or held is None:
            raise Conflict(NOT_ASKING, code="not_held")
        await self._gateway.set_variable(mine.channel, "TALK_HELD", held.channel)
        await self._gateway.redirect(mine.channel, f"consult-{mine.call.business_id}", "resume")

    async def park(self, call_id: str, agent_id: int, seconds: int) -> int:
        """Parks the client in the lowest free slot, which is given back; he comes back after ``seconds``."""
        mine, other = self._pair(call_id, agent_id)
        business_id, now = mine.call.business_id, self._clock.epoch()
        used = {one.form_text for one in self._tracker.calls.values() if one.business_id == business_id and one.form}
        # An order that was given a moment ago may not have been heard of yet.
        fresh = {slot for (owner, slot), at in self._taken.items() if owner == business_id and at > now - 5.0}
        slot = next((one for one in SLOTS if str(one) not in used and one not in fresh), None)
        if slot is None:
            raise Conflict(NO_ROOM, code="no_room")
        self._taken[business_id, slot] = now
        await self._remember_way_back(other, agent_id)
        await self._gateway.set_variable(other.channel, "TALK_SAY", f"{agent_id} {slot}")
        await self._gateway.set_variable(other.channel, "TALK_PARK", seconds)
        await self._gateway.redirect(other.channel, f"park-{business_id}", str(slot))
        return slot

    async def take(self, business_id: int, slot: int, endpoint: str, *, auto_answer: bool, number: str) -> None:
        """Rings a phone (``endpoint``) of an agent's and lets it take who is parked in ``slot``."""
        # Of the form of facts.REJOINS: it becomes a part of the parked call.
        channel_id = f"{int(self._clock.epoch())}.77{secrets.randbelow(10**7):07d}"
        await self._gateway.originate(
            endpoint=endpoint,
            context=f"agents-{business_id}",
            exten=f"*7{slot}",
            channel_id=channel_id,
            variables={},
            caller_number=number,
            auto_answer="now" if auto_answer else "",
        )

    # --- an eye on those who wait ------------------------------------------------------------------

    def moved(self, call: Call) -> None:
        """A call changed: lets go who is done with, and does not forget who waits."""
        if call.id in self._letting_go:
            client_id, asked_id, channel = self._letting_go[call.id]
            client, asked = self._tracker.legs.get(client_id), self._tracker.legs.get(asked_id)
            if client is None or asked is None or (client.bridge and client.bridge == asked.bridge):
                del self._letting_go[call.id]
                if client is not None and asked is not None:
                    self._start(f"go {call.id}", self._let_go(channel))
        if call.form not in ("consult", "waiting"):
            self._keepers.pop(call.id, None)
            return
        keeper = next((leg for leg in call.legs if leg.agent_id == call.form_by and leg.ended_at is None), None)
        client = next((leg for leg in self._aside(call.id) if keeper is None or leg.id != keeper.id), None)
        if client is None:
            return
        if keeper is None:
            self._start(f"lost {call.id}", self._come_back(call.id, client.id))
        elif self._keepers.get(call.id, keeper.channel) != keeper.channel and keeper.bridged_at:
            self._start(f"keep {call.id}", self._keep(call.business_id, client.channel, keeper.channel))
        if keeper is not None:
            self._keepers[call.id] = keeper.channel

    def _start(self, name: str, work: object) -> None:
        if name in self._tasks:
            work.close()  # type: ignore[attr-defined]
            return
        task = self._tasks[name] = asyncio.create_task(work)  # type: ignore[arg-type]
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _let_go(self, channel: str) -> None:
        try:
            await self._gateway.hangup([channel])
        except ProductError as error:
            log.info("%s was not let go: %s", channel, error)

    async def _keep(self, business_id: int, client: str, keeper: str) -> None:
        """Another channel of the agent's has taken the place of the one that the client waits for.

        It came into the talk without any dialplan: when whom he asks hangs up, it goes back to the client by this.
        """
        back = {"TALK_HELD": client, "CHANNEL(after_bridge_goto)": f"consult-{business_id},back,1"}
        try:
            await self._gateway.set_variable(client, "TALK_KEEPER", keeper)
            await self._gateway.set_variables(keeper, back)
        except ProductError as error:
            log.info("%s was not told of its keeper: %s", client, error)

    async def _come_back(self, call_id: str, leg_id: str) -> None:
        await asyncio.sleep(_GRACE)
        leg = self._tracker.legs.get(leg_id)
        if leg is None or not leg.aside or leg.call.form not in ("consult", "waiting"):
            return
        if any(one.agent_id == leg.call.form_by for one in self._live(leg.call)):
            return
        log.info("call %s: the agent is gone while his client waits", call_id)
        try:
            await self._gateway.redirect(leg.channel, f"comeback-{leg.call.business_id}", "lost")
        except ProductError as error:
            log.warning("the client of call %s was not led back: %s", call_id, error)

    # --- who is who --------------------------------------------------------------------------------

    async def _put_aside(self, mine: LegNow, other: LegNow, agent_id: int) -> None:
        await self._remember_way_back(other, agent_id)
        await self._gateway.set_variable(other.channel, "TALK_KEEPER", mine.channel)
        await self._gateway.set_variable(mine.channel, "TALK_HELD", other.channel)

    async def _remember_way_back(self, client: LegNow, agent_id: int) -> None:
        await self._gateway.set_variable(client.channel, "TALK_BACK", agent_id)

    async def _apart(self, mine: LegNow, other: LegNow, exten: str) -> None:
        business_id = mine.call.business_id
        await self._gateway.redirect(
            other.channel, f"held-{business_id}", "s", other=mine.channel, to=(f"consult-{business_id}", exten)
        )

    def _live(self, call: object) -> list[LegNow]:
        return [leg for leg in self._tracker.legs.values() if leg.call is call and leg.ended_at is None]

    def _aside(self, call_id: str) -> list[LegNow]:
        call = self._tracker.calls.get(call_id)
        return [leg for leg in self._live(call) if leg.aside] if call is not None else []

    def _mine(self, call_id: str, agent_id: int) -> LegNow:
        """The agent's own leg in a talk; NotFound when he has none."""
        call = self._tracker.calls.get(call_id)
        mine = [leg for leg in self._live(call) if leg.agent_id == agent_id and leg.bridged_at] if call else []
        if not mine:
            raise NotFound(CHANNEL_GONE)
        return mine[-1]

    def _with(self, leg: LegNow) -> LegNow | None:
        """Whom a leg talks with; None while nobody has answered."""
        others = [one for one in self._tracker.bridges.get(leg.bridge, ()) if one is not leg]
        return others[0] if others and not leg.aside else None

    def _pair(self, call_id: str, agent_id: int) -> tuple[LegNow, LegNow]:
        """The agent's leg and the only one that he talks with."""
        mine = self._mine(call_id, agent_id)
        other = self._with(mine)
        if mine.call.form or other is None or len(self._tracker.bridges[mine.bridge]) != 2:
            raise Conflict(NOT_TALKING, code="not_talking")
        return mine, other

    def _asking(self, call_id: str, agent_id: int) -> tuple[LegNow, LegNow]:
        """The leg of an agent who asks somebody, and that of the client who waits."""
        mine = self._mine(call_id, agent_id)
        client = next((leg for leg in self._live(mine.call) if leg.aside), None)
        if mine.call.form != "consult" or mine.call.form_by != agent_id or client is None:
            raise Conflict(NOT_ASKING, code="not_asking")
        return mine, client
