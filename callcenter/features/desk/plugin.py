"""The start page: an agent's place of work; and his day, for himself and for supervisors."""

from __future__ import annotations

from callcenter.features.desk import pages, usecases
from callcenter.http.permissions import CALLS_SUPERVISE, PHONE_USE, SIGNED_IN
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature

FEATURE = Feature(
    name="desk",
    routes=(
        Route("GET", "/", pages.show, SIGNED_IN),
        Route("GET", "/day", pages.my_day, PHONE_USE),
        Route("GET", r"/agents/{id:[0-9]{1,9}}/day", pages.agent_day, CALLS_SUPERVISE),
        Route(
            "GET",
            "/api/v1/me/day",
            pages.my_day_json,
            PHONE_USE,
            summary="My day: states, breaks and calls (date=YYYY-MM-DD)",
            returns=usecases.Day,
        ),
        Route(
            "GET",
            r"/api/v1/agents/{id:[0-9]{1,9}}/day",
            pages.agent_day_json,
            CALLS_SUPERVISE,
            summary="An agent's day: states, breaks and calls (date=YYYY-MM-DD)",
            returns=usecases.Day,
        ),
    ),
    nav=(NavItem("/", "Work place", "desk", SIGNED_IN, 0, short="Desk"),),
)
