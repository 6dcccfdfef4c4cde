"""An employee's softphone is set up by facts, by a code for the camera, or by a file."""

from __future__ import annotations

from callcenter.features.softphones import pages
from callcenter.http.permissions import PHONE_USE
from callcenter.http.routes import Route
from callcenter.plugin import Feature

FEATURE = Feature(
    name="softphones",
    routes=(
        Route(
            "GET",
            "/api/v1/me/softphone",
            pages.my_softphone,
            PHONE_USE,
            summary="How my softphone is set up: facts, a link that is good once, texts for three programs",
            returns=pages.SoftphoneView,
        ),
        Route("GET", "/softphone", pages.page, PHONE_USE),
        Route("GET", "/softphone/file/microsip", pages.file, PHONE_USE),
        Route("POST", "/softphone/password", pages.renew, PHONE_USE),
        Route("GET", r"/softphone/set-up/{token:[A-Za-z0-9_-]{20,60}}", pages.fetched, None, open=True),
    ),
)
