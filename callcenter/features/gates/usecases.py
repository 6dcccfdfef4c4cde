"""Closing the company in an emergency and opening it again (INQ-06); refusing calls from spam numbers (INQ-07)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from callcenter.core.errors import BadInput
from callcenter.core.events import Alert, RoutingDrafted
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.accounts.api import BusinessInfo
from callcenter.features.gates import queries
from callcenter.features.gates.gateway import Gates
from callcenter.features.numbers import api as numbers
from callcenter.http import formats
from callcenter.http.current import Current
from callcenter.plugin import Services

PATIENCE = 1.5
CLOSED_NOW = N_("The company is closed since %(since)s (%(by)s): callers hear the emergency prompt.")


class ClosingPatch(msgspec.Struct, kw_only=True):
    """``prompt`` is the name of what callers hear while it is closed; ``refuse_spam``: spam numbers are not let in."""

    prompt: str | msgspec.UnsetType = UNSET
    refuse_spam: bool | msgspec.UnsetType = UNSET


class ClosingView(msgspec.Struct, kw_only=True):
    """Whether the company is closed, since when (ISO) and by whom; ``reached``: Asterisk knows it."""

    closed: bool
    at: str
    by: str
    prompt: str
    refuse_spam: bool
    reached: bool


async def view(services: Services, business_id: int) -> ClosingView:
    """How it is now."""
    async with services.db.business(business_id) as session:
        business = await accounts.business(session, business_id)
    settings = business.settings if business else {}
    closed: dict[str, Any] = settings.get(queries.CLOSED) or {}
    return ClosingView(
        closed=bool(closed),
        at=str(closed.get("at", "")),
        by=str(closed.get("by", "")),
        prompt=str(settings.get(queries.PROMPT, "")),
        refuse_spam=bool(settings.get(queries.REFUSE, False)),
        reached=services.telephony.up and services.part(Gates, Gates).settled,
    )


async def close(services: Services, person: Current, closed: bool) -> None:
    """Closes the company for all callers at once, or opens it again."""
    business_id = person.business_id
    async with services.db.system() as session:
        business = await accounts.business(session, business_id)
        if business is None or bool(business.settings.get(queries.CLOSED)) == closed:
            return
        mark = {"at": services.clock.now().isoformat().replace("+00:00", "Z"), "by": person.name} if closed else None
        await accounts.set_setting(session, business_id, queries.CLOSED, mark)
        await accounts.audit(session, person, "closing.close" if closed else "closing.open", "business", business_id)
        business = await accounts.business(session, business_id)
    services.part(Gates, Gates).touch()
    if business is not None:
        tell(services, business)
    if services.telephony.up:
        # Whoever pressed sees at once that it is so; where it takes longer the page says that it is not yet.
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await services.part(Gates, Gates).settle()


async def change(services: Services, person: Current, patch: ClosingPatch) -> None:
    """Chooses the emergency prompt and whether spam is refused. Raises BadInput."""
    business_id = person.business_id
    async with services.db.business(business_id) as session:
        if patch.prompt is not UNSET and patch.prompt and not await numbers.prompt_exists(session, patch.prompt):
            message = N_("This prompt is not there any more. Choose another one.")
            raise BadInput(message, fields={"prompt": message})
    async with services.db.system() as session:
        if patch.prompt is not UNSET:
            await accounts.set_setting(session, business_id, queries.PROMPT, patch.prompt)
            await accounts.audit(session, person, "closing.prompt", "business", business_id, prompt=patch.prompt)
        if patch.refuse_spam is not UNSET:
            await accounts.set_setting(session, business_id, queries.REFUSE, patch.refuse_spam)
            action = "spam.refuse" if patch.refuse_spam else "spam.admit"
            await accounts.audit(session, person, action, "business", business_id)
    if patch.prompt is not UNSET:
        services.bus.publish(
            RoutingDrafted(at=services.clock.epoch(), business_id=business_id, what="hours", user_id=person.user_id)
        )
    services.part(Gates, Gates).touch()


def tell(services: Services, business: BusinessInfo) -> None:
    """Everybody of the business sees on every page that it is closed, or no longer."""
    mark: dict[str, Any] | None = business.settings.get(queries.CLOSED)
    services.bus.publish(
        Alert(
            at=services.clock.epoch(),
            key=f"closed-{business.id}",
            active=bool(mark),
            message=CLOSED_NOW if mark else "",
            values={"since": _clock(str(mark["at"]), business.timezone), "by": mark["by"]} if mark else {},
            business_id=business.id,
        )
    )


def _clock(iso: str, timezone: str) -> str:
    """A moment as the company's clock shows it."""
    return datetime.fromisoformat(iso).astimezone(formats.zone(timezone)).strftime("%d.%m %H:%M")
