"""A caller has left a message: who is to call back is told (INQ-05)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call
from callcenter.core.events import MemberNotice, RecordingReady
from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.agents import api as agents
from callcenter.features.calls.queries import stored
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.features.recordings import api as recordings
from callcenter.plugin import Services

LEFT = N_("A voice message from %(client)s")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is ready to be heard; ``agents`` (ids) are those whom it is for, ``client`` is E.164.

    ``at`` (epoch seconds) is when the call began.
    """

    business_id: int
    call_id: str
    recording_id: int
    client: str
    agents: tuple[int, ...]
    queue_id: int | None
    at: float


Way = Callable[[Services, Message], Awaitable[None]]
WAYS: list[Way] = []
"""Further ways to tell of a message: the letter of ``missed`` is one."""


async def meant_for(session: AsyncSession, calls: Iterable[Call]) -> dict[str, tuple[int, ...]]:
    """By call: the agents for whom its message is, the queue's members of today where a queue was called.

    A message for nobody in particular is for whom the number names for missed calls.
    """
    asked = {call.id: (call, whose(call)) for call in calls}
    members = {
        queue_id: tuple(one.agent_id for one in await queues.members(session, queue_id))
        for queue_id in {_id(text) for _, text in asked.values() if text.startswith("q")}
    }
    lines = await numbers.by_ids(session, {call.number_id for call, _ in asked.values() if call.number_id is not None})
    people = await agents.by_ids(
        session,
        {_id(text) for _, text in asked.values() if text.startswith("a")}
        | {line.missed_agent_id for line in lines.values() if line.missed_agent_id is not None},
    )
    found: dict[str, tuple[int, ...]] = {}
    for call_id, (call, text) in asked.items():
        line = lines.get(call.number_id or 0)
        wanted: Sequence[int] = members.get(_id(text), ()) if text.startswith("q") else ()
        if text.startswith("a"):
            wanted = (_id(text),) if _id(text) in people else ()
        if not wanted and line is not None and line.missed_agent_id in people:
            wanted = (line.missed_agent_id,)
        found[call_id] = tuple(wanted)
    return found


def whose(call: Call) -> str:
    """For whom the caller spoke: ``q7``, ``a12``, ``box`` (nobody in particular)."""
    return next((step.text for step in reversed(call.steps) if step.kind == "voicemail"), "box")


def with_message(calls: Iterable[Call]) -> list[Call]:
    """Those that are over and in which something was recorded after the tone."""
    return [one for one in calls if one.result and one.recording and recordings.is_message(one.recording)]


async def ready(services: Services, event: RecordingReady) -> None:
    """Tells of a message as soon as it can be heard."""
    async with services.db.business(event.business_id) as session:
        brief = (await recordings.briefs(session, [event.call_id])).get(event.call_id)
        row = await stored.one(session, event.call_id)
        if brief is None or not brief.message or brief.id != event.recording_id or row is None:
            return
        call = stored.picture(row).call
        wanted = (await meant_for(session, [call])).get(call.id, ())
        people = await agents.by_ids(session, wanted)
    text = whose(call)
    message = Message(
        business_id=event.business_id,
        call_id=call.id,
        recording_id=brief.id,
        client=call.client_number,
        agents=tuple(wanted),
        queue_id=_id(text) if text.startswith("q") else None,
        at=call.started_at,
    )
    for agent_id in wanted:
        if agent_id in people:
            services.bus.publish(
                MemberNotice(
                    at=services.clock.epoch(),
                    business_id=event.business_id,
                    membership_id=people[agent_id].membership_id,
                    kind="message",
                    text=LEFT,
                    values={"client": shown(call.client_number) or call.client_number},
                    link=f"/calls/{call.id}",
                )
            )
    for way in WAYS:
        await way(services, message)


def _id(text: str) -> int:
    return int(text[1:]) if text[1:].isdecimal() else 0
