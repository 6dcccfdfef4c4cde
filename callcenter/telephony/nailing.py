"""Agents of dial lists whose phone stays picked up («nailed up»), and clients who are called before an agent is chosen.

An agent's standing leg has an id like a supervisor's, so it is no call: it waits in silence (`nailed-<business>`), and
``SpyChanged`` tells its end. For each client a Local channel stands between him and that leg: its first half
(`Local/a12w@nailed-1-…;1`) is the agent's leg of the client's call in all respects, its second half is nobody's.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from callcenter.core.clock import Clock
from callcenter.core.directory import Directory, endpoint_name, trunk_name
from callcenter.core.errors import BadInput, NotFound, Unavailable
from callcenter.core.i18n import N_
from callcenter.telephony import link as links
from callcenter.telephony.gateway import Gateway
from callcenter.telephony.intents import DIALLABLE
from callcenter.telephony.spies import Spies, is_standing

WRONG_NUMBER = N_("This is no number that can be called: %(number)s")
NO_AGENT = N_("There is no such agent.")
NO_LINE = N_("There is no line to call out over.")
SHOWN = "*45"
"""The number that an agent's phone shows for his standing leg."""


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """How a machine is told from a person, all in milliseconds but ``words``.

    ``initial``: silence before anything is said, ``longest``: the longest greeting of a person, ``silence``: the pause
    that ends a greeting, ``total``: after so long it is decided, ``words``: a person's greeting has no more.
    """

    initial: int = 2500
    longest: int = 1500
    silence: int = 800
    total: int = 5000
    words: int = 3


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's standing leg: its channel's id, and the phone (``a12w``) that it is on."""

    leg_id: str
    endpoint: str


class Nailing:
    """Standing legs and calls to clients. ``link_up``: whether commands can be given; ``phone``: which one to ring."""

    def __init__(
        self,
        gateway: Gateway,
        spies: Spies,
        clock: Clock,
        directory: Callable[[], Directory],
        link_up: Callable[[], bool],
        phone: Callable[[int], Awaitable[str]],
    ) -> None:
        self._gateway, self._spies, self._clock = gateway, spies, clock
        self._directory, self._link_up, self._phone = directory, link_up, phone

    async def standing(self, agent_id: int, business_id: int) -> Standing:
        """The standing leg that an agent can have, for who writes it down before it is made (`nail`).

        Raises Conflict (code ``offline``) without a phone on line, NotFound, Unavailable.
        """
        agent = self._directory().agents.get(agent_id)
        if agent is None or agent.business_id != business_id:
            raise NotFound(NO_AGENT)
        self._need_link()
        return Standing(leg_id=new_standing_id(self._clock.epoch()), endpoint=await self._phone(agent_id))

    async def nail(self, agent_id: int, business_id: int, standing: Standing, name: str) -> None:
        """Rings the phone, which stays picked up from then on; ``name`` is what it shows.

        Raises Unavailable, Conflict.
        """
        self._need_link()
        leg_id, endpoint = standing.leg_id, standing.endpoint
        self._spies.ordered(leg_id)
        try:
            await self._gateway.originate(
                endpoint=endpoint,
                context=f"nailed-{business_id}",
                exten="wait",
                channel_id=leg_id,
                variables={},
                caller_number=SHOWN,
                caller_name=name,
                auto_answer="now" if endpoint == endpoint_name(agent_id, "webrtc") else "phone",
            )
        except Exception as error:
            if getattr(error, "error_code", "") != "unconfirmed":
                self._spies.forget(leg_id)
            raise

    def all(self) -> frozenset[str]:
        """The standing legs that are ordered or there."""
        return frozenset(one for one in self._spies.alive() if is_standing(one))

    def up(self, leg_id: str) -> bool:
        """Whether a standing leg is picked up."""
        return self._spies.is_up(leg_id)

    def there(self, leg_id: str) -> bool:
        """Whether a standing leg is ordered or there, as far as is known."""
        return leg_id in self._spies.alive()

    async def release(self, leg_id: str) -> None:
        """Ends a standing leg; being gone already is fine."""
        await self._gateway.hangup([leg_id])

    async def call(
        self,
        *,
        call_id: str,
        business_id: int,
        to: str,
        number_id: int,
        trunk_id: int,
        record: bool,
        caller_id: str = "",
        greeting: Greeting | None = None,
        wait: float = 2.0,
        dropped: str = "",
        message: str = "",
        sample: bool = False,
        timeout: float = 30.0,
    ) -> None:
        """Calls the client ``to`` (E.164), who sees ``caller_id`` ('' = number ``number_id``).

        ``call_id`` is `intents.new_list_call_id`. Who answers is judged by ``greeting`` (None = he is a person), and a
        person waits ``wait`` seconds for `join`; the story has the steps ``person``, ``machine``, ``dropped``. Who is
        dropped hears the prompt ``dropped``, a machine after its tone ``message`` ('' = nothing). ``sample`` keeps
        the sound of the greeting. ``timeout`` is how long it rings. Raises BadInput, NotFound, Unavailable, Conflict.
        """
        if not to.startswith("+") or not DIALLABLE.match(to):
            raise BadInput(WRONG_NUMBER, code="wrong_number", number=to[:40])
        number = self._directory().numbers.get(number_id)
        if number is None or number.business_id != business_id:
            raise NotFound(NO_LINE)
        self._need_link()
        shown = caller_id or number.e164
        variables: dict[str, str | int] = {
            "CC_BUSINESS": business_id,
            "CC_DIR": "out",
            "CC_NUMBER": number.id,
            "CC_FROM": shown,
            "CC_TO": to,
            "CC_RECORD": int(record),
            "LIST_WAIT": f"{wait:.1f}",
            "LIST_DROPPED": dropped,
            "LIST_MESSAGE": message,
            "LIST_SAMPLE": int(sample),
        }
        if greeting is not None:
            for name, value in zip("ABCDE", _milliseconds(greeting), strict=True):
                variables[f"AMD_{name}"] = value
        await self._gateway.originate(
            endpoint=f"{to}@{trunk_name(trunk_id)}",
            context=f"list-{business_id}",
            exten="answered",
            channel_id=call_id,
            variables=variables,
            caller_number=shown,
            timeout=timeout,
            account=f"{number.id}:{shown}:{to}:out",
        )

    async def join(self, call_id: str, business_id: int, standing: Standing) -> None:
        """Gives a client who waits to an agent. NotFound when he has hung up."""
        await self._gateway.set_variables(call_id, {"__NAILED": standing.leg_id, "NAILED_TO": standing.endpoint})
        await self._gateway.redirect(call_id, f"list-{business_id}", "join")

    def _need_link(self) -> None:
        if not self._link_up():
            raise Unavailable(links.NOT_UP)


def _milliseconds(greeting: Greeting) -> Sequence[int]:
    return greeting.initial, greeting.longest, greeting.silence, greeting.total, greeting.words


def new_standing_id(now: float) -> str:
    """A fresh id for a standing leg.

    Of channels that meet in a bridge Asterisk keeps the oldest Linkedid, and reads the number behind the dot for
    that: this one is nought, so the leg takes no client's id, by which somebody might end it.
    """
    return f"sn{int(now * 1000)}.f{secrets.token_hex(4)[1:]}"
