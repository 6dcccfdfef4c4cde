"""Voice menus: several of them, the main one, when they are played, keys and silence, what is refused, who may."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import update

from callcenter.core.events import RoutingDrafted
from callcenter.core.routing import Goal
from callcenter.features.accounts.models import User
from callcenter.features.callflow.usecases import looking, trying
from callcenter.features.callflow.usecases.trying import TryBody
from callcenter.features.dialplan import api as dialplan
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers.models import Number
from callcenter.features.prompts.models import Prompt
from callcenter.features.queues.models import Queue
from callcenter.http.permissions import ROLES
from callcenter.plugin import Services
from tests.support.call_log import line, queue
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
MENUS = "/api/v1/menus"
WEEK = {"week": [[[540, 1200]]] * 5 + [[]] * 2, "zone": ""}
MONDAY, SATURDAY = "2026-03-02T10:30", "2026-03-07T20:00"


@pytest.fixture
def changes(services: Services) -> list[RoutingDrafted]:
    told: list[RoutingDrafted] = []
    services.bus.listen(RoutingDrafted, told.append)
    return told


class Office:
    """An administrator with the API at hand, a group, a number."""

    def __init__(self, client: Client, services: Services, house: House) -> None:
        self.client, self.services, self.house = client, services, house
        self.business = house.businesses["a"]
        self.who = "administrator@a"
        self.sales = self.number = 0
        self.operator = house.people["operator@a"].agent_id

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = await self.client.request(method, path, json=body, headers=self.house.headers(self.who))
        return answer.status, await answer.json()

    async def made(self, name: str, **body: Any) -> dict[str, Any]:
        status, found = await self.ask("POST", MENUS, {"name": name, **body})
        assert status == 201, found
        return dict(found)

    async def refused(self, menu_id: int | None = None, **body: Any) -> tuple[str, dict[str, str]]:
        path, method = (MENUS, "POST") if menu_id is None else (f"{MENUS}/{menu_id}", "PUT")
        status, found = await self.ask(method, path, {"name": "Refused", **body})
        assert status == 422, found
        return found["error"]["message"], found["error"].get("fields", {})

    async def menus(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in (await self.ask("GET", MENUS))[1]["menus"]}

    async def number_is(self, **values: Any) -> None:
        async with self.services.db.business(self.business) as session:
            await session.execute(update(Number).where(Number.id == self.number).values(**values))

    async def tried(self, **body: Any) -> dict[str, Any]:
        status, found = await self.ask("POST", f"{MENUS}/simulate", {"number_id": self.number, "at": MONDAY, **body})
        assert status == 200, found
        return dict(found)


@pytest.fixture
async def office(client: Client, services: Services, house: House) -> Office:
    found = Office(client, services, house)
    found.sales = await queue(services.db, found.business, "Sales")
    async with services.db.system() as session:
        await session.execute(update(User).values(language="en"))
    found.number = await line(services.db, found.business, "+74950000001", title="Main line")
    await found.number_is(target_kind="queue", target_id=found.sales)
    return found


@pytest.mark.rule("INB-26")
async def test_the_first_of_several_menus_is_the_main_one_until_another_is_chosen(
    office: Office, changes: list[RoutingDrafted]
) -> None:
    first, second = await office.made("Day"), await office.made("Night")
    third = await office.made("Sunday")
    assert [one["main"] for one in (first, second, third)] == [True, False, False]
    status, found = await office.ask("PUT", f"{MENUS}/{second['id']}/main")
    assert (status, found["main"]) == (200, True)
    assert {name: one["main"] for name, one in (await office.menus()).items()} == {
        "Day": False,
        "Night": True,
        "Sunday": False,
    }
    async with office.services.db.business(office.business) as session:
        offered = await ivr.main_menu(session)
    assert offered is not None
    assert offered.name == "Night"
    # It is the one that a number's page offers first.
    page = await (await office.client.get(f"/numbers/{office.number}", headers=office.house.headers(office.who))).text()
    options = re.findall(
        r'<option value="(\d+)"[^>]*>([^<]*)</option>', page.split('name="menu_id"')[1].split("</select>")[0]
    )
    assert options == [
        (str(second["id"]), "Night · main menu · at any time"),
        (str(first["id"]), "Day · at any time"),
        (str(third["id"]), "Sunday · at any time"),
    ]
    # There is always a main one: the oldest follows when it is deleted.
    assert (await office.ask("DELETE", f"{MENUS}/{second['id']}"))[0] == 200
    assert {name: one["main"] for name, one in (await office.menus()).items()} == {"Day": True, "Sunday": False}
    assert [one.what for one in changes] == ["menus"] * 5
    async with office.services.db.business(office.house.businesses["b"]) as session:
        assert await ivr.main_menu(session) is None


@pytest.mark.rule("INB-26")
async def test_a_deleted_menu_comes_back_as_it_was_by_what_the_deletion_answered(office: Office) -> None:
    await office.made("Other")
    menu = await office.made("Main", keys=[{"key": "1", "kind": "queue", "id": office.sales}], main=True)
    status, gone = await office.ask("DELETE", f"{MENUS}/{menu['id']}")
    assert status == 200
    assert set(await office.menus()) == {"Other"}
    back = await office.made(**{key: value for key, value in gone.items() if key != "id"})
    assert {**back, "id": 0} == {**menu, "id": 0}


@pytest.mark.rule("INB-27")
@pytest.mark.parametrize(
    ("activity", "open_meets", "closed_meets"),
    [("always", True, True), ("open", True, False), ("closed", False, True), ("never", False, False)],
)
async def test_a_menu_is_played_at_any_time_in_hours_out_of_them_or_never(
    office: Office, activity: str, open_meets: bool, closed_meets: bool
) -> None:
    menu = await office.made("Main", activity=activity, repeats=0)
    await office.number_is(menu_id=menu["id"], hours=WEEK)
    for at, meets in ((MONDAY, open_meets), (SATURDAY, closed_meets)):
        steps = [one[0] for one in (await office.tried(at=at))["steps"]]
        assert ("menu" in steps) is meets
        assert ("queue" in steps) is (at == MONDAY and not meets)
        assert ("closed" in steps) is (at == SATURDAY and not meets)
    fields = (await office.refused(activity="sometimes"))[1]
    assert list(fields) == ["activity"]


@pytest.mark.rule("INB-28")
async def test_the_greeting_is_one_of_the_companys_recordings(office: Office) -> None:
    own = {"title": "x", "kind": "upload", "name": "b1-00000001", "digest": "0", "seconds": 1, "bytes": 1}
    async with office.services.db.business(office.business) as session:
        session.add(Prompt(**own, created_at=NOW, changed_at=NOW))
    async with office.services.db.business(office.house.businesses["b"]) as session:
        session.add(Prompt(**own | {"name": "b2-00000001"}, created_at=NOW, changed_at=NOW))
    for place, name in enumerate(("b1-00000001", "standard-arrival")):
        assert (await office.made(f"Menu {place}", prompt=name))["prompt"] == name
    for wrong in ("b2-00000001", "not-there", "../../etc/passwd", "a\r\nb"):
        assert list((await office.refused(prompt=wrong))[1]) == ["prompt"]


@pytest.mark.rule("INB-29")
async def test_keys_are_added_one_by_one_and_each_does_one_of_the_seven_things(office: Office) -> None:
    async with office.services.db.business(office.business) as session:
        prompt = (await ivr.prompt_choices(session))[0].name
    wishes: dict[str, dict[str, Any]] = {
        "1": {"kind": "agent", "id": office.operator},
        "2": {"kind": "queue", "id": office.sales},
        "3": {"kind": "external", "number": "8 (916) 765-43-21"},
        "5": {"kind": "play", "prompt": prompt},
        "6": {"kind": "repeat"},
        "7": {"kind": "hangup"},
        "8": {"kind": "voicemail"},
        "9": {"kind": "voicemail", "id": office.sales},
        "0": {"kind": "agent_voicemail", "id": office.operator},
        "*": {"kind": "hangup"},
        "#": {"kind": "repeat"},
    }
    menu = await office.made("Main")
    keys: list[dict[str, Any]] = []
    for key, wish in wishes.items():
        keys.append({"key": key, **wish})
        status, found = await office.ask("PUT", f"{MENUS}/{menu['id']}", {"name": "Main", "keys": keys})
        assert (status, [one["key"] for one in found["keys"]]) == (200, [one["key"] for one in keys])
    kept = {one["key"]: one for one in found["keys"]}
    assert kept["3"]["number"] == "+79167654321"
    assert kept["1"]["id"] == office.operator
    # To another menu only when there is another one; it says why.
    message, fields = await office.refused(menu["id"], name="Main", keys=[{"key": "4", "kind": "menu", "id": 999}])
    assert fields == {"goal-0": "There is only one menu: make another one first."}
    assert message == fields["goal-0"]
    page = await (await office.client.get("/menus", headers=office.house.headers(office.who))).text()
    assert 'label="To another menu: there is only one menu" disabled' in page
    other = await office.made("Other")
    keys.append({"key": "4", "kind": "menu", "id": other["id"]})
    status, found = await office.ask("PUT", f"{MENUS}/{menu['id']}", {"name": "Main", "keys": keys})
    assert (status, len(found["keys"])) == (200, 12)
    page = await (await office.client.get("/menus", headers=office.house.headers(office.who))).text()
    assert "there is only one menu" not in page
    # A key is taken away as it came.
    status, found = await office.ask("PUT", f"{MENUS}/{menu['id']}", {"name": "Main", "keys": keys[:1]})
    assert [one["key"] for one in found["keys"]] == ["1"]


@pytest.mark.rule("INB-29", "INB-34")
async def test_wrong_keys_and_targets_are_refused_field_by_field(office: Office, changes: list[RoutingDrafted]) -> None:
    menu, foreign = await office.made("Main"), office.house.people["operator@b"].agent_id
    await office.made("Other")
    changes.clear()
    for key in ("", "11", "a", "٣", "+"):
        fields = (await office.refused(menu["id"], keys=[{"key": key, "kind": "hangup"}]))[1]
        assert list(fields) == ["key-0"]
    twice = [{"key": "1", "kind": "hangup"}, {"key": "2", "kind": "repeat"}, {"key": "1", "kind": "repeat"}]
    assert list((await office.refused(menu["id"], keys=twice))[1]) == ["key-0", "key-2"]
    for wrong in (
        {"kind": "queue", "id": 4242},
        {"kind": "queue"},
        {"kind": "agent", "id": foreign},
        {"kind": "menu", "id": 4242},
        {"kind": "menu", "id": menu["id"]},
        {"kind": "external", "number": "not a number"},
        {"kind": "external"},
        {"kind": "play", "prompt": "gone"},
        {"kind": "nothing"},
        {"kind": ""},
    ):
        assert list((await office.refused(menu["id"], keys=[{"key": "1", **wrong}]))[1]) == ["goal-0"]
        assert list((await office.refused(menu["id"], timeout=wrong))[1]) == ["timeout"]
    assert list((await office.refused(name=" "))[1]) == ["name"]
    assert list((await office.refused(name="OTHER"))[1]) == ["name"]
    assert changes == []
    assert (await office.menus())["Main"] == menu


@pytest.mark.rule("INB-30")
async def test_the_greeting_is_repeated_some_times_without_end_or_not_at_all(office: Office) -> None:
    for repeats in (0, 1, 9, -1):
        menu = await office.made(f"Menu {repeats}", repeats=repeats)
        assert menu["repeats"] == repeats
    for wrong in (-2, 10):
        assert list((await office.refused(repeats=wrong))[1]) == ["repeats"]
    for wait in (0, 31):
        assert list((await office.refused(wait_seconds=wait))[1]) == ["wait_seconds"]
    async with office.services.db.business(office.business) as session:
        model = await dialplan.drafted_model(session, office.business)
    assert [one.repeats for one in model.menus] == [0, 1, 9, -1]
    # Wrong presses count as none: after the first try and two repetitions a third one is too late.
    timeout = {"kind": "queue", "id": office.sales}
    menu = await office.made("Counted", repeats=2, timeout=timeout, keys=[{"key": "1", "kind": "hangup"}])
    await office.number_is(menu_id=menu["id"])
    for keys, last in ((["9", "", "1"], "hangup"), (["9", "", "9", "1"], "answered")):
        assert (await office.tried(keys=keys))["steps"][-1] == ["end", last]
    menu = await office.made("Endless", repeats=-1, timeout=timeout, keys=[{"key": "1", "kind": "hangup"}])
    await office.number_is(menu_id=menu["id"])
    assert (await office.tried(keys=["9"] * 30))["steps"][-1] == ["end", "endless"]
    assert (await office.tried(keys=["9"] * 30 + ["1"]))["steps"][-1] == ["end", "hangup"]


@pytest.mark.rule("INB-31")
async def test_silence_does_what_a_key_may_do(office: Office) -> None:
    async with office.services.db.business(office.business) as session:
        prompt = (await ivr.prompt_choices(session))[0].name
    other = await office.made("Other", timeout={"kind": "queue", "id": office.sales})
    ends: list[tuple[dict[str, Any], list[list[str]]]] = [
        ({"kind": "agent", "id": office.operator}, [["agent", str(office.operator)], ["end", "answered"]]),
        ({"kind": "queue", "id": office.sales}, [["queue", str(office.sales)], ["end", "answered"]]),
        ({"kind": "external", "number": "+79167654321"}, [["failed", "no_trunk"], ["end", "failed"]]),
        ({"kind": "menu", "id": other["id"]}, [["queue", str(office.sales)], ["end", "answered"]]),
        ({"kind": "play", "prompt": prompt}, [["prompt", prompt], ["end", "hangup"]]),
        ({"kind": "voicemail"}, [["voicemail", "box"], ["end", "hangup"]]),
        ({"kind": "hangup"}, [["end", "hangup"]]),
        ({"kind": "repeat"}, [["failed", "loop"], ["end", "hangup"]]),
    ]
    for place, (timeout, end) in enumerate(ends):
        menu = await office.made(f"Menu {place}", repeats=0, timeout=timeout)
        await office.number_is(menu_id=menu["id"])
        assert (await office.tried())["steps"][-len(end) :] == end
    # The same limit as for keys.
    await office.number_is(menu_id=None)
    for one in (await office.menus()).values():
        if one["name"] != "Other":
            await office.ask("DELETE", f"{MENUS}/{one['id']}")
    fields = (await office.refused(other["id"], name="Other", timeout={"kind": "menu", "id": 999}))[1]
    assert fields == {"timeout": "There is only one menu: make another one first."}


@pytest.mark.rule("INB-32")
async def test_menus_linked_by_keys_are_levels_of_one_tree(office: Office) -> None:
    third = await office.made("Third", keys=[{"key": "3", "kind": "queue", "id": office.sales}])
    second = await office.made("Second", keys=[{"key": "2", "kind": "menu", "id": third["id"]}])
    first = await office.made("First", keys=[{"key": "1", "kind": "menu", "id": second["id"]}])
    await office.number_is(menu_id=first["id"])
    tried = await office.tried(keys=["1", "2", "3"])
    assert [one["text"] for one in tried["path"]] == [
        "+7 495 000-00-01" if tried["path"][0]["text"].startswith("+7 495") else "+7 (495) 000-00-01",
        "First, pressed 1",
        "Second, pressed 2",
        "Third, pressed 3",
        "Sales",
    ]
    assert tried["answer"] == "The group “Sales” answers."
    ids = [first["id"], second["id"], third["id"]]
    assert tried["ways"] == [
        mark for one, key in zip(ids, "123", strict=True) for mark in (f"menu:{one}", f"{one}:{key}")
    ]
    page = await (await office.client.get("/menus", headers=office.house.headers(office.who))).text()
    # Every level is drawn, whichever menu is chosen.
    for mark in (f"menu:{third['id']}", f"{first['id']}:1", f"{second['id']}:2", f"{third['id']}:3"):
        assert f'data-way="{mark}"' in page or mark.startswith("menu:")
    # The menu may lead back upwards: by a key that is no circle of silence.
    keys = [{"key": "0", "kind": "menu", "id": first["id"]}]
    status, _ = await office.ask("PUT", f"{MENUS}/{third['id']}", {"name": "Third", "keys": keys})
    assert status == 200
    around = await office.tried(keys=["1", "2", "0"] * 13)
    assert around["steps"][-2:] == [["failed", "loop"], ["end", "hangup"]]
    assert around["answer"] == "The caller goes round in circles until the call is ended."


@pytest.mark.rule("INB-34")
async def test_circles_of_silence_are_refused_when_they_are_saved(
    office: Office, changes: list[RoutingDrafted]
) -> None:
    first = await office.made("First")
    second = await office.made("Second", timeout={"kind": "menu", "id": first["id"]})
    third = await office.made("Third", timeout={"kind": "menu", "id": second["id"]})
    changes.clear()
    for target, way in ((second, "First → Second → First"), (third, "First → Third → Second → First")):
        message, fields = await office.refused(first["id"], name="First", timeout={"kind": "menu", "id": target["id"]})
        assert message == f"Who presses nothing goes in circles without end: {way}."
        assert list(fields) == ["timeout"]
    message, _ = await office.refused(first["id"], name="First", timeout={"kind": "menu", "id": first["id"]})
    assert message == "A menu cannot lead to itself. Choose “Repeat”."
    assert changes == []
    # One that waits without end never comes to its silence.
    body = {"name": "First", "repeats": -1, "timeout": {"kind": "menu", "id": second["id"]}}
    assert (await office.ask("PUT", f"{MENUS}/{first['id']}", body))[0] == 200


@pytest.mark.rule("INB-34")
async def test_what_is_wrong_with_menus_as_they_stand_is_said_at_once(office: Office) -> None:
    second = await office.made("Second", keys=[{"key": "1", "kind": "queue", "id": office.sales}])
    first = await office.made("First", keys=[{"key": "2", "kind": "menu", "id": second["id"]}], repeats=-1)
    body = {"name": "Second", "repeats": -1, "keys": [{"key": "0", "kind": "menu", "id": first["id"]}]}
    assert (await office.ask("PUT", f"{MENUS}/{second['id']}", body))[0] == 200
    async with office.services.db.business(office.business) as session:
        said = {(one.menu, one.text) for one in (await looking.look(session)).faults}
    dead = "“%(menu)s” is a dead end: whatever a caller presses, he stays among menus."
    assert {(first["id"], dead), (second["id"], dead)} <= said
    # The group goes away behind the menu's back.
    body = {"name": "Second", "keys": [{"key": "1", "kind": "queue", "id": office.sales}]}
    assert (await office.ask("PUT", f"{MENUS}/{second['id']}", body))[0] == 200
    async with office.services.db.business(office.business) as session:
        await session.execute(update(Queue).where(Queue.id == office.sales).values(active=False))
    async with office.services.db.business(office.business) as session:
        faults = (await looking.look(session)).faults
    assert (second["id"], "1") in {(one.menu, one.key) for one in faults}
    page = await (await office.client.get(f"/menus/{second['id']}", headers=office.house.headers(office.who))).text()
    assert "“Second”, key 1: this way leads nowhere." in page


@pytest.mark.rule("INB-29", "INB-32")
async def test_a_menu_that_something_leads_to_is_not_deleted_and_names_the_places(office: Office) -> None:
    menu = await office.made("Target")
    await office.made("Points", keys=[{"key": "1", "kind": "menu", "id": menu["id"]}])
    await office.number_is(menu_id=menu["id"])
    async with office.services.db.business(office.business) as session:
        goal = {"kind": "menu", "id": menu["id"]}
        await session.execute(update(Queue).where(Queue.id == office.sales).values(overflow=goal))
    status, body = await office.ask("DELETE", f"{MENUS}/{menu['id']}")
    assert (status, body["error"]["code"]) == (409, "in_use")
    assert "Points, Sales, Main line" in body["error"]["message"]
    assert "Target" in await office.menus()
    for values in (
        {"menu_id": None, "closed_target": goal},
        {"closed_target": None, "target_kind": "menu", "target_id": menu["id"]},
    ):
        await office.number_is(**values)
        assert "Main line" in (await office.ask("DELETE", f"{MENUS}/{menu['id']}"))[1]["error"]["message"]


async def test_the_form_keeps_what_was_typed_when_it_is_refused(office: Office) -> None:
    menu = await office.made("Main", keys=[{"key": "1", "kind": "queue", "id": office.sales}])
    data = [
        ("name", "Renamed"), ("activity", "open"), ("prompt", ""), ("wait_seconds", "7"), ("repeat", "times"),
        ("times", "3"), ("key", "1"), ("goal", f"queue-{office.sales}"), ("number", ""), ("key", "1"),
        ("goal", "external"), ("number", "12"), ("timeout", "hangup"), ("timeout_number", ""),
    ]  # fmt: skip
    headers = office.house.headers(office.who)
    answer = await office.client.post(f"/menus/{menu['id']}", data=data, headers=headers, allow_redirects=False)
    page = await answer.text()
    assert answer.status == 422
    assert 'value="Renamed"' in page
    assert 'name="number" value="12"' in page
    assert page.count("This key stands twice. Choose another one.") == 2
    assert "This is not a telephone number." in page
    assert (await office.menus())["Main"] == menu
    fixed = [(name, {"12": "+7 916 765-43-21"}.get(value, value)) for name, value in data]
    fixed[9] = ("key", "2")
    answer = await office.client.post(f"/menus/{menu['id']}", data=fixed, headers=headers, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/menus/{menu['id']}")
    found = (await office.menus())["Renamed"]
    assert [(one["key"], one["kind"], one["number"]) for one in found["keys"]] == [
        ("1", "queue", ""),
        ("2", "external", "+79167654321"),
    ]
    answer = await office.client.post("/menus/new", data={"name": "Fresh", "repeat": "no", "wait_seconds": "5",
        "activity": "always", "timeout": "hangup"}, headers=headers, allow_redirects=False)  # fmt: skip
    assert answer.status == 303
    assert (await office.menus())["Fresh"]["repeats"] == 0
    for broken in ({"key": "1"}, {"key": "1", "goal": "queue-x", "number": ""}):
        answer = await office.client.post("/menus/new", data={"name": "Broken", **broken}, headers=headers)
        assert answer.status == 422


@pytest.mark.parametrize("role", ROLES)
async def test_only_administrators_change_menus(office: Office, role: str) -> None:
    menu = await office.made("Main")
    office.who = f"{role}@a"
    may = role in ("owner", "administrator")
    assert (await office.ask("POST", MENUS, {"name": f"By {role}"}))[0] == (201 if may else 403)
    assert (await office.ask("PUT", f"{MENUS}/{menu['id']}", {"name": "Main"}))[0] == (200 if may else 403)
    assert (await office.ask("PUT", f"{MENUS}/{menu['id']}/main"))[0] == (200 if may else 403)
    simulated = await office.ask("POST", f"{MENUS}/simulate", {"number_id": office.number})
    assert simulated[0] == (200 if may else 403)
    assert (await office.ask("GET", MENUS))[0] == (403 if role == "guest" else 200)
    answer = await office.client.get("/menus", headers=office.house.headers(office.who))
    assert answer.status == (200 if may else 403)
    assert (await office.ask("DELETE", f"{MENUS}/{menu['id']}"))[0] == (200 if may else 403)
    office.who = "owner@b"
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("PUT", "/main")):
        body = {"name": "x"} if method == "PUT" and not path else None
        assert (await office.ask(method, f"{MENUS}/{menu['id']}{path}", body))[0] == 404
    assert (await office.ask("POST", f"{MENUS}/simulate", {"number_id": office.number}))[0] == 404


async def test_a_simulated_caller_is_told_what_cannot_be_tried(office: Office) -> None:
    menu = await office.made("Alone", timeout={"kind": "queue", "id": office.sales}, repeats=0)
    simulate = f"{MENUS}/simulate"
    for wrong in (
        {"caller": "abc"},
        {"keys": ["12"]},
        {"keys": ["x"]},
        {"keys": ["1"] * 41},
        {"at": "yesterday"},
        {"at": "0001-01-01T00:00"},
    ):
        assert (await office.ask("POST", simulate, {"number_id": office.number, **wrong}))[0] == 422
    assert (await office.ask("POST", simulate, {}))[0] == 404
    # A menu that no number leads to yet is tried by itself.
    tried = await office.tried(number_id=None, menu_id=menu["id"])
    assert [one["text"] for one in tried["path"]] == ["Alone, no key", "Sales"]
    assert tried["ways"] == [f"menu:{menu['id']}", f"{menu['id']}:"]
    nobody = await office.tried(number_id=None, menu_id=menu["id"], answered=False)
    assert nobody["answer"] == "The caller waits in “Sales” until somebody is free."
    async with office.services.db.business(office.business) as session:
        names = (await looking.look(session)).names()
        found = await trying.run(session, office.business, TryBody(number_id=office.number), names, NOW)
    assert found.at == NOW
    assert Goal(kind="hangup").kind == "hangup"
