"""Dial lists (OUT-01 … OUT-16): clients chosen by a filter are called one after another."""

from __future__ import annotations

from callcenter.core.events import (
    AgentChanged,
    CallEnded,
    CallFailed,
    CallUpdated,
    DeviceChanged,
    LinkChanged,
    SpyChanged,
)
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import handlers, jobs
from callcenter.features.dialer.pages import promising, refusing, rest, site, whatif
from callcenter.features.dialer.usecases import belonging
from callcenter.features.dialer.usecases import refusing as refusing_numbers
from callcenter.features.dialer.usecases import whatif as trying
from callcenter.features.privacy import api as privacy
from callcenter.features.prompts import api as prompts
from callcenter.features.scripts import api as scripts
from callcenter.features.work import api as work
from callcenter.plugin import Feature, Job, Subscription

calls.add_part(promising.PART)
contacts.add_merger(belonging.MERGER)
privacy.add_part(belonging.PART)
prompts.add_user(belonging.plays)
scripts.add_follower(refusing_numbers.follow)
work.register(trying.KIND, trying.run, link=trying.link)

FEATURE = Feature(
    name="dialer",
    nav=site.NAV,
    routes=(*rest.ROUTES, *site.ROUTES, *refusing.ROUTES, *promising.ROUTES, *whatif.ROUTES),
    subscriptions=(
        Subscription(CallEnded, handlers.ended, "dialer"),
        Subscription(CallFailed, handlers.failed, "dialer"),
        Subscription(CallUpdated, handlers.updated, "dialer"),
        # Of its own, so that nothing stands before a person who waits for an agent.
        Subscription(CallUpdated, handlers.goes_on, "dialer-pacing"),
        Subscription(SpyChanged, handlers.leg, "dialer"),
        Subscription(AgentChanged, handlers.agent, "dialer"),
        Subscription(DeviceChanged, handlers.device, "dialer"),
        Subscription(LinkChanged, handlers.link, "dialer"),
    ),
    # «serve» ends with an error only; it is then begun again.
    jobs=(
        Job("dialer", jobs.serve, every=1.0, first=1.0),
        Job("dialer-pacing", jobs.pace, every=1.0, first=1.0),
        Job("dialer-greetings", jobs.prune, every=86_400.0, first=600.0),
        Job("dialer.promised", jobs.remind, every=5.0, first=5.0),
    ),
)
