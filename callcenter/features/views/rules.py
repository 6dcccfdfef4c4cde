"""Saved views: names and limits. Pure."""

from __future__ import annotations

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

MAX_TITLE, MAX_VIEWS, MAX_STATE = 80, 30, 8000


def title(typed: str) -> str:
    """The name of a view in one line. Raises BadInput when it is empty or too long."""
    line = " ".join(typed.split())
    if not line or len(line) > MAX_TITLE or not line.isprintable():
        message = N_("Give the view a name of at most %(limit)s characters.")
        raise BadInput(message, fields={"title": N_("Fill in this field.")}, limit=MAX_TITLE)
    return line


def may_change(owner_id: int, membership_id: int, *, shared: bool, everything: bool) -> bool:
    """Whether a view may be changed or deleted: one's own, and shared ones by who may share."""
    return owner_id == membership_id or (shared and everything)
