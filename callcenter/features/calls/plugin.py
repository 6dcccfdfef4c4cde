"""The call log: every call of the business, live and past; click-to-dial; the caller's card at the ring.

This is the feature to copy: rules are pure, queries read, usecases do, handlers and pages only translate.
"""

from __future__ import annotations

from callcenter.core.events import CallContact, CallEnded, CallUpdated, LinkChanged, RecordingReady
from callcenter.features.calls import handlers, jobs
from callcenter.features.calls.pages import rest, site, talking
from callcenter.features.calls.queries.views import CallDetail
from callcenter.features.calls.usecases import belonging, erasing
from callcenter.features.calls.usecases.calling import CallingForm
from callcenter.features.calls.usecases.dial import CommentForm, DialForm
from callcenter.features.calls.usecases.journal import Completer
from callcenter.features.calls.usecases.log import CallLog
from callcenter.features.calls.usecases.pausing import PauseLimit, Pauses, RecordingPause
from callcenter.features.calls.usecases.spam import SpamForm, SpamView
from callcenter.features.calls.usecases.transfer import TargetList, TransferForm
from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import api as privacy
from callcenter.http.permissions import CALLS_ALL, CALLS_DIAL, CALLS_OWN, SETTINGS_EDIT
from callcenter.http.routes import NavItem, Route
from callcenter.live.views import CallView
from callcenter.plugin import Feature, Job, Services, Subscription

contacts.add_history(contacts.Source("call", "calls/history.html", site.history))
contacts.add_merger(belonging.MERGER)
privacy.add_part(privacy.Part("calls", erasing.held, erasing.erase))


async def _start(services: Services) -> None:
    # Made now: it listens for calls, and backlog and metrics know it before the first one.
    services.part(CallLog, CallLog)
    services.part(Pauses, Pauses).start()


async def _stop(services: Services) -> None:
    await services.part(Pauses, Pauses).stop()
    await services.part(Completer, Completer).stop()
    await services.part(CallLog, CallLog).stop()


FEATURE = Feature(
    name="calls",
    routes=(
        # Who lacks calls.all sees only own calls: the handlers narrow by usecases.dial.scope_of.
        Route(
            "GET",
            "/api/v1/calls",
            rest.call_list,
            CALLS_OWN,
            summary="Calls, newest first, with those that go on",
            params=rest.LIST_PARAMS,
            returns=rest.CallList,
        ),
        Route(
            "POST",
            "/api/v1/calls",
            rest.call_dial,
            CALLS_DIAL,
            summary="Dial: my phone rings first, then the number is called",
            body=DialForm,
            returns=CallView,
            status=201,
        ),
        Route(
            "GET",
            "/api/v1/calls/{id}",
            rest.call_one,
            CALLS_OWN,
            summary="A call with its legs and its story",
            returns=CallDetail,
        ),
        Route(
            "PATCH",
            "/api/v1/calls/{id}",
            rest.call_comment,
            CALLS_OWN,
            summary="Comment a call",
            body=CommentForm,
            returns=rest.CommentView,
        ),
        Route(
            "POST",
            "/api/v1/calls/{id}/hangup",
            rest.call_hangup,
            CALLS_OWN,
            summary="End a call that goes on",
            returns=rest.HungUp,
            status=202,
        ),
        Route(
            "POST",
            "/api/v1/calls/{id}/spam",
            rest.call_spam,
            CALLS_OWN,
            summary="Mark the call's number as spam, or take the mark off",
            body=SpamForm,
            returns=SpamView,
        ),
        Route(
            "GET",
            "/api/v1/spam-numbers",
            rest.spam_list,
            CALLS_ALL,
            summary="Numbers that are marked as spam",
            params=rest.LIST_PARAMS[-2:],
            returns=rest.SpamList,
        ),
        Route(
            "GET",
            "/api/v1/me/calling",
            rest.calling_get,
            CALLS_DIAL,
            summary="How I call: by the phones here, or in two legs through my own phone",
            returns=CallingForm,
        ),
        Route(
            "PUT",
            "/api/v1/me/calling",
            rest.calling_set,
            CALLS_DIAL,
            summary="Choose how I call",
            body=CallingForm,
            returns=CallingForm,
        ),
        Route(
            "POST",
            "/api/v1/calls/{id}/rejoin",
            rest.call_rejoin,
            CALLS_DIAL,
            summary="Ring my phone into a talk of mine that my page has lost",
            returns=rest.HungUp,
            status=202,
        ),
        Route(
            "POST",
            "/api/v1/calls/{id}/transfer",
            rest.call_transfer,
            CALLS_DIAL,
            summary="Transfer a call of one's own to an employee, a queue, a menu or an outside number",
            body=TransferForm,
            returns=rest.Transferred,
            status=202,
        ),
        Route(
            "POST",
            "/api/v1/calls/{id}/recording/pause",
            rest.recording_pause,
            CALLS_DIAL,
            summary="Keep what is said now out of the recording of a call of one's own (card numbers)",
            returns=RecordingPause,
            status=202,
        ),
        Route(
            "POST",
            "/api/v1/calls/{id}/recording/resume",
            rest.recording_resume,
            CALLS_DIAL,
            summary="Record again",
            returns=RecordingPause,
            status=202,
        ),
        Route(
            "GET",
            "/api/v1/settings/recording-pause",
            rest.pause_limit,
            SETTINGS_EDIT,
            summary="After how long a pause of a recording ends by itself",
            returns=PauseLimit,
        ),
        Route(
            "PUT",
            "/api/v1/settings/recording-pause",
            rest.set_pause_limit,
            SETTINGS_EDIT,
            summary="Choose after how long a pause of a recording ends by itself",
            body=PauseLimit,
            returns=PauseLimit,
        ),
        Route(
            "GET",
            "/api/v1/transfer-targets",
            rest.call_targets,
            CALLS_DIAL,
            summary="Where a call can be transferred to inside: available employees, queues, menus",
            returns=TargetList,
        ),
        *talking.ROUTES,
        Route("GET", "/calls", site.call_list, CALLS_OWN),
        Route("GET", "/calls/rows", site.some_rows, CALLS_OWN),
        Route("GET", "/calls/day", site.day_picture, CALLS_OWN),
        Route("GET", "/calls/{id}", site.call_page, CALLS_OWN),
        Route("POST", "/calls/{id}/comment", site.save_comment, CALLS_OWN),
    ),
    nav=(NavItem("/calls", "Calls", "phone", CALLS_OWN, 20),),
    subscriptions=(
        Subscription(LinkChanged, handlers.link_changed, "call-log"),
        Subscription(RecordingReady, handlers.message_ready, "messages"),
        Subscription(CallUpdated, handlers.pop_update, "screen-pop"),
        Subscription(CallContact, handlers.pop_contact, "screen-pop"),
        Subscription(CallEnded, handlers.pop_end, "screen-pop"),
    ),
    jobs=(
        Job("call-log-journal", jobs.complete_from_journal, every=60.0, first=5.0),
        Job("call-log-statistics", jobs.keep_statistics, every=3600.0, first=20.0),
    ),
    on_start=_start,
    on_stop=_stop,
)
