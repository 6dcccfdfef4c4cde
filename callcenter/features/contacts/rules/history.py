"""The history of a client: what kinds of entries there are, and who may change one (CON-31, CON-32)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from callcenter.core.i18n import N_
from callcenter.features.contacts.rules.access import Card, Viewer

PER_PAGE = 20
# What the filter offers, in its order; an entry of any other kind is found under "other".
FILTERS: dict[str, str] = {
    "call": N_("Calls"),
    "comment": N_("Comments"),
    "letter": N_("Letters"),
    "form": N_("Questionnaires"),
    "responsible": N_("Responsible person"),
    "other": N_("Other"),
}
TITLES: dict[str, str] = {
    "comment": N_("Comment"),
    "letter": N_("Letter"),
    "form": N_("Questionnaire"),
    "responsible": N_("Responsible person changed"),
    "created": N_("Card created"),
    "changed": N_("Card changed"),
    "merge": N_("Cards joined"),
    "import": N_("Loaded from a file"),
    "consent": N_("Consent"),
    "file": N_("Document"),
    "archive": N_("Put into the archive"),
}
ICONS: dict[str, str] = {
    "comment": "note", "letter": "mail", "form": "file", "responsible": "user", "created": "plus", "merge": "branch",
    "import": "load", "consent": "shield", "file": "file", "archive": "lock",
}  # fmt: skip
# Written by people, so people may correct them; what the product itself noted stays as it happened.
WRITTEN = frozenset({"comment", "letter", "form"})


class Cursor(NamedTuple):
    """Where the next page of a history begins: at this moment, after ``skip`` entries of exactly this moment."""

    at: datetime
    skip: int = 0


def may_edit(who: Viewer, card: Card, kind: str) -> bool:
    """Whether the viewer may change or delete an entry: an administrator or the responsible person (CON-32)."""
    return kind in WRITTEN and (who.private or card.responsible_id == who.membership_id)


def cursor(text: str) -> Cursor | None:
    """A cursor from its text (``2026-03-02T09:00:00+00:00~1``), None when it is none."""
    moment, _, skip = text.partition("~")
    try:
        at = datetime.fromisoformat(moment)
        number = int(skip or "0")
    except ValueError:
        return None
    return Cursor(at, number) if at.tzinfo is not None and 0 <= number < 10_000 else None


def cursor_text(where: Cursor) -> str:
    """The cursor as text."""
    return f"{where.at.isoformat()}~{where.skip}"
