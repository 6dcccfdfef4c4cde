"""The door to Asterisk's configuration for the command line, the demo and the page of the call flow."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.usecases import load_directory, write_config
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.telephony.config.model import Model, System

__all__ = ["drafted_model", "load_directory", "write_config"]
# Nothing is rendered from it, so it needs no machine.
_NOWHERE = System(name="", folder="", run_dir="", modules_dir="", data_dir="", ami_password="")


async def drafted_model(session: AsyncSession, business_id: int) -> Model:
    """One business as its tables say now, for simulated callers (business session)."""
    business = await accounts.business(session, business_id)
    found = [business] if business else []
    return Model(
        system=_NOWHERE,
        businesses=queries.businesses(found, await numbers.special_days(session)),
        trunks=queries.trunks(await numbers.trunks(session)),
        numbers=queries.numbers(await numbers.all_numbers(session), {one.id: one.timezone for one in found}),
        menus=queries.menus(await ivr.all_menus(session)),
        queues=queries.queues(await queues.all_queues(session)),
        agents=queries.agents(await agents.for_rendering(session)),
    )
