"""The wallboard: what the shift does now and did today, every figure with its proof, and its alerts."""

from __future__ import annotations

from callcenter.core.events import CallEnded, LinkChanged
from callcenter.features.wallboard import handlers, jobs, pages, usecases
from callcenter.features.wallboard.pages import setup
from callcenter.features.wallboard.usecases.limits import Limit, LimitForm, limits
from callcenter.features.wallboard.usecases.screens import Link
from callcenter.http.permissions import SETTINGS_EDIT, WALLBOARD
from callcenter.http.routes import NavItem, Param, Route
from callcenter.live.views import Snapshot
from callcenter.plugin import Feature, Job, Services, Subscription

_ID = r"{id:\d{1,10}}"
_PLACE = r"{token:[\w-]{16,64}}"


async def _start(services: Services) -> None:
    # In the event's own turn, as live counts it: a handler of the bus would be a moment later.
    services.bus.listen(CallEnded, lambda event: usecases.remember_ended(services, event.call))


async def _stop(services: Services) -> None:
    await limits(services).stop()


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
        Route(
            "GET",
            "/api/v1/wallboard/limits",
            setup.limit_list,
            SETTINGS_EDIT,
            summary="Limits of figures",
            returns=setup.LimitList,
        ),
        Route(
            "POST",
            "/api/v1/wallboard/limits",
            setup.limit_add,
            SETTINGS_EDIT,
            summary="Set a limit of a figure",
            body=LimitForm,
            returns=Limit,
            status=201,
        ),
        Route(
            "DELETE",
            f"/api/v1/wallboard/limits/{_ID}",
            setup.limit_remove,
            SETTINGS_EDIT,
            summary="Take a limit away",
            status=204,
        ),
        Route(
            "GET",
            "/api/v1/wallboard/screens",
            setup.screen_list,
            SETTINGS_EDIT,
            summary="Links to screens on the wall",
            returns=setup.LinkList,
        ),
        Route(
            "POST",
            "/api/v1/wallboard/screens",
            setup.screen_make,
            SETTINGS_EDIT,
            summary="Make a link to a screen; its token is in this answer only",
            body=setup.ScreenForm,
            returns=Link,
            status=201,
        ),
        Route(
            "DELETE",
            f"/api/v1/wallboard/screens/{_ID}",
            setup.screen_revoke,
            SETTINGS_EDIT,
            summary="Take a screen's link away",
            status=204,
        ),
        Route("GET", "/wallboard/settings", setup.page, SETTINGS_EDIT),
        Route("POST", "/wallboard/settings/limits", setup.add_limit, SETTINGS_EDIT),
        Route("POST", f"/wallboard/settings/limits/{_ID}/delete", setup.remove_limit, SETTINGS_EDIT),
        Route("POST", "/wallboard/settings/screens", setup.add_screen, SETTINGS_EDIT),
        Route("POST", f"/wallboard/settings/screens/{_ID}/delete", setup.remove_screen, SETTINGS_EDIT),
        Route("POST", "/wallboard/settings/told", setup.save_told, SETTINGS_EDIT),
        Route("POST", "/wallboard/settings/pause", setup.save_pause, SETTINGS_EDIT),
        # Open: a screen on the wall has nobody to sign in; the secret part of its address says whose board it is.
        Route("GET", f"/screen/{_PLACE}", setup.screen_page, None, open=True),
        Route("GET", f"/screen/{_PLACE}/state", setup.screen_state, None, open=True),
    ),
    nav=(NavItem("/wallboard", "Shift board", "chart", WALLBOARD, 50, short="Board", below=True),),
    subscriptions=(Subscription(LinkChanged, handlers.on_link, "wallboard"),),
    on_start=_start,
    on_stop=_stop,
    jobs=(
        Job("wallboard.prime", jobs.prime, every=5.0),
        Job("wallboard.watch", jobs.watch, every=2.0, first=2.0),
    ),
)
