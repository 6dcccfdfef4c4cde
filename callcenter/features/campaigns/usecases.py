"""What people do with campaigns: create, finish."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from babel.numbers import get_currency_precision
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.campaigns import queries, rules
from callcenter.features.campaigns.models import Campaign, CampaignNumber
from callcenter.features.numbers import api as numbers
from callcenter.http.current import Current


class CampaignForm(msgspec.Struct, kw_only=True):
    """A campaign to create: days as YYYY-MM-DD, ``budget`` as people write sums; end and budget may come later."""

    name: str = ""
    starts_on: str = ""
    ends_on: str = ""
    budget: str = ""
    number_ids: list[int] = []


async def create(session: AsyncSession, person: Current, form: CampaignForm, at: datetime) -> Campaign:
    """Adds a campaign. Raises BadInput that names the field."""
    name = rules.name(form.name)
    ends_on = rules.day(form.ends_on, "ends_on")
    starts_on = rules.period(rules.day(form.starts_on, "starts_on"), ends_on)
    business = await accounts.business(session, person.business_id)
    currency = business.currency if business else "RUB"
    budget = rules.budget(form.budget, get_currency_precision(currency))
    known = {one.id for one in await numbers.all_numbers(session)}
    chosen = list(dict.fromkeys(form.number_ids))
    if not chosen or not known.issuperset(chosen):
        message = N_("Choose at least one number that the campaign advertises.")
        raise BadInput(message, fields={"number_ids": message})
    campaign = Campaign(name=name, starts_on=starts_on, ends_on=ends_on, budget=budget, created_at=at)
    session.add(campaign)
    await session.flush()
    session.add_all(CampaignNumber(campaign_id=campaign.id, number_id=one) for one in chosen)
    await accounts.audit(session, person, "campaign.create", "campaign", campaign.id)
    return campaign


async def finish(session: AsyncSession, person: Current, campaign_id: int, today: date) -> Campaign:
    """Ends a campaign today. NotFound, BadInput when it has not begun."""
    campaign = await queries.campaign(session, campaign_id)
    if campaign is None:
        raise NotFound(N_("This campaign is not there."))
    if campaign.starts_on > today:
        raise BadInput(N_("This campaign has not begun yet."))
    if campaign.ends_on is None or campaign.ends_on > today:
        campaign.ends_on = today
        await accounts.audit(session, person, "campaign.finish", "campaign", campaign.id)
    return campaign
