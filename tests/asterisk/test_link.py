"""The link, the resync and the commands on a real Asterisk."""

from __future__ import annotations

import pytest

from callcenter.core.calls import Call
from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import CallEnded, CallFailed, CallUpdated, DeviceChanged, LinkChanged, MemberChanged
from tests.support.desk import Desk, desk_at, queue_call
from tests.support.line import BUSINESS, SALES, SALES_NUMBER, Line
from tests.support.telephone import Telephone
from tests.traces.phone import Call as PhoneCall

CLIENT = "+79160000002"


async def dialled(desk: Desk, agent: Telephone, to: str = CLIENT) -> tuple[str, PhoneCall]:
    """A click-to-dial whose agent's phone rings."""
    call_id = await desk.telephony.dial(agent_id=11, to=to, business_id=BUSINESS, number_id=5, timeout=5)
    return call_id, await agent.incoming()


async def test_phones_and_members_are_known_after_signing_in_and_as_they_change(line: Line) -> None:
    await line.agent(11, queues=[SALES])
    async with desk_at(line) as desk:
        up = desk.events.index(desk.of(LinkChanged)[0])
        there = desk.events[:up]
        assert [e for e in there if isinstance(e, DeviceChanged) and e.endpoint == "a11s" and e.online]
        assert [e for e in there if isinstance(e, MemberChanged) and (e.agent_id, e.queue_id) == (11, SALES)]
        phone = await line.agent(12)
        await desk.until(DeviceChanged, lambda e: e.endpoint == "a12s" and e.online)
        assert await desk.telephony.device_online(12) == {"sip"}
        assert await desk.telephony.device_online(13) == set()
        await phone.register(expires=0)
        await desk.until(DeviceChanged, lambda e: e.endpoint == "a12s" and not e.online)


async def test_members_come_pause_and_go_by_commands(line: Line) -> None:
    await line.agent(11)
    async with desk_at(line) as desk:
        telephony = desk.telephony
        for _ in range(2):  # being there already is fine
            await telephony.add_member(SALES, 11, "sip", name="Ivan", penalty=2, paused=True, reason="lunch")
        await desk.until(MemberChanged, lambda e: e.agent_id == 11 and e.paused)
        (member,) = await telephony.members()
        assert (member.queue, member.interface, member.name) == (f"q{SALES}", "PJSIP/a11s", "Ivan")
        assert (member.penalty, member.paused, member.reason) == (2, True, "lunch")
        await telephony.pause_member(11, "sip", False, queue_id=SALES)
        await desk.until(MemberChanged, lambda e: e.agent_id == 11 and not e.paused)
        for _ in range(2):  # not being there is fine
            await telephony.remove_member(SALES, 11, "sip")
            await telephony.pause_member(11, "sip", True)
        await desk.until(MemberChanged, lambda e: e.agent_id == 11 and e.removed)
        assert await telephony.members() == ()
        with pytest.raises(NotFound):
            await telephony.add_member(404, 11, "sip")
        with pytest.raises(BadInput):
            await telephony.add_member(SALES, 11, "sip", name="x\r\nAction: Command")


@pytest.mark.rule("TEL-23")
async def test_click_to_dial_rings_the_agent_first_and_only_then_the_client(line: Line) -> None:
    agent, carrier = await line.agent(11), await line.carrier()
    async with desk_at(line) as desk:
        call_id, ringing = await dialled(desk, agent)
        assert ringing.invite
        # A desk phone has no use for the page's sign to answer by itself.
        assert "x-auto" not in ringing.invite.headers
        assert CLIENT in ringing.invite.headers["from"]
        ringing.ring()
        await desk.until(CallUpdated, lambda e: e.call.id == call_id and e.call.state == "ringing")
        assert carrier.ringing.empty()
        ringing.answer()
        outside = await carrier.incoming()
        assert outside.invite
        assert SALES_NUMBER in outside.invite.headers["from"]
        assert outside.invite.start.split()[1].startswith(f"sip:{CLIENT}@")
        outside.ring()
        outside.answer()
        talking = await desk.state("talking")
        assert talking.id == call_id
        await desk.telephony.hangup(call_id)
        ended = await desk.until(CallEnded)
        call = ended.call
        assert (call.direction, call.result, call.click_to_dial) == ("out", "answered", True)
        assert (call.business_id, call.agent_id, call.number_id) == (BUSINESS, 11, 5)
        assert (call.from_number, call.to_number) == (SALES_NUMBER, CLIENT)
        assert [leg.role for leg in call.legs] == ["agent", "client"]
        assert not desk.of(CallFailed)
        with pytest.raises(NotFound):
            await desk.telephony.hangup(call_id)


@pytest.mark.parametrize(
    ("status", "reason"), [(486, "busy"), (600, "busy"), (603, "rejected"), (404, "wrong_number"), (480, "no_answer")]
)
async def test_why_the_client_was_not_reached_is_said_in_a_word(line: Line, status: int, reason: str) -> None:
    agent, carrier = await line.agent(11), await line.carrier()
    async with desk_at(line) as desk:
        call_id, ringing = await dialled(desk, agent)
        ringing.answer()
        (await carrier.incoming()).reject(status, "No")
        failed = await desk.until(CallFailed)
        assert (failed.reason, failed.call_id, failed.agent_id) == (reason, call_id, 11)


async def test_a_client_who_does_not_answer_and_an_agent_who_gives_up(line: Line) -> None:
    agent, carrier = await line.agent(11), await line.carrier()
    async with desk_at(line) as desk:
        call_id, ringing = await dialled(desk, agent)
        ringing.answer()
        (await carrier.incoming()).ring()
        ringing.bye()
        ended = await desk.until(CallEnded)
        assert (ended.call.id, ended.call.result) == (call_id, "cancelled")
        assert not desk.of(CallFailed)


@pytest.mark.parametrize(("status", "reason"), [(486, "busy"), (603, "rejected")])
async def test_why_the_agents_own_phone_did_not_answer_is_said(line: Line, status: int, reason: str) -> None:
    agent = await line.agent(11)
    async with desk_at(line) as desk:
        call_id, ringing = await dialled(desk, agent)
        ringing.reject(status, "No")
        failed = await desk.until(CallFailed)
        assert (failed.reason, failed.call_id) == (reason, call_id)
        assert len(desk.of(CallFailed)) == 1


async def test_an_agents_phone_that_rings_in_vain(line: Line) -> None:
    agent = await line.agent(11)
    async with desk_at(line) as desk:
        call_id = await desk.telephony.dial(agent_id=11, to=CLIENT, business_id=BUSINESS, timeout=1)
        (await agent.incoming()).ring()
        failed = await desk.until(CallFailed)
        assert (failed.reason, failed.call_id) == ("no_answer", call_id)


async def test_a_phone_that_is_not_on_line_is_told_at_once(line: Line) -> None:
    async with desk_at(line) as desk:
        with pytest.raises(Conflict) as error:
            await desk.telephony.dial(agent_id=11, to=CLIENT, business_id=BUSINESS)
        assert error.value.error_code == "offline"
        # Thought to be there, but gone: what Asterisk says counts.
        desk.telephony._offline.clear()
        await desk.telephony.dial(agent_id=11, to=CLIENT, business_id=BUSINESS)
        assert (await desk.until(CallFailed)).reason == "offline"


@pytest.mark.parametrize("to", ["12;evil", "+7916\r\nAction: Ping", "", "abc", "+" + "9" * 30])
async def test_what_is_no_number_is_not_dialled(line: Line, to: str) -> None:
    await line.agent(11)
    async with desk_at(line) as desk:
        with pytest.raises(BadInput):
            await desk.telephony.dial(agent_id=11, to=to, business_id=BUSINESS)
        with pytest.raises(NotFound):
            await desk.telephony.dial(agent_id=11, to=CLIENT, business_id=BUSINESS + 1)


async def test_a_server_that_comes_back_shows_the_call_that_goes_on(line: Line) -> None:
    async with desk_at(line) as before:
        _, ringing = await queue_call(line)
        seen = await before.state("talking")
    # The server is away, the call goes on.
    assert "2 active channels" in await line.rx("core show channels count")
    async with desk_at(line) as after:
        (call,) = [e.call for e in after.of(CallUpdated) if e.call.state == "talking"][-1:]
        same_call(call, seen)
        ringing.bye()
        ended = (await after.until(CallEnded)).call
        assert (ended.id, ended.result, ended.agents) == (seen.id, "answered", (11,))
        assert ended.talk_seconds == pytest.approx(ended.ended_at - seen.answered_at, abs=0.1)
        assert ended.wait_seconds == pytest.approx(seen.wait_seconds, abs=0.1)


def same_call(call: Call, seen: Call) -> None:
    """Two pictures of one talk are the same but for the clock."""
    for name in ("id", "business_id", "direction", "from_number", "to_number", "number_id", "queue_id", "agent_id"):
        assert getattr(call, name) == getattr(seen, name), name
    assert (call.agents, call.rung, call.recording) == (seen.agents, seen.rung, seen.recording)
    for name in ("started_at", "queued_at", "left_queue_at", "answered_at"):
        assert getattr(call, name) == pytest.approx(getattr(seen, name), abs=0.1), name
    assert [leg.id for leg in call.legs] == [leg.id for leg in seen.legs]
    assert [leg.role for leg in call.legs] == [leg.role for leg in seen.legs]


async def test_a_caller_cannot_forge_events_with_his_number(line: Line) -> None:
    """Asterisk decodes %0D%0A in a SIP address and AMI writes it as it is."""
    async with desk_at(line) as desk:
        _, ringing = await queue_call(line)
        talking = await desk.state("talking")
        victim = talking.legs[0]
        forged = (
            f"\r\nUniqueid: {victim.id}\r\nLinkedid: {talking.id}\r\n\r\n"
            f"Event: Hangup\r\nPrivilege: call,all\r\nTimestamp: 1.0\r\nSystemName: x\r\n"
            f"Channel: {victim.channel}\r\nUniqueid: {victim.id}\r\nLinkedid: {talking.id}\r\nCause: 16"
        )
        evil = await line.client("7916" + "".join(f"%{ord(c):02X}" for c in forged))
        calling = evil.call(SALES_NUMBER, name="😀" * 30)
        other = await desk.until(CallUpdated, lambda e: e.call.id != talking.id and e.call.state == "queued")
        assert desk.telephony.link._protocol is not None
        assert desk.telephony.link._protocol.forged
        assert (other.call.business_id, other.call.number_id) == (BUSINESS, 5)
        assert not desk.of(CallEnded)
        calling.bye()
        await desk.until(CallEnded, lambda e: e.call.id == other.call.id)
        assert talking.id not in desk.ended()
        ringing.bye()
        assert (await desk.until(CallEnded, lambda e: e.call.id == talking.id)).call.result == "answered"
        told = await desk.told(talking.id)
        assert (told.result, told.hangup_by) == ("answered", "agent")
        assert (await desk.told(other.call.id)).number_id == 5
