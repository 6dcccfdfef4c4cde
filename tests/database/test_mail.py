"""Mail servers, letters to clients with their files, and the outbox that survives failures."""

from __future__ import annotations

import io
import logging
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from PIL import Image
from sqlalchemy import select, update

from callcenter.core.clock import FixedClock
from callcenter.core.events import MemberNotice
from callcenter.features.contacts import api as contacts
from callcenter.features.mail.models import MailFile, SentLetter
from callcenter.features.mail.usecases import files
from callcenter.features.mail.usecases.outbox import Outbox
from callcenter.plugin import Services
from tests.support.house import House, sign_in
from tests.support.mailing import LETTERS, SERVERS, TO, ivan, server, settled, upload, write
from tests.support.smtp import smtp_sink
from tests.support.wait import until

Client = TestClient[Any, Any]


def picture(kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(made, kind)
    return made.getvalue()


async def test_a_mail_server_is_kept_without_ever_showing_its_password(
    client: Client, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with smtp_sink() as sink:
        sink.login = ("sales", "geheim-42")
        made = await server(client, house, sink, username="sales", password="geheim-42", in_scripts=True)
        assert made["main"]
        assert made["has_password"]
        assert "password" not in made
        head = house.headers("administrator@a")
        tried = await client.post(f"{SERVERS}/{made['id']}/test", json={"to": "me@example.com"}, headers=head)
        assert await tried.json() == {"ok": True, "to": "me@example.com", "problem": ""}
        assert sink.letters[0][0] == "me@example.com"
        # What is left out stays.
        body = {key: made[key] for key in ("host", "port", "security", "username", "from_address")} | {"name": "Новое"}
        assert (await client.put(f"{SERVERS}/{made['id']}", json=body, headers=head)).status == 200
        tried = await client.post(f"{SERVERS}/{made['id']}/test", json={}, headers=head)
        assert (await tried.json())["ok"]
        assert sink.letters[1][0] == "administrator@a.example"
        # The password goes to the server that it was typed for only.
        moved = await client.put(f"{SERVERS}/{made['id']}", json=body | {"host": "localhost"}, headers=head)
        assert set((await moved.json())["error"]["fields"]) == {"password"}
    await sign_in(client, "administrator@a.example")
    shown = await (await client.get(f"/mail/{made['id']}")).text() + await (await client.get("/mail")).text()
    assert "geheim" not in shown + caplog.text


async def test_why_a_test_letter_did_not_go_is_said_in_plain_words(client: Client, house: House) -> None:
    head = house.headers("administrator@a") | {"Accept-Language": "ru"}

    async def tried(made: Any, to: str = "me@example.com") -> str:
        answer = await client.post(f"{SERVERS}/{made['id']}/test", json={"to": to}, headers=head)
        assert answer.status == 200
        found = await answer.json()
        assert not found["ok"]
        return str(found["problem"])

    async with smtp_sink() as sink:
        sink.login, sink.no_such = ("sales", "right"), {"gone@example.com"}
        made = await server(client, house, sink, username="sales", password="wrong")
        assert "пароль" in await tried(made)
        assert "535" in await tried(made)
        plain = await server(client, house, sink, name="Б")
        assert "550" in await tried(plain, "gone@example.com")
        assert "STARTTLS" in await tried(await server(client, house, sink, name="В", security="starttls"))
        assert str(sink.port) in await tried(await server(client, house, sink, name="Г", security="tls"))
    assert str(sink.port) in await tried(plain)
    gone = await server(client, house, sink, name="Д", host="nobody.invalid")
    assert "nobody.invalid" in await tried(gone)
    answer = await client.post(f"{SERVERS}/{plain['id']}/test", json={"to": "nobody"}, headers=head)
    assert answer.status == 422


async def test_only_administrators_and_only_their_own_mail_servers(client: Client, house: House) -> None:
    async with smtp_sink() as sink:
        made = await server(client, house, sink)
    assert (await client.get(SERVERS, headers=house.headers("supervisor@a"))).status == 403
    other = house.headers("administrator@b")
    assert (await (await client.get(SERVERS, headers=other)).json()) == {"servers": []}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test")):
        answer = await client.request(method, f"{SERVERS}/{made['id']}{path}", json={}, headers=other)
        assert answer.status == 404


@pytest.mark.rule("OUT-33")
async def test_a_letter_is_filled_for_whose_address_it_goes_to(
    client: Client, services: Services, house: House
) -> None:
    business = house.businesses["a"]
    text = "<p>%FULLNAME%|%FIRSTNAME%|%PATRONYMIC%|%LASTNAME%|%FIRM_NAME%</p>"
    async with smtp_sink() as sink:
        await server(client, house, sink)
        client_id = await ivan(services, business)
        async with services.db.business(business) as session:
            person = await session.scalar(select(contacts.Contact).where(contacts.Contact.id == client_id))
            assert person is not None
            assert person.organisation_id is not None
            firm_id = person.organisation_id
            session.add(
                contacts.ContactChannel(
                    contact_id=firm_id, kind="email", value="info@romashka.example", key="info@romashka.example"
                )
            )
        for contact_id, to in ((client_id, TO), (client_id, "info@romashka.example"), (firm_id, TO)):
            made = await write(client, house, contact_id=contact_id, to=to, subject="Для %FULLNAME%", text=text)
            await settled(services, business, made["id"])
        shown = await (await client.get(f"{LETTERS}/{made['id']}", headers=house.headers("operator@a"))).json()
    found = [(str(one["Subject"]), one.get_body(("plain",)).get_content().strip()) for _, one in sink.letters]  # type: ignore[union-attr]
    to_ivan = (
        "Для Сидоров Иван Петрович",
        "Сидоров Иван Петрович|Иван|Петрович|Сидоров|ООО «Ромашка»",
    )
    to_firm = ("Для ООО «Ромашка»", "ООО «Ромашка»||||ООО «Ромашка»")
    assert found == [to_ivan, to_firm, to_ivan]
    # Kept as it was sent.
    assert (shown["subject"], shown["state"], shown["to_name"]) == (to_ivan[0], "sent", "Иван Петрович Сидоров")
    assert str(sink.letters[0][1]["From"]) == "Отдел продаж <sales@example.com>"


@pytest.mark.rule("OUT-34")
async def test_files_and_pictures_go_along(client: Client, services: Services, house: House) -> None:
    business = house.businesses["a"]
    async with smtp_sink() as sink:
        await server(client, house, sink)
        some = [await upload(client, house, f"Файл {n}.pdf", b"%%PDF %d" % n) for n in range(11)]
        image = await upload(client, house, "лого.png", picture(), picture=True)
        text = f'<p>Смотрите:</p><img src="{image["address"]}"><img src="https://cdn.example/a.png">'
        refused = await write(client, house, text=text, files=[one["id"] for one in some], status=422)
        assert "10" in refused["error"]["message"]
        assert "files" in refused["error"]["fields"]
        made = await write(client, house, text=text, files=[one["id"] for one in some[:10]])
        assert len(made["files"]) == 10
        await settled(services, business, made["id"])
        got = await client.get(f"/api/v1/mail-files/{image['id']}", headers=house.headers("supervisor@a"))
        assert (got.status, got.headers["Content-Type"]) == (200, "image/jpeg")
        assert "attachment" in (await client.get(
            f"/api/v1/mail-files/{some[0]['id']}", headers=house.headers("operator@a")
        )).headers["Content-Disposition"]  # fmt: skip
        # What went with somebody's letter is for who may see that letter.
        theirs = await upload(client, house, "Тайна.pdf", b"%PDF", "supervisor@a")
        await write(client, house, "supervisor@a", files=[theirs["id"]])
        hidden = await client.get(f"/api/v1/mail-files/{theirs['id']}", headers=house.headers("operator@a"))
        assert hidden.status == 404
        strange = await client.get(f"/api/v1/mail-files/{image['id']}", headers=house.headers("operator@b"))
        assert strange.status == 404
    letter = sink.letters[0][1]
    assert [one.get_filename() for one in letter.iter_attachments()] == [f"Файл {n}.pdf" for n in range(10)]
    assert next(letter.iter_attachments()).get_content() == b"%PDF 0"
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "cid:picture1@" in html
    assert "https://cdn.example/a.png" in html
    assert any(part.get_content_type() == "image/jpeg" for part in letter.walk())


@pytest.mark.rule("OUT-34")
async def test_what_cannot_go_along_is_refused_when_it_is_uploaded(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, raw, more in (("x.exe", b"MZ", {}), ("x.png", b"<svg/>", {"picture": True}), ("x.txt", b"", {})):
        refused = await upload(client, house, name, raw, status=422, **more)
        assert set(refused["error"]["fields"]) == {"file"}
    monkeypatch.setattr("callcenter.features.mail.rules.content.MAX_FILE", 3)
    await upload(client, house, "x.txt", b"1234", status=422)
    # Somebody else's upload does not go with my letter.
    other = await upload(client, house, "x.txt", b"123", "supervisor@a")
    async with smtp_sink() as sink:
        await server(client, house, sink)
        assert "files" in (await write(client, house, files=[other["id"]], status=422))["error"]["fields"]
        inside = f'<img src="/mail/files/{other["id"]}">'
        assert "text" in (await write(client, house, text=inside, status=422))["error"]["fields"]
    assert (await client.get(f"/api/v1/mail-files/{other['id']}", headers=house.headers("operator@a"))).status == 404


async def test_files_that_nobody_needs_are_removed(client: Client, services: Services, house: House) -> None:
    business, clock = house.businesses["a"], services.clock
    assert isinstance(clock, FixedClock)
    async with smtp_sink() as sink:
        await server(client, house, sink)
        client_id = await ivan(services, business)
        kept = await upload(client, house, "kept.txt", b"1")
        await upload(client, house, "loose.txt", b"2")
        made = await write(client, house, contact_id=client_id, files=[kept["id"]])
        await settled(services, business, made["id"])

    async def names() -> list[str]:
        await files.sweep(services)
        async with services.db.business(business) as session:
            found = [row.name for row in await session.scalars(select(MailFile).order_by(MailFile.id))]
        on_disk = [one for one in (services.settings.data / "mail").rglob("*") if one.is_file()]
        assert len(on_disk) == len(found)
        return found

    assert await names() == ["kept.txt", "loose.txt"]
    clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert await names() == ["kept.txt"]
    async with services.db.business(business) as session:
        await contacts.erase(session, [client_id])
    assert await names() == []
    async with services.db.business(business) as session:
        assert list(await session.scalars(select(SentLetter))) == []


async def test_a_letter_is_tried_again_and_its_author_learns_when_it_is_given_up(
    client: Client, services: Services, house: House
) -> None:
    business, clock = house.businesses["a"], services.clock
    assert isinstance(clock, FixedClock)
    told: list[MemberNotice] = []
    services.bus.listen(MemberNotice, told.append)
    async with smtp_sink() as sink:
        await server(client, house, sink)
        sink.refuse = 1
        made = await write(client, house)
        row = await settled(services, business, made["id"])
        assert (row.state, row.tries) == ("waiting", 1)
        assert "451" in (await shown(client, house, made["id"]))["problem"]
        clock.advance(9)
        assert (await settled(services, business, made["id"])).tries == 1
        clock.advance(1)
        row = await settled(services, business, made["id"])
        assert (row.state, row.tries, row.failure) == ("sent", 2, None)
        # An address that is not there is not tried again.
        sink.no_such = {"gone@example.com"}
        gone = await write(client, house, to="gone@example.com")
        assert (await settled(services, business, gone["id"])).state == "failed"
        assert [(one.membership_id, one.link) for one in told] == [
            (house.people["operator@a"].membership_id, f"/letters/{gone['id']}")
        ]
        sink.no_such = set()
        again = await client.post(f"{LETTERS}/{gone['id']}/again", headers=house.headers("operator@a"))
        assert (await again.json())["state"] == "waiting"
        assert (await settled(services, business, gone["id"])).state == "sent"
        twice = await client.post(f"{LETTERS}/{gone['id']}/again", headers=house.headers("operator@a"))
        assert twice.status == 409
    late = await write(client, house)
    for pause in (10, 60, 600, 3600):
        assert (await settled(services, business, late["id"])).state == "waiting"
        clock.advance(pause)
    assert (await settled(services, business, late["id"])).state == "failed"
    assert len(told) == 2


async def shown(client: Client, house: House, letter_id: int, who: str = "operator@a") -> Any:
    answer = await client.get(f"{LETTERS}/{letter_id}", headers=house.headers(who))
    assert answer.status == 200
    return await answer.json()


async def test_letters_survive_a_restart(client: Client, services: Services, house: House) -> None:
    business = house.businesses["a"]
    box = services.part(Outbox, Outbox)
    async with smtp_sink() as sink:
        await server(client, house, sink)
        await box.stop()
        first, second = await write(client, house), await write(client, house, subject="Второе")
        # The process died while the second one was on its way.
        async with services.db.business(business) as session:
            await session.execute(
                update(SentLetter).where(SentLetter.id == second["id"]).values(state="sending", tries=1)
            )
        await box.start()
        await until(lambda: len(sink.letters) == 2)
        assert {str(one["Subject"]) for _, one in sink.letters} == {"Счёт", "Второе"}
        assert (await settled(services, business, first["id"])).state == "sent"


async def test_a_waiting_letter_can_be_cancelled(client: Client, services: Services, house: House) -> None:
    await services.part(Outbox, Outbox).stop()
    async with smtp_sink() as sink:
        made = await server(client, house, sink)
        letter = await write(client, house)
        kept = await client.delete(f"{SERVERS}/{made['id']}", headers=house.headers("administrator@a"))
        assert kept.status == 409
        answer = await client.post(f"{LETTERS}/{letter['id']}/cancel", headers=house.headers("operator@a"))
        assert (await answer.json())["state"] == "cancelled"
        assert (await settled(services, house.businesses["a"], letter["id"])).state == "cancelled"
        gone = await client.delete(f"{SERVERS}/{made['id']}", headers=house.headers("administrator@a"))
        assert gone.status == 204
        none = await write(client, house, status=409)
        assert none["error"]["code"] == "no_server"
    assert sink.letters == []


async def test_who_sees_which_letters(client: Client, services: Services, house: House) -> None:
    async with smtp_sink() as sink:
        await server(client, house, sink)
        mine = await write(client, house)
        theirs = await write(client, house, "supervisor@a")
        assert (await client.get(f"{LETTERS}/{theirs['id']}", headers=house.headers("operator@a"))).status == 404
        assert (await client.get(f"{LETTERS}/{mine['id']}", headers=house.headers("owner@b"))).status == 404
        found = await (await client.get(LETTERS, headers=house.headers("operator@a"))).json()
        assert [one["id"] for one in found["letters"]] == [mine["id"]]
        await settled(services, house.businesses["a"], theirs["id"])
        found = await (await client.get(f"{LETTERS}?state=sent", headers=house.headers("supervisor@a"))).json()
        assert [found["total"], *(one["id"] for one in found["letters"])] == [2, theirs["id"], mine["id"]]
        assert (await client.get(LETTERS, headers=house.headers("guest@a"))).status == 403


async def test_a_letter_stands_in_the_clients_history(client: Client, services: Services, house: House) -> None:
    business = house.businesses["a"]
    async with smtp_sink() as sink:
        await server(client, house, sink)
        client_id = await ivan(services, business)
        made = await write(client, house, contact_id=client_id)
        await settled(services, business, made["id"])
    found = await client.get(
        f"/api/v1/contacts/{client_id}/history?kind=letter", headers=house.headers("operator@a")
    )  # fmt: skip
    (entry,) = (await found.json())["entries"]
    assert (entry["text"], entry["data"]["state"]) == ("Счёт", "sent")
    await sign_in(client, "operator@a.example")
    page = await (await client.get(f"/contacts/{client_id}")).text()
    assert f'href="/letters/{made["id"]}"' in page
    assert "Здравствуйте, Иван!" in page


async def test_bad_letters_are_told_by_their_fields(client: Client, services: Services, house: House) -> None:
    async with smtp_sink() as sink:
        await server(client, house, sink)
    refused = await write(client, house, to="x", subject=" ", text="<p></p>", status=422)
    assert set(refused["error"]["fields"]) == {"to", "subject", "text"}
    assert (await write(client, house, contact_id=999_999, status=404))["error"]["code"] == "not_found"
    assert (await write(client, house, server_id=999, status=422))["error"]["fields"].keys() == {"server_id"}
    csrf = await sign_in(client, "operator@a.example")
    page = await client.post(
        "/letters", data={"to": "x", "subject": "Тема", "text": "<p>Текст<script>1</script></p>", "_csrf": csrf}
    )
    text = await page.text()
    assert page.status == 422
    assert "<p>Текст</p>" in text
    assert 'value="Тема"' in text
