"""Voice menus on a real Asterisk, by a telephone that presses keys: levels, recordings, repetitions, silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest
import pytest_asyncio

from callcenter.telephony.config import apply
from callcenter.telephony.config.model import ENDLESS, HANGUP, Key, Menu, Number, Target
from callcenter.telephony.config.render import render
from tests.support import audio
from tests.support import line as lines
from tests.support.line import BUSINESS, SALES, SUPPORT, Line
from tests.support.telephone import Telephone
from tests.traces.phone import Call

OUTSIDE = "+79167654321"
FIRST, SECOND, ENDLESS_ONE, ONCE, AGAIN = 21, 22, 23, 24, 25
# What a caller hears is known by its tone.
FIRST_HZ, SECOND_HZ, INFO_HZ, AGENT_HZ, CLIENT_HZ = 660, 880, 1300, 1000, 440


def number_of(menu: int) -> str:
    return f"+749500001{menu}"


def _menu(menu_id: int, prompt: str, timeout: Target, keys: dict[str, Target], *, repeats: int, wait: int = 2) -> Menu:
    return Menu(
        id=menu_id,
        business_id=BUSINESS,
        name=f"Menu {menu_id}",
        prompt=prompt,
        wait_seconds=wait,
        repeats=repeats,
        timeout=timeout,
        keys=tuple(Key(key=key, target=target) for key, target in keys.items()),
    )


SALES_GROUP, SUPPORT_GROUP = Target(kind="queue", id=SALES), Target(kind="queue", id=SUPPORT)
MENUS = (
    _menu(
        FIRST, "menu-first", SUPPORT_GROUP, repeats=1,
        keys={
            "1": Target(kind="menu", id=SECOND), "2": Target(kind="play", prompt="menu-info"),
            "3": Target(kind="external", number=OUTSIDE), "5": Target(kind="agent", id=11), "0": HANGUP,
        },
    ),
    _menu(
        SECOND, "menu-second", Target(kind="external", number=OUTSIDE), repeats=0,
        keys={"#": SALES_GROUP, "*": Target(kind="menu", id=FIRST)},
    ),
    _menu(ENDLESS_ONE, "menu-first", HANGUP, {"1": SALES_GROUP}, repeats=ENDLESS, wait=1),
    _menu(ONCE, "menu-first", HANGUP, {"4": Target(kind="repeat")}, repeats=0),
    _menu(AGAIN, "menu-first", Target(kind="repeat"), {"1": SALES_GROUP}, repeats=0, wait=1),
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Line]:
    """A running Asterisk with the menus above, each with a number of its own."""
    line = lines.prepare(tmp_path_factory.mktemp("menus"))
    numbers = tuple(
        Number(id=100 + menu.id, business_id=BUSINESS, e164=number_of(menu.id), target=HANGUP, menu_id=menu.id)
        for menu in MENUS
    )
    line.model = replace(line.model, menus=line.model.menus + MENUS, numbers=line.model.numbers + numbers)
    apply.write(line.instance, render(line.model))
    for name, frequency in (("menu-first", FIRST_HZ), ("menu-second", SECOND_HZ), ("menu-info", INFO_HZ)):
        file = line.instance.sounds / f"{name}.ulaw"
        file.write_bytes(audio.to_ulaw(audio.tone(frequency, 1.0)))
        line.instance.give(file)
    try:
        await line.runner.start()
        yield line
    finally:
        await line.runner.stop()
        lines.remove(line)


@pytest_asyncio.fixture
async def menus(house: Line) -> AsyncIterator[Line]:
    """The same without calls and telephones of other tests."""
    house.clear_recordings()
    yield house
    await house.tidy()


async def calls(line: Line, menu: int) -> tuple[Telephone, Call]:
    client = await line.client(tone=CLIENT_HZ)
    return client, client.call(number_of(menu))


def played(client: Telephone, frequency: float) -> float:
    """How often a prompt of one second was heard; while a menu waits, Asterisk sends nothing at all."""
    return audio.seconds_of(client.listen(), frequency)


async def plays(client: Telephone, frequency: float, times: int, timeout: float = 12.0) -> float:
    """Waits until a prompt was heard so often, and says when that was (seconds)."""
    async with asyncio.timeout(timeout):
        while played(client, frequency) < times - 0.3:  # noqa: ASYNC110 - sound has no event
            await asyncio.sleep(0.05)
    return asyncio.get_running_loop().time()


@pytest.mark.rule("INB-32")
async def test_keys_lead_through_two_levels_to_a_group_and_back_up(menus: Line) -> None:
    agent = await menus.agent(11, tone=AGENT_HZ, queues=[SALES])
    client, _ = await calls(menus, FIRST)
    await client.hears(FIRST_HZ, 0.3)
    # Nobody has to hear a greeting to its end.
    client.press("1")
    await client.hears(SECOND_HZ, 0.3)
    client.press("*")
    await client.hears(FIRST_HZ, 0.3)
    client.press("1")
    await client.hears(SECOND_HZ, 0.8)
    client.press("#")
    (await agent.incoming()).answer()
    await client.hears(AGENT_HZ, 0.5)
    await agent.hears(CLIENT_HZ, 0.5)


@pytest.mark.rule("INB-29")
async def test_a_key_plays_a_recording_and_the_menu_goes_on(menus: Line) -> None:
    client, call = await calls(menus, FIRST)
    await client.hears(FIRST_HZ, 0.3)
    client.press("2")
    await client.hears(INFO_HZ, 0.8)
    await client.hears(FIRST_HZ, 0.5)
    client.press("0")
    await call.until("ended")


@pytest.mark.rule("INB-29")
async def test_keys_lead_to_an_outside_number_and_to_an_employee(menus: Line) -> None:
    carrier = await menus.carrier(tone=AGENT_HZ)
    client, call = await calls(menus, FIRST)
    await client.hears(FIRST_HZ, 0.3)
    client.press("3")
    outside = await carrier.incoming()
    assert outside.invite
    assert outside.invite.start.startswith(f"INVITE sip:{OUTSIDE}@")
    outside.answer()
    await client.hears(AGENT_HZ, 0.5)
    await carrier.hears(CLIENT_HZ, 0.5)
    call.bye()
    await outside.until("ended")
    agent = await menus.agent(11, tone=INFO_HZ)
    client, _ = await calls(menus, FIRST)
    await client.hears(FIRST_HZ, 0.3)
    client.press("5")
    (await agent.incoming()).answer()
    await client.hears(INFO_HZ, 0.5)


@pytest.mark.rule("INB-29")
async def test_a_key_repeats_the_greeting_that_would_not_come_again_by_itself(menus: Line) -> None:
    client, call = await calls(menus, ONCE)
    await client.hears(FIRST_HZ, 0.8)
    client.forget()
    client.press("4")
    await plays(client, FIRST_HZ, 1)
    # Silence ends it: no repetitions.
    await call.until("ended")
    assert played(client, FIRST_HZ) < 1.4


@pytest.mark.rule("INB-30", "INB-31")
async def test_who_presses_nothing_hears_it_again_as_often_as_said_and_then_the_action_comes(menus: Line) -> None:
    agent = await menus.agent(11, tone=AGENT_HZ, queues=[SUPPORT])
    client, _ = await calls(menus, FIRST)
    ringing = await agent.incoming()
    assert 1.6 < played(client, FIRST_HZ) < 2.4
    ringing.answer()
    await client.hears(AGENT_HZ, 0.5)


@pytest.mark.rule("INB-34")
async def test_a_wrong_key_counts_as_none(menus: Line) -> None:
    agent = await menus.agent(11, tone=AGENT_HZ, queues=[SUPPORT])
    client, _ = await calls(menus, FIRST)
    await plays(client, FIRST_HZ, 1)
    client.forget()
    client.press("9")
    await plays(client, FIRST_HZ, 1)
    client.forget()
    client.press("8")
    ringing = await agent.incoming()
    # The second wrong key used up the only repetition.
    assert played(client, FIRST_HZ) < 0.5
    ringing.answer()
    await client.hears(AGENT_HZ, 0.5)


@pytest.mark.rule("INB-31", "INB-32")
async def test_silence_on_the_second_level_calls_an_outside_number(menus: Line) -> None:
    carrier = await menus.carrier(tone=AGENT_HZ)
    client, _ = await calls(menus, FIRST)
    await client.hears(FIRST_HZ, 0.3)
    client.press("1")
    await client.hears(SECOND_HZ, 0.5)
    (await carrier.incoming()).answer()
    await client.hears(AGENT_HZ, 0.5)


@pytest.mark.rule("INB-30")
async def test_a_menu_without_end_repeats_every_five_seconds_until_a_key_is_pressed(menus: Line) -> None:
    agent = await menus.agent(11, tone=AGENT_HZ, queues=[SALES])
    client, _ = await calls(menus, ENDLESS_ONE)
    await client.hears(FIRST_HZ, 0.8)
    # A wrong key does not end it either.
    client.press("7")
    client.forget()
    times = [await plays(client, FIRST_HZ, count) for count in (1, 2, 3)]
    # A second of greeting, then five of silence.
    assert [abs(after - before - 6) < 0.8 for before, after in pairwise(times)] == [True, True]
    client.press("1")
    (await agent.incoming()).answer()
    await client.hears(AGENT_HZ, 0.5)


@pytest.mark.rule("INB-31")
async def test_repeat_in_place_of_a_key_begins_the_menu_anew(menus: Line) -> None:
    agent = await menus.agent(11, tone=AGENT_HZ, queues=[SALES])
    client, _ = await calls(menus, AGAIN)
    await plays(client, FIRST_HZ, 3)
    client.press("1")
    (await agent.incoming()).answer()
    await client.hears(AGENT_HZ, 0.5)
