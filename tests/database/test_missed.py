"""Who learns of a missed call: a notice in the service at once, and a letter."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient

from callcenter.core.calls import Step
from callcenter.core.events import CallEnded, MemberNotice
from callcenter.features.mail.gateway.postman import Postman
from callcenter.features.mail.rules import message as rules
from callcenter.features.missed import usecases
from callcenter.plugin import Services
from tests.support.call_log import AT, CLIENT, line, missed
from tests.support.house import NOW, House
from tests.support.smtp import smtp_sink
from tests.support.wait import until

Client = TestClient[Any, Any]
# Monday: only the afternoon is working time, and it is 09:00 UTC.
MORNING = {"week": [[[480, 720]]] * 5 + [[], []], "zone": "UTC"}
AFTERNOON = {"week": [[[780, 1080]]] * 5 + [[], []], "zone": "UTC"}


@pytest.fixture
def notices(services: Services) -> list[MemberNotice]:
    told: list[MemberNotice] = []
    services.bus.listen(MemberNotice, told.append)
    return told


async def change(client: Client, house: House, number_id: int, **body: Any) -> None:
    answer = await client.patch(f"/api/v1/numbers/{number_id}", json=body, headers=house.headers("owner@a"))
    assert answer.status == 200, await answer.text()


@pytest.mark.rule("INB-09")
async def test_within_hours_the_first_who_was_rung_learns_else_the_responsible_one(
    client: Client,
    services: Services,
    house: House,
    notices: list[MemberNotice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    letters: list[rules.Letter] = []
    monkeypatch.setattr(usecases.mail, "works", lambda _: True)
    monkeypatch.setattr(usecases.mail, "post", lambda _, letter: letters.append(letter))
    business = house.businesses["a"]
    first, responsible = house.people["operator@a"], house.people["supervisor@a"]
    assert first.agent_id is not None
    number_id = await line(services.db, business, title="Продажи")
    assert responsible.agent_id is not None
    rung = missed(business, (first.agent_id, responsible.agent_id), number_id=number_id)
    nobody = missed(business, (), "1772442000.2", number_id=number_id)
    # Nobody is responsible: whoever was rung learns of it, at any time; of the other one nobody.
    assert await usecases.tell(services, [rung]) == [first.agent_id]
    assert await usecases.tell(services, [nobody]) == [None]
    await change(client, house, number_id, missed_agent_id=responsible.agent_id, hours=MORNING)
    assert await usecases.tell(services, [rung]) == [first.agent_id]
    assert await usecases.tell(services, [nobody]) == [responsible.agent_id]
    await change(client, house, number_id, hours=AFTERNOON)
    assert await usecases.tell(services, [rung]) == [responsible.agent_id]
    told = [one.membership_id for one in notices if one.kind == "missed"]
    wanted = [first, first, responsible, responsible]
    assert told == [one.membership_id for one in wanted]
    assert [one.to for one in letters] == [one.email for one in wanted]


@pytest.mark.rule("INB-10")
async def test_the_notice_comes_at_once_with_a_way_to_call_back_and_a_letter_follows(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    business, person = house.businesses["a"], house.people["operator@a"]
    assert person.agent_id is not None
    number_id = await line(services.db, business, title="Продажи")
    call = missed(business, (person.agent_id,), number_id=number_id)
    async with smtp_sink() as sink:
        services.settings = msgspec.structs.replace(
            services.settings,
            smtp_host="127.0.0.1",
            smtp_port=sink.port,
            smtp_security="none",
            smtp_from="service@a.example",
            public_url="https://cc.example/",
        )
        postman = services.part(Postman, Postman)
        postman.pauses = (0.01, 0.01)
        # The mail server is busy once: the letter comes all the same, and once.
        sink.refuse = 1
        services.bus.publish(CallEnded(at=AT, call=call))
        await until(lambda: notices, what="the notice is there")
        await postman.settle()
        await until(lambda: sink.letters, what="the letter is there")
        await postman.settle()
    (notice,) = [one for one in notices if one.kind == "missed"]
    assert notice.membership_id == person.membership_id
    assert notice.link == f"/calls?q={CLIENT.lstrip('+')}"
    assert "Продажи" in notice.text % notice.values
    ((to, letter),) = sink.letters
    assert to == person.email
    assert letter["From"] == "service@a.example"
    assert "+7 (903) 118-27-40" in str(letter["Subject"])
    text = letter.get_content()
    assert "Продажи" in text
    assert f"https://cc.example/calls/{call.id}" in text
    found = await client.get(notice.link, headers=house.headers("owner@a"))
    assert found.status == 200


async def test_missed_calls_of_one_moment_are_told_together_each_to_its_own(
    client: Client, services: Services, house: House, notices: list[MemberNotice], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = house.people["operator@a"], house.people["supervisor@a"]
    stranger = next(one for mail, one in house.people.items() if mail.endswith("@b") and one.agent_id is not None)
    assert first.agent_id is not None
    assert second.agent_id is not None
    business, other = house.businesses["a"], house.businesses["b"]
    number_id = await line(services.db, business, title="Продажи")
    elsewhere = await line(services.db, other, e164="+74951230009")
    rounds: list[int] = []
    tell = usecases.tell

    async def counted(services: Services, calls: Any) -> Any:
        rounds.append(len(calls))
        return await tell(services, calls)

    monkeypatch.setattr(usecases, "tell", counted)
    for n, (whose, agent, where) in enumerate(
        [(business, first, number_id), (business, second, number_id), (other, stranger, elsewhere)]
    ):
        call = missed(whose, (agent.agent_id or 0,), f"1772442000.9{n}", number_id=where)
        services.bus.publish(CallEnded(at=AT, call=call))
    await services.bus.settle()
    assert rounds == [2, 1]
    told = [one.membership_id for one in notices if one.kind == "missed"]
    assert told == [first.membership_id, second.membership_id, stranger.membership_id]


async def test_without_a_mail_server_the_notice_alone_comes_and_the_page_says_so(
    client: Client, services: Services, house: House, notices: list[MemberNotice]
) -> None:
    business, person = house.businesses["a"], house.people["operator@a"]
    assert person.agent_id is not None
    number_id = await line(services.db, business)
    await usecases.tell(services, [missed(business, (person.agent_id,), number_id=number_id)])
    assert len(notices) == 1
    page = await (await client.get(f"/numbers/{number_id}", headers=house.headers("owner@a"))).text()
    assert "Почта на этом сервере не настроена" in page


async def test_what_nobody_has_to_hear_of_is_not_told(
    services: Services, house: House, notices: list[MemberNotice]
) -> None:
    business, agent = house.businesses["a"], house.people["operator@a"].agent_id
    assert agent is not None
    number_id = await line(services.db, business)
    old = NOW.timestamp() - 3600
    for more in (
        {"result": "answered"},
        {"direction": "out"},
        {"number_id": None},
        {"steps": (Step(at=AT, kind="blocked"),)},
        {"started_at": old, "ended_at": old + 4},
    ):
        call = missed(business, (agent,), **{"number_id": number_id, **more})
        assert await usecases.tell(services, [call]) == [None], more
    assert notices == []


async def test_a_callers_name_cannot_add_lines_to_a_letter(services: Services, house: House) -> None:
    made = rules.message(rules.Letter("a@b.example\r\nBcc: x@y.example", "Hi\r\nX-Evil: 1", "text"), "s@a.example")
    head = bytes(made).split(b"\r\n\r\n")[0]
    assert b"\r\nBcc:" not in head
    assert b"\r\nX-Evil:" not in head
