"""Rules of sign-in, sessions, tokens and passwords. Pure."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import available_timezones

from callcenter.core.i18n import N_

WINDOW = timedelta(minutes=15)
FAILURES_PER_PERSON = 5
FAILURES_PER_ADDRESS = 30
IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=30)
TOUCH_EVERY = timedelta(minutes=1)
PASSWORD_MIN = 8
# Argon2 has no upper limit of its own; a long text would only cost time.
PASSWORD_MAX = 200
TOKEN_PREFIX = "cc_"  # noqa: S105 - the visible start of every token, not a secret
LANGUAGES = ("ru", "en")
THEMES = ("auto", "light", "dark")


def normal_email(typed: str) -> str:
    """The e-mail as it is kept: trimmed, lower case."""
    return typed.strip().lower()


def seconds_to_wait(failures: Sequence[datetime], limit: int, now: datetime) -> int:
    """How long to wait before another attempt (0 = try now). ``failures`` are moments of failed ones, any order."""
    recent = sorted(at for at in failures if now - at < WINDOW)
    if len(recent) < limit:
        return 0
    # The attempt becomes free when so many have left the window that fewer than ``limit`` remain.
    leaves = recent[len(recent) - limit] + WINDOW
    return max(1, int((leaves - now).total_seconds() + 0.999))


def minutes(seconds: int) -> int:
    """Whole minutes to name to a person, at least one."""
    return max(1, -(-seconds // 60))


def session_alive(*, seen_at: datetime, expires_at: datetime, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether a sign-in still holds: not revoked, not idle for too long, not past its end."""
    return revoked_at is None and now < expires_at and now - seen_at < IDLE


def token_alive(*, expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether an API token still holds."""
    return revoked_at is None and (expires_at is None or now < expires_at)


def new_secret() -> str:
    """32 random bytes as text."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What the database keeps of a secret. SHA-256 is enough for 32 random bytes; passwords go through Argon2."""
    return hashlib.sha256(secret.encode()).hexdigest()


def password_fault(password: str, email: str) -> str | None:
    """Why a new password is refused (gettext key), or None."""
    if len(password) < PASSWORD_MIN:
        return N_("The password is too short: at least 8 characters.")
    if len(password) > PASSWORD_MAX:
        return N_("The password is too long: at most 200 characters.")
    if password.strip().lower() in (email, email.partition("@")[0]) or len(set(password)) < 4:
        return N_("This password is too easy to guess.")
    return None


def safe_next(address: str | None) -> str:
    """Where to go after sign-in: a path of this site, else the start page."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return "/"
    if any(ord(c) < 32 for c in address) or "\\" in address:
        return "/"
    return "/" if address.startswith(("/sign-in", "/api/v1/")) else address


def browser_name(user_agent: str) -> str:
    """A browser's and system's name for people: ``Chrome 126, Windows``; what is not known stays as it is."""
    browser = next(
        (f"{name} {found[1]}" for name, pattern in _BROWSERS if (found := re.search(pattern, user_agent)) is not None),
        user_agent[:60],
    )
    system = next((name for name, sign in _SYSTEMS if sign in user_agent), "")
    return f"{browser}, {system}" if system else browser


# The first that fits: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari.
_BROWSERS = (
    ("Edge", r"Edg\w*/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Yandex", r"YaBrowser/(\d+)"),
    ("Firefox", r"Firefox/(\d+)"),
    ("Chrome", r"Chrome/(\d+)"),
    ("Safari", r"Version/(\d+)[\d.]* (?:Mobile/\w+ )?Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("macOS", "Mac OS X"),
    ("Linux", "Linux"),
)


@cache
def timezones() -> tuple[str, ...]:
    """The time zones that the machine knows, by name; looked up once, because it means reading many files."""
    return tuple(sorted(available_timezones()))


def timezone_known(name: str) -> bool:
    """Whether the machine has this time zone."""
    return name in timezones()
