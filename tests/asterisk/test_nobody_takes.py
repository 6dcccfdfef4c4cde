"""A client whom nobody takes is told so in the business's language before the call ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from callcenter.core.events import CallEnded
from tests.asterisk.test_attended import CLIENT_HZ, FIRST_HZ, both
from tests.asterisk.test_journal import differences
from tests.support import audio
from tests.support.desk import desk_at
from tests.support.line import PERSONAL_NUMBER, Line

# The words in each language are heard as a tone; the test business speaks Russian.
WORDS = {"ru": 700.0, "en": 1900.0}


@pytest.fixture
def words(line: Line) -> Iterator[None]:
    """Both languages' words, as Asterisk finds them."""
    files = [(line.instance.sounds / language / "transfer-failed.ulaw", hertz) for language, hertz in WORDS.items()]
    for file, hertz in files:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(audio.to_ulaw(audio.tone(hertz, 2.0)))
        line.instance.give(file.parent)
        line.instance.give(file)
    yield
    for file, _ in files:
        file.unlink()


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("how", ["parked", "lost"])
async def test_a_client_whom_nobody_takes_is_told_so(line: Line, how: str) -> None:
    async with desk_at(line) as desk:
        first = await line.agent(11, tone=FIRST_HZ)
        client = await line.client(tone=CLIENT_HZ)
        # Straight to the agent, through no queue: there is nowhere else to go back to.
        calling = client.call(PERSONAL_NUMBER)
        leg = await first.incoming()
        leg.answer()
        await both(client, CLIENT_HZ, first, FIRST_HZ)
        seen = await desk.state("talking")
        if how == "parked":
            await desk.telephony.talks.park(seen.id, 11, 1)
            await leg.until("ended", 5)
        else:
            await desk.telephony.talks.hold(seen.id, 11, True)
            await client.hears_sound(but=FIRST_HZ)
            leg.bye()
        again = await first.incoming()
        again.ring()
        client.forget()
        again.reject()
        await calling.until("ended", 10)
        heard = client.listen()
        assert audio.seconds_of(heard, WORDS["ru"]) > 1.5
        assert audio.seconds_of(heard, WORDS["en"]) == 0
        assert calling.ended_by is not None
        assert "cause=21" in calling.ended_by.headers["reason"]
        live = (await desk.until(CallEnded, lambda e: e.call.id == seen.id)).call
        assert ("comeback", how) in [(step.kind, step.text) for step in live.steps]
        assert differences(live, await desk.told(live.id), within=0.5) == []
