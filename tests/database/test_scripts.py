"""Scripts over the API and on their pages: who may what, which one opens in a call, how the talk ended."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import update

from callcenter.core.clock import FixedClock
from callcenter.core.events import CallUpdated
from callcenter.features.accounts import api as accounts
from callcenter.features.calls.models import CallRecord
from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import api as privacy
from callcenter.features.scripts import api as scripts
from callcenter.features.scripts.usecases import belonging
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from tests.support import house as houses
from tests.support import mailing
from tests.support.call_log import AT, CLIENT, answered, call, line, save
from tests.support.house import House
from tests.support.smtp import smtp_sink

Client = TestClient[Any, Any]
API = "/api/v1/scripts"
OUTCOMES = [{"title": "Согласен", "kind": "success", "comment": "Молодец"}, {"title": "Отказ", "kind": "refusal"}]
TEXT = '<p>Здравствуйте! <a href="#Да">да</a></p><h3 data-anchor="Да">Да</h3>'


async def make(client: Client, house: House, name: str = "Продажа", *, status: int = 201, **more: Any) -> Any:
    body = {"name": name, "kind": "in", "text": TEXT, "outcomes": OUTCOMES} | more
    made = await client.post(API, json=body, headers=house.headers("supervisor@a"))
    assert made.status == status, await made.text()
    return await made.json()


async def opened(client: Client, house: House, call_id: str = "1772442000.1", who: str = "operator@a") -> Any:
    answer = await client.get(f"/api/v1/calls/{call_id}/script", headers=house.headers(who))
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def say(client: Client, house: House, who: str = "operator@a", call_id: str = "1772442000.1", **body: Any) -> Any:
    return await client.put(f"/api/v1/calls/{call_id}/outcome", json=body, headers=house.headers(who))


@pytest.fixture
async def talk(db: Database, house: House) -> str:
    """A call that the operator took and that is over; gives its id."""
    operator = house.people["operator@a"].agent_id
    assert operator is not None
    await save(db, answered(house.businesses["a"], operator))
    return "1772442000.1"


@pytest.mark.rule("OUT-26", "OUT-27")
async def test_a_script_is_made_changed_copied_and_put_away(
    client: Client, services: Services, house: House, db: Database
) -> None:
    business, operator = house.businesses["a"], house.people["operator@a"].agent_id
    number = await line(db, business)
    made = await make(client, house, numbers=[number], everybody=False, agents=[operator])
    assert (made["agents"], made["numbers"]) == ([operator], [number])
    assert made["text"] == TEXT.replace('">да', '" rel="noopener noreferrer">да')
    assert [(one["title"], one["kind"], one["comment"]) for one in made["outcomes"]] == [
        ("Согласен", "success", "Молодец"),
        ("Отказ", "refusal", ""),
    ]
    assert (made["skip_allowed"], made["autodial"]) == (True, False)
    for wrong, field in (
        ({"name": " "}, "name"),
        ({"name": "продажа"}, "name"),
        ({"name": "x", "everybody": False}, "agents"),
        ({"name": "x", "everybody": False, "agents": [house.people["operator@b"].agent_id]}, "agents"),
        ({"name": "x", "numbers": [999]}, "numbers"),
        ({"name": "x", "questionnaire_id": 999}, "questionnaire_id"),
        ({"name": "x", "outcomes": [{"title": "x", "comment": "x" * 51}]}, "outcome-0"),
        ({"name": "x", "outcomes": [], "skip_allowed": False}, "skip_allowed"),
    ):
        assert set((await make(client, house, status=422, **wrong))["error"]["fields"]) == {field}
    head = house.headers("supervisor@a")
    copied = await (await client.post(f"{API}/{made['id']}/copy", headers=head)).json()
    assert copied["name"] == "Продажа (копия)"
    assert {one["id"] for one in copied["outcomes"]}.isdisjoint(one["id"] for one in made["outcomes"])
    changed = {**made, "name": "Опрос", "kind": "out", "autodial": True, "skip_allowed": False, "everybody": True}
    changed["outcomes"] = [made["outcomes"][1]]
    answer = await client.put(f"{API}/{made['id']}", json=changed, headers=head)
    now = await answer.json()
    assert (now["kind"], now["numbers"], now["agents"], now["autodial"], now["skip_allowed"]) == (
        "out", [], [], True, False,
    )  # fmt: skip
    assert [one["title"] for one in now["outcomes"]] == ["Отказ"]
    assert (await client.post(f"{API}/{made['id']}/archive", headers=head)).status == 200
    async with services.db.business(business) as session:
        assert [one.name for one in await scripts.choices(session)] == ["Продажа (копия)"]
        found = await scripts.script(session, made["id"])
        assert found is not None
        assert found.archived
    assert not (await (await client.post(f"{API}/{made['id']}/restore", headers=head)).json())["archived"]
    assert (await client.delete(f"{API}/{made['id']}", headers=head)).status == 204
    assert (await client.get(f"{API}/{made['id']}", headers=head)).status == 404


async def test_only_supervisors_and_up_change_scripts_and_only_their_own(client: Client, house: House) -> None:
    made = await make(client, house)
    for role, status in (("operator", 403), ("guest", 403), ("supervisor", 200), ("administrator", 200)):
        assert (await client.get(API, headers=house.headers(f"{role}@a"))).status == status
    other = house.headers("administrator@b")
    assert (await (await client.get(API, headers=other)).json()) == {"scripts": []}
    assert (await client.delete(f"{API}/{made['id']}", headers=other)).status == 404


@pytest.mark.rule("INB-33", "OUT-24")
async def test_the_bound_script_opens_while_it_rings(
    client: Client, services: Services, house: House, db: Database
) -> None:
    business, operator = house.businesses["a"], house.people["operator@a"].agent_id
    number, other = await line(db, business), await line(db, business, "+74950000002")
    await make(client, house, "Любой номер")
    bound = await make(client, house, "Продажа", numbers=[number])
    await make(client, house, "Другой номер", numbers=[other])
    await make(client, house, "Звонки клиентам", kind="out")
    ringing = call(business, state="ringing", number_id=number, rung=(operator,))
    services.bus.publish(CallUpdated(at=AT, call=ringing, what="rang"))
    found = await opened(client, house)
    assert found["script"]["id"] == bound["id"]
    assert [one["name"] for one in found["scripts"]] == ["Продажа", "Любой номер"]
    # Only who talks says how it ended.
    assert found["writable"] is False
    refused = await say(client, house, script_id=bound["id"], outcome_id=bound["outcomes"][0]["id"])
    assert refused.status == 403
    stranger = await client.get("/api/v1/calls/1772442000.1/script", headers=house.headers("operator@b"))
    assert stranger.status == 404
    outside = {"direction": "out", "from_number": "+74950000001", "to_number": CLIENT}
    dialled = call(business, "1772442000.9", agent_id=operator, **outside)
    services.bus.publish(CallUpdated(at=AT, call=dialled, what="started"))
    found = await opened(client, house, "1772442000.9")
    assert (found["script"]["name"], found["writable"]) == ("Звонки клиентам", True)
    inside = call(business, "1772442000.8", direction="internal", agent_id=operator, from_number="104", to_number="103")
    services.bus.publish(CallUpdated(at=AT, call=inside, what="started"))
    assert (await opened(client, house, "1772442000.8"))["script"] is None


async def test_what_an_agent_chooses_opens_in_his_next_calls_of_this_number(
    client: Client, services: Services, house: House, db: Database
) -> None:
    business, operator = house.businesses["a"], house.people["operator@a"].agent_id
    number, other = await line(db, business), await line(db, business, "+74950000002")
    first, second = await make(client, house, "Первый"), await make(client, house, "Второй")
    for n, line_id in ((1, number), (2, number), (3, other)):
        services.bus.publish(
            CallUpdated(at=AT, call=call(business, f"1.{n}", number_id=line_id, rung=(operator,)), what="rang")
        )
    path = "/api/v1/calls/1.1/script"
    assert (await opened(client, house, "1.1"))["script"]["id"] == second["id"]
    chosen = await client.put(path, json={"script_id": first["id"]}, headers=house.headers("operator@a"))
    assert (await chosen.json())["script"]["id"] == first["id"]
    assert (await opened(client, house, "1.2"))["script"]["id"] == first["id"]
    assert (await opened(client, house, "1.3"))["script"]["id"] == second["id"]
    out = await make(client, house, "Не для входящих", kind="out")
    refused = await client.put(path, json={"script_id": out["id"]}, headers=house.headers("operator@a"))
    assert refused.status == 422


@pytest.mark.rule("OUT-26")
async def test_how_a_talk_ended_is_kept_shown_and_changed_the_same_day(
    client: Client, services: Services, house: House, clock: FixedClock, talk: str
) -> None:
    script = await make(client, house)
    yes, no = (one["id"] for one in script["outcomes"])
    kept = await say(client, house, script_id=script["id"], outcome_id=yes, comment="Ждёт договор")
    assert (await kept.json())["result"]["title"] == "Согласен"
    listed = await (await client.get("/api/v1/calls", headers=house.headers("operator@a"))).json()
    (shown,) = listed["calls"][0]["outcomes"]
    assert (shown["title"], shown["kind"], shown["comment"], shown["agent"]["name"]) == (
        "Согласен", "success", "Ждёт договор", "Operator A",
    )  # fmt: skip
    page = await (await client.get(f"/calls/{talk}", headers=house.headers("supervisor@a"))).text()
    assert "Согласен" in page
    assert "Ждёт договор" in page
    assert "data-script-of" not in page
    mine = await (await client.get(f"/calls/{talk}", headers=house.headers("operator@a"))).text()
    assert "data-script-of" in mine
    async with services.db.business(house.businesses["a"]) as session:
        found = await contacts.find_by_number(session, CLIENT)
        assert found is not None
        result = await scripts.result_of(session, talk)
        assert result is not None
        assert (result.kind, result.outcome_id, result.agent_id) == (
            "success",
            yes,
            house.people["operator@a"].agent_id,
        )
    history = await client.get(f"/api/v1/contacts/{found.id}/history", headers=house.headers("supervisor@a"))
    (entry,) = [one for one in (await history.json())["entries"] if one["kind"] == "call"]
    assert entry["data"]["outcomes"][0]["title"] == "Согласен"
    # Nobody else, nothing of another script, nothing too long.
    assert (await say(client, house, "supervisor@a", script_id=script["id"], outcome_id=no)).status == 403
    assert (await say(client, house, script_id=script["id"], outcome_id=999)).status == 422
    strange = (await make(client, house, "Другой"))["outcomes"][0]["id"]
    assert (await say(client, house, script_id=script["id"], outcome_id=strange)).status == 422
    assert (await say(client, house, script_id=script["id"], outcome_id=no, comment="x" * 501)).status == 422
    # Moscow's midnight is at 21:00 UTC.
    clock.advance(11.9 * 3600)
    assert (await say(client, house, script_id=script["id"], outcome_id=no, comment="")).status == 200
    clock.advance(0.2 * 3600)
    late = await say(client, house, script_id=script["id"], outcome_id=yes)
    assert (late.status, (await late.json())["error"]["code"]) == (409, "too_late")
    assert (await opened(client, house))["writable"] is False
    assert (await opened(client, house))["result"]["title"] == "Отказ"


async def test_a_call_that_goes_on_gets_its_row_first(client: Client, services: Services, house: House) -> None:
    operator = house.people["operator@a"].agent_id
    script = await make(client, house)
    mine = {"agent_id": operator, "agents": (operator,), "rung": (operator,)}
    now = call(house.businesses["a"], state="talking", answered_at=AT + 2, **mine)
    services.bus.publish(CallUpdated(at=AT, call=now, what="answered"))
    kept = await say(client, house, script_id=script["id"], outcome_id=script["outcomes"][0]["id"])
    assert kept.status == 200, await kept.text()
    async with services.db.business(house.businesses["a"]) as session:
        assert (await scripts.results(session, ["1772442000.1"])).keys() == {"1772442000.1"}


async def test_results_keep_their_words_when_the_script_changes(client: Client, house: House, talk: str) -> None:
    script = await make(client, house)
    yes = script["outcomes"][0]
    await say(client, house, script_id=script["id"], outcome_id=yes["id"])
    head, path = house.headers("supervisor@a"), f"{API}/{script['id']}"
    script["outcomes"] = [{**yes, "title": "Купил"}, script["outcomes"][1]]
    changed = await (await client.put(path, json=script, headers=head)).json()
    assert [one["title"] for one in changed["outcomes"]] == ["Купил", "Отказ"]
    found = await opened(client, house)
    assert found["result"]["title"] == "Согласен"
    assert [one["title"] for one in found["script"]["outcomes"]] == ["Купил", "Отказ", "Согласен"]
    # A script with results is put away, not deleted; what was said stays.
    assert (await client.delete(path, headers=head)).status == 409
    assert (await client.post(f"{path}/archive", headers=head)).status == 200
    assert (await opened(client, house))["result"]["title"] == "Согласен"


async def test_what_uses_a_script_keeps_it(client: Client, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from callcenter.features.scripts.usecases import using

    async def lists(session: Any, script_id: int) -> list[str]:
        return ["Осенний обзвон"]

    script = await make(client, house)
    monkeypatch.setattr(using, "_users", [])
    scripts.add_user(lists)
    head = house.headers("supervisor@a")
    for method, path in (("POST", f"{API}/{script['id']}/archive"), ("DELETE", f"{API}/{script['id']}")):
        refused = await client.request(method, path, headers=head)
        assert (refused.status, "Осенний обзвон" in await refused.text()) == (409, True)


async def test_words_about_a_client_follow_him_and_go_with_him(
    client: Client, services: Services, house: House, talk: str
) -> None:
    script = await make(client, house)
    await say(client, house, script_id=script["id"], outcome_id=script["outcomes"][0]["id"], comment="Тайна")
    business = house.businesses["a"]
    async with services.db.business(business) as session:
        card = await contacts.find_by_number(session, CLIENT)
        assert card is not None
        person = privacy.Person(card.id, None, "", (CLIENT,), (), ())
        held = await belonging.held(services, session, person)
    assert held.data["outcomes"][0]["comment"] == "Тайна"
    await belonging.erase_person(services, business, person)
    found = await opened(client, house)
    assert (found["result"]["title"], found["result"]["comment"]) == ("Согласен", "")


async def test_the_pages_keep_what_was_typed(client: Client, services: Services, house: House) -> None:
    csrf = await houses.sign_in(client, "supervisor@a.example")
    page = await (await client.get("/scripts/new")).text()
    assert 'name="skip_allowed" value="1" checked' in page
    form = [
        ("_csrf", csrf), ("name", ""), ("kind", "in"), ("everybody", "1"), ("text", '<p>Текст<img src="x"></p>'),
        ("o", "new1"), ("title-new1", "Первый"), ("comment-new1", "x" * 51), ("kind-new1", "success"),
        ("o", "new2"), ("title-new2", ""), ("comment-new2", ""), ("kind-new2", "none"), ("skip_allowed", "1"),
    ]  # fmt: skip
    refused = await client.post("/scripts", data=form)
    text = await refused.text()
    assert (refused.status, "<p>Текст</p>" in text, "x" * 51 in text, "<img" in text) == (422, True, True, False)
    form[1], form[7] = ("name", "Скрипт"), ("comment-new1", "хорошо")
    assert (await client.post("/scripts", data=form, allow_redirects=False)).status == 303
    (made,) = (await (await client.get(API)).json())["scripts"]
    assert (made["name"], made["outcomes"]) == ("Скрипт", 1)
    copied = await client.post(f"/scripts/{made['id']}/copy", data={"_csrf": csrf})
    assert "Скрипт (копия)" in await copied.text()
    for act in ("archive", "restore"):
        done = await client.post(f"/scripts/{made['id']}/{act}", data={"_csrf": csrf}, allow_redirects=False)
        assert done.status == 303


# --- the letter of a script -----------------------------------------------------------------------------------------


LETTER = {"allowed": True, "subject": "Для %FULLNAME%", "text": "<p>%FIRSTNAME%, вот <b>цены</b></p>", "files": []}


@pytest.mark.rule("OUT-32")
async def test_the_scripts_letter_is_sent_with_one_press_after_the_call(
    client: Client, services: Services, house: House, db: Database, talk: str
) -> None:
    business = house.businesses["a"]
    await mailing.ivan(services, business, phone=CLIENT)
    async with db.business(business) as session:
        found = await contacts.find_by_number(session, CLIENT)
        assert found is not None
        await session.execute(update(CallRecord).where(CallRecord.id == talk).values(contact_id=found.id))
    async with smtp_sink() as sink:
        await mailing.server(client, house, sink)
        file = await mailing.upload(client, house, "КП.pdf", b"%PDF", "supervisor@a")
        made = await make(client, house, letter=LETTER | {"files": [file["id"]]})
        offer = (await opened(client, house))["letter"]
        assert offer["ready"]
        assert (offer["subject"], offer["sent"]) == ("Для %FULLNAME%", [])
        assert [one["address"] for one in offer["addresses"]] == [mailing.TO]
        body = {"script_id": made["id"], "to": mailing.TO}
        sent = await client.post(f"/api/v1/calls/{talk}/letter", json=body, headers=house.headers("operator@a"))
        assert sent.status == 200, await sent.text()
        (one,) = (await sent.json())["sent"]
        await mailing.settled(services, business, one["id"])
        twice = await client.post(f"/api/v1/calls/{talk}/letter", json=body, headers=house.headers("operator@a"))
        assert (twice.status, (await twice.json())["error"]["code"]) == (409, "twice")
        to, letter = sink.letters[0]
        assert (to, str(letter["Subject"])) == (mailing.TO, "Для Сидоров Иван Петрович")
        assert letter.get_body(("plain",)).get_content().strip() == "Иван, вот цены"  # type: ignore[union-attr]
        assert [part.get_filename() for part in letter.iter_attachments()] == ["КП.pdf"]
        (shown,) = (await opened(client, house))["letter"]["sent"]
        assert (shown["state"], shown["to"]) == ("sent", mailing.TO)
        # Without the tick there is nothing to send.
        await client.put(f"{API}/{made['id']}", json=made | {"letter": {}}, headers=house.headers("supervisor@a"))
        assert (await opened(client, house))["letter"]["subject"] == ""
        body["again"] = True
        gone = await client.post(f"/api/v1/calls/{talk}/letter", json=body, headers=house.headers("operator@a"))
        assert gone.status == 404


async def test_only_who_talked_sends_the_letter_and_on_that_day(
    client: Client, services: Services, house: House, talk: str
) -> None:
    made = await make(client, house, letter=LETTER)
    body = {"script_id": made["id"], "to": mailing.TO}
    path = f"/api/v1/calls/{talk}/letter"
    assert (await client.post(path, json=body, headers=house.headers("supervisor@a"))).status == 403
    assert (await client.post(path, json=body, headers=house.headers("operator@b"))).status == 404
    no_server = await client.post(path, json=body, headers=house.headers("operator@a"))
    assert (await no_server.json())["error"]["code"] == "no_server"
    clock = services.clock
    assert isinstance(clock, FixedClock)
    clock.advance(86_400)
    late = await client.post(path, json=body, headers=house.headers("operator@a"))
    assert (await late.json())["error"]["code"] == "too_late"


async def test_a_letter_that_cannot_be_kept_is_told_by_its_fields(client: Client, house: House) -> None:
    for wrong, field in (
        ({"allowed": True, "text": "<p>x</p>"}, "letter_subject"),
        ({"allowed": True, "subject": "x"}, "letter_text"),
        ({"files": [999]}, "letter_files"),
    ):
        assert set((await make(client, house, status=422, letter=wrong))["error"]["fields"]) == {field}
    kept = await make(client, house, letter={"text": "<p onclick=x>Черновик</p>"})
    assert kept["letter"] == {"allowed": False, "subject": "", "text": "<p>Черновик</p>", "files": []}


@pytest.mark.rule("OUT-23")
async def test_a_script_sends_by_a_mail_server_that_the_settings_allow(
    client: Client, services: Services, house: House, talk: str
) -> None:
    business, head = house.businesses["a"], house.headers("administrator@a")
    async with smtp_sink() as main, smtp_sink() as bound:
        await mailing.server(client, house, main, name="Основной")
        closed = await mailing.server(client, house, bound, name="Закрытый")
        refused = await make(client, house, letter=LETTER, server_id=closed["id"], status=422)
        assert set(refused["error"]["fields"]) == {"server_id"}
        body = {key: closed[key] for key in ("name", "host", "port", "security", "from_address")}
        address = f"{mailing.SERVERS}/{closed['id']}"
        assert (await client.put(address, json=body | {"in_scripts": True}, headers=head)).status == 200
        made = await make(client, house, letter=LETTER, server_id=closed["id"])
        assert made["server_id"] == closed["id"]
        # It is not taken away under the script.
        taken = await client.put(address, json=body, headers=head)
        assert taken.status == 409
        assert "Продажа" in (await taken.json())["error"]["message"]
        assert (await client.delete(address, headers=head)).status == 409
        letter = {"script_id": made["id"], "to": mailing.TO}
        sent = await client.post(f"/api/v1/calls/{talk}/letter", json=letter, headers=house.headers("operator@a"))
        await mailing.settled(services, business, (await sent.json())["sent"][0]["id"])
        assert [to for to, _ in bound.letters] == [mailing.TO]
        assert main.letters == []
    csrf = await houses.sign_in(client, "supervisor@a.example")
    page = await (await client.get(f"/scripts/{made['id']}")).text()
    assert "Закрытый" in page
    assert "Основной, sales@example.com" not in page
    data = {"name": "Продажа", "kind": "in", "letter_allowed": "1", "letter_subject": "", "_csrf": csrf}
    wrong = await client.post(f"/scripts/{made['id']}", data=data)
    assert wrong.status == 422


async def test_a_copied_script_keeps_its_letter_with_the_files(client: Client, house: House) -> None:
    file = await mailing.upload(client, house, "КП.pdf", b"%PDF", "supervisor@a")
    made = await make(client, house, letter=LETTER | {"files": [file["id"]]})
    copied = await client.post(f"{API}/{made['id']}/copy", headers=house.headers("administrator@a"))
    found = await copied.json()
    assert found["letter"] == made["letter"]
    assert (await client.delete(f"{API}/{made['id']}", headers=house.headers("administrator@a"))).status == 204
    kept = await client.get(f"/api/v1/mail-files/{file['id']}", headers=house.headers("operator@a"))
    assert kept.status == 200


@pytest.mark.rule("OUT-35")
async def test_scripts_are_there_on_two_plans_only(client: Client, services: Services, house: House, talk: str) -> None:
    business, head = house.businesses["a"], house.headers("supervisor@a")
    made = await make(client, house, letter=LETTER)

    async def on(plan: str) -> None:
        async with services.db.system() as session:
            await accounts.set_setting(session, business, "plan", plan)

    for plan in ("skorozvon", "premium"):
        await on(plan)
        assert (await client.get(API, headers=head)).status == 200
        assert (await opened(client, house))["script"]["id"] == made["id"]
    await on("basic")
    for method, path in (
        ("GET", API),
        ("POST", API),
        ("PUT", f"{API}/{made['id']}"),
        ("POST", f"{API}/{made['id']}/copy"),
    ):
        refused = await client.request(method, path, json=made, headers=head)
        assert (refused.status, (await refused.json())["error"]["code"]) == (403, "plan"), path
    # No script opens, none can be chosen or used.
    found = await opened(client, house)
    assert (found["script"], found["scripts"], found["letter"]) == (None, [], None)
    said = await say(client, house, script_id=made["id"], outcome_id=made["outcomes"][0]["id"])
    assert said.status == 422
    body = {"script_id": made["id"], "to": mailing.TO}
    sent = await client.post(f"/api/v1/calls/{talk}/letter", json=body, headers=house.headers("operator@a"))
    assert (await sent.json())["error"]["code"] == "plan"
    async with services.db.business(business) as session:
        assert await scripts.choices(session) == []
    await houses.sign_in(client, "supervisor@a.example")
    page = await client.get("/scripts")
    assert page.status == 403
    assert "«Премиум»" in await page.text()
    # The other company has its own plan.
    assert (await client.get(API, headers=house.headers("supervisor@b"))).status == 200
