"""Lists with a team: the client is called first, an agent who is ready takes him; nobody twice, few for nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from callcenter.core.clock import FixedClock
from callcenter.core.directory import QueueRef
from callcenter.core.errors import BadInput, Conflict, Forbidden, Unavailable
from callcenter.core.events import SpyChanged
from callcenter.features.accounts import api as accounts
from callcenter.features.dialer import handlers
from callcenter.features.dialer.models import DialAttempt
from callcenter.features.dialer.rules import teams
from callcenter.features.dialer.usecases import control, nailing, pacing, settling
from callcenter.features.prompts.usecases import registry
from callcenter.plugin import Services
from tests.support.call_log import call, line
from tests.support.dialer import person
from tests.support.house import House
from tests.support.teams import TeamFloor

PHONES = tuple([f"+7916000000{n}"] for n in range(1, 9))


@pytest.fixture
async def floor(services: Services, house: House, clock: FixedClock) -> TeamFloor:
    found = TeamFloor(services, house, clock)
    await found.furnish()
    return found


@pytest.mark.rule("OBD-01")
async def test_progressive_calls_one_client_for_each_ready_agent(floor: TeamFloor) -> None:
    made = await floor.make(PHONES, mode="progressive")
    await floor.begin(made)
    await floor.pace()
    # Nobody takes part.
    assert floor.dialled_to == []
    await control.join(floor.services, floor.me, made)
    await floor.pace()
    assert floor.dialled_to == [PHONES[0][0]]
    floor.clock.advance(1)
    await control.join(floor.services, floor.other, made)
    await floor.pace()
    assert floor.dialled_to == [PHONES[0][0], PHONES[1][0]]
    one, two = (order["call_id"] for order in floor.nailing.called)
    assert [(one.number, one.closed_at, one.agent_id) for one in await floor.attempts()] == [
        (PHONES[0][0], None, None), (PHONES[1][0], None, None),
    ]  # fmt: skip
    floor.picture(one, answered=False)
    # Who has been ready for longest takes who answers first.
    await floor.tells(two)
    await floor.tells(two, "person")
    assert floor.nailing.joined == [(two, floor.me.agent_id)]
    floor.view(floor.me.agent_id).state = "talking"
    await floor.goes_by(60)
    # One agent talks, one has a client who rings: nobody more is called.
    assert len(floor.dialled_to) == 2
    floor.view(floor.me.agent_id).state = "wrapup"
    await floor.over(two, "answered", "person", agent_id=floor.me.agent_id, answered_at=floor.clock.epoch())
    await floor.over(one, "no_answer", answered=False)
    assert floor.dialled_to[2:] == [PHONES[2][0]]
    attempts = {one.call_id: one for one in await floor.attempts()}
    assert (attempts[two].outcome, attempts[two].agent_id) == ("answered", floor.me.agent_id)
    assert attempts[two].person_at is not None
    assert (attempts[one].outcome, attempts[one].person_at) == ("no_answer", None)
    # His wrap-up is the list's pause.
    assert floor.rests[0] == (two, 0.0)


@pytest.mark.rule("OBD-01")
async def test_preview_waits_until_the_agent_has_looked_at_the_client(floor: TeamFloor) -> None:
    made = await floor.make(PHONES[:2], mode="preview", pause=20)
    await floor.start(made)
    await floor.pass_time(60)
    assert floor.called == []
    await control.ask_next(floor.services, floor.me, made)
    await floor.look()
    assert floor.called == [PHONES[0][0]]
    await floor.ends("answered")
    await floor.pass_time(3600)
    assert floor.called == [PHONES[0][0]]
    await control.ask_next(floor.services, floor.me, made)
    await floor.look()
    assert floor.called == [PHONES[0][0], PHONES[1][0]]


@pytest.mark.rule("OBD-02")
async def test_predictive_calls_more_than_one_while_the_ledger_allows_it_and_not_beyond(floor: TeamFloor) -> None:
    made = await floor.make(PHONES, mode="predictive")
    await _ledger(floor, made, persons=3000, abandoned=0)
    await floor.begin(made, floor.me, floor.other)
    for _ in range(40):
        await floor.goes_by(1)
    assert len(floor.dialled_to) > 2
    # The same list with its cap passed in the last 30 days: only as many as are ready.
    floor.forget()
    for order in list(floor.nailing.called):
        await floor.pace()
        await floor.over(order["call_id"], "no_answer", answered=False)
        break
    again = await floor.make(tuple([f"+7916000002{n}"] for n in range(8)), mode="predictive", title="Spent")
    await _ledger(floor, again, persons=3000, abandoned=150)
    await control.halt(floor.services, floor.other, made, "stop")
    floor.forget()
    before = len(floor.dialled_to)
    await floor.begin(again, floor.me, floor.other)
    for _ in range(40):
        await floor.goes_by(1)
    assert len(floor.dialled_to) - before == 2


async def _ledger(floor: TeamFloor, list_id: int, *, persons: int, abandoned: int, days: int = 1) -> None:
    """The list has reached so many persons."""
    at = floor.clock.now() - timedelta(days=days)
    entry = next(one for one in await floor.entries() if one.list_id == list_id)
    async with floor.services.db.business(floor.business) as session:
        for n in range(persons):
            session.add(
                DialAttempt(
                    list_id=list_id, entry_id=entry.id, call_id=f"past-{list_id}-{n}", number="+70000000000",
                    placed_at=at, closed_at=at, person_at=at,
                    outcome="abandoned" if n < abandoned else "answered",
                )
            )  # fmt: skip


@pytest.mark.rule("OBD-03")
async def test_whom_a_list_abandoned_is_not_called_predictively_for_72_hours(floor: TeamFloor) -> None:
    made = await floor.make([["+79160000031"], ["+79160000032"]], mode="predictive", retry={"abandoned": [300, 2]})
    await floor.begin(made, floor.me)
    await floor.pace()
    first = floor.nailing.called[0]
    # The prompt by which he is told who called.
    assert (first["to"], first["dropped"], first["wait"]) == ("+79160000031", "standard-dropped", 2.0)
    floor.view(floor.me.agent_id).state = "talking"
    await floor.pace()
    await floor.tells(first["call_id"], "person")
    assert floor.nailing.joined == []
    await floor.tells(first["call_id"], "person", "dropped")
    for order in list(floor.nailing.called):
        told = ("person", "dropped") if order is first else ()
        await floor.over(order["call_id"], "cancelled" if told else "no_answer", *told, answered=bool(told))
    assert next(one for one in await floor.attempts() if one.call_id == first["call_id"]).outcome == "abandoned"
    floor.view(floor.me.agent_id).state = "ready"
    called = floor.dialled_to.count("+79160000031")
    # His retry is due after five minutes, but not predictively.
    await floor.goes_by(600)
    await floor.goes_by(71 * 3600)
    assert floor.dialled_to.count("+79160000031") == called == 1
    entry = next(one for one in await floor.entries() if one.outcome == "abandoned")
    assert entry.next_at is not None
    await floor.goes_by(3600)
    await floor.goes_by(60)
    assert floor.dialled_to.count("+79160000031") > 1


@pytest.mark.rule("OBD-04")
async def test_settings_of_the_analysis_go_with_each_call_and_machines_have_a_retry_rule(floor: TeamFloor) -> None:
    dialing = {
        "amd": True,
        "initial": 3000,
        "words": 5,
        "machine": "message",
        "message": "standard-thanks",
        "sample": 100,
    }
    made = await floor.make(PHONES[:1], mode="progressive", dialing=dialing, retry={"machine": [300, 1]})
    await floor.begin(made, floor.me)
    await floor.pace()
    order = floor.nailing.called[0]
    assert (order["greeting"].initial, order["greeting"].words, order["greeting"].silence) == (3000, 5, 800)
    assert (order["message"], order["sample"]) == ("standard-thanks", True)
    await floor.tells(order["call_id"], "machine")
    await floor.over(order["call_id"], "cancelled", "machine")
    (attempt,) = await floor.attempts()
    assert (attempt.outcome, attempt.sampled, attempt.person_at) == ("machine", True, None)
    await floor.goes_by(299)
    assert len(floor.dialled_to) == 1
    await floor.goes_by(3)
    assert len(floor.dialled_to) == 2
    # Off: everybody who answers is a person.
    await control.halt(floor.services, floor.other, made, "stop")
    plain = await floor.make([["+79160000044"]], mode="progressive", title="Plain")
    await floor.begin(plain, floor.me)
    await floor.pace()
    assert floor.nailing.called[-1]["greeting"] is None
    with pytest.raises(BadInput):
        await floor.make(mode="progressive", dialing={"amd": True, "machine": "message"})


@pytest.mark.rule("OBD-09")
async def test_clients_see_the_numbers_that_are_chosen_for_the_list_and_only_such(floor: TeamFloor) -> None:
    moscow = floor.services.telephony.directory.numbers
    spb = await line(floor.services.db, floor.business, "+78120000001")
    hidden = await line(floor.services.db, floor.business, "+78430000001", kind="personal", agent_id=floor.me.agent_id)
    own = min(moscow)
    both = {"callers": "rotate", "numbers": [own, spb]}
    made = await floor.make(PHONES[:4], mode="progressive", dialing=both)
    await floor.begin(made, floor.me)
    for n in range(4):
        await floor.pace()
        await floor.over(floor.nailing.called[n]["call_id"], "no_answer", answered=False)
    assert [one["number_id"] for one in floor.nailing.called] == [own, spb, own, spb]
    await _all_over(floor, made)
    # By the client's region.
    towns = [["+78122000001"], ["+74952000001"], ["+79160000055"]]
    made = await floor.make(towns, mode="progressive", dialing={**both, "callers": "region"}, title="Towns", where=None)
    floor.nailing.called.clear()
    await floor.begin(made, floor.me)
    seen: dict[str, int] = {}
    for n in range(7):
        await floor.pace()
        order = floor.nailing.called[n]
        seen[order["to"]] = order["number_id"]
        await floor.over(order["call_id"], "no_answer", answered=False)
    assert (seen["+78122000001"], seen["+74952000001"], seen["+79160000055"]) == (spb, own, own)
    # A number that is not the company's own line is refused, and so is somebody's personal one.
    for wrong in (999, hidden):
        with pytest.raises(BadInput):
            await floor.make(mode="progressive", dialing={"callers": "rotate", "numbers": [wrong]})
        with pytest.raises(BadInput):
            await floor.make(mode="predictive", number_id=wrong)
    # Power goes by the same numbers.
    await _all_over(floor, made)
    made = await floor.make(dialing=both, title="Power")
    await floor.start(made)
    await floor.look()
    await floor.ends("no_answer")
    await floor.look()
    assert [one["number_id"] for one in floor.dialled] == [own, spb]


@pytest.mark.rule("OBD-09")
async def test_a_number_that_is_not_confirmed_lets_no_list_call(floor: TeamFloor) -> None:
    made = await floor.make(PHONES[:2], mode="progressive")
    await _needs_confirmation(floor)
    await floor.begin(made, floor.me)
    await floor.pace()
    assert floor.dialled_to == []
    row = await floor.row(made)
    assert (row.status, row.why_values) == (
        "paused", {"reason": "calls out are blocked: the company's number is not confirmed."},
    )  # fmt: skip


async def _needs_confirmation(floor: TeamFloor) -> None:
    calling = {"number_mode": "common", "caller_mode": "own", "number": "+79990000001"}
    async with floor.services.db.system() as session:
        await accounts.set_setting(session, floor.business, "calling", calling)


async def _all_over(floor: TeamFloor, list_id: int) -> None:
    if (await floor.row(list_id)).status == "running":
        await control.halt(floor.services, floor.other, list_id, "stop")
    await floor.pace()


@pytest.mark.rule("OBD-11")
async def test_callers_come_first_and_clients_when_few_enough_wait(floor: TeamFloor) -> None:
    queue = _queue(floor, floor.me.agent_id)
    made = await floor.make(PHONES, mode="progressive", dialing={"inbound": 2})
    await floor.begin(made, floor.me, floor.other)
    _waits(floor, queue, 1)
    await floor.pace()
    assert len(floor.dialled_to) == 2
    for order in list(floor.nailing.called):
        await floor.over(order["call_id"], "no_answer", answered=False)
    # Two clients are rung anew; then a second caller comes.
    assert len(floor.dialled_to) == 4
    _waits(floor, queue, 2)
    await floor.pace()
    # Nobody is freed for whom a client is being called.
    assert len(floor.nailing.legs) == 2
    for order in floor.nailing.called[2:]:
        await floor.over(order["call_id"], "no_answer", answered=False)
    # The agent who serves that queue has his phone free for it; nobody is called meanwhile.
    assert set(floor.nailing.legs.values()) == {floor.other.agent_id}
    assert len(floor.dialled_to) == 4
    assert floor.me.agent_id in await floor.members()
    await floor.goes_by(60)
    assert len(floor.dialled_to) == 4
    _waits(floor, queue, 1)
    floor.view(floor.me.agent_id).state = "talking"
    await floor.pace()
    # He talks with a caller: his phone is his own until he is ready again.
    assert set(floor.nailing.legs.values()) == {floor.other.agent_id}
    assert len(floor.dialled_to) == 5
    floor.view(floor.me.agent_id).state = "ready"
    await floor.pace()
    assert set(floor.nailing.legs.values()) == {floor.me.agent_id, floor.other.agent_id}


def _queue(floor: TeamFloor, agent_id: int | None) -> int:
    assert agent_id is not None
    queues = floor.services.telephony.directory.queues
    queues[7] = QueueRef(id=7, business_id=floor.business, name="Sales", members=(agent_id,))  # type: ignore[index]
    return 7


def _waits(floor: TeamFloor, queue_id: int, count: int) -> None:
    for name in [one for one in floor.live if one.startswith("waits")]:
        del floor.live[name]
    for n in range(count):
        floor.live[f"waits{n}"] = call(floor.business, f"waits{n}", state="queued", queue_id=queue_id)


@pytest.mark.rule("OBD-10")
async def test_a_lost_reply_and_a_restart_call_nobody_twice(floor: TeamFloor) -> None:
    made = await floor.make(PHONES[:2], mode="progressive")
    floor.nailing.fails = Unavailable("no answer in time", code="unconfirmed")
    await floor.begin(made, floor.me)
    await floor.pace()
    floor.nailing.fails = None
    await floor.goes_by(10)
    assert floor.dialled_to == [PHONES[0][0]]
    # Another process: the call turns out to have been made, and a person waits.
    call_id = floor.nailing.called[0]["call_id"]
    floor.picture(call_id, "person")
    floor.forget()
    await floor.pace()
    assert floor.nailing.joined == [(call_id, floor.me.agent_id)]
    assert floor.dialled_to == [PHONES[0][0]]
    await floor.over(call_id, "answered", "person", agent_id=floor.me.agent_id)
    assert floor.dialled_to == [PHONES[0][0], PHONES[1][0]]
    # One of which nobody ever knows anything is due again in the end, and stalls nothing.
    floor.forget()
    await floor.goes_by(settling.NEVER_CALLED + 1)
    await floor.goes_by(1)
    assert floor.dialled_to[2:] == [PHONES[1][0]]


@pytest.mark.rule("OBD-10")
async def test_a_list_is_not_through_while_a_call_is_not_accounted_for(floor: TeamFloor) -> None:
    made = await floor.make(PHONES[:1], mode="progressive", retry={"busy": [300, 1]})
    await floor.begin(made, floor.me)
    await floor.pace()
    call_id = floor.nailing.called[0]["call_id"]
    # The end of the last call comes while the dialer looks for the next client.
    ends = floor.picture(call_id, answered=False, result="busy", state="ended", ended_at=floor.clock.epoch())
    del floor.live[call_id]
    kept = pacing.kept(floor.services)
    kept.ended(ends, floor.clock.epoch())
    await kept.pace(kept.runs[made])
    assert (await floor.row(made)).status == "running"
    await floor.pace()
    assert ((await floor.row(made)).status, (await floor.row(made)).counts) == ("running", {"left": 1})
    await floor.goes_by(301)
    assert floor.dialled_to == [PHONES[0][0]] * 2
    # A new process knows nothing of the second one until the log tells.
    floor.live.clear()
    floor.forget()
    await floor.pace()
    assert (await floor.row(made)).status == "running"
    await floor.goes_by(settling.NEVER_CALLED + 1)
    await floor.over(floor.nailing.called[-1]["call_id"], "busy", answered=False)
    assert (await floor.row(made)).status == "finished"


@pytest.mark.rule("OBD-01")
async def test_a_page_that_is_loaded_anew_keeps_its_agent_in_the_team(floor: TeamFloor) -> None:
    made = await floor.make(PHONES[:3], mode="progressive")
    floor.nailing.kind = "w"
    await floor.begin(made, floor.me)
    await floor.pace()
    (call_id,) = [order["call_id"] for order in floor.nailing.called]
    # While somebody is called: no person is given to a phone that is not there, and it is rung again at once.
    lost = next(iter(floor.nailing.legs))
    await control.begin_anew(floor.services, floor.me)
    await handlers.leg(floor.services, SpyChanged(at=floor.clock.epoch(), spy_id=lost, state="ended"))
    assert (await floor.members(), floor.nailing.legs) == ([floor.me.agent_id], {})
    await floor.pace()
    assert list(floor.nailing.legs.values()) == [floor.me.agent_id]
    assert lost not in floor.nailing.legs
    await floor.tells(call_id, "person")
    assert floor.nailing.joined == [(call_id, floor.me.agent_id)]
    # In a talk the leg of the old page is left alone until the talk is over, and its end takes nobody out.
    floor.view(floor.me.agent_id).state, floor.view(floor.me.agent_id).call_id = "talking", call_id
    lost = next(iter(floor.nailing.legs))
    await control.begin_anew(floor.services, floor.me)
    await floor.pace()
    assert list(floor.nailing.legs) == [lost]
    await floor.hangs_up(floor.me.agent_id)
    assert await floor.members() == [floor.me.agent_id]
    floor.view(floor.me.agent_id).state, floor.view(floor.me.agent_id).call_id = "ready", None
    await floor.over(call_id, "answered", "person", agent_id=floor.me.agent_id)
    assert list(floor.nailing.legs.values()) == [floor.me.agent_id]
    assert floor.dialled_to == [PHONES[0][0], PHONES[1][0]]
    # A desk phone has no page; and who is in no team only has his page.
    floor.nailing.kind = "s"
    await control.join(floor.services, floor.other, made)
    legs = dict(floor.nailing.legs)
    await control.begin_anew(floor.services, floor.other)
    assert floor.nailing.legs == legs


async def test_who_hangs_up_or_goes_off_line_has_left_and_is_told(floor: TeamFloor) -> None:
    made = await floor.make(PHONES, mode="progressive")
    await floor.begin(made, floor.me, floor.other)
    await floor.pace()
    await floor.hangs_up(floor.me.agent_id)
    assert await floor.members() == [floor.other.agent_id]
    assert [one.text for one in floor.notices] == [nailing.HUNG_UP]
    floor.view(floor.other.agent_id).wanted = "offline"
    await floor.pace()
    assert await floor.members() == []
    assert (floor.notices[-1].text, floor.nailing.legs) == (nailing.OFF_LINE, {})
    # The link was away: a leg that went meanwhile, and one that nobody is written down for.
    floor.view(floor.other.agent_id).wanted = "ready"
    await control.join(floor.services, floor.other, made)
    floor.nailing.legs = {"sn1772442000009.f0000009": 9}
    await nailing.check(floor.services)
    assert (await floor.members(), floor.nailing.legs) == ([], {})


async def test_who_may_start_and_join(floor: TeamFloor) -> None:
    made = await floor.make(PHONES[:2], who="supervisor@a", mode="progressive")
    with pytest.raises(Forbidden):
        await control.start(floor.services, floor.me, made)
    with pytest.raises(Forbidden):
        await control.join(floor.services, person(floor.house, "owner@a"), made)
    await control.start(floor.services, floor.other, made)
    floor.view(floor.me.agent_id).wanted = "paused"
    with pytest.raises(Conflict):
        await control.join(floor.services, floor.me, made)
    floor.view(floor.me.agent_id).wanted = "ready"
    await control.join(floor.services, floor.me, made)
    power = await floor.make(title="Power")
    with pytest.raises(Conflict):
        await control.start(floor.services, floor.me, power)
    with pytest.raises(Conflict):
        await control.join(floor.services, floor.me, power)
    # A talk goes on to its end before the phone is let go.
    floor.view(floor.me.agent_id).call_id = "p1"
    await control.leave(floor.services, floor.me, made)
    await floor.pace()
    assert len(floor.nailing.legs) == 1
    floor.view(floor.me.agent_id).call_id = None
    await floor.pace()
    assert (floor.nailing.legs, await floor.members()) == ({}, [])


def test_forms_say_what_is_wrong() -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("manual", {}),
        ("predictive", {"cap": 50}),
        ("predictive", {"callers": "rotate"}),
        ("progressive", {"amd": True, "words": 0}),
        ("progressive", {"machine": "shout"}),
    ]
    with pytest.raises(BadInput):
        teams.check_pause("progressive", None)
    teams.check_pause("preview", None)
    for mode, typed in wrong:
        with pytest.raises(BadInput) as told:
            teams.checked(mode, typed)
        assert told.value.fields


async def test_a_prompt_that_a_list_plays_is_named_as_used(floor: TeamFloor) -> None:
    made = await floor.make(PHONES[:1], mode="progressive")
    async with floor.services.db.business(floor.business) as session:
        (use,) = [one for one in await registry.uses(session, "standard-dropped") if one.link.startswith("/dialer")]
        assert (use.title, use.link) == ("Promo", f"/dialer/{made}")
        assert not [one for one in await registry.uses(session, "standard-wait") if one.link.startswith("/dialer")]
    async with floor.services.db.business(floor.house.businesses["b"]) as session:
        assert await registry.uses(session, "standard-dropped") == []
