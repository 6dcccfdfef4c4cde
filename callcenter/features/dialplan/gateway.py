"""Queues that begin to ring in a fixed order: Asterisk must make them anew.

A queue keeps the container for its members that its strategy had when it was made; only «linear» has one that keeps
their order, and a reload does not replace it. So such a queue is taken out and brought in again, with its members, and
whoever was waiting is led into it in the same order.
"""

from __future__ import annotations

import asyncio
import logging
import re

from callcenter.core.errors import ProductError
from callcenter.plugin import Services
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config import apply
from callcenter.telephony.resync import queue_state

log = logging.getLogger(__name__)

RELOAD = "queue reload all"
_SECTION = re.compile(r"^\[(q\d+)\]\n((?:(?!\[).*\n?)*)", re.MULTILINE)
_STRATEGY = re.compile(r"^strategy = (\w+)", re.MULTILINE)
_SHOWN = re.compile(r" in '(\w+)' strategy")


def ordered(text: str) -> dict[str, str]:
    """The queues of queues.conf that ring in a fixed order, with their sections."""
    found = {}
    for section in _SECTION.finditer(text):
        strategy = _STRATEGY.search(section[2])
        if strategy and strategy[1] == "linear":
            found[section[1]] = section[0]
    return found


async def reload_queues(services: Services) -> None:
    """Has Asterisk read queues.conf, which is written already; calls that wait keep their order.

    Raises AsteriskError, OSError, core.errors.
    """
    gateway = services.telephony.gateway
    instance = await asyncio.to_thread(Instance.from_settings, services.settings)
    file = instance.etc / "queues.conf"
    wanted = await asyncio.to_thread(file.read_text, "utf-8")
    anew = [name for name in ordered(wanted) if await _kept_otherwise(services, name)]
    if not anew:
        await gateway.command(RELOAD)
        return
    log.info("queues %s are made anew, because they ring in a fixed order now", ", ".join(anew))
    members, waiting = queue_state((await services.telephony.link.ask("QueueStatus")).items, services.clock.epoch())
    without = wanted
    for name in anew:
        without = without.replace(ordered(wanted)[name], "")
    try:
        await asyncio.to_thread(apply.write_one, instance, "queues.conf", without)
        await gateway.command(RELOAD)
    finally:
        await asyncio.to_thread(apply.write_one, instance, "queues.conf", wanted)
        await gateway.command(RELOAD)
    for one in members:
        if one.queue in anew:
            await gateway.queue_add(
                one.queue, one.interface, name=one.name, penalty=one.penalty, paused=one.paused, reason=one.reason,
                state_interface=one.state_interface,
            )  # fmt: skip
    for caller in sorted(waiting, key=lambda one: (one.queue, one.position)):
        if caller.queue in anew:
            try:
                await gateway.redirect(caller.channel, f"queue-{caller.queue.removeprefix('q')}", "s")
            except ProductError as error:
                log.info("%s does not wait any more: %s", caller.channel, error)


async def _kept_otherwise(services: Services, name: str) -> bool:
    """Whether Asterisk has the queue, and with another strategy."""
    for line in await services.telephony.gateway.command(f"queue show {name}"):
        shown = _SHOWN.search(line)
        if shown:
            return shown[1] != "linear"
    return False
