"""Lines to operators on a real Asterisk: signing in, being refused, calls, the next line when one is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
import pytest_asyncio

from callcenter.core.bus import Bus
from callcenter.core.clock import SystemClock
from callcenter.core.directory import TrunkRef
from callcenter.core.events import CallEnded
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import Model, Trunk
from callcenter.telephony.config.render import render
from callcenter.telephony.probe import probe
from callcenter.telephony.service import Account, Telephony
from callcenter.telephony.trunks import TrunkNow
from tests.support import audio
from tests.support.desk import DIRECTORY, Desk, desk_at
from tests.support.line import BUSINESS, SALES, SALES_NUMBER, TRUNK, Line
from tests.support.operator import Operator
from tests.support.wait import until

LOGIN, SECRET, OWN = "001122", "Right-secret-7", 31
CLIENT_HZ, AGENT_HZ = 440, 1000


@pytest_asyncio.fixture
async def telephony(line: Line) -> AsyncIterator[Telephony]:
    found = Telephony(Account(port=line.settings.ami_port, secret=line.instance.ami_password), Bus(), SystemClock())
    await found.start()
    await until(lambda: found.up, what="the link is up")
    yield found
    await found.stop()


@pytest_asyncio.fixture
async def told(line: Line) -> AsyncIterator[Model]:
    """What Asterisk was told before; it is told so again afterwards."""
    yield line.model
    await tell(line, line.model)


async def tell(line: Line, model: Model) -> None:
    """Has Asterisk read another model."""
    await apply.reload(line.rx, apply.write(line.instance, render(model)))


async def operator(line: Line, *, tone: float = 0.0) -> Operator:
    found = await Operator.start("operator", line.sip_port, tone=tone)
    assert isinstance(found, Operator)
    found.accounts = {LOGIN: SECRET}
    line.phones.append(found)
    return found


def own(port: int, **more: object) -> Trunk:
    values: dict[str, object] = {
        "username": LOGIN, "password": SECRET, "register": True, "domain": "pbx.example", "qualify_seconds": 2,
        "caller_rule": "asserted", "codecs": ("alaw", "ulaw"), "number": SALES_NUMBER, **more,
    }  # fmt: skip
    return Trunk(id=OWN, business_id=BUSINESS, name="PBX", host="127.0.0.1", port=port, **values)  # type: ignore[arg-type]


def over(line: Line, *trunks: Trunk, first: int = OWN) -> Model:
    """The test business with other trunks: the sales number goes over ``first``."""
    numbers = [replace(n, trunk_id=first) if n.e164 == SALES_NUMBER else n for n in line.model.numbers]
    return replace(line.model, trunks=trunks, numbers=tuple(numbers))


async def state(telephony: Telephony, **wanted: object) -> TrunkNow:
    async def look() -> TrunkNow | None:
        found = (await telephony.trunks([OWN])).get(OWN)
        return found if found and all(getattr(found, key) == value for key, value in wanted.items()) else None

    return await until(look, timeout=15, what=f"the line is {wanted}")


@pytest.mark.rule("TEL-35", "DPL-06")
async def test_a_line_signs_in_and_its_state_and_latency_are_known(
    line: Line, told: Model, telephony: Telephony
) -> None:
    there = await operator(line)
    await tell(line, over(line, own(there.port)))
    now = await state(telephony, registration="registered", reachable=True)
    assert now.latency is not None
    assert 0 < now.latency < 3000
    # The domain is asked for at the server that was named, and the line's number is where its calls shall come.
    assert there.registers[0].start == "REGISTER sip:pbx.example SIP/2.0"
    assert f"<sip:{LOGIN}@pbx.example>" in there.registers[0].headers["to"]
    assert there.contacts[LOGIN].startswith(f"sip:{SALES_NUMBER[1:]}@")
    # Disconnecting signs out and the line is gone.
    await telephony.sign_out(OWN)
    await tell(line, line.model)
    await until(lambda: LOGIN not in there.contacts, what="the line has signed out")
    assert await telephony.trunks([OWN]) == {}


@pytest.mark.rule("DPL-06")
async def test_a_wrong_password_is_refused_with_the_reason(line: Line, told: Model, telephony: Telephony) -> None:
    there = await operator(line)
    await tell(line, over(line, own(there.port, password="Wrong-secret")))
    # Whether it is there is known by another question than the login, a moment sooner or later.
    await state(telephony, registration="refused", reachable=True)
    asked = {"login": LOGIN, "domain": "pbx.example", "timeout": 2.0}
    wrong = await probe("127.0.0.1", there.port, password="Wrong-secret", **asked)
    assert (wrong.outcome, wrong.status, wrong.words) == ("refused", 403, "Forbidden")
    assert (await probe("127.0.0.1", there.port, password=SECRET, **asked)).outcome == "ok"
    asked["login"] = "nobody"
    assert (await probe("127.0.0.1", there.port, password=SECRET, **asked)).outcome == "unknown_account"
    # Asking has signed nobody in.
    assert there.contacts == {}
    there.silent = True
    assert (await probe("127.0.0.1", there.port, timeout=1.0)).outcome == "no_answer"
    await state(telephony, reachable=False)


@pytest_asyncio.fixture
async def desk(line: Line) -> AsyncIterator[Desk]:
    """Our side, which knows the line as one of the company's."""
    async with desk_at(line) as found:
        trunks = {OWN: TrunkRef(id=OWN, business_id=BUSINESS, name="PBX")}
        found.telephony.set_directory(msgspec.structs.replace(DIRECTORY, trunks=trunks))
        yield found


@pytest.mark.rule("TEL-36")
async def test_calls_go_in_and_out_over_the_line_and_are_told_and_recorded(line: Line, told: Model, desk: Desk) -> None:
    there = await operator(line, tone=CLIENT_HZ)
    await tell(line, over(line, own(there.port)))
    await there.signed_in.wait()
    agent = await line.agent(11, tone=AGENT_HZ, queues=[SALES])
    there.user = "79161234567"
    there.uri = f"<sip:79161234567@{there.server_text}>"
    call = there.call_in(LOGIN)
    ringing = await agent.incoming()
    ringing.answer()
    await agent.hears(CLIENT_HZ, 0.6)
    call.bye()
    await ringing.until("ended")
    stem = await line.recording()
    # By the client's number it stands in his card.
    ended = (await desk.until(CallEnded)).call
    assert (ended.direction, ended.result, ended.client_number, ended.number_id, ended.agent_id) == (
        "in", "answered", "+79161234567", 5, 11,
    )  # fmt: skip
    assert ended.recording == stem
    line.clear_recordings()

    outgoing = agent.call("89167654321")
    outside = await there.incoming()
    assert outside.invite
    assert outside.invite.start.startswith("INVITE sip:+79167654321@pbx.example")
    assert f"<sip:{LOGIN}@pbx.example>" in outside.invite.headers["from"]
    assert SALES_NUMBER in outside.invite.headers["p-asserted-identity"]
    # The codec that was put first is offered first.
    assert "RTP/AVP 8 0" in outside.invite.body
    outside.answer()
    await there.hears(AGENT_HZ, 0.6)
    outgoing.bye()
    await outside.until("ended")
    stem = await line.recording()
    _, (heard,) = audio.read_wave(line.instance.recordings / f"{stem}-client.wav")
    assert audio.seconds_of(heard, CLIENT_HZ) >= 0.4
    ended = (await desk.until(CallEnded, lambda e: e.call.direction == "out")).call
    assert (ended.result, ended.client_number, ended.number_id, ended.agent_id, ended.recording) == (
        "answered", "+79167654321", 5, 11, stem,
    )  # fmt: skip


@pytest.mark.rule("DPL-06")
@pytest.mark.parametrize("how", ["away", "503", "busy"])
async def test_the_next_line_is_taken_when_the_first_is_away_and_only_then(
    line: Line, told: Model, telephony: Telephony, how: str
) -> None:
    first, second = await operator(line), await line.carrier(tone=CLIENT_HZ)
    spare = replace(line.model.trunks[0], backup=True, position=2, caller_rule="fixed", caller_id="+74959999999")
    assert spare.id == TRUNK
    trunk = own(first.port, username="", password="", register=False, domain="", caller_rule="number")
    await tell(line, over(line, trunk, spare))
    await state(telephony, reachable=True)
    first.asked = 0
    if how == "away":
        first.silent = True
        await state(telephony, reachable=False)
    else:
        first.failing = 503 if how == "503" else 486
    agent = await line.agent(11, tone=AGENT_HZ)
    call = agent.call("89167654321")
    if how == "busy":
        await call.until("ended")
        assert call.status == 486
        assert second.ringing.empty()
        return
    outside = await second.incoming()
    assert outside.invite
    assert "+74959999999" in outside.invite.headers["from"]
    outside.answer()
    await second.hears(AGENT_HZ, 0.6)
    await agent.hears(CLIENT_HZ, 0.6)
    call.bye()
    await outside.until("ended")

    async def talked() -> bool:
        return any(
            audio.seconds_of(audio.read_wave(line.instance.recordings / f"{done.stem}-client.wav")[1][0], CLIENT_HZ)
            > 0.4
            for done in line.instance.recordings.glob("*.done")
        )

    await until(talked, what="the talk over the second line is recorded")


async def test_a_call_for_the_right_line_does_not_leave_by_one_that_is_no_reserve(line: Line, told: Model) -> None:
    first, second = await operator(line), await line.carrier()
    first.failing = 503
    trunk = own(
        first.port, username="", password="", register=False, domain="", caller_rule="number", qualify_seconds=0
    )
    await tell(line, over(line, trunk, line.model.trunks[0]))
    agent = await line.agent(11)
    call = agent.call("89167654321")
    await call.until("ended")
    assert first.asked == 1
    assert second.ringing.empty()


@pytest.mark.rule("DPL-06")
async def test_two_lines_of_one_operator_are_told_apart(line: Line, told: Model) -> None:
    there = await operator(line)
    there.accounts["other"] = SECRET
    first = own(there.port)
    second = replace(own(there.port, username="other", number=""), id=OWN + 1, name="Second")
    model = over(line, first, second)
    support = [replace(n, trunk_id=second.id) if n.e164 == "+74950000002" else n for n in model.numbers]
    await tell(line, replace(model, numbers=tuple(support)))
    await until(lambda: len(there.contacts) == 2, what="both lines have signed in")
    for login, endpoint in ((LOGIN, first.endpoint), ("other", second.endpoint)):
        call = there.call_in(login)
        await call.until("answered")
        assert f"PJSIP/{endpoint}-" in await line.rx("core show channels concise")
        call.bye()


async def test_numbers_of_lines_at_one_address_are_found_without_signing_in(line: Line, told: Model) -> None:
    there = await operator(line)
    plain = own(there.port, username="", password="", register=False, domain="", caller_rule="number")
    # Asterisk takes the call for one of the carrier's: both are at 127.0.0.1.
    await tell(line, over(line, line.model.trunks[0], plain))
    there.user = "79161234567"
    call = there.call(SALES_NUMBER[1:])
    await call.until("answered")
    call.bye()
