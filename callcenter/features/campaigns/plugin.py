"""Ad campaigns and the numbers they advertise."""

from __future__ import annotations

from callcenter.features.campaigns import pages
from callcenter.features.campaigns.usecases import CampaignForm
from callcenter.http.permissions import CAMPAIGNS
from callcenter.http.routes import Route
from callcenter.plugin import Feature

ID = r"{id:\d{1,9}}"

FEATURE = Feature(
    name="campaigns",
    routes=(
        Route(
            "GET",
            "/api/v1/campaigns",
            pages.campaign_list,
            CAMPAIGNS,
            summary="Ad campaigns",
            returns=pages.CampaignList,
        ),
        Route(
            "POST",
            "/api/v1/campaigns",
            pages.campaign_create,
            CAMPAIGNS,
            summary="Create a campaign",
            body=CampaignForm,
            returns=pages.CampaignView,
            status=201,
        ),
        Route(
            "POST",
            f"/api/v1/campaigns/{ID}/finish",
            pages.campaign_finish,
            CAMPAIGNS,
            summary="End a campaign today",
            returns=pages.CampaignView,
        ),
        Route("GET", "/campaigns", pages.campaign_page, CAMPAIGNS),
        Route("POST", "/campaigns", pages.campaign_form, CAMPAIGNS),
        Route("POST", f"/campaigns/{ID}/finish", pages.finish_form, CAMPAIGNS),
    ),
)
