"""How a person calls: by the phones here, or in two legs through a phone of his own (TEL-39, TEL-40)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Forbidden
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.calls.models import CallMode
from callcenter.features.calls.rules.dialing import OwnNumber
from callcenter.http.current import Current

NO_NUMBER = N_("Write the number of your phone with its code, like +7 495 123-45-67.")


class CallingForm(msgspec.Struct, kw_only=True):
    """``mode`` web = by the phone in the page or the SIP phone; phone = ``number`` rings first, then the client."""

    mode: Literal["web", "phone"]
    number: str = ""


async def all_of(session: AsyncSession) -> list[CallMode]:
    """All choices of the business."""
    return list(await session.scalars(select(CallMode)))


async def mine(session: AsyncSession, person: Current) -> CallingForm:
    """The person's choice."""
    row = await session.scalar(select(CallMode).where(CallMode.agent_id == person.agent_id))
    if row is None:
        return CallingForm(mode="web")
    return CallingForm(mode="phone" if row.mode == "phone" else "web", number=row.number)


async def choose(session: AsyncSession, person: Current, form: CallingForm) -> CallingForm:
    """Keeps the person's choice. Raises BadInput for a number that cannot be called, Forbidden without a phone here."""
    if person.agent_id is None:
        raise Forbidden(N_("You have no phone to call with. An administrator can give you one."))
    typed = form.number.strip()[:40]
    number = to_e164(typed) or ""
    if form.mode == "phone" and len(number) < 9:
        raise BadInput(NO_NUMBER, fields={"number": NO_NUMBER})
    row = await session.scalar(select(CallMode).where(CallMode.agent_id == person.agent_id))
    if row is None:
        row = CallMode(agent_id=person.agent_id)
        session.add(row)
    row.mode, row.number = form.mode, number
    await session.flush()
    await accounts.audit(session, person, "calling.change", "agent", str(person.agent_id), mode=form.mode)
    return CallingForm(mode=form.mode, number=number)


def trunk_of(numbers: Sequence[OwnNumber], shown: OwnNumber | None) -> int | None:
    """The trunk by which the own phone is rung: that of the shown number, else of the first that has one."""
    ways = [one.trunk_id for one in ([shown] if shown else []) + list(numbers) if one.active]
    return next((trunk for trunk in ways if trunk is not None), None)
