"""The wallboard: the day from the call log, the page's first picture, its alerts."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.calls import Call
from callcenter.core.clock import FixedClock
from callcenter.core.directory import AgentRef, BusinessRef, Directory
from callcenter.core.events import AgentWanted, Alert, CallEnded, CallUpdated, DeviceChanged
from callcenter.features.agents.models import AgentStateSpan
from callcenter.features.calls import api as calls
from callcenter.features.calls.models import CallRecord
from callcenter.features.dialplan import usecases as dialplan
from callcenter.features.queues import api as queues
from callcenter.features.wallboard import usecases
from callcenter.live.audience import Audience
from callcenter.plugin import Services
from tests.support import house as houses
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
T = NOW.timestamp()


async def furnish_queue(services: Services, house: House, name: str = "Продажи", where: str = "a") -> queues.QueueInfo:
    """A queue of the business's operator and supervisor, known to everybody."""
    business = house.businesses[where]
    people = [house.people[f"{who}@{where}"].agent_id for who in ("operator", "supervisor")]
    async with services.db.business(business) as session:
        made = await queues.create(
            session,
            business_id=business,
            name=name,
            at=NOW,
            settings=queues.QueuePatch(members=[p for p in people if p], wrapup_seconds=0),
        )
    await learn(services, house)
    return made


async def learn(services: Services, house: House) -> None:
    """Reads the directory anew, as the composition root does."""
    async with services.db.system() as session:
        found = await queues.for_directory(session)
    directory = Directory(
        agents={
            p.agent_id: AgentRef(
                id=p.agent_id, business_id=p.business_id, name=f"{p.role.title()} <{p.agent_id}>", short_number="1"
            )
            for p in house.people.values()
            if p.agent_id
        },
        queues=found,
        businesses={b: BusinessRef(id=b, timezone="Europe/Moscow") for b in house.businesses.values()},
    )
    services.telephony.set_directory(directory)
    services.live.set_directory(directory)


async def past(
    services: Services, queue: queues.QueueInfo, at: datetime, result: str, wait: float, **more: Any
) -> None:
    """An ended call of a queue in the log."""
    answered = result == "answered"
    talk = more.get("talk_seconds", 0.0)
    ended = at + timedelta(seconds=wait + talk)
    async with services.db.business(queue.business_id) as session:
        session.add(
            CallRecord(
                **{
                    "id": f"{at.timestamp()}.{wait}.{queue.id}",
                    "direction": "in",
                    "result": result,
                    "queue_id": queue.id,
                    "started_at": at,
                    "queued_at": at,
                    "answered_at": at + timedelta(seconds=wait) if answered else None,
                    "ended_at": ended,
                    "wait_seconds": wait,
                    "talk_seconds": talk,
                    **more,
                }
            )
        )


async def test_hours_are_full_hours_of_the_day_and_follow_t_and_s(services: Services, house: House) -> None:
    queue = await furnish_queue(services, house)
    other = await furnish_queue(services, house, "Поддержка")
    first = usecases.midnight(NOW, usecases.zone(services, queue.business_id))
    assert first.isoformat() == "2026-03-01T21:00:00+00:00"
    for minutes, result, wait in [
        (-1, "answered", 1),
        (0, "answered", 20.0),
        (59, "answered", 20.5),
        (60, "abandoned", 5),
        (61, "abandoned", 6),
        (119, "cancelled", 3),
    ]:
        await past(services, queue, first + timedelta(minutes=minutes), result, wait, talk_seconds=10.0)
    await past(services, other, first + timedelta(minutes=61), "answered", 4)
    await past(services, queue, first + timedelta(minutes=62), "answered", 1, queued_at=None)
    await past(services, queue, first + timedelta(minutes=63), "answered", 1, ended_at=None)
    async with services.db.business(queue.business_id) as session:
        found = await calls.queue_hours(session, first, {queue.id: 20}, {queue.id: 5})
    assert [
        (
            h.queue_id,
            (h.start - first).total_seconds() / 3600,
            h.entered,
            h.answered,
            h.in_time,
            h.lost,
            h.gave_up_early,
        )
        for h in found
    ] == [(queue.id, 0, 2, 2, 1, 0, 0), (queue.id, 1, 3, 0, 0, 2, 1), (other.id, 1, 1, 1, 1, 0, 0)]
    assert (found[0].wait_seconds, found[0].talk_seconds) == (40.5, 20.0)


async def test_another_businesss_calls_are_not_counted(services: Services, house: House) -> None:
    mine, theirs = await furnish_queue(services, house), await furnish_queue(services, house, "Чужая", "b")
    await past(services, theirs, NOW - timedelta(hours=1), "answered", 3)
    assert await usecases.today(services, mine.business_id) == []
    assert len(await usecases.today(services, theirs.business_id)) == 1


async def test_the_day_is_counted_from_the_log_when_the_server_starts(services: Services, house: House) -> None:
    queue = await furnish_queue(services, house)
    operator = house.people["operator@a"].agent_id
    await past(services, queue, NOW - timedelta(hours=2), "answered", 10, talk_seconds=60.0, agent_id=operator)
    await past(services, queue, NOW - timedelta(hours=1), "answered", 30, talk_seconds=120.0, agent_id=operator)
    await past(services, queue, NOW - timedelta(minutes=30), "abandoned", 40)
    await past(services, queue, NOW - timedelta(minutes=20), "abandoned", 2)
    await past(services, queue, NOW - timedelta(days=1), "answered", 1)
    end_of_talk = NOW - timedelta(hours=1) + timedelta(seconds=150)
    async with services.db.business(queue.business_id) as session:
        for state, since, seconds in [
            ("ready", NOW - timedelta(hours=3), 600),
            ("talking", NOW - timedelta(hours=2), 180),
            ("wrapup", end_of_talk, 20),
        ]:
            until = since + timedelta(seconds=seconds)
            session.add(AgentStateSpan(agent_id=operator, state=state, since=since, until=until))
    await usecases.prime(services)
    await usecases.prime(services)
    view = services.live.snapshot(Audience(queue.business_id, None, sees_all=True)).queues[queue.id]
    assert (view.entered, view.answered, view.abandoned) == (4, 2, 2)
    for figure, top, bottom in [
        (view.service_level, 1, 3),
        (view.asa, 40, 2),
        (view.aht, 200, 2),
        (view.occupancy, 200, 800),
        (view.abandonment, 2, 4),
    ]:
        assert (figure.numerator, figure.denominator) == (top, bottom), figure.formula
        assert figure.value == pytest.approx(top / bottom)


async def test_the_log_has_the_last_word_and_no_call_counts_twice(
    services: Services, house: House, clock: FixedClock
) -> None:
    queue = await furnish_queue(services, house)
    services.bus.listen(CallEnded, lambda event: usecases.remember_ended(services, event.call))
    audience = Audience(queue.business_id, None, sees_all=True)

    def counted() -> tuple[int, int, float]:
        view = services.live.snapshot(audience).queues[queue.id]
        return view.entered, view.answered, view.asa.numerator

    await usecases.prime(services)
    ended = Call(
        id="live-1",
        business_id=queue.business_id,
        direction="in",
        state="ended",
        started_at=T - 100,
        queued_at=T - 90,
        left_queue_at=T - 80,
        answered_at=T - 80,
        ended_at=T,
        wait_seconds=10.0,
        talk_seconds=80.0,
        queue_id=queue.id,
        result="answered",
    )
    services.bus.publish(CallEnded(at=T, call=ended))
    assert counted() == (1, 1, 10.0)
    # The log does not have it yet, and looks are taken meanwhile.
    for _ in range(2):
        clock.advance(usecases.PRIME_EVERY)
        await usecases.prime(services)
        assert counted() == (1, 1, 10.0)
    # Now it is written, with another call that only the journal saw.
    at = NOW - timedelta(seconds=100)
    await past(services, queue, at, "answered", 10, id="live-1", talk_seconds=80.0)
    await past(services, queue, at, "answered", 7, id="journal-1", talk_seconds=30.0)
    clock.advance(usecases.PRIME_EVERY)
    await usecases.prime(services)
    assert counted() == (2, 2, 17.0)
    # What the log has is not kept in memory any more.
    assert list(usecases.shift(services).recent) == []
    # The journal tells the first one once more.
    services.bus.publish(CallEnded(at=T, call=ended, source="journal"))
    assert counted() == (2, 2, 17.0)


async def test_a_server_that_starts_shows_the_day_so_far(services: Services, house: House) -> None:
    queue = await furnish_queue(services, house)
    services.live.set_directory(Directory())
    services.telephony.set_directory(Directory())
    for minutes in (10, 20, 30):
        await past(services, queue, NOW - timedelta(minutes=minutes), "answered", 5, talk_seconds=60.0)
    audience = Audience(queue.business_id, None, sees_all=True)
    client = await houses.serve(services)
    try:
        with services.live.subscribe(audience) as news:
            async with asyncio.timeout(10):
                async for _ in news:
                    found = services.live.snapshot(audience).queues.get(queue.id)
                    if found and found.entered:
                        break
        assert (found.entered, found.answered, found.asa.value) == (3, 3, 5.0)
    finally:
        await client.close()


def config_of(page: str) -> dict[str, Any]:
    found = re.search(r'id="wallboard-config">(.*?)</script>', page, re.S)
    assert found
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


async def test_the_page_shows_the_shift_at_its_first_paint(client: Client, services: Services, house: House) -> None:
    queue = await furnish_queue(services, house)
    operator = house.people["operator@a"].agent_id
    assert operator is not None
    await past(services, queue, NOW - timedelta(hours=1), "answered", 10, talk_seconds=60.0)
    await usecases.prime(services)
    bus = services.bus
    bus.publish(AgentWanted(at=T, business_id=queue.business_id, agent_id=operator, wanted="ready"))
    bus.publish(DeviceChanged(at=T, endpoint=f"a{operator}w", agent_id=operator, online=True))
    waiting = Call(
        id="w1",
        business_id=queue.business_id,
        direction="in",
        state="queued",
        started_at=T - 70,
        queued_at=T - 65,
        from_number="+79513304712",
        queue_id=queue.id,
    )
    bus.publish(CallUpdated(at=T, call=waiting, what="queued"))
    answer = await client.get("/wallboard", headers=house.headers("supervisor@a"))
    assert answer.status == 200
    page = unescape(await answer.text())
    row = re.search(rf'<tr data-row="{queue.id}".*?</tr>', page, re.S)
    assert row
    assert re.search(r'data-figure="waiting"[^>]*>1<', row[0])
    assert '<i data-state="missed">' in row[0]
    assert "1:05" in row[0]
    assert re.search(r'data-figure="service_level"[^>]*>100<small>', row[0])
    assert 'class="spark"' in row[0]
    assert re.search(rf'data-agent="{operator}" data-state="ready"', page)
    assert "+7 (951) 330-47-12" in page
    known = config_of(await answer.text())
    for name in ("service_level", "asa", "aht", "occupancy", "abandonment"):
        about = known["figures"][name]
        assert about["formula"]
        assert about["top"]
        assert about["bottom"]
    for button in re.findall(r'data-figure="(\w+)"', page):
        assert known["figures"][button]["formula"]


async def test_names_are_never_markup(client: Client, services: Services, house: House) -> None:
    evil = '</script><script>alert(1)</script>"'
    queue = await furnish_queue(services, house, evil)
    text = await (await client.get("/wallboard", headers=house.headers("supervisor@a"))).text()
    assert "<script>alert" not in text
    assert config_of(text)["queues"][0]["name"] == evil
    for path in ("/queues", f"/queues?edit={queue.id}", "/agents"):
        assert "<script>alert" not in await (await client.get(path, headers=house.headers("administrator@a"))).text()


async def test_an_empty_company_has_a_page_too(client: Client, services: Services, house: House) -> None:
    services.live.set_directory(Directory())
    for path in ("/wallboard", "/wallboard?queue=17", "/wallboard?queue=x", "/queues", "/agents"):
        answer = await client.get(path, headers=house.headers("administrator@a"))
        assert answer.status == 200, path
        if path.startswith("/wallboard"):
            assert await answer.text() != ""
            assert 'data-part="nobody"' in await answer.text()


async def test_who_may_see_the_wallboard(client: Client, house: House) -> None:
    for who, status in [("operator@a", 403), ("guest@a", 403), ("supervisor@a", 200), ("owner@a", 200)]:
        for path in ("/wallboard", "/api/v1/wallboard/hours"):
            assert (await client.get(path, headers=house.headers(who))).status == status


async def test_the_hours_over_the_api_are_of_the_own_business(client: Client, services: Services, house: House) -> None:
    mine, theirs = await furnish_queue(services, house), await furnish_queue(services, house, "Чужая", "b")
    for queue in (mine, theirs):
        await past(services, queue, NOW - timedelta(hours=1), "answered", 3)
    answer = await client.get("/api/v1/wallboard/hours", headers=house.headers("supervisor@a"))
    assert await answer.json() == {"queues": {str(mine.id): [{"hour": 11, "numerator": 1.0, "denominator": 1.0}]}}


# --- the service level's variants ------------------------------------------------------------------------------------

# Six answered (4 within T = 20), three abandoned (one within S = 5, one more within T): what each formula makes of it.
VARIANTS = {"standard": (4, 8), "asterisk": (4, 6), "asterisk2": (6, 9), "genesys": (4, 9), "wazo": (4, 6)}


async def a_day(services: Services, house: House) -> queues.QueueInfo:
    queue = await furnish_queue(services, house)
    start = NOW - timedelta(hours=1)
    for number, (result, wait) in enumerate(
        [("answered", w) for w in (1, 5, 10, 20, 21, 60)] + [("abandoned", w) for w in (3, 15, 40)]
    ):
        await past(services, queue, start + timedelta(minutes=number), result, wait)
    return queue


@pytest.mark.rule("SUP-02")
@pytest.mark.parametrize("formula", VARIANTS)
async def test_the_formula_is_a_setting_and_the_day_is_by_it(
    client: Client, services: Services, house: House, formula: str
) -> None:
    queue = await a_day(services, house)
    admin = house.headers("administrator@a")
    done = await client.put("/api/v1/service-level", json={"formula": formula}, headers=admin)
    assert done.status == 200, await done.text()
    await dialplan.refresh_directory(services)
    await usecases.prime(services)
    level = services.live.snapshot(Audience(queue.business_id, None, sees_all=True)).queues[queue.id].service_level
    top, bottom = VARIANTS[formula]
    assert (level.numerator, level.denominator, level.value) == (top, bottom, pytest.approx(top / bottom))
    hours = await (await client.get("/api/v1/wallboard/hours", headers=admin)).json()
    assert hours["queues"][str(queue.id)] == [{"hour": 11, "numerator": top, "denominator": bottom}]
    said = config_of(await (await client.get("/wallboard", headers=admin)).text())["figures"]["service_level"]
    assert {"asterisk": "SL)", "asterisk2": "SL2)", "genesys": "Genesys", "wazo": "Wazo"}.get(formula, "÷") in said[
        "formula"
    ]


@pytest.mark.rule("SUP-02")
async def test_a_past_period_under_any_formula_t_and_s(client: Client, services: Services, house: House) -> None:
    queue = await a_day(services, house)
    boss = house.headers("supervisor@a")
    period = {"from": "2026-03-02T00:00:00+03:00", "to": "2026-03-03T00:00:00+03:00"}

    async def asked(**more: str) -> tuple[float, float]:
        answer = await client.get("/api/v1/wallboard/service-level", params=period | more, headers=boss)
        assert answer.status == 200, await answer.text()
        found = (await answer.json())["queues"][str(queue.id)]
        return found["numerator"], found["denominator"]

    for formula, expected in VARIANTS.items():
        assert await asked(formula=formula) == expected
    assert await asked() == VARIANTS["standard"]
    assert await asked(target="60") == (6, 8)
    assert await asked(target="1", short="0") == (1, 9)
    assert await asked(short="15") == (4, 7)
    assert await asked(formula="asterisk2", target="2") == (1, 9)
    assert await asked(**{"from": "2026-03-02T11:00:00+03:00", "to": "2026-03-02T11:02:00+03:00"}) == (2, 2)
    yesterday = {"from": "2026-03-01T00:00:00+03:00", "to": "2026-03-02T00:00:00+03:00"}
    assert await asked(**yesterday) == (0, 0)


async def test_a_wrong_formula_or_period_is_refused(client: Client, house: House) -> None:
    admin = house.headers("administrator@a")
    assert (await client.put("/api/v1/service-level", json={"formula": "best"}, headers=admin)).status == 422
    refused = await client.put("/api/v1/service-level", json={"formula": "wazo"}, headers=house.headers("supervisor@a"))
    assert refused.status == 403
    good = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    for wrong, field in [
        ({"formula": "best"}, "formula"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-03-02T00:00:00"}, "from"),
        ({"to": "2026-03-01T00:00:00Z"}, "to"),
        ({"to": "2036-03-01T00:00:00Z"}, "to"),
        ({"target": "-1"}, "target"),
        ({"short": "1e3"}, "short"),
    ]:
        answer = await client.get("/api/v1/wallboard/service-level", params=good | wrong, headers=admin)
        assert answer.status == 422, wrong
        assert list((await answer.json())["error"]["fields"]) == [field]


# --- alerts ----------------------------------------------------------------------------------------------------------


async def test_callers_whom_nobody_can_take_are_said_once_and_cleared(services: Services, house: House) -> None:
    queue = await furnish_queue(services, house)
    operator = house.people["operator@a"].agent_id
    assert operator is not None
    told: list[Alert] = []
    services.bus.listen(Alert, told.append)
    usecases.check_queues(services)
    call = Call(
        id="w1",
        business_id=queue.business_id,
        direction="in",
        state="queued",
        started_at=T,
        queued_at=T,
        queue_id=queue.id,
    )
    services.bus.publish(CallUpdated(at=T, call=call, what="queued"))
    usecases.check_queues(services)
    usecases.check_queues(services)
    assert [(a.key, a.active, a.business_id, a.values) for a in told] == [
        (f"queue-unserved:{queue.id}", True, queue.business_id, {"queue": "Продажи"})
    ]
    services.bus.publish(AgentWanted(at=T, business_id=queue.business_id, agent_id=operator, wanted="ready"))
    services.bus.publish(DeviceChanged(at=T, endpoint=f"a{operator}w", agent_id=operator, online=True))
    usecases.check_queues(services)
    assert [a.active for a in told] == [True, False]


async def test_asterisk_away_is_said_after_a_grace_and_cleared_when_it_is_back(
    services: Services, clock: FixedClock
) -> None:
    told: list[Alert] = []
    services.bus.listen(Alert, told.append)
    usecases.check_link(services, True)
    usecases.check_link(services, False)
    clock.advance(usecases.AWAY_GRACE - 0.1)
    usecases.check_link(services, False)
    assert told == []
    clock.advance(0.2)
    usecases.check_link(services, False)
    usecases.check_link(services, False)
    usecases.check_link(services, True)
    usecases.check_link(services, True)
    assert [(a.key, a.active) for a in told] == [("asterisk-away", True), ("asterisk-away", False)]
    assert told[0].at == pytest.approx(T)
