"""Distribution: the dialplan's questions about callers, and priorities by tags and lists."""

from __future__ import annotations

from callcenter.core.events import CallerAsked
from callcenter.features.distribution import handlers, pages
from callcenter.features.distribution.rules import Priorities
from callcenter.features.distribution.usecases import Answers
from callcenter.http.permissions import QUEUES_EDIT, QUEUES_SEE
from callcenter.http.routes import Route
from callcenter.plugin import Feature, Services, Subscription


async def _stop(services: Services) -> None:
    await services.part(Answers, Answers).stop()


FEATURE = Feature(
    name="distribution",
    routes=(
        Route(
            "GET",
            "/api/v1/caller-priorities",
            pages.priorities,
            QUEUES_SEE,
            summary="Priorities of callers by tag (key) and list (id)",
            returns=Priorities,
        ),
        Route(
            "PUT",
            "/api/v1/caller-priorities",
            pages.set_priorities,
            QUEUES_EDIT,
            summary="Set the priorities of callers; the highest of a client's tags and lists counts, 0 removes one",
            body=Priorities,
            returns=Priorities,
        ),
    ),
    subscriptions=(Subscription(CallerAsked, handlers.on_asked, "distribution"),),
    on_stop=_stop,
)
