"""Talks of more than two on a real Asterisk: who hears whom, who comes back, what tracker and journal tell."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from callcenter.core.calls import Call
from callcenter.core.errors import Conflict
from callcenter.core.events import CallEnded, CallUpdated
from tests.asterisk.test_journal import differences
from tests.support import audio
from tests.support.desk import Desk, desk_at
from tests.support.line import BUSINESS, MENU, MENU_HZ, SALES, SALES_NUMBER, Line
from tests.support.telephone import Telephone
from tests.traces.phone import Call as PhoneCall

CLIENT_HZ, FIRST_HZ, SECOND_HZ = 440, 1000, 1500
OUTSIDE = "+79165550101"


@dataclass
class Talk:
    """A client and agent 11 who talk, and agent 12 (``second``) who is there to be asked."""

    desk: Desk
    client: Telephone
    first: Telephone
    second: Telephone
    calling: PhoneCall
    leg: PhoneCall
    id: str

    async def form(self, form: str, since: int = 0) -> Call:
        found = await self.desk.until(CallUpdated, lambda e: e.call.form == form, since=since)
        return found.call

    async def asked(self) -> PhoneCall:
        """Agent 11 has asked agent 12, who has picked up."""
        await self.desk.telephony.talks.consult(self.id, 11, "a12")
        ringing = await self.second.incoming()
        ringing.ring()
        ringing.answer()
        await self.first.hears(SECOND_HZ)
        await self.second.hears(FIRST_HZ)
        return ringing

    async def over(self) -> Call:
        """The call has ended, and the journal tells the same of it."""
        live = (await self.desk.until(CallEnded, lambda e: e.call.id == self.id, timeout=30)).call
        assert differences(live, await self.desk.told(live.id), within=0.5) == []
        assert [e.call.id for e in self.desk.of(CallEnded)] == [self.id]
        return live


async def talk_at(line: Line, desk: Desk) -> Talk:
    first = await line.agent(11, tone=FIRST_HZ, queues=[SALES])
    second = await line.agent(12, tone=SECOND_HZ)
    client = await line.client(tone=CLIENT_HZ)
    calling = client.call(SALES_NUMBER)
    leg = await first.incoming()
    leg.ring()
    leg.answer()
    await calling.until("answered")
    await client.hears(FIRST_HZ)
    await first.hears(CLIENT_HZ)
    seen = await desk.state("talking")
    return Talk(desk, client, first, second, calling, leg, seen.id)


def story(call: Call) -> list[tuple[str, int | None, str]]:
    """The steps after the first talk began."""
    steps = [(s.kind, s.agent_id, s.text) for s in call.steps]
    return steps[steps.index(("answered", 11, "")) + 1 :]


async def both(one: Telephone, one_hz: float, two: Telephone, two_hz: float) -> None:
    await one.hears(two_hz)
    await two.hears(one_hz)


def shares(phone: Telephone, *hertz: float) -> dict[float, float]:
    heard = phone.listen()[-audio.RATE :]
    return {f: audio.power(heard, f) for f in hertz}


@pytest.mark.rule("AGD-06")
async def test_talk_first_then_complete(line: Line) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        asked = await talk.asked()
        # The client hears music meanwhile, neither of the two.
        await talk.client.hears_sound(but=FIRST_HZ)
        assert max(shares(talk.client, FIRST_HZ, SECOND_HZ).values()) < 0.05
        await desk.telephony.talks.complete(talk.id, 11)
        await both(talk.client, CLIENT_HZ, talk.second, SECOND_HZ)
        await talk.leg.until("ended", 5)
        assert not asked.states["ended"].is_set()
        talk.calling.bye()
        await asked.until("ended", 5)
        call = await talk.over()
        assert (call.agents, call.agent_id, call.hangup_by, call.result) == ((11, 12), 12, "client", "answered")
        assert story(call) == [
            ("consult", 11, "agent:12"),
            ("rang", 12, "answered"),
            ("transferred", 11, "agent:12"),
            ("answered", 12, ""),
            ("hangup", None, "client"),
        ]
        assert call.hold_seconds > 1


@pytest.mark.rule("AGD-06")
async def test_talk_first_then_return(line: Line) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        asked = await talk.asked()
        await desk.telephony.talks.back(talk.id, 11)
        await both(talk.client, CLIENT_HZ, talk.first, FIRST_HZ)
        await asked.until("ended", 5)
        talk.leg.bye()
        await talk.calling.until("ended", 5)
        call = await talk.over()
        assert (call.agents, call.agent_id, call.hangup_by) == ((11, 12), 11, "agent")
        assert story(call)[2:] == [("returned", 11, ""), ("hangup", None, "agent")]


@pytest.mark.rule("AGD-06")
@pytest.mark.parametrize("how", ["busy", "picked up and left", "given up", "never answered"])
async def test_who_is_not_there_brings_the_agent_back(line: Line, how: str) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        if how == "picked up and left":
            (await talk.asked()).bye()
        else:
            await desk.telephony.talks.consult(talk.id, 11, "a12")
            ringing = await talk.second.incoming()
            ringing.ring()
            if how == "busy":
                ringing.reject()
            elif how == "given up":
                await desk.until(CallUpdated, lambda e: any(s.kind == "rang" for s in e.call.steps[-1:]))
                await desk.telephony.talks.back(talk.id, 11)
                await ringing.until("ended", 5)
            else:
                await ringing.until("ended", 40)
        await both(talk.client, CLIENT_HZ, talk.first, FIRST_HZ)
        talk.calling.bye()
        await talk.leg.until("ended", 5)
        call = await talk.over()
        words = {
            "busy": "busy",
            "picked up and left": "answered",
            "given up": "cancelled",
            "never answered": "no_answer",
        }
        assert story(call)[1] == ("rang", 12, words[how])
        assert story(call)[2][0] == "returned"
        assert call.form == ""


@pytest.mark.rule("AGD-06")
async def test_an_outside_number_is_asked_first(line: Line) -> None:
    async with desk_at(line) as desk:
        carrier = await line.carrier(tone=SECOND_HZ)
        talk = await talk_at(line, desk)
        await desk.telephony.talks.consult(talk.id, 11, OUTSIDE, 5)
        ringing = await carrier.incoming()
        ringing.ring()
        with pytest.raises(Conflict):
            await desk.telephony.talks.conference(talk.id, 11)
        ringing.answer()
        await talk.first.hears(SECOND_HZ)
        await desk.telephony.talks.complete(talk.id, 11)
        await both(talk.client, CLIENT_HZ, carrier, SECOND_HZ)
        ringing.bye()
        await talk.calling.until("ended", 5)
        call = await talk.over()
        assert [kind for kind, _, _ in story(call)] == ["consult", "transferred", "answered", "hangup"]
        assert call.recording == call.id


@pytest.mark.rule("AGD-06")
async def test_a_queue_is_asked_and_completed_before_and_after_an_answer(line: Line) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        await line.rx("queue add member PJSIP/a12s to q8")
        await desk.telephony.talks.consult(talk.id, 11, "q8")
        ringing = await talk.second.incoming()
        ringing.ring()
        # Nobody has answered: the client waits in the queue in his agent's place.
        await desk.telephony.talks.complete(talk.id, 11)
        await talk.leg.until("ended", 5)
        again = await talk.second.incoming()
        again.ring()
        again.answer()
        await both(talk.client, CLIENT_HZ, talk.second, SECOND_HZ)
        talk.calling.bye()
        await again.until("ended", 5)
        call = await talk.over()
        assert (call.agents, call.agent_id, call.queue_id) == ((11, 12), 12, SALES)


@pytest.mark.rule("AGD-06")
async def test_a_menu_is_asked_and_gets_the_client(line: Line) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        await line.rx(f"queue add member PJSIP/a12s to q{SALES}")
        await desk.telephony.talks.consult(talk.id, 11, f"m{MENU}")
        await talk.first.hears(MENU_HZ)
        await talk.client.hears_sound(but=MENU_HZ)
        await desk.telephony.talks.complete(talk.id, 11)
        await talk.leg.until("ended", 5)
        # From its beginning, for the client himself.
        await talk.client.hears(MENU_HZ)
        talk.client.press("1")
        again = await talk.second.incoming()
        again.ring()
        again.answer()
        await both(talk.client, CLIENT_HZ, talk.second, SECOND_HZ)
        talk.calling.bye()
        await again.until("ended", 5)
        call = await talk.over()
        assert (call.agents, call.agent_id, call.queue_id) == ((11, 12), 12, SALES)
        assert story(call)[0] == ("consult", 11, f"menu:{MENU}")


@pytest.mark.rule("AGD-06")
async def test_the_client_hangs_up_while_somebody_is_asked(line: Line) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        asked = await talk.asked()
        talk.calling.bye()
        await talk.form("internal")
        await both(talk.first, FIRST_HZ, talk.second, SECOND_HZ)
        talk.leg.bye()
        await asked.until("ended", 5)
        call = await talk.over()
        assert call.agents == (11, 12)


@pytest.mark.rule("AGD-06")
async def test_an_agent_who_is_gone_while_he_asks_gets_his_client_back(line: Line) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        asked = await talk.asked()
        talk.leg.bye()
        await asked.until("ended", 5)
        again = await talk.first.incoming()
        again.ring()
        again.answer()
        await both(talk.client, CLIENT_HZ, talk.first, FIRST_HZ)
        again.bye()
        await talk.calling.until("ended", 5)
        call = await talk.over()
        assert ("comeback", None, "lost") in story(call)


@pytest.mark.rule("AGD-07")
@pytest.mark.parametrize("leaves", ["client", "first", "second", "dropped"])
async def test_three_talk_and_one_leaves(line: Line, leaves: str) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        asked = await talk.asked()
        await desk.telephony.talks.conference(talk.id, 11)
        three = await talk.form("conference")
        for phone, hears in (
            (talk.client, (FIRST_HZ, SECOND_HZ)),
            (talk.first, (CLIENT_HZ, SECOND_HZ)),
            (talk.second, (CLIENT_HZ, FIRST_HZ)),
        ):
            phone.forget()
            async with asyncio.timeout(10):
                while min(shares(phone, *hears).values()) < 0.3:  # noqa: ASYNC110 - sound has no event
                    await asyncio.sleep(0.2)
        since = len(desk.events)
        if leaves == "dropped":
            leg = next(one for one in three.legs if one.agent_id == 12)
            await desk.telephony.talks.drop(talk.id, 11, leg.id)
            await asked.until("ended", 5)
        else:
            {"client": talk.calling, "first": talk.leg, "second": asked}[leaves].bye()
        await talk.form("", since=since)
        people = {
            "client": (talk.client, CLIENT_HZ, talk.calling),
            "first": (talk.first, FIRST_HZ, talk.leg),
            "second": (talk.second, SECOND_HZ, asked),
        }
        del people["second" if leaves == "dropped" else leaves]
        (one, one_hz, its), (two, two_hz, other) = people.values()
        await both(one, one_hz, two, two_hz)
        its.bye()
        await other.until("ended", 5)
        call = await talk.over()
        kinds = [kind for kind, _, _ in story(call)]
        assert kinds == ["consult", "rang", "conference", *(["left"] if leaves == "first" else []), "hangup"]
        assert call.agent_id == (12 if leaves == "first" else 11)
        if leaves == "first":
            stem = await line.recording()
            assert stem == call.recording
            agents = audio.read_wave(line.instance.recordings / f"{stem}-agent.wav")[1][0]
            clients = audio.read_wave(line.instance.recordings / f"{stem}-client.wav")[1][0]
            rate = audio.read_wave(line.instance.recordings / f"{stem}-agent.wav")[0]
            # While three talk, both agents are in the recording at once; the client is to the end.
            pieces = [agents[at : at + rate // 4] for at in range(0, len(agents) - rate // 4, rate // 4)]
            assert any(audio.power(p, FIRST_HZ, rate) > 0.3 and audio.power(p, SECOND_HZ, rate) > 0.3 for p in pieces)
            assert audio.power(clients[-rate:], CLIENT_HZ, rate) > 0.8


async def test_the_page_holds_for_a_plain_telephone(line: Line) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        await desk.telephony.talks.hold(talk.id, 11, True)
        await talk.form("waiting")
        await talk.client.hears_sound(but=FIRST_HZ)
        await talk.first.hears_nothing()
        await desk.telephony.talks.hold(talk.id, 11, False)
        await both(talk.client, CLIENT_HZ, talk.first, FIRST_HZ)
        talk.calling.bye()
        await talk.leg.until("ended", 5)
        call = await talk.over()
        assert story(call) == [("held", 11, ""), ("resumed", 11, ""), ("hangup", None, "client")]
        assert call.hold_seconds > 1


@pytest.mark.rule("AGD-08")
@pytest.mark.parametrize("by", ["keys", "click"])
async def test_a_parked_client_is_taken_from_another_desk(line: Line, by: str) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        slot = await desk.telephony.talks.park(talk.id, 11, 120)
        await talk.leg.until("ended", 5)
        parked = await talk.form("parked")
        assert (slot, parked.form_text, parked.form_by) == (1, "1", 11)
        await talk.client.hears_sound(but=FIRST_HZ)
        if by == "keys":
            taking = talk.second.call(f"*7{slot}")
            await taking.until("answered")
        else:
            await desk.telephony.talks.take(BUSINESS, slot, "a12s", auto_answer=False, number="+79161234567")
            taking = await talk.second.incoming()
            taking.answer()
        await both(talk.client, CLIENT_HZ, talk.second, SECOND_HZ)
        # The slot is free again.
        nobody = (await line.agent(13)).call(f"*7{slot}")
        await nobody.until("ended")
        talk.calling.bye()
        await taking.until("ended", 5)
        call = await talk.over()
        assert (call.agents, call.agent_id) == ((11, 12), 12)
        assert story(call) == [("parked", 11, "1"), ("answered", 12, ""), ("hangup", None, "client")]


@pytest.mark.rule("AGD-08")
async def test_a_parked_client_comes_back(line: Line) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        await desk.telephony.talks.park(talk.id, 11, 2)
        await talk.leg.until("ended", 5)
        again = await talk.first.incoming()
        again.ring()
        # Who parked him does not want him now: back to the queue that he came from.
        again.reject()
        queued = await talk.first.incoming()
        queued.ring()
        queued.answer()
        await both(talk.client, CLIENT_HZ, talk.first, FIRST_HZ)
        talk.calling.bye()
        await queued.until("ended", 5)
        call = await talk.over()
        assert [s for s in story(call) if s[0] in ("comeback", "queued")] == [
            ("comeback", None, "parked"),
            ("queued", None, ""),
        ]


@pytest.mark.rule("AGD-06")
@pytest.mark.parametrize("then", ["agent", "queue"])
async def test_a_blind_transfer_that_is_refused_comes_back(line: Line, then: str) -> None:
    async with desk_at(line) as desk:
        talk = await talk_at(line, desk)
        await desk.telephony.transfer(talk.id, 11, "a12")
        ringing = await talk.second.incoming()
        ringing.ring()
        await talk.leg.until("ended", 5)
        if then == "queue":
            # He is not free any more.
            third = await line.agent(13)
            busy = talk.first.call("113")
            other = await third.incoming()
            other.answer()
            await busy.until("answered")
        ringing.reject()
        if then == "queue":
            await desk.until(
                CallUpdated, lambda e: e.call.id == talk.id and e.call.state == "queued" and bool(e.call.agents)
            )
            busy.bye()
        again = await talk.first.incoming()
        again.answer()
        await both(talk.client, CLIENT_HZ, talk.first, FIRST_HZ)
        talk.calling.bye()
        await again.until("ended", 5)
        live = (await desk.until(CallEnded, lambda e: e.call.id == talk.id)).call
        assert ("comeback", None, "refused") in story(live)
        assert differences(live, await desk.told(live.id), within=0.5) == []
