"""Surveys after the talk: answers out of the calls' stories, and their report."""

from __future__ import annotations

from callcenter.core.events import CallLogged
from callcenter.features.surveys import handlers, jobs, pages
from callcenter.http.permissions import SURVEYS_SEE
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature, Job, Subscription

_API = "/api/v1/surveys"

FEATURE = Feature(
    name="surveys",
    routes=(
        Route(
            "GET",
            _API,
            pages.report,
            SURVEYS_SEE,
            summary="What clients answered after talks: averages and distribution, by queue and by agent",
            returns=pages.Report,
            params=pages.PARAMS,
        ),
        Route(
            "GET",
            f"{_API}/answers",
            pages.answers,
            SURVEYS_SEE,
            summary="The single answers, the newest first",
            returns=pages.AnswerList,
            params=(*pages.PARAMS, pages.PAGE),
        ),
        *(
            Route(
                "GET",
                f"{_API}/answers.{form}",
                pages.file,
                SURVEYS_SEE,
                summary=f"The single answers as {form}",
                media=media,
                params=pages.PARAMS,
            )
            for form, media in pages.MEDIA.items()
        ),
        Route(
            "GET",
            "/api/v1/calls/{id}/survey",
            pages.of_call,
            SURVEYS_SEE,
            summary="What the client answered after this call",
            returns=pages.AnswerView,
        ),
        Route("GET", "/surveys", pages.page, SURVEYS_SEE),
    ),
    nav=(NavItem("/surveys", "Survey", "star", SURVEYS_SEE, 51, below=True),),
    subscriptions=(Subscription(CallLogged, handlers.logged, "surveys"),),
    jobs=(Job("surveys", jobs.collect, every=1.0, first=5.0),),
)
