"""Questionnaires over the API and on their pages: who may what, how they are filled in, their report and files."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.clock import FixedClock
from callcenter.core.events import CallUpdated
from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import api as privacy
from callcenter.features.questionnaires.usecases import belonging
from callcenter.features.recordings.models import Recording
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from tests.support import house as houses
from tests.support.call_log import AT, CLIENT, answered, call, missed, save
from tests.support.house import NOW, House

Client = TestClient[Any, Any]
API = "/api/v1/questionnaires"
QUESTIONS = [
    {"kind": "one", "title": "Цвет?", "mandatory": True, "options": ["Белый", "Бурый"]},
    {"kind": "yesno", "title": "Дует?", "mandatory": True},
    {"kind": "text", "title": "Что улучшить?"},
]


async def make(client: Client, house: House, name: str = "Окна", *, status: int = 201, **more: Any) -> Any:
    body = {"name": name, "intro": "Два вопроса.", "questions": QUESTIONS} | more
    made = await client.post(API, json=body, headers=house.headers("administrator@a"))
    assert made.status == status, await made.text()
    return await made.json()


def values(made: Any, *given: Any) -> dict[str, Any]:
    """Values for the questions in their order."""
    pairs = zip(made["questions"], given, strict=False)
    return {str(question["id"]): value for question, value in pairs if value is not None}


async def fill(client: Client, house: House, made: Any, call_id: str, who: str = "operator@a", **body: Any) -> Any:
    path = f"/api/v1/calls/{call_id}/questionnaires/{made['id']}"
    return await client.put(path, json=body, headers=house.headers(who))


async def report(client: Client, house: House, made: Any, query: str = "") -> Any:
    answer = await client.get(f"{API}/{made['id']}/answers{query}", headers=house.headers("supervisor@a"))
    assert answer.status == 200, await answer.text()
    return await answer.json()


@pytest.fixture
async def operator(house: House) -> int:
    found = house.people["operator@a"].agent_id
    assert found is not None
    return found


@pytest.mark.rule("OUT-36")
async def test_only_administrators_make_change_and_delete(client: Client, house: House) -> None:
    made = await make(client, house)
    body = {"name": "Другая", "questions": QUESTIONS}
    for role, status in (("guest", 403), ("operator", 403), ("supervisor", 403), ("owner", 201)):
        head = house.headers(f"{role}@a")
        assert (await client.post(API, json={**body, "name": f"Анкета {role}"}, headers=head)).status == status
    for method, path in (("PUT", ""), ("DELETE", ""), ("POST", "/restore")):
        for role in ("operator", "supervisor"):
            head = house.headers(f"{role}@a")
            assert (await client.request(method, f"{API}/{made['id']}{path}", json=body, headers=head)).status == 403
        other = house.headers("administrator@b")
        assert (await client.request(method, f"{API}/{made['id']}{path}", json=body, headers=other)).status == 404
    head = house.headers("administrator@a")
    assert (await client.delete(f"{API}/{made['id']}", headers=head)).status == 204
    assert (await client.put(f"{API}/{made['id']}", json=body, headers=head)).status == 404
    assert (await (await client.post(f"{API}/{made['id']}/restore", headers=head)).json())["deleted"] is False
    assert set((await make(client, house, status=422))["error"]["fields"]) == {"name"}
    wrong = await make(client, house, "Пустая", status=422, questions=[{"kind": "one", "title": ""}])
    assert set(wrong["error"]["fields"]) == {"question-0", "options-0"}


@pytest.mark.rule("OUT-30")
async def test_one_questionnaire_serves_several_scripts_and_is_kept_while_they_ask_it(
    client: Client, services: Services, house: House, operator: int
) -> None:
    made, head = await make(client, house), house.headers("administrator@a")
    for name in ("Первый", "Второй"):
        body = {"name": name, "kind": "out", "questionnaire_id": made["id"]}
        assert (await client.post("/api/v1/scripts", json=body, headers=head)).status == 201
    listed = (await (await client.get(API, headers=head)).json())["questionnaires"]
    assert listed[0]["scripts"] == ["Второй", "Первый"]
    refused = await client.delete(f"{API}/{made['id']}", headers=head)
    assert (refused.status, "«Первый»" in await refused.text()) == (409, True)
    talk = call(house.businesses["a"], direction="out", agent_id=operator, to_number=CLIENT, from_number="+74950000001")
    services.bus.publish(CallUpdated(at=AT, call=talk, what="started"))
    opened = await client.get(f"/api/v1/calls/{talk.id}/script", headers=house.headers("operator@a"))
    form = (await opened.json())["form"]
    assert (form["name"], form["intro"], form["state"]) == ("Окна", "Два вопроса.", "")
    assert [one["mandatory"] for one in form["questions"]] == [True, True, False]


@pytest.mark.rule("OUT-36")
async def test_states_of_a_questionnaire_in_a_call(
    client: Client, house: House, db: Database, operator: int, clock: FixedClock
) -> None:
    made = await make(client, house)
    await save(db, answered(house.businesses["a"], operator, "1.1"))
    begun = await (await fill(client, house, made, "1.1", values=values(made, None, None, "Ставить быстрее"))).json()
    assert (begun["state"], begun["values"]) == ("open", values(made, None, None, "Ставить быстрее"))
    refused = await fill(client, house, made, "1.1", values=values(made, 1), state="done")
    error = (await refused.json())["error"]
    assert (refused.status, error["code"], set(error["fields"])) == (
        422,
        "unanswered",
        {str(made["questions"][1]["id"])},
    )
    assert "«Дует?»" in error["message"]
    wrong = await fill(client, house, made, "1.1", values=values(made, 9))
    assert set((await wrong.json())["error"]["fields"]) == {str(made["questions"][0]["id"])}
    # Postponed in one talk, it goes on in the next one with this client, whoever calls.
    later = await fill(client, house, made, "1.1", values=values(made, 2), state="postponed")
    assert (await later.json())["state"] == "postponed"
    supervisor = house.people["supervisor@a"].agent_id
    assert supervisor is not None
    await save(db, answered(house.businesses["a"], supervisor, "1.2"))
    path = f"/api/v1/calls/1.2/questionnaires/{made['id']}"
    again = await (await client.get(path, headers=house.headers("supervisor@a"))).json()
    assert (again["state"], again["values"]) == ("postponed", values(made, 2))
    done = await fill(client, house, made, "1.2", "supervisor@a", values=values(made, 2, "no"), state="done")
    assert (await done.json())["state"] == "done"
    assert (await report(client, house, made))["states"] == {"done": 1}
    # A completed one is complete for good; in another call the client is asked anew, and it is said when he was asked.
    await save(db, answered(house.businesses["a"], operator, "1.3"))
    anew = await (await client.get(path.replace("1.2", "1.3"), headers=house.headers("operator@a"))).json()
    assert (anew["state"], anew["values"], bool(anew["completed_at"])) == ("", {}, True)
    gone = await (await fill(client, house, made, "1.3", state="refused")).json()
    assert gone["state"] == "refused"
    assert (await fill(client, house, made, "1.2", "operator@a", state="done")).status in (403, 404)
    clock.advance(24 * 3600)
    assert (await fill(client, house, made, "1.3", state="done", values=values(made, 1, "yes"))).status == 409


@pytest.mark.rule("REC-09")
async def test_the_report_links_the_recording_of_the_last_talk(
    client: Client, house: House, db: Database, operator: int, clock: FixedClock
) -> None:
    made, business = await make(client, house), house.businesses["a"]
    await save(db, answered(business, operator, "1.1"), answered(business, operator, "1.2"))
    # The last call with the form: dialled, but nobody answered.
    unheard = {"state": "ended", "result": "no_answer", "ended_at": AT + 20, "rung": (operator,), "agent_id": operator}
    await save(db, call(business, "1.3", direction="out", to_number=CLIENT, from_number="+74950000001", **unheard))
    for call_id, state in (("1.1", "postponed"), ("1.2", "postponed"), ("1.3", "refused")):
        assert (await fill(client, house, made, call_id, values=values(made, 1), state=state)).status == 200
        clock.advance(60)
    async with db.business(business) as session:
        for n, call_id in enumerate(("1.1", "1.2"), 1):
            session.add(
                Recording(call_id=call_id, stem=f"r{n}", state="ready", duration=60.0, started_at=NOW, created_at=NOW)
            )
    (line,) = (await report(client, house, made))["lines"]
    assert (line["state"], line["call_id"], line["phone"]) == ("refused", "1.2", CLIENT)
    assert line["recording"]["url"].endswith("/audio")
    page = await (await client.get(f"/questionnaires/{made['id']}", headers=house.headers("supervisor@a"))).text()
    assert f'href="/calls/1.2" data-recording="{line["recording"]["id"]}"' in page


@pytest.mark.rule("OUT-38")
async def test_answers_are_filtered_summed_and_exported(
    client: Client, house: House, db: Database, operator: int, clock: FixedClock
) -> None:
    made, business = await make(client, house), house.businesses["a"]
    for n, given in enumerate(((1, "yes", "=1+1"), (2, "no", None), (2, "yes", None)), 1):
        await save(db, answered(business, operator, f"1.{n}", from_number=f"+7903118274{n}"))
        assert (await fill(client, house, made, f"1.{n}", values=values(made, *given), state="done")).status == 200
        clock.advance(60)
    found = await report(client, house, made)
    assert [(one["title"], one["answered"], one["counts"]) for one in found["questions"]] == [
        ("Цвет?", 3, [["Белый", 1], ["Бурый", 2]]),
        ("Дует?", 3, [["Yes", 2], ["No", 1]]),
        ("Что улучшить?", 1, []),
    ]
    assert [one["phone"] for one in found["lines"]] == [f"+7903118274{n}" for n in (3, 2, 1)]
    assert (await report(client, house, made, "?state=refused"))["total"] == 0
    assert (await report(client, house, made, f"?agent={operator}"))["total"] == 3
    assert (await report(client, house, made, "?to=2026-03-01"))["total"] == 0
    head = house.headers("supervisor@a")
    for wrong in ("?state=x", "?agent=x", "?from=2026-03-05&to=2026-03-01"):
        assert (await client.get(f"{API}/{made['id']}/answers{wrong}", headers=head)).status == 422
    typed = await client.get(f"/questionnaires/{made['id']}?from=x", headers=head)
    assert (typed.status, 'value="x"' in await typed.text()) == (422, True)
    listed = await (await client.get("/questionnaires", headers=head)).text()
    assert f'href="{API}/{made["id"]}/answers.xlsx' in listed
    file = await client.get(f"{API}/{made['id']}/answers.xlsx", headers=head)
    sheet = openpyxl.load_workbook(io.BytesIO(await file.read())).active
    assert sheet is not None
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[0][1:8] == ["Клиент", "Должность", "Телефон", "Эл. почта", "Состояние", "Скрипт", "Сотрудник"]
    assert rows[0][-3:] == ["Цвет?", "Дует?", "Что улучшить?"]
    assert rows[3][3] == "+79031182741"
    assert (rows[3][5], rows[3][7], rows[3][-3:]) == ("Заполнена", "Operator A", ["Белый", "Да", "=1+1"])
    csv = await (await client.get(f"{API}/{made['id']}/answers.csv", headers=head)).text()
    assert "'=1+1" in csv
    assert (await client.get(f"{API}/{made['id']}/answers.csv", headers=house.headers("operator@a"))).status == 403


@pytest.mark.rule("OUT-36")
async def test_answers_stay_readable_when_the_questionnaire_changes(
    client: Client, house: House, db: Database, operator: int
) -> None:
    made, head = await make(client, house), house.headers("administrator@a")
    await save(db, answered(house.businesses["a"], operator, "1.1"))
    await fill(client, house, made, "1.1", values=values(made, 2, "yes", "Всё хорошо"), state="done")
    first, _, third = made["questions"]
    changed = [
        {"id": third["id"], "kind": "text", "title": "Что нам улучшить?"},
        {"id": first["id"], "kind": "one", "title": "Какой цвет?", "options": ["Белый", "Синий"]},
    ]
    answer = await client.put(f"{API}/{made['id']}", json={"name": "Окна", "questions": changed}, headers=head)
    assert [one["title"] for one in (await answer.json())["questions"]] == ["Что нам улучшить?", "Какой цвет?"]
    found = await report(client, house, made)
    assert [(one["question"], one["said"]) for one in found["lines"][0]["answers"]] == [
        ("Цвет?", "Бурый"), ("Дует?", "Yes"), ("Что улучшить?", "Всё хорошо"),
    ]  # fmt: skip
    assert [(one["title"], one["retired"], one["counts"]) for one in found["questions"]] == [
        ("Что нам улучшить?", False, []),
        ("Какой цвет?", False, [["Белый", 0], ["Синий", 0], ["Бурый", 1]]),
        ("Дует?", True, [["Yes", 1], ["No", 0]]),
    ]
    # The author looks again the same day: what is asked no more is not lost by his saving.
    await fill(client, house, made, "1.1", values={str(third["id"]): "Хорошо"})
    found = await report(client, house, made)
    assert [one["said"] for one in found["lines"][0]["answers"]] == ["Хорошо", "Yes"]
    assert (await client.delete(f"{API}/{made['id']}", headers=head)).status == 204
    assert (await report(client, house, made))["total"] == 1


async def test_answers_are_in_the_client_s_history_and_go_with_him(
    client: Client, services: Services, house: House, db: Database, operator: int
) -> None:
    made, business = await make(client, house), house.businesses["a"]
    await save(db, answered(business, operator, "1.1"))
    await fill(client, house, made, "1.1", values=values(made, 2, "no"), state="done")
    async with db.business(business) as session:
        card = await contacts.find_by_number(session, CLIENT)
        other = await contacts.ensure_contact(session, "+79160000001", NOW)
    assert card is not None
    head = house.headers("supervisor@a")
    path = f"/api/v1/contacts/{card.id}/history?kind=form"
    (entry,) = (await (await client.get(path, headers=head)).json())["entries"]
    assert (entry["title"], entry["text"], entry["data"]["state"]) == ("Анкета", "Окна", "done")
    assert "Бурый" in await (await client.get(f"/contacts/{card.id}?kind=form", headers=head)).text()
    assert "Бурый" in await (await client.get("/calls/1.1", headers=head)).text()
    other_id = other[0].id
    assert other_id is not None
    async with db.business(business) as session:
        await contacts.merge(session, other_id, [card.id], NOW, None)
    assert (await report(client, house, made))["lines"][0]["contact_id"] == other_id
    person = privacy.Person(other_id, None, "", (CLIENT,), (), ())
    async with db.business(business) as session:
        held = await belonging.held(services, session, person)
    assert held.data["questionnaires"][0]["state"] == "done"
    assert await belonging.erase_person(services, business, person) == {"questionnaires": 1}
    assert (await report(client, house, made))["total"] == 0


async def test_nobody_fills_in_for_a_call_that_he_did_not_have(
    client: Client, house: House, db: Database, operator: int
) -> None:
    made = await make(client, house)
    await save(db, missed(house.businesses["a"], (operator,), "1.1"), answered(house.businesses["a"], operator, "1.2"))
    assert (await fill(client, house, made, "1.1", values=values(made, 1))).status == 403
    assert (await fill(client, house, made, "1.2", "supervisor@a", values=values(made, 1))).status == 403
    assert (await fill(client, house, made, "1.2", "operator@b", values=values(made, 1))).status == 404
    assert (await fill(client, house, made, "1.2", state="done")).status == 422


async def test_the_pages_keep_what_was_typed(client: Client, house: House) -> None:
    csrf = await houses.sign_in(client, "administrator@a.example")
    form = [
        ("_csrf", csrf), ("name", "Опрос"), ("intro", "Здравствуйте"),
        ("q", "new1"), ("title-new1", "Цвет?"), ("kind-new1", "one"), ("options-new1", "Белый"), ("most-new1", "5"),
        ("q", "new2"), ("title-new2", "Оценка"), ("kind-new2", "scale"), ("mandatory-new2", "1"), ("most-new2", "10"),
    ]  # fmt: skip
    refused = await client.post("/questionnaires", data=form)
    text = await refused.text()
    assert (refused.status, 'value="Цвет?"' in text, 'name="mandatory-new2" value="1" checked' in text) == (
        422,
        True,
        True,
    )
    form[6] = ("options-new1", "Белый\r\nБурый")
    assert (await client.post("/questionnaires", data=form, allow_redirects=False)).status == 303
    (made,) = (await (await client.get(API)).json())["questionnaires"]
    shown = await (await client.get(f"/questionnaires/{made['id']}/edit")).text()
    assert "Белый\nБурый" in shown
    deleted = await client.post(f"/questionnaires/{made['id']}/delete", data={"_csrf": csrf})
    assert f'action="/questionnaires/{made["id"]}/restore"' in await deleted.text()
    back = await client.post(f"/questionnaires/{made['id']}/restore", data={"_csrf": csrf})
    assert f'action="/questionnaires/{made["id"]}/delete"' in await back.text()
