"""The contract between the composition root and a feature: what a feature offers, and the services it may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from aiohttp import web

from callcenter.config import Settings
from callcenter.core.bus import Bus
from callcenter.core.clock import Clock
from callcenter.core.events import Event
from callcenter.http.routes import NavItem, Route
from callcenter.live.service import Live
from callcenter.storage.scope import Database
from callcenter.telephony.service import Telephony

T = TypeVar("T")


@dataclass
class Services:
    """What every feature may use. One object per process, made by ``app``."""

    settings: Settings
    db: Database
    bus: Bus
    clock: Clock
    live: Live
    telephony: Telephony
    parts: dict[type, Any] = field(default_factory=dict, repr=False)

    def part(self, kind: type[T], make: Callable[[Services], T]) -> T:
        """What a feature keeps in memory in this process: one object of ``kind``, made by ``make`` on first use."""
        if kind not in self.parts:
            self.parts[kind] = make(self)
        return cast(T, self.parts[kind])


SERVICES = web.AppKey("services", Services)


def services(request: web.Request) -> Services:
    """The services of the process that serves ``request``."""
    return request.app[SERVICES]


@dataclass(frozen=True)
class Subscription:
    """``handler(services, event)`` for each event of ``kind``; subscriptions of one ``queue`` share one order."""

    kind: type[Event]
    handler: Callable[[Services, Any], Awaitable[None]]
    queue: str


@dataclass(frozen=True)
class Job:
    """``run(services)`` every ``every`` seconds, first after ``first`` seconds; never two at once."""

    name: str
    run: Callable[[Services], Awaitable[None]]
    every: float
    first: float = 0.0


@dataclass(frozen=True)
class Feature:
    """A feature's index, named ``FEATURE`` in its plugin module.

    ``on_start`` runs before the server takes requests (the database is migrated, Asterisk may be away);
    ``on_stop`` runs after the last request.
    """

    name: str
    routes: tuple[Route, ...] = ()
    nav: tuple[NavItem, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    jobs: tuple[Job, ...] = ()
    on_start: Callable[[Services], Awaitable[None]] | None = None
    on_stop: Callable[[Services], Awaitable[None]] | None = None
    commands: dict[str, Callable[..., Any]] = field(default_factory=dict)
