"""What a script may hold, whose it is, and which one opens for a call. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

import msgspec
import nh3

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

Kind = Literal["in", "out"]
Follows = Literal["success", "refusal", "call_back", "wrong_number", "do_not_call", "none"]
KINDS: dict[Kind, str] = {"in": N_("Incoming calls"), "out": N_("Outgoing calls")}
OUTCOMES: dict[Follows, str] = {
    "success": N_("Success"),
    "refusal": N_("Refusal"),
    "call_back": N_("Call back"),
    "wrong_number": N_("Wrong number"),
    "do_not_call": N_("Do not call again"),
    "none": N_("Nothing follows"),
}
TONES: dict[str, str] = {
    "success": "ready", "refusal": "missed", "call_back": "ring", "wrong_number": "pause", "do_not_call": "missed",
    "none": "pause",
}  # fmt: skip
FIRST_OUTCOMES: tuple[tuple[str, Follows], ...] = (
    (N_("Agreed"), "success"),
    (N_("Refusal"), "refusal"),
    (N_("Call back later"), "call_back"),
    (N_("Wrong number"), "wrong_number"),
)
MOST_OUTCOMES, MAX_COMMENT, MAX_SAID, MAX_TEXT = 30, 50, 500, 100_000
NO_NAME = N_("Enter the script's name, at most 100 characters.")
TAKEN = N_("There is a script of this name already.")
NO_ONE = N_("Choose who works with the script, or give it to everybody.")
LONG_TEXT = N_("The text is too long: at most %(limit)s characters with its formatting.")
NO_TITLE = N_("Name the outcome, at most 60 characters.")
LONG_COMMENT = N_("A comment has at most 50 characters.")
TWICE = N_("This outcome is there twice.")
TOO_MANY = N_("A script has at most %(limit)s outcomes.")
WRONG_OUTCOMES = N_("Some outcomes cannot be kept yet. See the notes beside them.")
NEEDED = N_("Add an outcome: without one nobody could ever go on to the next card.")
LONG_SAID = N_("A comment has at most 500 characters.")

# --- the text ---------------------------------------------------------------------------------------------------------

_BLOCKS = {"p", "div", "h2", "h3", "h4", "li", "blockquote"}
TAGS = {*_BLOCKS, "a", "b", "strong", "i", "em", "u", "s", "br", "hr", "ul", "ol"}
_SCHEMES = ("http://", "https://", "mailto:", "tel:")
_ANCHOR_LENGTH = 60


def clean(typed: str) -> str:
    """HTML that may stand in a page: known tags, links to the web and to anchors (``data-anchor``). Raises BadInput."""
    if len(typed) > MAX_TEXT:
        raise BadInput(
            LONG_TEXT, fields={"text": LONG_TEXT}, field_values={"text": {"limit": MAX_TEXT}}, limit=MAX_TEXT
        )
    found = nh3.clean(
        typed,
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href", "data-anchor"}, **{tag: {"data-anchor"} for tag in _BLOCKS}},
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    ).strip()
    return "" if not plain(found).strip() else found


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "data-anchor":
        return anchor(value) or None
    if name == "href":
        return value if value.startswith("#") or value.lower().startswith(_SCHEMES) else None
    # What the cleaner itself adds.
    return value


def anchor(typed: str) -> str:
    """The name of an anchor as it stands in the text; '' when nothing is left of it."""
    return " ".join(typed.split())[:_ANCHOR_LENGTH]


def plain(text: str) -> str:
    """The words of a text without its marks."""
    return nh3.clean(text, tags=set()).replace("&nbsp;", " ").replace("\u00a0", " ")


# --- the script's fields ----------------------------------------------------------------------------------------------


class Outcome(msgspec.Struct, kw_only=True):
    """An outcome as it was typed; ``id`` None = a new one, ``comment`` (at most 50 characters) explains it."""

    id: int | None = None
    title: str = ""
    comment: str = ""
    kind: Follows = "none"


def name(typed: str, others: Iterable[str]) -> str:
    """A name that can be kept. Raises BadInput."""
    found = " ".join(typed.split())
    if not found or len(found) > 100 or not found.isprintable():
        raise BadInput(NO_NAME, fields={"name": NO_NAME})
    if found.casefold() in {one.casefold() for one in others}:
        raise BadInput(TAKEN, fields={"name": TAKEN})
    return found


def copied(found: str, others: Collection[str], word: str) -> str:
    """A free name for a copy; ``word`` is «copy» in the reader's language."""
    taken = {one.casefold() for one in others}
    stem = found[: 100 - len(word) - 8]
    number, name_ = 1, f"{stem} ({word})"
    while name_.casefold() in taken:
        number += 1
        name_ = f"{stem} ({word} {number})"
    return name_


def outcomes(typed: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes that can be kept, in their order. Raises BadInput; its fields are ``outcome-<place>``, from 0."""
    if len(typed) > MOST_OUTCOMES:
        raise BadInput(TOO_MANY, limit=MOST_OUTCOMES)
    fields: dict[str, str] = {}
    found: list[Outcome] = []
    seen: set[str] = set()
    for place, one in enumerate(typed):
        title, comment = " ".join(one.title.split()), " ".join(one.comment.split())
        if not title or len(title) > 60:
            fields[f"outcome-{place}"] = NO_TITLE
        elif title.casefold() in seen:
            fields[f"outcome-{place}"] = TWICE
        elif len(comment) > MAX_COMMENT:
            fields[f"outcome-{place}"] = LONG_COMMENT
        seen.add(title.casefold())
        found.append(Outcome(id=one.id, title=title, comment=comment, kind=one.kind))
    if fields:
        raise BadInput(WRONG_OUTCOMES, fields=fields)
    return found


def said(typed: str) -> str:
    """An agent's comment on his talk. Raises BadInput."""
    found = typed.replace("\r\n", "\n").strip()
    if len(found) > MAX_SAID:
        raise BadInput(LONG_SAID, fields={"comment": LONG_SAID})
    return found


# --- which one opens --------------------------------------------------------------------------------------------------


class Offered(Protocol):
    """A script that is not in the archive."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def everybody(self) -> bool: ...


S = TypeVar("S", bound=Offered)


class Use(msgspec.Struct, frozen=True):
    """For whom a script is: agents (unless it is everybody's), and the numbers that it is bound to (none = all)."""

    agents: frozenset[int] = frozenset()
    numbers: frozenset[int] = frozenset()


NOBODY = Use()


def candidates(
    scripts: Iterable[S], uses: Mapping[int, Use], *, direction: str, number_id: int | None, agent_id: int
) -> list[S]:
    """The scripts for a call of an agent, those first that are bound to the called number (OUT-24, INB-33)."""
    bound: list[S] = []
    free: list[S] = []
    for script in scripts:
        use = uses.get(script.id, NOBODY)
        if script.kind != direction or not (script.everybody or agent_id in use.agents):
            continue
        if direction == "out" or not use.numbers:
            free.append(script)
        elif number_id in use.numbers:
            bound.append(script)
    return bound + free


def chosen(found: Sequence[S], wanted: int | None) -> S | None:
    """The one that opens: what the agent chose last for such calls, else the first (OUT-31)."""
    return next((one for one in found if one.id == wanted), found[0] if found else None)


def line(direction: str, number_id: int | None) -> int:
    """For which calls a choice is remembered: the number that was called, 0 for calls out."""
    return (number_id or 0) if direction == "in" else 0
