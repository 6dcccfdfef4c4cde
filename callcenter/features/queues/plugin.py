"""Queues: their settings and members, and Asterisk's members kept as agents want them."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.events import AgentChanged, AgentWanted, ConfigChanged, DeviceChanged, LinkChanged, MemberChanged
from callcenter.features.queues import api, handlers, jobs, pages
from callcenter.features.queues.gateway import MemberSync
from callcenter.features.queues.usecases import QueuePatch
from callcenter.features.skills import api as skills
from callcenter.http.permissions import QUEUES_EDIT, QUEUES_SEE
from callcenter.http.routes import NavItem, Param, Route
from callcenter.plugin import Feature, Job, Services, Subscription


async def _start(services: Services) -> None:
    await services.part(MemberSync, MemberSync).start()


async def _stop(services: Services) -> None:
    await services.part(MemberSync, MemberSync).stop()


async def _asks(session: AsyncSession, skill_id: int) -> list[str]:
    """The queues that ask for a skill, so that it is not deleted."""
    return [one.name for one in await api.all_queues(session) if one.asked and one.asked.skill_id == skill_id]


skills.add_user(_asks)

FEATURE = Feature(
    name="queues",
    routes=(
        Route(
            "GET",
            "/api/v1/queues",
            pages.queue_list,
            QUEUES_SEE,
            summary="Queues with their settings and members",
            returns=pages.QueueList,
        ),
        Route(
            "GET",
            "/api/v1/queues/{id}",
            pages.queue_one,
            QUEUES_SEE,
            summary="One queue",
            returns=pages.QueueSettings,
        ),
        Route(
            "PATCH",
            "/api/v1/queues/{id}",
            pages.queue_patch,
            QUEUES_EDIT,
            summary="Change a queue's settings or members",
            body=QueuePatch,
            returns=pages.QueueSettings,
            params=(Param("apply", "1 = apply all changes of the routing at once, when the checks find no fault"),),
        ),
        Route(
            "GET",
            "/api/v1/service-level",
            pages.service_level,
            QUEUES_SEE,
            summary="The formula of the service level",
            returns=pages.ServiceLevelBody,
        ),
        Route(
            "PUT",
            "/api/v1/service-level",
            pages.set_service_level,
            QUEUES_EDIT,
            summary="Choose the formula of the service level; past figures are by it from then on",
            body=pages.ServiceLevelBody,
            returns=pages.ServiceLevelBody,
        ),
        Route("POST", "/queues/service-level", pages.choose_formula, QUEUES_EDIT),
        Route("GET", "/queues", pages.settings, QUEUES_SEE),
        Route("POST", "/queues/{id}", pages.edit, QUEUES_EDIT),
    ),
    nav=(NavItem("/queues", "Queues", "queue", QUEUES_SEE, 70, below=True, group="routing"),),
    subscriptions=(
        Subscription(AgentWanted, handlers.on_wanted, "queues.members"),
        Subscription(AgentChanged, handlers.on_changed, "queues.members"),
        Subscription(DeviceChanged, handlers.on_device, "queues.members"),
        Subscription(MemberChanged, handlers.on_member, "queues.members"),
        Subscription(LinkChanged, handlers.on_link, "queues.members"),
        Subscription(ConfigChanged, handlers.on_config, "queues.members"),
    ),
    jobs=(Job("queues.members", jobs.compare_members, every=30.0, first=30.0),),
    on_start=_start,
    on_stop=_stop,
)
