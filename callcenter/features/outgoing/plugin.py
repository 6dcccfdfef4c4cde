"""Calls out: whose number is shown, and its confirmation."""

from __future__ import annotations

from callcenter.core.events import SpyChanged
from callcenter.features.outgoing import handlers, jobs
from callcenter.features.outgoing.pages import rest, rights, site
from callcenter.features.outgoing.usecases.choosing import CallingForm
from callcenter.features.outgoing.usecases.confirming import AskForm, CodeForm
from callcenter.http.permissions import NUMBERS_EDIT, NUMBERS_SEE, PHONE_USE
from callcenter.http.routes import Route
from callcenter.plugin import Feature, Job, Subscription

FEATURE = Feature(
    name="outgoing",
    routes=(
        Route(
            "GET",
            "/api/v1/calling-settings",
            rest.calling,
            NUMBERS_SEE,
            summary="How the company calls out: whose number, what clients see, and its confirmation",
            returns=rest.CallingView,
        ),
        Route(
            "PUT",
            "/api/v1/calling-settings",
            rest.set_calling,
            NUMBERS_EDIT,
            summary="Choose how the company calls out",
            body=CallingForm,
            returns=rest.CallingView,
        ),
        Route(
            "GET",
            "/api/v1/me/own-number",
            rest.mine,
            PHONE_USE,
            summary="My own number for calls out, and its confirmation",
            returns=rest.NumberState,
        ),
        Route(
            "PUT",
            "/api/v1/me/own-number",
            rest.set_mine,
            PHONE_USE,
            summary="Enter my own number for calls out",
            body=rest.OwnForm,
            returns=rest.NumberState,
        ),
        Route(
            "GET",
            "/api/v1/own-numbers",
            rest.members,
            NUMBERS_EDIT,
            summary="Employees' own numbers: whether and until when they are confirmed",
            returns=rest.MemberList,
        ),
        # One's own number, or with numbers.edit the company's.
        Route(
            "POST",
            "/api/v1/confirmations",
            rest.ask,
            PHONE_USE,
            any_of=(NUMBERS_EDIT,),
            summary="Have a code told to a number by a call or an SMS",
            body=AskForm,
            returns=rest.Asked,
            status=202,
        ),
        Route(
            "POST",
            "/api/v1/confirmations/check",
            rest.check,
            PHONE_USE,
            any_of=(NUMBERS_EDIT,),
            summary="Type in the code: the number is confirmed for three months",
            body=CodeForm,
            returns=rest.NumberState,
        ),
        *rights.ROUTES,
        Route("GET", "/calling", site.calling, NUMBERS_SEE),
        Route("POST", "/calling", site.save_calling, NUMBERS_EDIT),
        Route("GET", "/calling/numbers", site.members, NUMBERS_EDIT),
        Route("GET", "/my-number", site.mine, PHONE_USE),
        Route("POST", "/my-number", site.save_mine, PHONE_USE),
        Route("GET", "/confirm", site.confirm, PHONE_USE, any_of=(NUMBERS_EDIT,)),
        Route("POST", "/confirm", site.ask, PHONE_USE, any_of=(NUMBERS_EDIT,)),
        Route("POST", "/confirm/code", site.check, PHONE_USE, any_of=(NUMBERS_EDIT,)),
    ),
    subscriptions=(Subscription(SpyChanged, handlers.on_leg, "outgoing"),),
    jobs=(Job("outgoing.follow", jobs.follow, every=30.0, first=5.0),),
)
