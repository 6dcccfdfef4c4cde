"""Supervision: listen, whisper and join a call; hang up, redirect and reorder calls (SUP-03, SUP-04, SUP-05)."""

from __future__ import annotations

from callcenter.core.events import CallEnded, CallUpdated, SpyChanged
from callcenter.features.supervision import handlers
from callcenter.features.supervision.pages import rest
from callcenter.features.supervision.usecases.spying import SpyView, spying
from callcenter.http.permissions import CALLS_OWN, CALLS_SUPERVISE, SETTINGS_EDIT
from callcenter.http.routes import Route
from callcenter.plugin import Feature, Services, Subscription

_SPY = r"/api/v1/supervision/spies/{id:[\w.-]{1,64}}"
_CALL = r"/api/v1/supervision/calls/{id:[\w.-]{1,64}}"


async def _start(services: Services) -> None:
    own = spying(services)
    await own.load()
    # In the event's own turn: the picture of the call is the newest then.
    services.bus.listen(CallUpdated, own.watch)
    services.bus.listen(CallEnded, own.watch)


async def _stop(services: Services) -> None:
    await spying(services).stop()


FEATURE = Feature(
    name="supervision",
    routes=(
        Route(
            "POST",
            "/api/v1/supervision/spies",
            rest.begin,
            CALLS_SUPERVISE,
            summary="Listen to an agent's call with my own phone, whisper to him, or join",
            body=rest.SpyForm,
            returns=SpyView,
            status=201,
        ),
        Route(
            "GET",
            "/api/v1/supervision/spies",
            rest.own,
            CALLS_SUPERVISE,
            summary="Whom I listen to now",
            returns=rest.OwnSpy,
        ),
        Route(
            "PUT",
            _SPY,
            rest.change,
            CALLS_SUPERVISE,
            summary="Switch between listening, whispering and joining without a new call",
            body=rest.ModeForm,
            returns=SpyView,
        ),
        Route("DELETE", _SPY, rest.end, CALLS_SUPERVISE, summary="Stop listening", status=204),
        Route(
            "GET",
            "/api/v1/me/listeners",
            rest.listeners,
            CALLS_OWN,
            summary="Who listens to my call, as far as the company tells it",
            returns=rest.Listeners,
        ),
        Route(
            "GET",
            "/api/v1/supervision/waiting",
            rest.waiting,
            CALLS_SUPERVISE,
            summary="Who waits in each queue, in the order in which they will be taken",
            returns=rest.WaitingList,
        ),
        Route(
            "POST",
            f"{_CALL}/hangup",
            rest.hang_up,
            CALLS_SUPERVISE,
            summary="End any call",
            returns=rest.Done,
            status=202,
        ),
        Route(
            "POST",
            f"{_CALL}/redirect",
            rest.redirect,
            CALLS_SUPERVISE,
            summary="Lead a client to an agent, a queue or a number",
            body=rest.RedirectForm,
            returns=rest.Done,
            status=202,
        ),
        Route(
            "POST",
            f"{_CALL}/front",
            rest.front,
            CALLS_SUPERVISE,
            summary="Make a waiting caller the next one",
            returns=rest.Done,
            status=202,
        ),
        Route(
            "GET",
            "/api/v1/supervision/settings",
            rest.settings,
            SETTINGS_EDIT,
            summary="Whether agents are told who listens",
            returns=rest.SettingsForm,
        ),
        Route(
            "PUT",
            "/api/v1/supervision/settings",
            rest.save_settings,
            SETTINGS_EDIT,
            summary="Choose whether agents are told who listens",
            body=rest.SettingsForm,
            returns=rest.SettingsForm,
        ),
    ),
    subscriptions=(Subscription(SpyChanged, handlers.spy_changed, "supervision"),),
    on_start=_start,
    on_stop=_stop,
)
