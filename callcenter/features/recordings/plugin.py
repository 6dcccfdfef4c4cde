"""Recordings: made ready in the background, played and downloaded by who may."""

from __future__ import annotations

from callcenter.core.events import CallEnded, CallLogged, CallUpdated
from callcenter.features.recordings import handlers, jobs, pages
from callcenter.features.recordings.usecases.converting import pipeline
from callcenter.features.recordings.usecases.listening import listening
from callcenter.http.permissions import RECORDINGS_ALL, RECORDINGS_OWN
from callcenter.http.routes import Param, Route
from callcenter.plugin import Feature, Job, Services, Subscription

_PATH = r"/api/v1/recordings/{id:\d{1,18}}"
_EITHER = (RECORDINGS_ALL,)


async def _start(services: Services) -> None:
    pipeline(services).start()


async def _stop(services: Services) -> None:
    await pipeline(services).stop()
    await listening(services).stop()


FEATURE = Feature(
    name="recordings",
    routes=(
        Route(
            "GET",
            _PATH,
            pages.show,
            RECORDINGS_OWN,
            any_of=_EITHER,
            summary="A recording: state, duration, levels for a waveform",
            returns=pages.RecordingView,
        ),
        Route(
            "GET",
            _PATH + "/audio",
            pages.audio,
            RECORDINGS_OWN,
            any_of=_EITHER,
            summary="The sound: left channel agent, right channel client; Range is understood",
            params=(
                Param("format", "opus (as kept), mp3 or wav", {"type": "string", "enum": ["opus", "mp3", "wav"]}),
                Param("download", "1 = to be saved, not played", {"type": "string", "enum": ["1"]}),
            ),
            media="audio/ogg",
        ),
        # The player alone; the page that shows it has checked nothing for us.
        Route("GET", r"/recordings/{id:\d{1,18}}/player", pages.player, RECORDINGS_OWN, any_of=_EITHER),
    ),
    subscriptions=(
        Subscription(CallUpdated, handlers.on_updated, "recordings"),
        Subscription(CallEnded, handlers.on_ended, "recordings"),
        Subscription(CallLogged, handlers.on_logged, "recordings"),
    ),
    jobs=(
        Job("recordings.sweep", jobs.sweep, every=1.0, first=1.0),
        Job("recordings.disk", jobs.check_disk, every=15.0, first=2.0),
        Job("recordings.check", jobs.check_work, every=60.0, first=20.0),
    ),
    on_start=_start,
    on_stop=_stop,
)
