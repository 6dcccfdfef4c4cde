"""Mail servers of a business: kept, tried with a test letter, deleted (OUT-23, EML-08)."""

from __future__ import annotations

import html
import secrets
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import UNSET
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.mail import queries
from callcenter.features.mail.gateway import smtp
from callcenter.features.mail.models import MailServer
from callcenter.features.mail.rules import servers as rules
from callcenter.features.mail.rules.failing import Failure
from callcenter.features.mail.rules.message import Written, written
from callcenter.features.mail.rules.servers import ServerForm
from callcenter.http.current import Current
from callcenter.http.site import catalogues
from callcenter.plugin import Services
from callcenter.storage.scope import exclusive

GONE = N_("This mail server is not there.")
MANY = N_("A company has at most %(limit)s mail servers.")
USED = N_("Scripts send by this mail server: %(users)s. Choose another one there first.")
WAITING = N_("%(count)s letters wait for this mail server. Wait until they are sent, or cancel them first.")
NO_ADDRESS = N_("Write the e-mail address that the test letter shall go to.")
TEST_SUBJECT = N_("A test letter of %(business)s")
TEST_TEXT = N_("This letter shows that the mail server “%(name)s” works.")
MOST = 20
TEST_TIMEOUT = 10.0

User = Callable[[AsyncSession, int], Awaitable[list[str]]]
"""``user(session, server_id)`` names what sends by the mail server in the session's business."""
_users: list[User] = []


class TestForm(msgspec.Struct, kw_only=True):
    """Where the test letter goes; '' = to whoever asks for it."""

    to: str = ""


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test letter: ``failure`` None = the mail server took it."""

    to: str
    failure: Failure | None = None


def add_user(user: User) -> None:
    """Adds somebody who sends by mail servers; features call this when they are loaded."""
    if user not in _users:
        _users.append(user)


async def need(session: AsyncSession, server_id: int) -> MailServer:
    """The mail server. Raises NotFound."""
    found = await queries.server(session, server_id)
    if found is None:
        raise NotFound(GONE)
    return found


async def create(services: Services, person: Current, form: ServerForm) -> int:
    """A new mail server; its id. The first one is the main one. Raises BadInput."""
    async with services.db.business(person.business_id) as session:
        await exclusive(session, "mail-servers")
        there = await queries.servers(session)
        if len(there) >= MOST:
            raise BadInput(MANY, limit=MOST)
        row = MailServer(created_at=services.clock.now(), password="")
        await _keep(session, row, form, there)
        await accounts.audit(session, person, "mail.server.create", "mail_server", row.id, name=row.name)
        return row.id


async def change(services: Services, person: Current, server_id: int, form: ServerForm) -> None:
    """Changes a mail server. Raises NotFound, BadInput, Conflict (scripts send by it)."""
    async with services.db.business(person.business_id) as session:
        await exclusive(session, "mail-servers")
        row = await need(session, server_id)
        if row.in_scripts and not form.in_scripts:
            await _unused(session, server_id)
        await _keep(session, row, form, await queries.servers(session))
        await accounts.audit(session, person, "mail.server.change", "mail_server", row.id, name=row.name)


async def remove(services: Services, person: Current, server_id: int) -> None:
    """Deletes a mail server; letters that it sent stay. Raises NotFound, Conflict."""
    async with services.db.business(person.business_id) as session:
        await exclusive(session, "mail-servers")
        row = await need(session, server_id)
        await _unused(session, server_id)
        if count := await queries.waiting_by(session, server_id):
            raise Conflict(WAITING, count=count)
        name, was_main = row.name, row.main
        await session.delete(row)
        await session.flush()
        rest = await queries.servers(session)
        if was_main and rest:
            rest[0].main = True
        await accounts.audit(session, person, "mail.server.delete", "mail_server", server_id, name=name)


async def test(services: Services, person: Current, server_id: int, form: TestForm) -> TestResult:
    """Sends a test letter and waits for the mail server's answer. Raises NotFound, BadInput."""
    to = contacts.email(form.to or person.email)
    if to is None:
        raise BadInput(NO_ADDRESS, fields={"to": NO_ADDRESS})
    async with services.db.business(person.business_id) as session:
        row = await need(session, server_id)
        business = await accounts.business(session, person.business_id)
        await accounts.audit(session, person, "mail.server.test", "mail_server", row.id, name=row.name, to=to)
    words = catalogues().language(person.language or (business.language if business else "ru"))
    text = words.fill(TEST_TEXT, {"name": row.name})
    letter = Written(
        to=to, to_name="", sender=row.from_address, sender_name=row.from_name,
        subject=words.fill(TEST_SUBJECT, {"business": business.name if business else ""}),
        html=f"<p>{html.escape(text)}</p>", text=text, message_id=message_id(row.from_address),
    )  # fmt: skip
    try:
        await smtp.send(way(row), written(letter), timeout=TEST_TIMEOUT)
    except smtp.NotSent as error:
        return TestResult(to=to, failure=error.failure)
    return TestResult(to=to)


def way(row: MailServer) -> smtp.Way:
    """How a mail server is reached."""
    return smtp.Way(row.host, row.port, row.security, row.username, row.password)


def message_id(sender: str) -> str:
    """An id for a new letter, in the sender's domain."""
    domain = sender.rpartition("@")[2].encode("idna").decode()
    return f"<{secrets.token_hex(12)}@{domain}>"


async def _keep(session: AsyncSession, row: MailServer, form: ServerForm, there: list[MailServer]) -> None:
    others = [one for one in there if one is not row]
    names = frozenset(one.name.casefold() for one in others)
    # A password of another login is none of this one.
    same = bool(row.password) and row.username == form.username.strip() and row.host == form.host.strip()
    kept = rules.checked(form, names, had_password=same, address=contacts.email(form.from_address))
    for name in ("name", "host", "port", "security", "username", "from_address", "from_name", "in_scripts"):
        setattr(row, name, getattr(kept, name))
    if kept.password is not UNSET:
        row.password = kept.password
    row.main = kept.main or not any(one.main for one in others)
    session.add(row)
    await session.flush()
    if row.main:
        await session.execute(update(MailServer).where(MailServer.id != row.id).values(main=False))
        await session.refresh(row)


async def _unused(session: AsyncSession, server_id: int) -> None:
    users = list(dict.fromkeys([name for user in _users for name in await user(session, server_id)]))
    if users:
        raise Conflict(USED, users=", ".join(f"«{name}»" for name in users))
