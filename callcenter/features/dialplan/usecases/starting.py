"""An apply that a page started goes on when the page is left; the page asks how it goes."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from callcenter.core.errors import ProductError
from callcenter.features.dialplan.usecases import applying, staging
from callcenter.http.current import Current
from callcenter.plugin import Services

log = logging.getLogger(__name__)


class Running:
    """Applies that go on, and what became of the last one that came to nothing, by business."""

    def __init__(self) -> None:
        self.tasks: dict[int, asyncio.Task[Any]] = {}
        self.refused: dict[int, ProductError] = {}


def running(services: Services) -> Running:
    """The process's one."""
    return services.part(Running, lambda _: Running())


def step(services: Services, business_id: int) -> str:
    """What an apply does right now; asked before the draft is looked at, else an old one would look like a new one."""
    going = running(services).tasks.get(business_id)
    begins = "checking" if going is not None and not going.done() else ""
    return applying.progress(services).step.get(business_id, begins)


async def start(services: Services, person: Current, *, note: str = "", number: int | None = None) -> None:
    """Begins to apply the draft (or to bring version ``number`` back) and waits a moment whether it is done soon."""
    here, business_id = running(services), person.business_id
    going = here.tasks.get(business_id)
    if going is None or going.done():
        here.refused.pop(business_id, None)
        here.tasks[business_id] = asyncio.create_task(_run(services, person, note, number), name="apply routing")
    await asyncio.wait({here.tasks[business_id]}, timeout=0.8)


async def _run(services: Services, person: Current, note: str, number: int | None) -> None:
    try:
        if number is None:
            await staging.apply_draft(services, person.business_id, user_id=person.user_id, by=person.name, note=note)
        else:
            await staging.bring_back(services, person, number)
    except ProductError as error:
        running(services).refused[person.business_id] = error
    except Exception:
        log.exception("applying the routing of business %s broke off", person.business_id)


async def stop(services: Services) -> None:
    """Ends what goes on; what was not confirmed is put back."""
    tasks = [task for task in running(services).tasks.values() if not task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
