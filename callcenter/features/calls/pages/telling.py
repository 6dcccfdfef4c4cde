"""The story of a call in the reader's language."""

from __future__ import annotations

from typing import Any, NamedTuple

from aiohttp import web

from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.calls.queries.views import CallDetail
from callcenter.features.calls.rules import story
from callcenter.features.ivr import api as ivr
from callcenter.features.queues import api as queues
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.texts import Catalogue
from callcenter.plugin import services

STRATEGIES = {
    "longest_idle": N_("who has been idle longest"),
    "ring_all": N_("everybody at once"),
    "in_turn": N_("one agent after another in turn"),
    "random": N_("anybody by chance"),
    "in_order": N_("one after another in a fixed order"),
}


class SaidLine(NamedTuple):
    """A step in words."""

    at: str
    kind: str
    said: str


class SaidStory(NamedTuple):
    """The way in a few words, and all steps."""

    path: list[str]
    lines: list[SaidLine]


async def told(request: web.Request, detail: CallDetail) -> SaidStory:
    """Tells a call that the person may see."""
    here, person, texts = services(request), current(request), render.texts(request)
    directory = here.telephony.directory
    async with here.db.business(person.business_id) as session:
        menus = {menu.id: menu.name for menu in await ivr.all_menus(session)}
        asked = {step.queue.id for step in detail.story if step.queue}
        strategies = {q.id: STRATEGIES.get(q.strategy, "") for q in (await queues.by_ids(session, asked)).values()}
    call = detail.call
    client = (call.contact.name if call.contact and call.contact.saved else "") or shown(call.client_number)
    found = story.tell(
        call.direction,
        detail.story,
        detail.legs,
        story.Names(
            line=call.number.title if call.number else "",
            number=shown(call.to),
            client=client,
            menus=menus,
            agents={a.id: a.name for a in directory.agents.values() if a.business_id == person.business_id},
            queues={q.id: q.name for q in directory.queues.values() if q.business_id == person.business_id},
            strategies=strategies,
        ),
    )
    return SaidStory(
        [said(texts, one) for one in found.path],
        [SaidLine(line.at, line.kind, said(texts, line.said)) for line in found.lines],
    )


def said(texts: Catalogue, one: story.Said) -> str:
    """A text with its values, those that are texts themselves translated first."""

    def value(found: Any) -> Any:
        return said(texts, found) if isinstance(found, story.Said) else found

    return texts.gettext(one.text) % {key: value(found) for key, found in one.values.items()}
