"""What a form on a site asks for, how often somebody may send, and how a robot is told from a person. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from typing import NamedTuple

from callcenter.core.i18n import N_

# What a form can ask for beside the business's own fields, in this order: key → title.
FIELDS: dict[str, str] = {
    "name": N_("Your name"),
    "phone": N_("Telephone"),
    "email": N_("E-mail"),
    "organisation": N_("Organisation"),
    "position": N_("Job title"),
    "city": N_("City"),
    "comment": N_("Comment"),
    "consent": N_("I agree that my data is processed"),
}
OWN = "field-"
# A field that people do not see; robots fill it in.
TRAP = "website"
MAX_BODY = 32 * 1024
LONGEST = {"name": 200, "phone": 80, "email": 254, "organisation": 200, "position": 200, "city": 100, "comment": 4000}
LEAST_SECONDS = 2.0
MOST_SECONDS = 24 * 3600.0


class Rate(NamedTuple):
    """``burst`` at once, then one every ``every`` seconds."""

    burst: int
    every: float


# One person fills in a form a few times at most; a site's own server sends many from one address.
FORM_ADDRESS, FORM_TOTAL = Rate(8, 10.0), Rate(60, 1.0)
API_ADDRESS, API_TOTAL = Rate(60, 1.0), Rate(120, 0.5)


class Buckets:
    """Token buckets by key in a bounded memory: the one not used for longest is forgotten first."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, key: tuple[str, str], rate: Rate, now: float) -> int:
        """0 when this one may pass, else the seconds to wait."""
        left, at = self._left.get(key, (float(rate.burst), now))
        left = min(float(rate.burst), left + max(0.0, now - at) / rate.every)
        allowed = left >= 1.0
        self._left[key] = (left - 1.0 if allowed else left, now)
        self._left.move_to_end(key)
        while len(self._left) > self._most:
            self._left.popitem(last=False)
        return 0 if allowed else max(1, round((1.0 - left) * rate.every + 0.5))

    def __len__(self) -> int:
        return len(self._left)


def stamp(secret: str, now: float) -> str:
    """When a form was shown, so that nobody can pretend another time."""
    moment = str(int(now))
    return f"{moment}.{_sign(secret, moment)}"


def age(secret: str, stamped: str, now: float) -> float | None:
    """How many seconds ago a form was shown; None when the stamp is not ours."""
    moment, _, sign = stamped.partition(".")
    if not (moment.isascii() and moment.isdecimal() and len(moment) < 12):
        return None
    return now - int(moment) if hmac.compare_digest(sign.encode(), _sign(secret, moment).encode()) else None


def _sign(secret: str, moment: str) -> str:
    return hmac.new(secret.encode(), f"form:{moment}".encode(), hashlib.sha256).hexdigest()[:32]


def names(typed: str) -> tuple[str, str]:
    """A name in one field as first and last name."""
    first, _, last = " ".join(typed.split()).partition(" ")
    return (first, last) if len(first) <= 100 and len(last) <= 100 else (first[:100], last[:100])
