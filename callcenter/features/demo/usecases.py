"""«Call me»: a robot rings the person's own number, so that anybody can try the browser's phone alone."""

from __future__ import annotations

import asyncio
import random
import shutil

from callcenter.core.errors import Conflict, NotFound, TooMany, Unavailable
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts_api
from callcenter.features.contacts import api as contacts_api
from callcenter.features.demo.gateway import CallPlan, call, speech
from callcenter.features.numbers import api as numbers_api
from callcenter.http.current import Current
from callcenter.plugin import Services

SECONDS_BETWEEN = 5.0
TALK_SECONDS = 90.0
_SPEECH = "Здравствуйте! Это демонстрационный звонок. Вы слышите робота. Скажите что-нибудь и завершите разговор."
_last: dict[int, float] = {}
_running: set[asyncio.Task[int]] = set()


async def call_me(services: Services, who: Current) -> str:
    """Sends a robot to the personal number of ``who``; returns the number that it calls from.

    Raises NotFound outside a demo business or without a personal number, Conflict while the person's phone is off line,
    TooMany when asked again within some seconds, Unavailable when SIPp is missing.
    """
    async with services.db.business(who.business_id) as session:
        business = await accounts_api.business(session, who.business_id)
    if who.agent_id is None or business is None or not business.demo:
        raise NotFound(N_("There is no demo robot here."))
    agent = services.live.agent(who.business_id, who.agent_id)
    if agent is None or not agent.online:
        raise Conflict(N_("Your phone is not on line. Press «Go on line» first."))
    now = services.clock.epoch()
    if now - _last.get(who.agent_id, 0.0) < SECONDS_BETWEEN:
        raise TooMany(N_("A robot is already on its way to you."), retry_after=int(SECONDS_BETWEEN))
    _last[who.agent_id] = now
    async with services.db.business(who.business_id) as session:
        numbers = [n for n in await numbers_api.all_numbers(session) if n.agent_id == who.agent_id]
        client = await contacts_api.any_client_number(session, random.randrange(1_000_000))
    if not numbers or client is None:
        raise NotFound(N_("You have no number of your own that a robot could ring."))
    if not shutil.which("sipp"):
        raise Unavailable(N_("The robot needs SIPp: install the package sip-tester."))
    audio = await speech(services.settings.data / "demo", "call-me", _SPEECH)
    plan = CallPlan(number=client, to=numbers[0].e164, seconds=TALK_SECONDS, patience=40.0, audio=str(audio.resolve()))
    task = asyncio.create_task(call(plan, services.settings.sip_port))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return client


async def stop_robots(services: Services) -> None:
    """Ends the calls that still run."""
    for task in list(_running):
        task.cancel()
    await asyncio.gather(*_running, return_exceptions=True)
