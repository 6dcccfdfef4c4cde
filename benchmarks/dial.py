"""Click-to-dial: what the server adds to Asterisk from the click to the agent's phone, and from there to the client.

The floor of the first is a bare AMI Originate of the same call; of the second a hand-written static context that sets
the caller ID, records on the client's channel and dials. Both take turns in one run with the same telephones.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time

from benchmarks.report import Row, at_most
from benchmarks.stage import OPERATORS, Api, BareAmi, Wire, product
from tests.support.telephone import Telephone
from tests.traces.phone import Call

ROUNDS, WARM_UP = 60, 6
CLIENT = "+79161234567"
# The same call by hand: the number that the client sees, the recording on the client's channel, Dial.
PURE = (
    ("bench-pure", CLIENT, "1,Set(CALLERID(num)=+74950000001)"),
    ("bench-pure", CLIENT, f"2,Dial(PJSIP/{CLIENT}@t1,60,b(bench-record^s^1))"),
    ("bench-pure", CLIENT, "3,Hangup()"),
    ("bench-record", "s", "1,MixMonitor(bench.wav,br(bench-client.wav)t(bench-agent.wav))"),
    ("bench-record", "s", "2,Return()"),
)


def run() -> list[Row]:
    """Median times in milliseconds."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    async with product() as stack, BareAmi.open(stack) as ami, contextlib.AsyncExitStack() as people:
        apis = [await people.enter_async_context(Api.of(stack, email)) for email in OPERATORS]
        agents = [await api.phone(stack) for api in apis]
        wires = [await people.enter_async_context(Wire.open(stack, api)) for api in apis]
        carrier = await Telephone.start("carrier", stack.settings.sip_port, port=stack.settings.demo_carrier_port)
        for context, extension, step in PURE:
            ami.send(Action="Command", Command=f"dialplan add extension {extension},{step} into {context}")
        await asyncio.sleep(0.5)
        work = asyncio.create_task(_at_work(await people.enter_async_context(Wire.open(stack, apis[0])), ami))
        times: dict[str, list[float]] = {"ours": [], "bare": [], "ours_client": [], "bare_client": []}
        try:
            for turn in range(ROUNDS + WARM_UP):
                # An agent may dial 20 times a minute: several take turns.
                wire, agent = wires[turn % len(wires)], agents[turn % len(agents)]
                for name in ("bare", "ours"):
                    began = time.perf_counter()
                    if name == "ours":
                        wire.send("POST", "/calls", {"to": CLIENT})
                    else:
                        _originate(ami, agent.user)
                    to_agent, to_client = await _through(agent, carrier, began)
                    if name == "ours":
                        await wire.answered(201)
                    if turn >= WARM_UP:
                        times[name].append(to_agent)
                        times[name + "_client"].append(to_client)
        finally:
            work.cancel()
            for agent in agents:
                await agent.stop()
            await carrier.stop()
    middle = {name: 1000 * statistics.median(values) for name, values in times.items()}
    return [
        at_most("click-to-dial: POST to INVITE at the agent's phone", middle["ours"], "ms", middle["bare"], 1.3),
        at_most("agent's answer to INVITE at the client", middle["ours_client"], "ms", middle["bare_client"], 1.3),
    ]


async def _at_work(wire: Wire, ami: BareAmi) -> None:
    """A house at work, the same for both: processes that slept for a while are slow to wake on any machine."""
    while True:
        wire.send("GET", "/me/state")
        ami.send(Action="Ping")
        await wire.answered(200)
        await asyncio.sleep(0.01)


def _originate(ami: BareAmi, endpoint: str) -> None:
    ami.send(
        Action="Originate",
        Channel=f"PJSIP/{endpoint}",
        Context="bench-pure",
        Exten=CLIENT,
        Priority="1",
        CallerID="<+74950000001>",
        Async="true",
    )


async def _through(agent: Telephone, carrier: Telephone, began: float) -> tuple[float, float]:
    """Seconds from ``began`` to the agent's INVITE, and from the agent's answer to the client's INVITE."""
    first: Call = await agent.incoming()
    to_agent = time.perf_counter() - began
    first.ring()
    await asyncio.sleep(0.02)
    first.answer()
    answered = time.perf_counter()
    second = await carrier.incoming()
    to_client = time.perf_counter() - answered
    second.reject(486)
    await first.until("ended")
    # Asterisk tidies up and the agent is free again: the next round starts from rest.
    await asyncio.sleep(0.35)
    return to_agent, to_client
