"""Asterisk's configuration follows the database: people at once, the routing by versions that are applied."""

from __future__ import annotations

from callcenter.core.events import ConfigChanged, LinkChanged, RoutingDrafted
from callcenter.features.dialplan import handlers
from callcenter.features.dialplan.pages import rest, site, trying, views
from callcenter.features.dialplan.usecases import applying, rendering, sounds, staging, starting
from callcenter.features.prompts import api as prompts
from callcenter.features.skills import api as skills
from callcenter.http.permissions import NUMBERS_EDIT, ROUTING_APPLY, ROUTING_OWN
from callcenter.http.routes import NavItem, Param, Route
from callcenter.plugin import Feature, Services, Subscription

NUMBER = r"{number:\d{1,9}}"
ID = r"{id:\d{1,9}}"
API = "/api/v1/routing"

prompts.add_user(sounds.uses)
skills.add_user(rendering.asking)


async def _start(services: Services) -> None:
    await applying.recover(services)
    await staging.complete_versions(services)
    await rendering.refresh_directory(services)
    await rendering.rank_members(services)
    if services.settings.asterisk_dir is not None:
        # An Asterisk in a container waits for its files; any other is started after they were written.
        await rendering.apply_changes(services)


FEATURE = Feature(
    name="dialplan",
    routes=(
        Route(
            "GET",
            API,
            rest.routing,
            ROUTING_APPLY,
            summary="How calls are routed: what is live, what is edited, what the checks say",
            returns=views.RoutingView,
        ),
        Route(
            "GET",
            f"{API}/progress",
            rest.progress,
            NUMBERS_EDIT,
            summary="What an apply does right now, and how many changes wait",
            returns=views.ProgressView,
        ),
        Route(
            "GET",
            f"{API}/diff",
            rest.diff,
            ROUTING_APPLY,
            summary="The draft's difference in Asterisk's files, without passwords",
            returns=rest.DiffView,
        ),
        Route(
            "POST",
            f"{API}/apply",
            rest.apply,
            ROUTING_APPLY,
            summary="Apply the draft as a whole: checked, confirmed by Asterisk, tried by a call, or rolled back",
            body=rest.ApplyBody,
            returns=views.VersionView,
        ),
        Route(
            "DELETE",
            f"{API}/draft",
            rest.discard,
            ROUTING_APPLY,
            summary="Throw the draft away",
            returns=views.RoutingView,
        ),
        Route(
            "GET",
            f"{API}/versions",
            rest.version_list,
            ROUTING_APPLY,
            summary="Versions of the routing, the newest first",
            returns=views.VersionList,
            params=(Param("page", "1 = the newest twenty", {"type": "integer"}),),
        ),
        Route(
            "POST",
            f"{API}/versions/{NUMBER}/back",
            rest.bring_back,
            ROUTING_APPLY,
            summary="Bring a version back: it becomes the draft and is applied",
            returns=views.VersionView,
        ),
        Route("GET", f"{API}/own", rest.own_text, ROUTING_OWN, summary="The own dialplan", returns=views.OwnView),
        Route(
            "PUT",
            f"{API}/own",
            rest.set_own,
            ROUTING_OWN,
            summary="Change the draft of the own dialplan",
            body=rest.OwnBody,
            returns=views.OwnView,
            params=(Param("apply", "1 = apply all changes of the routing at once, when the checks find no fault"),),
        ),
        Route(
            "PUT",
            f"{API}/setting",
            rest.set_setting,
            ROUTING_APPLY,
            summary="Choose whether every save is applied at once",
            body=rest.SettingBody,
            returns=rest.SettingBody,
        ),
        Route(
            "POST",
            f"{API}/try",
            trying.call,
            ROUTING_APPLY,
            summary="A simulated caller: what a call to a number at a time with keys would meet, without a call",
            body=trying.TryBody,
            returns=trying.WayView,
        ),
        Route(
            "GET",
            f"{API}/paths",
            trying.paths,
            ROUTING_APPLY,
            summary="Ways of calls that every apply looks at: when one would change, nothing is applied",
            returns=trying.PathList,
        ),
        Route(
            "POST",
            f"{API}/paths",
            trying.keep,
            ROUTING_APPLY,
            summary="Keep a way of calls as it is in the draft",
            body=trying.TryBody,
            returns=trying.PathList,
            status=201,
        ),
        Route(
            "DELETE",
            f"{API}/paths/{ID}",
            trying.drop,
            ROUTING_APPLY,
            summary="Let a kept way go",
            returns=trying.PathList,
        ),
        Route("GET", "/routing/try", trying.page, ROUTING_APPLY),
        Route("POST", "/routing/paths", trying.keep_form, ROUTING_APPLY),
        Route("POST", f"/routing/paths/{ID}/drop", trying.drop_form, ROUTING_APPLY),
        Route("GET", "/routing", site.page, ROUTING_APPLY),
        Route("GET", f"/routing/versions/{NUMBER}", site.look, ROUTING_APPLY),
        Route("POST", "/routing/apply", site.apply, ROUTING_APPLY),
        Route("POST", "/routing/discard", site.discard, ROUTING_APPLY),
        Route("POST", f"/routing/versions/{NUMBER}/back", site.bring_back, ROUTING_APPLY),
        Route("POST", "/routing/own", site.save_own, ROUTING_OWN),
        Route("POST", "/routing/setting", site.save_setting, ROUTING_APPLY),
    ),
    nav=(NavItem("/routing", "Routing", "branch", ROUTING_APPLY, 72, below=True, group="routing"),),
    subscriptions=(
        Subscription(ConfigChanged, handlers.on_config, "dialplan"),
        Subscription(RoutingDrafted, handlers.on_drafted, "dialplan"),
        Subscription(LinkChanged, handlers.on_link, "dialplan"),
    ),
    on_start=_start,
    on_stop=starting.stop,
)
