"""A caller whom nobody takes leaves a message: what he says after the tone is what is kept (INQ-05)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from callcenter.core.events import CallEnded
from callcenter.features.recordings import rules
from callcenter.features.recordings.gateway.audio import Converter, NothingRecorded
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import Target
from callcenter.telephony.config.render import render
from tests.asterisk.test_journal import differences
from tests.support import audio
from tests.support.desk import desk_at
from tests.support.line import SALES, SALES_NUMBER, Line
from tests.support.tones import decoded, strength
from tests.support.wait import until

PLEASE_HZ, BEEP_HZ, MESSAGE_HZ = 700.0, 1000.0, 440.0


@pytest_asyncio.fixture
async def mailbox(line: Line) -> AsyncIterator[Line]:
    """The sales number leads straight to the voicemail of the sales queue; «please speak» is a tone."""
    numbers = tuple(
        replace(one, greeting="", target=Target(kind="voicemail", id=SALES)) if one.e164 == SALES_NUMBER else one
        for one in line.model.numbers
    )
    file = line.instance.sounds / "ru" / "standard-voicemail.ulaw"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(audio.to_ulaw(audio.tone(PLEASE_HZ, 0.6)))
    line.instance.give(file.parent)
    line.instance.give(file)
    await apply.reload(line.rx, apply.write(line.instance, render(replace(line.model, numbers=numbers))))
    yield line
    file.unlink()
    await apply.reload(line.rx, apply.write(line.instance, render(line.model)))


def raw(line: Line, stem: str) -> dict[str, Path]:
    folder = line.instance.recordings
    return {"client": folder / f"{stem}-client.wav", "agent": folder / f"{stem}-agent.wav"}


@pytest.mark.rule("INQ-05")
async def test_what_is_said_after_the_tone_is_the_message(mailbox: Line, tmp_path: Path) -> None:
    async with desk_at(mailbox) as desk:
        client = await mailbox.client()
        calling = client.call(SALES_NUMBER)
        await client.hears(PLEASE_HZ, 0.3)
        await client.hears(BEEP_HZ, 0.2)
        client.say(MESSAGE_HZ)
        # So long he speaks.
        await asyncio.sleep(2.5)
        client.say(0.0)
        # Nothing more is said: the call ends by itself.
        await calling.until("ended", 15)
        call = (await desk.until(CallEnded)).call
        assert (call.result, call.hangup_by, call.queue_id) == ("missed", "system", None)
        assert [(step.kind, step.text) for step in call.steps if step.kind == "voicemail"] == [
            ("voicemail", f"q{SALES}")
        ]
        assert call.recording == f"{call.id}v"
        assert call.wait_seconds < 1
        # The journal tells the same, so that a server that was away finds the message later.
        assert differences(call, await desk.told(call.id), within=0.5) == []
        stem = call.recording
        await until(lambda: (mailbox.instance.recordings / f"{stem}.done").is_file(), what="the message is whole")
    joined = Converter().join(**raw(mailbox, stem), target=tmp_path / "message.opus")
    assert rules.is_spoken(joined.peaks)
    assert 2 < joined.duration < 9
    left, right = decoded(tmp_path / "message.opus")
    assert max(strength(right[at : at + 4000], MESSAGE_HZ) for at in range(0, len(right) - 4000, 1000)) > 0.25
    # Neither the tone nor what was asked is in it, and there is no agent.
    assert strength(left, BEEP_HZ) < 0.001
    assert max(strength(right[at : at + 2000], BEEP_HZ) for at in range(0, len(right) - 2000, 1000)) < 0.01


@pytest.mark.rule("INQ-05")
@pytest.mark.parametrize("when", ["asked", "tone"])
async def test_who_hangs_up_at_once_leaves_no_message(mailbox: Line, tmp_path: Path, when: str) -> None:
    async with desk_at(mailbox) as desk:
        client = await mailbox.client()
        calling = client.call(SALES_NUMBER)
        await client.hears(PLEASE_HZ if when == "asked" else BEEP_HZ, 0.2)
        calling.bye()
        call = (await desk.until(CallEnded)).call
        assert (call.result, call.hangup_by) == ("missed", "client")
        assert call.recording is not None
        assert rules.is_message(call.recording) == (when == "tone")
        if when == "tone":
            stem = call.recording
            await until(lambda: (mailbox.instance.recordings / f"{stem}.done").is_file(), what="the file is whole")
            try:
                joined = Converter().join(**raw(mailbox, stem), target=tmp_path / "message.opus")
            except NothingRecorded:
                return
            assert not rules.is_spoken(joined.peaks)
