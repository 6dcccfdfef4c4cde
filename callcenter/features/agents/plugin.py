"""Agents: who they are, what state they chose, their phones, and the time they spend in each state."""

from __future__ import annotations

from callcenter.core.events import AgentChanged, AgentWanted, LinkChanged
from callcenter.features.agents import handlers, jobs, pages, usecases
from callcenter.features.agents.api import wanted_now
from callcenter.http.permissions import AGENTS_SEE, PHONE_USE, TEAM_EDIT
from callcenter.http.routes import NavItem, Route
from callcenter.live.views import AgentView
from callcenter.plugin import Feature, Job, Services, Subscription


async def _restore(services: Services) -> None:
    """Tells what every agent chose before the server stopped."""
    await usecases.end_stale_spans(services)
    async with services.db.system() as session:
        chosen = await wanted_now(session)
    for business_id, agent_id, wanted, reason, since in chosen:
        services.bus.publish(
            AgentWanted(at=since, business_id=business_id, agent_id=agent_id, wanted=wanted, reason=reason)
        )


FEATURE = Feature(
    name="agents",
    routes=(
        Route(
            "GET",
            "/api/v1/me/state",
            pages.my_state,
            PHONE_USE,
            summary="My state",
            returns=AgentView,
        ),
        *(
            Route(
                method,
                "/api/v1/me/state",
                pages.set_my_state,
                PHONE_USE,
                summary="Choose my state: ready, paused or off line",
                body=pages.StateBody,
                returns=AgentView,
            )
            for method in ("PUT", "POST")
        ),
        Route(
            "GET",
            "/api/v1/me/devices",
            pages.my_devices,
            PHONE_USE,
            summary="My phones with their logins; only one's own are ever shown",
            returns=pages.DeviceList,
        ),
        Route(
            "GET",
            "/api/v1/me/auto-answer",
            pages.my_auto_answer,
            PHONE_USE,
            summary="Which calls my phone answers by itself",
            returns=pages.AutoAnswerForm,
        ),
        Route(
            "PUT",
            "/api/v1/me/auto-answer",
            pages.set_my_auto_answer,
            PHONE_USE,
            summary="Choose which calls my phone answers by itself",
            body=pages.AutoAnswerForm,
            returns=pages.AutoAnswerForm,
        ),
        Route(
            "POST",
            "/api/v1/me/devices/{kind}/password",
            pages.renew_password,
            PHONE_USE,
            summary="Give my phone (webrtc or sip) a new password",
            returns=pages.DeviceList,
        ),
        Route(
            "GET",
            "/api/v1/agents",
            pages.agent_list,
            AGENTS_SEE,
            summary="Agents with their states",
            returns=pages.AgentList,
        ),
        Route(
            "GET",
            "/api/v1/agents/{id}",
            pages.agent_one,
            AGENTS_SEE,
            summary="One agent",
            returns=AgentView,
        ),
        Route(
            "PATCH",
            "/api/v1/agents/{id}",
            pages.agent_patch,
            TEAM_EDIT,
            summary="Rename an agent or change the short number",
            body=pages.AgentPatch,
            returns=AgentView,
        ),
        Route("GET", "/agents", pages.team, AGENTS_SEE),
        Route("POST", "/agents/{id}", pages.edit_agent, TEAM_EDIT),
    ),
    nav=(NavItem("/agents", "Team", "users", AGENTS_SEE, 60, below=True),),
    subscriptions=(
        Subscription(AgentChanged, handlers.on_changed, "agents.spans"),
        Subscription(LinkChanged, handlers.on_link, "agents.spans"),
    ),
    jobs=(Job("agents.life", jobs.sign_of_life, every=usecases.LIFE_EVERY),),
    on_start=_restore,
)
