"""Who may call out now and what clients see: a company's choice, confirmed numbers, its own lines (TEL-28 … TEL-32)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.confirmations import api as confirmations
from callcenter.features.confirmations.api import Calling, Confirmation
from callcenter.features.numbers import queries, rules


class Callers(msgspec.Struct, frozen=True, kw_only=True):
    """What a business's calls out need and show; it holds for any moment, so that it may be kept.

    ``own`` are employees' own numbers by agent, ``service`` the installation's service number ('' = none).
    """

    calling: Calling
    lines: frozenset[str] = frozenset()
    confirmations: tuple[Confirmation, ...] = ()
    own: Mapping[int, str] = {}
    service: str = ""

    def number(self, agent_id: int | None) -> str:
        """The number that has to be confirmed for somebody's calls ('' = none was entered): the common or his own."""
        if self.calling.number_mode == "common":
            return self.calling.number
        return self.own.get(agent_id, "") if agent_id is not None else ""

    def allowed(self, agent_id: int | None, now: datetime) -> bool:
        """Whether calls may go out. Those that nobody makes (``agent_id`` None) need no personal number."""
        if self.calling.caller_mode == "line":
            return True
        if self.calling.number_mode == "personal" and agent_id is None:
            return True
        number = self.number(agent_id)
        return bool(number) and self.confirmed(number, self._owner(agent_id), now)

    def shown(self, agent_id: int | None) -> str:
        """What clients see of such calls; '' = the number of the line."""
        if self.calling.caller_mode == "own":
            return self.number(agent_id)
        return self.service if self.calling.caller_mode == "service" else ""

    def confirmed(self, e164: str, agent_id: int | None, now: datetime) -> bool:
        """Whether a number is the company's line, or confirmed by that employee (None = for the company)."""
        mine = [one for one in self.confirmations if one.agent_id == agent_id and one.expires_at > now]
        return rules.confirmed(e164, self.lines, {one.e164 for one in mine})

    def _owner(self, agent_id: int | None) -> int | None:
        return None if self.calling.number_mode == "common" else agent_id


async def callers(session: AsyncSession, business_ids: Iterable[int], service: str) -> dict[int, Callers]:
    """What calls out need, by business (system session for several of them)."""
    lines = await queries.numbers(session)
    known = await confirmations.every(session)
    own = await confirmations.own_of_all(session)
    found = {}
    for business_id in business_ids:
        business = await accounts.business(session, business_id)
        found[business_id] = Callers(
            calling=confirmations.calling(business.settings) if business else Calling(),
            lines=frozenset(one.e164 for one in lines if one.business_id == business_id),
            confirmations=tuple(one for one in known if one.business_id == business_id),
            own=own,
            service=service,
        )
    return found


async def confirmed(session: AsyncSession, e164: str, now: datetime) -> bool:
    """Whether calls may be forwarded to a number: a line of the company, or confirmed by anybody of it (INB-14)."""
    if any(one.active for one in await queries.by_e164(session, e164)):
        return True
    ends = await confirmations.until(session, e164, anybody=True)
    return rules.confirmed(e164, (), {e164} if ends is not None and ends > now else ())


async def forwardable(session: AsyncSession, now: datetime) -> set[tuple[int, str]]:
    """Pairs (business, number) to which calls may be forwarded now (system session: of all businesses)."""
    found = {(one.business_id, one.e164) for one in await queries.numbers(session)}
    valid = confirmations.valid(await confirmations.every(session), now)
    return found | {(one.business_id, one.e164) for one in valid}
