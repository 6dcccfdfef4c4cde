"""Call-back in place of waiting (INQ-02): asked for by a key, dialled when an agent is free."""

from __future__ import annotations

from callcenter.core.events import CallEnded, CallLogged, CallUpdated
from callcenter.features.callbacks import handlers, jobs, pages
from callcenter.http.permissions import QUEUES_EDIT, QUEUES_SEE
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature, Job, Subscription

_ID = r"{id:\d{1,9}}"

FEATURE = Feature(
    name="callbacks",
    routes=(
        Route(
            "GET",
            "/api/v1/callbacks",
            pages.listed,
            QUEUES_SEE,
            summary="Callers who wait to be called back, the longest wait first",
            returns=pages.CallbackList,
        ),
        Route(
            "DELETE",
            f"/api/v1/callbacks/{_ID}",
            pages.cancel,
            QUEUES_EDIT,
            summary="Take somebody off the list of call-backs",
            status=204,
        ),
        Route("GET", "/callbacks", pages.page, QUEUES_SEE),
        Route("POST", f"/callbacks/{_ID}/cancel", pages.take_off, QUEUES_EDIT),
    ),
    nav=(NavItem("/callbacks", "Call-backs", "phone", QUEUES_SEE, 71, below=True),),
    subscriptions=(
        Subscription(CallUpdated, handlers.updated, "callbacks"),
        Subscription(CallEnded, handlers.ended, "callbacks"),
        Subscription(CallLogged, handlers.logged, "callbacks.log"),
    ),
    jobs=(Job("callbacks", jobs.work, every=1.0, first=8.0),),
)
