"""Who may pause a recording, for how long, and what is written down; and the choice of calls that answer themselves."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from callcenter.core.calls import Call, Gap
from callcenter.core.events import CallEnded, CallUpdated, ConfigChanged
from callcenter.features.accounts import api as accounts
from callcenter.features.calls.usecases.pausing import Pauses
from callcenter.features.dialplan.usecases import load_directory
from callcenter.plugin import Services
from tests.database.test_calls_dial import agent
from tests.support.call_log import AT, agent_leg, call, client_leg
from tests.support.house import NOW, House
from tests.support.wait import until

Client = TestClient[Any, Any]


class Line:
    """A call in which the operator of business a talks, and what Asterisk was told of its recording."""

    def __init__(self, services: Services, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.services = services
        self.business, self.operator = house.businesses["a"], agent(house, "operator@a")
        legs = (client_leg("1.1"), agent_leg("1.1", self.operator, state="up", answered_at=AT + 1, bridged_at=AT + 1))
        self.call: Call | None = call(
            self.business, "1.1", state="talking", agent_id=self.operator, agents=(self.operator,), legs=legs,
            recording="1.1", steps=(),
        )  # fmt: skip
        self.told: list[str] = []
        monkeypatch.setattr(services.live, "call", lambda b, c: self.call if (b, c) == (self.business, "1.1") else None)
        monkeypatch.setattr(services.telephony, "pause_recording", self.pause)
        monkeypatch.setattr(services.telephony, "resume_recording", self.resume)

    async def pause(self, call_id: str, agent_id: int, seconds: float) -> Gap:
        self.told.append(f"pause {agent_id} {seconds:.0f}")
        assert self.call is not None
        now = self.services.clock.epoch()
        gap = self.call.gap or Gap(agent_id=agent_id, since=now, until=now + seconds)
        self.changed(gaps=(*[one for one in self.call.gaps if one.how], gap))
        return gap

    async def resume(self, call_id: str, how: str) -> Gap | None:
        self.told.append(f"resume {how}")
        assert self.call is not None
        if self.call.gap is None:
            return None
        gap = msgspec.structs.replace(self.call.gap, until=self.services.clock.epoch(), how=how)
        self.changed(gaps=(*self.call.gaps[:-1], gap))
        return gap

    def changed(self, **values: Any) -> None:
        assert self.call is not None
        self.call = msgspec.structs.replace(self.call, **values)
        self.services.part(Pauses, Pauses).watch(CallUpdated(at=NOW.timestamp(), call=self.call, what="record_pause"))


@pytest.fixture
def line(services: Services, house: House, monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(services, house, monkeypatch)


async def order(client: Client, house: House, who: str, what: str) -> tuple[int, dict[str, Any]]:
    answer = await client.post(f"/api/v1/calls/1.1/recording/{what}", headers=house.headers(who))
    return answer.status, await answer.json()


async def entries(services: Services, business: int) -> list[tuple[str, int | None, dict[str, Any]]]:
    async with services.db.business(business) as session:
        rows = await session.scalars(select(accounts.AuditEntry).order_by(accounts.AuditEntry.id))
        return [(row.action, row.user_id, row.detail) for row in rows if row.action.startswith("recording.")]


@pytest.mark.rule("AGD-14")
async def test_the_agent_of_the_call_pauses_and_it_is_written_down(
    client: Client, services: Services, house: House, line: Line
) -> None:
    for stranger in ("supervisor@a", "operator@b", "administrator@a"):
        assert (await order(client, house, stranger, "pause"))[0] in (403, 404)
    assert line.told == []
    status, said = await order(client, house, "operator@a", "pause")
    assert (status, said["paused"], said["limit"]) == (202, True, 180)
    status, said = await order(client, house, "operator@a", "pause")
    assert (status, said["paused"]) == (202, True)
    services.clock.advance(25)  # type: ignore[attr-defined]
    status, said = await order(client, house, "operator@a", "resume")
    assert (status, said["paused"]) == (202, False)
    me = house.people["operator@a"].user_id

    async def two() -> bool:
        return len(await entries(services, line.business)) == 2

    await until(two, what="both entries are written")
    began, ended = await entries(services, line.business)
    assert began[:2] == ("recording.pause", me)
    assert ended[:2] == ("recording.resume", me)
    assert (ended[2]["seconds"], ended[2]["how"]) == (25, "agent")
    assert line.told[0] == f"pause {line.operator} 180"


@pytest.mark.rule("AGD-14")
async def test_a_pause_does_not_outlast_its_limit_or_its_agent(
    client: Client, services: Services, house: House, line: Line
) -> None:
    await order(client, house, "operator@a", "pause")
    services.clock.advance(181)  # type: ignore[attr-defined]
    line.changed()
    await until(lambda: "resume limit" in line.told, what="it ended at its limit")
    await order(client, house, "operator@a", "pause")
    assert line.call is not None
    gone = tuple(msgspec.structs.replace(leg, ended_at=AT + 9) if leg.agent_id else leg for leg in line.call.legs)
    line.changed(legs=gone)
    await until(lambda: "resume left" in line.told, what="it ended with its agent")


async def test_a_call_that_ends_paused_is_written_down(
    client: Client, services: Services, house: House, line: Line
) -> None:
    await order(client, house, "operator@a", "pause")
    assert line.call is not None
    gap = line.call.gaps[-1]
    ended = msgspec.structs.replace(
        line.call, ended_at=gap.since + 7, gaps=(msgspec.structs.replace(gap, until=gap.since + 7, how="end"),)
    )
    line.call = None
    services.part(Pauses, Pauses).watch(CallEnded(at=NOW.timestamp(), call=ended))

    async def written() -> bool:
        return any(action == "recording.resume" for action, _, _ in await entries(services, line.business))

    await until(written, what="the end is written")
    assert (await entries(services, line.business))[-1][2]["how"] == "end"


async def test_the_limit_is_each_business_s_own(client: Client, house: House) -> None:
    path = "/api/v1/settings/recording-pause"

    async def ask(who: str, seconds: int | None = None) -> tuple[int, Any]:
        if seconds is None:
            answer = await client.get(path, headers=house.headers(who))
        else:
            answer = await client.put(path, json={"seconds": seconds}, headers=house.headers(who))
        return answer.status, await answer.json()

    assert await ask("administrator@a") == (200, {"seconds": 180})
    assert (await ask("administrator@a", 60))[0] == 200
    assert await ask("administrator@a") == (200, {"seconds": 60})
    assert await ask("administrator@b") == (200, {"seconds": 180})
    for wrong in (0, 9, 1801, -60):
        assert (await ask("administrator@a", wrong))[0] == 422
    assert (await ask("operator@a", 30))[0] == 403


@pytest.mark.rule("AGD-16")
async def test_each_agent_chooses_what_his_phone_answers_by_itself(
    client: Client, services: Services, house: House
) -> None:
    changes: list[ConfigChanged] = []
    services.bus.listen(ConfigChanged, changes.append)
    path, headers = "/api/v1/me/auto-answer", house.headers("operator@a")
    assert await (await client.get(path, headers=headers)).json() == {"dialed": False, "queue": False}
    answer = await client.put(path, json={"dialed": True, "queue": True}, headers=headers)
    assert answer.status == 200
    assert await (await client.get(path, headers=headers)).json() == {"dialed": True, "queue": True}
    assert [one.business_id for one in changes] == [house.businesses["a"]]
    # The same again writes nothing anew.
    await client.put(path, json={"dialed": True, "queue": True}, headers=headers)
    assert len(changes) == 1
    directory = await load_directory(services.db)
    assert {one.id for one in directory.agents.values() if one.auto_dialed} == {agent(house, "operator@a")}
    other = await client.get(path, headers=house.headers("supervisor@a"))
    assert await other.json() == {"dialed": False, "queue": False}
