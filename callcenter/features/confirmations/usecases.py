"""A code is made and hashed, typed and compared; a confirmation is kept, renewed, looked up."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from hmac import compare_digest

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, TooMany
from callcenter.core.i18n import N_
from callcenter.features.confirmations import queries, rules
from callcenter.features.confirmations.models import NumberCode, NumberConfirmation, OwnNumber

NO_CODE = N_("No code was asked for, or it has ended. Ask for a new one.")
WRONG = N_("This is not the code. Tries left: %(left)s.")
NO_TRIES = N_("The code was typed wrong too often. Ask for a new one.")


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A number's confirmation as other features see it; ``agent_id`` None = for the company."""

    business_id: int
    agent_id: int | None
    e164: str
    confirmed_at: datetime
    expires_at: datetime


async def remember(
    session: AsyncSession,
    *,
    e164: str,
    agent_id: int | None,
    way: str,
    membership_id: int,
    key: str,
    now: datetime,
) -> str:
    """Makes a code for a number and keeps its hash; the code. Raises TooMany."""
    recent = await queries.asked_since(session, now - rules.ASK_WINDOW, e164, membership_id)
    if wait := rules.wait(recent, now):
        raise too_many(wait)
    code = f"{secrets.randbelow(10**rules.DIGITS):0{rules.DIGITS}d}"
    former = await queries.code(session, e164, agent_id)
    if former is not None:
        # Only the newest counts.
        former.expires_at = min(former.expires_at, now)
    session.add(
        NumberCode(
            agent_id=agent_id,
            e164=e164,
            way=way,
            code_hash=rules.hashed(code, e164, key),
            asked_by=membership_id,
            asked_at=now,
            expires_at=now + rules.CODE_LIFE,
        )
    )
    await session.flush()
    return code


def too_many(wait: int) -> TooMany:
    """Codes were asked for too often; ``wait`` is in seconds."""
    message = N_("Too many codes were asked for. Try again in %(minutes)s min.")
    return TooMany(message, retry_after=wait, minutes=-(-wait // 60))


async def waiting(session: AsyncSession, e164: str, agent_id: int | None, now: datetime) -> NumberCode | None:
    """The code that may be typed now, if there is one."""
    found = await queries.code(session, e164, agent_id)
    if found is None or found.expires_at <= now or found.tries >= rules.TRIES:
        return None
    return found


async def compare(
    session: AsyncSession, *, e164: str, agent_id: int | None, typed: str, key: str, now: datetime
) -> NumberCode | BadInput | Conflict:
    """Compares what was typed and counts the try; gives the code's row when it is right, else what is wrong.

    The error is given back, not raised: the count must be committed.
    """
    row = await queries.code(session, e164, agent_id)
    if row is None or row.expires_at <= now:
        return Conflict(NO_CODE, code="no_code")
    if row.tries >= rules.TRIES:
        return Conflict(NO_TRIES, code="no_tries")
    row.tries += 1
    code = rules.clean_code(typed)
    if code and compare_digest(rules.hashed(code, e164, key), row.code_hash):
        # It counts once.
        row.expires_at = now
        return row
    left = rules.TRIES - row.tries
    if not left:
        return Conflict(NO_TRIES, code="no_tries")
    return BadInput(WRONG, code="wrong_code", fields={"code": WRONG}, field_values={"code": {"left": left}}, left=left)


async def confirm(
    session: AsyncSession,
    *,
    business_id: int,
    e164: str,
    agent_id: int | None,
    way: str,
    membership_id: int | None,
    now: datetime,
) -> Confirmation:
    """Keeps that a number is confirmed from now on for three months; a former confirmation is renewed."""
    row = next((one for one in await queries.confirmations(session, e164) if one.agent_id == agent_id), None)
    if row is None or row.business_id != business_id:
        row = NumberConfirmation(business_id=business_id, agent_id=agent_id, e164=e164)
        session.add(row)
    row.way, row.confirmed_by, row.confirmed_at, row.expires_at = way, membership_id, now, rules.ends(now)
    await session.flush()
    return info(row)


async def every(session: AsyncSession) -> list[Confirmation]:
    """All confirmations, those that ended too."""
    return [info(one) for one in await queries.confirmations(session)]


async def until(
    session: AsyncSession, e164: str, *, agent_id: int | None = None, anybody: bool = False
) -> datetime | None:
    """When a number's confirmation for somebody ends (or has ended); None when there never was one.

    ``anybody``: one for anybody of the business will do.
    """
    found = [
        one.expires_at for one in await queries.confirmations(session, e164) if anybody or one.agent_id == agent_id
    ]
    return max(found, default=None)


async def set_own(session: AsyncSession, *, business_id: int, agent_id: int, e164: str, now: datetime) -> None:
    """Keeps an employee's own number; '' takes it away."""
    row = await queries.own_number(session, agent_id)
    if not e164:
        if row is not None:
            await session.delete(row)
    elif row is None:
        session.add(OwnNumber(business_id=business_id, agent_id=agent_id, e164=e164, created_at=now))
    else:
        row.e164 = e164
    await session.flush()


async def own_of(session: AsyncSession, agent_id: int) -> str:
    """An employee's own number, '' = none."""
    row = await queries.own_number(session, agent_id)
    return row.e164 if row else ""


async def own_of_all(session: AsyncSession) -> dict[int, str]:
    """Employees' own numbers by agent."""
    return {one.agent_id: one.e164 for one in await queries.own_numbers(session)}


def info(row: NumberConfirmation) -> Confirmation:
    """The row as a plain record."""
    return Confirmation(
        business_id=row.business_id,
        agent_id=row.agent_id,
        e164=row.e164,
        confirmed_at=row.confirmed_at,
        expires_at=row.expires_at,
    )


def valid(found: Iterable[Confirmation], now: datetime) -> list[Confirmation]:
    """Those that have not ended."""
    return [one for one in found if one.expires_at > now]
