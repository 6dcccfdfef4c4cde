"""The standard letter of a script: kept with it, sent with one press after the call (OUT-23, OUT-32)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.mail import api as mail
from callcenter.features.scripts import queries, rules
from callcenter.features.scripts.models import Script
from callcenter.http.current import Current
from callcenter.http.formats import zone
from callcenter.plugin import Services

NO_LETTER = N_("This script has no letter to send.")
NOT_MINE = N_("Only who talked sends the letter of the script.")
TOO_LATE = N_("The letter of a script can be sent on the day of the talk only. Write one from the client's card.")
NO_SERVER = N_("This mail server is not allowed in scripts. Choose another one, or allow it in Settings, Mail.")
TWICE = N_("This letter went to this address in this call already.")


class LetterPart(msgspec.Struct, frozen=True, kw_only=True):
    """The standard letter (OUT-32): whether agents may send it, its subject, its HTML, ids of its files.

    What is not ``allowed`` may be unfinished. Merge tags are filled when it is sent.
    """

    allowed: bool = False
    subject: str = ""
    text: str = ""
    files: list[int] = []


class LetterForm(msgspec.Struct, kw_only=True):
    """Sends the script's letter ``to`` an address of the client; ``again`` although it went there in this call."""

    script_id: int
    to: str
    again: bool = False


class AddressView(msgspec.Struct, kw_only=True):
    """An address of the client, of his organisation or its people, and whose it is."""

    address: str
    name: str


class SentView(msgspec.Struct, kw_only=True):
    """A letter of this call; ``state`` waiting, sending, sent, failed or cancelled."""

    id: int
    to: str
    subject: str
    state: str
    at: datetime


class Offer(msgspec.Struct, kw_only=True):
    """What an agent can write in this call: the script's letter (``subject`` '' = none) and where it can go.

    ``ready`` False = the company has no mail server. ``sent`` are the letters of this call so far.
    """

    subject: str
    ready: bool
    addresses: list[AddressView]
    sent: list[SentView]


class Checked(NamedTuple):
    """A letter that can be kept."""

    allowed: bool
    subject: str
    text: str
    files: list[mail.MailFile]


def holder(script_id: int) -> str:
    """How a script is named where files say who holds them."""
    return f"script:{script_id}"


async def checked(session: AsyncSession, person: Current, form: LetterPart, script_id: int) -> Checked:
    """The letter as it is kept; it may go on with files of ``script_id``. Raises BadInput: fields ``letter_…``."""
    try:
        text = mail.content.clean(form.text)
        subject = mail.content.subject(form.subject) if form.allowed or form.subject.strip() else ""
        if form.allowed and not text:
            raise BadInput(mail.content.NO_TEXT, fields={"text": mail.content.NO_TEXT})
        files, pictures = await mail.usable(session, person, form.files, text, holder(script_id))
    except BadInput as error:
        fields = {f"letter_{name}": said for name, said in error.fields.items()}
        values = {f"letter_{name}": some for name, some in error.field_values.items()}
        raise BadInput(error.message, fields=fields, field_values=values, **error.values) from None
    return Checked(form.allowed, subject, text, [*files, *pictures])


async def keep(session: AsyncSession, row: Script, letter: Checked) -> None:
    """Keeps the letter with its script."""
    row.letter, row.letter_subject, row.letter_text = letter.allowed, letter.subject, letter.text
    await mail.hold(session, holder(row.id), letter.files)


async def check_server(session: AsyncSession, server_id: int | None, before: int | None) -> None:
    """Raises BadInput for a mail server that scripts may not send by (OUT-23)."""
    if server_id is None or server_id == before:
        return
    if server_id not in {one.id for one in await mail.servers(session) if one.in_scripts}:
        raise BadInput(NO_SERVER, fields={"server_id": NO_SERVER})


async def users(session: AsyncSession, server_id: int) -> list[str]:
    """The scripts that send by a mail server."""
    found = select(Script.name).where(Script.server_id == server_id, Script.archived_at.is_(None))
    return list(await session.scalars(found.order_by(Script.name)))


async def offer(session: AsyncSession, person: Current, call: calls.Taken, script: Script) -> Offer:
    """What can be written to the client of this call."""
    addresses: list[AddressView] = []
    if call.contact_id is not None:
        try:
            card = await mail.client(session, person, call.contact_id)
        except NotFound:
            card = None
        if card is not None:
            addresses = [AddressView(address=a, name=name) for a, name in await mail.addresses(session, card)]
    return Offer(
        subject=script.letter_subject if script.letter else "",
        ready=bool(await mail.servers(session)),
        addresses=addresses,
        sent=[
            SentView(id=one.id, to=one.to_address, subject=one.subject, state=one.state, at=one.created_at)
            for one in await mail.of_call(session, call.id)
            if one.author_id == person.membership_id
        ],
    )


async def send(services: Services, person: Current, call_id: str, form: LetterForm) -> Offer:
    """Sends the script's letter; what can be written afterwards.

    Raises NotFound, Forbidden, BadInput, Conflict (codes ``too_late``, ``no_server``, ``twice``);
    Forbidden has the code ``plan`` where the company's plan has no scripts.
    """
    async with services.db.business(person.business_id) as session:
        call = await calls.taken(services, session, person, call_id)
        if not call.mine or person.agent_id is None:
            raise Forbidden(NOT_MINE)
        if not call.writable(services.clock.now(), zone(person.timezone)):
            raise Conflict(TOO_LATE, code="too_late")
        await accounts.plans.need(session, "scripts")
        script = await queries.script(session, form.script_id)
        use = (await queries.uses(session, [form.script_id])).get(form.script_id, rules.NOBODY)
        if script is None or not script.letter or not (script.everybody or person.agent_id in use.agents):
            raise NotFound(NO_LETTER)
        for one in await mail.of_call(session, call_id):
            there = one.script_id == script.id and one.to_address.casefold() == form.to.strip().casefold()
            if there and one.state not in ("failed", "cancelled") and not form.again:
                raise Conflict(TWICE, code="twice")
        server = await mail.server(session, script.server_id) if script.server_id is not None else None
        held = await mail.held(session, holder(script.id))
        letter = mail.LetterForm(
            to=form.to,
            subject=script.letter_subject,
            text=script.letter_text,
            call_id=call_id,
            server_id=server.id if server is not None and server.in_scripts else None,
            files=[one.id for one in held if not one.picture],
        )
        template = mail.Template(script.id, holder(script.id))
    await mail.write(services, person, letter, template)
    async with services.db.business(person.business_id) as session:
        return await offer(session, person, call, script)
