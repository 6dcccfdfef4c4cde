"""Confirmations end by themselves: the dialplan follows, and people are warned before."""

from __future__ import annotations

import asyncio

from callcenter.core.events import Alert
from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.accounts import api as accounts
from callcenter.features.confirmations import api as confirmations
from callcenter.features.outgoing import gateway
from callcenter.features.outgoing.usecases import choosing
from callcenter.plugin import Services

ENDS = N_(
    "The confirmation of %(number)s ends in %(days)s days; calls out are blocked then. "
    "Renew it in Telephony, Numbers, Calls out."
)
ENDED = N_("Calls out are blocked: %(number)s is not confirmed. Confirm it in Telephony, Numbers, Calls out.")


class Seen:
    """What was so at the last look: valid confirmations, and the alerts that are shown."""

    def __init__(self) -> None:
        self.valid: set[tuple[int, int | None, str]] | None = None
        self.alerts: dict[int, tuple[str, str, int]] = {}


async def follow(services: Services) -> None:
    """A confirmation has ended: whoever needs it calls out no longer, and what is forwarded to it stops."""
    seen, now = services.part(Seen, lambda _: Seen()), services.clock.now()
    async with services.db.system() as session:
        known = await confirmations.every(session)
        businesses = await accounts.businesses(session)
        await confirmations.forget(session, now - confirmations.rules.ASK_WINDOW)
    valid = {(one.business_id, one.agent_id, one.e164) for one in confirmations.valid(known, now)}
    before, seen.valid = seen.valid, valid
    for business_id in {one[0] for one in (before or set()) - valid}:
        choosing.tell(services, business_id)
    for business in businesses:
        await _warn(services, seen, business)
    await asyncio.to_thread(gateway.forget, services.settings)


async def _warn(services: Services, seen: Seen, business: accounts.BusinessInfo) -> None:
    """An alert of the company's number, where calls out need it."""
    calling, state = await choosing.calling(services, business.id)
    wanted: tuple[str, str, int] | None = None
    if calling.caller_mode != "line" and calling.number_mode == "common" and not state.line:
        if state.state == "ending" and state.until is not None:
            wanted = (ENDS, calling.number, max(1, (state.until - services.clock.now()).days))
        elif state.state in ("none", "expired"):
            wanted = (ENDED, calling.number, 0)
    if wanted == seen.alerts.get(business.id):
        return
    if wanted is None:
        seen.alerts.pop(business.id)
    else:
        seen.alerts[business.id] = wanted
    services.bus.publish(
        Alert(
            at=services.clock.epoch(),
            key=f"confirmation-{business.id}",
            active=wanted is not None,
            message=wanted[0] if wanted else "",
            values={"number": shown(wanted[1]), "days": wanted[2]} if wanted else {},
            business_id=business.id,
        )
    )
