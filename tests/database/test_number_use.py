"""Numbers are bound, taken from the operator's free ones, deleted, brought back; operators with two toggles."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from callcenter.core.errors import Conflict
from callcenter.core.events import ConfigChanged, RoutingDrafted
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.calls.usecases.transfer import TransferForm, target_of
from callcenter.features.dialplan import queries as dialplan
from callcenter.features.numbers import api as numbers
from callcenter.features.recordings import api as recordings
from callcenter.features.recordings.models import Recording
from callcenter.plugin import Services
from callcenter.telephony.config.ways import WayOut, agent_way
from tests.support import house as houses
from tests.support.call_log import OWN, answered, line, save
from tests.support.house import House

Client = TestClient[Any, Any]
ADMIN, MAN, CHIEF = "administrator@a", "operator@a", "supervisor@a"
BOUGHT, FREE, SECOND = "+74957770001", "+74958880001", "+74958880002"


async def api(client: Client, house: House, who: str, method: str, path: str, **body: Any) -> tuple[int, Any]:
    answer = await client.request(method, f"/api/v1{path}", json=body or None, headers=house.headers(who))
    return answer.status, await answer.json() if answer.status != 204 else None


async def own(client: Client, house: House, who: str = ADMIN) -> list[str]:
    return [one["e164"] for one in (await api(client, house, who, "GET", "/numbers"))[1]["numbers"]]


@pytest.mark.rule("TEL-61")
async def test_a_bought_number_is_bound_edited_deleted_and_brought_back(
    client: Client, services: Services, house: House
) -> None:
    drafted: list[RoutingDrafted] = []
    services.bus.listen(RoutingDrafted, drafted.append)
    status, made = await api(client, house, ADMIN, "POST", "/numbers", e164="8 (495) 777-00-01", title="Новая линия")
    assert (status, made["e164"], made["title"], made["takers"]) == (201, BOUGHT, "Новая линия", "all")
    assert drafted[-1].business_id == house.businesses["a"]
    assert (await api(client, house, ADMIN, "POST", "/numbers", e164=BOUGHT))[0] == 409
    assert (await api(client, house, ADMIN, "POST", "/numbers", e164="12"))[0] == 422
    assert (await api(client, house, ADMIN, "POST", "/numbers", e164=OWN, trunk_id=4242))[0] == 422
    assert (await api(client, house, MAN, "POST", "/numbers", e164=OWN))[0] == 403
    path = f"/numbers/{made['id']}"
    assert (await api(client, house, ADMIN, "PATCH", path, title="Линия"))[1]["title"] == "Линия"
    # Deleting asks on the page, and can be undone with all settings.
    page = await (await client.get("/numbers", headers=house.headers(ADMIN))).text()
    assert f'action="/numbers/{made["id"]}/delete" data-ask=' in page
    assert (await api(client, house, "owner@b", "DELETE", path))[0] == 404
    answer = await client.post(f"{path}/delete", headers=house.headers(ADMIN))
    assert "data-number-gone" in await answer.text()
    assert await own(client, house) == []
    assert (await api(client, house, ADMIN, "DELETE", path))[0] == 404
    status, back = await api(client, house, ADMIN, "POST", f"{path}/restore")
    assert (status, back["title"], back["id"]) == (200, "Линия", made["id"])
    assert await own(client, house) == [BOUGHT]
    # Bound anew it is the same one again.
    await api(client, house, ADMIN, "DELETE", path)
    assert (await api(client, house, ADMIN, "POST", "/numbers", e164=BOUGHT))[1]["id"] == made["id"]


@pytest.mark.rule("TEL-61")
async def test_a_free_number_is_taken_from_the_list_once_and_given_back(
    client: Client, services: Services, house: House
) -> None:
    assert (await api(client, house, ADMIN, "GET", "/numbers/free"))[1] == {"numbers": []}
    services.settings = msgspec.structs.replace(services.settings, number_pool=f"{FREE}, 8 495 888-00-02, x")
    await line(services.db, house.businesses["b"], SECOND)
    assert (await api(client, house, ADMIN, "GET", "/numbers/free"))[1] == {"numbers": [FREE]}
    page = await (await client.get("/numbers/add", headers=house.headers(ADMIN))).text()
    assert f'<option value="{FREE}"' in page
    # By hand it cannot be had past the list.
    assert (await api(client, house, ADMIN, "POST", "/numbers", e164=FREE))[0] == 422
    for strange in (BOUGHT, SECOND, "12"):
        assert (await api(client, house, ADMIN, "POST", "/numbers/take", e164=strange))[0] == 409
    status, made = await api(client, house, ADMIN, "POST", "/numbers/take", e164=FREE, title="Взятый")
    assert (status, made["e164"], made["title"]) == (201, FREE, "Взятый")
    status, body = await api(client, house, "owner@b", "POST", "/numbers/take", e164=FREE)
    assert (status, body["error"]["code"]) == (409, "not_free")
    assert (await api(client, house, "owner@b", "GET", "/numbers/free"))[1] == {"numbers": []}
    await api(client, house, ADMIN, "DELETE", f"/numbers/{made['id']}")
    # Given back: the other company takes it, and an undo cannot have it twice.
    form = {"way": "take", "free": FREE, "title": "", "trunk_id": ""}
    answer = await client.post("/numbers/add", data=form, headers=house.headers("owner@b"))
    assert answer.status == 200
    assert await own(client, house, "owner@b") == [SECOND, FREE]
    status, body = await api(client, house, ADMIN, "POST", f"/numbers/{made['id']}/restore")
    assert (status, body["error"]["code"]) == (409, "not_free")
    assert await own(client, house) == []


@pytest.mark.rule("TEL-62")
async def test_each_number_has_two_toggles_and_operators_with_the_same_two(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def there(_agent_id: int) -> set[str]:
        return {"webrtc"}

    monkeypatch.setattr(services.telephony, "device_online", there)
    business, man, chief = house.businesses["a"], house.people[MAN].agent_id, house.people[CHIEF].agent_id
    changes: list[str] = []
    services.bus.listen(ConfigChanged, lambda event: changes.append(event.what))
    first, second = await line(services.db, business), await line(services.db, business, "+74950000002")

    async def dial(who: str, number_id: int | None = None) -> tuple[int, str]:
        body = {"to": "+79031182740"} | ({"number_id": number_id} if number_id else {})
        status, found = await api(client, house, who, "POST", "/calls", **body)
        return status, found["from"] if status == 201 else found["error"]["code"]

    async def put(agent: int | None, **toggles: bool) -> Any:
        return (await api(client, house, ADMIN, "PUT", f"/numbers/{first}/operators/{agent}", **toggles))[1]

    assert await dial(MAN) == (201, OWN)
    # With operators a number is theirs: others call by another one, or not at all by this.
    assert (await put(chief))["operators"] == [
        {"agent_id": chief, "name": "Supervisor A", "outgoing": True, "record": True}
    ]
    assert changes == ["operators"]
    assert await dial(MAN) == (201, "+74950000002")
    assert (await dial(MAN, first))[0] == 422
    assert await dial(CHIEF, first) == (201, OWN)
    await put(man, outgoing=False, record=False)
    assert (await dial(MAN, first))[0] == 422
    await api(client, house, ADMIN, "PATCH", f"/numbers/{second}", outgoing=False)
    assert await dial(MAN) == (409, "no_number")
    assert (await put(man, outgoing=True))["operators"][1] == {
        "agent_id": man, "name": "Operator A", "outgoing": True, "record": False,
    }  # fmt: skip
    assert await dial(MAN) == (201, OWN)
    # So it comes to Asterisk.
    async with services.db.system() as session:
        found = dialplan.numbers(await numbers.all_numbers(session), uses=await numbers.uses(session))
    told = {one.id: (one.outgoing, one.callers, one.silent) for one in found}
    assert told == {first: (True, {man, chief}, {man}), second: (False, None, frozenset())}
    page = await (await client.get(f"/numbers/{first}", headers=house.headers(ADMIN))).text()
    assert page.count('role="switch"') == 4
    # By the page: a toggle, removal, and its undo with the same toggles.
    form = {"agent_id": str(man), "toggles": "1"}
    await client.post(f"/numbers/{first}/operators", data=form, headers=house.headers(ADMIN))
    assert (await dial(MAN))[1] == "no_number"
    gone = await client.post(f"/numbers/{first}/operators/{man}/delete", headers=house.headers(ADMIN))
    assert "data-operator-gone" in await gone.text()
    listed = (await api(client, house, ADMIN, "GET", f"/numbers/{first}/operators"))[1]["operators"]
    assert [one["agent_id"] for one in listed] == [chief]
    assert (await api(client, house, ADMIN, "DELETE", f"/numbers/{first}/operators/{chief}"))[1] == {"operators": []}
    assert await dial(MAN) == (201, OWN)
    # What is not one's own is not there.
    for who, number_id, agent, status in (
        (MAN, first, man, 403), ("owner@b", first, man, 404), (ADMIN, first, 4242, 404), (ADMIN, 4242, man, 404),
    ):  # fmt: skip
        assert (await api(client, house, who, "PUT", f"/numbers/{number_id}/operators/{agent}"))[0] == status
    assert (await api(client, house, ADMIN, "DELETE", f"/numbers/{first}/operators/{man}"))[0] == 404


@pytest.mark.rule("REC-03")
async def test_of_an_operator_who_is_not_recorded_nothing_is_kept_whoever_was_away(
    client: Client, services: Services, house: House
) -> None:
    business, man, chief = house.businesses["a"], house.people[MAN].agent_id, house.people[CHIEF].agent_id
    assert man is not None
    assert chief is not None
    number_id = await line(services.db, business)
    await api(client, house, ADMIN, "PUT", f"/numbers/{number_id}/operators/{man}", record=False)
    calls = [
        answered(business, man, "1772442000.1", number_id=number_id, recording="one"),
        answered(business, chief, "1772442000.2", number_id=number_id, recording="two"),
        answered(business, man, "1772442000.3", recording="three"),
    ]
    await save(services.db, *calls)
    async with services.db.business(business) as session:
        await recordings.register(session, calls)
        found = {one.stem: one.state for one in await session.scalars(select(Recording))}
        shown = await recordings.briefs(session, [one.id for one in calls])
    assert found == {"one": "empty", "two": "waiting", "three": "waiting"}
    assert sorted(shown) == ["1772442000.2", "1772442000.3"]


@pytest.mark.rule("OUT-40")
async def test_calling_out_is_a_right_of_employees_and_numbers(
    client: Client, services: Services, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def there(_agent_id: int) -> set[str]:
        return {"webrtc"}

    monkeypatch.setattr(services.telephony, "device_online", there)
    business, man, chief = house.businesses["a"], house.people[MAN].agent_id, house.people[CHIEF].agent_id
    assert man is not None
    assert chief is not None
    changes: list[str] = []
    services.bus.listen(ConfigChanged, lambda event: changes.append(event.what))
    first = await line(services.db, business)
    second = await line(services.db, business, "+74950000002")

    async def dial(who: str = MAN, to: str = "+79031182740") -> str:
        status, found = await api(client, house, who, "POST", "/calls", to=to)
        return str(found["from"] if status == 201 else found["error"]["code"])

    async def transfer() -> str:
        person: Any = SimpleNamespace(business_id=business, agent_id=man)
        try:
            return await target_of(services, person, TransferForm(kind="number", number="+79031182740"))
        except Conflict as error:
            return error.error_code

    async def allow(agent: int, who: str = ADMIN, **body: Any) -> Any:
        return await api(client, house, who, "PUT", f"/agents/{agent}/calls-out", **body)

    async def in_asterisk(agent: int) -> str | None:
        async with services.db.system() as session:
            model = dialplan.agents(await agents.for_rendering(session))
            told = dialplan.numbers(await numbers.all_numbers(session), uses=await numbers.uses(session))
        ways = [WayOut(extension=str(one.id), number=one, trunks=()) for one in told]
        return agent_way(ways, next(one for one in model if one.id == agent))

    # As it always was: everybody may.
    status, found = await api(client, house, ADMIN, "GET", f"/agents/{man}/calls-out")
    assert (status, found["calls_out"]) == (200, True)
    assert [(one["number_id"], one["allowed"], one["everybody"]) for one in found["numbers"]] == [
        (first, True, True), (second, True, True),
    ]  # fmt: skip
    assert [await dial(), await transfer()] == [OWN, "+79031182740"]
    # The employee's right.
    assert (await allow(man, calls_out=False))[1]["calls_out"] is False
    assert changes == ["agents"]
    assert [await dial(), await transfer()] == ["no_calls_out", "no_calls_out"]
    assert await in_asterisk(man) is None
    with pytest.raises(Conflict):
        await calls.outgoing(services, business, man, "+79031182740")
    assert await dial(CHIEF) == OWN
    # Colleagues are no calls out.
    assert (await api(client, house, MAN, "POST", "/calls", to="103"))[0] == 201
    await allow(man, calls_out=True)
    assert await dial() == OWN
    # The number's right, on the employee's page: others keep it.
    await allow(man, numbers=[{"number_id": first, "allowed": False}])
    assert [await dial(), await dial(CHIEF)] == ["+74950000002", OWN]
    await allow(man, numbers=[{"number_id": second, "allowed": False}])
    assert [await dial(), await transfer()] == ["no_number", "no_number"]
    assert await in_asterisk(man) is None
    listed = (await api(client, house, ADMIN, "GET", f"/numbers/{first}/operators"))[1]["operators"]
    assert {one["agent_id"]: one["outgoing"] for one in listed} == {man: False, chief: True}
    await allow(man, numbers=[{"number_id": first, "allowed": True}])
    assert await dial() == OWN
    # Only administrators, only their own people.
    assert (await allow(man, CHIEF, calls_out=False))[0] == 403
    assert (await allow(man, "owner@b", calls_out=False))[0] == 404
    await houses.sign_in(client, "administrator@a.example")
    page = await client.get(f"/agents/{man}/calls-out")
    token = re.search(r'name="_csrf" value="([^"]+)"', await page.text())
    assert token is not None
    saved = await client.post(f"/agents/{man}/calls-out", data={"_csrf": token[1], "numbers": str(second)})
    assert saved.status == 200
    found = (await api(client, house, ADMIN, "GET", f"/agents/{man}/calls-out"))[1]
    assert (found["calls_out"], [one["allowed"] for one in found["numbers"]]) == (False, [False, True])
