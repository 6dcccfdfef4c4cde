"""Messages that callers leave: kept, listed, told and mailed to whom they are for, on both databases (INQ-05)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from callcenter.core.calls import Call, Step
from callcenter.core.events import MemberNotice, RecordingReady
from callcenter.features.calls.api import MESSAGE_WAYS, Message
from callcenter.features.calls.queries import lists
from callcenter.features.calls.queries.lists import Scope
from callcenter.features.calls.rules.filters import Filters
from callcenter.features.calls.usecases import messages
from callcenter.features.mail.gateway.postman import Postman
from callcenter.features.queues import api as queues
from callcenter.features.recordings import api as recordings
from callcenter.plugin import Services
from tests.support import call_log
from tests.support.call_log import AT, missed, save
from tests.support.house import NOW, House
from tests.support.recordings import Studio
from tests.support.smtp import smtp_sink
from tests.support.tones import decoded, raw_call, strength, tone
from tests.support.wait import until

CALL = "1772442000.1"


async def queue_of(services: Services, house: House) -> tuple[int, int, int]:
    """Business a, its operator's agent id and a queue that he serves."""
    operator = house.people["operator@a"]
    assert operator.agent_id
    async with services.db.business(operator.business_id) as session:
        queue = await queues.create(session, business_id=operator.business_id, name="Night", at=NOW)
        await queues.set_members(session, queue.id, [operator.agent_id])
    return operator.business_id, operator.agent_id, queue.id


def message(business_id: int, whose: str, call_id: str = CALL) -> Call:
    steps = (
        Step(at=AT, kind="started"),
        Step(at=AT + 1, kind="voicemail", text=whose),
        Step(at=AT + 4, kind="recording", text=call_id),
        Step(at=AT + 9, kind="hangup", text="client"),
    )
    return missed(business_id, call_id=call_id, recording=f"{call_id}v", steps=steps)


@pytest.fixture
async def studio(services: Services, tmp_path: Path) -> Studio:
    return Studio(services, tmp_path)


@pytest.mark.rule("INQ-05")
@pytest.mark.parametrize("source", ["live", "journal"])
async def test_a_message_is_a_missed_call_with_audio_of_those_whom_it_is_for(
    studio: Studio, house: House, source: str
) -> None:
    services = studio.services
    business, agent, queue = await queue_of(services, house)
    await save(services.db, message(business, f"q{queue}"), source=source)  # type: ignore[arg-type]
    await save(services.db, missed(business, call_id="1772442000.2", started_at=AT + 100))
    raw_call(studio.raw, f"{CALL}v", client=tone(440, 1), agent=b"")
    studio.listen(RecordingReady)
    await studio.sweep()
    (ready,) = studio.told
    assert isinstance(ready, RecordingReady)
    async with services.db.business(business) as session:
        brief = (await recordings.briefs(session, [CALL]))[CALL]
        found = await lists.page(session, Filters(message=True), Scope(True), 1, 30)
        own = await lists.page(session, Filters(kind="missed"), Scope(False, agent), 1, 30)
    assert (brief.state, brief.message, brief.duration) == ("ready", True, 1.0)
    assert [one.id for one in found.records] == [CALL]
    assert [one.id for one in own.records] == [CALL]
    row = await studio.row(f"{CALL}v")
    assert row.agents == [agent]
    notices: list[MemberNotice] = []
    sent: list[Message] = []

    async def way(_: Services, told: Message) -> None:
        sent.append(told)

    services.bus.listen(MemberNotice, notices.append)
    MESSAGE_WAYS.append(way)
    try:
        await messages.ready(services, ready)
    finally:
        MESSAGE_WAYS.remove(way)
    assert [(one.membership_id, one.kind, one.link) for one in notices] == [
        (house.people["operator@a"].membership_id, "message", f"/calls/{CALL}")
    ]
    assert [(one.call_id, one.agents, one.queue_id, one.client) for one in sent] == [
        (CALL, (agent,), queue, call_log.CLIENT)
    ]


@pytest.mark.rule("INQ-05")
@pytest.mark.parametrize("said", ["silence", "nothing"])
async def test_who_says_nothing_leaves_no_message(studio: Studio, house: House, said: str) -> None:
    services = studio.services
    business, agent, _ = await queue_of(services, house)
    await save(services.db, message(business, f"a{agent}"))
    raw_call(studio.raw, f"{CALL}v", client=tone(0, 1) if said == "silence" else b"", agent=b"")
    studio.listen(RecordingReady)
    await studio.sweep()
    assert studio.told == []
    assert studio.left() == set()
    # The journal tells of the call again, later.
    await save(services.db, message(business, f"a{agent}"), source="journal")
    async with services.db.business(business) as session:
        assert await recordings.briefs(session, [CALL]) == {}
        assert (await lists.page(session, Filters(message=True), Scope(True), 1, 30)).total == 0


@pytest.mark.rule("INQ-05")
async def test_a_talk_and_a_message_in_one_call_are_both_kept(studio: Studio, house: House) -> None:
    services = studio.services
    business, agent, _ = await queue_of(services, house)
    call = call_log.answered(
        business,
        agent,
        recording=f"{CALL}v",
        steps=(
            Step(at=AT, kind="started"),
            Step(at=AT, kind="recording"),
            Step(at=AT + 4, kind="answered", agent_id=agent),
            Step(at=AT + 40, kind="voicemail", text="box"),
            Step(at=AT + 44, kind="recording", text=CALL),
            Step(at=AT + 64, kind="hangup", text="client"),
        ),
    )
    await save(services.db, call)
    assert (await studio.row(CALL)).message is False
    assert (await studio.row(f"{CALL}v")).message is True


@pytest.mark.rule("INQ-05")
async def test_a_message_is_mailed_to_those_whom_it_is_for(studio: Studio, house: House) -> None:
    services = studio.services
    business, _, queue = await queue_of(services, house)
    await save(services.db, message(business, f"q{queue}"))
    raw_call(studio.raw, f"{CALL}v", client=tone(440, 1), agent=b"")
    studio.listen(RecordingReady)
    await studio.sweep()
    (ready,) = studio.told
    assert isinstance(ready, RecordingReady)
    async with smtp_sink() as sink:
        services.settings = msgspec.structs.replace(
            services.settings,
            smtp_host="127.0.0.1",
            smtp_port=sink.port,
            smtp_security="none",
            smtp_from="service@a.example",
            public_url="https://cc.example/",
        )
        await messages.ready(services, ready)
        await until(lambda: sink.letters, what="the letter is there")
        await services.part(Postman, Postman).settle()
    ((to, letter),) = sink.letters
    assert to == house.people["operator@a"].email
    assert letter["Subject"] == "Голосовое сообщение от +7 (903) 118-27-40"
    body, sound = letter.iter_parts()
    text = body.get_content()
    assert "02.03.2026 12:00" in text
    assert (sound.get_content_type(), sound.get_filename()) == ("audio/mpeg", "2026-03-02-12-00.mp3")
    file = studio.raw / "got.mp3"
    file.write_bytes(sound.get_content())
    assert strength(decoded(file)[-1], 440) > 0.2
    assert f"https://cc.example/calls/{CALL}" in text
