"""A dial list that runs: the employee's phone first, one client after another, nobody twice, nobody lost."""

from __future__ import annotations

from datetime import timedelta
from math import inf

import pytest
from msgspec.structs import replace

from callcenter.core.clock import FixedClock
from callcenter.core.errors import Conflict, TooMany, Unavailable
from callcenter.features.dialer.models import DialList
from callcenter.features.dialer.usecases import control, desk, settling
from callcenter.plugin import Services
from tests.support.call_log import OWN, line, save
from tests.support.dialer import Floor
from tests.support.house import House

ONE, TWO, THREE = "+79160000001", "+79160000002", "+79160000003"
CLIENTS = ([ONE], [TWO], [THREE])


@pytest.fixture
async def floor(services: Services, house: House, clock: FixedClock) -> Floor:
    found = Floor(services, house, clock)
    await found.furnish()
    return found


@pytest.mark.rule("OUT-05", "OUT-07")
async def test_the_employee_is_rung_then_the_client_then_the_pause_runs_then_he_is_rung_again(floor: Floor) -> None:
    made = await floor.make(CLIENTS, pause=20)
    await floor.look()
    assert floor.called == []
    await floor.start(made)
    await floor.look()
    # His own phone is rung first: it is a click-to-dial of his, and the client sees his number.
    (order,) = floor.dialled
    assert (order["agent_id"], order["to"], order["caller_id"]) == (floor.me.agent_id, ONE, OWN)
    floor.live[order["call_id"]] = floor.call("answered")
    await floor.pass_time(60)
    assert floor.called == [ONE]
    await floor.ends("answered")
    # The pause shows as his wrap-up, and lasts to its last second.
    assert floor.rests[-1] == (order["call_id"], 20.0)
    await floor.pass_time(19)
    assert floor.called == [ONE]
    await floor.pass_time(1)
    assert floor.called == [ONE, TWO]
    await floor.ends("no_answer")
    await floor.pass_time(20)
    await floor.ends("answered")
    row = await floor.row(made)
    assert row.status == "running"
    await floor.pass_time(20)
    row = await floor.row(made)
    assert (row.status, row.agent_id) == ("finished", None)
    assert row.counts == {"answered": 2, "no_answer": 1}
    assert await floor.states() == [("done", "answered"), ("done", "no_answer"), ("done", "answered")]
    assert [one.text for one in floor.notices][-1].endswith("everybody was called.")


@pytest.mark.rule("OUT-06")
async def test_without_a_pause_the_next_client_is_dialled_at_once(floor: Floor) -> None:
    await floor.start(await floor.make(CLIENTS, pause=0))
    await floor.look()
    await floor.ends("answered")
    assert floor.called == [ONE, TWO]
    await floor.ends("busy")
    assert floor.called == [ONE, TWO, THREE]


@pytest.mark.rule("OUT-16")
async def test_with_an_endless_pause_only_a_press_calls_the_next(floor: Floor) -> None:
    made = await floor.make(CLIENTS, pause=None)
    await floor.start(made)
    await floor.look()
    first = floor.dialled[0]["call_id"]
    with pytest.raises(Conflict):
        await control.ask_next(floor.services, floor.me, made)
    await floor.ends("answered")
    assert floor.rests == [(first, inf)]
    await floor.pass_time(100_000)
    assert floor.called == [ONE]
    await control.ask_next(floor.services, floor.me, made)
    assert floor.rests[-1] == (first, 0.0)
    await floor.look()
    assert floor.called == [ONE, TWO]


async def test_a_press_ends_a_pause_and_a_new_pause_counts_from_the_call_s_end(floor: Floor) -> None:
    made = await floor.make(CLIENTS, pause=60)
    await floor.start(made)
    await floor.look()
    await floor.ends("answered")
    await floor.pass_time(5)
    await control.set_pause(floor.services, floor.me, made, 10)
    await floor.pass_time(4)
    assert floor.called == [ONE]
    await floor.pass_time(1)
    assert floor.called == [ONE, TWO]
    await control.set_pause(floor.services, floor.me, made, 30)
    assert floor.rests[-1] == (floor.dialled[-1]["call_id"], 30.0)
    await floor.ends("answered")
    await control.ask_next(floor.services, floor.me, made)
    await floor.look()
    assert floor.called == [ONE, TWO, THREE]


@pytest.mark.rule("OBD-10")
@pytest.mark.parametrize("how", ["offline", "paused", "gone"])
async def test_a_list_never_dials_without_its_agent(floor: Floor, how: str) -> None:
    made = await floor.make(CLIENTS)
    if how == "gone":
        floor.agent.online = []
    else:
        floor.agent.wanted = how
    with pytest.raises(Conflict):
        await floor.start(made)
    floor.agent.online, floor.agent.wanted = ["sip"], "ready"
    await floor.start(made)
    if how == "gone":
        floor.agent.online = []
    else:
        floor.agent.wanted = how
    await floor.look()
    row = await floor.row(made)
    assert floor.called == []
    assert (row.status, row.agent_id) == ("paused", floor.me.agent_id)
    assert "Nobody was called" in floor.notices[-1].text


async def test_a_page_that_is_loaded_anew_pauses_nothing(floor: Floor, clock: FixedClock) -> None:
    made = await floor.make(CLIENTS)
    await floor.start(made)
    floor.agent.online, floor.agent.since = [], clock.now().isoformat()
    await floor.look()
    assert (await floor.row(made)).status == "running"
    floor.agent.online = ["webrtc"]
    await floor.look()
    assert floor.called == [ONE]


async def test_an_agent_who_does_not_answer_his_phone_pauses_the_list_and_the_client_stays_due(floor: Floor) -> None:
    made = await floor.make(CLIENTS)
    await floor.start(made)
    await floor.look()
    await floor.ends("no_answer", agent=False, client=False)
    row = await floor.row(made)
    assert (row.status, row.counts) == ("paused", {"left": 3})
    assert "did not answer your phone" in floor.notices[-1].text
    await floor.pass_time(1000)
    assert floor.called == [ONE]
    await floor.start(made)
    await floor.look()
    assert floor.called == [ONE, ONE]
    assert [one.tries for one in await floor.entries()] == [0, 0, 0]


@pytest.mark.rule("OBD-10")
async def test_a_lost_reply_neither_stalls_the_list_nor_calls_a_client_twice(floor: Floor) -> None:
    made = await floor.make(CLIENTS)
    floor.fails = Unavailable("no answer", code="unconfirmed")
    await floor.start(made)
    await floor.look()
    floor.fails = None
    for _ in range(4):
        await floor.pass_time(10)
    # Perhaps it is being made: it is not made again.
    assert floor.called == [ONE]
    # It was: the log knows of a talk.
    await save(floor.services.db, floor.call("answered"))
    await floor.look()
    assert floor.called == [ONE, TWO]
    assert (await floor.row(made)).status == "running"


@pytest.mark.rule("OBD-10")
async def test_a_call_that_never_was_is_due_again_after_a_while(floor: Floor) -> None:
    await floor.start(await floor.make(CLIENTS))
    floor.fails = Unavailable("no answer", code="unconfirmed")
    await floor.look()
    floor.fails = None
    await floor.pass_time(settling.NEVER_CALLED - 1)
    assert floor.called == [ONE]
    await floor.pass_time(1)
    assert floor.called == [ONE, ONE]
    assert [one.outcome for one in await floor.attempts()] == ["lost", ""]


async def test_after_a_restart_nobody_is_called_twice_and_nobody_is_lost(floor: Floor) -> None:
    await floor.start(await floor.make(CLIENTS))
    await floor.look()
    ended = floor.call("answered")
    floor.restart()
    await floor.pass_time(30)
    assert floor.called == [ONE]
    await save(floor.services.db, ended, source="journal")
    await floor.look()
    assert floor.called == [ONE, TWO]
    # The link has come up just now: what Asterisk and its journal know is read first.
    floor.restart()
    desk.kept(floor.services).up_since = floor.clock.epoch() + 100
    await floor.pass_time(settling.NEVER_CALLED + 99)
    assert floor.called == [ONE, TWO]
    await floor.pass_time(1)
    assert floor.called == [ONE, TWO, TWO]


async def test_a_call_that_goes_on_is_left_alone_however_long(floor: Floor) -> None:
    await floor.start(await floor.make(CLIENTS))
    await floor.look()
    floor.live[floor.dialled[0]["call_id"]] = floor.call("answered")
    floor.restart()
    await floor.pass_time(3600)
    assert floor.called == [ONE]


async def test_stopping_while_his_phone_rings_calls_nobody(floor: Floor) -> None:
    made = await floor.make(CLIENTS)
    await floor.start(made)
    await floor.look()
    call_id = floor.dialled[0]["call_id"]
    ringing = floor.call("no_answer", agent=False, client=False)
    floor.live[call_id] = ringing
    await control.halt(floor.services, floor.me, made, "stop")
    assert ("hangup", {"call_id": call_id}) in floor.services.telephony.commands  # type: ignore[attr-defined]
    floor.live.clear()
    await floor.ends("no_answer", agent=False, client=False)
    row = await floor.row(made)
    assert (row.status, row.agent_id, row.counts) == ("paused", None, {"left": 3})


async def test_a_stop_lets_a_talk_go_on_and_counts_it(floor: Floor) -> None:
    made = await floor.make(CLIENTS)
    await floor.start(made)
    await floor.look()
    floor.live[floor.dialled[0]["call_id"]] = floor.call("answered")
    await control.halt(floor.services, floor.me, made, "stop")
    assert [name for name, _ in floor.services.telephony.commands if name == "hangup"] == []  # type: ignore[attr-defined]
    floor.live.clear()
    await floor.ends("answered")
    assert floor.called == [ONE]
    assert await floor.states() == [("done", "answered"), ("due", ""), ("due", "")]


async def test_the_agent_who_is_in_another_call_or_in_wrap_up_is_waited_for(floor: Floor) -> None:
    await floor.start(await floor.make(CLIENTS))
    floor.agent.call_id = "1.1"
    await floor.look()
    floor.agent.call_id, floor.agent.state = None, "wrapup"
    await floor.look()
    assert floor.called == []
    floor.agent.state = "ready"
    await floor.look()
    assert floor.called == [ONE]


@pytest.mark.rule("OBD-07")
async def test_each_outcome_has_its_own_retries_and_the_client_s_next_number_comes_next(floor: Floor) -> None:
    rules = {"no_answer": [900, 1], "busy": [300, 2]}
    made = await floor.make([[ONE, TWO], [THREE]], retry=rules)
    await floor.start(made)
    await floor.look()
    await floor.ends("no_answer")
    await floor.ends("busy")
    assert floor.called == [ONE, THREE]
    await floor.pass_time(299)
    assert floor.called == [ONE, THREE]
    await floor.pass_time(1)
    assert floor.called == [ONE, THREE, THREE]
    await floor.ends("busy")
    await floor.pass_time(300)
    await floor.ends("busy")
    assert floor.called == [ONE, THREE, THREE, THREE]
    await floor.pass_time(300)
    # The other number of the first client, whose turn has come.
    assert floor.called == [ONE, THREE, THREE, THREE, TWO]
    await floor.ends("no_answer")
    row = await floor.row(made)
    assert (row.status, row.counts) == ("finished", {"no_answer": 1, "busy": 1})


async def test_whoever_cannot_be_called_is_passed_over(floor: Floor) -> None:
    # A number of the company itself, and one that nobody can dial.
    made = await floor.make([[OWN], ["+79160000009", ONE], [TWO]])
    await floor.start(made)
    await floor.look()
    assert floor.called == ["+79160000009"]
    assert (await floor.states())[0] == ("done", "wrong_number")
    call = floor.call("failed")
    gone = replace(call, legs=(call.legs[0], replace(call.legs[1], cause=1)))
    desk.kept(floor.services).over(gone)
    await floor.look()
    # His other number comes at once.
    assert floor.called == ["+79160000009", ONE]


async def test_calls_out_that_are_blocked_pause_the_list_with_the_reason(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callcenter.features.calls.usecases import dial

    def refuse(*_: object) -> None:
        raise Conflict(dial.dialing.UNCONFIRMED["common"], code="unconfirmed")

    monkeypatch.setattr(dial.Ways, "check", refuse)
    made = await floor.make(CLIENTS)
    await floor.start(made)
    await floor.look()
    row = await floor.row(made)
    assert (row.status, floor.called) == ("paused", [])
    assert "not confirmed" in row.why_values["reason"]


async def test_a_list_whose_agent_is_gone_from_the_company_can_be_continued_by_others(floor: Floor) -> None:
    made = await floor.make(CLIENTS)
    await floor.start(made)
    async with floor.services.db.business(floor.business) as session:
        (await session.get_one(DialList, made)).agent_id = None
    await floor.look()
    row = await floor.row(made)
    assert (row.status, row.agent_id, floor.called) == ("paused", None, [])


async def test_the_countdown_goes_by_the_wrap_up_that_the_agent_has_lengthened(floor: Floor) -> None:
    await floor.start(await floor.make(CLIENTS, pause=30))
    await floor.look()
    floor.agent.state = "wrapup"
    floor.agent.since = (floor.clock.now() + timedelta(seconds=2)).isoformat()
    await floor.ends("answered")
    assert floor.me.agent_id is not None
    shown = await desk.view(floor.services, floor.business, floor.me.agent_id)
    assert shown is not None
    assert (shown.phase, shown.until) == ("pause", "2026-03-02T09:00:32Z")
    floor.agent.wrapup_until = "2026-03-02T09:01:02.000Z"
    await floor.pass_time(40)
    shown = await desk.view(floor.services, floor.business, floor.me.agent_id)
    assert shown is not None
    assert (shown.phase, shown.until, floor.called) == ("pause", "2026-03-02T09:01:02Z", [ONE])
    floor.agent.state, floor.agent.wrapup_until = "ready", None
    await floor.look()
    assert floor.called == [ONE, TWO]


async def test_a_call_that_was_not_made_is_made_later_and_is_no_try(floor: Floor) -> None:
    made = await floor.make(CLIENTS)
    floor.fails = TooMany("You dial too fast.", retry_after=7)
    await floor.start(made)
    await floor.look()
    floor.fails = Unavailable("The exchange is away.")
    await floor.pass_time(6)
    assert floor.called == [ONE]
    await floor.pass_time(1)
    floor.fails = None
    assert floor.called == [ONE, ONE]
    await floor.pass_time(2)
    assert floor.called == [ONE, ONE, ONE]
    assert [one.outcome for one in await floor.attempts()] == ["not_placed", "not_placed", ""]
    assert (await floor.entries())[0].tries == 0
    await floor.ends("answered")
    assert floor.called[-1] == TWO


async def test_clients_see_the_number_of_the_list_when_it_has_one(floor: Floor) -> None:
    second = await line(floor.services.db, floor.business, "+74950000002")
    made = await floor.make(CLIENTS, number_id=second)
    await floor.start(made)
    await floor.look()
    assert (floor.dialled[0]["number_id"], floor.dialled[0]["caller_id"]) == (second, "+74950000002")


@pytest.mark.parametrize("leg", [True, False])
async def test_a_line_that_takes_no_calls_pauses_the_list_and_costs_no_client(floor: Floor, leg: bool) -> None:
    made = await floor.make([[ONE], [TWO]])
    await floor.start(made)
    await floor.look()

    async def line_away() -> None:
        call = floor.call("failed", client=leg)
        if leg:
            call = replace(call, legs=(call.legs[0], replace(call.legs[1], cause=34)))
        desk.kept(floor.services).over(call)
        await floor.look()

    await line_away()
    row = await floor.row(made)
    assert (row.status, row.why) == ("paused", settling.NO_LINE)
    assert floor.notices[-1].text == settling.NO_LINE
    assert await floor.states() == [("due", ""), ("due", "")]
    # Once more for the same client: it is his number, and the list goes on to the next.
    await floor.start(made)
    await floor.look()
    await line_away()
    assert floor.called == [ONE, ONE, TWO]
    assert await floor.states() == [("done", "failed"), ("dialing", "")]
    await line_away()
    assert (await floor.row(made)).status == "paused"
