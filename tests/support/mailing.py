"""A business that can send letters, for tests: a mail server of its own, a client with an address."""

from __future__ import annotations

from typing import Any

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from callcenter.features.contacts import api as contacts
from callcenter.features.mail.models import SentLetter
from callcenter.features.mail.usecases.outbox import Outbox
from callcenter.plugin import Services
from tests.support.house import NOW, House
from tests.support.smtp import SmtpSink

Client = TestClient[Any, Any]
SERVERS = "/api/v1/mail-servers"
LETTERS = "/api/v1/letters"
TO = "ivan@example.com"


async def server(client: Client, house: House, sink: SmtpSink, *, status: int = 201, **more: Any) -> Any:
    """A mail server that is ``sink``."""
    body = {
        "name": "Продажи", "host": "127.0.0.1", "port": sink.port, "security": "none",
        "from_address": "sales@example.com", "from_name": "Отдел продаж",
    } | more  # fmt: skip
    made = await client.post(SERVERS, json=body, headers=house.headers("administrator@a"))
    assert made.status == status, await made.text()
    return await made.json()


async def ivan(services: Services, business_id: int, **more: Any) -> int:
    """A client with an e-mail address and a number; his id."""
    fields: dict[str, Any] = {
        "first_name": "Иван Петрович", "last_name": "Сидоров", "organisation": "ООО «Ромашка»", "email": TO,
        "phone": "+79161234567",
    } | more  # fmt: skip
    async with services.db.business(business_id) as session:
        return (await contacts.create_client(session, contacts.ClientForm(**fields), NOW)).id


async def write(client: Client, house: House, who: str = "operator@a", *, status: int = 201, **body: Any) -> Any:
    """A letter to Ivan over the API."""
    values = {"to": TO, "subject": "Счёт", "text": "<p>Здравствуйте, %FIRSTNAME%!</p>"} | body
    made = await client.post(LETTERS, json=values, headers=house.headers(who))
    assert made.status == status, await made.text()
    return await made.json()


async def upload(
    client: Client, house: House, name: str, raw: bytes, who: str = "operator@a", *, picture: bool = False,
    status: int = 201,
) -> Any:  # fmt: skip
    """An uploaded file."""
    # As browsers write names.
    form = FormData(quote_fields=False)
    form.add_field("file", raw, filename=name)
    address = f"/api/v1/mail-files{'?picture=1' if picture else ''}"
    made = await client.post(address, data=form, headers=house.headers(who))
    assert made.status == status, await made.text()
    return await made.json()


async def settled(services: Services, business_id: int, letter_id: int) -> SentLetter:
    """The letter, after the outbox has tried everything whose time has come."""
    await services.part(Outbox, Outbox).settle()
    async with services.db.business(business_id) as session:
        row = await session.scalar(select(SentLetter).where(SentLetter.id == letter_id))
    assert row is not None
    return row
