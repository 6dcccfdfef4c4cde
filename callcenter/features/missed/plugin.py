"""Notices of missed calls, and letters of messages that callers leave."""

from __future__ import annotations

from callcenter.core.events import CallEnded
from callcenter.features.calls import api as calls
from callcenter.features.missed import handlers, usecases
from callcenter.plugin import Feature, Subscription

calls.MESSAGE_WAYS.append(usecases.mail_message)

FEATURE = Feature(name="missed", subscriptions=(Subscription(CallEnded, handlers.on_end, "missed"),))
