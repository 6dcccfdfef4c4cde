"""Privacy: the index of the feature."""

from __future__ import annotations

from callcenter.features.privacy import pages
from callcenter.features.privacy.usecases import running
from callcenter.features.work import api as work
from callcenter.http.permissions import PRIVACY
from callcenter.http.routes import Route
from callcenter.plugin import Feature, Job

_ID = r"{id:\d{1,10}}"

work.register(running.EXPORT, running.run_export)
work.register(running.ERASE, running.run_erasure)

FEATURE = Feature(
    name="privacy",
    routes=(
        Route(
            "GET",
            "/api/v1/privacy",
            pages.job_list,
            PRIVACY,
            summary="Personal data that were given out or erased",
            returns=pages.PrivacyJobs,
        ),
        Route(
            "GET",
            f"/api/v1/privacy/{_ID}",
            pages.job_one,
            PRIVACY,
            summary="How far a file or an erasure is",
            returns=running.PrivacyJob,
        ),
        Route(
            "GET",
            f"/api/v1/privacy/{_ID}/file",
            pages.file,
            PRIVACY,
            summary="All that is held on a person, as a zip, kept for 24 hours",
            media="application/zip",
        ),
        Route(
            "POST",
            f"/api/v1/contacts/{_ID}/personal-data",
            pages.export,
            PRIVACY,
            summary="Gather all that is held on a person",
            returns=running.PrivacyJob,
            status=202,
        ),
        Route(
            "POST",
            f"/api/v1/contacts/{_ID}/erasure",
            pages.erase,
            PRIVACY,
            summary="Erase a person with recordings, for good; confirm by the client's name or number",
            body=running.Erasure,
            returns=running.PrivacyJob,
            status=202,
        ),
        Route("GET", f"/contacts/{_ID}/privacy", pages.page, PRIVACY),
        Route("POST", f"/contacts/{_ID}/privacy/export", pages.export_form, PRIVACY),
        Route("POST", f"/contacts/{_ID}/privacy/erase", pages.erase_form, PRIVACY),
        Route("GET", "/privacy", pages.done, PRIVACY),
    ),
    jobs=(Job("privacy.clean", running.clean, every=600, first=45),),
)
