"""The own dialplan's draft, and whether a save is applied at once."""

from __future__ import annotations

from callcenter.core.errors import BadInput
from callcenter.core.events import RoutingDrafted
from callcenter.features.accounts import api as accounts
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.rules import own as rules
from callcenter.features.dialplan.rules import versions
from callcenter.features.dialplan.usecases import drafts, staging
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.telephony.config.findings import Finding


async def own(services: Services, business_id: int) -> tuple[str, list[Finding]]:
    """The draft of the own dialplan, and what is wrong with it."""
    async with services.db.business(business_id) as session:
        text = (await queries.own_texts(session, [business_id]))[business_id]
    found = await staging.draft(services, business_id)
    return text, [one for one in found.findings if one.section == "own"]


async def set_own(services: Services, person: Current, text: str, *, apply: bool = False) -> None:
    """Keeps the draft, right or wrong: only what has no fault is applied. Raises BadInput when it is too long."""
    clean = text.replace("\r\n", "\n").rstrip()
    if len(clean) > rules.MAX_TEXT:
        raise BadInput(rules.LONG, fields={"text": rules.LONG}, limit=rules.MAX_TEXT)
    async with services.db.business(person.business_id) as session:
        await drafts.set_own(session, person.business_id, clean)
        await accounts.audit(session, person, "routing.own", "routing", "", lines=len(clean.splitlines()))
    services.bus.publish(
        RoutingDrafted(
            at=services.clock.epoch(),
            business_id=person.business_id,
            what="own",
            now=apply,
            user_id=person.user_id,
        )
    )


async def set_at_once(services: Services, person: Current, at_once: bool) -> None:
    """Chooses whether every save is applied at once."""
    async with services.db.system() as session:
        await accounts.set_setting(session, person.business_id, versions.SETTING, at_once)
    async with services.db.business(person.business_id) as session:
        await accounts.audit(session, person, "routing.setting", "routing", "", at_once=at_once)
