"""The tables as a document, a document as records, and a document written back into the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.models import RoutingOwn
from callcenter.features.dialplan.rules import document
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues

Document = dict[str, Any]
KINDS: dict[str, Any] = {
    "trunks": numbers.TrunkInfo,
    "numbers": numbers.NumberInfo,
    "queues": queues.QueueInfo,
    "menus": ivr.MenuInfo,
    "days": numbers.DayInfo,
}
EMERGENCY = "emergency_prompt"
"""The company's setting: what callers hear while everything is closed by hand."""


async def documents(session: AsyncSession, businesses: Iterable[int]) -> dict[int, Document]:
    """What the tables say now, by business (system session for several of them)."""
    wanted = list(businesses)
    found: dict[int, Document] = {one: {"format": document.FORMAT} for one in wanted}
    rows: dict[str, list[Any]] = {
        "trunks": list(await numbers.trunks(session)),
        "numbers": list(await numbers.all_numbers(session)),
        "queues": list(await queues.all_queues(session)),
        "menus": list(await ivr.all_menus(session)),
        "days": list(await numbers.special_days(session)),
    }
    for name, records in rows.items():
        for business_id in wanted:
            mine = [one for one in records if one.business_id == business_id]
            found[business_id][name] = document.section(name, mine)
    for business_id, text in (await queries.own_texts(session, wanted)).items():
        found[business_id]["own"] = text
        company = await accounts.business(session, business_id)
        found[business_id]["emergency"] = str(company.settings.get(EMERGENCY, "")) if company else ""
    return found


def records(name: str, documents: Mapping[int, Mapping[str, Any]]) -> list[Any]:
    """The records of one section of several businesses' documents."""
    return [
        one
        for business_id, found in documents.items()
        for one in document.records(KINDS[name], found.get(name, ()), business_id)
    ]


async def write_back(session: AsyncSession, business_id: int, wanted: Mapping[str, Any]) -> None:
    """Makes the tables say what a document says (business session). What is not in it is switched off.

    The prompt of an emergency closing is the company's setting: the caller keeps it in a system session.
    """
    there = {name: records(name, {business_id: wanted}) for name in KINDS}
    await numbers.put_back(session, business_id, numbers=there["numbers"], trunks=there["trunks"], days=there["days"])
    await queues.put_back(session, business_id, there["queues"])
    await ivr.put_back(session, business_id, there["menus"])
    await set_own(session, business_id, str(wanted.get("own", "")))


async def set_own(session: AsyncSession, business_id: int, text: str) -> None:
    """Keeps the draft of the business's own dialplan."""
    row = await session.scalar(select(RoutingOwn))
    if row is None:
        session.add(RoutingOwn(business_id=business_id, text=text))
    elif row.text != text:
        row.text = text
    await session.flush()
