"""The composition root: which features there are, what they are made of, in which order it starts and stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter import __version__, migrations
from callcenter.config import Settings
from callcenter.core.bus import Bus
from callcenter.core.clock import SystemClock
from callcenter.features.accounts import plugin as accounts
from callcenter.features.accounts.usecases import who
from callcenter.features.agents import api as agents_api
from callcenter.features.agents import plugin as agents
from callcenter.features.audit import plugin as audit
from callcenter.features.callbacks import plugin as callbacks
from callcenter.features.callcard import plugin as callcard
from callcenter.features.callflow import plugin as callflow
from callcenter.features.calls import plugin as calls
from callcenter.features.campaigns import plugin as campaigns
from callcenter.features.confirmations import plugin as confirmations
from callcenter.features.contacts import plugin as contacts
from callcenter.features.demo import plugin as demo
from callcenter.features.desk import plugin as desk
from callcenter.features.dialer import plugin as dialer
from callcenter.features.dialplan import plugin as dialplan
from callcenter.features.distribution import plugin as distribution
from callcenter.features.duplicates import plugin as duplicates
from callcenter.features.exports import plugin as exports
from callcenter.features.forwarding import plugin as forwarding
from callcenter.features.gates import plugin as gates
from callcenter.features.imports import plugin as imports
from callcenter.features.ivr import plugin as ivr
from callcenter.features.mail import plugin as mail
from callcenter.features.missed import plugin as missed
from callcenter.features.numbers import plugin as numbers
from callcenter.features.outgoing import plugin as outgoing
from callcenter.features.prices import plugin as prices
from callcenter.features.privacy import plugin as privacy
from callcenter.features.prompts import plugin as prompts
from callcenter.features.prospects import plugin as prospects
from callcenter.features.questionnaires import plugin as questionnaires
from callcenter.features.queues import plugin as queues
from callcenter.features.recordings import plugin as recordings
from callcenter.features.reminders import plugin as reminders
from callcenter.features.scripts import plugin as scripts
from callcenter.features.search import plugin as search
from callcenter.features.selftest import plugin as selftest
from callcenter.features.skills import plugin as skills
from callcenter.features.softphones import plugin as softphones
from callcenter.features.stream import plugin as stream
from callcenter.features.supervision import plugin as supervision
from callcenter.features.surveys import plugin as surveys
from callcenter.features.trunks import plugin as trunks
from callcenter.features.views import plugin as views
from callcenter.features.wallboard import plugin as wallboard
from callcenter.features.webforms import plugin as webforms
from callcenter.features.work import plugin as work
from callcenter.http import render, server
from callcenter.http.permissions import SIGNED_IN
from callcenter.http.routes import Route
from callcenter.http.site import catalogues
from callcenter.live.service import Live
from callcenter.plugin import SERVICES, Feature, Job, Services
from callcenter.storage.engine import create_engine
from callcenter.storage.outage import is_outage
from callcenter.storage.scope import Database
from callcenter.telephony.asterisk import secrets
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.service import Account, Telephony

log = logging.getLogger(__name__)

FEATURES: tuple[Feature, ...] = (
    accounts.FEATURE,
    # Loads the directory at its start, which those below may look into at theirs.
    dialplan.FEATURE,
    agents.FEATURE,
    skills.FEATURE,
    softphones.FEATURE,
    prompts.FEATURE,
    confirmations.FEATURE,
    numbers.FEATURE,
    trunks.FEATURE,
    ivr.FEATURE,
    queues.FEATURE,
    callflow.FEATURE,
    work.FEATURE,
    views.FEATURE,
    contacts.FEATURE,
    privacy.FEATURE,
    imports.FEATURE,
    duplicates.FEATURE,
    webforms.FEATURE,
    exports.FEATURE,
    audit.FEATURE,
    prices.FEATURE,
    calls.FEATURE,
    callbacks.FEATURE,
    dialer.FEATURE,
    surveys.FEATURE,
    questionnaires.FEATURE,
    mail.FEATURE,
    reminders.FEATURE,
    callcard.FEATURE,
    scripts.FEATURE,
    prospects.FEATURE,
    recordings.FEATURE,
    missed.FEATURE,
    forwarding.FEATURE,
    outgoing.FEATURE,
    gates.FEATURE,
    selftest.FEATURE,
    distribution.FEATURE,
    campaigns.FEATURE,
    wallboard.FEATURE,
    supervision.FEATURE,
    search.FEATURE,
    stream.FEATURE,
    desk.FEATURE,
    demo.FEATURE,
)


async def open_database(settings: Settings, *, serves: bool = False) -> Database:
    """The database of the settings, brought up to date; ``serves`` is for the server, of which there is one.

    Raises what the driver raises when it cannot be reached.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    before, after = await migrations.upgrade(settings.db_url)
    if before != after:
        log.info("database migrated", extra={"from": before, "to": after})
    return Database(create_engine(settings.db_url, checkpoints=serves))


def find_journal(settings: Settings) -> Path | None:
    """Where Asterisk writes its CEL file; None when there is no Asterisk on this machine. Looks at the disk: slow."""
    try:
        return Instance.from_settings(settings).journal
    except AsteriskError as error:
        log.warning("no call journal: %s", error)
        return None


def make_services(settings: Settings, db: Database, journal: Path | None = None) -> Services:
    """What features use. Nothing is started or connected yet."""
    bus, clock = Bus(), SystemClock()
    account = Account(
        host=settings.asterisk_host,
        port=settings.ami_port,
        secret=secrets.secret(settings.secrets_file, secrets.AMI_PASSWORD),
    )
    return Services(
        settings=settings,
        db=db,
        bus=bus,
        clock=clock,
        live=Live(bus, clock, translate),
        telephony=Telephony(account, bus, clock, journal=journal, fallback=settings.phone_fallback_seconds),
    )


def translate(language: str, text: str, values: dict[str, Any]) -> str:
    """A text of the catalogues with its places filled, for what is made outside of a request."""
    return catalogues().language(language).fill(text, values)


def create_app(
    settings: Settings, *, services: Services | None = None, features: Iterable[Feature] | None = None
) -> web.Application:
    """The whole server as one application.

    Without ``services`` the database is migrated and everything is made at start-up; tests give their own.
    """
    chosen = FEATURES if features is None else tuple(features)
    routes = [route for feature in chosen for route in feature.routes]
    if not any(route.path == "/" and route.method == "GET" for route in routes):
        routes.append(Route("GET", "/", _home, SIGNED_IN))
    app = server.make(
        settings,
        routes=routes,
        nav=[item for feature in chosen for item in feature.nav],
        identify=who.identify,
        health=_health,
        is_outage=is_outage,
    )
    if services is not None:
        app[SERVICES] = services
    app.cleanup_ctx.append(partial(_life, settings=settings, features=chosen))
    app.on_shutdown.append(_end_streams)
    return app


async def _end_streams(app: web.Application) -> None:
    """Before open requests are waited for: streams would never end by themselves."""
    await app[SERVICES].live.stop()


async def _life(app: web.Application, *, settings: Settings, features: tuple[Feature, ...]) -> AsyncIterator[None]:
    """Starts database, live state, features, bus, jobs, telephony; stops them the other way round."""
    own = SERVICES not in app
    if own:
        journal = await asyncio.to_thread(find_journal, settings)
        app[SERVICES] = make_services(settings, await open_database(settings, serves=True), journal)
    services = app[SERVICES]
    services.part(who.AgentLookup, lambda _: who.AgentLookup()).find = _agent_of
    started: list[Feature] = []
    jobs: list[asyncio.Task[None]] = []
    try:
        for feature in features:
            for subscription in feature.subscriptions:
                services.bus.handle(subscription.queue, subscription.kind, partial(subscription.handler, services))
        for feature in features:
            started.append(feature)
            if feature.on_start:
                await feature.on_start(services)
        await services.live.start()
        await services.bus.start()
        jobs += [asyncio.create_task(_run(job, services), name=job.name) for f in features for job in f.jobs]
        await services.telephony.start()
        yield
    finally:
        await _stop(services, started, jobs, own=own)


async def _stop(services: Services, started: list[Feature], jobs: list[asyncio.Task[None]], *, own: bool) -> None:
    for task in jobs:
        task.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    await services.telephony.stop()
    await services.bus.stop()
    for feature in reversed(started):
        if feature.on_stop:
            try:
                await feature.on_stop(services)
            except Exception:
                log.exception("feature %s did not stop cleanly", feature.name)
    if own:
        await services.db.close()


async def _run(job: Job, services: Services) -> None:
    await asyncio.sleep(job.first)
    while True:
        try:
            await job.run(services)
        except Exception:
            log.exception("job %s failed", job.name)
        await asyncio.sleep(job.every)


async def _agent_of(session: AsyncSession, membership_id: int) -> int | None:
    found = await agents_api.by_membership(session, membership_id)
    return found.id if found and found.active else None


async def _home(request: web.Request) -> web.StreamResponse:
    """The start page: the first place in the navigation that this person may open."""
    entries = render.nav(request)
    raise web.HTTPSeeOther(entries[0].path if entries else "/profile")


async def _health(request: web.Request) -> web.Response:
    """``GET /healthz``: 200 when Asterisk and the database answer, else 503 with which one is down."""
    services = request.app[SERVICES]
    database = await _database_answers(services.db)
    asterisk = services.telephony.up
    well = database and asterisk
    return web.json_response(
        {
            "status": "ok" if well else "down",
            "asterisk": "up" if asterisk else "down",
            "database": "up" if database else "down",
            "version": __version__,
        },
        status=200 if well else 503,
        headers={"Cache-Control": "no-store"},
    )


async def _database_answers(db: Database) -> bool:
    try:
        async with asyncio.timeout(3):
            async with db.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
    except Exception:
        return False
    return True
