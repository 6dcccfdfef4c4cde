"""Background jobs: one a business and two in all, portions that commit with their mark, cancel, restart, words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from callcenter.core.clock import FixedClock
from callcenter.core.errors import BadInput
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.models import ContactList
from callcenter.features.work import api as work
from callcenter.features.work.models import WorkJob
from callcenter.features.work.usecases import ordering, running, telling
from callcenter.live.audience import Audience
from callcenter.plugin import Services
from tests.support.house import NOW, House

Client = TestClient[Any, Any]


class Lever:
    """A runner whose portions (each makes one row) wait for the test where it asks for it."""

    def __init__(self) -> None:
        self.stop_at: int | None = None
        self.rest_at: int | None = None
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        self.active: list[int] = []
        self.most = 0
        self.orders: list[int] = []
        self.fault: Exception | None = None

    async def run(self, run: work.Run) -> dict[str, Any]:
        self.active.append(run.business_id)
        self.orders.append(run.job_id)
        self.most = max(self.most, len(self.active))
        assert len(set(self.active)) == len(self.active), "two jobs of one business at once"
        try:
            for step in range(run.mark.get("step", 0), run.params["steps"]):
                if step == self.rest_at:
                    self.reached.set()
                    await self.go.wait()
                async with run.services.db.business(run.business_id) as session:
                    session.add(ContactList(title=f"{run.job_id}-{step}", created_at=NOW))
                    await session.flush()
                    if step == self.stop_at:
                        self.reached.set()
                        await self.go.wait()
                        if self.fault is not None:
                            fault, self.fault = self.fault, None
                            raise fault
                    await run.keep(session, done=step + 1, mark={"step": step + 1})
            return {"notes": [["Jobs: %(total)s", {"total": run.done}]]}
        finally:
            self.active.remove(run.business_id)


@pytest.fixture
def lever() -> Iterator[Lever]:
    found = Lever()
    work.register("test.lever", found.run)
    yield found
    running.KINDS.pop("test.lever")


@pytest.fixture
def never_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs begin by the bell only."""
    monkeypatch.setattr(running, "POLL_SECONDS", 3600.0)


async def order(services: Services, house: House, business: str = "a", steps: int = 5, **more: Any) -> int:
    async with services.db.business(house.businesses[business]) as session:
        owner = house.people[f"operator@{business}"].membership_id
        values = {"kind": "test.lever", "title": "Count", "params": {"steps": steps}, "owner_id": owner, "total": steps}
        return (await work.start(session, services, **{**values, **more})).id


async def job(services: Services, job_id: int) -> WorkJob:
    async with services.db.system() as session:
        return await session.get_one(WorkJob, job_id)


async def rows(services: Services, job_id: int) -> int:
    async with services.db.system() as session:
        titles = select(func.count()).where(ContactList.title.like(f"{job_id}-%"))
        return await session.scalar(titles) or 0


async def test_a_job_runs_to_its_end_and_says_what_came_out(services: Services, house: House, lever: Lever) -> None:
    job_id = await order(services, house)
    await work.office(services).idle()
    found = await job(services, job_id)
    assert (found.state, found.done, found.total, found.error) == ("done", 5, 5, "")
    assert found.result["notes"] == [["Jobs: %(total)s", {"total": 5}]]
    assert await rows(services, job_id) == 5


async def test_one_of_a_business_and_two_in_all(services: Services, house: House, lever: Lever) -> None:
    async with services.db.system() as session:
        third = accounts.create_business(session, name="C", at=NOW)
        await session.flush()
        house.businesses["c"] = third.id
    jobs = [await order(services, house, "a") for _ in range(3)] + [await order(services, house, "b")]
    async with services.db.business(house.businesses["c"]) as session:
        last = await work.start(
            session, services, kind="test.lever", title="C", params={"steps": 5}, owner_id=None, total=5
        )
    lever.stop_at = 2
    office = work.office(services)
    await office.turn()
    assert sorted(office.businesses.values()) == sorted([house.businesses["a"], house.businesses["b"]])
    await office.turn()
    assert len(office.tasks) == 2
    lever.go.set()
    await office.idle()
    assert lever.most == 2
    assert [one for one in lever.orders if one in jobs[:3]] == jobs[:3]
    assert {(await job(services, one)).state for one in [*jobs, last.id]} == {"done"}


async def test_a_job_killed_within_a_portion_goes_on_after_a_restart(
    services: Services, house: House, lever: Lever
) -> None:
    """The server dies while the third portion is half done: it is neither half there nor done twice."""
    job_id = await order(services, house)
    lever.stop_at = 2
    office = work.office(services)
    await office.turn()
    await asyncio.wait_for(lever.reached.wait(), 10)
    await office.stop()
    found = await job(services, job_id)
    assert (found.state, found.done, found.mark) == ("running", 2, {"step": 2})
    assert await rows(services, job_id) == 2
    lever.stop_at = None
    waiting = await order(services, house)
    services.parts.clear()
    await work.office(services).idle()
    assert (await job(services, job_id)).state == "done"
    assert await rows(services, job_id) == 5
    assert lever.orders == [job_id, job_id, waiting], "what had begun goes on before what waits"


async def test_a_fault_within_a_portion_leaves_no_half_of_it(services: Services, house: House, lever: Lever) -> None:
    job_id = await order(services, house)
    lever.stop_at, lever.fault = 3, RuntimeError("bug")
    lever.go.set()
    await work.office(services).idle()
    found = await job(services, job_id)
    assert (found.state, found.done, found.error) == ("failed", 3, running.BROKEN)
    assert await rows(services, job_id) == 3


async def test_a_database_that_was_away_is_waited_for(
    services: Services, house: House, lever: Lever, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "OUTAGE_SECONDS", 0.01)
    job_id = await order(services, house)
    lever.stop_at, lever.fault = 3, OperationalError("UPDATE", {}, Exception("database is locked"))
    lever.go.set()
    await work.office(services).idle()
    assert (await job(services, job_id)).state == "done"
    assert await rows(services, job_id) == 5


async def test_an_expected_error_is_kept_with_its_values(
    client: Client, services: Services, house: House, lever: Lever
) -> None:
    job_id = await order(services, house)
    lever.stop_at, lever.fault = 1, BadInput("This is too long: at most %(limit)s characters.", limit=7)
    lever.go.set()
    await asyncio.wait_for(_until(services, job_id, "failed"), 10)
    said = await (await client.get(f"/api/v1/work/{job_id}", headers=house.headers("operator@a"))).json()
    assert said["error"] == "Слишком длинно: не больше 7 знаков."
    assert (
        "Слишком длинно: не больше 7 знаков."
        in await (await client.get("/work", headers=house.headers("operator@a"))).text()
    )


@pytest.mark.rule("CON-45")
async def test_cancel_takes_effect_between_portions(
    client: Client, services: Services, house: House, lever: Lever
) -> None:
    lever.rest_at = 2
    job_id = await order(services, house)
    await asyncio.wait_for(lever.reached.wait(), 10)
    answer = await client.post(f"/api/v1/work/{job_id}/cancel", headers=house.headers("operator@a"))
    said = await answer.json()
    assert (said["state"], said["may_cancel"]) == ("running", False)
    lever.go.set()
    await asyncio.wait_for(_until(services, job_id, "cancelled"), 10)
    assert (await job(services, job_id)).done == await rows(services, job_id) == 2


async def test_a_cancelled_job_rolls_the_portion_back(services: Services, house: House, lever: Lever) -> None:
    job_id = await order(services, house)
    async with services.db.system() as session:
        (await session.get_one(WorkJob, job_id)).state = "running"
    lever.stop_at = None
    original = running.Run.keep

    async def keep(run: running.Run, session: Any, **more: Any) -> None:
        if more["done"] == 3:
            (await session.get_one(WorkJob, run.job_id, populate_existing=True)).cancel = True
            await session.flush()
        await original(run, session, **more)

    running.Run.keep = keep  # type: ignore[method-assign]
    try:
        await work.office(services).idle()
    finally:
        running.Run.keep = original  # type: ignore[method-assign]
    found = await job(services, job_id)
    assert (found.state, found.done) == ("cancelled", 2)
    assert await rows(services, job_id) == 2


async def test_a_waiting_job_is_cancelled_at_once(
    services: Services, house: House, lever: Lever, clock: FixedClock
) -> None:
    job_id = await order(services, house, due_at=NOW + timedelta(hours=1))
    async with services.db.business(house.businesses["a"]) as session:
        await work.cancel(session, services, job_id)
    clock.advance(7200)
    await work.office(services).idle()
    assert (await job(services, job_id)).state == "cancelled"
    assert lever.orders == []


@pytest.mark.rule("CON-45")
async def test_a_scheduled_job_begins_at_its_time(
    services: Services, house: House, lever: Lever, clock: FixedClock
) -> None:
    job_id = await order(services, house, due_at=NOW + timedelta(minutes=10))
    office = work.office(services)
    await office.idle()
    assert (await job(services, job_id)).state == "scheduled"
    clock.advance(599)
    await office.idle()
    assert lever.orders == []
    clock.advance(1)
    await office.idle()
    assert (await job(services, job_id)).state == "done"


async def test_a_job_begins_as_soon_as_it_is_committed(
    never_polled: None, client: Client, services: Services, house: House, lever: Lever
) -> None:
    """Nobody waits for the next look at the table."""
    job_id = await order(services, house, steps=1)
    await asyncio.wait_for(_ended(services, job_id), 5)


async def test_a_rolled_back_order_is_never_run(services: Services, house: House, lever: Lever) -> None:
    services.part(running.Office, running.Office)
    async with services.db.business(house.businesses["a"]) as session:
        await work.start(session, services, kind="test.lever", title="x", params={"steps": 1}, owner_id=None)
        await session.rollback()
    assert not work.office(services).woken.is_set()
    await work.office(services).idle()
    assert lever.orders == []


async def test_a_kind_that_nobody_runs_fails_in_words(services: Services, house: House) -> None:
    job_id = await order(services, house, kind="test.gone")
    await work.office(services).idle()
    found = await job(services, job_id)
    assert (found.state, found.error) == ("failed", running.BROKEN)


@pytest.mark.rule("CON-45")
async def test_progress_reaches_the_owner_and_does_not_flood(services: Services, house: House, lever: Lever) -> None:
    owner, other = house.people["operator@a"], house.people["supervisor@a"]
    await services.live.start()
    own = services.live.subscribe(Audience(house.businesses["a"]), owner.membership_id)
    foreign = services.live.subscribe(Audience(house.businesses["a"]), other.membership_id)
    await anext(own)
    await anext(foreign)
    await order(services, house, steps=200)
    began = asyncio.get_running_loop().time()
    await work.office(services).idle()
    seconds = asyncio.get_running_loop().time() - began
    frames = [frame for frame, _ in own._frames if frame.startswith(b"event: job")]
    assert b'"state":"waiting"' in frames[0]
    assert b'"state":"running"' in frames[1]
    assert b'"state":"done"' in frames[-1]
    assert len(frames) <= 3 + seconds / telling.PAUSE_SECONDS + 1
    assert not [frame for frame, _ in foreign._frames if frame.startswith(b"event: job")]
    await services.live.stop()


async def test_jobs_are_ones_own_and_administrators_see_all(
    client: Client, services: Services, house: House, lever: Lever
) -> None:
    job_id = await order(services, house, due_at=NOW + timedelta(days=1))

    async def listed(who: str, query: str = "") -> list[int]:
        answer = await client.get(f"/api/v1/work{query}", headers=house.headers(who))
        return [one["id"] for one in (await answer.json())["jobs"]]

    assert await listed("operator@a") == [job_id]
    assert await listed("supervisor@a", "?all=1") == []
    assert await listed("administrator@a") == []
    assert await listed("administrator@a", "?all=1") == [job_id]
    for who in ("supervisor@a", "owner@b"):
        assert (await client.get(f"/api/v1/work/{job_id}", headers=house.headers(who))).status == 404
        assert (await client.post(f"/api/v1/work/{job_id}/cancel", headers=house.headers(who))).status == 404
    answer = await client.post(f"/api/v1/work/{job_id}/cancel", headers=house.headers("administrator@a"))
    assert (await answer.json())["state"] == "cancelled"
    again = await client.post(f"/api/v1/work/{job_id}/undo", headers=house.headers("operator@a"))
    assert again.status == 409, "nothing can be undone here"
    assert (await again.json())["error"]["message"] != ordering.TOO_LATE, "said in Russian"


async def _ended(services: Services, job_id: int) -> None:
    while (await job(services, job_id)).state in ("scheduled", "waiting", "running"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def _until(services: Services, job_id: int, state: str) -> None:
    await _ended(services, job_id)
    assert (await job(services, job_id)).state == state
