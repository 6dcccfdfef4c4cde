"""Numbers: the business's lines, what they are called, who takes their calls, when and how."""

from __future__ import annotations

from callcenter.core.events import ConfigChanged
from callcenter.features.numbers import handlers, jobs
from callcenter.features.numbers.pages import one, rest, using
from callcenter.features.numbers.usecases import NumberPatch
from callcenter.features.numbers.usecases.binding import BindForm, TakeForm
from callcenter.features.numbers.usecases.operators import OperatorForm
from callcenter.http.permissions import NUMBERS_EDIT, NUMBERS_SEE
from callcenter.http.routes import Param, Route
from callcenter.plugin import Feature, Job, Subscription

ID = r"{id:\d{1,9}}"
AGENT = r"{agent:\d{1,9}}"
DAY = r"{day:[0-9-]{8,10}}"
AT_ONCE = Param("apply", "1 = apply all changes of the routing at once, when the checks find no fault")
SECTION = r"{section:\w+}"

FEATURE = Feature(
    name="numbers",
    routes=(
        Route(
            "GET",
            "/api/v1/numbers",
            rest.number_list,
            NUMBERS_SEE,
            summary="The company's numbers",
            returns=rest.NumberList,
        ),
        Route(
            "PATCH",
            "/api/v1/numbers",
            rest.number_patch_all,
            NUMBERS_EDIT,
            summary="Change all numbers alike",
            body=NumberPatch,
            returns=rest.NumberList,
            params=(AT_ONCE,),
        ),
        Route(
            "PATCH",
            f"/api/v1/numbers/{ID}",
            rest.number_patch,
            NUMBERS_EDIT,
            summary="Change a number: name, takers, distribution, hours, prompts, forwarding",
            body=NumberPatch,
            returns=rest.NumberView,
            params=(AT_ONCE,),
        ),
        Route(
            "POST",
            "/api/v1/numbers",
            using.bind,
            NUMBERS_EDIT,
            summary="Bind a number that was bought from an operator",
            body=BindForm,
            returns=rest.NumberView,
            status=201,
        ),
        Route(
            "GET",
            "/api/v1/numbers/free",
            using.free,
            NUMBERS_EDIT,
            summary="Free numbers of the operator that can be taken",
            returns=using.FreeList,
        ),
        Route(
            "POST",
            "/api/v1/numbers/take",
            using.take,
            NUMBERS_EDIT,
            summary="Take a free number",
            body=TakeForm,
            returns=rest.NumberView,
            status=201,
        ),
        Route(
            "DELETE",
            f"/api/v1/numbers/{ID}",
            using.delete,
            NUMBERS_EDIT,
            summary="Delete a number, or give it back to the free ones",
            status=204,
        ),
        Route(
            "POST",
            f"/api/v1/numbers/{ID}/restore",
            using.restore,
            NUMBERS_EDIT,
            summary="Bring a deleted number back as it was",
            returns=rest.NumberView,
        ),
        Route(
            "GET",
            f"/api/v1/numbers/{ID}/operators",
            using.operator_list,
            NUMBERS_SEE,
            summary="A number's operators and their toggles",
            returns=using.OperatorList,
        ),
        Route(
            "PUT",
            f"/api/v1/numbers/{ID}/operators/{AGENT}",
            using.operator_put,
            NUMBERS_EDIT,
            summary="Add an operator of a number, or set his calls out and recording",
            body=OperatorForm,
            returns=using.OperatorList,
        ),
        Route(
            "DELETE",
            f"/api/v1/numbers/{ID}/operators/{AGENT}",
            using.operator_drop,
            NUMBERS_EDIT,
            summary="Take an operator off a number",
            returns=using.OperatorList,
        ),
        Route("GET", "/numbers/add", using.add_page, NUMBERS_EDIT),
        Route("POST", "/numbers/add", using.add, NUMBERS_EDIT),
        Route("POST", f"/numbers/{ID}/delete", using.delete_form, NUMBERS_EDIT),
        Route("POST", f"/numbers/{ID}/restore", using.restore_form, NUMBERS_EDIT),
        Route("POST", f"/numbers/{ID}/operators", using.operator_form, NUMBERS_EDIT),
        Route("POST", f"/numbers/{ID}/operators/{AGENT}/delete", using.operator_drop_form, NUMBERS_EDIT),
        Route("GET", "/numbers", rest.number_page, NUMBERS_SEE),
        Route("GET", "/numbers/days", one.days_page, NUMBERS_SEE),
        Route("POST", "/numbers/days", one.day_save, NUMBERS_EDIT),
        Route("POST", f"/numbers/days/{DAY}/delete", one.day_delete, NUMBERS_EDIT),
        Route("GET", f"/numbers/{ID}", one.show, NUMBERS_SEE),
        Route("POST", f"/numbers/{ID}/{SECTION}", one.save, NUMBERS_EDIT),
    ),
    subscriptions=(Subscription(ConfigChanged, handlers.config_changed, "numbers"),),
    jobs=(Job("numbers.hours", jobs.follow_hours, every=20.0, first=20.0),),
    on_start=jobs.prepare,
)
