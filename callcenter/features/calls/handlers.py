"""Asterisk's journal into the log, and the caller's card onto the page of the agent whose phone rings."""

from __future__ import annotations

from callcenter.core.events import CallContact, CallEnded, CallUpdated, LinkChanged, RecordingReady
from callcenter.features.calls.usecases import messages
from callcenter.features.calls.usecases.journal import Completer
from callcenter.features.calls.usecases.pop import Pops
from callcenter.plugin import Services


async def link_changed(services: Services, event: LinkChanged) -> None:
    """Asterisk is back, and its state is known: the journal tells what was missed."""
    if event.up:
        services.part(Completer, Completer).soon(before=event.at)


async def message_ready(services: Services, event: RecordingReady) -> None:
    """A message can be heard: those for whom it is are told."""
    await messages.ready(services, event)


async def pop_update(services: Services, event: CallUpdated) -> None:
    """Looks the caller up at once, and shows the card when a phone rings."""
    await services.part(Pops, Pops).updated(event.call)


async def pop_contact(services: Services, event: CallContact) -> None:
    """Somebody got a name (or a card) while the call goes on."""
    services.part(Pops, Pops).named(event)


async def pop_end(services: Services, event: CallEnded) -> None:
    """Forgets the caller."""
    services.part(Pops, Pops).ended(event.call.id)
