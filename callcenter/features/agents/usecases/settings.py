"""What a business chose for all its agents: after how many unanswered rings they are paused, wrap-up of own calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import rules
from callcenter.http.current import Current
from callcenter.plugin import Services

UNANSWERED, WRAPUP_OUT = "unanswered_rings", "wrapup_out"


class AgentSettings(msgspec.Struct, kw_only=True):
    """``unanswered`` rings in a row pause an agent (0 = never); ``wrapup_out`` seconds follow a call he dialled."""

    unanswered: int = rules.UNANSWERED
    wrapup_out: int = 0


async def read(session: AsyncSession, business_id: int) -> AgentSettings:
    """What the business chose."""
    business = await accounts.business(session, business_id)
    return chosen_settings(business.settings if business else {})


def chosen_settings(kept: Mapping[str, Any]) -> AgentSettings:
    """The same from a business's settings."""
    return AgentSettings(
        unanswered=int(kept.get(UNANSWERED, rules.UNANSWERED)), wrapup_out=int(kept.get(WRAPUP_OUT, 0))
    )


async def change(services: Services, person: Current, form: AgentSettings) -> None:
    """Keeps the settings; BadInput names the wrong field."""
    wrong: dict[str, str] = {}
    if not 0 <= form.unanswered <= 20:
        wrong["unanswered"] = N_("Enter from 0 to 20; 0 means never.")
    if not 0 <= form.wrapup_out <= 3600:
        wrong["wrapup_out"] = N_("Enter from 0 to 3600 seconds.")
    if wrong:
        raise BadInput(next(iter(wrong.values())), fields=wrong)
    async with services.db.system() as session:
        await accounts.set_setting(session, person.business_id, UNANSWERED, form.unanswered)
        await accounts.set_setting(session, person.business_id, WRAPUP_OUT, form.wrapup_out)
        await accounts.audit(session, person, "agent.settings", "business", person.business_id)
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=person.business_id, what="agents"))
