"""A supervisor asks the simulator what more agents, or another way to pace, would come to (OBD-12)."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Unavailable
from callcenter.core.i18n import N_
from callcenter.features.dialer import gateway, queries
from callcenter.features.dialer.rules import outcomes
from callcenter.features.dialer.rules import whatif as rules
from callcenter.features.dialer.rules.whatif import Answer, Question
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.plugin import Services

log = logging.getLogger(__name__)

KIND = "dialer.what_if"
# Figures of one's own lists are taken from the last days, once there are enough calls to say something.
PERIOD, LEAST = timedelta(days=30), 50
BROKEN = N_("The simulator could not try this day. Try again; if it stays so, tell your administrator.")


class Usual(msgspec.Struct, kw_only=True):
    """Of the business's own lists: how many calls were made and answered (persons), and their mean talk in seconds."""

    calls: int = 0
    answered: int = 0
    talk: int = 0

    @property
    def enough(self) -> bool:
        """Whether the figures say something."""
        return self.calls >= LEAST and self.answered > 0


async def usual(session: AsyncSession, services: Services) -> Usual:
    """What the business's lists came to lately."""
    made = await queries.came_to(session, services.clock.now() - PERIOD)
    calls = sum(count for outcome, (count, _) in made.items() if outcome not in outcomes.UNTOUCHED)
    answered, talk = made.get(outcomes.ANSWERED, (0, 0.0))
    return Usual(calls=calls, answered=answered, talk=round(talk))


def first(found: Usual) -> Question:
    """The question that the form begins with: one's own figures where there are enough."""
    asked = Question()
    if found.enough:
        asked.answering = min(max(round(100 * found.answered / found.calls), 1), 95)
    return asked


async def start(session: AsyncSession, services: Services, person: Current, asked: Question) -> work.WorkJob:
    """Has the days tried in the background. Raises BadInput."""
    rules.checked(asked)
    return await work.start(
        session,
        services,
        kind=KIND,
        title=N_("What if: %(agents)s agents and %(more)s more"),
        values={"agents": asked.agents, "more": asked.more},
        params=msgspec.to_builtins(asked),
        owner_id=person.membership_id,
        total=len(rules.runs(asked)),
    )


async def run(job: work.Run) -> dict[str, Any]:
    """Tries one day after the other; each is kept as soon as it is known."""
    asked = msgspec.convert(job.params, Question)
    answers = list(job.result.get("answers", []))
    for one in rules.runs(asked)[len(answers) :]:
        try:
            found = await gateway.simulate(rules.arguments(asked, one))
            answers.append(msgspec.to_builtins(rules.answer(one, found[one.pacer])))
        except (gateway.SimulatorError, KeyError) as error:
            log.error("the simulator failed: %s", error)
            raise Unavailable(BROKEN, code="simulator") from error
        async with job.services.db.business(job.business_id) as session:
            await job.keep(session, done=len(answers), result={"answers": answers})
    return job.result


def link(job: work.WorkJob) -> str:
    """Where the answers are shown."""
    return f"/dialer/what-if?job={job.id}"


def asked_of(job: work.WorkJob) -> Question:
    """The question of a job."""
    return msgspec.convert(job.params, Question)


def answers_of(job: work.WorkJob) -> list[Answer]:
    """What is known so far."""
    return msgspec.convert(job.result.get("answers", []), list[Answer])
