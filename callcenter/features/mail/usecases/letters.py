"""Letters to clients: written, tried again, cancelled (OUT-32 … OUT-34, OUT-39). What was sent is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.mail import queries
from callcenter.features.mail.models import MailFile, MailServer, SentLetter
from callcenter.features.mail.rules import content, tags
from callcenter.features.mail.usecases import addressing, files
from callcenter.features.mail.usecases.outbox import Outbox
from callcenter.features.mail.usecases.servers import message_id
from callcenter.http.current import Current
from callcenter.http.permissions import CALLS_ALL
from callcenter.plugin import Services

GONE = N_("This letter is not there.")
NO_SERVER = N_("No mail server is set up yet. An administrator adds one in Settings, Mail.")
NO_ADDRESS = N_("Write the e-mail address of the client, for example ivan@example.com.")
STRANGE = N_("This value cannot be used.")
SENT = N_("This letter was sent already.")
NOT_WAITING = N_("This letter does not wait any more.")


class LetterForm(msgspec.Struct, kw_only=True):
    """A letter. ``text`` is HTML, which is cleaned; merge tags in it and in ``subject`` are filled for the addressee.

    ``files`` are ids of uploaded files. Without ``server_id`` it goes by the main mail server. ``call_id`` names the
    call in or after which it is written; the client is the call's then, unless ``contact_id`` names one.
    """

    to: str
    subject: str
    text: str
    contact_id: int | None = None
    call_id: str | None = None
    server_id: int | None = None
    files: list[int] = []


class Template(NamedTuple):
    """What a script's letter brings: its ``holder`` of files, and whose letter it is."""

    script_id: int
    holder: str


class Draft(NamedTuple):
    """Where a letter can go, for the page on which it is written."""

    contact: contacts.Contact | None
    addresses: list[addressing.Choice]
    servers: list[MailServer]


async def write(services: Services, person: Current, form: LetterForm, template: Template | None = None) -> int:
    """Puts a letter into the outbox; its id. It is on its way right after the commit.

    Raises NotFound (client, call), BadInput that names every wrong field, Conflict (code ``no_server``).
    """
    if form.call_id:
        await calls.log_now(services, person, form.call_id)
    to = contacts.email(form.to)
    subject, text = _texts(form, to)
    async with services.db.business(person.business_id) as session:
        contact = await _client(services, session, person, form)
        server = await _server(session, form.server_id)
        if to is None:
            raise BadInput(NO_ADDRESS, fields={"to": NO_ADDRESS})
        chosen, pictures = await files.usable(session, person, form.files, text, template.holder if template else "")
        who = await addressing.addressee(session, contact, to)
        row = SentLetter(
            server_id=server.id,
            contact_id=contact.id if contact else None,
            call_id=form.call_id or None,
            author_id=person.membership_id,
            script_id=template.script_id if template else None,
            to_address=to,
            to_name=who.name[:200],
            subject=" ".join(tags.fill(subject, who).split())[:400],
            html=tags.fill_html(text, who),
            message_id=message_id(server.from_address),
            state="waiting",
            next_at=services.clock.now(),
            created_at=services.clock.now(),
        )
        session.add(row)
        await session.flush()
        await files.hold(session, holder(row.id), [*chosen, *pictures])
        await accounts.audit(session, person, "letter.send", "letter", row.id, to=to)
        letter_id = row.id
    services.part(Outbox, Outbox).wake()
    return letter_id


def _texts(form: LetterForm, to: str | None) -> tuple[str, str]:
    """Everything that is wrong with what was typed is said at once."""
    wrong: dict[str, str] = {}
    places: dict[str, dict[str, Any]] = {}
    subject = text = ""
    if to is None:
        wrong["to"] = NO_ADDRESS
    try:
        subject = content.subject(form.subject)
    except BadInput as error:
        wrong |= error.fields
    try:
        text = content.clean(form.text)
        if not text:
            wrong["text"] = content.NO_TEXT
    except BadInput as error:
        wrong |= error.fields
        places |= error.field_values
    if wrong:
        first = next(iter(wrong))
        values: dict[str, Any] = places.get(first, {})
        raise BadInput(wrong[first], fields=wrong, field_values=places, **values)
    return subject, text


async def draft(services: Services, person: Current, contact_id: int | None, call_id: str) -> Draft:
    """Where a letter can go. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        if contact_id is None and call_id:
            contact_id = (await calls.taken(services, session, person, call_id)).contact_id
        contact = await addressing.seen(session, person, contact_id) if contact_id is not None else None
        found = await addressing.choices(session, contact) if contact else []
        return Draft(contact, found, await queries.servers(session))


async def again(services: Services, person: Current, letter_id: int) -> None:
    """Tries a letter that failed or was cancelled once more. Raises NotFound, Conflict."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, person, letter_id)
        if row.state == "sent":
            raise Conflict(SENT)
        if row.server_id is None:
            row.server_id = (await _server(session, None)).id
        if row.state in ("failed", "cancelled"):
            row.state, row.tries, row.next_at, row.failure = "waiting", 0, services.clock.now(), None
            await accounts.audit(session, person, "letter.again", "letter", row.id, to=row.to_address)
        elif row.state == "waiting":
            row.next_at = services.clock.now()
    services.part(Outbox, Outbox).wake()


async def cancel(services: Services, person: Current, letter_id: int) -> None:
    """Keeps a letter that still waits from being sent. Raises NotFound, Conflict."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, person, letter_id)
        if row.state != "waiting":
            raise Conflict(SENT if row.state == "sent" else NOT_WAITING)
        row.state, row.next_at = "cancelled", None
        await accounts.audit(session, person, "letter.cancel", "letter", row.id, to=row.to_address)


async def need(session: AsyncSession, person: Current, letter_id: int) -> SentLetter:
    """A letter that the person may see: one's own, one to a client whom he sees, or any for supervisors.

    Raises NotFound.
    """
    row = await queries.letter(session, letter_id)
    if row is None:
        raise NotFound(GONE)
    if row.author_id == person.membership_id:
        return row
    if row.contact_id is not None:
        try:
            await addressing.seen(session, person, row.contact_id)
        except NotFound:
            raise NotFound(GONE) from None
        return row
    if not person.can(CALLS_ALL):
        raise NotFound(GONE)
    return row


def holder(letter_id: int) -> str:
    """How a letter is named where files say who holds them."""
    return f"letter:{letter_id}"


async def attached(session: AsyncSession, letter_ids: Sequence[int]) -> dict[int, list[MailFile]]:
    """The files of letters, without the pictures in their texts."""
    return {
        one: [row for row in await queries.held(session, holder(one)) if not row.picture] for one in letter_ids
    }  # fmt: skip


async def _client(
    services: Services, session: AsyncSession, person: Current, form: LetterForm
) -> contacts.Contact | None:
    contact_id = form.contact_id
    if form.call_id:
        call = await calls.taken(services, session, person, form.call_id)
        contact_id = contact_id if contact_id is not None else call.contact_id
    return await addressing.seen(session, person, contact_id) if contact_id is not None else None


async def _server(session: AsyncSession, server_id: int | None) -> MailServer:
    there = await queries.servers(session)
    if not there:
        raise Conflict(NO_SERVER, code="no_server")
    if server_id is None:
        return there[0]
    found = next((one for one in there if one.id == server_id), None)
    if found is None:
        raise BadInput(STRANGE, fields={"server_id": STRANGE})
    return found
