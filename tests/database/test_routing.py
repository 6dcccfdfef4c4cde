"""Drafts, versions and checks of the routing: what is staged, shown, refused, thrown away and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import update

from callcenter.core.events import ConfigChanged, RoutingDrafted
from callcenter.features.dialplan import handlers, queries
from callcenter.features.dialplan.usecases import applying, canary, rendering, staging
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.numbers.models import Number, Trunk
from callcenter.features.queues import api as queues
from callcenter.plugin import Services
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config import proof
from tests.support.house import NOW, FakeTelephony, House

Client = TestClient[Any, Any]
API = "/api/v1/routing"
SECRET = "trunk-Secret-99"


class Asterisk:
    """Answers the questions of an apply from the files; ``refuses`` makes it stay with what it had."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.refuses = False
        self.had: dict[str, str] = {}

    def files(self) -> dict[str, str]:
        etc = Instance.from_settings(self.services.settings).etc
        return {file.name: file.read_text("utf-8") for file in etc.glob("*.conf")}

    async def command(self, line: str) -> list[str]:
        if line.endswith("reload") and not self.refuses:
            self.had = self.files()
        if line.startswith("dialplan show"):
            return [f"  '{proof.marked(self.had)}' =>  1. NoOp()"]
        if line == "queue show":
            names = [row[1:-1] for row in self.files()["queues.conf"].splitlines() if row.startswith("[q")]
            return [f"{name} has 0 calls (max unlimited)" for name in names]
        return []

    async def variable(self, name: str, channel: str = "") -> str:
        return "NOT_INUSE"


@pytest.fixture
def asterisk(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asterisk:
    """An Asterisk that takes everything; the test call is shown by tests with a real one."""
    services.settings = msgspec.structs.replace(services.settings, asterisk_dir=tmp_path / "asterisk")
    found = Asterisk(services)
    monkeypatch.setattr(services.telephony.gateway, "command", found.command)
    monkeypatch.setattr(services.telephony.gateway, "variable", found.variable)
    monkeypatch.setattr(applying, "_LOG_LAG", 0.0)

    async def well(*_: Any) -> dict[str, Any]:
        return {"number": "1", "steps": [["ring", "q1"]]}

    monkeypatch.setattr(canary, "call", well)
    return found


@pytest.fixture
async def ids(asterisk: Asterisk, services: Services, house: House) -> dict[str, int]:
    """A number that leads into a menu, a queue, a trunk; all of it live."""
    business = house.businesses["a"]
    async with services.db.business(business) as session:
        trunk = await numbers.create_trunk(
            session, business_id=business, name="Line", host="192.0.2.1", username="u", password=SECRET, at=NOW
        )
        queue = await queues.create(session, business_id=business, name="Продажи", at=NOW)
        await queues.set_members(session, queue.id, [house.people["operator@a"].agent_id or 0])
        menu = await ivr.create_menu(
            session, business_id=business, name="Меню", prompt="demo-support", at=NOW, keys={"1": ("queue", queue.id)}
        )
        number = await numbers.create_number(
            session, business_id=business, e164="+74951234567", target_kind="menu", target_id=menu.id, at=NOW
        )
    await handlers.on_config(services, ConfigChanged(at=0, business_id=business, what="numbers"))
    return {"trunk": trunk, "queue": queue.id, "menu": menu.id, "number": number.id, "business": business}


async def change(services: Services, ids: dict[str, int], kind: Any, name: str, **values: Any) -> None:
    """Changes a row of the draft."""
    async with services.db.business(ids["business"]) as session:
        await session.execute(update(kind).where(kind.id == ids[name]).values(**values))


async def ask(client: Client, house: House, method: str, path: str, who: str = "administrator@a", **body: Any) -> Any:
    """A request to the API: status and answer."""
    answer = await client.request(
        method, API + path, json=body or None, headers={**house.headers(who), "Accept-Language": "en"}
    )
    return answer.status, await answer.json()


def dialplan(services: Services) -> str:
    """What Asterisk's file says."""
    return (Instance.from_settings(services.settings).etc / "extensions.conf").read_text("utf-8")


@pytest.mark.rule("DPL-02")
async def test_a_change_is_heard_only_after_an_apply(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    path = f"/api/v1/numbers/{ids['number']}"
    body = {"takers": "target", "target_kind": "queue", "target_id": ids["queue"]}
    assert (await client.patch(path, json=body, headers=house.headers("administrator@a"))).status == 200
    await services.bus.settle()
    before = dialplan(services)
    assert f"Goto(menu-{ids['menu']},s,1)" in before.split(f"[number-{ids['number']}]")[1].split("\n[")[0]
    status, view = await ask(client, house, "GET", "")
    assert status == 200
    assert [(c["section"], c["kind"], c["title"]) for c in view["changes"]] == [
        ("numbers", "changed", "+7 (495) 123-45-67")
    ]
    (field,) = view["changes"][0]["fields"]
    assert "Меню" in field["before"]
    assert "Продажи" in field["after"]
    _, found = await ask(client, house, "GET", "/diff")
    signs = [(one["kind"], one["text"].strip()) for one in found["lines"]]
    assert ("plus", f"same => n,Goto(queue-{ids['queue']},s,1)") in signs
    status, version = await ask(client, house, "POST", "/apply", note="Полдень")
    assert (status, version["state"], version["note"], version["by"]) == (200, "applied", "Полдень", "Administrator A")
    assert dialplan(services) != before
    assert (await ask(client, house, "GET", ""))[1]["changes"] == []
    assert (await ask(client, house, "POST", "/apply"))[0] == 409


@pytest.mark.rule("DPL-02")
async def test_a_fault_is_named_and_keeps_the_draft_from_being_applied(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    before = dialplan(services)
    # The queue that a key of the menu points to is gone.
    async with services.db.business(ids["business"]) as session:
        found = await queues.by_ids(session, [ids["queue"]])
        assert found
        await queues.put_back(session, ids["business"], [])
    _, view = await ask(client, house, "GET", "")
    errors = [(one["section"], one["title"], one["text"]) for one in view["findings"] if one["severity"] == "error"]
    assert errors == [("menus", "Меню", "Клавиша 1: ведёт в очередь, которой больше нет.")]
    status, said = await ask(client, house, "POST", "/apply")
    assert (status, said["error"]["code"]) == (409, "has_errors")
    assert "Клавиша 1: ведёт в очередь, которой больше нет." in said["error"]["message"]
    assert dialplan(services) == before
    async with services.db.business(ids["business"]) as session:
        assert await queries.last_number(session) == 1, "no version was made"


@pytest.mark.rule("DPL-02")
async def test_what_asterisk_refuses_is_rolled_back_and_the_reason_is_shown(
    client: Client, asterisk: Asterisk, services: Services, house: House, ids: dict[str, int]
) -> None:
    before = asterisk.files()
    await change(services, ids, Number, "number", greeting="demo-support")
    asterisk.refuses = True
    status, said = await ask(client, house, "POST", "/apply")
    assert (status, said["error"]["code"]) == (409, "rolled_back")
    assert asterisk.files() == before
    _, found = await ask(client, house, "GET", "/versions")
    newest, former = found["versions"][:2]
    assert (newest["state"], newest["live"], former["live"]) == ("rolled_back", False, True)
    assert newest["reason"] in said["error"]["message"]
    # The draft is still there to be mended.
    assert len((await ask(client, house, "GET", ""))[1]["changes"]) == 1


async def test_what_cannot_be_rendered_fails_and_nothing_is_written(
    client: Client, asterisk: Asterisk, services: Services, house: House, ids: dict[str, int]
) -> None:
    before = asterisk.files()
    await change(services, ids, Trunk, "trunk", host="bad host\nallow=all")
    status, said = await ask(client, house, "POST", "/apply")
    assert (status, said["error"]["code"]) == (409, "failed")
    assert "bad host" in said["error"]["message"]
    assert asterisk.files() == before


@pytest.mark.rule("DPL-03")
async def test_versions_say_who_when_and_what_and_come_back(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    await change(services, ids, Number, "number", target_kind="queue", target_id=ids["queue"])
    await ask(client, house, "POST", "/apply", note="Прямо в очередь")
    async with services.db.business(ids["business"]) as session:
        menu = await ivr.get(session, ids["menu"])
        assert menu is not None
        await ivr.put_back(session, ids["business"], [])
    status, _ = await ask(client, house, "POST", "/apply")
    assert status == 200
    status, version = await ask(client, house, "POST", "/versions/1/back")
    assert (status, version["number"], version["note"]) == (200, 4, "Version 1 brought back")
    async with services.db.business(ids["business"]) as session:
        number = await numbers.get(session, ids["number"])
        again = await ivr.get(session, ids["menu"])
    assert number is not None
    assert (number.target_kind, number.target_id) == ("menu", ids["menu"])
    assert again == menu, "a deleted menu is there again with its keys and its old id"
    _, found = await ask(client, house, "GET", "/versions")
    assert [(one["number"], one["by"]) for one in found["versions"]] == [
        (4, "Administrator A"), (3, "Administrator A"), (2, "Administrator A"), (1, ""),
    ]  # fmt: skip
    assert (await ask(client, house, "POST", "/versions/99/back"))[0] == 404
    assert (await ask(client, house, "POST", "/versions/4/back"))[0] == 422


async def test_the_draft_is_thrown_away_and_members_stay(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    await change(services, ids, Number, "number", greeting="demo-support")
    async with services.db.business(ids["business"]) as session:
        await queues.create(session, business_id=ids["business"], name="Лишняя", at=NOW)
        await queues.set_members(session, ids["queue"], [house.people["supervisor@a"].agent_id or 0])
    status, view = await ask(client, house, "DELETE", "/draft")
    assert (status, view["changes"]) == (200, [])
    async with services.db.business(ids["business"]) as session:
        number = await numbers.get(session, ids["number"])
        left = {one.name: [m.agent_id for m in one.members] for one in await queues.all_queues(session)}
    assert number is not None
    assert number.greeting == ""
    assert left == {"Продажи": [house.people["supervisor@a"].agent_id]}


async def test_a_free_number_that_somebody_took_meanwhile_does_not_come_back(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    ours, theirs = "+74958880001", "+74958880002"
    services.settings = msgspec.structs.replace(services.settings, number_pool=f"{ours},{theirs}")
    made = {}
    for e164 in (ours, theirs):
        taken = await client.post("/api/v1/numbers/take", json={"e164": e164}, headers=house.headers("owner@a"))
        made[e164] = (await taken.json())["id"]
    assert (await ask(client, house, "POST", "/apply"))[0] == 200
    for e164 in (ours, theirs):
        await client.delete(f"/api/v1/numbers/{made[e164]}", headers=house.headers("owner@a"))
    taken = await client.post("/api/v1/numbers/take", json={"e164": theirs}, headers=house.headers("owner@b"))
    assert taken.status == 201
    # Throwing the draft away would have both again.
    assert (await ask(client, house, "DELETE", "/draft"))[0] == 200
    async with services.db.business(ids["business"]) as session:
        there = {one.e164 for one in await numbers.all_numbers(session)}
    assert (ours in there, theirs in there) == (True, False)
    again = await client.post("/api/v1/numbers/take", json={"e164": ours}, headers=house.headers("owner@b"))
    assert again.status == 409


async def test_no_secret_is_shown(client: Client, services: Services, house: House, ids: dict[str, int]) -> None:
    fresh = "another-Secret-11"
    await change(services, ids, Trunk, "trunk", password=fresh)
    texts = [
        await (await client.get(API + path, headers=house.headers("administrator@a"))).text()
        for path in ("", "/diff", "/versions")
    ]
    page = await client.get("/routing", headers=house.headers("administrator@a"))
    look = await client.get("/routing/versions/1", headers=house.headers("administrator@a"))
    assert (page.status, look.status) == (200, 200)
    for text in [*texts, await page.text(), await look.text()]:
        assert SECRET not in text
        assert fresh not in text
    assert "Пароль" in texts[0]


async def test_save_and_apply_at_once_by_wish_or_by_the_companys_setting(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    path, admin = f"/api/v1/queues/{ids['queue']}", house.headers("administrator@a")
    await client.patch(path + "?apply=1", json={"max_wait": 120}, headers=admin)
    await services.bus.settle()
    assert (await ask(client, house, "GET", ""))[1]["live"]["number"] == 2
    assert (await ask(client, house, "PUT", "/setting", at_once=True))[0] == 200
    await client.patch(path, json={"max_wait": 60}, headers=admin)
    await services.bus.settle()
    _, view = await ask(client, house, "GET", "")
    assert (view["live"]["number"], view["live"]["by"], view["changes"]) == (3, "Administrator A", [])


async def test_figures_and_names_are_live_without_an_apply(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    path, admin = f"/api/v1/queues/{ids['queue']}", house.headers("administrator@a")
    await client.patch(path, json={"name": "Отдел", "answer_target": 33}, headers=admin)
    await services.bus.settle()
    assert services.telephony.directory.queues[ids["queue"]].answer_target == 33
    assert (await ask(client, house, "GET", "/progress"))[1]["changes"] == 0


async def test_only_who_may_applies_and_only_an_owner_writes_own_dialplan(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    for who in ("supervisor@a", "operator@a"):
        assert (await ask(client, house, "GET", "", who))[0] == 403
        assert (await ask(client, house, "POST", "/apply", who))[0] == 403
    assert (await ask(client, house, "PUT", "/own", "administrator@a", text="x"))[0] == 403
    status, view = await ask(client, house, "GET", "", "administrator@b")
    assert (status, view["live"]["number"], view["changes"]) == (200, 1, [])


@pytest.mark.rule("DPL-01")
async def test_own_dialplan_with_a_fault_says_its_line_and_leaves_asterisk_as_it_is(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    before = dialplan(services)
    prefix = f"own-{ids['business']}-"
    text = f"[{prefix}a]\nexten => 1,1,Answer()\n same => n,System(rm -rf /)\n"
    status, view = await ask(client, house, "PUT", "/own", "owner@a", text=text)
    assert status == 200
    assert [(one["id"], "System" in one["text"]) for one in view["findings"]] == [(3, True)]
    assert (await ask(client, house, "POST", "/apply"))[0] == 409
    assert dialplan(services) == before
    await ask(client, house, "PUT", "/own", "owner@a", text=text.replace("System(rm -rf /)", "Hangup()"))
    assert (await ask(client, house, "POST", "/apply"))[0] == 200
    assert f"[{prefix}a]" in dialplan(services)
    # It survives what programs apply; what somebody writes into Asterisk's own files does not.
    file = Instance.from_settings(services.settings).etc / "extensions.conf"
    file.write_text(dialplan(services).replace(f"[number-{ids['number']}]", "[by-hand]"), "utf-8")
    await handlers.on_config(services, ConfigChanged(at=0, business_id=ids["business"], what="numbers"))
    assert f"[{prefix}a]" in dialplan(services)
    assert f"[number-{ids['number']}]" in dialplan(services)
    assert "[by-hand]" not in dialplan(services)


async def test_people_and_phones_are_live_while_a_draft_waits(
    services: Services, house: House, ids: dict[str, int]
) -> None:
    await change(services, ids, Number, "number", target_kind="queue", target_id=ids["queue"])
    await handlers.on_config(services, ConfigChanged(at=0, business_id=ids["business"], what="devices"))
    assert f"Goto(menu-{ids['menu']},s,1)" in dialplan(services).split(f"[number-{ids['number']}]")[1]


async def test_a_line_goes_live_alone_while_a_draft_waits(
    services: Services, house: House, ids: dict[str, int]
) -> None:
    business = ids["business"]
    await change(services, ids, Number, "number", target_kind="queue", target_id=ids["queue"])
    async with services.db.business(business) as session:
        await session.execute(update(Trunk).where(Trunk.id == ids["trunk"]).values(host="192.0.2.77"))
        await numbers.bind_trunk(session, ids["number"], ids["trunk"])
        own = await numbers.create_trunk(session, business_id=business, name="PBX", host="192.0.2.9", at=NOW)
        await session.execute(update(Trunk).where(Trunk.id == own).values(number="+74957777777"))
        await numbers.add_for_all(session, business_id=business, e164="+74957777777", title="PBX", trunk_id=own, at=NOW)
        await numbers.create_number(session, business_id=business, e164="+74958888888", at=NOW)
    await handlers.on_config(services, ConfigChanged(at=0, business_id=business, what="trunks"))
    etc = Instance.from_settings(services.settings).etc
    assert "192.0.2.77" in (etc / "pjsip.conf").read_text("utf-8")
    # The line's own number works; neither the number that is only drafted nor the drafted target does.
    assert "+74957777777" in dialplan(services)
    assert "+74958888888" not in dialplan(services)
    assert f"Goto(menu-{ids['menu']},s,1)" in dialplan(services).split(f"[number-{ids['number']}]")[1]
    waiting = await staging.draft(services, business)
    assert {(one.section, one.id) for one in waiting.changes} >= {("numbers", ids["number"])}
    assert not [one for one in waiting.changes if one.section in ("trunks", "queues")]


async def test_a_server_that_died_in_an_apply_finds_the_former_version_live(
    services: Services, house: House, ids: dict[str, int]
) -> None:
    before = dialplan(services)
    await change(services, ids, Number, "number", greeting="demo-support")
    draft = await staging.draft(services, ids["business"])
    await staging._begin(services, ids["business"], draft, user_id=None, by="X", note="")
    await applying.recover(services)
    await rendering.apply_changes(services)
    async with services.db.business(ids["business"]) as session:
        version = await queries.version(session, 2)
        live = await queries.live_version(session)
    assert version is not None
    assert live is not None
    assert (version.state, live.number) == ("rolled_back", 1)
    assert dialplan(services) == before


async def test_a_field_of_a_later_release_is_no_change_and_is_kept(
    services: Services, house: House, ids: dict[str, int]
) -> None:
    async with services.db.business(ids["business"]) as session:
        live = await queries.live_version(session)
        assert live is not None
        document = dict(live.document)
        document["numbers"] = [
            {k: v for k, v in row.items() if k != "own_seconds"} | {"from_the_future": 1} for row in document["numbers"]
        ]
        live.document = document
    await staging.complete_versions(services)
    async with services.db.business(ids["business"]) as session:
        live = await queries.live_version(session)
    assert live is not None
    (row,) = live.document["numbers"]
    assert (row["own_seconds"], row["from_the_future"]) == (20, 1)


async def test_without_asterisk_nothing_is_applied(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    assert isinstance(services.telephony, FakeTelephony)
    services.telephony.is_up = False
    await change(services, ids, Number, "number", greeting="demo-support")
    assert (await ask(client, house, "POST", "/apply"))[0] == 503
    services.bus.publish(RoutingDrafted(at=0, business_id=ids["business"], what="numbers", now=True))
    await services.bus.settle()
    assert (await ask(client, house, "GET", ""))[1]["live"]["number"] == 1


@pytest.mark.rule("DPL-04")
async def test_a_simulated_caller_is_answered_in_words_and_as_a_path_without_a_call(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    body = {"number_id": ids["number"], "at": "2026-03-07T20:00", "keys": "1"}
    status, found = await ask(client, house, "POST", "/try", **body)
    assert status == 200
    assert [(one["kind"], one["text"]) for one in found["steps"]] == [
        ("menu", str(ids["menu"])),
        ("key", "1"),
        ("queue", str(ids["queue"])),
        ("end", "answered"),
    ]
    assert [one["said"] for one in found["steps"]] == [
        "Попадает в голосовое меню «Меню»",
        "Нажимает 1",
        "Ждёт в очереди «Продажи»",
        "Ему отвечают",
    ]
    page = await client.get(
        f"/routing/try?number_id={ids['number']}&at=2026-03-07T20:00&keys=-", headers=house.headers("administrator@a")
    )
    assert page.status == 200
    assert "Звонок завершается" in await page.text()
    assert (await ask(client, house, "POST", "/try", number_id=999))[0] == 404
    assert (await ask(client, house, "POST", "/try", **(body | {"keys": "x"})))[0] == 422
    assert (await ask(client, house, "POST", "/try", **(body | {"at": "soon"})))[0] == 422
    other = await ask(client, house, "POST", "/try", "administrator@b", **body)
    assert other[0] == 404


@pytest.mark.rule("DPL-04")
async def test_a_kept_way_is_looked_at_by_every_apply(
    client: Client, services: Services, house: House, ids: dict[str, int]
) -> None:
    body = {"number_id": ids["number"], "at": "2026-03-07T20:00", "keys": "1"}
    status, found = await ask(client, house, "POST", "/paths", **body)
    assert (status, len(found["paths"])) == (201, 1)
    # What no caller of this way meets may change.
    await change(services, ids, Number, "number", record=False)
    assert (await ask(client, house, "POST", "/apply"))[0] == 200
    before = dialplan(services)
    await change(services, ids, Number, "number", target_kind="queue", target_id=ids["queue"])
    status, said = await ask(client, house, "POST", "/apply")
    assert (status, said["error"]["code"]) == (409, "has_errors")
    assert "шаг" in said["error"]["message"]
    assert dialplan(services) == before
    await ask(client, house, "DELETE", f"/paths/{found['paths'][0]['id']}")
    assert (await ask(client, house, "POST", "/apply"))[0] == 200
