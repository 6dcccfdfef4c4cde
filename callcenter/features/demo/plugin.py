"""The demo's door: one button."""

from callcenter.features.demo import pages, usecases
from callcenter.http.permissions import PHONE_USE
from callcenter.http.routes import Route
from callcenter.plugin import Feature

FEATURE = Feature(
    name="demo",
    routes=(
        Route(
            "POST",
            "/api/v1/demo/call-me",
            pages.call_me,
            PHONE_USE,
            summary="A robot rings your own number (demo business only)",
            returns=pages.Robot,
            status=202,
        ),
    ),
    on_stop=usecases.stop_robots,
)
