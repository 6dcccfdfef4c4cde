"""Real calls to record: each scenario drives telephones through Asterisk and says what the call must have become.

A scenario is a coroutine over a ``World``; ``SCENARIOS`` names them. What must come out stands beside it in
``EXPECTED``: one dict a call, in the order of their beginning, with the fields of ``core.calls.Call`` that matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tests.traces.phone import Call, Phone

SALES, SUPPORT, PERSONAL, UNKNOWN = "74950000001", "74950000002", "74950000003", "74959999999"
CLIENT = "79160000001"


class World(Protocol):
    """What a scenario may use. Agents 11, 12 and 13 have SIP phones, agent 12 a second one (``a12w``)."""

    def agent(self, name: str) -> Phone:
        """The telephone ``a11s``, ``a12s``, ``a12w``, ``a13s``."""

    def client(self) -> Phone:
        """A telephone outside, that calls in with the number CLIENT."""

    def carrier(self) -> Phone:
        """Where calls to outside numbers arrive."""

    async def members(self, queue: str, *agents: str) -> None:
        """Makes exactly these phones members of a queue."""

    async def click_to_dial(self, agent: str, to: str, timeout: float = 5.0) -> str:
        """Begins a click-to-dial call of business 1; returns the call's id."""

    async def call_by_local(self, agent: str, to: str) -> str:
        """Begins a call to a client whose first leg is a Local channel to the agent; returns the call's id."""

    async def hang_up(self, call_id: str) -> None:
        """Hangs up the call's first channel by a command."""

    async def lead(self, exten: str) -> None:
        """Leads the client of the scenario elsewhere, as a supervisor does: ``agent13``, ``queue2``, ``f1*1``."""

    async def spy(self, phone: str, on: str, mode: str) -> str:
        """Lets a phone listen to the phone ``on``; the spy's id."""

    async def spy_mode(self, spy_id: str, mode: str) -> None:
        """Another mode of a spy."""

    async def quiet(self) -> None:
        """Waits until no channel is left."""


Scenario = Callable[[World], Awaitable[None]]
SCENARIOS: dict[str, Scenario] = {}
EXPECTED: dict[str, list[dict[str, Any]]] = {}


def scenario(*expected: dict[str, Any]) -> Callable[[Scenario], Scenario]:
    """Registers a scenario with the calls that must come of it."""

    def register(function: Scenario) -> Scenario:
        SCENARIOS[function.__name__] = function
        EXPECTED[function.__name__] = list(expected)
        return function

    return register


async def _picked_up(phone: Phone, after: float = 0.3) -> Call:
    call = await phone.incoming()
    call.ring()
    await asyncio.sleep(after)
    call.answer()
    return call


@scenario(
    {
        "direction": "in", "result": "answered", "from_number": "+79160000001", "to_number": "+74950000001",
        "number_id": 1, "queue_id": 1, "agents": (11,), "rung": (11,), "agent_id": 11, "hangup_by": "client",
        "wait_seconds": 0.5, "talk_seconds": 1.0, "hold_seconds": 0.0, "legs": 2, "recorded": True,
        "steps": "started recording prompt queued rang:answered left_queue answered hangup:client",
    }
)  # fmt: skip
async def queue_answered(world: World) -> None:
    """A caller hears a greeting, waits, an agent answers, the caller hangs up."""
    await world.members("q1", "a11s")
    call = world.client().call(SALES, name="Иван")
    await _picked_up(world.agent("a11s"), 0.5)
    await call.until("answered")
    await asyncio.sleep(1.0)
    call.bye()


@scenario(
    {
        "direction": "in", "result": "answered", "queue_id": 1, "agents": (11,), "agent_id": 11,
        "hangup_by": "agent", "talk_seconds": 1.0, "hold_seconds": 1.0,
        "steps": "started recording prompt queued rang:answered left_queue answered held resumed hangup:agent",
    }
)  # fmt: skip
async def queue_held(world: World) -> None:
    """The agent puts the caller on hold, takes him back and hangs up."""
    await world.members("q1", "a11s")
    world.client().call(SALES)
    call = await _picked_up(world.agent("a11s"))
    await asyncio.sleep(0.5)
    await call.hold()
    await asyncio.sleep(1.0)
    await call.hold(False)
    await asyncio.sleep(0.5)
    call.bye()


@scenario(
    {
        "direction": "in", "result": "abandoned", "queue_id": 1, "agents": (), "rung": (11,), "agent_id": None,
        "hangup_by": "client", "wait_seconds": 1.0, "talk_seconds": 0.0, "legs": 2,
        "steps": "started recording prompt queued rang:cancelled left_queue hangup:client",
    }
)  # fmt: skip
async def queue_abandoned(world: World) -> None:
    """The caller hangs up while the agent's phone rings."""
    await world.members("q1", "a11s")
    call = world.client().call(SALES)
    ringing = await world.agent("a11s").incoming()
    ringing.ring()
    await asyncio.sleep(1.0)
    call.bye()


@scenario(
    {
        "direction": "in", "result": "missed", "queue_id": 2, "agents": (), "rung": (), "agent_id": None,
        "number_id": 2, "talk_seconds": 0.0, "legs": 1, "hangup_by": "system",
        "steps": "started recording menu queued left_queue hangup:system",
    }
)  # fmt: skip
async def queue_no_agent(world: World) -> None:
    """Nobody is in the queue; the dialplan gives up after a while."""
    await world.members("q2")
    call = world.client().call(SUPPORT)
    await call.until("ended", 30)


@scenario(
    {
        "direction": "in", "result": "answered", "queue_id": 1, "agents": (12,), "rung": (11, 12), "agent_id": 12,
        "legs": 3, "hangup_by": "agent",
        "steps": "started recording prompt queued rang:no_answer rang:answered left_queue answered hangup:agent",
    }
)  # fmt: skip
async def queue_second_agent(world: World) -> None:
    """The first agent does not pick up; the second one does."""
    await world.members("q1", "a11s")
    world.client().call(SALES)
    first = await world.agent("a11s").incoming()
    first.ring()
    await world.members("q1", "a11s", "a12s")
    await first.until("ended")
    second = await _first(world.agent("a12s"), world.agent("a11s"), reject="a11s")
    second.ring()
    await asyncio.sleep(0.3)
    second.answer()
    await asyncio.sleep(0.6)
    second.bye()


async def _first(phone: Phone, other: Phone, *, reject: str) -> Call:
    """The call at ``phone``; what rings at ``other`` before it is turned down."""

    async def turn_down() -> None:
        while True:
            (await other.incoming(60)).reject()

    refuse = asyncio.create_task(turn_down(), name=reject)
    try:
        return await phone.incoming()
    finally:
        refuse.cancel()


@scenario(
    {
        "direction": "in", "result": "answered", "queue_id": 2, "agents": (13,), "rung": (11, 13), "agent_id": 13,
        "steps": "started recording menu queued rang:cancelled rang:answered left_queue answered hangup:client",
    }
)  # fmt: skip
async def menu_queue_all_ring(world: World) -> None:
    """Through a menu into a queue that rings all its agents at once."""
    await world.members("q2", "a11s", "a13s")
    call = world.client().call(SUPPORT)
    first, second = await world.agent("a11s").incoming(), await world.agent("a13s").incoming()
    first.ring()
    second.ring()
    await asyncio.sleep(0.4)
    second.answer()
    await asyncio.sleep(0.6)
    call.bye()


@scenario(
    {
        "direction": "in", "result": "missed", "queue_id": None, "number_id": 2, "hangup_by": "client",
        "wait_seconds": 0.5, "steps": "started recording menu hangup:client",
    }
)  # fmt: skip
async def menu_left(world: World) -> None:
    """The caller hangs up in the menu."""
    call = world.client().call(SUPPORT)
    await call.until("answered")
    await asyncio.sleep(0.5)
    call.bye()


@scenario(
    {
        "direction": "in", "result": "answered", "number_id": 3, "queue_id": None, "agents": (12,), "rung": (12,),
        "agent_id": 12, "legs": 3, "wait_seconds": 0.4, "talk_seconds": 0.6,
        "steps": "started recording rang:answered answered hangup:client",
    }
)  # fmt: skip
async def personal_two_devices(world: World) -> None:
    """A personal number: both phones of the agent ring, one answers."""
    call = world.client().call(PERSONAL)
    browser, plain = await world.agent("a12w").incoming(), await world.agent("a12s").incoming()
    browser.ring()
    plain.ring()
    await asyncio.sleep(0.4)
    browser.answer()
    await asyncio.sleep(0.6)
    call.bye()


@scenario(
    {
        "direction": "in", "result": "missed", "number_id": 3, "agents": (), "rung": (12,), "agent_id": 12,
        "wait_seconds": 5.0, "steps": "started recording rang:no_answer hangup:system",
    }
)  # fmt: skip
async def personal_missed(world: World) -> None:
    """Nobody picks up a personal number."""
    call = world.client().call(PERSONAL)
    for name in ("a12w", "a12s"):
        (await world.agent(name).incoming()).ring()
    await call.until("ended")


@scenario(
    {
        "direction": "in", "result": "failed", "number_id": None, "queue_id": None, "to_number": "+74959999999",
        "agents": (), "steps": "started failed:unknown_number hangup:system",
    }
)  # fmt: skip
async def unknown_number(world: World) -> None:
    """A number that nobody has."""
    call = world.client().call(UNKNOWN)
    await call.until("ended")


@scenario(
    {
        "direction": "out", "result": "answered", "to_number": "+79160000002", "agents": (11,), "agent_id": 11,
        "rung": (), "talk_seconds": 0.8, "wait_seconds": 0.5, "hangup_by": "client", "legs": 2, "recorded": True,
        "click_to_dial": False, "steps": "started recording answered hangup:client",
    }
)  # fmt: skip
async def outgoing_answered(world: World) -> None:
    """An agent dials on his phone; the client answers and hangs up."""
    world.agent("a11s").call("79160000002")
    client = await _picked_up(world.carrier(), 0.5)
    await asyncio.sleep(0.8)
    client.bye()


@scenario({"direction": "out", "result": "busy", "agent_id": 11, "talk_seconds": 0.0, "cause": 17, "legs": 2})
async def outgoing_busy(world: World) -> None:
    """The client is busy."""
    call = world.agent("a11s").call("79160000002")
    (await world.carrier().incoming()).reject(486, "Busy Here")
    await call.until("ended")


@scenario({"direction": "out", "result": "no_answer", "agent_id": 11, "wait_seconds": 6.0})
async def outgoing_no_answer(world: World) -> None:
    """The client does not pick up."""
    call = world.agent("a11s").call("79160000002")
    (await world.carrier().incoming()).ring()
    await call.until("ended")


@scenario({"direction": "out", "result": "cancelled", "agent_id": 11, "hangup_by": "agent", "wait_seconds": 1.0})
async def outgoing_cancelled(world: World) -> None:
    """The agent gives up."""
    call = world.agent("a11s").call("79160000002")
    (await world.carrier().incoming()).ring()
    await asyncio.sleep(1.0)
    call.cancel()


@scenario({"direction": "out", "result": "failed", "agent_id": 11, "cause": 1})
async def outgoing_wrong_number(world: World) -> None:
    """There is no such number."""
    call = world.agent("a11s").call("79160000002")
    (await world.carrier().incoming()).reject(404, "Not Found")
    await call.until("ended")


@scenario({"direction": "out", "result": "busy", "agent_id": 11, "cause": 21})
async def outgoing_declined(world: World) -> None:
    """The client presses «decline»."""
    call = world.agent("a11s").call("79160000002")
    client = await world.carrier().incoming()
    client.ring()
    await asyncio.sleep(0.3)
    client.reject(603, "Decline")
    await call.until("ended")


@scenario(
    {
        "direction": "out", "result": "answered", "to_number": "+79160000002", "agents": (11,), "agent_id": 11,
        "click_to_dial": True, "legs": 2, "rung": (), "talk_seconds": 0.8, "hangup_by": "agent", "recorded": True,
        "leg_roles": ("agent", "client"), "steps": "started rang:answered recording answered hangup:agent",
    }
)  # fmt: skip
async def click_answered(world: World) -> None:
    """Click-to-dial: the agent's phone, then the client's."""
    await world.click_to_dial("a11s", "79160000002")
    agent = await _picked_up(world.agent("a11s"))
    await _picked_up(world.carrier(), 0.5)
    await asyncio.sleep(0.8)
    agent.bye()


@scenario(
    {
        "direction": "out", "result": "no_answer", "click_to_dial": True, "agent_id": 11, "legs": 1,
        "to_number": "+79160000002", "talk_seconds": 0.0,
    }
)  # fmt: skip
async def click_agent_away(world: World) -> None:
    """The agent's phone rings in vain."""
    await world.click_to_dial("a11s", "79160000002", 2.0)
    call = await world.agent("a11s").incoming()
    call.ring()
    await call.until("ended")


@scenario({"direction": "out", "result": "cancelled", "click_to_dial": True, "agent_id": 11, "legs": 1})
async def click_agent_declines(world: World) -> None:
    """The agent thinks better of it."""
    await world.click_to_dial("a11s", "79160000002")
    call = await world.agent("a11s").incoming()
    call.ring()
    await asyncio.sleep(0.3)
    call.reject(603, "Decline")


@scenario({"direction": "out", "result": "busy", "click_to_dial": True, "agent_id": 11, "agents": (11,), "legs": 2})
async def click_client_busy(world: World) -> None:
    """Click-to-dial to a client who is busy."""
    await world.click_to_dial("a11s", "79160000002")
    agent = await _picked_up(world.agent("a11s"))
    (await world.carrier().incoming()).reject(486, "Busy Here")
    await agent.until("ended")


@scenario(
    {"direction": "out", "result": "cancelled", "click_to_dial": True, "agent_id": 11, "hangup_by": "agent", "legs": 2}
)
async def click_cancelled(world: World) -> None:
    """The agent hangs up while the client's phone rings."""
    await world.click_to_dial("a11s", "79160000002")
    agent = await _picked_up(world.agent("a11s"))
    (await world.carrier().incoming()).ring()
    await asyncio.sleep(0.6)
    agent.bye()


@scenario({"direction": "out", "result": "answered", "click_to_dial": True, "hangup_by": "system", "talk_seconds": 0.6})
async def click_hung_up_by_command(world: World) -> None:
    """A supervisor ends the call by a command."""
    call_id = await world.click_to_dial("a11s", "79160000002")
    await _picked_up(world.agent("a11s"))
    await _picked_up(world.carrier())
    await asyncio.sleep(0.6)
    await world.hang_up(call_id)


@scenario(
    {
        "direction": "internal", "result": "answered", "from_number": "101", "to_number": "103", "agents": (11, 13),
        "rung": (13,), "talk_seconds": 0.6, "hangup_by": "agent",
        "steps": "started rang:answered answered hangup:agent",
    }
)  # fmt: skip
async def internal_answered(world: World) -> None:
    """One agent calls another."""
    call = world.agent("a11s").call("103")
    await _picked_up(world.agent("a13s"))
    await asyncio.sleep(0.6)
    call.bye()


@scenario({"direction": "internal", "result": "no_answer", "agents": (11,), "rung": (13,), "agent_id": 11})
async def internal_no_answer(world: World) -> None:
    """The other agent does not pick up."""
    call = world.agent("a11s").call("103")
    (await world.agent("a13s").incoming()).ring()
    await call.until("ended")


@scenario(
    {
        "direction": "in", "result": "answered", "queue_id": 1, "agents": (11, 13), "agent_id": 13, "legs": 3,
        "hangup_by": "client", "talk_seconds": 1.2,
        "steps": "started recording prompt queued rang:answered left_queue answered transferred:103 rang:answered"
        " answered hangup:client",
    }
)  # fmt: skip
async def blind_transfer(world: World) -> None:
    """The agent sends the caller on to a colleague."""
    await world.members("q1", "a11s")
    client = world.client().call(SALES)
    agent = await _picked_up(world.agent("a11s"))
    await asyncio.sleep(0.6)
    agent.refer("103")
    await _picked_up(world.agent("a13s"))
    agent.bye()
    await asyncio.sleep(0.6)
    client.bye()


@scenario(
    {
        "direction": "out", "result": "answered", "agents": (11, 13), "agent_id": 13, "legs": 3,
        "hangup_by": "client", "talk_seconds": 1.2,
    }
)  # fmt: skip
async def blind_transfer_outgoing(world: World) -> None:
    """The agent dials a client and sends him on to a colleague."""
    agent = world.agent("a11s").call("79160000002")
    client = await _picked_up(world.carrier())
    await asyncio.sleep(0.6)
    agent.refer("103")
    await _picked_up(world.agent("a13s"))
    agent.bye()
    await asyncio.sleep(0.6)
    client.bye()


@scenario(
    {
        "direction": "in",
        "result": "answered",
        "queue_id": 1,
        "agents": (11, 13),
        "agent_id": 13,
        "legs": 3,
        "hangup_by": "client",
        "talk_seconds": 1.1,
        "hold_seconds": 1.2,
        "steps": "started recording prompt queued rang:answered left_queue answered held resumed answered"
        " transferred:103 hangup:client",
    },
    {"direction": "internal", "result": "answered", "agents": (11, 13), "talk_seconds": 0.6},
)
async def attended_transfer(world: World) -> None:
    """The agent holds the caller, asks a colleague, and joins the two."""
    await world.members("q1", "a11s")
    client = world.client().call(SALES)
    agent = await _picked_up(world.agent("a11s"))
    await asyncio.sleep(0.5)
    await agent.hold()
    second = world.agent("a11s").call("103")
    await _picked_up(world.agent("a13s"), 0.5)
    await second.until("answered")
    await asyncio.sleep(0.6)
    agent.refer_to_call(second)
    await agent.until("referred")
    # Asterisk hangs up the consultation itself; the transferred call is the telephone's to end.
    await asyncio.sleep(0.1)
    agent.bye()
    await asyncio.sleep(0.6)
    client.bye()


@scenario(
    {"direction": "in", "result": "answered", "agents": (11, 13), "hangup_by": "client"},
    {"direction": "internal", "result": "busy", "agents": (11,), "rung": (13,)},
)
async def attended_transfer_ringing(world: World) -> None:
    """The agent joins the caller with a colleague whose phone still rings."""
    await world.members("q1", "a11s")
    client = world.client().call(SALES)
    agent = await _picked_up(world.agent("a11s"))
    await asyncio.sleep(0.5)
    await agent.hold()
    world.agent("a11s").call("103")
    colleague = await world.agent("a13s").incoming()
    colleague.ring()
    await asyncio.sleep(0.3)
    # Replaces of a dialog that is not answered: telephones send a blind transfer in this case.
    agent.refer("103")
    agent.bye()
    again = await world.agent("a13s").incoming()
    colleague.reject()
    again.ring()
    await asyncio.sleep(0.3)
    again.answer()
    await asyncio.sleep(0.6)
    client.bye()


@scenario(
    {"direction": "in", "result": "answered", "agents": (11,), "legs": 3, "hangup_by": "client", "talk_seconds": 1.2}
)
async def transfer_outside(world: World) -> None:
    """The agent sends the caller on to an outside number."""
    await world.members("q1", "a11s")
    client = world.client().call(SALES)
    agent = await _picked_up(world.agent("a11s"))
    await asyncio.sleep(0.6)
    agent.refer("79160000003")
    await _picked_up(world.carrier())
    agent.bye()
    await asyncio.sleep(0.6)
    client.bye()


@scenario(
    {
        "direction": "out", "result": "answered", "agents": (13,), "agent_id": 13, "rung": (13,), "legs": 2,
        "to_number": "+79160000002", "talk_seconds": 1.0, "hangup_by": "client",
        "steps": "started rang:answered recording answered hangup:client",
    }
)  # fmt: skip
async def local_channel(world: World) -> None:
    """A call by way of a Local channel, which Asterisk takes out once both have answered: no leg of its own."""
    await world.call_by_local("a13s", "79160000002")
    await _picked_up(world.agent("a13s"))
    client = await _picked_up(world.carrier())
    await asyncio.sleep(1.0)
    client.bye()


@scenario(
    {
        "direction": "in", "result": "answered", "queue_id": 1, "agents": (11,), "agent_id": 11, "legs": 2,
        "wait_seconds": 2.4, "talk_seconds": 0.6, "hangup_by": "client",
        "steps": "started recording prompt queued left_queue front:1 queued rang:answered left_queue answered"
        " hangup:client",
    }
)  # fmt: skip
async def queue_moved_to_front(world: World) -> None:
    """A waiting caller is moved to the front: his wait goes on."""
    await world.members("q1")
    call = world.client().call(SALES)
    await call.until("answered")
    await asyncio.sleep(1.5)
    await world.lead("f1*1")
    await asyncio.sleep(0.5)
    await world.members("q1", "a11s")
    await _picked_up(world.agent("a11s"))
    await asyncio.sleep(0.6)
    call.bye()


@scenario(
    {
        "direction": "in", "result": "answered", "queue_id": 1, "agents": (11, 13), "agent_id": 13, "legs": 3,
        "talk_seconds": 1.2, "hangup_by": "client",
        "steps": "started recording prompt queued rang:answered left_queue answered redirected:agent:13 rang:answered"
        " answered hangup:client",
    }
)  # fmt: skip
async def talk_redirected(world: World) -> None:
    """A supervisor leads the client away from one agent to another."""
    await world.members("q1", "a11s")
    call = world.client().call(SALES)
    first = await _picked_up(world.agent("a11s"))
    await asyncio.sleep(0.6)
    await world.lead("agent13")
    await first.until("ended")
    await _picked_up(world.agent("a13s"))
    await asyncio.sleep(0.6)
    call.bye()


@scenario(
    {
        "direction": "in", "result": "answered", "queue_id": 1, "agents": (11,), "agent_id": 11, "rung": (11,),
        "legs": 2, "hangup_by": "client",
        "steps": "started recording prompt queued rang:answered left_queue answered hangup:client",
    }
)  # fmt: skip
async def listened_to(world: World) -> None:
    """A supervisor listens, whispers, joins and leaves: it is one call, and his leg is none of it."""
    await world.members("q1", "a11s")
    call = world.client().call(SALES)
    await _picked_up(world.agent("a11s"))
    await asyncio.sleep(0.4)
    spy_id = await world.spy("a13s", "a11s", "listen")
    spy = await _picked_up(world.agent("a13s"))
    for mode in ("whisper", "barge", "listen"):
        await asyncio.sleep(0.4)
        await world.spy_mode(spy_id, mode)
    await asyncio.sleep(0.4)
    spy.bye()
    await asyncio.sleep(0.4)
    call.bye()


@scenario(
    {
        "direction": "out", "result": "answered", "agents": (11, 13), "legs": 3, "talk_seconds": 1.2,
        "to_number": "+79160000002",
        "steps": "started recording answered redirected:agent:13 rang:answered answered hangup:client",
    }
)  # fmt: skip
async def outgoing_redirected(world: World) -> None:
    """A supervisor leads a client, whom an agent has called, to another agent."""
    agent = world.agent("a11s").call("79160000002")
    client = await _picked_up(world.carrier())
    await asyncio.sleep(0.6)
    await world.lead("agent13")
    await agent.until("ended")
    await _picked_up(world.agent("a13s"))
    await asyncio.sleep(0.6)
    client.bye()
