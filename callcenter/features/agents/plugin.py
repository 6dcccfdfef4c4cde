"""Agents: who they are, what state they chose, their phones, and the time they spend in each state."""

from __future__ import annotations

from callcenter.core.events import AgentChanged, AgentWanted, CallEnded, CallUpdated, LinkChanged, PauseOverdue
from callcenter.features.agents import handlers, jobs
from callcenter.features.agents.pages import rest, setup, team
from callcenter.features.agents.usecases import life, reasons
from callcenter.features.agents.usecases.reasons import ReasonForm
from callcenter.features.agents.usecases.settings import AgentSettings
from callcenter.http.permissions import AGENTS_SEE, CALLS_SUPERVISE, PHONE_USE, SETTINGS_EDIT, TEAM_EDIT
from callcenter.http.routes import NavItem, Route
from callcenter.live.views import AgentView
from callcenter.plugin import Feature, Job, Services, Subscription

ID = r"{id:\d{1,9}}"
REASONS = "/api/v1/pause-reasons"
RULES = "/api/v1/agent-settings"


async def _start(services: Services) -> None:
    await reasons.ready_all(services)
    await life.restore(services)


FEATURE = Feature(
    name="agents",
    routes=(
        Route(
            "GET",
            "/api/v1/me/state",
            rest.my_state,
            PHONE_USE,
            summary="My state",
            returns=AgentView,
        ),
        *(
            Route(
                method,
                "/api/v1/me/state",
                rest.set_my_state,
                PHONE_USE,
                summary="Choose my state: ready, paused or off line",
                body=rest.StateBody,
                returns=AgentView,
            )
            for method in ("PUT", "POST")
        ),
        Route(
            "GET",
            "/api/v1/me/devices",
            rest.my_devices,
            PHONE_USE,
            summary="My phones with their logins; only one's own are ever shown",
            returns=rest.DeviceList,
        ),
        Route(
            "GET",
            "/api/v1/me/auto-answer",
            rest.my_auto_answer,
            PHONE_USE,
            summary="Which calls my phone answers by itself",
            returns=rest.AutoAnswerForm,
        ),
        Route(
            "PUT",
            "/api/v1/me/auto-answer",
            rest.set_my_auto_answer,
            PHONE_USE,
            summary="Choose which calls my phone answers by itself",
            body=rest.AutoAnswerForm,
            returns=rest.AutoAnswerForm,
        ),
        Route(
            "POST",
            "/api/v1/me/devices/{kind}/password",
            rest.renew_password,
            PHONE_USE,
            summary="Give my phone (webrtc or sip) a new password",
            returns=rest.DeviceList,
        ),
        Route(
            "GET",
            "/api/v1/agents",
            rest.agent_list,
            AGENTS_SEE,
            summary="Agents with their states",
            returns=rest.AgentList,
        ),
        Route(
            "GET",
            "/api/v1/agents/{id}",
            rest.agent_one,
            AGENTS_SEE,
            summary="One agent",
            returns=AgentView,
        ),
        Route(
            "PATCH",
            "/api/v1/agents/{id}",
            rest.agent_patch,
            TEAM_EDIT,
            summary="Rename an agent or change the short number",
            body=rest.AgentPatch,
            returns=AgentView,
        ),
        Route(
            "POST",
            "/api/v1/me/wrapup/extend",
            rest.extend_wrapup,
            PHONE_USE,
            summary="Lengthen my time after a call, once; choosing a state ends it",
            returns=AgentView,
        ),
        Route(
            "PUT",
            f"/api/v1/agents/{ID}/state",
            rest.set_state,
            CALLS_SUPERVISE,
            summary="Set an agent ready, paused or off line; a call goes on, the state begins after it",
            body=rest.StateBody,
            returns=AgentView,
        ),
        Route(
            "GET",
            REASONS,
            setup.reason_list,
            AGENTS_SEE,
            summary="Why people pause, in the order in which it is offered",
            returns=setup.ReasonList,
        ),
        Route(
            "POST",
            REASONS,
            setup.reason_create,
            SETTINGS_EDIT,
            summary="Add a reason to pause",
            body=ReasonForm,
            returns=setup.ReasonView,
            status=201,
        ),
        Route(
            "PUT",
            f"{REASONS}/order",
            setup.reason_order,
            SETTINGS_EDIT,
            summary="Put the reasons to pause into another order",
            body=setup.ReasonOrder,
            returns=setup.ReasonList,
        ),
        Route(
            "PUT",
            f"{REASONS}/{ID}",
            setup.reason_change,
            SETTINGS_EDIT,
            summary="Change a reason to pause",
            body=ReasonForm,
            returns=setup.ReasonView,
        ),
        Route(
            "DELETE",
            f"{REASONS}/{ID}",
            setup.reason_retire,
            SETTINGS_EDIT,
            summary="Retire a reason to pause; the past keeps it",
            status=204,
        ),
        Route(
            "POST",
            f"{REASONS}/{ID}/back",
            setup.reason_back,
            SETTINGS_EDIT,
            summary="Offer a retired reason again",
            returns=setup.ReasonView,
        ),
        Route(
            "GET",
            RULES,
            setup.rules_read,
            SETTINGS_EDIT,
            summary="After how many unanswered rings agents are paused, and the wrap-up of their own calls",
            returns=AgentSettings,
        ),
        Route(
            "PUT",
            RULES,
            setup.rules_change,
            SETTINGS_EDIT,
            summary="Change these rules",
            body=AgentSettings,
            returns=AgentSettings,
        ),
        Route("GET", "/agents", team.team, AGENTS_SEE),
        Route("GET", setup.PATH, setup.show, SETTINGS_EDIT),
        Route("POST", setup.PATH, setup.save_rules, SETTINGS_EDIT),
        Route("POST", f"{setup.PATH}/reasons", setup.submit, SETTINGS_EDIT),
        Route("POST", f"{setup.PATH}/reasons/{ID}", setup.submit, SETTINGS_EDIT),
        *(
            Route("POST", f"{setup.PATH}/reasons/{ID}/{what}", setup.act, SETTINGS_EDIT)
            for what in ("up", "down", "retire", "back")
        ),
        Route("POST", f"/agents/{ID}", team.edit_agent, TEAM_EDIT),
    ),
    nav=(NavItem("/agents", "Team", "users", AGENTS_SEE, 60, below=True),),
    subscriptions=(
        Subscription(AgentChanged, handlers.on_changed, "agents.spans"),
        Subscription(LinkChanged, handlers.on_link, "agents.spans"),
        Subscription(PauseOverdue, handlers.on_overdue, "agents.overdue"),
        Subscription(CallUpdated, handlers.on_call, "agents.rings"),
        Subscription(CallEnded, handlers.on_call, "agents.rings"),
        Subscription(AgentWanted, handlers.on_wanted, "agents.rings"),
    ),
    jobs=(Job("agents.life", jobs.sign_of_life, every=life.LIFE_EVERY),),
    on_start=_start,
)
