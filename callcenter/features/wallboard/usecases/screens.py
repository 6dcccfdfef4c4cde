"""Links to big screens: made once, shown once, taken away at any time (SUP-07)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select, update

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.wallboard.models import ScreenLink
from callcenter.http.current import Current
from callcenter.live.audience import Audience
from callcenter.live.views import AgentView, AlertView, CallView, QueueView
from callcenter.plugin import Services

GONE = N_("This screen's link is not valid any more. Ask for a new one.")
SEEN_EVERY = timedelta(minutes=1)
MOST = 50


class Link(msgspec.Struct, kw_only=True):
    """A link to a big screen; ``prefix`` is the beginning of its token. ``token`` is given only when it is made."""

    id: int
    title: str
    prefix: str
    numbers: bool
    created_at: datetime
    seen_at: datetime | None
    token: str | None = None


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """Whose board a link shows, and how."""

    id: int
    business_id: int
    business_name: str
    language: str
    timezone: str
    title: str
    numbers: bool


class ScreenState(msgspec.Struct, kw_only=True):
    """What a screen draws. Without ``numbers`` nobody's number or name of the outside is in it."""

    now: str
    link_up: bool
    queues: list[QueueView]
    agents: list[AgentView]
    calls: dict[str, CallView]
    alerts: list[AlertView]


async def links(services: Services, business_id: int) -> list[Link]:
    """The links that are valid, the newest first."""
    async with services.db.business(business_id) as session:
        rows = await session.scalars(
            select(ScreenLink).where(ScreenLink.revoked_at.is_(None)).order_by(ScreenLink.id.desc())
        )
        return [_link(row) for row in rows]


async def make(services: Services, person: Current, title: str, numbers: bool) -> Link:
    """A new link; its token is in the answer and nowhere else."""
    title = " ".join(title.split())
    if not 1 <= len(title) <= 100:
        message = N_("Give the screen a name.")
        raise BadInput(message, fields={"title": message})
    if len(await links(services, person.business_id)) >= MOST:
        raise BadInput(N_("There are too many screens. Take some away first."))
    token = secrets.token_urlsafe(24)
    async with services.db.business(person.business_id) as session:
        row = ScreenLink(
            title=title,
            token_hash=_hash(token),
            prefix=token[:6],
            numbers=numbers,
            created_at=services.clock.now(),
        )
        session.add(row)
        await session.flush()
        await accounts.audit(session, person, "screen.create", "screen", row.id, title=title, numbers=numbers)
        made = _link(row)
    made.token = token
    return made


async def revoke(services: Services, person: Current, link_id: int) -> None:
    """Takes a link away: a screen that shows it stops within seconds."""
    async with services.db.business(person.business_id) as session:
        row = await session.get(ScreenLink, link_id)
        if row is None or row.revoked_at is not None:
            raise NotFound(N_("This screen is not there."))
        row.revoked_at = services.clock.now()
        await accounts.audit(session, person, "screen.revoke", "screen", link_id, title=row.title)


async def screen(services: Services, token: str) -> Screen:
    """The screen of a token; NotFound for one that is not valid."""
    now = services.clock.now()
    async with services.db.system() as session:
        row = await session.scalar(
            select(ScreenLink).where(ScreenLink.token_hash == _hash(token), ScreenLink.revoked_at.is_(None))
        )
        if row is None:
            raise NotFound(GONE)
        business = await accounts.business(session, row.business_id)
        found = Screen(
            id=row.id,
            business_id=row.business_id,
            business_name=business.name if business else "",
            language=business.language if business else "ru",
            timezone=business.timezone if business else "UTC",
            title=row.title,
            numbers=row.numbers,
        )
        if row.seen_at is None or now - row.seen_at >= SEEN_EVERY:
            await session.execute(update(ScreenLink).where(ScreenLink.id == row.id).values(seen_at=now))
    return found


def state(services: Services, found: Screen) -> ScreenState:
    """What the screen shows now."""
    snapshot = services.live.snapshot(Audience(found.business_id, sees_all=found.numbers, language=found.language))
    return ScreenState(
        now=snapshot.now,
        link_up=snapshot.link_up,
        queues=sorted(snapshot.queues.values(), key=lambda queue: (queue.name.casefold(), queue.id)),
        agents=sorted(snapshot.agents.values(), key=lambda agent: (agent.name.casefold(), agent.id)),
        calls=snapshot.calls if found.numbers else {},
        alerts=snapshot.alerts,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _link(row: ScreenLink) -> Link:
    return Link(
        id=row.id,
        title=row.title,
        prefix=row.prefix,
        numbers=row.numbers,
        created_at=row.created_at,
        seen_at=row.seen_at,
    )
