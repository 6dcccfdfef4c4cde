"""Limits of figures: kept by people, watched every two seconds, told as alerts."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.events import Alert
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.wallboard import gateway
from callcenter.features.wallboard.models import Threshold
from callcenter.features.wallboard.rules import limits as rules
from callcenter.http.current import Current
from callcenter.live.audience import Audience
from callcenter.plugin import Services

log = logging.getLogger(__name__)

MOST = 100
_TABLES = frozenset({"wallboard_thresholds"})


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit. Shares are from 0 to 1, times in seconds; ``queue_id`` null = each queue for itself."""

    id: int
    queue_id: int | None
    figure: str
    warn: float | None
    alarm: float
    calm: float
    sound: bool
    webhook: str
    secret: str = ""


class LimitForm(msgspec.Struct, kw_only=True):
    """A limit as it is set. Shares are from 0 to 1, times in seconds."""

    figure: str
    alarm: float
    queue_id: int | None = None
    warn: float | None = None
    calm: float = 0.0
    sound: bool = True
    webhook: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that began or ended, for those who tell it on."""

    business_id: int
    limit: Limit
    queue: str
    value: float | None
    active: bool
    at: float


Way = Callable[[Services, Told], Awaitable[None]]
WAYS: list[Way] = []
"""Further ways of telling (e-mail, chat …): a feature that can do it adds itself when it is loaded."""


class Limits:
    """The limits in memory, and which of them are passed: (limit, queue) -> business."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[int, tuple[int, list[Limit]]] = {}
        self.on: dict[tuple[int, int], Alert] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def of(self, business_id: int) -> list[Limit]:
        """A business's limits, as last committed."""
        state = self._services.db.changes.of(_TABLES)
        kept = self._known.get(business_id)
        if kept is not None and kept[0] == state:
            return kept[1]
        async with self._services.db.business(business_id) as session:
            found = await all_limits(session)
        self._known[business_id] = (state, found)
        return found

    async def check(self) -> None:
        """Looks at every limit: alerts begin and end here."""
        alive: set[tuple[int, int]] = set()
        for business_id in self._services.telephony.directory.businesses:
            wanted = await self.of(business_id)
            if not wanted:
                continue
            now = self._services.live.snapshot(Audience(business_id, sees_all=True))
            for limit in wanted:
                for queue in now.queues.values():
                    if limit.queue_id not in (None, queue.id):
                        continue
                    key = (limit.id, queue.id)
                    alive.add(key)
                    self._judge(business_id, key, limit, queue.name, rules.value_of(queue, limit.figure, now.now))
        for key in self.on.keys() - alive:
            self._clear(key)

    def _judge(self, business_id: int, key: tuple[int, int], limit: Limit, queue: str, value: float | None) -> None:
        kind = rules.FIGURES[limit.figure]
        was = key in self.on
        on = rules.still(was, value, limit.alarm, limit.calm, kind.worse)
        if on == was:
            return
        at = self._services.clock.epoch()
        if on and value is not None:
            alert = Alert(
                at=at,
                # Pages beep for a new alert, but not for one that is meant to be seen only.
                key=f"{'limit' if limit.sound else 'limit-quiet'}:{key[0]}:{key[1]}",
                active=True,
                message=kind.message,
                values={
                    "queue": queue,
                    "value": rules.said(value, kind.unit),
                    "limit": rules.said(limit.alarm, kind.unit),
                },
                business_id=business_id,
            )
            self.on[key] = alert
            self._services.bus.publish(alert)
        else:
            self._clear(key)
        self._tell(Told(business_id=business_id, limit=limit, queue=queue, value=value, active=on, at=at))

    def _clear(self, key: tuple[int, int]) -> None:
        alert = self.on.pop(key)
        self._services.bus.publish(
            Alert(at=self._services.clock.epoch(), key=alert.key, active=False, business_id=alert.business_id)
        )

    def _tell(self, told: Told) -> None:
        ways = [*WAYS, *([by_webhook] if told.limit.webhook else [])]
        for way in ways:
            task = asyncio.ensure_future(self._safely(way, told))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _safely(self, way: Way, told: Told) -> None:
        try:
            await way(self._services, told)
        except Exception:
            log.exception("an alert could not be told")

    async def stop(self) -> None:
        """Ends what is being sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def by_webhook(_services: Services, told: Told) -> None:
    """Tells the address that stands in the limit."""
    message: dict[str, Any] = {
        "event": "limit.passed" if told.active else "limit.over",
        "limit_id": told.limit.id,
        "figure": told.limit.figure,
        "queue": told.queue,
        "value": told.value,
        "limit": told.limit.alarm,
        "at": told.at,
    }
    await gateway.send(told.limit.webhook, told.limit.secret, str(int(told.at)), message)


def limits(services: Services) -> Limits:
    """The process's one."""
    return services.part(Limits, Limits)


async def all_limits(session: AsyncSession) -> list[Limit]:
    """The session's business's limits."""
    rows: Sequence[Threshold] = list(await session.scalars(select(Threshold).order_by(Threshold.id)))
    return [Limit(**{name: getattr(row, name) for name in _FIELDS}) for row in rows if row.figure in rules.FIGURES]


_FIELDS = tuple(field.name for field in msgspec.structs.fields(Limit))


async def add(services: Services, person: Current, form: LimitForm) -> Limit:
    """Sets a limit. Raises BadInput that names every wrong field."""
    wrong: dict[str, str] = {}
    kind = rules.FIGURES.get(form.figure)
    if kind is None:
        wrong["figure"] = N_("There is no such figure.")
    highest = 1.0 if kind is not None and kind.unit == "share" else 86_400.0
    for name in ("warn", "alarm", "calm"):
        value = getattr(form, name)
        if value is not None and not 0 <= value <= highest:
            wrong[name] = N_("This value cannot be used.")
    if kind is not None and form.warn is not None and not wrong and not _before(form.warn, form.alarm, kind.worse):
        wrong["warn"] = N_("The warning must come before the alarm.")
    queue = services.telephony.directory.queues.get(form.queue_id or 0)
    if form.queue_id is not None and (queue is None or queue.business_id != person.business_id):
        wrong["queue_id"] = N_("There is no such queue.")
    webhook = form.webhook.strip()
    if webhook and (len(webhook) > 500 or not gateway.fits(webhook)):
        wrong["webhook"] = N_("Give an http(s) address on the internet, not one inside your own network.")
    if wrong:
        raise BadInput(N_("Some fields cannot be used."), fields=wrong)
    async with services.db.business(person.business_id) as session:
        if len(await all_limits(session)) >= MOST:
            raise BadInput(N_("There are too many limits. Delete some first."))
        row = Threshold(
            queue_id=form.queue_id,
            figure=form.figure,
            warn=form.warn,
            alarm=form.alarm,
            calm=form.calm,
            sound=form.sound,
            webhook=webhook,
            secret=secrets.token_urlsafe(24) if webhook else "",
            created_at=services.clock.now(),
        )
        session.add(row)
        await session.flush()
        await accounts.audit(session, person, "limit.create", "limit", row.id, figure=row.figure, alarm=row.alarm)
        return Limit(**{name: getattr(row, name) for name in _FIELDS})


def _before(warn: float, alarm: float, worse: str) -> bool:
    return warn <= alarm if worse == "above" else warn >= alarm


async def remove(services: Services, person: Current, limit_id: int) -> None:
    """Takes a limit away; its alert ends."""
    async with services.db.business(person.business_id) as session:
        row = await session.get(Threshold, limit_id)
        if row is None:
            raise NotFound(N_("This limit is not there."))
        await accounts.audit(session, person, "limit.delete", "limit", limit_id, figure=row.figure)
        await session.delete(row)
