"""The live picture over HTTP."""

from __future__ import annotations

from callcenter.features.stream import pages
from callcenter.http.permissions import CALLS_ALL, CALLS_OWN, WALLBOARD
from callcenter.http.routes import Route
from callcenter.live.views import Snapshot
from callcenter.plugin import Feature

FEATURE = Feature(
    name="stream",
    routes=(
        Route(
            "GET",
            "/api/v1/live",
            pages.snapshot,
            CALLS_OWN,
            any_of=(CALLS_ALL, WALLBOARD),
            summary="Calls, agents and queues now",
            returns=Snapshot,
        ),
        Route(
            "GET",
            "/api/v1/events",
            pages.events,
            CALLS_OWN,
            any_of=(CALLS_ALL, WALLBOARD),
            summary="The same as a stream: first a snapshot, then deltas, cards and notices",
            media="text/event-stream",
        ),
    ),
)
