"""Numbers: the business's lines, what they are called, who takes their calls."""

from __future__ import annotations

from callcenter.core.events import ConfigChanged
from callcenter.features.numbers import handlers, pages
from callcenter.features.numbers.usecases import NumberPatch
from callcenter.http.permissions import NUMBERS_EDIT, NUMBERS_SEE
from callcenter.http.routes import Route
from callcenter.plugin import Feature, Subscription

ID = r"{id:\d{1,9}}"

FEATURE = Feature(
    name="numbers",
    routes=(
        Route(
            "GET",
            "/api/v1/numbers",
            pages.number_list,
            NUMBERS_SEE,
            summary="The company's numbers",
            returns=pages.NumberList,
        ),
        Route(
            "PATCH",
            f"/api/v1/numbers/{ID}",
            pages.number_patch,
            NUMBERS_EDIT,
            summary="Name a number, choose who takes its calls, switch recording",
            body=NumberPatch,
            returns=pages.NumberView,
        ),
        Route("GET", "/numbers", pages.number_page, NUMBERS_SEE),
        Route("POST", f"/numbers/{ID}", pages.number_form, NUMBERS_EDIT),
    ),
    subscriptions=(Subscription(ConfigChanged, handlers.config_changed, "numbers"),),
)
