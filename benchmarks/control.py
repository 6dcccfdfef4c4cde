"""Call control: from the order for a blind transfer until the new party's telephone rings.

The floor is a bare AMI BlindTransfer of the same call into the same dialplan; both take turns in one run.
"""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.report import Row
from benchmarks.stage import OPERATORS, Api, BareAmi, product
from tests.support.telephone import Telephone

ROUNDS, WARM_UP = 12, 2
CLIENT, TARGET = "+79161234567", "+79167654321"
# The order does its own checks (call, permission, number) and writes the audit log after it.
MOST_MS = 50.0


def run() -> list[Row]:
    """Median times in milliseconds."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    async with product() as stack, BareAmi.open(stack) as ami, Api.of(stack, OPERATORS[0]) as api:
        agent = await api.phone(stack)
        carrier = await Telephone.start("carrier", stack.settings.sip_port, port=stack.settings.demo_carrier_port)
        times: dict[str, list[float]] = {"ours": [], "bare": []}
        try:
            for turn in range(ROUNDS + WARM_UP):
                for name in times:
                    took = await _once(api, ami, agent, carrier, name == "ours")
                    if turn >= WARM_UP:
                        times[name].append(took)
        finally:
            await agent.stop()
            await carrier.stop()
    ours, bare = (1000 * statistics.median(times[name]) for name in ("ours", "bare"))
    title = "blind transfer: POST to INVITE at the new party"
    return [Row(title, ours, "ms", bare, ours / bare, f"≤ {MOST_MS:g} ms", ours <= MOST_MS)]


async def _once(api: Api, ami: BareAmi, agent: Telephone, carrier: Telephone, ours: bool) -> float:
    """Seconds from the order to the INVITE at the new party's telephone."""
    agent.call(CLIENT)
    client = await carrier.incoming()
    client.ring()
    client.answer()
    call_id, leg = await _talking(api)
    began = time.perf_counter()
    order = None
    if ours:
        body = {"kind": "number", "number": TARGET}
        order = asyncio.create_task(api.ask("POST", f"/calls/{call_id}/transfer", body))
    else:
        ami.send(Action="BlindTransfer", Channel=leg, Context="transfer-1", Exten=TARGET)
    target = await carrier.incoming()
    took = time.perf_counter() - began
    if order:
        await order
    target.reject(486)
    await client.until("ended")
    # An agent may transfer 20 times a minute; the next round starts from rest.
    await asyncio.sleep(3.0 if ours else 0.35)
    return took


async def _talking(api: Api) -> tuple[str, str]:
    """The call that goes on and its agent's leg, once both talk."""
    async with asyncio.timeout(10):
        while True:
            newest = (await api.ask("GET", "/calls?per_page=1"))["calls"][0]
            if newest["state"] == "talking":
                legs = (await api.ask("GET", f"/calls/{newest['id']}"))["legs"]
                mine = [leg["id"] for leg in legs if leg["role"] == "agent" and not leg["ended_at"]]
                # The log is written a moment after the event.
                if mine:
                    return newest["id"], mine[0]
            await asyncio.sleep(0.05)
