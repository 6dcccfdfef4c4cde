"""The rendered configuration on a real Asterisk, without any server: callers are greeted, led, queued, recorded."""

from __future__ import annotations

import asyncio

import pytest

from tests.support import audio
from tests.support.line import (
    GREETING_HZ,
    MENU_HZ,
    PERSONAL_NUMBER,
    SALES,
    SALES_NUMBER,
    SUPPORT,
    SUPPORT_NUMBER,
    Line,
)
from tests.support.telephone import Telephone
from tests.support.wait import until
from tests.traces.phone import Call

CLIENT_HZ, AGENT_HZ = 440, 1000


async def _waits(line: Line) -> bool:
    return "has 1 calls" in await line.rx(f"queue show q{SUPPORT}")


async def _talk(client: Telephone, agent: Telephone, seconds: float = 1.0) -> None:
    """Both sides hear each other."""
    await agent.hears(CLIENT_HZ, seconds)
    await client.hears(AGENT_HZ, seconds)


@pytest.mark.rule("INQ-11", "TEL-04")
async def test_a_caller_is_greeted_queued_answered_and_recorded_without_a_server(line: Line) -> None:
    agent = await line.agent(11, tone=AGENT_HZ, queues=[SALES])
    client = await line.client(tone=CLIENT_HZ)
    call = client.call(SALES_NUMBER)
    await client.hears(GREETING_HZ, 0.6)
    ringing = await agent.incoming()
    assert ringing.invite
    assert "+79161234567" in ringing.invite.headers["from"]
    ringing.ring()
    ringing.answer()
    await _talk(client, agent)
    call.bye()
    await ringing.until("ended")

    stem = await line.recording()
    for side, own, other in (("client", CLIENT_HZ, AGENT_HZ), ("agent", AGENT_HZ, CLIENT_HZ)):
        rate, (sound,) = audio.read_wave(line.instance.recordings / f"{stem}-{side}.wav")
        assert rate == 8000
        assert audio.seconds_of(sound, own) >= 1.5, side
        assert audio.seconds_of(sound, other) <= 0.2, side
        # Only what both heard: neither greeting nor waiting.
        assert audio.seconds_of(sound, GREETING_HZ) == 0, side


@pytest.mark.rule("INQ-11")
@pytest.mark.parametrize("key", ["1", "2"])
async def test_a_key_of_the_menu_leads_to_its_queue_without_a_server(line: Line, key: str) -> None:
    sales = await line.agent(11, queues=[SALES])
    support = await line.agent(12, queues=[SUPPORT])
    chosen, other = (sales, support) if key == "1" else (support, sales)
    client = await line.client()
    call = client.call(SUPPORT_NUMBER)
    await client.hears(MENU_HZ, 0.4)
    client.press(key)
    ringing = await chosen.incoming()
    ringing.answer()
    await call.until("answered")
    assert other.ringing.empty()


async def test_no_key_and_a_wrong_key_lead_on_after_the_repeats(line: Line) -> None:
    support = await line.agent(12, queues=[SUPPORT])
    client = await line.client()
    client.call(SUPPORT_NUMBER)
    await client.hears(MENU_HZ, 0.5)
    client.press("7")
    # One wrong key, one repetition without a key, then the action for no input.
    await client.hears(MENU_HZ, 0.5)
    (await support.incoming()).answer()


async def test_a_key_whose_target_is_gone_ends_the_call(line: Line) -> None:
    client = await line.client()
    call = client.call(SUPPORT_NUMBER)
    await client.hears(MENU_HZ, 0.4)
    client.press("9")
    await call.until("ended")


async def test_a_queue_without_agents_lets_the_caller_wait_and_then_ends(line: Line) -> None:
    client = await line.client()
    call = client.call(SUPPORT_NUMBER)
    await client.hears(MENU_HZ, 0.4)
    client.press("2")
    await until(lambda: _waits(line), what="the caller waits")
    assert not call.states["ended"].is_set()
    await call.until("ended", timeout=6)


@pytest.mark.rule("TEL-04")
async def test_a_call_to_a_personal_number_rings_its_owner_only(line: Line) -> None:
    owner = await line.agent(11)
    colleague = await line.agent(12, queues=[SALES, SUPPORT])
    client = await line.client()
    call = client.call(PERSONAL_NUMBER)
    ringing = await owner.incoming()
    # Nobody pays for a call that only rings.
    assert not call.states["answered"].is_set()
    ringing.reject()
    await call.until("ended")
    assert call.status == 486
    assert colleague.ringing.empty()


@pytest.mark.parametrize("form", ["74950000001", "84950000001", "4950000001"])
async def test_every_form_of_the_number_reaches_it(line: Line, form: str) -> None:
    agent = await line.agent(11, queues=[SALES])
    client = await line.client()
    client.call(form)
    (await agent.incoming()).answer()


@pytest.mark.parametrize("number", ["+74959999999", "12", "unknown", "+7495000000100"])
async def test_an_unknown_number_is_refused_politely_and_stands_in_the_journal(line: Line, number: str) -> None:
    client = await line.client("79160000001")
    call = client.call(number)
    await call.until("ended")
    assert call.status == 404
    await until(lambda: f'"trunk-3","{number}"' in line.instance.journal.read_text(), timeout=5)


@pytest.mark.parametrize(
    "name",
    [
        'Иван \\"Вано\\" О\'Нил',
        "😀 ${SYSTEM(touch /tmp/evil)} $[1+1]",
        "a,b)c(d;e|f&g^h",
        "x" * 3500,
        "%0d%0aAction: Logoff",
    ],
    ids=["quotes", "emoji-and-dialplan", "separators", "long", "percent"],
)
async def test_a_hostile_name_reaches_the_agent_as_a_name_only(line: Line, name: str) -> None:
    agent = await line.agent(11, queues=[SALES])
    client = await line.client()
    call = client.call(SALES_NUMBER, name=name)
    ringing = await agent.incoming()
    ringing.answer()
    await call.until("answered")
    assert ringing.invite
    assert "+79161234567" in ringing.invite.headers["from"]
    assert len(ringing.invite.headers["from"]) < 500
    assert not (line.instance.installation.on_host("/tmp/evil")).exists()


async def test_a_line_break_in_a_name_is_no_call_and_harms_none(line: Line) -> None:
    agent = await line.agent(11, queues=[SALES])
    client = await line.client()
    broken = client.call(SALES_NUMBER, name="folded\r\n\tAction: Logoff")
    good = client.call(SALES_NUMBER)
    (await agent.incoming()).answer()
    await good.until("answered")
    assert not broken.states["answered"].is_set()


@pytest.mark.parametrize(
    "number",
    ["anonymous", "a'b", "%24%7BEXTEN%7D", "%2C%29%3B%22", "%0d%0aAction:%20Logoff", "7" * 400, "t3", "q7"],
)
async def test_a_hostile_number_is_no_more_than_a_number(line: Line, number: str) -> None:
    agent = await line.agent(11, queues=[SALES])
    client = await line.client(number)
    client.call(SALES_NUMBER)
    ringing = await agent.incoming()
    ringing.answer()


async def test_a_caller_who_claims_to_be_an_employee_is_asked_for_the_password(line: Line) -> None:
    client = await line.client("a12s")
    call = client.call(SALES_NUMBER)
    await call.until("ended")
    assert call.status == 401


@pytest.mark.rule("INB-05")
async def test_the_agent_whose_last_talk_ended_longest_ago_is_rung(line: Line) -> None:
    agents = {n: await line.agent(n, queues=[SALES]) for n in (11, 12, 13)}

    async def reach() -> tuple[int, Call]:
        """A call until somebody answered: who, and the caller's side."""
        call = (await line.client()).call(SALES_NUMBER)
        waiting = {asyncio.create_task(phone.incoming()): n for n, phone in agents.items()}
        done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        (ringing,) = done
        ringing.result().answer()
        await call.until("answered")
        return waiting[ringing], call

    talking = dict([await reach() for _ in range(3)])
    assert sorted(talking) == [11, 12, 13]
    # Not the order in which they were called, so that taking turns would be seen.
    first, second, third = talking
    expected = [third, first, second]
    for n in expected:
        talking[n].bye()
        # Asterisk keeps the end of the last talk in whole seconds.
        await asyncio.sleep(1.2)
    served = []
    for _ in range(3):
        n, call = await reach()
        served.append(n)
        await asyncio.sleep(1.2)
        call.bye()
        await until(lambda n=n: _is_free(line, n), what=f"agent {n} is free")  # type: ignore[misc]
    assert served == expected


async def _is_free(line: Line, agent_id: int) -> bool:
    shown = await line.rx(f"queue show q{SALES}")
    return any(f"PJSIP/a{agent_id}s" in row and "(Not in use)" in row for row in shown.splitlines())


async def test_an_agents_phone_calls_out_with_the_business_number_and_is_recorded(line: Line) -> None:
    agent = await line.agent(11, tone=AGENT_HZ)
    carrier = await line.carrier(tone=CLIENT_HZ)
    call = agent.call("89167654321")
    outside = await carrier.incoming()
    assert outside.invite
    assert outside.invite.start.startswith("INVITE sip:+79167654321@")
    assert SALES_NUMBER in outside.invite.headers["from"]
    assert "a11s" not in outside.invite.headers["from"]
    assert "Агент" not in outside.invite.headers["from"]
    outside.ring()
    outside.answer()
    await call.until("answered")
    await _talk(carrier, agent)
    call.bye()
    await outside.until("ended")
    stem = await line.recording()
    _, (heard,) = audio.read_wave(line.instance.recordings / f"{stem}-client.wav")
    _, (said,) = audio.read_wave(line.instance.recordings / f"{stem}-agent.wav")
    assert audio.seconds_of(heard, CLIENT_HZ) >= 1.0
    assert audio.seconds_of(said, AGENT_HZ) >= 1.0
    assert audio.seconds_of(heard, AGENT_HZ) == 0


@pytest.mark.parametrize("status", [486, 404, 603, 480])
async def test_a_failed_call_out_says_why(line: Line, status: int) -> None:
    agent = await line.agent(11)
    carrier = await line.carrier()
    call = agent.call("+79167654321")
    (await carrier.incoming()).reject(status, "No")
    await call.until("ended")
    assert call.status in {486: (486,), 404: (404,), 603: (603, 403), 480: (480,)}[status]


async def test_colleagues_call_each_other_by_short_number(line: Line) -> None:
    one, two = await line.agent(11, tone=AGENT_HZ), await line.agent(12, tone=CLIENT_HZ)
    call = one.call("112")
    ringing = await two.incoming()
    ringing.answer()
    await call.until("answered")
    await one.hears(CLIENT_HZ, 0.5)
    await two.hears(AGENT_HZ, 0.5)
    call.bye()
    await ringing.until("ended")
