"""The wallboard: what the shift does now and did today, every figure with its proof, and its alerts."""

from __future__ import annotations

from callcenter.core.events import CallEnded, LinkChanged
from callcenter.features.wallboard import handlers, jobs, pages, usecases
from callcenter.http.permissions import WALLBOARD
from callcenter.http.routes import NavItem, Param, Route
from callcenter.live.views import Snapshot
from callcenter.plugin import Feature, Job, Services, Subscription


async def _start(services: Services) -> None:
    # In the event's own turn, as live counts it: a handler of the bus would be a moment later.
    services.bus.listen(CallEnded, lambda event: usecases.remember_ended(services, event.call))


FEATURE = Feature(
    name="wallboard",
    routes=(
        Route("GET", "/wallboard", pages.board, WALLBOARD),
        Route(
            "GET",
            "/api/v1/wallboard/hours",
            pages.hours,
            WALLBOARD,
            summary="Service level of each queue by hour of today",
            returns=pages.HoursView,
        ),
        Route(
            "GET",
            "/api/v1/wallboard/at",
            pages.moment,
            WALLBOARD,
            summary="The wallboard of a past moment, rebuilt from what was stored",
            returns=Snapshot,
            params=(Param("at", "A moment with its time zone"),),
        ),
        Route(
            "GET",
            "/api/v1/wallboard/service-level",
            pages.past,
            WALLBOARD,
            summary="Service level of each queue in a past period, under any formula",
            returns=pages.PastView,
            params=(
                Param("from", "Beginning: a moment with its time zone"),
                Param("to", "End: a moment with its time zone, at most a year later"),
                Param("formula", "standard, asterisk, asterisk2, genesys or wazo; without it the one that is set"),
                Param("target", "T in seconds; without it each queue's own", {"type": "integer"}),
                Param("short", "S in seconds; without it each queue's own", {"type": "integer"}),
            ),
        ),
    ),
    nav=(NavItem("/wallboard", "Shift board", "chart", WALLBOARD, 50, short="Board", below=True),),
    subscriptions=(Subscription(LinkChanged, handlers.on_link, "wallboard"),),
    on_start=_start,
    jobs=(
        Job("wallboard.prime", jobs.prime, every=5.0),
        Job("wallboard.watch", jobs.watch, every=2.0, first=2.0),
    ),
)
