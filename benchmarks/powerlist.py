"""A power list without a pause: the time from the end of one talk to the beginning of the next.

The agent's phone is answered half a second after it rings, clients a second after they are called: as quick as people
can be. The floor is the same by hand: as soon as the agent's leg is over, a bare AMI Originate of the next call through
a hand-written context that sets the caller ID, records and dials.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import AsyncIterator

from benchmarks.dial import PURE
from benchmarks.report import Row, at_most
from benchmarks.stage import OPERATORS, Api, BareAmi, product
from tests.support.telephone import Telephone

ROUNDS = 24
# An agent may dial 20 times a minute: talks are that long.
AGENT_ANSWERS, CLIENT_ANSWERS, TALK = 0.5, 1.0, 2.0
NUMBERS = [f"+7916557{n:04d}" for n in range(ROUNDS + 1)]
LIMIT = 1.1


def run() -> list[Row]:
    """Median seconds; two minutes."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    async with product() as stack, BareAmi.open(stack) as ami, contextlib.AsyncExitStack() as people:
        api = await people.enter_async_context(Api.of(stack, OPERATORS[0]))
        agent = await api.phone(stack)
        carrier = await Telephone.start("carrier", stack.settings.sip_port, port=stack.settings.demo_carrier_port)
        for context, extension, step in PURE:
            ami.send(Action="Command", Command=f"dialplan add extension {extension},{step} into {context}")
        try:
            await api.ask("PUT", "/me/state", {"state": "ready"})
            bare = await _gaps(agent, carrier, _by_hand(ami, agent))
            ours = await _gaps(agent, carrier, _by_list(api))
        finally:
            await agent.stop()
            await carrier.stop()
    print(f"by hand: {_told(bare)}; list: {_told(ours)}", file=sys.stderr)
    title = "power list, pause 0: end of a talk to the next one's beginning"
    return [at_most(title, statistics.median(ours), "s", statistics.median(bare), LIMIT)]


def _told(gaps: list[float]) -> str:
    return f"{1000 * statistics.median(gaps):.0f} ms, longest {1000 * max(gaps):.0f}"


async def _by_hand(ami: BareAmi, agent: Telephone) -> AsyncIterator[None]:
    """Originates a call each time it is asked."""
    while True:
        ami.send(
            Action="Originate",
            Channel=f"PJSIP/{agent.user}",
            Context="bench-pure",
            Exten="+79161234567",
            Priority="1",
            CallerID="<+74950000001>",
            Async="true",
        )
        yield


async def _by_list(api: Api) -> AsyncIterator[None]:
    """Makes and starts a list the first time; then it goes on by itself."""
    for n, number in enumerate(NUMBERS):
        await api.ask(
            "POST",
            "/contacts",
            {"first_name": f"P{n}", "last_name": "Power", "city": "Power", "phones": [{"number": number}]},
        )
    where = {"field": "city", "op": "equals", "value": "Power"}
    made = await api.ask("POST", "/dial-lists", {"title": "Power", "where": where, "pause": 0})
    while not (await api.ask("GET", f"/dial-lists/{made['id']}"))["filled"]:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.1)
    await api.ask("POST", f"/dial-lists/{made['id']}/start")
    while True:
        yield


async def _gaps(agent: Telephone, carrier: Telephone, next_call: AsyncIterator[None]) -> list[float]:
    """Seconds between talks; the clients hang up first."""
    found: list[float] = []
    over = 0.0
    for turn in range(ROUNDS + 1):
        await anext(next_call)
        mine = await agent.incoming()
        mine.ring()
        await asyncio.sleep(AGENT_ANSWERS)
        mine.answer()
        client = await carrier.incoming()
        client.ring()
        await asyncio.sleep(CLIENT_ANSWERS)
        client.answer()
        await client.until("answered")
        if turn:
            found.append(time.perf_counter() - over)
        await asyncio.sleep(TALK)
        over = time.perf_counter()
        client.bye()
        await mine.until("ended")
    return found
