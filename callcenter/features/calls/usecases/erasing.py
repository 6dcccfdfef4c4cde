"""Calls of a person who is erased: they stay in the figures, but tell nobody whose they were (PLT-08)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.calls.models import CallLeg, CallRecord, CallStep, SpamNumber
from callcenter.features.calls.usecases import belonging
from callcenter.features.privacy import api as privacy
from callcenter.features.recordings import api as recordings
from callcenter.plugin import Services

PORTION = 200
MAX_GIVEN = 10_000


def _of(person: privacy.Person) -> ColumnElement[bool]:
    return or_(CallRecord.contact_id == person.contact_id, CallRecord.client_number.in_(person.numbers))


async def held(here: Services, session: AsyncSession, person: privacy.Person) -> privacy.Held:
    """The person's calls with legs and story, and the files of their recordings."""
    statement = select(CallRecord).where(_of(person)).order_by(CallRecord.started_at).limit(MAX_GIVEN)
    calls = {row.id: privacy.as_json(row) for row in await session.scalars(statement)}
    files = []
    ids = list(calls)
    for start in range(0, len(ids), PORTION):
        part = ids[start : start + PORTION]
        for kind, name in ((CallLeg, "legs"), (CallStep, "steps")):
            model: Any = kind
            for row in await session.scalars(select(model).where(model.call_id.in_(part))):
                calls[row.call_id].setdefault(name, []).append(privacy.as_json(row))
        files += await recordings.erasing.files(here, session, part)
    return privacy.Held({"calls": list(calls.values())}, files)


async def erase(here: Services, business_id: int, person: privacy.Person) -> dict[str, int]:
    """Deletes recordings and takes number, name and comment out of the calls, a portion in a transaction."""
    counts = {"calls": 0, "recordings": 0}
    async with here.db.business(business_id) as session:
        await session.execute(delete(SpamNumber).where(SpamNumber.number.in_(person.numbers)))
    # Whatever number they had with this card: its own, or one that it has no more.
    while True:
        async with here.db.business(business_id) as session:
            ids = list(await session.scalars(select(CallRecord.id).where(_of(person)).limit(PORTION)))
        if not ids:
            return counts
        counts["recordings"] += await recordings.erasing.erase_now(here, business_id, ids)
        async with here.db.business(business_id) as session:
            await _anonymise(session, ids, person)
        counts["calls"] += len(ids)


async def _anonymise(session: AsyncSession, ids: list[str], person: privacy.Person) -> None:
    gone = privacy.marker(person.contact_id)
    numbers: set[str] = set(person.numbers)
    cards: set[int] = set()
    for row in await session.scalars(select(CallRecord).where(CallRecord.id.in_(ids))):
        numbers |= {row.client_number} - {""}
        if row.contact_id is not None:
            cards.add(row.contact_id)
        row.from_number = gone if row.from_number in numbers else row.from_number
        row.to_number = gone if row.to_number in numbers else row.to_number
        row.from_name, row.comment, row.client_number, row.contact_id = "", "", gone, None
    digits = {one.lstrip("+") for one in numbers if len(one) > 3}
    for leg in await session.scalars(select(CallLeg).where(CallLeg.call_id.in_(ids))):
        if any(one in leg.address for one in digits):
            leg.address = gone
        if any(one in leg.channel for one in digits):
            leg.channel = ""
    for step in await session.scalars(select(CallStep).where(CallStep.call_id.in_(ids), CallStep.text != "")):
        if any(one in step.text for one in digits) or any(name in step.text for name in person.names):
            step.text = ""
    await session.flush()
    await belonging.recount(session, cards)
