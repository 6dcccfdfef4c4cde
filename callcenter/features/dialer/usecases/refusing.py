"""Numbers that must not be called are written down and taken off again (OBD-05)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer.models import DoNotCall
from callcenter.features.dialer.queries import refusing
from callcenter.features.scripts import api as scripts
from callcenter.http.current import Current
from callcenter.plugin import Services

MOST = 5000
DO_NOT_CALL = "do_not_call"
MAX_REASON = 200


class RefusalForm(msgspec.Struct, kw_only=True):
    """Numbers as people write them, one a line (or between commas), and why they must not be called."""

    numbers: str = ""
    reason: str = ""


class Added(NamedTuple):
    """What came of a paste: how many are new, how many were there, and the pieces that are no numbers."""

    new: int
    known: int
    wrong: list[str]


async def add(session: AsyncSession, services: Services, person: Current, form: RefusalForm) -> Added:
    """Writes numbers down. Raises BadInput when there is none in the text, or too many."""
    pieces = [one.strip() for one in form.numbers.replace(",", "\n").replace(";", "\n").splitlines() if one.strip()]
    reason = " ".join(form.reason.split())[:MAX_REASON]
    if len(pieces) > MOST:
        message = N_("At most %(limit)s numbers at once.")
        raise BadInput(message, fields={"numbers": message}, field_values={"numbers": {"limit": MOST}}, limit=MOST)
    read = {one: to_e164(one) if len(one) <= 40 else None for one in pieces}
    found = list(dict.fromkeys(e164 for e164 in read.values() if e164))
    if not found:
        message = N_("There is no telephone number in this. Write one a line, like +7 495 123-45-67.")
        raise BadInput(message, fields={"numbers": message})
    known: set[str] = set()
    for start in range(0, len(found), 500):
        known |= await refusing.among(session, found[start : start + 500])
    now = services.clock.now()
    fresh = [one for one in found if one not in known]
    session.add_all(DoNotCall(e164=one, reason=reason, added_by=person.membership_id, added_at=now) for one in fresh)
    await accounts.audit(
        session, person, "dialer.do_not_call", "number", fresh[0] if len(fresh) == 1 else "", count=len(fresh)
    )
    return Added(len(fresh), len(known), [one[:40] for one, e164 in read.items() if e164 is None][:20])


async def remove(session: AsyncSession, person: Current, one: int) -> DoNotCall:
    """Takes a number off; gives what it was, so that it can be written down again. NotFound."""
    row = await refusing.by_id(session, one)
    if row is None:
        raise NotFound(N_("This number is not among those that must not be called."))
    await session.delete(row)
    await accounts.audit(session, person, "dialer.may_call", "number", row.e164)
    return row


async def follow(session: AsyncSession, services: Services, person: Current, said: scripts.Said) -> None:
    """An outcome «do not call again» writes the client's number down; one that takes its place takes it off."""
    number = said.call.client_number
    if DO_NOT_CALL not in (said.kind, said.before) or not contacts.outside(number):
        return
    row = await refusing.by_number(session, number)
    if said.kind == DO_NOT_CALL and row is None:
        await add(session, services, person, RefusalForm(numbers=number, reason=said.title))
    elif said.kind != DO_NOT_CALL and row is not None and row.added_by == person.membership_id:
        await remove(session, person, row.id)
