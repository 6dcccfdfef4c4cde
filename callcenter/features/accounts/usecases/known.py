"""Who asked lately: kept in memory, so that a request of a person who is at work costs no query.

Forgotten at once when this process commits a change to people, sessions, tokens or agents' places, when another process
(the command line) says that it has made one, and in any case after ``KEEP_SECONDS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from callcenter.config import Settings
from callcenter.core.events import ConfigChanged
from callcenter.features.accounts.models import ApiToken, UserSession
from callcenter.http.current import Current
from callcenter.plugin import Services

KEEP_SECONDS = 300.0
MOST = 10_000
TABLES = frozenset({"users", "businesses", "memberships", "user_sessions", "api_tokens"})
Mark = tuple[int, int, int]


@dataclass(frozen=True)
class Entry:
    """A person who asked, and the sign-in or token that he asked with (detached: its times are kept up here)."""

    current: Current
    row: UserSession | ApiToken


class Known:
    """Entries by the fingerprint of the cookie or token. All of them go when anything changed: changes are rare."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stamp = stamp(services.settings)
        self._entries: dict[str, tuple[float, Entry]] = {}
        self._config = 0
        self._mark = self.mark()
        # A new or removed agent changes whose phone a person has.
        services.bus.listen(ConfigChanged, self._on_config)

    def _on_config(self, _event: ConfigChanged) -> None:
        self._config += 1

    def mark(self) -> Mark:
        """The state of what the entries were made of; taken before reading, so that a change in between is seen."""
        try:
            other = self._stamp.stat().st_mtime_ns
        except OSError:
            other = 0
        return self._services.db.changes.of(TABLES), other, self._config

    def get(self, key: str) -> Entry | None:
        """The entry, if nothing has changed since."""
        now = self.mark()
        if now != self._mark:
            self._entries.clear()
            self._mark = now
        found = self._entries.get(key)
        if found is None or self._services.clock.epoch() > found[0]:
            return None
        return found[1]

    def put(self, key: str, entry: Entry, mark: Mark) -> None:
        """Keeps an entry that was read after ``mark``."""
        if mark != self._mark:
            return
        if len(self._entries) >= MOST:
            self._entries.clear()
        self._entries[key] = (self._services.clock.epoch() + KEEP_SECONDS, entry)


def known(services: Services) -> Known:
    """This process's memory."""
    return services.part(Known, Known)


def stamp(settings: Settings) -> Path:
    """The file whose time tells of changes by other processes."""
    return settings.data / "accounts-changed"


def tell_others(settings: Settings) -> None:
    """Says that this process, which is not the server, changed people or tokens."""
    stamp(settings).touch()
