"""Answers are taken out of the calls' stories, which Asterisk keeps also while our server is away."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.queues import api as queues
from callcenter.features.surveys import queries, rules
from callcenter.features.surveys.models import SurveyAnswer
from callcenter.plugin import Services

# So far back the stories are looked through after a start.
LOOK_BACK = timedelta(days=3)
PORTION = 200


class Surveys:
    """Calls whose stories are still to be looked at. One per process."""

    def __init__(self) -> None:
        self.logged: dict[tuple[int, str], None] = {}
        self.began = False


def kept(services: Services) -> Surveys:
    """The one object of this process."""
    return services.part(Surveys, lambda _: Surveys())


async def collect(services: Services) -> None:
    """Stores the answers of calls that are in the log now; the first look goes back for some days."""
    keep = kept(services)
    if not keep.began:
        since = services.clock.now() - LOOK_BACK
        async with services.db.system() as session:
            for business_id, call_id in await calls.ended_with_step(session, "survey", since):
                keep.logged.setdefault((business_id, call_id))
        keep.began = True
    while keep.logged:
        portion = list(keep.logged)[:PORTION]
        for business_id in {one for one, _ in portion}:
            ids = [call_id for one, call_id in portion if one == business_id]
            async with services.db.business(business_id) as session:
                await store(session, business_id, await calls.with_step(session, ids, "survey"))
        # Only what is stored is forgotten: a database that is away is asked again.
        for key in portion:
            keep.logged.pop(key, None)


async def store(session: AsyncSession, business_id: int, found: list[Call]) -> None:
    """Writes the answers of calls, once for each; one that has become more complete is written anew."""
    there = await queries.known(session, [call.id for call in found])
    told = {call.id: answer for call in found if (answer := rules.read(call.steps)) is not None}
    lines = await queues.by_ids(session, {one.queue_id for one in told.values() if one.queue_id is not None})
    people = await agents.by_ids(session, {one.agent_id for one in told.values() if one.agent_id is not None})
    for call_id, answer in told.items():
        row = there.get(call_id)
        if row is None:
            row = SurveyAnswer(business_id=business_id, call_id=call_id, at=utc(answer.at))
            session.add(row)
        row.queue_id = answer.queue_id if answer.queue_id in lines else None
        row.agent_id = answer.agent_id if answer.agent_id in people else None
        row.first, row.second = answer.first, answer.second
    await session.flush()
