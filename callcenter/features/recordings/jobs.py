"""Timed work: look for raw files, and look whether something is wrong that people must know."""

from __future__ import annotations

import asyncio
from typing import Any

from callcenter.core.events import Alert
from callcenter.core.i18n import N_
from callcenter.features.recordings.gateway.disk import free_bytes
from callcenter.features.recordings.usecases import converting
from callcenter.plugin import Services

MEGABYTE = 1_000_000
# Below this nothing more can be relied on to be written.
FULL_MB = 20
UNKNOWN_AFTER = 3600.0


class Alerts:
    """What was last said, so that an alert is published when it changes and not every time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._said: dict[str, tuple[str, dict[str, Any]]] = {}

    def say(self, key: str, message: str, *, business_id: int | None = None, **values: Any) -> None:
        """The alert ``key`` is on."""
        if self._said.get(key) != (message, values):
            self._said[key] = (message, values)
            self._publish(key, True, message, values, business_id)

    def clear(self, key: str, business_id: int | None = None) -> None:
        """The alert ``key`` is off."""
        if self._said.pop(key, None) is not None:
            self._publish(key, False, "", {}, business_id)

    def keys(self, prefix: str) -> list[str]:
        """The alerts that are on and begin so."""
        return [key for key in self._said if key.startswith(prefix)]

    def _publish(self, key: str, active: bool, message: str, values: dict[str, Any], business_id: int | None) -> None:
        self._services.bus.publish(
            Alert(
                at=self._services.clock.epoch(),
                key=key,
                active=active,
                message=message,
                values=values,
                business_id=business_id,
            )
        )


async def sweep(services: Services) -> None:
    """Looks for raw recordings whose turn has come."""
    await converting.sweep(converting.pipeline(services))


async def check_disk(services: Services) -> None:
    """Warns before the disk is full, and says it when it is: calls go on, but are no longer recorded."""
    pipe = converting.pipeline(services)
    alerts = services.part(Alerts, Alerts)
    folders = [services.settings.recordings_dir]
    if pipe.spool is not None:
        folders.append(pipe.spool.folder)
    free = min((await asyncio.to_thread(free_bytes, folders)).values()) // MEGABYTE
    if free < min(FULL_MB, services.settings.disk_alert_mb):
        alerts.say("recordings.disk", N_("The disk is full: calls go on, but are not recorded. Make room."))
    elif free < services.settings.disk_alert_mb:
        # Rounded, so that the text stays the same while calls are written.
        alerts.say(
            "recordings.disk",
            N_("Only %(free)s MB are left for recordings. Make room before the disk is full."),
            free=max(FULL_MB, free // 50 * 50),
        )
    else:
        alerts.clear("recordings.disk")


async def check_work(services: Services) -> None:
    """Tells of recordings that fail again and again, and of raw files whose call nobody knows."""
    pipe = converting.pipeline(services)
    await converting.note_missing(pipe)
    state = await converting.health(pipe, unknown_after=UNKNOWN_AFTER)
    alerts = services.part(Alerts, Alerts)
    for business_id, count in state.stuck.items():
        alerts.say(
            f"recordings.failed.{business_id}",
            N_("Recordings that cannot be converted: %(count)s. Their files are kept; see the server's log."),
            business_id=business_id,
            count=count,
        )
    for key in alerts.keys("recordings.failed."):
        business_id = int(key.rpartition(".")[2])
        if business_id not in state.stuck:
            alerts.clear(key, business_id)
    if state.unknown:
        alerts.say(
            "recordings.unknown",
            N_("Recordings whose call is not in the log: %(count)s. They are kept in Asterisk's folder."),
            count=state.unknown,
        )
    else:
        alerts.clear("recordings.unknown")
