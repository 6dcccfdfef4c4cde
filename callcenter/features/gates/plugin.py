"""Emergency closing and the block list."""

from __future__ import annotations

from callcenter.core.events import LinkChanged, SpamMarked
from callcenter.features.gates import handlers, jobs, pages
from callcenter.features.gates.usecases import ClosingPatch, ClosingView
from callcenter.http.permissions import CALLS_CLOSE, NUMBERS_EDIT
from callcenter.http.routes import Route
from callcenter.plugin import Feature, Job, Subscription

FEATURE = Feature(
    name="gates",
    routes=(
        Route(
            "GET",
            "/api/v1/closing",
            pages.closing,
            CALLS_CLOSE,
            summary="Whether the company is closed in an emergency",
            returns=ClosingView,
        ),
        Route(
            "PUT",
            "/api/v1/closing",
            pages.set_closing,
            CALLS_CLOSE,
            summary="Close the company for all callers at once, or open it again",
            body=pages.ClosedBody,
            returns=ClosingView,
        ),
        Route(
            "PATCH",
            "/api/v1/closing",
            pages.patch_closing,
            NUMBERS_EDIT,
            summary="Choose the emergency prompt, and whether calls from spam numbers are refused",
            body=ClosingPatch,
            returns=ClosingView,
        ),
        Route("GET", "/closing", pages.page, CALLS_CLOSE),
        Route("POST", "/closing", pages.close, CALLS_CLOSE),
        Route("POST", "/closing/settings", pages.change, NUMBERS_EDIT),
    ),
    subscriptions=(
        Subscription(LinkChanged, handlers.on_link, "gates"),
        Subscription(SpamMarked, handlers.on_spam, "gates"),
    ),
    jobs=(Job("gates.compare", jobs.compare, every=600.0, first=600.0),),
    on_start=jobs.start,
    on_stop=jobs.stop,
)
